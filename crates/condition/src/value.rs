//! Values of fields, as conditions, rows and log entries share them, and the limits within which they are
//! kept so that sums in a condition overflow nowhere: not in memory, not on SQLite, not on PostgreSQL.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;
use crate::time::{day_text, duration_text, instant_text};

/// Largest whole number of a field, and with the sign turned the smallest.
pub const MAX_INT: i64 = 1_000_000_000_000;
/// Largest decimal of a field, in millionths; the smallest is the negative.
pub const MAX_DECIMAL: i64 = 1_000_000_000_000_000_000;
/// First instant of a field: the start of the year 0001, in microseconds UTC.
pub const MIN_INSTANT: i64 = -62_135_596_800_000_000;
/// Last instant of a field: the end of the year 9999 but for a day, in microseconds UTC.
pub const MAX_INSTANT: i64 = 253_402_207_200_000_000;
/// Longest duration of a field, in microseconds (10,000 years of 366 days).
pub const MAX_DURATION: i64 = 316_224_000_000_000_000;
/// First day of a field: 0001-01-01, in days since 1970-01-01.
pub const MIN_DAY: i32 = -719_162;
/// Last day of a field: 9999-12-31, in days since 1970-01-01.
pub const MAX_DAY: i32 = 2_932_896;

/// The value of one field.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing was given.
    #[default]
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A decimal number with six places.
    Decimal(Decimal),
    /// Text, also the option of a choice.
    Text(String),
    /// An instant, in microseconds UTC since 1970.
    Instant(i64),
    /// A length of time, in microseconds.
    Duration(i64),
    /// A calendar day, in days since 1970-01-01.
    Day(i32),
    /// The chosen options of a field with many choices, sorted.
    Choices(Vec<String>),
    /// The number of the record that a link points to.
    Link(i64),
}

impl Value {
    /// Tells whether nothing was given.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Tells whether the value lies within the limits of stored fields. A store that takes only such
    /// values can compute every checked condition without overflow.
    pub fn is_storable(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) => true,
            Self::Int(n) | Self::Link(n) => (-MAX_INT..=MAX_INT).contains(n),
            Self::Decimal(d) => (-MAX_DECIMAL..=MAX_DECIMAL).contains(&d.scaled()),
            Self::Text(text) => !text.contains('\0'),
            Self::Instant(at) => (MIN_INSTANT..=MAX_INSTANT).contains(at),
            Self::Duration(length) => (-MAX_DURATION..=MAX_DURATION).contains(length),
            Self::Day(day) => (MIN_DAY..=MAX_DAY).contains(day),
            Self::Choices(options) => options.iter().all(|option| !option.contains('\0')),
        }
    }
}

impl fmt::Display for Value {
    /// Writes the value for a person: `none`, `yes`, `2026-01-01T00:00:00Z`, `4h 30m`, `a, b`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("none"),
            Self::Bool(true) => f.write_str("yes"),
            Self::Bool(false) => f.write_str("no"),
            Self::Int(n) | Self::Link(n) => write!(f, "{n}"),
            Self::Decimal(d) => write!(f, "{d}"),
            Self::Text(text) => f.write_str(text),
            Self::Instant(at) => f.write_str(&instant_text(*at)),
            Self::Duration(length) => f.write_str(&duration_text(*length)),
            Self::Day(day) => f.write_str(&day_text(*day)),
            Self::Choices(options) if options.is_empty() => f.write_str("none"),
            Self::Choices(options) => f.write_str(&options.join(", ")),
        }
    }
}

//! Exact decimal numbers with six places, stored as a whole number of millionths.
//! Not money: a currency stands in a field of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many millionths make one.
pub const SCALE: i64 = 1_000_000;

/// A decimal number with six places; arithmetic is exact or refused, never rounded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(i64);

/// The text was not a decimal number with at most six places that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number with at most six places")]
pub struct NotADecimal;

impl Decimal {
    /// Takes a number of millionths as they are stored.
    pub const fn from_scaled(millionths: i64) -> Self {
        Self(millionths)
    }

    /// Gives the number of millionths, as stored.
    pub const fn scaled(self) -> i64 {
        self.0
    }

    /// Turns a whole number into a decimal; none when it does not fit.
    pub fn from_int(number: i64) -> Option<Self> {
        number.checked_mul(SCALE).map(Self)
    }

    /// Adds; none on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Subtracts; none on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Multiplies; none on overflow or when the product needs more than six places.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let product = i128::from(self.0) * i128::from(other.0);
        if product % i128::from(SCALE) != 0 {
            return None;
        }
        i64::try_from(product / i128::from(SCALE)).ok().map(Self)
    }

    /// Divides; none by zero, on overflow or when the quotient needs more than six places.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        let dividend = i128::from(self.0) * i128::from(SCALE);
        let divisor = i128::from(other.0);
        if divisor == 0 || dividend % divisor != 0 {
            return None;
        }
        i64::try_from(dividend / divisor).ok().map(Self)
    }
}

impl FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let places = places.trim_end_matches('0');
        let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && places.is_empty() && !digits.contains('0'))
            || !numeric(whole)
            || !numeric(places)
            || places.len() > 6
            || whole.len() > 30
        {
            return Err(NotADecimal);
        }
        let mut millionths: i128 = 0;
        for digit in whole.bytes().chain(places.bytes().chain(std::iter::repeat(b'0')).take(6)) {
            millionths =
                millionths.checked_mul(10).ok_or(NotADecimal)?.saturating_add(i128::from(digit - b'0'));
        }
        let signed = if negative { -millionths } else { millionths };
        i64::try_from(signed).map(Self).map_err(|_| NotADecimal)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let (whole, places) = (size / SCALE.unsigned_abs(), size % SCALE.unsigned_abs());
        if places == 0 {
            return write!(f, "{sign}{whole}");
        }
        let places = format!("{places:06}");
        write!(f, "{sign}{whole}.{}", places.trim_end_matches('0'))
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({self})")
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Decimal, NotADecimal};

    #[test]
    fn text_and_number_are_the_same() {
        for (text, scaled, shown) in [
            ("0", 0, "0"),
            ("1.5", 1_500_000, "1.5"),
            ("-0.000001", -1, "-0.000001"),
            (".5", 500_000, "0.5"),
            ("5.", 5_000_000, "5"),
            ("1.5000000000", 1_500_000, "1.5"),
            ("+12", 12_000_000, "12"),
            ("-9223372036854.775808", i64::MIN, "-9223372036854.775808"),
        ] {
            let decimal: Decimal = text.parse().unwrap();
            assert_eq!((decimal.scaled(), decimal.to_string().as_str()), (scaled, shown), "{text}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", ".", "-", "1.0000001", "1e3", "9223372036854.775808", "1.2.3", "x", "1,5"] {
            assert_eq!(text.parse::<Decimal>(), Err(NotADecimal), "{text}");
        }
    }

    #[test]
    fn arithmetic_is_exact_or_refused() {
        let d = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(d("0.1").checked_add(d("0.2")), Some(d("0.3")));
        assert_eq!(d("1.5").checked_mul(d("1.5")), Some(d("2.25")));
        assert_eq!(d("0.001").checked_mul(d("0.0001")), None);
        assert_eq!(d("1").checked_div(d("8")), Some(d("0.125")));
        assert_eq!(d("1").checked_div(d("3")), None);
        assert_eq!(d("1").checked_div(d("0")), None);
        assert_eq!(Decimal::from_scaled(i64::MAX).checked_add(d("1")), None);
    }
}

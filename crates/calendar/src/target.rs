//! Targets: how much open time a clock may use. Not the clock itself: see `clock.rs`.
//!
//! `d` is the day length that the service hours declare, never 24 hours by accident.

use crate::error::CalendarError;
use crate::hours::ServiceHours;
use crate::{instant, seconds};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
/// Longer targets are typing mistakes: ten years of open time.
const LONGEST_DAYS: i64 = 3660;

/// A target of a clock. Its text form is `90m`, `4h`, `2d`, `1d 4h 30m`, `end of working day`,
/// `end of next working day` or `end of working day 3` (the third after the start's day).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Target {
    /// A length of open time: days of the calendar's declared length, and seconds.
    Length {
        /// Days, each as long as the service hours say.
        days: i64,
        /// Seconds beside the days.
        seconds: i64,
    },
    /// The closing time of a working day; a pause moves it by the pause's open length.
    EndOfWorkingDay {
        /// 0: the day of the start if it is still open then, else the next; n: the n-th working day
        /// after the start's date.
        after: u32,
    },
}

impl Target {
    /// A target of whole minutes of open time.
    #[must_use]
    pub fn minutes(minutes: i64) -> Self {
        Self::Length { days: 0, seconds: minutes * MINUTE }
    }

    /// A target of whole seconds of open time.
    #[must_use]
    pub fn seconds(seconds: i64) -> Self {
        Self::Length { days: 0, seconds }
    }

    /// Says how many seconds of open time the target is for a clock that starts at `start`
    /// (microseconds UTC) on these hours.
    ///
    /// # Errors
    /// `NoDayLength` for days on hours without a declared day, `NeverOpens` for an end of a working
    /// day that never comes.
    pub fn open_seconds(&self, hours: &ServiceHours, start: i64) -> Result<i64, CalendarError> {
        match *self {
            Self::Length { days: 0, seconds } => Ok(seconds),
            Self::Length { days, seconds } => {
                let day = hours
                    .day_seconds()
                    .ok_or_else(|| CalendarError::NoDayLength { target: self.to_string() })?;
                Ok(days.saturating_mul(day).saturating_add(seconds))
            }
            Self::EndOfWorkingDay { after } => hours
                .end_of_working_day(seconds(start), after)
                .map(|end| hours.measure(start, instant(end)))
                .ok_or_else(|| CalendarError::NeverOpens { target: self.to_string() }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Length { days, seconds } => f.write_str(&length_text(days, seconds)),
            Self::EndOfWorkingDay { after: 0 } => f.write_str("end of working day"),
            Self::EndOfWorkingDay { after: 1 } => f.write_str("end of next working day"),
            Self::EndOfWorkingDay { after } => write!(f, "end of working day {after}"),
        }
    }
}

/// Writes a length in seconds as people read it: `1h 45m`, `-5h 30m`, `0m`. Hours are not folded
/// into days, because a day's length depends on the calendar.
#[must_use]
pub fn duration_text(seconds: i64) -> String {
    if seconds < 0 {
        format!("-{}", length_text(0, seconds.saturating_neg()))
    } else {
        length_text(0, seconds)
    }
}

fn length_text(days: i64, seconds: i64) -> String {
    let parts = [(days, "d"), (seconds / HOUR, "h"), (seconds % HOUR / MINUTE, "m"), (seconds % MINUTE, "s")];
    let words: Vec<String> =
        parts.iter().filter(|(count, _)| *count != 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if words.is_empty() { "0m".to_owned() } else { words.join(" ") }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl TryFrom<String> for Target {
    type Error = CalendarError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Target {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |message: String| CalendarError::Target { text: text.to_owned(), message };
        let lower = text.trim().to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("end of ") {
            return working_day(rest).ok_or_else(|| {
                wrong(
                    "write `end of working day`, `end of next working day` or `end of working day 3`".into(),
                )
            });
        }
        let (days, seconds) = length(&lower).map_err(wrong)?;
        Ok(Self::Length { days, seconds })
    }
}

fn working_day(rest: &str) -> Option<Target> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let after = match words.as_slice() {
        ["working", "day"] => 0,
        ["next", "working", "day"] => 1,
        ["working", "day", count] => count.parse().ok().filter(|n| (1..=366).contains(n))?,
        _ => return None,
    };
    Some(Target::EndOfWorkingDay { after })
}

/// Reads `1d 4h 30m` into days and seconds; each unit at most once, larger units first.
pub(crate) fn length(text: &str) -> Result<(i64, i64), String> {
    const HINT: &str = "write minutes, hours or days, for example `90m`, `4h`, `2d` or `1d 4h`";
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("it is empty; {HINT}"));
    }
    let (mut days, mut seconds, mut last) = (0_i64, 0_i64, 0_usize);
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let unit =
            tail.chars().next().ok_or_else(|| format!("the unit is missing after `{number}`; {HINT}"))?;
        if number.is_empty() {
            return Err(format!("a number was expected before `{tail}`; {HINT}"));
        }
        let count: i64 = number.parse().map_err(|_| format!("`{number}` is too large"))?;
        let (rank, length) = match unit {
            'd' => (1, 24 * HOUR),
            'h' => (2, HOUR),
            'm' => (3, MINUTE),
            's' => (4, 1),
            other => return Err(format!("`{other}` is not a unit; {HINT}")),
        };
        if rank <= last {
            return Err(format!("each unit may appear once, larger units first; {HINT}"));
        }
        last = rank;
        if count > LONGEST_DAYS * 24 * HOUR / length {
            return Err(format!("`{count}{unit}` is longer than ten years"));
        }
        if rank == 1 {
            days = count
        } else {
            seconds += count * length
        }
        rest = tail[unit.len_utf8()..].trim_start();
    }
    Ok((days, seconds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Target, duration_text};

    #[test]
    fn targets_read_and_write_the_same_text() {
        for (text, canonical) in [
            ("4h", "4h"),
            ("90m", "1h 30m"),
            ("2d", "2d"),
            ("1d4h", "1d 4h"),
            (" 1D 4H 30m ", "1d 4h 30m"),
            ("0m", "0m"),
            ("153h 22m", "153h 22m"),
            ("45s", "45s"),
            ("End of next working day", "end of next working day"),
            ("end of working day", "end of working day"),
            ("end of working day 3", "end of working day 3"),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.to_string(), canonical, "{text}");
            assert_eq!(target.to_string().parse::<Target>().unwrap(), target, "{text}");
        }
    }

    #[test]
    fn bad_targets_say_what_is_wrong() {
        for (text, says) in [
            ("", "empty"),
            ("4", "unit is missing after `4`"),
            ("h", "number was expected before `h`"),
            ("4x", "`x` is not a unit"),
            ("4h 2h", "once"),
            ("4h 1d", "larger units first"),
            ("-4h", "number was expected"),
            ("99999999999999999999h", "too large"),
            ("87841h", "longer than ten years"),
            ("4000d", "longer than ten years"),
            ("end of week", "end of next working day"),
            ("end of working day 0", "end of next working day"),
            ("4é", "`é` is not a unit"),
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn lengths_are_written_for_people() {
        assert_eq!(duration_text(6300), "1h 45m");
        assert_eq!(duration_text(-19800), "-5h 30m");
        assert_eq!(duration_text(0), "0m");
        assert_eq!(duration_text(i64::MIN), "-2562047788015215h 30m 7s");
    }
}

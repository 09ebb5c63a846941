//! Text forms of instants, days and durations, and back. Not service time: business hours are the
//! calendar's affair, never a condition's.
//! Source: RFC 3339 for instants; the duration text of the Common Expression Language.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::value::{MAX_DAY, MAX_DURATION, MAX_INSTANT, MIN_DAY, MIN_INSTANT};

const DAY_MICROS: i64 = 86_400_000_000;

/// Writes a day (days since 1970-01-01) as `YYYY-MM-DD`; days outside the years 1 to 9999 as a number.
pub fn day_text(day: i32) -> String {
    date_of(day).map_or_else(|| format!("day {day}"), |date| date.strftime("%Y-%m-%d").to_string())
}

/// Reads `YYYY-MM-DD` (years 0001 to 9999) into days since 1970-01-01; none for anything else.
pub fn day_from_text(text: &str) -> Option<i32> {
    let shape = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let date: Date = if shape { text.parse().ok()? } else { return None };
    let epoch = Date::new(1970, 1, 1).ok()?;
    let day = epoch.until(date).ok()?.get_days();
    (MIN_DAY..=MAX_DAY).contains(&day).then_some(day)
}

/// Gives the civil date of a day.
fn date_of(day: i32) -> Option<Date> {
    let date = Date::new(1970, 1, 1).ok()?.checked_add(Span::new().try_days(day).ok()?).ok()?;
    (date.year() > 0).then_some(date)
}

/// Writes an instant (microseconds UTC) by RFC 3339 in UTC, with a fraction only where there is one.
pub fn instant_text(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| format!("instant {micros}"), |at| at.to_string())
}

/// Reads an RFC 3339 instant with its offset into microseconds UTC; none for anything else, for a fraction
/// finer than a microsecond and outside the limits of stored instants.
pub fn instant_from_text(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !matches!(bytes[10], b'T' | b't') || !bytes[0].is_ascii_digit() {
        return None;
    }
    let at: Timestamp = text.parse().ok()?;
    let micros = at.as_microsecond();
    let whole = at.as_nanosecond() % 1_000 == 0;
    (whole && (MIN_INSTANT..=MAX_INSTANT).contains(&micros)).then_some(micros)
}

/// Writes a duration for a person: `3d 4h`, `1h 30m`, `0.25s`, `-2m`; nothing is lost.
pub fn duration_text(micros: i64) -> String {
    let mut rest = micros.unsigned_abs();
    let mut parts = Vec::new();
    for (unit, size) in [("d", DAY_MICROS.unsigned_abs()), ("h", 3_600_000_000), ("m", 60_000_000)] {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if rest > 0 || parts.is_empty() {
        let fraction = format!("{:06}", rest % 1_000_000);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        parts.push(format!("{}{point}{fraction}s", rest / 1_000_000));
    }
    format!("{}{}", if micros < 0 { "-" } else { "" }, parts.join(" "))
}

/// Reads a duration such as `4h`, `1h30m`, `1.5h`, `250ms` or `-20s` into microseconds; none for anything
/// else, for parts finer than a microsecond and beyond the longest stored duration. There is no unit `d`.
pub fn duration_from_text(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut nanos: i128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let (unit, size): (&str, i128) = [
            ("ms", 1_000_000),
            ("us", 1_000),
            ("µs", 1_000),
            ("ns", 1),
            ("h", 3_600_000_000_000),
            ("m", 60_000_000_000),
            ("s", 1_000_000_000),
        ]
        .into_iter()
        .find(|(unit, _)| tail.starts_with(unit))?;
        nanos = nanos.checked_add(times(number, size)?)?;
        rest = &tail[unit.len()..];
    }
    let micros = i64::try_from(nanos / 1_000).ok()?;
    (nanos % 1_000 == 0 && micros <= MAX_DURATION).then_some(if negative { -micros } else { micros })
}

/// Multiplies a decimal number in text with a unit's size; none where nanoseconds would be split.
fn times(number: &str, size: i128) -> Option<i128> {
    let (whole, places) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && places.is_empty()) || whole.len() > 18 || places.len() > 15 {
        return None;
    }
    let parse = |part: &str| if part.is_empty() { Some(0) } else { part.parse::<i128>().ok() };
    let divisor = 10_i128.checked_pow(u32::try_from(places.len()).ok()?)?;
    let fraction = parse(places)?.checked_mul(size)?;
    (fraction % divisor == 0).then_some(())?;
    parse(whole)?.checked_mul(size)?.checked_add(fraction / divisor)
}

#[cfg(test)]
mod tests {
    use super::{
        day_from_text, day_text, duration_from_text, duration_text, instant_from_text, instant_text,
    };
    use crate::value::{MAX_DAY, MIN_DAY};

    #[test]
    fn days_read_and_write() {
        for (text, day) in [
            ("1970-01-01", 0),
            ("2026-11-22", 20_779),
            ("0001-01-01", MIN_DAY),
            ("9999-12-31", MAX_DAY),
            ("1969-12-31", -1),
        ] {
            assert_eq!((day_from_text(text), day_text(day).as_str()), (Some(day), text));
        }
        for text in
            ["2026-02-30", "0000-12-31", "2026-1-1", "20260101", "-001-01-01", "2026-01-01T00:00:00Z", ""]
        {
            assert_eq!(day_from_text(text), None, "{text}");
        }
    }

    #[test]
    fn instants_read_and_write() {
        assert_eq!(instant_from_text("1970-01-01T00:00:01Z"), Some(1_000_000));
        assert_eq!(instant_from_text("1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(instant_from_text("1970-01-01T00:00:00.000001Z"), Some(1));
        assert_eq!(instant_text(1), "1970-01-01T00:00:00.000001Z");
        for text in [
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00.0000001Z",
            "now",
            "10000-01-01T00:00:00Z",
        ] {
            assert_eq!(instant_from_text(text), None, "{text}");
        }
    }

    #[test]
    fn durations_read_and_write() {
        for (text, micros, shown) in [
            ("4h", 14_400_000_000, "4h"),
            ("1h30m", 5_400_000_000, "1h 30m"),
            ("1.5h", 5_400_000_000, "1h 30m"),
            ("-250ms", -250_000, "-0.25s"),
            ("100h", 360_000_000_000, "4d 4h"),
            ("0", 0, "0s"),
            ("1us", 1, "0.000001s"),
        ] {
            assert_eq!(duration_from_text(text), Some(micros), "{text}");
            assert_eq!(duration_text(micros), shown, "{text}");
        }
        for text in ["", "3d", "1", "h", "1ns", "0.0000001s", "1h ", "99999999999h", "."] {
            assert_eq!(duration_from_text(text), None, "{text}");
        }
    }
}

//! Times: relative where someone must act, absolute where someone must prove; hovering or focusing shows the other.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use proofdesk_model::format;

/// A length of time in at most two words, from microseconds: `22 min`, `3 h 20`, `2 d 1 h`.
pub fn words(micros: i64) -> String {
    let seconds = micros.unsigned_abs() / 1_000_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3_600, seconds % 3_600 / 60);
    match (days, hours, minutes) {
        (0, 0, m) => format!("{m} min"),
        (0, h, 0) => format!("{h} h"),
        (0, h, m) => format!("{h} h {m:02}"),
        (d, 0, _) => format!("{d} d"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// An instant, absolute: `14 Nov 16:02`, with the year where it is another one.
pub fn absolute(at: i64, now: i64, zone: &TimeZone) -> String {
    let zoned = |t: i64| Timestamp::from_microsecond(t).map(|t| t.to_zoned(zone.clone()));
    match (zoned(at), zoned(now)) {
        (Ok(at), Ok(now)) if at.date() == now.date() => at.strftime("%H:%M").to_string(),
        (Ok(at), Ok(now)) if at.year() == now.year() => at.strftime("%-d %b %H:%M").to_string(),
        (Ok(at), _) => at.strftime("%-d %b %Y %H:%M").to_string(),
        _ => format::write_instant(at),
    }
}

/// An instant for proof: absolute, the exact one with its zone as title.
pub fn proven(at: i64, now: i64, zone: &TimeZone) -> Markup {
    html! { time datetime=(format::write_instant(at)) title=(exact(at, zone)) { (absolute(at, now, zone)) } }
}

/// An instant in the past for reading: `12 min ago`, the exact one as title.
pub fn ago(at: i64, now: i64, zone: &TimeZone) -> Markup {
    let text = if now - at < 60_000_000 { "just now".to_owned() } else { format!("{} ago", words(now - at)) };
    html! { time datetime=(format::write_instant(at)) title=(exact(at, zone)) data-ago=(at / 1_000_000) { (text) } }
}

/// Date, time and zone in full.
pub fn exact(at: i64, zone: &TimeZone) -> String {
    match Timestamp::from_microsecond(at) {
        Ok(t) => t.to_zoned(zone.clone()).strftime("%A, %-d %B %Y, %H:%M:%S %Z").to_string(),
        Err(_) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{absolute, words};

    #[test]
    fn lengths_read_as_on_the_desk() {
        let minute = 60_000_000;
        for (micros, text) in [
            (0, "0 min"),
            (22 * minute, "22 min"),
            (60 * minute, "1 h"),
            (200 * minute, "3 h 20"),
            (425 * minute, "7 h 05"),
            (2_940 * minute, "2 d 1 h"),
            (-18 * minute, "18 min"),
        ] {
            assert_eq!(words(micros), text);
        }
    }

    #[test]
    fn absolute_says_no_more_than_needed() {
        let now = 1_795_305_600_000_000; // 22 Nov 2026 00:00 UTC
        let zone = TimeZone::UTC;
        assert_eq!(absolute(now + 3_600_000_000, now, &zone), "01:00");
        assert_eq!(absolute(now - 86_400_000_000, now, &zone), "21 Nov 00:00");
        assert_eq!(absolute(now - 400 * 86_400_000_000, now, &zone), "18 Oct 2025 00:00");
    }
}

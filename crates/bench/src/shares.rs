//! How often things happen, counted in a real log; no file is needed to make data like it.
//!
//! Source: the UCI data set "Incident management process enriched event log" (Amaral, Fantinato, Peres 2018,
//! CC BY 4.0): 12,349 incidents with 70,501 events of an enterprise, 29 February 2016 to 18 February 2017; values of
//! the last event of each incident.

/// An hour, microseconds.
pub const HOUR: i64 = 3_600_000_000;
/// A minute, microseconds.
pub const MINUTE: i64 = 60_000_000;

/// Incidents of the log.
pub const INCIDENTS: f64 = 12_349.0;

/// Events of an incident (mean 5.7, longest 58), by how many incidents have so many.
pub const EVENTS: [(usize, u32); 32] = [
    (2, 926),
    (3, 3_136),
    (4, 2_055),
    (5, 1_505),
    (6, 1_096),
    (7, 899),
    (8, 650),
    (9, 514),
    (10, 390),
    (11, 305),
    (12, 225),
    (13, 141),
    (14, 115),
    (15, 92),
    (16, 63),
    (17, 57),
    (18, 37),
    (19, 39),
    (20, 21),
    (21, 14),
    (22, 13),
    (23, 8),
    (24, 7),
    (25, 8),
    (26, 6),
    (27, 5),
    (29, 4),
    (31, 4),
    (33, 6),
    (36, 3),
    (44, 3),
    (57, 2),
];

/// Impact and urgency.
pub const ASSESSED: [((&str, &str), u32); 7] = [
    (("medium", "medium"), 11_648),
    (("low", "low"), 319),
    (("high", "high"), 135),
    (("medium", "high"), 126),
    (("high", "medium"), 74),
    (("low", "medium"), 35),
    (("medium", "low"), 12),
];

/// How often an incident was given to another group.
pub const REASSIGNED: [(usize, u32); 8] =
    [(0, 6_711), (1, 3_095), (2, 1_103), (3, 591), (4, 366), (5, 200), (6, 106), (8, 177)];

/// What an incident waited for, by events in such a state.
pub const HELD: [(&str, u32); 4] =
    [("customer", 7_221), ("supplier", 392), ("problem", 233), ("evidence", 13)];

/// Channels.
pub const CHANNELS: [(&str, u32); 5] =
    [("phone", 12_236), ("self", 81), ("mail", 23), ("ivr", 7), ("direct", 2)];

/// Closure codes.
pub const CODES: [(&str, u32); 7] = [
    ("fixed", 7_366),
    ("user advised", 2_135),
    ("no fault found", 1_283),
    ("workaround", 414),
    ("duplicate", 344),
    ("replaced", 225),
    ("restored", 582),
];

/// Categories, by incidents.
pub const CATEGORIES: [(&str, u32); 16] = [
    ("Access", 1_782),
    ("Mail", 1_667),
    ("Network", 1_276),
    ("Business application", 1_221),
    ("Workplace", 756),
    ("Printing", 556),
    ("Telephony", 549),
    ("Storage", 549),
    ("Directory", 516),
    ("Web", 467),
    ("Server", 408),
    ("Database", 319),
    ("Mobile", 310),
    ("Remote access", 282),
    ("Scanner", 265),
    ("Other", 1_426),
];

/// Incidents that waited at least once.
pub const SHARE_HELD: f64 = 2_868.0 / INCIDENTS;
/// Incidents that were reopened.
pub const SHARE_REOPENED: f64 = 140.0 / INCIDENTS;
/// Incidents with a problem.
pub const SHARE_PROBLEM: f64 = 188.0 / INCIDENTS;
/// Incidents for which a change was raised.
pub const SHARE_CHANGE: f64 = 91.0 / INCIDENTS;
/// Incidents that name an item.
pub const SHARE_ITEM: f64 = 27.0 / INCIDENTS;
/// Incidents in which an article was used.
pub const SHARE_KNOWLEDGE: f64 = 1_759.0 / INCIDENTS;
/// Incidents whose priority was confirmed.
pub const SHARE_CONFIRMED: f64 = 9_451.0 / INCIDENTS;

/// Median time to resolve (16.5 hours; the 90th percentile is 360 hours).
pub const RESOLVED_AFTER: i64 = 33 * HOUR / 2;
/// Spread of it, as [`crate::chance::Chance::length`] takes it: ln(360 / 16.5) / 1.28.
pub const RESOLVED_SPREAD: f64 = 2.4;
/// Median time from the resolution to the closure; 86 % lie within an hour of it.
pub const CLOSED_AFTER: i64 = 241 * HOUR / 2;
/// Median length of a wait for the customer.
pub const HELD_FOR: i64 = 95 * HOUR;

#[cfg(test)]
mod tests {
    use super::EVENTS;

    #[test]
    fn events_have_the_mean_of_the_log() {
        let (events, incidents) = EVENTS.iter().fold((0.0, 0.0), |(e, i), (n, count)| {
            (e + *n as f64 * f64::from(*count), i + f64::from(*count))
        });
        let mean: f64 = events / incidents;
        assert!((mean - 5.709).abs() < 0.02, "{mean}");
    }
}

//! The hours of one time zone: weekly windows, dated and yearly exceptions, and the open intervals
//! that they make. Not the kept sums over them: see `hours.rs`.

use super::DAY;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::BTreeMap;

/// A window `[from, to)` of a local date, in seconds since local midnight; `to` may be 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// What replaces the weekly windows of a date: none is a closed day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DayException {
    pub(super) windows: Vec<Window>,
    pub(super) name: String,
}

/// Hours in one named time zone.
#[derive(Debug, Clone)]
pub(super) struct ZoneHours {
    zone_name: String,
    zone: TimeZone,
    /// Monday first; windows of a day in order, not overlapping.
    pub(super) week: [Vec<Window>; 7],
    /// By day since 1970-01-01.
    pub(super) dates: BTreeMap<i64, DayException>,
    /// By month and day of every year; a dated exception goes before it.
    pub(super) yearly: BTreeMap<(i8, i8), DayException>,
}

impl PartialEq for ZoneHours {
    fn eq(&self, other: &Self) -> bool {
        self.zone_name == other.zone_name
            && self.week == other.week
            && self.dates == other.dates
            && self.yearly == other.yearly
    }
}

impl ZoneHours {
    /// Hours without any window in a zone of the tz database; none if there is no such zone.
    pub(super) fn closed(zone_name: &str) -> Option<Self> {
        // The bundled database, whatever the machine has: the same data gives the same clock.
        let zone = TimeZoneDatabase::bundled().get(zone_name).ok()?;
        let zone_name = zone.iana_name().unwrap_or(zone_name).to_owned();
        Some(Self {
            zone_name,
            zone,
            week: Default::default(),
            dates: BTreeMap::new(),
            yearly: BTreeMap::new(),
        })
    }

    pub(super) fn always() -> Self {
        Self {
            zone_name: "UTC".to_owned(),
            zone: TimeZone::UTC,
            week: std::array::from_fn(|_| vec![Window { from: 0, to: DAY }]),
            dates: BTreeMap::new(),
            yearly: BTreeMap::new(),
        }
    }

    pub(super) fn zone_name(&self) -> &str {
        &self.zone_name
    }

    pub(super) fn is_always(&self) -> bool {
        self.dates.is_empty() && self.yearly.is_empty() && self.week.iter().all(|day| is_whole_day(day))
    }

    /// The local date of a second, as days since 1970-01-01.
    pub(super) fn date_of(&self, at: i64) -> Option<i64> {
        let offset = self.zone.to_offset(Timestamp::from_second(at).ok()?);
        Some((at + i64::from(offset.seconds())).div_euclid(DAY))
    }

    /// First second of a local date and of the date after it.
    pub(super) fn bounds_of(&self, date: i64) -> Option<(i64, i64)> {
        let start = |date| {
            let midnight = civil(date)?.at(0, 0, 0, 0);
            Some(self.zone.to_ambiguous_timestamp(midnight).compatible().ok()?.as_second())
        };
        Some((start(date)?, start(date + 1)?))
    }

    /// Appends the open intervals inside `[from, to)`, in order, joined where they touch.
    ///
    /// The span is cut where the zone changes its offset. Between two cuts local time is UTC plus a
    /// constant, so windows become intervals by subtraction: repeated and skipped hours need no
    /// rule of their own.
    pub(super) fn open_into(&self, from: i64, to: i64, out: &mut Vec<(i64, i64)>) {
        let Ok(first) = Timestamp::from_second(from) else { return };
        let exceptions = self.exceptions(from, to);
        let mut offset = i64::from(self.zone.to_offset(first).seconds());
        let mut cut = from;
        for transition in self.zone.following(first) {
            let at = transition.timestamp().as_second();
            if at >= to {
                break;
            }
            self.between_cuts((cut, at), offset, &exceptions, out);
            (cut, offset) = (at, i64::from(transition.offset().seconds()));
        }
        self.between_cuts((cut, to), offset, &exceptions, out);
    }

    fn between_cuts(
        &self,
        (from, to): (i64, i64),
        offset: i64,
        exceptions: &BTreeMap<i64, &DayException>,
        out: &mut Vec<(i64, i64)>,
    ) {
        if to <= from {
            return;
        }
        for date in (from + offset).div_euclid(DAY)..=(to - 1 + offset).div_euclid(DAY) {
            let windows = match exceptions.get(&date) {
                Some(exception) => exception.windows.as_slice(),
                None => self.weekly(date),
            };
            for window in windows {
                let open = (date * DAY + window.from - offset).max(from);
                let close = (date * DAY + window.to - offset).min(to);
                if open >= close {
                    continue;
                }
                match out.last_mut() {
                    Some(last) if last.1 == open => last.1 = close,
                    _ => out.push((open, close)),
                }
            }
        }
    }

    fn weekly(&self, date: i64) -> &[Window] {
        // 1970-01-01 was a Thursday.
        let weekday = usize::try_from((date + 3).rem_euclid(7)).unwrap_or(0);
        self.week.get(weekday).map_or(&[], Vec::as_slice)
    }

    /// The exceptions of all dates that the span can touch; dated ones go before yearly ones.
    fn exceptions(&self, from: i64, to: i64) -> BTreeMap<i64, &DayException> {
        let (first, last) = (from.div_euclid(DAY) - 2, to.div_euclid(DAY) + 2);
        let mut out = BTreeMap::new();
        if let (false, Some(start), Some(end)) = (self.yearly.is_empty(), civil(first), civil(last)) {
            for year in start.year()..=end.year() {
                for (&(month, day), exception) in &self.yearly {
                    if let Ok(date) = Date::new(year, month, day) {
                        out.insert(day_number(date), exception);
                    }
                }
            }
        }
        out.extend(self.dates.range(first..=last).map(|(date, exception)| (*date, exception)));
        out
    }
}

fn is_whole_day(windows: &[Window]) -> bool {
    let mut reached = 0;
    for window in windows {
        if window.from != reached {
            return false;
        }
        reached = window.to;
    }
    reached == DAY
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// The civil date of a day number (days since 1970-01-01).
pub(super) fn civil(date: i64) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(date).ok()?).ok()
}

/// The day number (days since 1970-01-01) of a civil date.
pub(super) fn day_number(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24
}

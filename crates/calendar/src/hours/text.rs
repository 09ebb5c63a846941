//! The text form of service hours: read with all mistakes at once, and written back.

use super::week::{DayException, Window, ZoneHours, civil, day_number};
use super::{DAY, ServiceHours};
use crate::error::{CalendarError, LineProblem};
use crate::target::{duration_text, length};
use jiff::civil::Date;
use std::fmt;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const LONG_WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Longest run of dates that one line may name.
const LONGEST_RUN: i64 = 400;
const LINE_HINT: &str = "a line begins with weekdays (`mon-fri 08:00-17:00`), a date (`2026-12-25 closed`), \
                         `every 12-25`, `zone`, `day` or `and`";

/// Reads a whole text. `zone` and `day_seconds` are what the caller gives apart from it.
pub(super) fn parse(
    text: &str,
    zone: Option<&str>,
    day_seconds: Option<i64>,
) -> Result<ServiceHours, CalendarError> {
    let mut reader = Reader { problems: Vec::new(), parts: Vec::new(), current: None, day_seconds, line: 1 };
    if let Some(name) = zone {
        reader.zone(name);
    }
    if let Some(length) = day_seconds {
        reader.check_day(length);
    }
    for (number, raw) in text.lines().enumerate() {
        reader.line = number + 1;
        let line = raw.split('#').next().unwrap_or("").trim();
        if !line.is_empty()
            && let Err(message) = reader.read(line)
        {
            reader.problem(message);
        }
    }
    reader.finish()
}

struct Reader {
    problems: Vec<LineProblem>,
    parts: Vec<ZoneHours>,
    current: Option<ZoneHours>,
    day_seconds: Option<i64>,
    line: usize,
}

impl Reader {
    fn problem(&mut self, message: String) {
        self.problems.push(LineProblem { line: self.line, message });
    }

    fn read(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (word, rest) = (word.to_ascii_lowercase(), rest.trim());
        match word.as_str() {
            "zone" => {
                self.zone(rest);
                Ok(())
            }
            "day" => self.day(rest),
            "and" if rest.is_empty() => self.and(),
            "every" => self.yearly(rest),
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => self.dates(&word, rest),
            _ => self.weekdays(&word, rest),
        }
    }

    fn zone(&mut self, name: &str) {
        if self.current.is_some() {
            self.problem("the zone is already given; write `and` before a second zone".into());
        } else if let Some(hours) = ZoneHours::closed(name) {
            self.current = Some(hours);
        } else {
            self.problem(format!(
                "`{name}` is not a time zone; use a name of the tz database such as `Europe/Vienna` or `UTC`"
            ));
            // Read on, so that all mistakes are told at once.
            self.current = ZoneHours::closed("UTC");
        }
    }

    fn day(&mut self, rest: &str) -> Result<(), String> {
        if self.day_seconds.is_some() {
            return Err("the length of a day is already given".into());
        }
        match length(rest) {
            Ok((0, seconds)) => {
                self.check_day(seconds);
                self.day_seconds = Some(seconds);
                Ok(())
            }
            Ok(_) => Err("the length of a day is written in hours and minutes, for example `day 9h`".into()),
            Err(message) => Err(format!("`{rest}` is not the length of a day: {message}")),
        }
    }

    fn check_day(&mut self, seconds: i64) {
        if !(60..=DAY).contains(&seconds) {
            self.problem("the length of a day lies between 1 minute and 24 hours".into());
        }
    }

    fn and(&mut self) -> Result<(), String> {
        match self.current.take() {
            Some(hours) => {
                self.parts.push(hours);
                Ok(())
            }
            None => Err("`and` stands between two zones; write the first zone above it".into()),
        }
    }

    fn part(&mut self) -> Result<&mut ZoneHours, String> {
        if self.current.is_none() {
            // Told once: the lines that follow are read as if in UTC.
            self.problem("the time zone is missing; begin with a line such as `zone Europe/Vienna`".into());
            self.current = ZoneHours::closed("UTC");
        }
        self.current.as_mut().ok_or_else(|| "the time zone database is empty".into())
    }

    fn weekdays(&mut self, word: &str, rest: &str) -> Result<(), String> {
        let days = weekday_list(word)?;
        let found = windows(rest)?;
        if !found.rest.is_empty() {
            return Err(format!("`{}` is not a window; write for example `08:00-17:00`", found.rest));
        }
        if found.windows.is_empty() {
            return Err("no window is given; write for example `08:00-17:00`, or leave the line out".into());
        }
        let part = self.part()?;
        for day in days {
            for &(from, to) in &found.windows {
                if from < to {
                    add_window(&mut part.week, day, Window { from, to })?;
                } else {
                    add_window(&mut part.week, day, Window { from, to: DAY })?;
                    if to > 0 {
                        add_window(&mut part.week, (day + 1) % 7, Window { from: 0, to })?;
                    }
                }
            }
        }
        Ok(())
    }

    fn dates(&mut self, word: &str, rest: &str) -> Result<(), String> {
        let (first, last) = word.split_once("..").unwrap_or((word, word));
        let (from, to) = (day_number(full_date(first)?), day_number(full_date(last)?));
        if to < from || to - from > LONGEST_RUN {
            return Err(format!("`{word}` runs backwards or over more than {LONGEST_RUN} days"));
        }
        let exception = exception(rest)?;
        let part = self.part()?;
        for date in from..=to {
            if part.dates.insert(date, exception.clone()).is_some() {
                let name = civil(date).map(|date| date.to_string()).unwrap_or_default();
                return Err(format!("{name} is already given; write all its windows on one line"));
            }
        }
        Ok(())
    }

    fn yearly(&mut self, rest: &str) -> Result<(), String> {
        let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let wrong = || format!("`{word}` is not a month and day; write for example `every 12-25 closed`");
        let (month, day) = word.split_once('-').ok_or_else(wrong)?;
        let month: i8 = month.parse().map_err(|_| wrong())?;
        let day: i8 = day.parse().map_err(|_| wrong())?;
        // A leap year, so that 29 February can be named.
        Date::new(2024, month, day).map_err(|_| wrong())?;
        let exception = exception(rest.trim())?;
        match self.part()?.yearly.insert((month, day), exception) {
            Some(_) => Err(format!("every {word} is already given; write all its windows on one line")),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<ServiceHours, CalendarError> {
        match self.current.take() {
            Some(hours) => self.parts.push(hours),
            None if self.parts.is_empty() => {
                self.problem(
                    "the time zone is missing; begin with a line such as `zone Europe/Vienna`".into(),
                );
            }
            None => self.problem("`and` is followed by nothing; write a second zone or leave it out".into()),
        }
        if !self.problems.is_empty() {
            return Err(CalendarError::Hours(self.problems));
        }
        Ok(ServiceHours::of(self.parts, self.day_seconds))
    }
}

fn weekday_list(word: &str) -> Result<Vec<usize>, String> {
    let one = |name: &str| {
        let place = |names: &[&str; 7]| names.iter().position(|day| *day == name);
        place(&WEEKDAYS)
            .or_else(|| place(&LONG_WEEKDAYS))
            .ok_or_else(|| format!("`{name}` is not known; {LINE_HINT}"))
    };
    let mut out = Vec::new();
    for item in word.split(',').filter(|item| !item.is_empty()) {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (mut day, last) = (one(first)?, one(last)?);
        loop {
            if out.contains(&day) {
                return Err(format!("`{word}` names {} twice", WEEKDAYS.get(day).unwrap_or(&"a day")));
            }
            out.push(day);
            if day == last {
                break;
            }
            day = (day + 1) % 7;
        }
    }
    if out.is_empty() { Err(LINE_HINT.into()) } else { Ok(out) }
}

fn add_window(week: &mut [Vec<Window>; 7], day: usize, window: Window) -> Result<(), String> {
    let name = WEEKDAYS.get(day).unwrap_or(&"");
    match week.get_mut(day) {
        Some(windows) => insert(windows, window).map_err(|other| {
            format!("on {name} the window {} overlaps {}; join them", window_text(window), window_text(other))
        }),
        None => Ok(()),
    }
}

/// Puts a window in its place; the overlapped one is the error.
fn insert(windows: &mut Vec<Window>, window: Window) -> Result<(), Window> {
    if let Some(other) = windows.iter().find(|other| other.from < window.to && window.from < other.to) {
        return Err(*other);
    }
    let place = windows.partition_point(|other| other.from < window.from);
    windows.insert(place, window);
    Ok(())
}

struct Found<'a> {
    windows: Vec<(i64, i64)>,
    rest: &'a str,
}

/// Reads windows from the start of a text until a word that does not begin with a digit.
fn windows(text: &str) -> Result<Found<'_>, String> {
    let mut found = Found { windows: Vec::new(), rest: text.trim() };
    while found.rest.starts_with(|c: char| c.is_ascii_digit()) {
        let end = found.rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(found.rest.len());
        let (word, tail) = found.rest.split_at(end);
        let (from, to) = word.split_once(['-', '–']).ok_or_else(|| {
            format!("`{word}` is not a window; write from and to, for example `08:00-17:00`")
        })?;
        let (from, to) = (clock_time(from)?, clock_time(to)?);
        if from == to || from == DAY {
            return Err(format!("the window `{word}` is empty; a whole day is `00:00-24:00`"));
        }
        found.windows.push((from, to));
        found.rest = tail.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    Ok(found)
}

fn clock_time(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not a time of day; write for example `08:00` or `24:00`");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    if hour.is_empty()
        || hour.len() > 2
        || minute.len() != 2
        || !text.chars().all(|c| c.is_ascii_digit() || c == ':')
    {
        return Err(wrong());
    }
    let (hour, minute): (i64, i64) =
        (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
    let time = hour * 3600 + minute * 60;
    if minute > 59 || time > DAY { Err(wrong()) } else { Ok(time) }
}

fn full_date(text: &str) -> Result<Date, String> {
    let wrong = || format!("`{text}` is not a date; write year-month-day, for example `2026-12-24`");
    if text.len() != 10 {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

/// Reads `closed Christmas` or `08:00-12:00 half day`.
fn exception(text: &str) -> Result<DayException, String> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if word.eq_ignore_ascii_case("closed") {
        return Ok(DayException { windows: Vec::new(), name: rest.trim().to_owned() });
    }
    let found = windows(text)?;
    if found.windows.is_empty() {
        return Err("say `closed` or give windows after the date, for example `08:00-12:00 half day`".into());
    }
    let mut out = DayException { windows: Vec::new(), name: found.rest.to_owned() };
    for (from, to) in found.windows {
        if to <= from {
            return Err("a date's window ends at 24:00 at the latest; \
                        write what follows midnight at the next date"
                .into());
        }
        let window = Window { from, to };
        insert(&mut out.windows, window).map_err(|other| {
            format!("the window {} overlaps {}; join them", window_text(window), window_text(other))
        })?;
    }
    Ok(out)
}

fn window_text(window: Window) -> String {
    let time = |seconds: i64| format!("{:02}:{:02}", seconds / 3600, seconds % 3600 / 60);
    format!("{}-{}", time(window.from), time(window.to))
}

fn windows_text(windows: &[Window]) -> String {
    windows.iter().map(|window| window_text(*window)).collect::<Vec<_>>().join(" ")
}

/// Writes the canonical text, which reads back as the same hours.
pub(super) fn write(f: &mut fmt::Formatter<'_>, parts: &[ZoneHours], day: Option<i64>) -> fmt::Result {
    if let Some(seconds) = day {
        writeln!(f, "day {}", duration_text(seconds))?;
    }
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            writeln!(f, "and")?;
        }
        writeln!(f, "zone {}", part.zone_name())?;
        write_week(f, part)?;
        for ((month, day), exception) in &part.yearly {
            write_exception(f, &format!("every {month:02}-{day:02}"), exception)?;
        }
        for (date, exception) in &part.dates {
            let date = civil(*date).ok_or(fmt::Error)?;
            write_exception(f, &date.to_string(), exception)?;
        }
    }
    Ok(())
}

fn write_week(f: &mut fmt::Formatter<'_>, part: &ZoneHours) -> fmt::Result {
    let mut day = 0;
    while let (Some(windows), Some(first)) = (part.week.get(day), WEEKDAYS.get(day)) {
        let same = part.week.iter().skip(day).take_while(|other| *other == windows).count();
        if !windows.is_empty() {
            let last = WEEKDAYS.get(day + same - 1).unwrap_or(first);
            let days = if same == 1 { (*first).to_owned() } else { format!("{first}-{last}") };
            writeln!(f, "{days} {}", windows_text(windows))?;
        }
        day += same;
    }
    Ok(())
}

fn write_exception(f: &mut fmt::Formatter<'_>, date: &str, exception: &DayException) -> fmt::Result {
    let what =
        if exception.windows.is_empty() { "closed".to_owned() } else { windows_text(&exception.windows) };
    writeln!(f, "{}", format!("{date} {what} {}", exception.name).trim_end())
}

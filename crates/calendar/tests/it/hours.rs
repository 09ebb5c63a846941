//! Texts of service hours, and openings across daylight saving.

use super::{at, iso};
use proofdesk_calendar::{CalendarError, ServiceHours, Target, tz_database};

const VIENNA: &str = "\
# the desk
zone Europe/Vienna
day 9h
mon-fri 08:00-12:00, 13:00-17:00
SAT 9:00-12:00
every 12-25 closed Christmas
2026-12-24 08:00-12:00 half day
2026-12-31..2027-01-02 closed  # stocktaking
2027-01-03 10:00-11:00 extra opening
";

fn read(text: &str) -> ServiceHours {
    ServiceHours::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn text_reads_and_writes_the_same_hours() {
    let hours = read(VIENNA);
    assert_eq!(
        hours.to_string(),
        "day 9h\nzone Europe/Vienna\nmon-fri 08:00-12:00 13:00-17:00\nsat 09:00-12:00\n\
         every 12-25 closed Christmas\n2026-12-24 08:00-12:00 half day\n2026-12-31 closed\n\
         2027-01-01 closed\n2027-01-02 closed\n2027-01-03 10:00-11:00 extra opening\n"
    );
    assert_eq!(read(&hours.to_string()), hours);
    assert_eq!(hours.day_seconds(), Some(9 * 3600));
    assert_eq!(hours.zone_name(), "Europe/Vienna");
    for text in [
        "zone UTC\nmon-sun 00:00-24:00",
        "zone UTC",
        "zone UTC\nfri-mon 22:00-06:00",
        "zone Asia/Tokyo\nmon 08:00-09:00\nand\nzone America/New_York\ntue,thu-fri 00:00-12:00 12:00-24:00",
    ] {
        let hours = read(text);
        assert_eq!(read(&hours.to_string()), hours, "{text}");
    }
    let union = ServiceHours::union(&[read("zone UTC\nmon 08:00-09:00"), hours], Some(3600));
    assert_eq!(read(&union.to_string()), union);
    let nothing = ServiceHours::union(&[], None);
    assert_eq!(read(&nothing.to_string()), nothing);
    assert_eq!(nothing.next_open(0), None);
}

#[test]
fn fields_given_apart_read_like_lines() {
    let apart = ServiceHours::parse_in("Europe/Vienna", Some(32_400), "mon-fri 08:00-17:00").unwrap();
    assert_eq!(apart, read("zone Europe/Vienna\nday 9h\nmon-fri 08:00-17:00"));
    let error = ServiceHours::parse_in("Europe/Wien", Some(0), "mon 8").unwrap_err().to_string();
    for part in
        ["line 1: `Europe/Wien` is not a time zone", "between 1 minute and 24 hours", "`8` is not a window"]
    {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn bad_texts_name_the_line_and_the_way_out() {
    for (text, line, says) in [
        ("mon-fri 08:00-17:00", 1, "time zone is missing"),
        ("", 1, "time zone is missing"),
        ("zone Mars/Olympus", 1, "`Mars/Olympus` is not a time zone"),
        ("zone UTC\n\nmon 08:00-25:00", 3, "`25:00` is not a time of day"),
        ("zone UTC\nmon 08:60-09:00", 2, "`08:60` is not a time of day"),
        ("zone UTC\nmon 24:01-24:00", 2, "`24:01` is not a time of day"),
        ("zone UTC\nmon 0800-0900", 2, "`0800` is not a time of day"),
        ("zone UTC\nmon 08:00", 2, "write from and to"),
        ("zone UTC\nmon 08:00-08:00", 2, "empty"),
        ("zone UTC\nmon 24:00-06:00", 2, "empty"),
        ("zone UTC\nmon", 2, "no window is given"),
        ("zone UTC\nmon closed", 2, "`closed` is not a window"),
        ("zone UTC\nmon 08:00-12:00 11:00-13:00", 2, "08:00-12:00; join them"),
        (
            "zone UTC\ntue 05:00-07:00\nmon 22:00-06:00",
            3,
            "on tue the window 00:00-06:00 overlaps 05:00-07:00",
        ),
        ("zone UTC\nmonn 08:00-12:00", 2, "`monn` is not known"),
        ("zone UTC\nmon,mon 08:00-12:00", 2, "mon twice"),
        ("zone UTC\n2026-02-30 closed", 2, "`2026-02-30` is not a date"),
        ("zone UTC\n26-02-03 closed", 2, "`26-02-03` is not a date"),
        ("zone UTC\n2026-12-24", 2, "say `closed`"),
        ("zone UTC\n2026-12-24 holiday", 2, "say `closed`"),
        ("zone UTC\n2026-12-24 22:00-06:00 move", 2, "at the next date"),
        ("zone UTC\n2026-12-24 closed\n2026-12-24 08:00-09:00", 3, "2026-12-24 is already given"),
        ("zone UTC\n2026-12-24..2026-12-23 closed", 2, "runs backwards"),
        ("zone UTC\nevery 13-01 closed", 2, "`13-01` is not a month and day"),
        ("zone UTC\nevery 12-25 closed\nevery 12-25 closed", 3, "already given"),
        ("zone UTC\nday 2d", 2, "hours and minutes"),
        ("zone UTC\nday 25h", 2, "24 hours"),
        ("zone UTC\nday 9h\nday 8h", 3, "already given"),
        ("zone UTC\nday nine", 2, "is not the length of a day"),
        ("zone UTC\nzone UTC", 2, "write `and` before"),
        ("zone UTC\nand", 2, "followed by nothing"),
        ("and\nzone UTC", 1, "stands between"),
        ("zone UTC\n☃ 08:00-09:00", 2, "`☃` is not known"),
    ] {
        match ServiceHours::parse(text) {
            Err(CalendarError::Hours(problems)) => {
                let found = problems.iter().any(|p| p.line == line && p.message.contains(says));
                assert!(found, "{text:?} should say {says:?} in line {line}: {problems:?}");
            }
            other => panic!("{text:?} was read: {other:?}"),
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let Err(CalendarError::Hours(problems)) = ServiceHours::parse("zone X\nmon 1\nfoo\n2026-13-01 closed")
    else {
        panic!("it was read");
    };
    assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn openings_follow_the_text() {
    let hours = read(VIENNA);
    for (instant, open, next) in [
        ("2026-12-21T06:59:59Z", false, "2026-12-21T07:00:00Z"),
        ("2026-12-21T07:00:00Z", true, "2026-12-21T07:00:00Z"),
        ("2026-12-21T11:00:00Z", false, "2026-12-21T12:00:00Z"),
        ("2026-12-21T16:00:00Z", false, "2026-12-22T07:00:00Z"),
        // Thursday's half day, Christmas every year, then the Saturday.
        ("2026-12-24T11:00:00Z", false, "2026-12-26T08:00:00Z"),
        ("2027-12-25T08:30:00Z", false, "2027-12-27T07:00:00Z"),
        ("2026-12-30T16:00:00Z", false, "2027-01-03T09:00:00Z"),
    ] {
        assert_eq!(hours.is_open(at(instant)), open, "{instant}");
        assert_eq!(hours.next_open(at(instant)).map(iso).as_deref(), Some(next), "{instant}");
    }
}

#[test]
fn a_window_over_midnight_is_two() {
    let hours = read("zone UTC\nsun 22:00-06:00");
    let open: Vec<_> = hours.open_intervals(at("2026-11-20T00:00:00Z"), at("2026-11-28T00:00:00Z")).collect();
    assert_eq!(open, [(at("2026-11-22T22:00:00Z"), at("2026-11-23T06:00:00Z"))]);
}

#[test]
fn left_and_right_limits_differ_at_closing_time() {
    let hours = read("zone UTC\nmon-fri 08:00-17:00");
    let friday = at("2026-11-20T15:00:00Z");
    assert_eq!(hours.add(friday, 7200).map(iso).as_deref(), Some("2026-11-20T17:00:00Z"));
    assert_eq!(hours.add_beyond(friday, 7200).map(iso).as_deref(), Some("2026-11-23T08:00:00Z"));
    assert_eq!(hours.add(friday, 7201).map(iso).as_deref(), Some("2026-11-23T08:00:01Z"));
    assert_eq!(hours.add(at("2026-11-21T00:00:00Z"), 0).map(iso).as_deref(), Some("2026-11-21T00:00:00Z"));
}

#[test]
fn daylight_saving_follows_the_wall_clock() {
    let day = |zone: &str, windows: &str, from: &str, to: &str| {
        read(&format!("zone {zone}\nmon-sun {windows}")).measure(at(from), at(to)) / 60
    };
    // Vienna's repeated hour is open twice, the skipped one never; a day has 25 or 23 hours.
    assert_eq!(day("Europe/Vienna", "02:00-03:00", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), 120);
    assert_eq!(day("Europe/Vienna", "02:00-03:00", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), 0);
    assert_eq!(day("Europe/Vienna", "02:30-03:30", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), 30);
    assert_eq!(day("Europe/Vienna", "00:00-24:00", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), 25 * 60);
    // Lord Howe moves by half an hour: 01:30-02:00 repeats on 5 April, 02:00-02:30 is skipped on 4 October.
    assert_eq!(day("Australia/Lord_Howe", "01:30-02:00", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"), 60);
    assert_eq!(day("Australia/Lord_Howe", "02:00-02:30", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"), 0);
    // Samoa skipped 30 December 2011 altogether.
    assert_eq!(day("Pacific/Apia", "09:00-10:00", "2011-12-30T09:00:00Z", "2011-12-31T09:00:00Z"), 60);
}

#[test]
fn long_and_absurd_spans_end() {
    let hours = read("zone Europe/Vienna\nmon-fri 08:00-17:00");
    let ten_years = hours.measure(at("2020-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z"));
    // 2,609 working days; daylight saving does not touch these windows.
    assert_eq!(ten_years, 2609 * 9 * 3600);
    for (from, to) in
        [(i64::MIN, i64::MAX), (i64::MIN, 0), (0, i64::MAX), (i64::MAX, i64::MIN), (i64::MAX, i64::MAX)]
    {
        assert!(hours.measure(from, to) >= 0);
        assert!(ServiceHours::always().measure(from, to) >= 0);
        assert!(hours.open_intervals(from, to).take(2).count() <= 2);
    }
    assert_eq!(hours.add(at("2026-01-01T00:00:00Z"), i64::MAX), None);
    assert_eq!(hours.add(i64::MAX, 1), None);
    assert_eq!(hours.add_beyond(i64::MAX, 0), None);
    assert!(hours.add(i64::MIN, 1).is_some());
    assert_eq!(ServiceHours::always().add(0, i64::MAX), None);
    assert_eq!(read("zone UTC").next_open(0), None);
    assert!(!hours.is_open(i64::MIN) && !hours.is_open(i64::MAX));
}

#[test]
fn intervals_agree_with_measure_over_stretch_borders() {
    let hours = read("zone America/New_York\nmon-sun 00:00-24:00\n2026-01-01 closed");
    let (from, to) = (at("2019-05-05T05:05:05Z"), at("2031-01-01T00:00:00Z"));
    let open: Vec<_> = hours.open_intervals(from, to).collect();
    assert_eq!(open.len(), 2, "one holiday in twelve years: {open:?}");
    assert_eq!(open.iter().map(|(a, b)| (b - a) / 1_000_000).sum::<i64>(), hours.measure(from, to));
    assert_eq!(ServiceHours::always().open_intervals(from, to).collect::<Vec<_>>(), [(from, to)]);
}

#[test]
fn days_of_a_target_are_declared_days() {
    let hours = read(VIENNA);
    let start = at("2026-12-21T07:00:00Z");
    assert_eq!("2d".parse::<Target>().unwrap().open_seconds(&hours, start), Ok(18 * 3600));
    assert_eq!("1d 4h".parse::<Target>().unwrap().open_seconds(&hours, start), Ok(13 * 3600));
    let undeclared = "1d".parse::<Target>().unwrap().open_seconds(&read("zone UTC"), start).unwrap_err();
    assert!(undeclared.to_string().contains("day 9h"), "{undeclared}");
}

#[test]
fn the_end_of_a_working_day_is_its_closing_time() {
    let hours = read(VIENNA);
    for (text, start, due) in [
        ("end of working day", "2026-12-21T09:00:00Z", "2026-12-21T16:00:00Z"),
        ("end of next working day", "2026-12-21T09:00:00Z", "2026-12-22T16:00:00Z"),
        // After closing on Wednesday: Thursday is a half day.
        ("end of working day", "2026-12-23T18:00:00Z", "2026-12-24T11:00:00Z"),
        ("end of working day 2", "2026-12-23T18:00:00Z", "2026-12-26T11:00:00Z"),
    ] {
        let target: Target = text.parse().unwrap();
        let length = target.open_seconds(&hours, at(start)).unwrap();
        assert_eq!(hours.add(at(start), length).map(iso).as_deref(), Some(due), "{text} from {start}");
    }
    let never = "end of working day".parse::<Target>().unwrap().open_seconds(&read("zone UTC"), 0);
    assert!(matches!(never, Err(CalendarError::NeverOpens { .. })), "{never:?}");
}

#[test]
fn the_time_zone_database_has_a_version() {
    assert!(tz_database().starts_with("20"), "{}", tz_database());
}

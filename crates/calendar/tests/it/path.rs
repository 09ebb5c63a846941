//! The static check of agreements against every start of the span.

use super::at;
use proofdesk_calendar::{Leg, ServiceHours, check_path, worst_case};

#[test]
fn the_worst_start_is_found() {
    let service = ServiceHours::parse("zone Europe/Vienna\nmon-fri 07:00-19:00").unwrap();
    let team = ServiceHours::parse("zone Europe/Vienna\nmon-fri 08:00-12:00 13:00-17:00").unwrap();
    let (from, to) = (at("2026-03-23T00:00:00Z"), at("2026-04-06T00:00:00Z"));
    for minutes in [30, 60, 240, 480, 600] {
        let leg = Leg { name: "network team", target_seconds: minutes * 60, hours: &team };
        let found = worst_case(&leg, &service, (from, to));
        // Every second would be exact; every half minute and the second after it comes close enough
        // to show a missed corner, and none may cost more.
        let mut most = 0;
        for start in (from..to).step_by(30_000_000).flat_map(|start| [start, start + 1_000_000]) {
            let end = team.add(start, leg.target_seconds).unwrap();
            most = most.max(service.measure(start, end));
        }
        assert_eq!(found.seconds, Some(most), "{minutes} minutes");
        let end = team.add(found.worst_start_at, leg.target_seconds).unwrap();
        assert_eq!(Some(service.measure(found.worst_start_at, end)), found.seconds);
    }
}

#[test]
fn a_path_holds_if_its_worst_sum_fits() {
    let service = ServiceHours::always();
    let team = ServiceHours::parse("zone UTC\nmon-sun 08:00-17:00").unwrap();
    let closed = ServiceHours::parse("zone UTC").unwrap();
    let span = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    // From the second after closing: 15 closed hours and two open ones, less that second.
    let legs = [
        Leg { name: "team", target_seconds: 7200, hours: &team },
        Leg { name: "carrier", target_seconds: 3600, hours: &service },
    ];
    let check = check_path(18 * 3600, &service, &legs, span);
    assert_eq!(check.worst_seconds, Some(18 * 3600));
    assert!(check.holds());
    assert!(!check_path(18 * 3600 - 1, &service, &legs, span).holds());
    let never = [Leg { name: "nobody", target_seconds: 1, hours: &closed }];
    let check = check_path(18 * 3600, &service, &never, span);
    assert_eq!((check.worst_seconds, check.holds()), (None, false));
}

//! Agreements with customers and their targets.

use proofdesk_engine::Change;
use proofdesk_model::Value;
use proofdesk_model::format::day_of;

use crate::company::{PEOPLE, link};
use crate::story::{Slot, Stories, Who};

/// Plans the agreements; each comes with its targets.
#[expect(clippy::too_many_arguments, reason = "everything that an agreement joins")]
pub fn plan(
    stories: &mut Stories,
    people: &[Slot],
    customers: &[Slot],
    services: &[Slot],
    hours: &[Slot],
    start: i64,
    end: i64,
    next: &mut impl FnMut() -> i64,
) -> Vec<(Slot, Vec<Slot>)> {
    let mut found = Vec::new();
    // name, customer, services, hours, (priority, response, resolution), days since the last review
    type Terms = [(&'static str, &'static str, &'static str); 4];
    let gold: Terms = [("p1", "15m", "2h"), ("p2", "30m", "6h"), ("p3", "4h", "20h"), ("p4", "8h", "40h")];
    let silver: Terms = [("p1", "30m", "4h"), ("p2", "1h", "9h"), ("p3", "1d", "3d"), ("p4", "1d", "6d")];
    type Plan<'a> = (&'static str, Option<usize>, &'a [usize], usize, Terms, i32);
    let plans: [Plan<'_>; 4] = [
        ("Stores, gold", None, &[0, 1, 7], 2, gold, 60),
        ("Business systems", None, &[2, 3, 4, 8], 1, gold, 110),
        ("Workplace and access", None, &[5, 6], 0, silver, 200),
        ("Head office, documents", Some(3), &[9], 0, silver, 430),
    ];
    for (name, customer, of, hours_at, terms, reviewed) in plans {
        let of: Vec<Slot> = of.iter().map(|i| services[*i]).collect();
        let customer = customer.map(|c| customers[c]);
        let hours = hours[hours_at];
        let (valid, today) = (day_of(start) - 10, day_of(end));
        let agreement = stories.begin("agreement", next(), Who::Setup, move |s| {
            let mut change = terms_of(name, valid, today, reviewed).with("service_hours", link(s, hours)?);
            if let Some(customer) = customer {
                change = change.with("customer", link(s, customer)?);
            }
            for service in of {
                change = change.link("services", s.reference(service)?);
            }
            Ok(change)
        });
        let mut targets = Vec::new();
        for (priority, response, resolution) in terms {
            for (clock, duration) in [("response", response), ("resolution", resolution)] {
                for applies_to in ["incident", "service_request"] {
                    if applies_to == "service_request" && priority == "p1" {
                        continue;
                    }
                    let name = format!(
                        "{} {clock} of {}",
                        priority.to_uppercase(),
                        applies_to.replace('_', " ") + "s"
                    );
                    let target = stories.begin("target", next(), Who::Setup, move |s| {
                        let mut change =
                            Change::default().with_text("name", &name).with("agreement", link(s, agreement)?);
                        change = change.with_text("applies_to", applies_to).with_text("clock", clock);
                        change = change.with_text("priority", priority).with_text("duration", duration);
                        change = change.with("service_hours", link(s, hours)?);
                        change = change.with(
                            "pause_reasons",
                            Value::Choices(vec!["approval".into(), "customer".into()]),
                        );
                        Ok(change.with("share_percent", Value::Decimal("95".parse().unwrap_or_default())))
                    });
                    targets.push(target);
                }
            }
        }
        let owner = Who::Person(people[10], PEOPLE[10].0, &["agent", "process_owner", "service_owner"]);
        stories.change(agreement, next(), owner, Change::default().take("agree"));
        found.push((agreement, targets));
    }
    found
}

/// What an agreement says beside its targets; `reviewed` is the age of its last review in days.
fn terms_of(name: &str, valid: i32, today: i32, reviewed: i32) -> Change {
    let change = Change::default().with_text("name", name).with("valid_from", Value::Day(valid));
    let change = change.with_text("requirements", "Service requirements of the yearly review.");
    let change = change.with_text("workload_limits", "At most 400 incidents and 200 requests a month.");
    let change = change.with_text("exceptions", "Planned maintenance, announced five days before.");
    let change = change.with("reviewed_on", Value::Day(today - reviewed));
    let change = change.with("review_on", Value::Day(today - reviewed + 365));
    let change =
        change.with_text("review_outcome", "Targets confirmed.").with("report_every_days", Value::Int(31));
    let change = change.with("reported_on", Value::Day(today - if reviewed > 400 { 75 } else { 12 }));
    let change = change.with_text("workload_report", "Within the limits.");
    change.with_text("approved_for_customer_by", "Head of retail operations")
}

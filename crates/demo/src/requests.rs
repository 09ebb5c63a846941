//! Service requests: standard ones with approvals where their type needs them.

use proofdesk_engine::Change;
use proofdesk_engine::comment::Audience;
use proofdesk_model::Value;

use crate::Size;
use crate::chance::Chance;
use crate::company::{Company, SERVICES, link};
use crate::incidents::moment;
use crate::story::{DAY, HOUR, MINUTE, Stories};
use crate::words::REQUESTS;

/// Plans all requests, oldest first.
pub fn plan(stories: &mut Stories, chance: &mut Chance, company: &Company, start: i64, size: Size) {
    let mut moments: Vec<i64> =
        (0..size.incidents * 2 / 5).map(|_| moment(chance, start, size.days)).collect();
    moments.extend((0..12).map(|i| size.end - (i * i * 9 + 4) * MINUTE));
    moments.sort_unstable();
    for at in moments.into_iter().filter(|at| *at < size.end) {
        one(stories, chance, company, at);
    }
}

fn one(stories: &mut Stories, chance: &mut Chance, company: &Company, at: i64) {
    let (title, kind, service, hours) = *chance.one(&REQUESTS);
    let (contact, customer) = *chance.one(&company.contacts);
    let desk = *chance.one(&[0_usize, 1, 2]);
    let agent = company.who(desk);
    let (service_slot, customer_slot) = (company.services[service], company.customers[customer]);
    let instructions = company.instructions;
    let instructed = !chance.is(0.04);
    let priority = ["p2", "p3", "p4"][chance.weighted(&[8, 62, 30])];
    let slot = stories.begin("service_request", at, agent, move |s| {
        let mut change = Change::default()
            .with_text("title", title)
            .with_text("request_type", kind)
            .with_text("category", kind);
        change = change.with("reported_at", Value::Instant(at)).with("requested_by", link(s, contact)?);
        change = change.with("service", link(s, service_slot)?).with("customer", link(s, customer_slot)?);
        change = change.with_text("priority", priority);
        if instructed {
            change = change.with("instructions", link(s, instructions)?);
        }
        Ok(change)
    });
    let team = SERVICES[service].team;
    let worker_at = *chance.one(&company.members(team));
    let worker = company.who(worker_at);
    let owner = company.people[worker_at];
    let mut now = at + chance.length(40 * MINUTE, 0.8).min(10 * HOUR);
    if matches!(kind, "access" | "equipment") {
        stories.change(slot, now, agent, Change::default().take("ask_approval"));
        now += chance.length(5 * HOUR, 0.8);
        if chance.is(0.05) {
            let refuse = Change::default()
                .with_text("approval_note", "Not in the standard list; please ask purchasing.");
            stories.change(slot, now, company.who(10), refuse.take("reject"));
            return;
        }
        stories.then(slot, now, company.who(10), move |s| {
            Ok(Change::default().with("assignee", link(s, owner)?).take("approve"))
        });
    } else {
        stories.then(slot, now, agent, move |s| {
            Ok(Change::default().with("assignee", link(s, owner)?).take("assign"))
        });
    }
    now += chance.length(50 * MINUTE, 0.8);
    stories.change(slot, now, worker, Change::default().take("start"));
    now += chance.length(hours * HOUR, 0.7);
    let done =
        Change::default().with_text("resolution", "Done as the instructions say; the requester was told.");
    stories.change(slot, now, worker, done.take("fulfil"));
    if chance.is(0.4) {
        stories.say(
            slot,
            now + MINUTE,
            worker,
            Audience::Customer,
            "It is ready. Tell us if anything is missing.",
        );
    }
    if chance.is(0.97) {
        let mut change = Change::default().take("close");
        if chance.is(0.35) {
            change = change.with(
                "satisfaction",
                Value::Int(i64::try_from(1 + chance.weighted(&[1, 2, 6, 34, 57])).unwrap_or(4)),
            );
        }
        stories.change(slot, now + 2 * DAY, agent, change);
    }
}

//! Problems, their known errors and the changes that fix them.

use proofdesk_engine::Change;
use proofdesk_model::Value;
use proofdesk_model::format::day_of;

use crate::Size;
use crate::chance::Chance;
use crate::changes::Planned;
use crate::company::{Company, SERVICES, link};
use crate::incidents::Reported;
use crate::story::{DAY, HOUR, MINUTE, Slot, Stories};
use crate::words::PROBLEMS;

/// Plans the problems: one for every major incident, and those that trends show.
pub fn plan(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    incidents: &[Reported],
    changes: &[Planned],
    size: Size,
) {
    for incident in incidents.iter().filter(|i| i.major) {
        // declared within the hour, so that the major incident can be resolved
        one(
            stories,
            chance,
            company,
            incidents,
            changes,
            0,
            incident.at + 14 * MINUTE,
            Some(incident.slot),
            size,
        );
    }
    let many = (size.incidents / 70).max(10);
    for i in 0..many {
        let at = size.end - size.days * DAY + (i as i64 * 2 + 1) * size.days * DAY / (many as i64 * 2);
        one(stories, chance, company, incidents, changes, i % PROBLEMS.len(), at, None, size);
    }
}

#[expect(clippy::too_many_arguments, reason = "everything that a problem joins")]
fn one(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    incidents: &[Reported],
    changes: &[Planned],
    which: usize,
    at: i64,
    major: Option<Slot>,
    size: Size,
) {
    let (title, service, category, cause, prevention, workaround) = PROBLEMS[which];
    let service_slot = company.services[service];
    let item = *chance.one(&company.items[service]);
    let related = related(incidents, service, at, major);
    let owner_at = *chance.one(&company.members(SERVICES[service].team));
    let (owner, solver) = (company.people[owner_at], company.who(owner_at));
    let source = if major.is_some() { "major_incident" } else { "trend" };
    let slot = stories.begin("problem", at, company.who(11), move |s| {
        let mut change = Change::default().with_text("title", title).with_text("category", category);
        change = change.with_text("source", source).with("reported_at", Value::Instant(at));
        change = change.with("service", link(s, service_slot)?).link("affects", s.reference(item)?);
        change = change.with_text("impact", "medium").with_text("urgency", "medium");
        for incident in related {
            change = change.link("incidents", s.reference(incident)?);
        }
        Ok(change)
    });
    let due = day_of(at) + 30;
    stories.then(slot, at + DAY, company.who(11), move |s| {
        let change =
            Change::default().with("assignee", link(s, owner)?).with("analysis_due_on", Value::Day(due));
        Ok(change.with("resolution_due_on", Value::Day(due + 60)).take("analyse"))
    });
    let found = at + 5 * DAY + chance.between(0, 15) * DAY;
    let change = Change::default().with_text("root_cause", cause).with_text("preventive_actions", prevention);
    stories.change(slot, found, solver, change.with_text("workaround", workaround).take("find_cause"));
    known_error(stories, chance, company, slot, which, found, size);
    let fix = changes
        .iter()
        .find(|c| c.service == service && c.at > found && c.successful)
        .and_then(|c| Some((c.slot, c.at, c.deployed_at?)));
    let Some((fix, requested, deployed)) = fix else {
        // no change is in sight: told upwards, and lived with until there is one
        let until = Change::default()
            .with("escalated_at", Value::Instant(found + 30 * DAY))
            .with_text("escalation_reason", "No change that would solve it is planned.")
            .with_text("accepted_risk", "The workaround is good enough until then.");
        stories.change(slot, found + 30 * DAY, company.who(11), until);
        return;
    };
    let linked = (deployed - 2 * HOUR).max(requested + MINUTE);
    stories.then(slot, linked.max(found + HOUR), solver, move |s| {
        Ok(Change::default().link("changes", s.reference(fix)?).take("fix"))
    });
    let resolved = deployed.max(found + 2 * HOUR) + 5 * DAY + 23 * HOUR;
    let change =
        Change::default().with_text("resolution", prevention).with("alters_items", Value::Bool(true));
    stories.change(slot, resolved, solver, change.take("resolve"));
    let reviewed = resolved + 20 * DAY;
    let change = review(chance, reviewed);
    let accepted =
        Change::default().with_text("accepted_risk", "The fix works well enough; what is left is accepted.");
    stories.change(slot, reviewed - HOUR, company.who(11), accepted);
    stories.change(slot, reviewed, company.who(11), change.take("close"));
}

/// The incidents behind a problem: the major one, or up to four of the same service in the weeks before.
fn related(incidents: &[Reported], service: usize, at: i64, major: Option<Slot>) -> Vec<Slot> {
    if let Some(slot) = major {
        return vec![slot];
    }
    let near = |i: &&Reported| i.service == service && i.at < at && at - i.at < 40 * DAY;
    incidents.iter().filter(near).map(|i| i.slot).take(4).collect()
}

/// What a review of the fix leaves; now and then nobody reviews.
fn review(chance: &mut Chance, reviewed: i64) -> Change {
    if !chance.is(0.85) {
        return Change::default();
    }
    let change = Change::default().with_text("effectiveness", "No incident of this kind since.");
    change.with("effectiveness_reviewed_on", Value::Day(day_of(reviewed)))
}

fn known_error(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    problem: Slot,
    which: usize,
    at: i64,
    size: Size,
) {
    if chance.is(0.1) {
        return;
    }
    let (title, service, category, cause, _, workaround) = PROBLEMS[which];
    let service_slot = company.services[service];
    let review = day_of(at) + 200;
    let slot = stories.begin("known_error", at + HOUR, company.who(11), move |s| {
        let change = Change::default().with_text("title", title).with_text("category", category);
        let change = change
            .with_text("symptoms", title)
            .with_text("root_cause", cause)
            .with_text("workaround", workaround);
        let change = change.with("problem", link(s, problem)?).with("review_on", Value::Day(review));
        Ok(change.link("services", s.reference(service_slot)?))
    });
    // one in twelve stays a draft that nobody publishes
    if !chance.is(0.92) {
        return;
    }
    stories.change(slot, at + 2 * HOUR, company.who(11), Change::default().take("publish"));
    let again = i64::from(review - 5) * DAY;
    if again < size.end && chance.is(0.8) {
        let change = Change::default().with("review_on", Value::Day(review + 200)).take("review");
        stories.change(slot, again, company.who(11), change);
    }
}

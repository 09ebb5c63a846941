//! Changes: standard, normal and emergency ones, with what people forget now and then.

use proofdesk_engine::Change;
use proofdesk_model::Value;

use crate::Size;
use crate::chance::Chance;
use crate::company::{Company, SERVICES, link};
use crate::incidents::moment;
use crate::story::{DAY, HOUR, MINUTE, Slot, Stories, Who};
use crate::words::CHANGES;

/// A change that incidents and problems refer to.
pub struct Planned {
    /// Its story.
    pub slot: Slot,
    /// Service.
    pub service: usize,
    /// When it was requested.
    pub at: i64,
    /// When it was deployed, if ever.
    pub deployed_at: Option<i64>,
    /// Whether it succeeded.
    pub successful: bool,
}

/// Plans all changes, oldest first, and some for the weeks to come.
pub fn plan(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    start: i64,
    size: Size,
) -> Vec<Planned> {
    let many = (size.incidents / 10).max(24);
    let mut moments: Vec<i64> = (0..many).map(|_| moment(chance, start, size.days)).collect();
    moments.extend((0..5).map(|i| size.end - (i + 1) * 2 * DAY));
    moments.sort_unstable();
    moments
        .into_iter()
        .filter(|at| *at < size.end - HOUR)
        .map(|at| one(stories, chance, company, at))
        .collect()
}

fn one(stories: &mut Stories, chance: &mut Chance, company: &Company, at: i64) -> Planned {
    let (title, service, category, risk, benefit) = *chance.one(&CHANGES);
    let requester_at = *chance.one(&company.members(SERVICES[service].team));
    let requester = company.who(requester_at);
    let service_slot = company.services[service];
    let item = *chance.one(&company.items[service]);
    let planned = at
        + match category {
            "emergency" => HOUR,
            "standard" => 2 * DAY,
            _ => 7 * DAY + chance.between(0, 5) * DAY,
        };
    let planned = planned.div_euclid(DAY) * DAY
        + if category == "emergency" { planned.rem_euclid(DAY) } else { 19 * HOUR };
    let owner = company.people[requester_at];
    let with_item = !chance.is(0.03);
    let slot = stories.begin("change", at, requester, move |s| {
        let mut change = Change::default().with_text("title", title).with_text("category", category);
        change = change.with_text("description", &format!("{title}. {benefit}")).with_text("reason", benefit);
        change = change.with_text("classification", "component").with_text("risk_level", risk);
        change = change.with("requested_at", Value::Instant(at)).with("assignee", link(s, owner)?);
        change = change.with("planned_start_at", Value::Instant(planned));
        change = change.with("planned_end_at", Value::Instant(planned + 2 * HOUR));
        change = change.with_text("priority", if category == "emergency" { "p1" } else { "p3" });
        change = change.link("services", s.reference(service_slot)?);
        if with_item {
            change = change.link("affects", s.reference(item)?);
        }
        Ok(change)
    });
    approve(stories, chance, company, slot, at, requester, category, benefit);
    let successful = !chance.is(0.08);
    let deployed = planned + chance.between(20, 100) * MINUTE;
    let deployed_at = deploy(stories, chance, company, slot, requester, deployed, successful);
    Planned { slot, service, at, deployed_at: Some(deployed_at), successful }
}

fn assessment(benefit: &str) -> Change {
    Change::default()
        .with_text("risk", "Sessions may drop for a minute.")
        .with_text("benefit", benefit)
        .with_text("feasibility", "Tried in the test store.")
        .with_text("financial_impact", "None beyond working time.")
        .with_text("impact_on_services", "Short interruption of the service named.")
        .with_text("impact_on_customers", "Told five days before.")
        .with_text("impact_on_policies_and_plans", "none")
        .with_text("impact_on_quality_and_security", "Better than before; continuity plan unchanged.")
        .with_text("impact_on_other_changes", "none")
        .with("major_impact", Value::Bool(false))
        .with_text("major_impact_reason", "Fewer than ten stores at a time.")
}

#[expect(clippy::too_many_arguments, reason = "one step of one story")]
fn approve(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    slot: Slot,
    at: i64,
    requester: Who,
    category: &str,
    benefit: &str,
) {
    let back_out = "Put the version before back from the snapshot; 15 minutes.";
    match category {
        "standard" => {
            let (change, model) =
                (assessment(benefit).with_text("back_out_plan", back_out), company.standard);
            let change = change.with_text("back_out_test", "Done with the first one of this model.");
            stories.then(slot, at + 20 * MINUTE, requester, move |s| {
                Ok(change.with("model", link(s, model)?).take("use_standard"))
            });
        }
        "emergency" => {
            let mut change = assessment(benefit)
                .with_text("back_out_plan", back_out)
                .with_text("back_out_untested_reason", "No time for it.")
                .with_text("approval_note", "Decided by phone with the service owner.");
            // now and then nobody thinks of quality and security in a hurry
            if chance.is(0.25) {
                change.set.shift_remove("impact_on_quality_and_security");
            }
            stories.change(slot, at + 15 * MINUTE, company.who(10), change.take("approve_emergency"));
        }
        _ => {
            stories.change(slot, at + HOUR, requester, Change::default().take("submit"));
            stories.change(slot, at + 6 * HOUR, requester, assessment(benefit).take("ask_approval"));
            let mut change = Change::default()
                .with_text("back_out_plan", back_out)
                .with_text("approval_note", "Agreed in the weekly meeting.");
            change = match chance.weighted(&[90, 8, 2]) {
                0 => change.with_text("back_out_test", "Tried in the test store."),
                1 => change.with_text("back_out_untested_reason", "There is no second device of this kind."),
                _ => change,
            };
            stories.change(slot, at + 2 * DAY, company.who(11), change.take("approve"));
        }
    }
    let notice = Change::default()
        .with("notice_needed", Value::Bool(true))
        .with("notice_sent_at", Value::Instant(at + 2 * DAY + HOUR));
    if category == "normal" && !chance.is(0.06) {
        stories.change(slot, at + 2 * DAY + HOUR, requester, notice);
    }
}

fn deploy(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    slot: Slot,
    requester: Who,
    at: i64,
    successful: bool,
) -> i64 {
    let mut change = Change::default()
        .with_text("verification_result", "Checked by a second person against the plan.")
        .with("verified_at", Value::Instant(at - HOUR));
    change = if chance.is(0.92) {
        change.with_text("test_result", "Passed in the test store.")
    } else {
        change.with_text("untested_reason", "No test system for this device.")
    };
    stories.change(slot, at, requester, change.take("deploy"));
    if !chance.is(0.05) {
        let updated = Change::default().with("configuration_updated_at", Value::Instant(at + 2 * HOUR));
        stories.change(slot, at + 2 * HOUR, requester, updated);
    }
    // some are never reviewed, some late
    if chance.is(0.05) {
        return at;
    }
    let reviewed = at + if chance.is(0.04) { 24 } else { 4 } * DAY + chance.between(0, 20) * HOUR;
    let mut change = Change::default().with_text("review", "Effect as planned; nothing else noticed.");
    change = change.with_text(
        "outcome",
        if successful { "successful" } else { chance.one::<&str>(&["backed_out", "partial", "failed"]) },
    );
    if !successful {
        change = change
            .with_text("review", "Did not do what it should; put back.")
            .with_text("investigation", "The test store had another firmware than the stores.")
            .with_text("follow_up", "Test store gets the stores' firmware; tried again next month.");
    }
    stories.change(slot, reviewed, company.who(11), change.take("close"));
    at
}

//! A year of incidents: by day of the week and hour, by service, with honest delays, holds and reopenings.

use proofdesk_engine::Change;
use proofdesk_engine::comment::Audience;
use proofdesk_model::Value;

use crate::Size;
use crate::chance::Chance;
use crate::changes::Planned;
use crate::company::{Company, SERVICES, link};
use crate::story::{DAY, HOUR, MINUTE, Slot, Stories};
use crate::words::{ANSWERS, INCIDENTS, NOTES};

/// An incident that problems refer to.
pub struct Reported {
    /// Its story.
    pub slot: Slot,
    /// Service.
    pub service: usize,
    /// When it was reported.
    pub at: i64,
    /// Declared a major incident.
    pub major: bool,
}

/// Hours of the day by weight: when people report.
const BY_HOUR: [u32; 24] =
    [1, 1, 1, 1, 1, 2, 6, 14, 26, 30, 28, 24, 16, 20, 24, 22, 18, 14, 10, 8, 6, 4, 2, 1];

/// Days of the week by weight, Monday first.
const BY_DAY: [u32; 7] = [26, 22, 20, 19, 18, 9, 3];

/// An instant in the company's year, when people report things.
pub fn moment(chance: &mut Chance, start: i64, days: i64) -> i64 {
    loop {
        let day = start.div_euclid(DAY) + chance.between(0, days);
        // 1970-01-01 was a Thursday
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default();
        if !chance.is(f64::from(BY_DAY[weekday]) / 26.0) {
            continue;
        }
        let hour = i64::try_from(chance.weighted(&BY_HOUR)).unwrap_or_default();
        return day * DAY + hour * HOUR + chance.between(0, 60) * MINUTE + chance.between(0, 60) * 1_000_000;
    }
}

/// Plans all incidents, oldest first.
pub fn plan(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    changes: &[Planned],
    start: i64,
    size: Size,
) -> Vec<Reported> {
    let mut moments: Vec<i64> = (0..size.incidents).map(|_| moment(chance, start, size.days)).collect();
    moments.sort_unstable();
    let mut found = Vec::with_capacity(moments.len());
    for (i, at) in moments.into_iter().filter(|at| *at < size.end).enumerate() {
        let major = i % 240 == 97;
        found.push(one(stories, chance, company, changes, at, major, None));
    }
    // a living desk at any hour: what came in lately and is still being worked on
    for (i, (age, stage)) in OPEN.iter().enumerate() {
        let at = size.end - age * MINUTE;
        found.push(one(stories, chance, company, changes, at, i == 11, Some(*stage)));
    }
    found
}

/// How far the work on an open incident got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Assigned,
    Working,
    Waiting,
}

/// Open incidents: minutes since the report, and how far the work got.
const OPEN: [(i64, Stage); 24] = [
    (6, Stage::New),
    (11, Stage::New),
    (19, Stage::New),
    (27, Stage::Assigned),
    (34, Stage::New),
    (48, Stage::Working),
    (55, Stage::Assigned),
    (70, Stage::Working),
    (82, Stage::New),
    (96, Stage::Working),
    (101, Stage::Working),
    (104, Stage::Working),
    (150, Stage::Assigned),
    (185, Stage::Waiting),
    (240, Stage::Working),
    (310, Stage::Working),
    (420, Stage::Waiting),
    (560, Stage::Working),
    (840, Stage::Assigned),
    (1_300, Stage::Working),
    (1_700, Stage::Waiting),
    (2_600, Stage::Working),
    (4_100, Stage::Waiting),
    (6_200, Stage::Working),
];

fn one(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    changes: &[Planned],
    at: i64,
    major: bool,
    stage: Option<Stage>,
) -> Reported {
    let weights: Vec<u32> = SERVICES.iter().map(|s| s.weight).collect();
    let service = if major { 0 } else { chance.weighted(&weights) };
    let (summary, category, solution) = *chance.one(INCIDENTS[service]);
    let title = summary.replace("{n}", &chance.between(1, 40).to_string());
    let (contact, customer) = *chance.one(&company.contacts);
    let impact = if major { "high" } else { ["high", "medium", "low"][chance.weighted(&[4, 26, 70])] };
    let urgency = if major { "high" } else { ["high", "medium", "low"][chance.weighted(&[12, 40, 48])] };
    // both high makes a major incident by the criteria; a few slip through unflagged
    let urgency =
        if !major && impact == "high" && urgency == "high" && !chance.is(0.08) { "medium" } else { urgency };
    let channel = *chance.one(&["portal", "portal", "phone", "phone", "mail", "monitoring"]);
    // some agents leave the category for later, and a few records never get one while they are open
    let classified = !chance.is(0.05);
    let confirmed = chance.is(0.8);
    let desk = *chance.one(&[0_usize, 1, 2]);
    let agent = company.who(desk);
    let (service_slot, customer_slot) = (company.services[service], company.customers[customer]);
    let item = *chance.one(&company.items[service]);
    let with_item = chance.is(0.72);
    let cause = changes
        .iter()
        .rev()
        .find(|c| c.service == service && c.deployed_at.is_some_and(|d| d < at && at - d < 8 * HOUR));
    let cause = cause.filter(|_| chance.is(0.6)).map(|c| c.slot);
    let slot = stories.begin("incident", at, agent, move |s| {
        let mut change = Change::default().with_text("title", &title).with_text("channel", channel);
        change =
            change.with_text("description", &format!("{title}. Reported by {channel}; work is held up."));
        change = change.with("reported_at", Value::Instant(at)).with("reported_by", link(s, contact)?);
        change = change.with("customer", link(s, customer_slot)?).with("service", link(s, service_slot)?);
        change = change.with_text("impact", impact).with_text("urgency", urgency);
        change = change.with("priority_confirmed", Value::Bool(confirmed));
        if classified {
            change = change.with_text("category", category);
        }
        if with_item {
            change = change.link("affects", s.reference(item)?);
        }
        if let Some(cause) = cause {
            change = change.with("caused_by", link(s, cause)?);
        }
        Ok(change)
    });
    let case = Case { slot, at, service, desk, impact, urgency, category, solution, major };
    match stage {
        None => work(stories, chance, company, &case),
        Some(stage) => begin_work(stories, chance, company, &case, stage),
    }
    Reported { slot, service, at, major }
}

struct Case {
    slot: Slot,
    at: i64,
    service: usize,
    desk: usize,
    impact: &'static str,
    urgency: &'static str,
    category: &'static str,
    solution: &'static str,
    major: bool,
}

/// Work that has begun and is not done.
fn begin_work(stories: &mut Stories, chance: &mut Chance, company: &Company, case: &Case, stage: Stage) {
    if stage == Stage::New {
        return;
    }
    let owner =
        if chance.is(0.6) { case.desk } else { *chance.one(&company.members(SERVICES[case.service].team)) };
    let (owner_slot, team_slot) = (company.people[owner], company.teams[SERVICES[case.service].team]);
    let mut at = case.at + 5 * MINUTE;
    stories.then(case.slot, at, company.who(case.desk), move |s| {
        let change =
            Change::default().with("assignee", link(s, owner_slot)?).with("team", link(s, team_slot)?);
        Ok(change.take("assign"))
    });
    if stage == Stage::Assigned {
        return;
    }
    let worker = company.who(owner);
    at += 8 * MINUTE;
    stories.change(case.slot, at, worker, Change::default().take("start"));
    stories.say(case.slot, at + MINUTE, worker, Audience::Customer, chance.one::<&str>(&ANSWERS));
    if case.major {
        declare_major(stories, chance, company, case, at);
    }
    if stage == Stage::Waiting {
        let reason = *chance.one(&["customer", "customer", "supplier"]);
        let change = Change::default().with_text("hold_reason", reason).take("wait");
        stories.change(case.slot, at + 20 * MINUTE, worker, change);
    } else {
        stories.say(case.slot, at + 12 * MINUTE, worker, Audience::Staff, chance.one::<&str>(&NOTES));
    }
}

fn work(stories: &mut Stories, chance: &mut Chance, company: &Company, case: &Case) {
    let rank = match (case.impact, case.urgency) {
        ("high", "high") => 0,
        ("high", "medium") | ("medium", "high") => 1,
        ("high", _) | ("medium", "medium") | ("low", "high") => 2,
        _ => 3,
    };
    let mut at = case.at + chance.length([4, 9, 25, 60][rank] * MINUTE, 0.8).min(6 * HOUR);
    if chance.is(0.02) {
        at += chance.between(2, 5) * DAY;
    }
    let desk = company.who(case.desk);
    let team = SERVICES[case.service].team;
    let passed_on = chance.is(0.45);
    let members = company.members(team);
    let owner = if passed_on { *chance.one(&members) } else { case.desk };
    let (owner_slot, team_slot) = (company.people[owner], company.teams[if passed_on { team } else { 0 }]);
    stories.then(case.slot, at, desk, move |s| {
        let change =
            Change::default().with("assignee", link(s, owner_slot)?).with("team", link(s, team_slot)?);
        Ok(change.take("assign"))
    });
    let worker = company.who(owner);
    at += chance.length([3, 8, 20, 50][rank] * MINUTE, 0.9).min(8 * HOUR);
    stories.change(case.slot, at, worker, Change::default().take("start"));
    if chance.is(0.7) {
        stories.say(case.slot, at + 2 * MINUTE, worker, Audience::Customer, chance.one::<&str>(&ANSWERS));
    }
    if chance.is(0.3) {
        stories.say(case.slot, at + 6 * MINUTE, worker, Audience::Staff, chance.one::<&str>(&NOTES));
    }
    if case.major {
        declare_major(stories, chance, company, case, at);
    }
    if !case.major && chance.is(0.18) {
        at = hold(stories, chance, case, worker, at);
    }
    // a major incident is declared, told and joined to its problem before it can be resolved
    at += if case.major { 80 * MINUTE } else { 0 };
    at += chance.length([35, 110, 300, 700][rank] * MINUTE, 0.75);
    let danger = [HOUR, 4 * HOUR, 14 * HOUR, 28 * HOUR][rank];
    if at - case.at > danger && !case.major && !chance.is(0.04) {
        escalate(stories, company, case, case.at + danger, "The target is in danger.");
    }
    resolve(stories, chance, company, case, worker, at);
}

/// Tells the service owner.
fn escalate(stories: &mut Stories, company: &Company, case: &Case, at: i64, reason: &'static str) {
    let owner = company.people[10];
    stories.then(case.slot, at, company.who(case.desk), move |s| {
        let change =
            Change::default().with("escalated_at", Value::Instant(at)).with("escalated_to", link(s, owner)?);
        Ok(change.with_text("escalation_reason", reason))
    });
}

fn declare_major(stories: &mut Stories, chance: &mut Chance, company: &Company, case: &Case, at: i64) {
    let manager = company.people[10];
    let told = !chance.is(0.12);
    escalate(stories, company, case, at + 3 * MINUTE, "A major incident.");
    stories.then(case.slot, at + 4 * MINUTE, company.who(case.desk), move |s| {
        let change =
            Change::default().with("major", Value::Bool(true)).with("major_manager", link(s, manager)?);
        let declared = Value::Instant(at + 4 * MINUTE);
        Ok(change.with("major_declared_at", declared.clone()).with("major_manager_since", declared))
    });
    let told_at = at + if told { 15 } else { 70 } * MINUTE;
    let top = company.top;
    stories.then(case.slot, told_at, company.who(10), move |s| {
        let change = Change::default().with("top_management_told", link(s, top)?);
        let change = change.with("top_management_told_at", Value::Instant(told_at));
        Ok(change.with("top_management_updated_at", Value::Instant(told_at)))
    });
    stories.say(
        case.slot,
        at + 8 * MINUTE,
        company.who(10),
        Audience::Customer,
        "This is a major incident. I lead its handling and write every half hour until it works again.",
    );
}

fn hold(stories: &mut Stories, chance: &mut Chance, case: &Case, worker: crate::story::Who, at: i64) -> i64 {
    let reason = ["customer", "supplier", "evidence"][chance.weighted(&[60, 30, 10])];
    let begins = at + chance.between(5, 90) * MINUTE;
    stories.change(
        case.slot,
        begins,
        worker,
        Change::default().with_text("hold_reason", reason).take("wait"),
    );
    let ends = begins + chance.length(9 * HOUR, 0.9);
    stories.change(case.slot, ends, worker, Change::default().take("resume"));
    ends
}

fn resolve(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    case: &Case,
    worker: crate::story::Who,
    at: i64,
) {
    let code = ["fixed", "workaround", "no fault found", "user advised"][chance.weighted(&[62, 18, 8, 12])];
    let used = chance.is(0.3);
    let article = *chance.one(&company.articles);
    let (category, solution) = (case.category, case.solution);
    stories.then(case.slot, at, worker, move |s| {
        let mut change = Change::default().with_text("resolution", solution).with_text("closure_code", code);
        change = change.with_text("category", category).with("used_knowledge", Value::Bool(used));
        if used {
            change = change.link("knowledge_used", s.reference(article)?);
        }
        Ok(change.take("resolve"))
    });
    let mut at = at;
    if chance.is(0.03) {
        at += chance.between(2, 40) * HOUR;
        stories.change(case.slot, at, company.who(case.desk), Change::default().take("reopen"));
        stories.say(
            case.slot,
            at + MINUTE,
            company.who(case.desk),
            Audience::Staff,
            "It came back; the first answer was not the cause.",
        );
        at += chance.length(3 * HOUR, 0.7);
        stories.change(
            case.slot,
            at,
            worker,
            Change::default().with_text("resolution", solution).take("resolve"),
        );
    }
    if case.major {
        let held = at + 3 * DAY;
        // one in eight was forgotten, and cannot be closed therefore
        if chance.is(0.12) {
            return;
        }
        review(stories, company, case, held);
        at = held + HOUR;
    }
    if chance.is(0.985) {
        let closes = at + 2 * DAY + chance.between(0, 12) * HOUR;
        let change = Change::default().with("customer_confirmed", Value::Bool(chance.is(0.5))).take("close");
        stories.change(case.slot, closes, company.who(case.desk), change);
    }
}

/// The review of a major incident: held, reported, with the improvement that follows.
fn review(stories: &mut Stories, company: &Company, case: &Case, held: i64) {
    let (incident, manager) = (case.slot, company.who(10));
    let participants = [company.people[10], company.people[11]];
    let improvement = stories.begin("improvement", held - HOUR, manager, move |s| {
        let change = Change::default().with_text("title", "Alarm for the memory of the gateway");
        let change = change.with_text("source", "incident").with_text("subject", "services");
        let change = change.with_text(
            "description",
            "Found late because one alarm was off; a second person is on call as well.",
        );
        Ok(change.link("incidents", s.reference(incident)?))
    });
    let slot = stories.begin("major_incident_review", held - DAY, manager, move |s| {
        let change = Change::default().with_text("title", "Review of the major incident");
        let change = change.with("incident", link(s, incident)?).with("planned_at", Value::Instant(held));
        participants.iter().try_fold(change, |c, person| Ok(c.link("participants", s.reference(*person)?)))
    });
    let change = Change::default()
        .with_text("went_well", "Handled well once it was declared.")
        .with_text("went_badly", "Found late because one alarm was off.");
    stories.change(slot, held, manager, change.take("hold"));
    stories.then(slot, held + 30 * MINUTE, manager, move |s| {
        let change = Change::default()
            .with_text("report", "What happened, who was affected, what was done.")
            .with_text("timeline", "Reported, declared major, second route switched on, solved.")
            .with_text("follow_up", "improvement")
            .with_text(
                "follow_up_reason",
                "An alarm for the memory of the gateway, and a second person on call.",
            )
            .with_text("sent_to", "Top management, service owner and service desk");
        Ok(change.link("improvements", s.reference(improvement)?).take("close"))
    });
}

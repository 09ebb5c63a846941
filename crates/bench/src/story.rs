//! What happens to one incident: its writes and comments in the order of time, by the shares of the real log.

use proofdesk_model::{Change, Reference, Value};

use crate::chance::Chance;
use crate::shares::{
    ASSESSED, CATEGORIES, CHANNELS, CLOSED_AFTER, CODES, EVENTS, HELD, HELD_FOR, HOUR, MINUTE, REASSIGNED,
    RESOLVED_AFTER, RESOLVED_SPREAD, SHARE_CHANGE, SHARE_CONFIRMED, SHARE_HELD, SHARE_ITEM, SHARE_KNOWLEDGE,
    SHARE_PROBLEM, SHARE_REOPENED,
};

const DAY: i64 = 24 * HOUR;
const THINGS: [&str; 24] = [
    "Scanner",
    "Mailbox",
    "Printer",
    "Terminal",
    "Laptop",
    "Router",
    "Share",
    "Calendar",
    "Report",
    "Badge",
    "Handset",
    "Browser",
    "Archive",
    "Invoice",
    "Console",
    "Directory",
    "Profile",
    "Certificate",
    "Gateway",
    "Camera",
    "Display",
    "Tablet",
    "Backup",
    "Licence",
];
const FAULTS: [&str; 16] = [
    "does not start",
    "loses its connection",
    "shows an old value",
    "is slow since the update",
    "cannot be opened",
    "asks for a password again",
    "prints nothing",
    "is full",
    "does not synchronize",
    "stops after a minute",
    "gives error",
    "is missing",
    "cannot be found",
    "is locked",
    "restarts",
    "hangs",
];
const SAID: [&str; 6] = [
    "Looked at it together with the caller; the fault can be reproduced at the place, not from here.",
    "Collected the log files and asked the team for a second opinion before anything is restarted.",
    "The caller confirmed that the first part works again; the rest is tried after the next sign-in.",
    "Replaced the setting by the one of the configuration sheet and watched it for half an hour.",
    "No answer on the phone; left a message with the number of this record and the two questions.",
    "Compared with the neighbour's device: same version, same profile, no fault there.",
];

/// Records that incidents refer to, by number.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Services.
    pub services: Vec<i64>,
    /// Customers.
    pub customers: Vec<i64>,
    /// People who work on incidents.
    pub staff: Vec<i64>,
    /// People who report them.
    pub callers: Vec<i64>,
    /// Teams.
    pub teams: Vec<i64>,
    /// Configuration items.
    pub items: Vec<i64>,
    /// Problems.
    pub problems: Vec<i64>,
    /// Changes.
    pub changes: Vec<i64>,
    /// Articles.
    pub articles: Vec<i64>,
}

/// Something that happens.
pub enum What {
    /// The record changes.
    Write(Box<Change>),
    /// Somebody says something; customers see it or not.
    Say(bool, String),
}

/// A step of a story.
pub struct Step {
    /// When, microseconds UTC.
    pub at: i64,
    /// What.
    pub what: What,
}

/// When a story is told and how it ends.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// The present, microseconds UTC.
    pub now: i64,
    /// It is still being worked on.
    pub open: bool,
    /// Most events.
    pub most_events: usize,
}

/// Tells the story of the incident of this number.
pub fn tell(world: &World, number: i64, frame: Frame) -> Vec<Step> {
    let mut chance = Chance::new(0x5eed ^ number.unsigned_abs());
    let age = if frame.open { chance.between(HOUR, 20 * DAY) } else { chance.between(32 * DAY, 350 * DAY) };
    let reported = frame.now - age;
    let mut teller = Teller { steps: Vec::new(), chance, at: reported, until: frame.now - MINUTE };
    let events = teller.chance.counted(&EVENTS).min(frame.most_events);
    teller.report(world, number, reported, events == 2 && !frame.open);
    if frame.open {
        teller.work_on(world, events, frame.now);
    } else {
        teller.work_off(world, events);
    }
    teller.steps
}

struct Teller {
    steps: Vec<Step>,
    chance: Chance,
    at: i64,
    /// Nothing happens later than this.
    until: i64,
}

impl Teller {
    fn write(&mut self, change: Change) {
        self.at = self.at.min(self.until);
        self.steps.push(Step { at: self.at, what: What::Write(Box::new(change)) });
    }

    fn report(&mut self, world: &World, number: i64, at: i64, resolved: bool) {
        let c = &mut self.chance;
        let (impact, urgency) = c.counted(&ASSESSED);
        let (thing, fault) = (c.one(&THINGS), c.one(&FAULTS));
        let (room, device) = (c.between(1, 225), c.between(1_000, 10_000));
        let category = c.counted(&CATEGORIES);
        let mut change = Change::default()
            .with_text("title", &format!("{thing} {device} {fault} at location {room}"))
            .with_text(
                "description",
                &format!(
                    "{thing} {device} {fault} since this morning. Seen at location {room} by two people; \
                     others of the {} team go on working. Case {number}.",
                    category.to_lowercase()
                ),
            )
            .with("reported_at", Value::Instant(at))
            .with_text("channel", c.counted(&CHANNELS))
            .with_text("category", category)
            .with_text("location", &format!("Location {room}"))
            .with_text("impact", impact)
            .with_text("urgency", urgency)
            .with("priority_confirmed", Value::Bool(c.is(SHARE_CONFIRMED)))
            .with("major", Value::Bool(false));
        change = link(change, c, "service", &world.services, 1.0);
        change = link(change, c, "customer", &world.customers, 1.0);
        change = link(change, c, "reported_by", &world.callers, 1.0);
        change = link(change, c, "team", &world.teams, 0.92);
        change = relate(change, c, "affects", "configuration_item", &world.items, SHARE_ITEM);
        if resolved {
            change = solved(change, world, c);
            change.state = Some("resolved".to_owned());
        }
        self.write(change);
    }

    /// Work that is done: so many events, the report and the closure among them.
    fn work_off(&mut self, world: &World, events: usize) {
        let first = self.at;
        let resolve_after = self.chance.length(RESOLVED_AFTER, RESOLVED_SPREAD).min(18 * DAY);
        let mut left = events.saturating_sub(2);
        if left > 0 {
            left -= 1;
            let middle = self.middle(left);
            let pause = resolve_after / (middle.len() as i64 + 1);
            for step in middle {
                self.at += pause.max(MINUTE);
                self.step(world, step);
            }
            self.at = self.at.max(first + resolve_after);
            self.resolve(world);
        }
        self.at += self.chance.length(CLOSED_AFTER, 0.02);
        let change = Change::default().with_text("closure_code", "fixed").take("close");
        self.write(change);
    }

    /// Work that is not done.
    fn work_on(&mut self, world: &World, events: usize, now: i64) {
        if self.chance.is(0.25) {
            return;
        }
        let mut middle = self.middle(events.saturating_sub(1).max(1));
        if self.chance.is(0.2) && middle.last() != Some(&Kind::Hold) {
            middle.extend([Kind::Assign, Kind::Start, Kind::Hold]);
        }
        let pause = (now - self.at) / (middle.len() as i64 + 1);
        for step in middle {
            self.at += pause;
            self.step(world, step);
        }
    }

    /// What happens between the report and the resolution.
    fn middle(&mut self, mut left: usize) -> Vec<Kind> {
        let mut found = Vec::with_capacity(left);
        let mut take = |kinds: &[Kind], found: &mut Vec<Kind>| {
            if left >= kinds.len() {
                left -= kinds.len();
                found.extend_from_slice(kinds);
            }
        };
        take(&[Kind::Assign], &mut found);
        for _ in 0..self.chance.counted(&REASSIGNED) {
            take(&[Kind::Assign], &mut found);
        }
        take(&[Kind::Start], &mut found);
        let is_started = found.last() == Some(&Kind::Start);
        if is_started && self.chance.is(SHARE_HELD * 1.6) {
            take(&[Kind::Hold, Kind::Resume], &mut found);
        }
        if is_started && self.chance.is(SHARE_REOPENED * 1.5) {
            take(&[Kind::Resolve, Kind::Reopen], &mut found);
        }
        // the other events of the log change nothing but a remark
        found.extend(std::iter::repeat_n(Kind::Say, left));
        found
    }

    fn step(&mut self, world: &World, kind: Kind) {
        match kind {
            Kind::Assign => {
                let change = Change::default()
                    .with("assignee", Value::Link(self.chance.one(&world.staff)))
                    .with("team", Value::Link(self.chance.one(&world.teams)));
                self.write(change.take("assign"));
            }
            Kind::Start => self.write(Change::default().take("start")),
            Kind::Hold => {
                let reason = self.chance.counted(&HELD);
                self.write(Change::default().with_text("hold_reason", reason).take("wait"));
            }
            Kind::Resume => {
                self.at += self.chance.length(HELD_FOR, 1.2).min(6 * DAY);
                self.write(Change::default().take("resume"));
            }
            Kind::Resolve => self.resolve(world),
            Kind::Reopen => self.write(Change::default().take("reopen")),
            Kind::Say => {
                let for_customer = self.chance.is(0.4);
                let body = self.chance.one(&SAID).to_owned();
                self.at = self.at.min(self.until);
                self.steps.push(Step { at: self.at, what: What::Say(for_customer, body) });
            }
        }
    }

    fn resolve(&mut self, world: &World) {
        let state = self.steps.iter().rev().find_map(|step| match &step.what {
            What::Write(change) => change.transition.clone(),
            What::Say(..) => None,
        });
        let mut change = solved(Change::default(), world, &mut self.chance);
        // the log resolves what nobody took; our workflow has no such transition, an import takes the state as given
        match state {
            Some(_) => change = change.take("resolve"),
            None => change.state = Some("resolved".to_owned()),
        }
        self.write(change);
    }
}

/// A kind of step between the report and the closure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Assign,
    Start,
    Hold,
    Resume,
    Resolve,
    Reopen,
    Say,
}

fn solved(change: Change, world: &World, chance: &mut Chance) -> Change {
    let used = chance.is(SHARE_KNOWLEDGE);
    let change = change
        .with_text(
            "resolution",
            "Put the setting back to the documented value and tested it with the caller.",
        )
        .with_text("closure_code", chance.counted(&CODES))
        .with("used_knowledge", Value::Bool(used));
    let change = relate(change, chance, "problems", "problem", &world.problems, SHARE_PROBLEM);
    let change = relate(change, chance, "changes", "change", &world.changes, SHARE_CHANGE);
    let share = if used { 1.0 } else { 0.0 };
    relate(change, chance, "knowledge_used", "knowledge_article", &world.articles, share)
}

fn link(change: Change, chance: &mut Chance, field: &str, among: &[i64], share: f64) -> Change {
    if among.is_empty() || !chance.is(share) {
        return change;
    }
    change.with(field, Value::Link(chance.one(among)))
}

fn relate(change: Change, chance: &mut Chance, field: &str, to: &str, among: &[i64], share: f64) -> Change {
    if among.is_empty() || !chance.is(share) {
        return change;
    }
    change.link(field, Reference::new(to, chance.one(among)))
}

#[cfg(test)]
mod tests {
    use super::{Frame, What, World, tell};

    fn world() -> World {
        let some = vec![1, 2, 3];
        World {
            services: some.clone(),
            customers: some.clone(),
            staff: some.clone(),
            callers: some.clone(),
            teams: some.clone(),
            items: some.clone(),
            problems: some.clone(),
            changes: some.clone(),
            articles: some,
        }
    }

    #[test]
    fn stories_have_as_many_events_as_the_log() {
        let frame = Frame { now: 1_772_442_000_000_000, open: false, most_events: usize::MAX };
        let told: usize = (1..=4_000).map(|number| tell(&world(), number, frame).len()).sum();
        let mean = told as f64 / 4_000.0;
        assert!((mean - 5.7).abs() < 0.25, "{mean}");
    }

    #[test]
    fn a_closed_story_begins_with_the_report_and_ends_with_the_closure_in_order() {
        let frame = Frame { now: 1_772_442_000_000_000, open: false, most_events: usize::MAX };
        for number in 1..500 {
            let steps = tell(&world(), number, frame);
            assert!(steps.is_sorted_by_key(|step| step.at), "{number}");
            assert!(steps.last().is_some_and(|s| s.at < frame.now), "{number}");
            let last = steps.last().map(|step| match &step.what {
                What::Write(change) => change.transition.clone().unwrap_or_default(),
                What::Say(..) => "said".to_owned(),
            });
            assert_eq!(last.as_deref(), Some("close"), "{number}");
        }
    }

    #[test]
    fn the_same_number_tells_the_same_story() {
        let frame = Frame { now: 1_772_442_000_000_000, open: true, most_events: usize::MAX };
        let times = |number| tell(&world(), number, frame).iter().map(|s| s.at).collect::<Vec<_>>();
        assert_eq!(times(17), times(17));
        assert_ne!(times(17), times(18));
    }
}

//! Random clocks against an independent simulator that steps minute by minute and asks the wall
//! clock. It shares nothing with the crate but the types of events: its own windows, its own state
//! machine, its own due and breach.

use super::iso;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proofdesk_calendar::{
    ClockDefinition, ClockEvent, ClockKind, ClockState, ReopenPolicy, RetargetPolicy, ServiceHours, Target,
    What, evaluate,
};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use std::collections::{BTreeSet, HashMap};

const MINUTE: i64 = 60_000_000;
/// How far the simulator looks for a due time.
const HORIZON: i64 = 45 * 24 * 60;
const ZONES: [&str; 8] = [
    "Europe/Vienna",
    "Australia/Lord_Howe",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Sydney",
    "America/St_Johns",
    "UTC",
    "Africa/Casablanca",
];
/// Days on which something happens in one of the zones, and a plain week; minutes since 1970.
const BEGINNINGS: [&str; 7] = [
    "2026-03-27T00:00Z",
    "2026-10-23T00:00Z",
    "2026-10-30T00:00Z",
    "2026-04-03T00:00Z",
    "2026-10-02T00:00Z",
    "2026-11-20T00:00Z",
    "2026-02-13T00:00Z",
];

/// Hours of one zone as the simulator sees them: minutes of local days.
#[derive(Debug, Clone)]
struct Zone {
    name: &'static str,
    week: [Vec<(i64, i64)>; 7],
    /// Days after the beginning whose windows are replaced.
    exceptions: Vec<(i64, Vec<(i64, i64)>)>,
}

#[derive(Debug, Clone)]
struct Hours(Vec<Zone>);

fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

impl Hours {
    fn text(&self, beginning: Timestamp) -> String {
        let mut parts = Vec::new();
        for zone in &self.0 {
            let windows = |w: &[(i64, i64)]| -> String {
                w.iter().map(|(from, to)| format!(" {}-{}", clock(*from), clock(*to))).collect()
            };
            let mut text = format!("zone {}\n", zone.name);
            for (day, list) in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().zip(&zone.week) {
                if !list.is_empty() {
                    text += &format!("{day}{}\n", windows(list));
                }
            }
            let mut seen = BTreeSet::new();
            for (after, list) in &zone.exceptions {
                let date = (beginning + jiff::Span::new().hours(24 * after)).to_zoned(TimeZone::UTC).date();
                if seen.insert(date) {
                    let what = if list.is_empty() { " closed".to_owned() } else { windows(list) };
                    text += &format!("{date}{what} special\n");
                }
            }
            parts.push(text);
        }
        parts.join("and\n")
    }

    /// For each minute after the beginning: whether the wall clock of any zone is in a window.
    fn open(&self, beginning: Timestamp) -> Vec<bool> {
        let mut open = vec![false; HORIZON as usize];
        for zone in &self.0 {
            let tz = TimeZone::get(zone.name).unwrap();
            let mut exceptions = HashMap::new();
            for (after, list) in &zone.exceptions {
                let date = (beginning + jiff::Span::new().hours(24 * after)).to_zoned(TimeZone::UTC).date();
                exceptions.entry(date).or_insert(list);
            }
            // Every offset of these zones, before and after any change, is a multiple of a quarter
            // of an hour, so the wall clock is asked once per quarter and counted on inside it.
            for (quarter, flags) in open.chunks_mut(15).enumerate() {
                let at = Timestamp::from_second(beginning.as_second() + 900 * quarter as i64).unwrap();
                let wall = tz.to_datetime(at);
                let weekday = wall.date().weekday().to_monday_zero_offset() as usize;
                let windows = exceptions.get(&wall.date()).copied().unwrap_or(&zone.week[weekday]);
                let time = i64::from(wall.hour()) * 60 + i64::from(wall.minute());
                assert_eq!(time % 15, 0);
                for (time, flag) in (time..).zip(flags) {
                    *flag |= windows.iter().any(|(from, to)| (*from..*to).contains(&time));
                }
            }
        }
        open
    }
}

#[derive(Debug, Clone)]
enum Step {
    Pause,
    Resume,
    Stop,
    Reopen,
    Retarget(i64, Option<usize>),
    Cancel,
    Suppress(i64, i64),
}

#[derive(Debug, Clone)]
struct Case {
    beginning: &'static str,
    hours: [Hours; 2],
    target: i64,
    start: i64,
    attached_after: i64,
    /// Minutes after the event before, and what happens.
    steps: Vec<(i64, Step)>,
    now_after: i64,
    reopen: ReopenPolicy,
    retarget: RetargetPolicy,
    percent: u32,
}

/// What the simulator says, in minutes after the beginning.
#[derive(Debug, PartialEq)]
struct Said {
    state: ClockState,
    target: i64,
    elapsed: i64,
    due: Option<i64>,
    breach: Option<i64>,
    recorded: Option<i64>,
    fires: Option<i64>,
    risk: Option<i64>,
    prior: Vec<(i64, i64, i64, bool)>,
}

/// One instance in the making: the minutes in which it ran.
struct Sim<'a> {
    open: [&'a [bool]; 2],
    hours: usize,
    state: ClockState,
    ran: Vec<bool>,
    gap: Vec<i64>,
    gap_counts: bool,
    target: i64,
    revealed: i64,
    suppressed: Vec<bool>,
    prior: Vec<(i64, i64, i64, bool)>,
}

impl Sim<'_> {
    fn counted(&self, until: i64) -> Vec<i64> {
        let open = self.open[self.hours];
        let counts = |m: &usize| self.ran[*m] && open[*m] && !self.suppressed[*m];
        (0..until as usize).filter(counts).map(|minute| minute as i64).collect()
    }

    fn keep(&mut self, minute: i64) {
        let elapsed = self.counted(minute).len() as i64;
        self.prior.push((minute, self.target, elapsed, elapsed > self.target));
    }

    fn suppress(&mut self, from: i64, length: i64) {
        self.suppressed[from as usize..(from + length) as usize].fill(true);
    }

    fn step(&mut self, case: &Case, minute: i64, step: &Step) {
        use ClockState::{Cancelled, Paused, Running, Stopped};
        match (step, self.state) {
            (Step::Suppress(after, length), _) => self.suppress(minute + after, *length),
            (_, Cancelled) => {}
            (Step::Pause, Running) => self.state = Paused,
            (Step::Resume, Paused) => self.state = Running,
            (Step::Stop, Running | Paused) => {
                self.gap_counts = self.state == Running;
                self.gap.clear();
                self.state = Stopped;
            }
            (Step::Reopen, Stopped) => {
                match case.reopen {
                    ReopenPolicy::Resume => {}
                    ReopenPolicy::CountGap if self.gap_counts => {
                        for minute in std::mem::take(&mut self.gap) {
                            self.ran[minute as usize] = true;
                        }
                    }
                    ReopenPolicy::CountGap => {}
                    ReopenPolicy::Restart => {
                        self.keep(minute);
                        self.ran.fill(false);
                        self.revealed = minute;
                    }
                }
                self.state = Running;
            }
            (Step::Retarget(target, hours), _) => {
                self.keep(minute);
                self.target = *target;
                self.hours = hours.unwrap_or(self.hours);
                self.revealed = self.revealed.max(minute);
                if case.retarget == RetargetPolicy::Restart {
                    self.ran.fill(false);
                    self.gap.clear();
                    self.revealed = minute;
                }
            }
            (Step::Cancel, _) => self.state = Cancelled,
            _ => {}
        }
    }
}

/// Steps through every minute.
fn simulate(case: &Case, open: [&[bool]; 2]) -> Said {
    let mut events = Vec::new();
    let mut minute = case.start;
    for (after, step) in &case.steps {
        minute += after;
        events.push((minute, step));
    }
    let now = minute + case.now_after;
    let mut sim = Sim {
        open,
        hours: 0,
        state: ClockState::Running,
        ran: vec![false; HORIZON as usize],
        gap: Vec::new(),
        gap_counts: false,
        target: case.target,
        revealed: case.start + case.attached_after,
        suppressed: vec![false; HORIZON as usize],
        prior: Vec::new(),
    };
    let mut next = events.iter().peekable();
    for minute in case.start..=now {
        while let Some((_, step)) = next.next_if(|(at, _)| *at == minute) {
            sim.step(case, minute, step);
        }
        if minute == now {
            break;
        }
        match sim.state {
            ClockState::Running => sim.ran[minute as usize] = true,
            ClockState::Stopped => sim.gap.push(minute),
            _ => {}
        }
    }
    let elapsed = sim.counted(now).len() as i64;
    if matches!(sim.state, ClockState::Running | ClockState::Paused) {
        sim.ran[now as usize..].fill(true);
    }
    let all = sim.counted(HORIZON);
    // The minute after the n-th counted one; the n+1-th counted minute begins the breach.
    let after = |count: i64| all.get(usize::try_from(count - 1).unwrap()).map(|minute| minute + 1);
    let beyond = all.get(usize::try_from(sim.target).unwrap()).copied();
    let breach = beyond.filter(|_| elapsed > sim.target);
    Said {
        state: sim.state,
        target: sim.target,
        elapsed,
        due: after(sim.target),
        breach,
        recorded: breach.map(|minute| minute.max(sim.revealed)),
        fires: beyond.filter(|_| elapsed <= sim.target && sim.state == ClockState::Running),
        risk: after((sim.target * i64::from(case.percent) / 100).max(1)),
        prior: sim.prior,
    }
}

/// Asks the crate the same.
fn ask(case: &Case, beginning: Timestamp) -> Said {
    let base = beginning.as_microsecond();
    let at = |minute: i64| base + minute * MINUTE;
    let shelf: HashMap<String, ServiceHours> =
        [0, 1].map(|i| (i.to_string(), ServiceHours::parse(&case.hours[i].text(beginning)).unwrap())).into();
    let definition = ClockDefinition {
        name: "simulated".into(),
        kind: ClockKind::Service,
        version: String::new(),
        target: Target::minutes(case.target),
        hours: "0".into(),
        reopen: case.reopen,
        retarget: case.retarget,
        at_risk_percents: vec![case.percent],
        pause_reasons: None,
    };
    let mut minute = case.start;
    let attached = Some(at(minute + case.attached_after));
    let mut events = vec![ClockEvent { at: at(minute), what: What::Start { attached } }];
    for (after, step) in &case.steps {
        minute += after;
        let what = match step {
            Step::Pause => What::Pause { reason: "customer".into() },
            Step::Resume => What::Resume,
            Step::Stop => What::Stop,
            Step::Reopen => What::Reopen,
            Step::Cancel => What::Cancel,
            Step::Retarget(target, hours) => {
                What::Retarget { target: Target::minutes(*target), hours: hours.map(|key| key.to_string()) }
            }
            Step::Suppress(after, length) => What::Suppress {
                from: at(minute + after),
                to: at(minute + after + length),
                reason: "maintenance".into(),
                record: "CHG-1".into(),
                approval: "board".into(),
            },
        };
        events.push(ClockEvent { at: at(minute), what });
    }
    let shown = evaluate(&definition, &events, at(minute + case.now_after), &shelf).unwrap();
    // The simulator does not look further than its horizon.
    let back = |instant: Option<i64>| {
        instant.map(|instant| (instant - base) / MINUTE).filter(|minute| *minute <= HORIZON)
    };
    if let Some(risk) = shown.at_risk[0].at.filter(|_| shown.at_risk[0].reached) {
        assert!(risk <= at(minute + case.now_after), "reached in the future: {}", iso(risk));
    }
    Said {
        state: shown.state,
        target: shown.target_seconds / 60,
        elapsed: shown.elapsed_seconds / 60,
        due: back(shown.due_at),
        breach: back(shown.breach_at),
        recorded: back(shown.breach_recorded_at),
        fires: back(shown.breach_fires_at).filter(|minute| *minute < HORIZON),
        risk: back(shown.at_risk[0].at),
        prior: shown
            .prior
            .iter()
            .map(|p| {
                ((p.ended_at - base) / MINUTE, p.target_seconds / 60, p.elapsed_seconds / 60, p.breached)
            })
            .collect(),
    }
}

fn windows() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop_oneof![
        2 => Just(vec![]),
        4 => Just(vec![(8 * 60, 17 * 60)]),
        1 => Just(vec![(0, 1440)]),
        1 => Just(vec![(0, 6 * 60), (22 * 60, 1440)]),
        2 => Just(vec![(90, 165), (480, 720), (780, 1020)]),
        2 => (0_i64..1440, 1_i64..600).prop_map(|(from, length)| vec![(from, (from + length).min(1440))]),
    ]
}

fn zone() -> impl Strategy<Value = Zone> {
    let exceptions = prop::collection::vec((0_i64..20, windows()), 0..3);
    (prop::sample::select(&ZONES[..]), prop::array::uniform7(windows()), exceptions)
        .prop_map(|(name, week, exceptions)| Zone { name, week, exceptions })
}

fn hours() -> impl Strategy<Value = Hours> {
    prop_oneof![3 => prop::collection::vec(zone(), 1..2), 1 => prop::collection::vec(zone(), 2..4)]
        .prop_map(Hours)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => Just(Step::Pause),
        5 => Just(Step::Resume),
        3 => Just(Step::Stop),
        3 => Just(Step::Reopen),
        2 => (1_i64..3000, prop::option::of(0_usize..2)).prop_map(|(target, hours)| Step::Retarget(target, hours)),
        1 => Just(Step::Cancel),
        1 => (-2000_i64..2000, 1_i64..900).prop_map(|(after, length)| Step::Suppress(after, length)),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let gap = prop_oneof![1 => Just(0_i64), 4 => 1_i64..1500];
    let steps = prop::collection::vec((gap, step()), 0..9);
    let hours = [hours(), hours()];
    let reopen =
        prop::sample::select(vec![ReopenPolicy::Resume, ReopenPolicy::CountGap, ReopenPolicy::Restart]);
    let restart = any::<bool>();
    let times = (1_i64..3000, 2000_i64..5000, prop_oneof![Just(0_i64), 1_i64..2000], 0_i64..3000);
    let percent = prop::sample::select(vec![50_u32, 75, 90, 100]);
    (prop::sample::select(&BEGINNINGS[..]), hours, steps, reopen, restart, times, percent).prop_map(
        |(beginning, hours, steps, reopen, restart, (target, start, attached_after, now_after), percent)| {
            Case {
                beginning,
                hours,
                target,
                start,
                attached_after,
                steps,
                now_after,
                reopen,
                retarget: if restart { RetargetPolicy::Restart } else { RetargetPolicy::KeepElapsed },
                percent,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn clocks_agree_with_a_minute_by_minute_simulation(case in case()) {
        let beginning: Timestamp = case.beginning.parse().unwrap();
        let open = [case.hours[0].open(beginning), case.hours[1].open(beginning)];
        let said = simulate(&case, [&open[0], &open[1]]);
        let mut asked = ask(&case, beginning);
        if said.target * i64::from(case.percent) / 100 == 0 {
            // Nothing to use up: at risk from the start, which the simulator does not model.
            asked.risk = said.risk;
        }
        proptest::prop_assert_eq!(asked, said);
    }

    #[test]
    fn hours_agree_with_the_wall_clock(hours in hours(), beginning in prop::sample::select(&BEGINNINGS[..]), from in 0_i64..20_000, length in 0_i64..20_000) {
        let beginning: Timestamp = beginning.parse().unwrap();
        let open = hours.open(beginning);
        let ours = ServiceHours::parse(&hours.text(beginning)).unwrap();
        let at = |minute: i64| beginning.as_microsecond() + minute * MINUTE;
        let counted = open[from as usize..(from + length) as usize].iter().filter(|open| **open).count() as i64;
        proptest::prop_assert_eq!(ours.measure(at(from), at(from + length)), counted * 60);
        proptest::prop_assert_eq!(ours.is_open(at(from)), open[from as usize]);
        let sum: i64 = ours.open_intervals(at(from), at(from + length)).map(|(a, b)| (b - a) / MINUTE).sum();
        proptest::prop_assert_eq!(sum, counted);
        if let Some(reached) = ours.add(at(from), counted * 60) {
            proptest::prop_assert!(reached <= at(from + length));
            proptest::prop_assert_eq!(ours.measure(at(from), reached), counted * 60);
        }
        proptest::prop_assert_eq!(ServiceHours::parse(&ours.to_string()).unwrap(), ours);
    }
}

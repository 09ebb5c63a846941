//! Every shipped test over a made-up population: it has a record that passes and one that fails (a test that nothing
//! can fail, fails), and the store's counts are those of judging record by record.

use std::collections::BTreeMap;

use proofdesk_conformity::control::Kind as TestKind;
use proofdesk_conformity::{Conformity, Declarations, NewJudgement, Opinion, Scope, State};
use proofdesk_engine::{Caller, Change, Door, Reference};
use proofdesk_model::{Action, Checked, Draft, Facts, Kind, Permit, RecordType, RuleSet, Stamp, Value};
use proofdesk_store::{Extra, Question};

use crate::world::{DAY, MORNING, World, on_both, registry};

/// Records of each type.
const EACH: u64 = 600;

/// A small generator of numbers, the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn percent(&mut self, share: u64) -> bool {
        self.roll(100) < share
    }

    fn signed(&mut self, most: i64) -> i64 {
        i64::try_from(self.roll(u64::try_from(2 * most + 1).unwrap())).unwrap() - most
    }
}

/// A record with values of every kind; instants mostly follow one another in the order of the form.
fn made_up(of: &RecordType, dice: &mut Dice) -> Change {
    let state = &of.states[usize::try_from(dice.roll(of.states.len() as u64)).unwrap()];
    let mut change = Change { state: Some(state.name.clone()), ..Change::default() };
    let mut at = MORNING - i64::try_from(dice.roll(300)).unwrap() * DAY;
    let full = dice.percent(30);
    for field in of.fields.values() {
        at += i64::try_from(dice.roll(40)).unwrap() * DAY / 20;
        if !field.required && !full && dice.percent(20) {
            if !matches!(field.kind, Kind::Links { .. } | Kind::Money) {
                change = change.with(&field.name, Value::Null);
            }
            continue;
        }
        let number = |dice: &mut Dice| i64::try_from(dice.roll(EACH)).unwrap() + 1;
        let value = match &field.kind {
            Kind::Text { .. } | Kind::Markdown => Value::Text("words".to_owned()),
            Kind::Int { .. } | Kind::File => Value::Int(number(dice) % 5 + 1),
            Kind::Decimal | Kind::Money => continue,
            Kind::Duration => Value::Duration(DAY),
            Kind::Instant if dice.percent(15) => Value::Instant(MORNING + dice.signed(60) * DAY),
            Kind::Instant => Value::Instant(at),
            Kind::Day => Value::Day(i32::try_from(MORNING / DAY + dice.signed(90)).unwrap()),
            Kind::Choice(options) => {
                Value::Text(options[usize::try_from(dice.roll(options.len() as u64)).unwrap()].name.clone())
            }
            Kind::Choices(options) => {
                Value::Choices(options.iter().filter(|_| dice.percent(50)).map(|o| o.name.clone()).collect())
            }
            Kind::YesNo => Value::Bool(dice.percent(50)),
            Kind::Link { .. } | Kind::Person | Kind::Team => Value::Link(number(dice)),
            Kind::Links { to, .. } => {
                // some records are linked to often, others by each type
                let often = i64::try_from(of.name.len()).unwrap() * 7;
                for _ in 0..dice.roll(2) * dice.roll(3) {
                    let other = number(dice);
                    let other = if dice.percent(25) { other % 3 + often } else { other };
                    change = change.link(&field.name, Reference::new(to.clone(), other));
                }
                continue;
            }
        };
        change = change.with(&field.name, value);
    }
    change
}

/// Fills the world with records of every type, and changes every third a few times.
async fn fill(world: &World, seed: u64) {
    let caller = Caller::system("history");
    let mut dice = Dice(seed);
    for of in registry().types() {
        let write = |change: Change, before: Option<&Checked>, number, ago: u64| {
            let occurred_at = MORNING - i64::try_from(ago).unwrap() * DAY;
            let stamp = Stamp { at: MORNING, occurred_at, door: Door::Import };
            let action = if before.is_some() { Action::Update } else { Action::Create };
            let permit: Permit = of.permit(&caller, action, None).unwrap();
            let before = before.map(|b| b.after().clone());
            let draft = Draft::new(of, before, change, &caller, stamp).unwrap_or_else(|p| panic!("{p}"));
            let checked = draft.check(&RuleSet::default(), &Facts::default()).unwrap().numbered(number);
            (permit, checked, Extra { id: uuid::Uuid::now_v7(), ..Extra::default() })
        };
        let first = world.engine.store().allocate(&of.name, usize::try_from(EACH).unwrap()).await.unwrap();
        let mut writes = Vec::new();
        for number in first..first + i64::try_from(EACH).unwrap() {
            writes.push(write(made_up(of, &mut dice), None, number, dice.roll(60)));
            for _ in 0..dice.roll(3) * 2 {
                let again = write(Change::default(), writes.last().map(|(_, c, _)| c), number, dice.roll(60));
                writes.push(again);
            }
        }
        world.engine.store().write_many(writes, &registry()).await.unwrap();
    }
}

async fn results(conformity: &Conformity) -> BTreeMap<String, (State, [u64; 3])> {
    let run = conformity.runs(&Scope::all(), 1).await.unwrap()[0].id;
    let (_, results) = conformity.run_results(run).await.unwrap();
    let counts = |r: &proofdesk_conformity::ResultRow| [r.counts.holds, r.counts.fails, r.counts.errors];
    results.iter().map(|r| (r.test.clone(), (r.state, counts(r)))).collect()
}

async fn every_test_can_pass_and_fail(world: World) {
    fill(&world, 42).await;
    let declarations = Declarations::shipped(&registry()).unwrap_or_else(|m| panic!("{m}"));
    let conformity = world.conformity(declarations);
    conformity.run(&Scope::all(), "test", Door::Cli).await.unwrap();
    let found = results(&conformity).await;
    let mut lazy = Vec::new();
    for test in conformity.declarations().controls.tests.values() {
        let (_, [holds, fails, _]) = found[&test.id];
        if !test.sides().is_empty() && (holds == 0 || fails == 0) {
            lazy.push(format!("{} holds {holds} fails {fails}", test.id));
        }
    }
    assert_eq!(lazy, Vec::<String>::new(), "each must have a record that passes and one that fails");
    counts_are_those_of_single_questions(&world, &conformity, &found).await;
    clocks_and_people_turn_the_others(&world, &conformity).await;
}

/// The one pass of a run counts as a question of its own does.
async fn counts_are_those_of_single_questions(
    world: &World,
    conformity: &Conformity,
    found: &BTreeMap<String, (State, [u64; 3])>,
) {
    let now = world.time_now();
    let context = proofdesk_model::Context { now, today: i32::try_from(now / DAY).unwrap(), user: None };
    for test in conformity.declarations().controls.tests.values() {
        let mut sum = [0, 0, 0];
        for side in test.sides() {
            let of = world.engine.require_type(&side.population.record_type).unwrap();
            let population = side.population.members.as_ref();
            let question = Question { of: &of, population, must: &side.all, only: None, exceptions_limit: 5 };
            let verdicts = world.engine.store().verdicts(question, &context).await.unwrap();
            let own = [verdicts.holds, verdicts.fails, verdicts.errors + verdicts.unknown];
            (0..3).for_each(|i| sum[i] += own[i]);
        }
        if !test.sides().is_empty() {
            assert_eq!(found[&test.id].1, sum, "{}", test.id);
            let page = conformity.exceptions(&test.id, &Scope::all(), None, 1_000).await.unwrap();
            assert_eq!(page.total, sum[1] + sum[2], "{}", test.id);
            let silent: Vec<_> = page.items.iter().filter(|i| i.why.is_empty()).collect();
            assert!(silent.is_empty(), "{}: every exception says why: {silent:?}", test.id);
        }
    }
}

/// Cadences run out, and people answer both ways.
async fn clocks_and_people_turn_the_others(world: &World, conformity: &Conformity) {
    let fresh = |t: &&proofdesk_conformity::Test| matches!(t.kind, TestKind::Fresh(_));
    let attest = |t: &&proofdesk_conformity::Test| matches!(t.kind, TestKind::Attest(_));
    let tests = || conformity.declarations().controls.tests.values();
    let early = results(conformity).await;
    for test in tests().filter(fresh) {
        assert_eq!(early[&test.id].0, State::Conforming, "{}", test.id);
    }
    for test in tests().filter(attest) {
        assert_eq!(early[&test.id].0, State::JudgementDue, "{}", test.id);
    }
    let judge = Caller::person(1, "Ilse Brandt", ["sms_manager"]);
    for (opinion, state) in
        [(Opinion::Adequate, State::Conforming), (Opinion::Inadequate, State::Nonconforming)]
    {
        for test in tests().filter(attest) {
            let new = NewJudgement {
                framework: test.serves[0].framework.clone(),
                obligation: test.serves[0].obligation.clone(),
                test: Some(test.id.clone()),
                opinion,
                reason: "Asked and looked.".to_owned(),
                expires_on: None,
            };
            conformity.record_judgement(&judge, &new, Door::Cli).await.unwrap();
        }
        conformity.run(&Scope::all(), "judged", Door::Cli).await.unwrap();
        let judged = results(conformity).await;
        for test in tests().filter(attest) {
            assert_eq!(judged[&test.id].0, state, "{}", test.id);
        }
    }
    world.time.advance(600 * DAY);
    conformity.run(&Scope::all(), "late", Door::Cli).await.unwrap();
    let late = results(conformity).await;
    for test in tests().filter(fresh) {
        assert_eq!(late[&test.id].0, State::Nonconforming, "{}", test.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_shipped_test_has_a_record_that_passes_and_one_that_fails() {
    on_both(every_test_can_pass_and_fail).await;
}

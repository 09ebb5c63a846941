//! Puts all tests to the store: one pass a record type for everything that is judged record by record.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use proofdesk_condition::Condition;
use proofdesk_model::{Context, Value};
use proofdesk_store::{Asked, Verdict};

use crate::conformity::{Conformity, EXCEPTIONS_KEPT};
use crate::control::{AtLeast, Attest, Each, Fresh, Interval, Kind, Test};
use crate::error::Error;
use crate::run::cadences::Cadenced;
use crate::scope::Scope;
use crate::state::{Counts, SourceState, State, of_age, of_counts, of_number, of_opinion, of_ratio};
use crate::tables::{ExceptionRow, JudgementRow};
use crate::tree::{Steps, grow};
use crate::why::{Standing, Why, judge};

/// What a test answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub state: State,
    pub counts: Counts,
    pub detail: Option<String>,
    pub exceptions: Vec<ExceptionRow>,
    /// The instant of the newest record, of `fresh`.
    pub newest: Option<i64>,
    /// From the start of the run to the question, microseconds.
    pub started: i64,
    /// How long the question took, microseconds.
    pub duration: i64,
}

/// One side of a test, with its population narrowed to the scope.
struct Side<'a> {
    test: &'a Test,
    each: &'a Each,
    members: Option<Condition>,
}

/// What the store said about one side.
#[derive(Clone)]
struct Found {
    source: SourceState,
    counts: Counts,
    exceptions: Vec<ExceptionRow>,
    detail: Option<String>,
    started: i64,
    duration: i64,
}

/// A run on its way.
pub(crate) struct Asking<'a> {
    pub conformity: &'a Conformity,
    pub scope: &'a Scope,
    pub context: Context,
    pub judgements: &'a [JudgementRow],
    pub cadenced: &'a Cadenced,
    pub began: Instant,
}

pub(crate) fn micros(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX)
}

impl Asking<'_> {
    /// Asks every test whose types the scope names. A question that fails makes its tests "not proven".
    pub async fn all(&self) -> Result<BTreeMap<String, Answer>, Error> {
        let tests: Vec<&Test> = self.conformity.declarations().controls.tests.values().collect();
        self.some(&tests).await
    }

    /// Asks those of some tests whose types the scope names.
    pub async fn some(&self, tests: &[&Test]) -> Result<BTreeMap<String, Answer>, Error> {
        let asked = |t: &&&Test| t.populations().iter().all(|p| self.scope.asks(&p.record_type));
        let mut sides: BTreeMap<&str, Vec<Side<'_>>> = BTreeMap::new();
        for test in tests.iter().filter(asked) {
            for each in test.sides() {
                let members = self.scope.members(&each.population, self.conformity.engine().registry())?;
                let of = each.population.record_type.as_str();
                sides.entry(of).or_default().push(Side { test, each, members });
            }
        }
        let mut found: HashMap<&str, Vec<Found>> = HashMap::new();
        for (record_type, sides) in &sides {
            let answers = self.judge_type(record_type, sides).await;
            for (side, answer) in sides.iter().zip(answers) {
                found.entry(side.test.id.as_str()).or_default().push(answer);
            }
        }
        let mut answers = BTreeMap::new();
        for test in tests.iter().filter(asked) {
            let answer = match &test.kind {
                Kind::Fresh(fresh) => self.fresh(fresh).await,
                Kind::Attest(attest) => self.attest(test, attest),
                Kind::Each(_) | Kind::AtLeast(_) | Kind::Ratio(_) | Kind::Reconcile(_) => {
                    conclude(test, found.remove(test.id.as_str()).unwrap_or_default())
                }
            };
            answers.insert(test.id.clone(), answer);
        }
        Ok(answers)
    }

    /// Judges all records of one type by all sides at once.
    async fn judge_type(&self, record_type: &str, sides: &[Side<'_>]) -> Vec<Found> {
        let started = micros(self.began);
        let begin = Instant::now();
        let result = self.try_judge_type(record_type, sides).await;
        let duration = micros(begin);
        match result {
            Ok(mut found) => {
                found.iter_mut().for_each(|f| (f.started, f.duration) = (started, duration));
                found
            }
            Err(error) => {
                tracing::warn!(record_type, %error, "conformity: the question could not be put");
                let failed = Found {
                    source: SourceState::Failed,
                    counts: Counts::default(),
                    exceptions: Vec::new(),
                    detail: Some(format!("The question could not be put: {error}")),
                    started,
                    duration,
                };
                vec![failed; sides.len()]
            }
        }
    }

    async fn try_judge_type(&self, record_type: &str, sides: &[Side<'_>]) -> Result<Vec<Found>, Error> {
        let engine = self.conformity.engine();
        let of = engine.require_type(record_type)?;
        let store = engine.store();
        let present = store.count(&of, None, &self.context, Some(1)).await? > 0;
        let source = if present { SourceState::Present } else { SourceState::Empty };
        let asked: Vec<Asked<'_>> = sides
            .iter()
            .map(|s| Asked {
                population: s.members.as_ref(),
                must: &s.each.all,
                named: if s.test.counts_only() { 0 } else { EXCEPTIONS_KEPT },
            })
            .collect();
        let mut counted = store.census(&of, &asked, &self.context).await?;
        for (verdicts, _) in counted.iter_mut().zip(sides).filter(|(_, side)| side.test.counts_only()) {
            (verdicts.fails, verdicts.errors, verdicts.unknown) = (0, 0, 0);
        }
        let named: Vec<_> = counted.iter_mut().map(|v| std::mem::take(&mut v.exceptions)).collect();
        let whys = self.explain(record_type, sides, &named).await?;
        let found = counted.iter().zip(whys).map(|(verdicts, exceptions)| Found {
            source,
            counts: Counts {
                holds: verdicts.holds,
                fails: verdicts.fails,
                errors: verdicts.errors + verdicts.unknown,
            },
            exceptions,
            detail: (!present).then(|| format!("There is no {} at all.", of.label.to_lowercase())),
            started: 0,
            duration: 0,
        });
        Ok(found.collect())
    }

    /// Says why each named record is an exception; every record is loaded once for all tests.
    async fn explain(
        &self,
        record_type: &str,
        sides: &[Side<'_>],
        named: &[Vec<(i64, Verdict)>],
    ) -> Result<Vec<Vec<ExceptionRow>>, Error> {
        let engine = self.conformity.engine();
        let of = engine.require_type(record_type)?;
        let numbers: BTreeSet<i64> = named.iter().flatten().map(|(number, _)| *number).collect();
        let numbers: Vec<i64> = numbers.into_iter().collect();
        let wanted = sides.iter().zip(named).filter(|(_, n)| !n.is_empty());
        let conditions =
            wanted.flat_map(|(s, _)| s.each.musts.iter().map(|m| &m.condition).chain(s.members.as_ref()));
        let steps = Steps::of(conditions);
        let mut rows: Vec<BTreeMap<i64, ExceptionRow>> = vec![BTreeMap::new(); sides.len()];
        let at: Vec<HashMap<i64, Verdict>> = named.iter().map(|n| n.iter().copied().collect()).collect();
        for some in numbers.chunks(500) {
            let records = engine.store().load_many(&of, some).await?;
            for tree in grow(engine, records, &steps).await? {
                let number = tree.record.number;
                for ((side, verdicts), rows) in sides.iter().zip(&at).zip(&mut rows) {
                    let Some(verdict) = verdicts.get(&number) else { continue };
                    let (_, why) = judge(side.each, side.members.as_ref(), &tree, &self.context);
                    let standing = if *verdict == Verdict::Fails { Standing::Fails } else { Standing::Error };
                    let record_type = record_type.to_owned();
                    rows.insert(number, ExceptionRow { seq: 0, record_type, number, standing, why });
                }
            }
        }
        Ok(rows.into_iter().map(|rows| rows.into_values().collect()).collect())
    }

    /// Looks for the newest record and how old it is.
    async fn fresh(&self, fresh: &Fresh) -> Answer {
        let started = micros(self.began);
        let begin = Instant::now();
        let plain = |state, detail| {
            let counts = Counts { fails: u64::from(state == State::Nonconforming), ..Counts::default() };
            Answer {
                state,
                counts,
                detail: Some(detail),
                exceptions: Vec::new(),
                newest: None,
                started: 0,
                duration: 0,
            }
        };
        let every = match &fresh.every {
            Interval::Every(every) => Ok(Some(*every)),
            Interval::Cadence { duty, .. } => self.cadenced.every(self.conformity, duty),
        };
        let answer = match (self.newest(fresh).await, every) {
            (Err(error), _) => plain(State::NotProven, format!("The question could not be put: {error}")),
            (_, Err(error)) => plain(State::NotProven, format!("The cadences could not be read: {error}")),
            (Ok((source, newest)), Ok(Some(every))) => {
                stand_of_newest(fresh, every, source, newest, self.context.now)
            }
            (Ok((_, newest)), Ok(None)) => {
                let says = match &fresh.every {
                    Interval::Cadence { label, .. } => format!("No cadence is set for \"{label}\"."),
                    Interval::Every(_) => fresh.says.clone(),
                };
                let newest = newest.and_then(|(_, at)| at);
                Answer { newest, ..plain(State::Nonconforming, says) }
            }
        };
        Answer { started, duration: micros(begin), ..answer }
    }

    async fn newest(&self, fresh: &Fresh) -> Result<(SourceState, Option<(i64, Option<i64>)>), Error> {
        let engine = self.conformity.engine();
        let of = engine.require_type(&fresh.population.record_type)?;
        if engine.store().count(&of, None, &self.context, Some(1)).await? == 0 {
            return Ok((SourceState::Empty, None));
        }
        let members = self.scope.members(&fresh.population, engine.registry())?;
        let found = engine.store().largest(&of, &fresh.at, members.as_ref(), &self.context).await?;
        let newest = found.map(|(number, value)| {
            let at = match value {
                Value::Instant(at) => Some(at),
                Value::Day(day) => Some(i64::from(day) * 86_400_000_000),
                _ => None,
            };
            (number, at)
        });
        Ok((SourceState::Present, newest))
    }

    fn attest(&self, test: &Test, attest: &Attest) -> Answer {
        let held = crate::judgement::in_force(
            self.judgements.iter().filter(|j| j.test.as_deref() == Some(test.id.as_str())),
            Some(attest.every),
            self.context.now,
        );
        let opinion = held.map(|j| j.opinion);
        let state = of_opinion(opinion);
        Answer {
            state,
            counts: Counts {
                holds: u64::from(state == State::Conforming),
                fails: u64::from(state == State::Nonconforming),
                errors: 0,
            },
            detail: held.map(|j| format!("{}: {}", j.author, j.reason)),
            exceptions: Vec::new(),
            newest: None,
            started: micros(self.began),
            duration: 0,
        }
    }
}

fn stand_of_newest(
    fresh: &Fresh,
    every: i64,
    source: SourceState,
    newest: Option<(i64, Option<i64>)>,
    now: i64,
) -> Answer {
    let age = newest.and_then(|(_, at)| at).map(|at| now - at);
    let state = of_age(age, every, source);
    let fails = state == State::Nonconforming;
    let says = |seen| Why { says: fresh.says.clone(), cannot_be_evaluated: false, field: None, seen };
    let exceptions = newest.filter(|_| fails).map(|(number, at)| ExceptionRow {
        seq: 0,
        record_type: fresh.population.record_type.clone(),
        number,
        standing: Standing::Fails,
        why: vec![says(vec![(
            fresh.at.clone(),
            at.map_or_else(|| "none".to_owned(), proofdesk_model::format::write_instant),
        )])],
    });
    Answer {
        state,
        counts: Counts {
            holds: u64::from(matches!(state, State::Conforming | State::AtRisk)),
            fails: u64::from(fails),
            errors: 0,
        },
        detail: match (source, fails) {
            (SourceState::Empty, _) => Some("There is no record of this type at all.".to_owned()),
            (_, true) => Some(fresh.says.clone()),
            _ => None,
        },
        exceptions: exceptions.into_iter().collect(),
        newest: newest.and_then(|(_, at)| at),
        started: 0,
        duration: 0,
    }
}

/// Puts the sides of a test together.
fn conclude(test: &Test, sides: Vec<Found>) -> Answer {
    let counts = sides.iter().fold(Counts::default(), |sum, side| sum.plus(side.counts));
    let any = |source: SourceState| sides.iter().any(|s| s.source == source);
    let source = if any(SourceState::Failed) || sides.is_empty() {
        SourceState::Failed
    } else if any(SourceState::Present) {
        SourceState::Present
    } else {
        SourceState::Empty
    };
    if let Kind::AtLeast(some) = &test.kind {
        return conclude_number(some, counts.holds, source, &sides);
    }
    let state = match &test.kind {
        Kind::Ratio(ratio) => of_ratio(counts, ratio.at_least_millipercent, test.tolerance, source),
        _ => of_counts(counts, test.tolerance, source),
    };
    let mut exceptions: Vec<ExceptionRow> = sides.iter().flat_map(|s| s.exceptions.iter().cloned()).collect();
    exceptions.truncate(EXCEPTIONS_KEPT);
    Answer {
        state,
        counts,
        detail: sides.iter().find_map(|s| s.detail.clone()),
        exceptions,
        newest: None,
        started: sides.iter().map(|s| s.started).min().unwrap_or(0),
        duration: sides.iter().map(|s| s.duration).max().unwrap_or(0),
    }
}

/// A test of `some`: what is missing or too much counts as failing, and no record is to blame for it.
fn conclude_number(some: &AtLeast, holds: u64, source: SourceState, sides: &[Found]) -> Answer {
    let (state, counts) = of_number(holds, some, source);
    let short = match &some.at_most {
        Some((most, says)) if holds > *most => format!("{says} ({holds}, wanted {})", some.wanted()),
        _ if holds == 0 && some.at_least == 1 => some.says.clone(),
        _ => format!("{} ({holds} of {})", some.says, some.wanted()),
    };
    Answer {
        state,
        counts,
        detail: if state == State::Nonconforming {
            Some(short)
        } else {
            sides.iter().find_map(|s| s.detail.clone())
        },
        exceptions: Vec::new(),
        newest: None,
        started: sides.iter().map(|s| s.started).min().unwrap_or(0),
        duration: sides.iter().map(|s| s.duration).max().unwrap_or(0),
    }
}

//! A full run: every test asked, results and exceptions stored, changes of state noted, all of it sealed in the log
//! by one entry.
//!
//! Invariant: a result is a function of test, scope, window and instant over the records as they were; the run
//! keeps the size of the log that it saw.

mod ask;
mod cadences;

use std::collections::BTreeMap;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use proofdesk_model::entry::{self, Entry};
use proofdesk_model::format::write_instant;
use proofdesk_model::{Caller, Door, Permit, Reference, Stamp};
use proofdesk_store::Statement;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::conformity::Conformity;
use crate::control::Kind;
use crate::error::Error;
use crate::framework::Framework;
use crate::judgement;
use crate::mapping::{self, Contribution, Mapping};
use crate::scope::Scope;
use crate::state::{Counts, State, of_obligation};
use crate::tables::{self, JudgementRow, ResultRow, RunRow, StateRow};
use crate::why::{Why, stored};
use ask::{Answer, Asking, micros};
pub use cadences::DutyDone;

use cadences::Cadenced;

/// Runs of a scope whose exceptions are kept by name; of older ones the counts and the digest stay.
pub const LISTS_KEPT: usize = 100;
/// How often a number that another program took meanwhile is tried again.
pub(crate) const TRIES: usize = 8;

/// What one test answers when it is tried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// How it stands.
    pub state: State,
    /// What it counted.
    pub counts: Counts,
    /// What was seen, where a word is needed.
    pub detail: Option<String>,
    /// Records that do not hold, with the reasons; at most [`crate::EXCEPTIONS_KEPT`].
    pub exceptions: Vec<(Reference, Vec<Why>)>,
}

/// What a run found, in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// The run as stored.
    pub run: RunRow,
    /// Tests by state.
    pub tests: BTreeMap<State, u64>,
    /// Obligations of all frameworks by state.
    pub obligations: BTreeMap<State, u64>,
    /// Exceptions over all tests, counted, also those not kept by name.
    pub exceptions: u64,
    /// Cadence records that the run brought up to date, with the days that it saw.
    #[serde(skip)]
    pub duties: Vec<DutyDone>,
    /// Obligations whose state changed with this run.
    pub changed: Vec<StateRow>,
    /// The log entry that seals it.
    pub entry: i64,
}

impl Conformity {
    /// Asks every test now, over the records as they are now. `trigger` says why the run is made. There is no run as of
    /// an earlier instant: what was true then is what the runs of that time found, and those are sealed. A run over all
    /// records also brings the cadence records of the duties that it saw done up to date, whoever asked for it.
    ///
    /// # Errors
    /// `Invalid` for a scope that does not fit the types; a fault of the database while storing. A question that
    /// cannot be put is no error: its tests are "not proven".
    pub async fn run(&self, scope: &Scope, trigger: &str, door: Door) -> Result<RunSummary, Error> {
        self.run_once(scope, trigger, door, Uuid::now_v7()).await
    }

    /// As [`Conformity::run`]; `id` makes it happen at most once.
    ///
    /// # Errors
    /// As [`Conformity::run`].
    pub async fn run_once(
        &self,
        scope: &Scope,
        trigger: &str,
        door: Door,
        id: Uuid,
    ) -> Result<RunSummary, Error> {
        self.run_as(scope, self.engine().now(), trigger, door, id).await
    }

    /// What a run that is stored found, as it was said when it was made.
    ///
    /// # Errors
    /// `NotFound` for a run that is not there; a fault of the database.
    pub async fn run_summary(&self, id: i64) -> Result<RunSummary, Error> {
        let engine = self.engine();
        let (run, results) = self.run_results(id).await?;
        let mut tests: BTreeMap<State, u64> = BTreeMap::new();
        results.iter().for_each(|r| *tests.entry(r.state).or_default() += 1);
        let mut changed = Vec::new();
        for framework in &self.declarations().frameworks {
            let states = tables::states(engine, &framework.id, &run.scope, None).await?;
            changed.extend(states.into_iter().filter(|s| s.run == Some(id)));
        }
        let sealed = engine.history(&Reference::new("conformity_run", id), 1).await?.pop();
        let entry = sealed.as_ref().map_or(0, |item| item.entry);
        let counted = sealed.and_then(|item| item.note?.get("obligations")?.as_object().cloned());
        let obligations = counted.unwrap_or_default();
        let obligations =
            obligations.iter().map(|(s, n)| (State::parse(s), n.as_u64().unwrap_or_default())).collect();
        let exceptions = results.iter().map(|r| r.counts.exceptions()).sum();
        Ok(RunSummary { run, tests, obligations, exceptions, duties: Vec::new(), changed, entry })
    }

    async fn run_as(
        &self,
        scope: &Scope,
        now: i64,
        trigger: &str,
        door: Door,
        write: Uuid,
    ) -> Result<RunSummary, Error> {
        let began = Instant::now();
        let engine = self.engine();
        let log_size = i64::try_from(engine.store().log_size().await?).unwrap_or(i64::MAX);
        self.refresh().await?;
        let judgements = self.all_judgements().await?;
        let context = self.context(now);
        let cadenced = Cadenced::read(self, context).await;
        let asking =
            Asking { conformity: self, scope, context, judgements: &judgements, cadenced: &cadenced, began };
        let answers = asking.all().await?;
        let before = match tables::runs(engine, &scope.id, 1).await?.first() {
            Some(last) => tables::results(engine, last.id).await?,
            None => Vec::new(),
        };
        for _ in 0..TRIES {
            let id = engine.store().allocate("conformity_run", 1).await?;
            let results = self.results(id, now, &answers, &before);
            let run = RunRow {
                id,
                at: now,
                log_size,
                trigger: trigger.to_owned(),
                duration: micros(began),
                tests: i64::try_from(answers.len()).unwrap_or(i64::MAX),
                scope: scope.id.clone(),
                digest: digest_of_results(&results),
            };
            match self.store_run(run, results, &answers, &judgements, (door, write)).await {
                // another program on the same file made a run meanwhile
                Err(Error::Store(proofdesk_store::Error::NumberTaken { .. })) => {}
                Ok(mut summary) => {
                    // a part of the records does not show when a duty was done last
                    if scope.is_all() {
                        summary.duties = self.keep_cadences(self.duties_done(&answers, &cadenced)).await;
                    }
                    self.forget_lists(&scope.id).await?;
                    return Ok(summary);
                }
                Err(other) => return Err(other),
            }
        }
        Err(Error::Engine(proofdesk_engine::Error::Unavailable))
    }

    /// Forgets the lists of exceptions that no run of the newest [`LISTS_KEPT`] means.
    async fn forget_lists(&self, scope: &str) -> Result<(), Error> {
        let runs = tables::runs(self.engine(), scope, LISTS_KEPT).await?;
        if let Some(oldest) = runs.get(LISTS_KEPT - 1) {
            self.engine().store().forget_exceptions(scope, oldest.id).await?;
        }
        Ok(())
    }

    /// Asks one test now and stores nothing: to try a control out, or to look at a part of the records.
    ///
    /// # Errors
    /// `NotFound` for an unknown test; `Invalid` for a scope that does not fit the types; a fault of the database.
    pub async fn try_out(&self, test: &str, scope: &Scope) -> Result<Trial, Error> {
        let missing = || Error::NotFound(format!("test {test}"));
        self.try_some(&[test], scope).await?.remove(test).ok_or_else(missing)
    }

    /// Asks some tests now and stores nothing; those that a scope does not ask are left out.
    ///
    /// # Errors
    /// As [`Conformity::try_out`].
    pub async fn try_some(&self, tests: &[&str], scope: &Scope) -> Result<BTreeMap<String, Trial>, Error> {
        let missing = |test: &str| Error::NotFound(format!("test {test}"));
        let declared = tests.iter().map(|test| self.declarations().test(test).ok_or_else(|| missing(test)));
        let declared = declared.collect::<Result<Vec<_>, _>>()?;
        let mut judgements = Vec::new();
        let answered = declared.iter().filter(|test| matches!(test.kind, Kind::Attest(_)));
        for serves in answered.flat_map(|test| &test.serves) {
            let of = Some(serves.obligation.as_str());
            judgements.extend(tables::judgements(self.engine(), &serves.framework, of).await?);
        }
        let context = self.context(self.engine().now());
        let cadenced = match declared.iter().any(|test| matches!(test.kind, Kind::Fresh(_))) {
            true => Cadenced::read(self, context).await,
            false => Cadenced::unread(),
        };
        let began = Instant::now();
        let asking =
            Asking { conformity: self, scope, context, judgements: &judgements, cadenced: &cadenced, began };
        let trial = |answer: Answer| Trial {
            state: answer.state,
            counts: answer.counts,
            detail: answer.detail,
            exceptions: answer
                .exceptions
                .into_iter()
                .map(|e| (Reference::new(e.record_type, e.number), e.why))
                .collect(),
        };
        let answers = asking.some(&declared).await?;
        Ok(answers.into_iter().map(|(test, answer)| (test, trial(answer))).collect())
    }

    /// Turns answers into rows. Exceptions that are the same as those of the run before are not stored again.
    fn results(
        &self,
        run: i64,
        at: i64,
        answers: &BTreeMap<String, Answer>,
        before: &[ResultRow],
    ) -> Vec<ResultRow> {
        let result = |(test, answer): (&String, &Answer)| {
            let exceptions_digest = digest_of_exceptions(answer);
            let same = before.iter().find(|b| b.test == *test && b.exceptions_digest == exceptions_digest);
            let declared = self.declarations().test(test);
            ResultRow {
                run,
                at,
                test: test.clone(),
                state: answer.state,
                counts: answer.counts,
                declaration: declared.map_or_else(String::new, |t| t.declaration.clone()),
                detail: answer.detail.clone(),
                duration: answer.duration,
                exceptions_run: same.map_or(run, |b| b.exceptions_run),
                exceptions_digest,
            }
        };
        answers.iter().map(result).collect()
    }

    async fn store_run(
        &self,
        run: RunRow,
        results: Vec<ResultRow>,
        answers: &BTreeMap<String, Answer>,
        judgements: &[JudgementRow],
        (door, id): (Door, Uuid),
    ) -> Result<RunSummary, Error> {
        let engine = self.engine();
        let made_at = engine.now();
        let mut statements = vec![tables::add_run(&run, made_at, &id)];
        for result in &results {
            let Some(answer) = answers.get(&result.test) else { continue };
            statements.push(tables::add_result(result, &run.scope, answer.started));
            if result.exceptions_run == run.id {
                statements.extend(exception_rows(run.id, &result.test, answer));
            }
        }
        let by_test: BTreeMap<&str, State> = results.iter().map(|r| (r.test.as_str(), r.state)).collect();
        let mut obligations: BTreeMap<State, u64> = BTreeMap::new();
        let (mut changed, mut turned) = (Vec::new(), Vec::new());
        for framework in &self.declarations().frameworks {
            let last = last_states(&tables::newest_states(engine, &framework.id, &run.scope).await?);
            for (obligation, state) in self.states_of(framework, &by_test, judgements, run.at) {
                *obligations.entry(state).or_default() += 1;
                if last.get(&obligation).copied() != Some(state) {
                    let cause = format!("run {}", run.id);
                    let row = StateRow { obligation, since: run.at, state, run: Some(run.id), cause };
                    statements.push(tables::add_state(&framework.id, &run.scope, &row));
                    turned.push(turn(&framework.id, &row));
                    changed.push(row);
                }
            }
        }
        statements.push(tables::forget_retests(&run.scope, run.id));
        let mut tests: BTreeMap<State, u64> = BTreeMap::new();
        results.iter().for_each(|r| *tests.entry(r.state).or_default() += 1);
        let exceptions = results.iter().map(|r| r.counts.exceptions()).sum();
        let mut note = told(&run, &tests, &obligations, exceptions);
        note["marks"] = json!(marks_of(&results));
        note["turned"] = json!(turned);
        // what is tested again after it is told to the log; runs of earlier versions do not say so
        note["retests"] = json!("told");
        let program = Caller::system("conformity");
        let about = Reference::new("conformity_run", run.id);
        let entry = sealed(about, "RUN", &program, Stamp::now(made_at, door), note);
        let permit = Permit::of_conformity("conformity_run", &program, &[]).map_err(Error::Forbidden)?;
        let receipt = engine.store().note(&permit, vec![entry], statements, id).await?;
        let entry = receipt.entries.first().copied().unwrap_or_default();
        Ok(RunSummary { run, tests, obligations, exceptions, duties: Vec::new(), changed, entry })
    }

    /// How every obligation of a framework stands, given its tests.
    pub(crate) fn states_of(
        &self,
        framework: &Framework,
        tests: &BTreeMap<&str, State>,
        judgements: &[JudgementRow],
        now: i64,
    ) -> Vec<(String, State)> {
        self.states_of_some(framework, framework.obligations.keys(), tests, judgements, now)
    }

    /// How some obligations of a framework stand, given their tests. `judgements` are those of all frameworks.
    pub(crate) fn states_of_some<'a>(
        &self,
        framework: &Framework,
        obligations: impl Iterator<Item = &'a String>,
        tests: &BTreeMap<&str, State>,
        judgements: &[JudgementRow],
        now: i64,
    ) -> Vec<(String, State)> {
        let state = |id: &String| {
            let mapped = self.contributions(&framework.id, id, tests, judgements, now);
            let contributions: Vec<Contribution> = mapped.iter().map(|(_, _, c)| *c).collect();
            (id.clone(), self.state_beside(framework, id, tests, judgements, &contributions, now))
        };
        obligations.map(state).collect()
    }

    /// What mappings say of an obligation: each with the state of its source by the source's own tests.
    pub(crate) fn contributions<'a>(
        &'a self,
        framework: &'a str,
        obligation: &'a str,
        tests: &BTreeMap<&str, State>,
        judgements: &[JudgementRow],
        now: i64,
    ) -> Vec<(&'a Mapping, State, Contribution)> {
        let declared = self.declarations();
        let mapped = declared.controls.mapped_to(framework, obligation);
        let one = |mapping: &'a Mapping| {
            let source = declared.framework(&mapping.source.0)?;
            source.obligations.get(&mapping.source.1)?;
            let state = self.state_beside(source, &mapping.source.1, tests, judgements, &[], now);
            Some((mapping, state, Contribution::of(mapping.strength, state)))
        };
        mapped.filter_map(one).collect()
    }

    /// How one obligation stands, given its tests and what mappings say.
    fn state_beside(
        &self,
        framework: &Framework,
        id: &str,
        tests: &BTreeMap<&str, State>,
        judgements: &[JudgementRow],
        contributions: &[Contribution],
        now: i64,
    ) -> State {
        let serving = self.declarations().controls.serving(&framework.id, id);
        let mut states: Vec<State> =
            serving.iter().filter_map(|(test, _)| tests.get(test.id.as_str()).copied()).collect();
        let own = judgements.iter();
        let own = own.filter(|j| j.framework == framework.id && j.obligation == id && j.test.is_none());
        let adequacy = judgement::in_force(own, None, now).map(|j| j.opinion);
        let answer = framework.obligations[id].judgement;
        if !serving.is_empty() && states.is_empty() {
            states.push(State::NotProven);
        }
        states.extend(mapping::added(contributions, !serving.is_empty()));
        of_obligation(&states, answer, adequacy)
    }
}

/// The newest state of each obligation.
pub(crate) fn last_states(rows: &[StateRow]) -> BTreeMap<String, State> {
    rows.iter().map(|row| (row.obligation.clone(), row.state)).collect()
}

fn exception_rows<'a>(run: i64, test: &'a str, answer: &'a Answer) -> impl Iterator<Item = Statement> + 'a {
    answer.exceptions.iter().enumerate().map(move |(i, exception)| {
        let mut row = exception.clone();
        row.seq = i64::try_from(i + 1).unwrap_or(i64::MAX);
        tables::add_exception(run, test, &row)
    })
}

fn digest_of_exceptions(answer: &Answer) -> String {
    let mut hash = Sha256::new();
    for e in &answer.exceptions {
        let why = stored(&e.why);
        hash.update(exception_line(&e.record_type, e.number, e.standing.as_str(), &why).as_bytes());
    }
    hex::encode(hash.finalize())
}

/// The line of an exception in the digest of its list.
pub(crate) fn exception_line(record_type: &str, number: i64, standing: &str, why: &str) -> String {
    format!("{record_type} {number} {standing} {why}\n")
}

/// The digest over all results in order of tests: one line each, as `docs/conformity.md` describes it.
pub fn digest_of_results(results: &[ResultRow]) -> String {
    let mut hash = Sha256::new();
    for r in results {
        hash.update(line_of(r).as_bytes());
    }
    hex::encode(hash.finalize())
}

/// The line of a result in the digest.
fn line_of(r: &ResultRow) -> String {
    let counts = format!("{} {} {}", r.counts.holds, r.counts.fails, r.counts.errors);
    format!("{} {} {} {counts} {}\n", r.test, r.declaration, r.state.as_str(), r.exceptions_digest)
}

/// Four bytes of the hash of each line, in order of tests: they do not prove (the digest does), they tell which result
/// was changed.
pub(crate) fn marks_of(results: &[ResultRow]) -> String {
    let marks = results.iter().flat_map(|r| Sha256::digest(line_of(r))[..4].to_vec());
    STANDARD_NO_PAD.encode(marks.collect::<Vec<u8>>())
}

/// How the log tells that an obligation turned: framework, obligation, state.
pub(crate) fn turn(framework: &str, row: &StateRow) -> Json {
    json!([framework, row.obligation, row.state.as_str()])
}

/// What the entry that seals a run tells of it.
fn told(
    run: &RunRow,
    tests: &BTreeMap<State, u64>,
    obligations: &BTreeMap<State, u64>,
    exceptions: u64,
) -> Json {
    let counted = |states: &BTreeMap<State, u64>| -> Json {
        states
            .iter()
            .map(|(state, n)| (state.as_str().to_owned(), json!(n)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    json!({
        "scope": run.scope,
        "as_of": write_instant(run.at),
        "log_size": run.log_size,
        "trigger": run.trigger,
        "tests": counted(tests),
        "obligations": counted(obligations),
        "exceptions": exceptions,
        "digest": run.digest,
    })
}

/// An entry about conformity: what it is about is written with a prefix of its own, such as `RUN-4`.
pub(crate) fn sealed(about: Reference, prefix: &str, caller: &Caller, stamp: Stamp, note: Json) -> Entry {
    let (action, written) = (about.record_type.clone(), format!("{prefix}-{}", about.number));
    let rest = Map::from_iter([("note".to_owned(), note)]);
    entry::of_other(about, &written, caller, &stamp, &action, &rest)
}

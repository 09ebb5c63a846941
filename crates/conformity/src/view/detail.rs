//! One obligation: what it says, its tests with results, trend and exceptions, judgements, history of states.

use std::collections::{BTreeMap, HashMap};

use proofdesk_model::{Caller, Reference};
use serde::Serialize;

use crate::conformity::Conformity;
use crate::control::{Interval, Kind, Severity, Term, Test, Tolerance, Window};
use crate::error::Error;
use crate::framework::{Framework, Obligation};
use crate::live::LiveTest;
use crate::mapping::{Contribution, Mapping, Strength};
use crate::scope::Scope;
use crate::state::{Counts, State, shown};
use crate::tables::{self, JudgementRow, ResultRow, RunRow, StateRow};
use crate::view::Before;
use crate::why::{Standing, Why};

/// Points of a trend.
const TREND: usize = 60;
/// Exceptions shown with an obligation; more come page by page.
const SHOWN: usize = 25;

/// An obligation with everything that shows how it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObligationDetail {
    /// The framework.
    pub framework: String,
    /// Its name.
    pub framework_title: String,
    /// Title of the chapter.
    pub chapter_title: String,
    /// Title of the clause.
    pub clause_title: String,
    /// The obligation.
    pub obligation: Obligation,
    /// How it stands now.
    pub state: State,
    /// Since when, microseconds UTC.
    pub since: Option<i64>,
    /// The last full run.
    pub run: Option<RunRow>,
    /// Why nothing is known of the instant, where that is so.
    pub before: Option<Before>,
    /// Its tests.
    pub tests: Vec<TestDetail>,
    /// Obligations of other frameworks that its tests serve, too.
    pub also_serves: Vec<(String, String)>,
    /// Requirements of other frameworks whose tests speak of it, with what they say.
    pub mapped_from: Vec<MappedView>,
    /// Requirements of other frameworks of which its tests speak.
    pub maps_to: Vec<MappedView>,
    /// Judgements, newest first, also those that no longer hold.
    pub judgements: Vec<JudgementRow>,
    /// The judgement on the obligation as a whole that holds now.
    pub judgement_in_force: Option<JudgementRow>,
    /// Changes of its state, newest first.
    pub history: Vec<StateRow>,
}

/// A requirement of another framework, set beside this one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MappedView {
    /// Its framework.
    pub framework: String,
    /// The name of that.
    pub framework_title: String,
    /// The requirement.
    pub obligation: String,
    /// What it asks.
    pub asks: String,
    /// What the source is to the target.
    pub strength: Strength,
    /// Why, in a sentence.
    pub why: Option<String>,
    /// How the source stands by its own tests.
    pub state: State,
    /// What that says of the target.
    pub contribution: Contribution,
}

/// A test with its result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestDetail {
    /// `incident.recorded`.
    pub id: String,
    /// What holds when it holds.
    pub title: String,
    /// `each`, `some`, `fresh`, `ratio`, `reconcile` or `attest`.
    pub kind: String,
    /// How grave a failure is.
    pub severity: Severity,
    /// Role that answers for it.
    pub owner: String,
    /// Whom it asks about: record type and condition, once a side.
    pub populations: Vec<(String, String)>,
    /// What each must meet: condition and what is wrong otherwise; for `attest` the question.
    pub musts: Vec<(String, String)>,
    /// The time window.
    pub window: Option<Window>,
    /// How many exceptions are tolerated.
    pub tolerance: Tolerance,
    /// Threshold of a `ratio`, in thousandths of a percent.
    pub at_least_millipercent: Option<u64>,
    /// How many records a `some` needs.
    pub at_least: Option<u64>,
    /// How many records a `some` may have at most.
    pub at_most: Option<u64>,
    /// Figures in it that the organization chooses, with who chose them.
    pub terms: Vec<Term>,
    /// Interval of `fresh` and `attest`, microseconds, where the test says it.
    pub every: Option<i64>,
    /// The duty whose cadence record says the interval of a `fresh`.
    pub cadence: Option<String>,
    /// What of the obligation's test sentence it leaves open.
    pub partial: Option<String>,
    /// Version of its declaration, SHA-256.
    pub declaration: String,
    /// `file:line` of its declaration.
    pub place: String,
    /// How it stands now.
    pub state: State,
    /// What it counts now.
    pub counts: Counts,
    /// What was seen, where a word is needed.
    pub detail: Option<String>,
    /// How long its question took in the last run, microseconds.
    pub duration: Option<i64>,
    /// Results of the last runs, oldest first.
    pub trend: Vec<TrendPoint>,
    /// The first exceptions.
    pub exceptions: ExceptionPage,
}

/// A result on the trend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TrendPoint {
    /// The run.
    pub run: i64,
    /// When, microseconds UTC.
    pub at: i64,
    /// How the test stood.
    pub state: State,
    /// What it counted.
    pub counts: Counts,
}

/// A page of exceptions.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ExceptionPage {
    /// All exceptions, counted.
    pub total: u64,
    /// Those of this page.
    pub items: Vec<ExceptionItem>,
    /// Continue after this place; none at the end of what is kept by name.
    pub next: Option<i64>,
}

/// An exception.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExceptionItem {
    /// `INC-1042`.
    pub reference: String,
    /// The record.
    pub record: Reference,
    /// Its title.
    pub title: String,
    /// Its state's label.
    pub record_state: String,
    /// Whether it fails or cannot be evaluated.
    pub standing: Standing,
    /// Why.
    pub why: Vec<Why>,
}

impl Conformity {
    /// Gives an obligation with its tests, exceptions, judgements and history.
    ///
    /// # Errors
    /// `NotFound`; a fault of the database.
    pub async fn obligation(
        &self,
        framework: &str,
        obligation: &str,
        scope: &Scope,
    ) -> Result<ObligationDetail, Error> {
        self.look().await?;
        let missing = || Error::NotFound(format!("obligation {obligation} of {framework}"));
        let declared = self.declarations().framework(framework).ok_or_else(missing)?;
        let found = declared.obligations.get(obligation).ok_or_else(missing)?;
        let now = self.engine().now();
        let live = self.live(scope).await?;
        let age = live.run.as_ref().map_or(i64::MAX, |run| now - run.at);
        let judgements = self.judgements(framework, obligation).await?;
        let by_test: BTreeMap<&str, State> =
            live.tests.iter().map(|(id, t)| (id.as_str(), t.state)).collect();
        let own = std::iter::once(&found.id);
        let computed = self.states_of_some(declared, own, &by_test, &live.judgements, now);
        let state = computed.first().map_or(State::NotProven, |(_, s)| *s);
        let (mapped_from, maps_to) = self.beside(declared, found, &by_test, &live.judgements, now);
        let mut tests = Vec::new();
        let mut also_serves = Vec::new();
        for (test, serves) in self.declarations().controls.serving(framework, obligation) {
            let others =
                test.serves.iter().filter(|s| s.framework != framework || s.obligation != obligation);
            also_serves.extend(others.map(|s| (s.framework.clone(), s.obligation.clone())));
            let mut detail = self.test_detail(test, live.tests.get(&test.id), scope, age).await?;
            detail.partial.clone_from(&serves.partial);
            tests.push(detail);
        }
        let mut history = tables::states(self.engine(), framework, &scope.id, Some(obligation)).await?;
        history.reverse();
        let own = judgements.iter().filter(|j| j.test.is_none());
        let in_force = crate::judgement::in_force(own, None, now).cloned();
        Ok(ObligationDetail {
            framework: framework.to_owned(),
            framework_title: declared.title.clone(),
            chapter_title: declared.chapter_of(&found.clause).map_or_else(String::new, |c| c.title.clone()),
            clause_title: declared.clauses.get(&found.clause).map_or_else(String::new, |c| c.title.clone()),
            obligation: found.clone(),
            state: shown(state, age, self.stale_after()),
            since: history.first().map(|s| s.since),
            run: live.run,
            before: None,
            tests,
            also_serves,
            mapped_from,
            maps_to,
            judgement_in_force: in_force,
            judgements,
            history,
        })
    }

    /// What mappings say of an obligation, and of which others its tests speak.
    fn beside(
        &self,
        framework: &Framework,
        obligation: &Obligation,
        tests: &BTreeMap<&str, State>,
        judgements: &[JudgementRow],
        now: i64,
    ) -> (Vec<MappedView>, Vec<MappedView>) {
        let view = |mapping: &Mapping, other: &(String, String), state, contribution| {
            let of = self.declarations().framework(&other.0);
            let asks = of.and_then(|f| f.obligations.get(&other.1)).map_or("", |o| o.says.as_str());
            MappedView {
                framework: other.0.clone(),
                framework_title: of.map_or_else(String::new, |f| f.title.clone()),
                obligation: other.1.clone(),
                asks: asks.to_owned(),
                strength: mapping.strength,
                why: mapping.says.clone(),
                state,
                contribution,
            }
        };
        let from = self.contributions(&framework.id, &obligation.id, tests, judgements, now);
        let from = from.into_iter().map(|(m, state, says)| view(m, &m.source, state, says)).collect();
        let to = self.declarations().controls.mapped_from(&framework.id, &obligation.id);
        let to = to.map(|m| {
            let said = self.contributions(&m.target.0, &m.target.1, tests, judgements, now);
            let said = said.into_iter().find(|(other, _, _)| std::ptr::eq(*other, m));
            let (state, says) = said.map_or((State::NotProven, Contribution::Nothing), |(_, s, c)| (s, c));
            view(m, &m.target, state, says)
        });
        (from, to.collect())
    }

    async fn test_detail(
        &self,
        test: &Test,
        live: Option<&LiveTest>,
        scope: &Scope,
        age: i64,
    ) -> Result<TestDetail, Error> {
        let mut trend: Vec<TrendPoint> =
            tables::trend(self.engine(), &scope.id, &test.id, TREND).await?.iter().map(point).collect();
        trend.reverse();
        let at_least_millipercent = match &test.kind {
            Kind::Ratio(ratio) => Some(ratio.at_least_millipercent),
            _ => None,
        };
        let (at_least, at_most) = match &test.kind {
            Kind::AtLeast(some) => (Some(some.at_least), some.at_most.as_ref().map(|(most, _)| *most)),
            _ => (None, None),
        };
        let (every, cadence) = match &test.kind {
            Kind::Fresh(fresh) => match &fresh.every {
                Interval::Every(every) => (Some(*every), None),
                Interval::Cadence { label, .. } => (None, Some(label.clone())),
            },
            Kind::Attest(attest) => (Some(attest.every), None),
            _ => (None, None),
        };
        let state = live.map_or(State::NotProven, |t| t.state);
        Ok(TestDetail {
            id: test.id.clone(),
            title: test.title.clone(),
            kind: test.kind.as_str().to_owned(),
            severity: test.severity,
            owner: test.owner.clone(),
            populations: test
                .populations()
                .iter()
                .map(|p| (p.record_type.clone(), p.source.clone()))
                .collect(),
            musts: musts(test),
            window: test.window().cloned(),
            tolerance: test.tolerance,
            at_least_millipercent,
            at_least,
            at_most,
            terms: test.terms.clone(),
            every,
            cadence,
            partial: None,
            declaration: test.declaration.clone(),
            place: test.place.clone(),
            state: shown(state, age, self.stale_after()),
            counts: live.map(|t| t.counts).unwrap_or_default(),
            detail: live.and_then(|t| t.result.detail.clone()),
            duration: live.map(|t| t.result.duration),
            trend,
            exceptions: self.exceptions(&test.id, scope, None, SHOWN).await?,
        })
    }

    /// Gives a page of a test's exceptions: records tested again since the last run first come with what they are
    /// now; those that hold again are left out. At most 1,000 are kept by name; `total` counts all.
    ///
    /// # Errors
    /// `NotFound` for an unknown test; a fault of the database.
    pub async fn exceptions(
        &self,
        test: &str,
        scope: &Scope,
        after: Option<i64>,
        limit: usize,
    ) -> Result<ExceptionPage, Error> {
        let engine = self.engine();
        let declared =
            self.declarations().test(test).ok_or_else(|| Error::NotFound(format!("test {test}")))?;
        let latest = tables::trend(engine, &scope.id, test, 1).await?;
        let Some(result) = latest.first() else { return Ok(ExceptionPage::default()) };
        let moves = self.moves(scope, result.run).await?;
        let none = Vec::new();
        let (_, counts) = crate::live::stand(declared, result, moves.get(test).unwrap_or(&none));
        let again = if moves.contains_key(test) {
            tables::retests_of(engine, &scope.id, result.run, test).await?
        } else {
            Vec::new()
        };
        let touched: HashMap<(&str, i64), ()> =
            again.iter().map(|r| ((r.record_type.as_str(), r.number), ())).collect();
        let mut items = Vec::new();
        if after.is_none() {
            let bad = again.iter().filter(|r| matches!(r.standing, Standing::Fails | Standing::Error));
            items.extend(
                bad.map(|r| (Reference::new(r.record_type.clone(), r.number), r.standing, r.why.clone())),
            );
        }
        let rows =
            tables::exceptions(engine, result.exceptions_run, test, after.unwrap_or(0), limit.max(1)).await?;
        let next = (rows.len() == limit.max(1)).then(|| rows.last().map(|r| r.seq)).flatten();
        for row in rows {
            if !touched.contains_key(&(row.record_type.as_str(), row.number)) {
                items.push((Reference::new(row.record_type, row.number), row.standing, row.why));
            }
        }
        Ok(ExceptionPage { total: counts.exceptions(), items: self.named(items).await?, next })
    }

    /// A page of the exceptions that a stored result found by name.
    pub(crate) async fn exceptions_in(
        &self,
        result: &ResultRow,
        after: Option<i64>,
        limit: usize,
    ) -> Result<ExceptionPage, Error> {
        let after = after.unwrap_or(0);
        let rows =
            tables::exceptions(self.engine(), result.exceptions_run, &result.test, after, limit).await?;
        let next = (rows.len() == limit).then(|| rows.last().map(|r| r.seq)).flatten();
        let items =
            rows.into_iter().map(|r| (Reference::new(r.record_type, r.number), r.standing, r.why)).collect();
        Ok(ExceptionPage { total: result.counts.exceptions(), items: self.named(items).await?, next })
    }

    /// Takes from exceptions what a caller may not know: of a record that a narrowing of its type keeps from him,
    /// only the reference and what is wrong with it stay.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn conceal(&self, caller: &Caller, page: &mut ExceptionPage) -> Result<(), Error> {
        let registry = self.engine().registry();
        let narrow =
            |r: &Reference| registry.get(&r.record_type).is_some_and(|of| caller.narrow(of).is_some());
        let closed: Vec<Reference> = page.items.iter().map(|i| i.record.clone()).filter(narrow).collect();
        let seen = self.engine().seen_references(caller, &closed).await?;
        for item in page.items.iter_mut().filter(|i| closed.contains(&i.record) && !seen.contains(&i.record))
        {
            item.title = "Not open to you".to_owned();
            item.record_state.clear();
            item.why.iter_mut().for_each(|why| why.seen.clear());
        }
        Ok(())
    }

    /// Gives the records their titles and states, one question a type.
    async fn named(&self, found: Vec<(Reference, Standing, Vec<Why>)>) -> Result<Vec<ExceptionItem>, Error> {
        let engine = self.engine();
        let mut numbers: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for (reference, _, _) in &found {
            numbers.entry(reference.record_type.clone()).or_default().push(reference.number);
        }
        let mut known: HashMap<Reference, (String, String)> = HashMap::new();
        for (name, numbers) in numbers {
            let Some(of) = engine.registry().get(&name) else { continue };
            for record in engine.store().load_many(of, &numbers).await? {
                let label = of.state(&record.state).map_or_else(|| record.state.clone(), |s| s.label.clone());
                known.insert(Reference::new(name.clone(), record.number), (record.title(), label));
            }
        }
        let item = |(record, standing, why): (Reference, Standing, Vec<Why>)| {
            let reference = engine.registry().write_reference(&record);
            let (title, record_state) = known.get(&record).cloned().unwrap_or_default();
            ExceptionItem { reference, record, title, record_state, standing, why }
        };
        Ok(found.into_iter().map(item).collect())
    }

    /// The newest full runs of a scope, newest first.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn runs(&self, scope: &Scope, limit: usize) -> Result<Vec<RunRow>, Error> {
        tables::runs(self.engine(), &scope.id, limit).await
    }

    /// A run with all its results, by number.
    ///
    /// # Errors
    /// `NotFound`; a fault of the database.
    pub async fn run_results(&self, id: i64) -> Result<(RunRow, Vec<ResultRow>), Error> {
        let run = tables::run(self.engine(), id).await?;
        let run = run.ok_or_else(|| Error::NotFound(format!("run {id}")))?;
        Ok((run, tables::results(self.engine(), id).await?))
    }
}

fn point(result: &ResultRow) -> TrendPoint {
    TrendPoint { run: result.run, at: result.at, state: result.state, counts: result.counts }
}

fn musts(test: &Test) -> Vec<(String, String)> {
    match &test.kind {
        Kind::Fresh(fresh) => vec![(fresh.at.clone(), fresh.says.clone())],
        Kind::Attest(attest) => vec![(attest.question.clone(), String::new())],
        _ => {
            let sides = test.sides();
            let all = sides.iter().flat_map(|side| &side.musts);
            all.map(|m| (m.condition.source().to_owned(), m.says.clone())).collect()
        }
    }
}

//! The past: what the newest run that was made not after an instant found. Nothing is asked again; what is shown is what
//! that run stored and sealed in the log. Not here: how things stand now (`overview`, `detail`).

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::conformity::Conformity;
use crate::error::Error;
use crate::scope::Scope;
use crate::state::{Counts, State};
use crate::tables::{self, ResultRow, RunRow, StateRow};
use crate::view::{ExceptionPage, ObligationDetail, Overview, TestDetail};

/// Exceptions shown with an obligation.
const SHOWN: usize = 25;

/// Why nothing is known of an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Before {
    /// No run had asked the tests of the framework by then.
    FirstRun {
        /// When the first one did; none where none has yet. Microseconds UTC.
        since: Option<i64>,
    },
    /// The framework was not in force by then.
    Framework {
        /// Since when it is, microseconds UTC.
        since: Option<i64>,
    },
}

impl Before {
    /// It in a sentence.
    pub fn says(self) -> String {
        let write = proofdesk_model::format::write_instant;
        match self {
            Self::FirstRun { since: Some(since) } => {
                format!("no run had asked its tests yet; the first one did at {}.", write(since))
            }
            Self::FirstRun { since: None } => "no run has asked its tests yet.".to_owned(),
            Self::Framework { since } => {
                let since = since.map_or_else(String::new, |at| format!("; it is since {}", write(at)));
                format!("the framework was not in force yet{since}.")
            }
        }
    }
}

impl Conformity {
    /// The newest run of a scope that was made not after an instant (microseconds UTC).
    ///
    /// # Errors
    /// `NotFound` when there is none; a fault of the database.
    pub async fn run_as_of(&self, scope: &Scope, at: i64) -> Result<RunRow, Error> {
        let found = tables::run_not_after(self.engine(), &scope.id, at).await?;
        found.ok_or_else(|| {
            let at = proofdesk_model::format::write_instant(at);
            Error::NotFound(format!("run of the tests at or before {at}"))
        })
    }

    /// Why nothing is known of a framework at an instant; none where something is.
    async fn before(&self, framework: &str, scope: &Scope, at: i64) -> Result<Option<Before>, Error> {
        let published = tables::published_since(self.engine(), framework).await?;
        if published.is_some_and(|since| at < since) {
            return Ok(Some(Before::Framework { since: published }));
        }
        let first = tables::first_run_since(self.engine(), &scope.id, published.unwrap_or(i64::MIN)).await?;
        let since = first.map(|run| run.at);
        Ok(since.is_none_or(|since| at < since).then_some(Before::FirstRun { since }))
    }

    /// The clause map as the run found it that [`Conformity::run_as_of`] gives. Obligations and tests are those that
    /// are declared now; one that had no state then is not proven. It is stale when the run was too old at that
    /// instant to prove anything. Where nothing is known of that instant, it says why (`before`), and nothing is proven.
    ///
    /// # Errors
    /// `NotFound` for an unknown framework; a fault of the database.
    pub async fn overview_as_of(&self, framework: &str, scope: &Scope, at: i64) -> Result<Overview, Error> {
        let mut view = self.overview(framework, scope).await?;
        view.as_of = at;
        view.before = self.before(framework, scope, at).await?;
        if view.before.is_some() {
            nothing(&mut view);
            return Ok(view);
        }
        let run = self.run_as_of(scope, at).await?;
        let results = by_test(tables::results(self.engine(), run.id).await?);
        let rows = tables::states(self.engine(), framework, &scope.id, None).await?;
        let found = states_at(&rows, run.at);
        view.states = State::ALL.into_iter().map(|state| (state, 0)).collect();
        for chapter in &mut view.chapters {
            for obligation in chapter.clauses.iter_mut().flat_map(|c| &mut c.obligations) {
                let row = found.get(obligation.id.as_str());
                obligation.state = row.map_or(State::NotProven, |row| row.state);
                obligation.since = row.map(|row| row.since);
                let serving = self.declarations().controls.serving(framework, &obligation.id);
                let counts = serving.iter().filter_map(|(test, _)| results.get(&test.id));
                obligation.exceptions = counts.map(|r| r.counts.exceptions()).sum();
                *view.states.entry(obligation.state).or_default() += 1;
            }
            let own = chapter.clauses.iter().flat_map(|c| &c.obligations);
            chapter.conforming = own.filter(|o| o.state == State::Conforming).count() as u64;
        }
        view.stale = at - run.at > self.stale_after();
        view.tests = results.len() as u64;
        view.records_asked = results.values().map(|r| r.counts.total()).sum();
        view.exceptions = results.values().map(|r| r.counts.exceptions()).sum();
        view.run = Some(run);
        Ok(view)
    }

    /// An obligation as the run found it that [`Conformity::run_as_of`] gives, with the judgements and the history up to
    /// that run. Of runs older than the newest hundred, exceptions are counted and no longer listed.
    ///
    /// # Errors
    /// `NotFound`; a fault of the database.
    pub async fn obligation_as_of(
        &self,
        framework: &str,
        obligation: &str,
        scope: &Scope,
        at: i64,
    ) -> Result<ObligationDetail, Error> {
        let mut detail = self.obligation(framework, obligation, scope).await?;
        detail.before = self.before(framework, scope, at).await?;
        let run = if detail.before.is_none() { Some(self.run_as_of(scope, at).await?) } else { None };
        let results = match &run {
            Some(run) => by_test(tables::results(self.engine(), run.id).await?),
            None => BTreeMap::new(),
        };
        let until = run.as_ref().map_or(at, |run| run.at);
        detail.history.retain(|row| row.since <= until);
        detail.state = detail.history.first().map_or(State::NotProven, |row| row.state);
        detail.since = detail.history.first().map(|row| row.since);
        detail.judgements.retain(|j| j.at <= until);
        let own = detail.judgements.iter().filter(|j| j.test.is_none());
        detail.judgement_in_force = crate::judgement::in_force(own, None, until).cloned();
        for test in &mut detail.tests {
            self.set_back(test, results.get(&test.id), until).await?;
        }
        // what mappings say now is not what they said then
        detail.mapped_from.clear();
        detail.maps_to.clear();
        detail.run = run;
        Ok(detail)
    }

    /// Shows of a test what a run found; a test that it did not ask is not proven.
    async fn set_back(
        &self,
        test: &mut TestDetail,
        result: Option<&ResultRow>,
        at: i64,
    ) -> Result<(), Error> {
        test.trend.retain(|point| point.at <= at);
        test.state = result.map_or(State::NotProven, |r| r.state);
        test.counts = result.map_or_else(Counts::default, |r| r.counts);
        test.detail = result.and_then(|r| r.detail.clone());
        test.duration = result.map(|r| r.duration);
        test.exceptions = match result {
            Some(result) => self.exceptions_in(result, None, SHOWN).await?,
            None => ExceptionPage::default(),
        };
        if let Some(result) = result.filter(|r| r.declaration != test.declaration) {
            let then = result.declaration.get(..12).unwrap_or_default();
            let told = format!("The test was another one then (version {then}).");
            test.detail =
                Some(test.detail.take().map_or_else(|| told.clone(), |seen| format!("{seen} {told}")));
        }
        Ok(())
    }
}

/// Takes from a view everything that is known now.
fn nothing(view: &mut Overview) {
    view.states = State::ALL.into_iter().map(|state| (state, 0)).collect();
    for chapter in &mut view.chapters {
        for obligation in chapter.clauses.iter_mut().flat_map(|c| &mut c.obligations) {
            (obligation.state, obligation.since, obligation.exceptions) = (State::NotProven, None, 0);
            *view.states.entry(State::NotProven).or_default() += 1;
        }
        chapter.conforming = 0;
    }
    (view.tests, view.records_asked, view.exceptions) = (0, 0, 0);
    (view.run, view.stale) = (None, false);
}

fn by_test(results: Vec<ResultRow>) -> BTreeMap<String, ResultRow> {
    results.into_iter().map(|result| (result.test.clone(), result)).collect()
}

/// The newest change of state of each obligation up to an instant.
fn states_at(rows: &[StateRow], at: i64) -> HashMap<&str, &StateRow> {
    rows.iter().filter(|row| row.since <= at).map(|row| (row.obligation.as_str(), row)).collect()
}

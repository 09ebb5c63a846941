//! The past: what the newest run that was made not after an instant found. Nothing is asked again; what is shown is what
//! that run stored and sealed in the log. Not here: how things stand now (`overview`, `detail`).

use std::collections::{BTreeMap, HashMap};

use crate::conformity::Conformity;
use crate::error::Error;
use crate::scope::Scope;
use crate::state::{Counts, State};
use crate::tables::{self, ResultRow, RunRow, StateRow};
use crate::view::{ExceptionPage, ObligationDetail, Overview, TestDetail};

/// Exceptions shown with an obligation.
const SHOWN: usize = 25;

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

    /// The clause map as the run found it that [`Conformity::run_as_of`] gives. Obligations and tests are those that
    /// are declared now; one that had no state then is not proven. It is stale when the run was too old at that
    /// instant to prove anything.
    ///
    /// # Errors
    /// `NotFound` for an unknown framework and where there is no such run; a fault of the database.
    pub async fn overview_as_of(&self, framework: &str, scope: &Scope, at: i64) -> Result<Overview, Error> {
        let mut view = self.overview(framework, scope).await?;
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
        view.as_of = at;
        view.stale = at - run.at > self.stale_after();
        view.tests = results.len() as u64;
        view.records_tested = results.values().map(|r| r.counts.total()).sum();
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
        let run = self.run_as_of(scope, at).await?;
        let results = by_test(tables::results(self.engine(), run.id).await?);
        detail.history.retain(|row| row.since <= run.at);
        detail.state = detail.history.first().map_or(State::NotProven, |row| row.state);
        detail.since = detail.history.first().map(|row| row.since);
        detail.judgements.retain(|j| j.at <= run.at);
        let own = detail.judgements.iter().filter(|j| j.test.is_none());
        detail.judgement_in_force = crate::judgement::in_force(own, None, run.at).cloned();
        for test in &mut detail.tests {
            self.set_back(test, results.get(&test.id), run.at).await?;
        }
        // what mappings say now is not what they said then
        detail.mapped_from.clear();
        detail.maps_to.clear();
        detail.run = Some(run);
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

fn by_test(results: Vec<ResultRow>) -> BTreeMap<String, ResultRow> {
    results.into_iter().map(|result| (result.test.clone(), result)).collect()
}

/// The newest change of state of each obligation up to an instant.
fn states_at(rows: &[StateRow], at: i64) -> HashMap<&str, &StateRow> {
    rows.iter().filter(|row| row.since <= at).map(|row| (row.obligation.as_str(), row)).collect()
}

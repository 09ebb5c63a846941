//! The clause map: every obligation of a framework with its state.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::conformity::Conformity;
use crate::error::Error;
use crate::framework::{Answer, Chapter, Clause};
use crate::scope::Scope;
use crate::state::{State, shown};
use crate::tables::{self, RunRow};
use crate::view::Before;

/// A framework at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// Framework, `iso-20000-1-2018`.
    pub framework: String,
    /// Its name.
    pub title: String,
    /// Its edition.
    pub edition: String,
    /// Where its words come from and under which terms; none for words of our own.
    pub origin: Option<String>,
    /// The scope.
    pub scope: String,
    /// The instant of the view, microseconds UTC.
    pub as_of: i64,
    /// The last full run; none before the first.
    pub run: Option<RunRow>,
    /// The last run is too old to prove anything.
    pub stale: bool,
    /// Obligations by state; every state has its number.
    pub states: BTreeMap<State, u64>,
    /// Tests that were asked in the last run.
    pub tests: u64,
    /// Records that these tests looked at, counted once a test.
    pub records_asked: u64,
    /// Exceptions over all tests now.
    pub exceptions: u64,
    /// Why nothing is known of the instant, where that is so.
    pub before: Option<Before>,
    /// Chapters in order.
    pub chapters: Vec<ChapterView>,
}

/// A chapter of the clause map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChapterView {
    /// `8.6`.
    pub number: String,
    /// Its title.
    pub title: String,
    /// The part of the map in which it stands.
    pub group: String,
    /// Obligations that conform.
    pub conforming: u64,
    /// Of all, those that can hold now: something called for them, and a test asks.
    pub can_hold: u64,
    /// All of its obligations.
    pub total: u64,
    /// Clauses in order.
    pub clauses: Vec<ClauseView>,
}

/// A clause of the clause map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClauseView {
    /// `8.6.1`.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Obligations in order.
    pub obligations: Vec<ObligationView>,
}

/// An obligation on the clause map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObligationView {
    /// `8.6.1-a`.
    pub id: String,
    /// What is to be done, in our own words.
    pub says: String,
    /// How it stands now.
    pub state: State,
    /// Since when, microseconds UTC; none before the first run.
    pub since: Option<i64>,
    /// How far a machine can answer.
    pub judgement: Answer,
    /// Number of tests that serve it.
    pub tests: u64,
    /// Number of mappings that speak of it.
    pub mapped: u64,
    /// Some part of its test sentence is not tested.
    pub partial: bool,
    /// Exceptions of its tests now.
    pub exceptions: u64,
    /// What triggers it, for conditional duties.
    pub applies_when: Option<String>,
}

impl ChapterView {
    fn of(chapter: &Chapter, clauses: Vec<ClauseView>) -> Self {
        let all = clauses.iter().flat_map(|c| &c.obligations).map(|o| o.state);
        let (conforming, can_hold) = State::share(all.clone());
        Self {
            number: chapter.number.clone(),
            title: chapter.title.clone(),
            group: chapter.group.clone(),
            conforming,
            can_hold,
            total: all.count() as u64,
            clauses,
        }
    }
}

impl Conformity {
    /// Gives the clause map of a framework as it stands now.
    ///
    /// # Errors
    /// `NotFound` for an unknown framework; a fault of the database.
    pub async fn overview(&self, framework: &str, scope: &Scope) -> Result<Overview, Error> {
        self.look().await?;
        let found = self.declarations().framework(framework);
        let framework = found.ok_or_else(|| Error::NotFound(format!("framework {framework}")))?;
        let now = self.engine().now();
        let live = self.live(scope).await?;
        let history = tables::newest_states(self.engine(), &framework.id, &scope.id).await?;
        let since: HashMap<&str, i64> = history.iter().map(|s| (s.obligation.as_str(), s.since)).collect();
        let by_test: BTreeMap<&str, State> =
            live.tests.iter().map(|(id, t)| (id.as_str(), t.state)).collect();
        let computed: HashMap<String, State> =
            self.states_of(framework, &by_test, &live.judgements, now).into_iter().collect();
        let age = live.run.as_ref().map_or(i64::MAX, |run| now - run.at);
        let mut states: BTreeMap<State, u64> = State::ALL.into_iter().map(|s| (s, 0)).collect();
        let view = |id: &String| {
            let obligation = &framework.obligations[id.as_str()];
            let serving = self.declarations().controls.serving(&framework.id, id);
            let tested = serving.iter().filter_map(|(t, _)| live.tests.get(&t.id));
            let state = computed.get(id).copied().unwrap_or(State::NotProven);
            ObligationView {
                id: id.clone(),
                says: obligation.says.clone(),
                state: shown(state, age, self.stale_after()),
                since: since.get(id.as_str()).copied(),
                judgement: obligation.judgement,
                tests: serving.len() as u64,
                mapped: self.declarations().controls.mapped_to(&framework.id, id).count() as u64,
                partial: serving.iter().any(|(_, s)| s.partial.is_some()),
                exceptions: tested.map(|t| t.counts.exceptions()).sum(),
                applies_when: obligation.applies_when.clone(),
            }
        };
        let of_clause = |clause: &Clause| ClauseView {
            number: clause.number.clone(),
            title: clause.title.clone(),
            obligations: clause.obligations.iter().map(view).collect(),
        };
        let mut chapters = Vec::with_capacity(framework.chapters.len());
        for chapter in &framework.chapters {
            let clauses = chapter.clauses.iter().map(|number| of_clause(&framework.clauses[number.as_str()]));
            let clauses: Vec<ClauseView> = clauses.collect();
            let all = clauses.iter().flat_map(|c| &c.obligations);
            all.for_each(|o| *states.entry(o.state).or_default() += 1);
            chapters.push(ChapterView::of(chapter, clauses));
        }
        Ok(Overview {
            framework: framework.id.clone(),
            title: framework.title.clone(),
            edition: framework.edition.clone(),
            origin: framework.origin.clone(),
            scope: scope.id.clone(),
            as_of: now,
            stale: age > self.stale_after(),
            run: live.run,
            states,
            tests: live.tests.len() as u64,
            records_asked: live.tests.values().map(|t| t.counts.total()).sum(),
            exceptions: live.tests.values().map(|t| t.counts.exceptions()).sum(),
            before: None,
            chapters,
        })
    }
}

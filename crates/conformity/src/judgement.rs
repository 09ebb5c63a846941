//! Judgements of people: shown beside what was computed, never in its place, sealed in the log, with an end.

use std::collections::BTreeMap;

use proofdesk_model::entry::Entry;
use proofdesk_model::format::{day_of, parse_day, write_day};
use proofdesk_model::{Caller, Door, Permit, Problem, Problems, Reference, Stamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::conformity::Conformity;
use crate::control::Kind;
use crate::error::Error;
use crate::run::{TRIES, last_states, sealed, turn};
use crate::scope::Scope;
use crate::state::{Opinion, State};
use crate::tables::{self, JudgementRow, StateRow};

/// Who may judge.
pub const ROLES: [&str; 6] =
    ["sms_manager", "process_owner", "service_owner", "auditor", "certification_auditor", "top_management"];
/// Longest time for which a judgement may hold, in days.
pub const LONGEST_DAYS: i32 = 400;

/// A judgement on its way in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NewJudgement {
    /// Framework, `iso-20000-1-2018`.
    pub framework: String,
    /// Obligation, `8.6.1-g`.
    pub obligation: String,
    /// The test of kind `attest` that it answers; none for a word on the obligation as a whole.
    #[serde(default)]
    pub test: Option<String>,
    /// Whether it is good enough.
    pub opinion: Opinion,
    /// Why.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`; none for a year.
    #[serde(default)]
    pub expires_on: Option<String>,
}

/// The newest judgement that still holds: until its day, and at most for `every` microseconds where given.
pub(crate) fn in_force<'a>(
    judgements: impl Iterator<Item = &'a JudgementRow>,
    every: Option<i64>,
    now: i64,
) -> Option<&'a JudgementRow> {
    let today = day_of(now);
    let holds = |j: &&JudgementRow| {
        let by_day = j.expires_on.as_deref().and_then(parse_day).is_none_or(|day| day >= today);
        by_day && every.is_none_or(|every| now - j.at <= every) && j.at <= now
    };
    judgements.filter(holds).max_by_key(|j| j.id)
}

impl Conformity {
    /// Records a judgement, seals it in the log and notes what it changes.
    ///
    /// # Errors
    /// `Forbidden` without one of [`ROLES`]; `Invalid` with all problems; a fault of the database.
    pub async fn record_judgement(
        &self,
        caller: &Caller,
        new: &NewJudgement,
        door: Door,
    ) -> Result<JudgementRow, Error> {
        self.record_judgement_once(caller, new, door, Uuid::now_v7()).await
    }

    /// As [`Conformity::record_judgement`]; `write` makes it happen at most once.
    ///
    /// # Errors
    /// As [`Conformity::record_judgement`].
    pub async fn record_judgement_once(
        &self,
        caller: &Caller,
        new: &NewJudgement,
        door: Door,
        write: Uuid,
    ) -> Result<JudgementRow, Error> {
        let permit =
            Permit::of_conformity("conformity_judgement", caller, &ROLES).map_err(Error::Forbidden)?;
        let engine = self.engine();
        let now = engine.now();
        let expires_on = self.check(new, now)?;
        for _ in 0..TRIES {
            let id = engine.store().allocate("conformity_judgement", 1).await?;
            let judgement = JudgementRow {
                id,
                framework: new.framework.clone(),
                obligation: new.obligation.clone(),
                test: new.test.clone(),
                at: now,
                person: caller.person,
                author: caller.name.clone(),
                opinion: new.opinion,
                reason: new.reason.trim().to_owned(),
                expires_on: Some(write_day(expires_on)),
            };
            let mut statements = vec![tables::add_judgement(&new.framework, &judgement, &write)];
            let change = self.after_judgement(new, &judgement, now).await?;
            let turned: Vec<_> = change.iter().map(|row| turn(&new.framework, row)).collect();
            statements.extend(change.map(|row| tables::add_state(&new.framework, &Scope::all().id, &row)));
            let entry = entry_of(&new.framework, &judgement, &turned, caller, door);
            match engine.store().note(&permit, vec![entry], statements, write).await {
                // another program on the same file took the number meanwhile
                Err(proofdesk_store::Error::NumberTaken { .. }) => {}
                other => return Ok(other.map(|_| judgement)?),
            }
        }
        Err(Error::Engine(proofdesk_engine::Error::Unavailable))
    }

    /// Gives the last day, or all problems.
    fn check(&self, new: &NewJudgement, now: i64) -> Result<i32, Error> {
        let mut problems = Problems::default();
        let framework = self.declarations().framework(&new.framework);
        if framework.is_none_or(|f| !f.obligations.contains_key(&new.obligation)) {
            let message = format!("{} has no obligation {}.", new.framework, new.obligation);
            problems.push(Problem::new("obligation", "unknown", message));
        }
        if let Some(id) = &new.test {
            let serving = self.declarations().controls.serving(&new.framework, &new.obligation);
            let found = serving.iter().find(|(test, _)| test.id == *id);
            if found.is_none_or(|(test, _)| !matches!(test.kind, Kind::Attest(_))) {
                let message = format!("{id} is no test of {} that a person answers.", new.obligation);
                problems.push(Problem::new("test", "unknown", message));
            }
        }
        match new.reason.trim().chars().count() {
            0 => problems.push(Problem::new(
                "reason",
                "required",
                "Say why: a judgement without a reason proves nothing.",
            )),
            1..=4_000 => {}
            _ => {
                problems.push(Problem::new("reason", "size", "The reason may have at most 4000 characters."))
            }
        }
        let today = day_of(now);
        let last = match new.expires_on.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
            None => Some(today + 365),
            Some(text) => parse_day(text),
        };
        let within = last.filter(|day| (today..=today + LONGEST_DAYS).contains(day));
        if within.is_none() {
            let message = format!(
                "Give the last day on which it holds, from today and at most {LONGEST_DAYS} days on, such as {}.",
                write_day(today + 365)
            );
            problems.push(Problem::new("expires_on", "range", message));
        }
        problems.into_result().map_err(Error::Invalid)?;
        Ok(within.unwrap_or(today))
    }

    /// The change of state that a judgement brings, where a run has been made.
    async fn after_judgement(
        &self,
        new: &NewJudgement,
        judgement: &JudgementRow,
        now: i64,
    ) -> Result<Option<StateRow>, Error> {
        let engine = self.engine();
        let scope = Scope::all();
        let Some(framework) = self.declarations().framework(&new.framework) else { return Ok(None) };
        let live = self.live(&scope).await?;
        if live.run.is_none() {
            return Ok(None);
        }
        let mut states: BTreeMap<&str, State> =
            live.tests.iter().map(|(id, t)| (id.as_str(), t.state)).collect();
        if let Some(test) = &new.test {
            states.insert(test, crate::state::of_opinion(Some(new.opinion)));
        }
        let mut judgements = self.all_judgements().await?;
        judgements.push(judgement.clone());
        let own = std::iter::once(&new.obligation);
        let found = self.states_of_some(framework, own, &states, &judgements, now);
        let state = found.into_iter().find(|(id, _)| *id == new.obligation).map(|(_, state)| state);
        let rows = tables::states(engine, &new.framework, &scope.id, Some(&new.obligation)).await?;
        let last = last_states(&rows).get(&new.obligation).copied();
        let cause = format!("judgement {}", judgement.id);
        let obligation = new.obligation.clone();
        let row = |state| StateRow { obligation, since: now, state, run: None, cause };
        Ok(state.filter(|state| last != Some(*state)).map(row))
    }

    /// The judgements of all frameworks in force, oldest first.
    pub(crate) async fn all_judgements(&self) -> Result<Vec<JudgementRow>, Error> {
        let mut found = Vec::new();
        for framework in &self.declarations().frameworks {
            found.extend(tables::judgements(self.engine(), &framework.id, None).await?);
        }
        Ok(found)
    }

    /// Judgements about an obligation, newest first, also those that no longer hold.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn judgements(&self, framework: &str, obligation: &str) -> Result<Vec<JudgementRow>, Error> {
        let mut found = tables::judgements(self.engine(), framework, Some(obligation)).await?;
        found.reverse();
        Ok(found)
    }
}

fn entry_of(
    framework: &str,
    judgement: &JudgementRow,
    turned: &[Json],
    caller: &Caller,
    door: Door,
) -> Entry {
    let note = json!({
        "framework": framework,
        "obligation": judgement.obligation,
        "test": judgement.test,
        "opinion": judgement.opinion.as_str(),
        "reason": judgement.reason,
        "expires_on": judgement.expires_on,
        "turned": turned,
    });
    let about = Reference::new("conformity_judgement", judgement.id);
    sealed(about, "JUD", caller, Stamp::now(judgement.at, door), note)
}

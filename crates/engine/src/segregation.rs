//! Segregation of duties by the log: what a record says now can be altered first, what was done cannot.
//!
//! A guard that holds people apart (`apart_from`, `two_hands`) is evaluated by the model as any other; this asks the history
//! of the record beside it. Not here: which steps have such guards (`records/*.kdl`).
//! Source: ISO/IEC 20000-1:2018, 5.3 and the clauses that the guards name.

use proofdesk_model::format::to_json;
use proofdesk_model::{APART, ASK_A_COLLEAGUE, Checked, Draft, Facts, Problem, Problems, Reference, Value};

use crate::Engine;
use crate::error::Error;
use crate::history::HistoryItem;

/// Entries of a record that are read at once.
const AT_ONCE: usize = 500;

impl Engine {
    /// Checks a derived draft, by what the log tells of its record, too.
    ///
    /// # Errors
    /// `Invalid` with all problems, or a fault of the database.
    pub(crate) async fn checked(&self, draft: Draft, facts: &Facts) -> Result<Checked, Error> {
        let apart = self.held_apart(&draft, facts).await?;
        match draft.check(self.rules(), facts) {
            Ok(checked) if apart.0.is_empty() => Ok(checked),
            Ok(_) => Err(Error::Invalid(apart)),
            Err(mut problems) => {
                // who is told once that a colleague is needed knows it
                if !problems.0.iter().any(|p| p.code == APART) {
                    problems.0.extend(apart.0);
                }
                Err(Error::Invalid(problems))
            }
        }
    }

    /// Every entry of a record, newest first: what was done long ago holds people apart, too.
    async fn whole_history(&self, record: &Reference) -> Result<Vec<HistoryItem>, Error> {
        let mut history: Vec<HistoryItem> = Vec::new();
        loop {
            let before = history.last().map(|item| item.entry);
            let some = self.history_before(record, before, AT_ONCE).await?;
            let is_last = some.len() < AT_ONCE;
            history.extend(some);
            if is_last {
                return Ok(history);
            }
        }
    }

    /// What the log has against the step of a draft.
    async fn held_apart(&self, draft: &Draft, facts: &Facts) -> Result<Problems, Error> {
        let mut problems = Problems::default();
        let (Some(me), Some(before)) = (draft.caller().person, draft.before()) else { return Ok(problems) };
        if draft.is_free() || draft.guards_by_log().next().is_none() {
            return Ok(problems);
        }
        let reference = Reference::new(before.of.name.clone(), before.number);
        let history = self.whole_history(&reference).await?;
        for guard in draft.guards_by_log() {
            // what a guard allows whom it names, it allows who works alone
            if guard.apart_from.is_some() && draft.holds_for_me(guard, facts) {
                continue;
            }
            // in an earlier write, or in this very one
            let took =
                |field: &&str| before.get(field) == Value::Link(me) || took_himself_out(&history, field, me);
            let is_alone = || history.iter().filter(|item| is_hand(item)).all(|item| item.person == Some(me));
            let why = if let Some(field) = guard.apart_from.as_deref().filter(took) {
                let label = draft.of().field(field).map_or(field, |f| &f.label);
                format!("It named you under “{label}”.")
            } else if guard.two_hands && is_alone() {
                "You alone have worked on it.".to_owned()
            } else {
                continue;
            };
            let problem = Problem::new("", APART, format!("{why} {ASK_A_COLLEAGUE}"));
            let problem = problem.with_clause(guard.clause.as_deref());
            if !problems.0.contains(&problem) {
                problems.push(problem);
            }
        }
        Ok(problems)
    }
}

/// Whether a person altered a field that named him by his own doing: whom another one named by mistake puts it right.
fn took_himself_out(history: &[HistoryItem], field: &str, me: i64) -> bool {
    let mine = to_json(&Value::Link(me));
    let mut by_himself = true;
    for item in history.iter().rev() {
        let Some(change) = item.changes.iter().find(|c| c.field == field) else { continue };
        if change.new == mine {
            by_himself = item.person == Some(me);
        } else if change.old == mine && item.person == Some(me) && by_himself {
            return true;
        }
    }
    false
}

/// Whether an entry is work on the record: watching it is none, and neither is what somebody had a clock or an automation
/// of this desk do for him.
fn is_hand(item: &HistoryItem) -> bool {
    let is_own_echo = item.person.is_none() && ["clock", "rule"].contains(&item.door.as_str());
    !is_own_echo && (item.action == "create" || !item.changes.is_empty() || !item.links.is_empty())
}

//! Conditions whose beginning to hold is told to a job: the job is in the transaction of the write that brought it about,
//! so that none is forgotten and none comes without its cause.
//!
//! Not here: what is done then (`automation`).
//! Invariant: a job is due only where the condition holds after a write and did not hold before it.

use std::collections::HashMap;

use proofdesk_model::{Checked, Condition, Door, Job, Outcome, Record};
use proofdesk_store::Statement;
use serde_json::json;

use crate::Engine;

/// The kind of the jobs.
pub const FOLLOW: &str = "follow";
/// A chain of writes, each made because of the one before, ends after so many.
pub const LONGEST_CHAIN: u64 = 5;

/// A condition over the own fields of a record that somebody waits for.
#[derive(Debug, Clone)]
pub struct Follow {
    /// Who waits: comes back in the job's `follow`.
    pub name: String,
    /// What he waits for; it follows no links, as it is asked before and after each write.
    pub condition: Condition,
}

/// Those who wait, by record type.
pub(crate) type Follows = HashMap<String, Vec<Follow>>;

/// Why a program wrote: what the note of its entry says.
pub fn because(name: &str, depth: u64) -> serde_json::Value {
    json!({"automation": name, "depth": depth})
}

impl Engine {
    /// Takes conditions to follow; only once, at the program's start.
    pub fn use_follows(&self, follows: Vec<Follow>) {
        let mut by_type = Follows::new();
        for follow in follows {
            by_type.entry(follow.condition.record_type().to_owned()).or_default().push(follow);
        }
        // a second call would come from the same declarations
        let _ = self.follows().set(by_type);
    }

    /// The jobs that a write brings about. History that comes in from elsewhere brings about none.
    pub(crate) fn begun(&self, checked: &Checked) -> Vec<Statement> {
        let (record, stamp) = (checked.after(), checked.stamp());
        let is_past = matches!(stamp.door, Door::Import | Door::Demo);
        let waiting = self.follows().get().and_then(|all| all.get(&record.of.name));
        let Some(waiting) = waiting.filter(|_| !is_past) else { return Vec::new() };
        let context = self.context(checked.caller());
        let holds = |of: &Follow, record: &Record| of.condition.evaluate(record, &context) == Outcome::True;
        let note = checked.note();
        let own = note.and_then(|n| n.get("automation")).and_then(|n| n.as_str());
        let depth = note.and_then(|n| n.get("depth")).and_then(serde_json::Value::as_u64).unwrap_or_default();
        let begins = |follow: &&Follow| {
            own != Some(&follow.name)
                && holds(follow, record)
                && !checked.before().is_some_and(|before| holds(follow, before))
        };
        let mut begun = waiting.iter().filter(begins).peekable();
        if depth >= LONGEST_CHAIN {
            if begun.peek().is_some() {
                let reference = record.reference();
                tracing::warn!(%reference, "a chain of automations was ended: each write brought about the next");
            }
            return Vec::new();
        }
        begun
            .map(|follow| {
                let (of, number, version) = (&record.of.name, record.number, record.version);
                Statement::enqueue(&Job {
                    kind: FOLLOW.to_owned(),
                    key: format!("{}/{of}/{number}/{version}", follow.name),
                    run_at: stamp.at,
                    payload: json!({
                        "follow": follow.name, "type": of, "number": number, "version": version, "depth": depth,
                    }),
                })
            })
            .collect()
    }
}

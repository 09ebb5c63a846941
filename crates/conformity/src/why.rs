//! Why a record is an exception: the assertions that do not hold, with the values seen.

use proofdesk_condition::{Context, Outcome, Reason, Value};
use proofdesk_model::RecordType;
use proofdesk_model::format::write_instant;
use serde::{Deserialize, Serialize};

use crate::control::Each;
use crate::tree::Tree;

/// Reasons as they are stored and hashed: JSON. They are texts alone, which always have a JSON form; were there none, the
/// empty text is what no row has, and `verify` names it.
pub(crate) fn stored(why: &[Why]) -> String {
    serde_json::to_string(why).unwrap_or_default()
}

/// What one record is to one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does not belong to the population.
    Outside,
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// It cannot be evaluated.
    Error,
}

impl Standing {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::Error => "error",
        }
    }

    /// Reads the stored word; anything else is an error, which is never counted as good.
    pub fn parse(word: &str) -> Self {
        match word {
            "outside" => Self::Outside,
            "holds" => Self::Holds,
            "fails" => Self::Fails,
            _ => Self::Error,
        }
    }
}

/// One thing that is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// What is wrong, for a person.
    pub says: String,
    /// Whether it is said because something cannot be evaluated.
    pub cannot_be_evaluated: bool,
    /// The field to fill, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Fields that were looked at, with their values as text; `none` for an empty one.
    pub seen: Vec<(String, String)>,
}

/// Judges one record, and says why it does not hold.
pub(crate) fn judge(
    each: &Each,
    members: Option<&proofdesk_condition::Condition>,
    tree: &Tree,
    context: &Context,
) -> (Standing, Vec<Why>) {
    match members.map_or(Outcome::True, |m| m.evaluate(tree, context)) {
        Outcome::False => return (Standing::Outside, Vec::new()),
        Outcome::Error => {
            let reasons = members.map(|m| m.explain(tree, context)).unwrap_or_default();
            let why = Why {
                says: "It cannot be said whether it belongs to this test".to_owned(),
                cannot_be_evaluated: true,
                field: None,
                seen: seen(&reasons, &tree.record.of),
            };
            return (Standing::Error, vec![why]);
        }
        Outcome::True => {}
    }
    let mut whys = Vec::new();
    let mut worst = Outcome::True;
    for must in &each.musts {
        let outcome = must.condition.evaluate(tree, context);
        if outcome == Outcome::True {
            continue;
        }
        worst = if worst == Outcome::False { worst } else { outcome };
        let reasons = must.condition.explain(tree, context);
        whys.push(Why {
            says: must.says.clone(),
            cannot_be_evaluated: outcome == Outcome::Error,
            field: must.field.clone(),
            seen: seen(&reasons, &tree.record.of),
        });
    }
    let standing = match worst {
        Outcome::True => Standing::Holds,
        Outcome::False => Standing::Fails,
        Outcome::Error => Standing::Error,
    };
    (standing, whys)
}

/// The values of reasons, each field once. The instant of the question is left out: it is that of the run.
fn seen(reasons: &[Reason], of: &RecordType) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = Vec::new();
    for (name, value) in reasons.iter().flat_map(|r| &r.seen) {
        let known = values.iter().any(|(n, _)| n == name);
        if !known && name != "now" && name != "today" {
            values.push((name.clone(), written(name, value, of)));
        }
    }
    values
}

fn written(name: &str, value: &Value, of: &RecordType) -> String {
    match (value, of.field(name)) {
        (Value::Instant(at), _) => write_instant(*at),
        (Value::Text(text), _) if text.chars().count() > 120 => {
            text.chars().take(119).chain(std::iter::once('…')).collect()
        }
        (Value::Text(text), Some(field)) => {
            field.options().iter().find(|o| o.name == *text).map_or_else(|| text.clone(), |o| o.label.clone())
        }
        _ => value.to_string(),
    }
}

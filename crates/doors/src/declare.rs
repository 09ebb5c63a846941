//! What a door is, as declared.

use proofdesk_model::Condition;

use crate::inputs::Input;
use crate::template::Template;

/// A door.
#[derive(Debug, Clone)]
pub struct Door {
    /// Its name, in the address.
    pub name: String,
    /// Its label.
    pub label: String,
    /// Member of the message that holds the items; none where the message is one item.
    pub(crate) each: Option<String>,
    /// What it reads.
    pub(crate) inputs: Vec<Input>,
    /// What tells one case from another.
    pub(crate) key: Template,
    /// What tells a second time of the same case from the first.
    pub(crate) episode: Template,
    /// Records that the message means.
    pub(crate) finds: Vec<Find>,
    /// Makes a record.
    pub(crate) open: Option<Open>,
    /// When it keeps quiet.
    pub(crate) quiet: Vec<Quiet>,
    /// What ends the case.
    pub(crate) over: Option<Over>,
    /// What it does to a record that the message names.
    pub(crate) on: Option<On>,
}

impl Door {
    /// Whether a message has many items.
    pub fn is_list(&self) -> bool {
        self.each.is_some()
    }
}

/// A record that a message means.
#[derive(Debug, Clone)]
pub(crate) struct Find {
    pub name: String,
    pub record_type: String,
    /// Field of the new record that takes it.
    pub link: Option<String>,
    pub ways: Vec<Way>,
}

/// How a record is found; the first way that finds exactly one counts.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// By its reference.
    Reference(Template),
    /// By the value of a text field.
    By(String, Template),
    /// By a relation of another found record.
    Via(String, String),
}

/// A value to set, where its condition over the message holds.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub field: String,
    pub value: Template,
    pub when: Option<Condition>,
}

/// Makes a record where the condition over the message holds.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub record_type: String,
    pub when: Condition,
    pub sets: Vec<Set>,
    /// Inputs whose change is told on the record.
    pub follow: Vec<String>,
    /// Fields that follow the message as long as nobody set them otherwise.
    pub update: Vec<String>,
}

/// Keeps quiet while a related record meets a condition.
#[derive(Debug, Clone)]
pub(crate) struct Quiet {
    /// Name of the found record.
    pub of: String,
    /// Its relation.
    pub via: String,
    /// Type at the other end.
    pub record_type: String,
    pub filter: Condition,
    /// Field with the instant at which the quiet ends.
    pub until: String,
}

/// What ends a case.
#[derive(Debug, Clone)]
pub(crate) struct Over {
    pub when: Condition,
    pub note: Template,
    pub steps: Vec<Step>,
}

/// What is done to a record that the message names.
#[derive(Debug, Clone)]
pub(crate) struct On {
    pub find: String,
    /// Fields that are compared with texts of the message; what differs is the input `differences`.
    pub compare: Vec<(String, Template)>,
    pub notes: Vec<(Template, Option<Condition>)>,
    pub steps: Vec<Step>,
}

/// A step of the workflow, or a change without one where `transition` is empty.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub transition: String,
    /// Over the message.
    pub when: Option<Condition>,
    /// Over the record.
    pub filter: Option<Condition>,
    pub sets: Vec<Set>,
}

//! What somebody wants to write, when and through which door.

use indexmap::IndexMap;
use proofdesk_condition::Value;
use serde::{Deserialize, Serialize};

use crate::record::Reference;

/// The way by which a write came in; part of every history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// A page in the browser.
    Page,
    /// The REST interface.
    Api,
    /// An import of history.
    Import,
    /// A rule or automation.
    Rule,
    /// Mail.
    Mail,
    /// A signed link of a mail.
    Link,
    /// A clock that reached its instant.
    Clock,
    /// The command line.
    Cli,
    /// The example company.
    Demo,
}

impl Door {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Api => "api",
            Self::Import => "import",
            Self::Rule => "rule",
            Self::Mail => "mail",
            Self::Link => "link",
            Self::Clock => "clock",
            Self::Cli => "cli",
            Self::Demo => "demo",
        }
    }
}

/// When and how a write happens. Given by the caller, never taken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The instant of the write, microseconds UTC: the entry's time.
    pub at: i64,
    /// The instant at which it happened in the world; earlier than `at` only for imported history.
    pub occurred_at: i64,
    /// The door.
    pub door: Door,
}

impl Stamp {
    /// A write that happens now.
    pub fn now(at: i64, door: Door) -> Self {
        Self { at, occurred_at: at, door }
    }
}

/// A relation to add or to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChange {
    /// Relation as seen from the record: a many-link field or an inverse.
    pub relation: String,
    /// The other record.
    pub to: Reference,
    /// Adds it, else removes it.
    pub add: bool,
}

/// What somebody wants to change on one record: values, relations, at most one transition.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Column to new value; null clears.
    pub set: IndexMap<String, Value>,
    /// Relations to add and remove.
    pub links: Vec<LinkChange>,
    /// Transition to take.
    pub transition: Option<String>,
    /// Key in the system that the record is imported from; only when creating.
    pub external_key: Option<String>,
    /// Takes the state as given, for imported history only: the imported system's workflow is not ours.
    pub state: Option<String>,
    /// It goes with an answer to the customer, who has then been responded to.
    pub answers: bool,
    /// What goes into the entry beside the change, such as the place of an imported event in its source.
    pub note: Option<serde_json::Value>,
}

impl Change {
    /// Sets a value.
    #[must_use]
    pub fn with(mut self, column: &str, value: Value) -> Self {
        self.set.insert(column.to_owned(), value);
        self
    }

    /// Sets a text or an option.
    #[must_use]
    pub fn with_text(self, column: &str, text: &str) -> Self {
        self.with(column, Value::Text(text.to_owned()))
    }

    /// Takes a transition.
    #[must_use]
    pub fn take(mut self, transition: &str) -> Self {
        self.transition = Some(transition.to_owned());
        self
    }

    /// Adds a relation.
    #[must_use]
    pub fn link(mut self, relation: &str, to: Reference) -> Self {
        self.links.push(LinkChange { relation: relation.to_owned(), to, add: true });
        self
    }

    /// Whether it would change nothing.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.links.is_empty() && self.transition.is_none() && self.state.is_none()
    }
}

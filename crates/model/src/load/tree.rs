//! Declarations as written: every word with its spot, nothing resolved yet.

use crate::load::text::{Spot, Word};

/// A `record` or an `extend` node.
#[derive(Debug, Clone, Default)]
pub(crate) struct TypeTree {
    pub name: Word,
    pub reference: Option<Word>,
    pub label: Option<Word>,
    pub plural: Option<Word>,
    pub menu: bool,
    /// The comment above it.
    pub doc: String,
    /// Texts of the declaration and of its extensions.
    pub sources: Vec<String>,
    pub file: String,
    /// Adds to another declaration.
    pub extends: bool,
    pub clauses: Vec<Word>,
    pub family: Option<Word>,
    pub title: Option<Word>,
    pub aspects: Vec<Word>,
    pub rules: Vec<Word>,
    pub sections: Vec<SectionTree>,
    pub states: Vec<StateTree>,
    pub transitions: Vec<TransitionTree>,
    /// Guards that an extension adds to a transition declared elsewhere.
    pub guards: Vec<(Word, GuardTree)>,
    pub clocks: Vec<ClockTree>,
    pub list: Vec<(Word, bool)>,
    pub views: Vec<ViewTree>,
    pub collections: Vec<CollectTree>,
    pub narrow: Option<NarrowTree>,
    pub version_of: Option<VersionTree>,
    pub readers: Option<ReadersTree>,
    pub fixed: Vec<FixedTree>,
    /// Fields that a mere requester enters.
    pub requesters_enter: Vec<Word>,
    pub charts: Vec<ChartTree>,
    pub timelines: Vec<TimelineTree>,
    pub permits: Vec<(Word, Word)>,
    pub examples: Vec<ExampleTree>,
}

/// Fields that are not altered in some states.
#[derive(Debug, Clone)]
pub(crate) struct FixedTree {
    pub fields: Vec<Word>,
    pub states: Vec<Word>,
    pub once: Option<Word>,
    pub says: Word,
}

/// A group of fields.
#[derive(Debug, Clone)]
pub(crate) struct SectionTree {
    pub label: String,
    pub fields: Vec<FieldTree>,
}

/// A field; `kind` is its first word.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldTree {
    pub kind: String,
    pub name: Word,
    pub label: Option<Word>,
    pub help: Option<Word>,
    pub clause: Option<Word>,
    pub required: bool,
    pub search: bool,
    pub public: bool,
    pub index: bool,
    pub retired: bool,
    pub hidden: bool,
    pub written_by: Option<Word>,
    pub default: Option<Word>,
    pub was: Option<Word>,
    pub rule: Option<Word>,
    pub to: Option<Word>,
    pub inverse: Option<Word>,
    pub min: Option<(i64, Spot)>,
    pub max: Option<(i64, Spot)>,
    pub table: Option<Word>,
    pub override_reason: Option<Word>,
    pub options: Vec<OptionTree>,
    pub rows: Vec<Vec<Word>>,
}

/// An option of a choice.
#[derive(Debug, Clone)]
pub(crate) struct OptionTree {
    pub name: Word,
    pub label: Option<Word>,
    pub tone: Option<Word>,
    pub help: Option<Word>,
}

/// A state.
#[derive(Debug, Clone)]
pub(crate) struct StateTree {
    pub name: Word,
    pub label: Option<Word>,
    pub kind: Option<Word>,
    pub requires: Vec<Word>,
    pub aside: bool,
}

/// A transition.
#[derive(Debug, Clone)]
pub(crate) struct TransitionTree {
    pub name: Word,
    pub label: Option<Word>,
    pub from: Vec<Word>,
    pub to: Option<Word>,
    pub roles: Vec<Word>,
    pub requires: Vec<Word>,
    pub offers: Vec<Word>,
    pub key: Option<Word>,
    pub primary: bool,
    pub guards: Vec<GuardTree>,
    pub sets: Vec<(Word, Word)>,
    pub at: Option<Word>,
}

/// A guard.
#[derive(Debug, Clone)]
pub(crate) struct GuardTree {
    pub condition: Word,
    pub clause: Option<Word>,
    pub says: Option<Word>,
    pub apart_from: Option<Word>,
    pub two_hands: bool,
}

/// A clock.
#[derive(Debug, Clone)]
pub(crate) struct ClockTree {
    pub name: Word,
    pub label: Option<Word>,
    pub start: Option<Word>,
    pub pause: Vec<Word>,
    pub when: Option<Word>,
    pub stop: Vec<Word>,
    pub until: Option<Word>,
    pub retarget: Option<Word>,
    pub reopen: Option<Word>,
    pub at_risk: Option<(i64, Spot)>,
    pub holder: Option<Word>,
    pub held_while: Option<Word>,
}

/// A view.
#[derive(Debug, Clone)]
pub(crate) struct ViewTree {
    pub name: Word,
    pub label: Option<Word>,
    pub sort: Option<Word>,
    pub descending: bool,
    pub needs: bool,
    pub condition: Option<Word>,
}

/// Records gathered for one record.
#[derive(Debug, Clone)]
pub(crate) struct CollectTree {
    pub name: Word,
    pub label: Option<Word>,
    pub clause: Option<Word>,
    pub from: Word,
    pub through: Option<Word>,
    pub on: Option<Word>,
    pub condition: Option<Word>,
}

/// Which records are seen by whom.
#[derive(Debug, Clone)]
pub(crate) struct NarrowTree {
    pub except: Vec<Word>,
    pub condition: Word,
}

/// What the records are versions of.
#[derive(Debug, Clone)]
pub(crate) struct VersionTree {
    pub link: Word,
    pub content: Word,
    pub file: Option<Word>,
    pub edition: Word,
    pub digest: Option<Word>,
    pub follows: Option<Word>,
    pub template: Option<Word>,
    pub changed: Option<Word>,
}

/// Who is asked to acknowledge.
#[derive(Debug, Clone)]
pub(crate) struct ReadersTree {
    pub ask: Word,
    pub at: Word,
    pub person: Word,
    pub due: Word,
    pub done: Word,
    pub since: Word,
    pub digest: Option<Word>,
    pub seen_by: Vec<Word>,
    pub condition: Word,
    /// Condition over people, and when it counts.
    pub groups: Vec<(Word, Word)>,
}

/// Records of another type, month by month.
#[derive(Debug, Clone)]
pub(crate) struct ChartTree {
    pub name: Word,
    pub label: Option<Word>,
    pub clause: Option<Word>,
    pub from: Word,
    pub through: Word,
    pub on: Word,
    pub by: Option<Word>,
    pub sum: Option<Word>,
    pub share: Option<Word>,
    pub condition: Option<Word>,
    pub months: i64,
}

/// What another type plans in the period of a record.
#[derive(Debug, Clone)]
pub(crate) struct TimelineTree {
    pub name: Word,
    pub label: Option<Word>,
    pub clause: Option<Word>,
    pub from: Word,
    pub through: Word,
    pub start: Word,
    pub end: Option<Word>,
    pub by: Option<Word>,
    pub due: Vec<Word>,
    pub cover: Vec<Word>,
    pub show: Vec<Word>,
    pub open: Vec<Word>,
}

/// An example.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExampleTree {
    pub title: Word,
    pub given: Vec<(Word, Word)>,
    pub change: Vec<(Word, Word)>,
    pub transition: Option<Word>,
    pub because: Option<Word>,
    pub expect: Vec<(Word, Word)>,
}

//! A declared record type: fields in form order, workflow, clocks, permissions, list columns and views.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use indexmap::IndexMap;
use proofdesk_condition::Condition;

use crate::access::Action;
use crate::field::{Field, Kind};
use crate::workflow::{ClockSpec, State, StateKind, Transition};

/// A group of fields on a form and on the record's page.
#[derive(Debug, Clone)]
pub struct Section {
    /// Heading.
    pub label: String,
    /// Names of its fields, in order.
    pub fields: Vec<String>,
}

/// A column of the type's lists.
#[derive(Debug, Clone)]
pub struct ListColumn {
    /// Field or common column.
    pub field: String,
    /// Left out on narrow screens.
    pub spare: bool,
}

/// A declared saved view: a named condition with an order.
#[derive(Debug, Clone)]
pub struct View {
    /// Name in the address.
    pub name: String,
    /// What the tab says.
    pub label: String,
    /// Which records it shows.
    pub condition: Option<Condition>,
    /// Field that it is sorted by.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Its records wait for a step of whoever may take it: they stand on that person's own page.
    pub needs: bool,
}

/// The two days of a record that its collections with a date look between.
pub const PERIOD: [&str; 2] = ["period_from", "period_to"];

/// Other records that a page gathers for one record, such as the inputs of a management review.
#[derive(Debug, Clone)]
pub struct Collection {
    /// Name, unique in the type.
    pub name: String,
    /// Its heading.
    pub label: String,
    /// The clause that asks for it.
    pub clause: Option<String>,
    /// Type of the records.
    pub from: String,
    /// The link of theirs that leads to the record; none where all records of the type count.
    pub through: Option<Through>,
    /// Their instant or day that lies in the period of the record ([`PERIOD`], both days included); without it all
    /// count, whenever they were made.
    pub on: Option<String>,
    /// Which of them.
    pub condition: Option<Condition>,
}

/// Who of those that may read a type reads which of its records: a declared narrowing by condition.
#[derive(Debug, Clone)]
pub struct Narrow {
    /// Roles that read every record all the same.
    pub except: BTreeSet<String>,
    /// What holds for a record that one may see; `me` is the person who asks.
    pub condition: Condition,
}

/// A type whose records are versions of records of another type: two are compared, new ones begin from a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionOf {
    /// The link that names what it is a version of.
    pub link: String,
    /// The type that the link leads to.
    pub whole: String,
    /// The formatted text that is compared.
    pub content: String,
    /// The file that is compared by name, size and hash.
    pub file: Option<String>,
    /// The line of text that names the version.
    pub edition: String,
    /// The line of text that keeps the digest of what it says ([`crate::Record::digest`]).
    pub digest: Option<String>,
    /// The link to the version before.
    pub follows: Option<String>,
    /// The line of text of the whole that keeps from which template it was begun.
    pub template: Option<String>,
    /// The formatted text that says what changed.
    pub changed: Option<String>,
}

/// Who is asked to acknowledge a record, and the type of the acknowledgement.
#[derive(Debug, Clone)]
pub struct Readers {
    /// Type of the acknowledgement.
    pub ask: String,
    /// Its link to what is read.
    pub at: String,
    /// Its link to the reader.
    pub person: String,
    /// Its instant by which it is due.
    pub due: String,
    /// Its transition by which the reader acknowledges.
    pub done: String,
    /// Its state after that.
    pub given: String,
    /// Since when a record asks: an instant of it.
    pub since: String,
    /// Its line of text that keeps the digest of what was read ([`crate::Record::digest`]).
    pub digest: Option<String>,
    /// Roles that see who has read.
    pub seen_by: Vec<String>,
    /// Which records ask at all.
    pub condition: Condition,
    /// Who is asked: the first group whose condition holds for the record.
    pub groups: Vec<ReaderGroup>,
}

/// The people who are asked to acknowledge records of one kind.
#[derive(Debug, Clone)]
pub struct ReaderGroup {
    /// Which records it is for.
    pub when: Condition,
    /// A condition over people; `{link}` in it stands for the reference that this link of the record leads to.
    pub people: String,
}

impl ReaderGroup {
    /// The condition over people for one record; none where a link that it needs is empty.
    pub fn people_for(&self, reference: impl Fn(&str) -> Option<String>) -> Option<String> {
        crate::load::filled(&self.people, reference)
    }
}

/// Fields that nobody alters while a record is in one of some states: what was approved stays what was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// Fields and relations.
    pub fields: Vec<String>,
    /// The states.
    pub states: Vec<String>,
    /// Only once this field has a value; from the beginning of the states where none is named.
    pub once: Option<String>,
    /// What to do instead, for a person.
    pub says: String,
}

/// The link by which records of another type belong to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Through {
    /// Field of the other type.
    pub field: String,
    /// It leads to many records.
    pub many: bool,
}

impl Through {
    /// The condition over the other type that holds for the records of this one.
    pub fn condition(&self, reference: &str) -> String {
        if self.many {
            format!("{}.exists(r, r == '{reference}')", self.field)
        } else {
            format!("{} == '{reference}'", self.field)
        }
    }
}

/// A chart on the page of a record: the records of another type that belong to it, month by month.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Name, unique in the type.
    pub name: String,
    /// Its title.
    pub label: String,
    /// The clause that asks for it.
    pub clause: Option<String>,
    /// Type of the records.
    pub from: String,
    /// Their link to the record.
    pub through: Through,
    /// Their instant or day that places them in a month.
    pub on: String,
    /// Which of them.
    pub condition: Option<Condition>,
    /// What is drawn of each month.
    pub drawn: Drawn,
    /// Months looked back.
    pub months: u32,
}

/// What a chart draws of each month.
#[derive(Debug, Clone)]
pub enum Drawn {
    /// How many records, divided by a choice where one is named.
    Count(Option<String>),
    /// The share of them that meets a condition, in per cent.
    Share(Box<Condition>),
    /// The sum of a number, an amount or a duration.
    Sum(String),
}

/// A line of time on the page of a record with a period: what another type plans in it, and what that covers.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// Name, unique in the type.
    pub name: String,
    /// Its title.
    pub label: String,
    /// The clause that asks for it.
    pub clause: Option<String>,
    /// Type of what is planned.
    pub from: String,
    /// Its link to the record.
    pub through: Through,
    /// Its instant or day of beginning.
    pub start: String,
    /// Its instant or day of ending; none where it is a point in time.
    pub end: Option<String>,
    /// The choice that gives it its lane.
    pub by: Option<String>,
    /// Its instants and days that are deadlines.
    pub due: Vec<String>,
    /// Its choices and many-links that the whole line is to cover.
    pub cover: Vec<String>,
    /// Its fields that the table beside the drawing shows.
    pub show: Vec<String>,
    /// The relations of others to it whose open records are counted beside it.
    pub open: Vec<String>,
}

/// An example in a declaration, run whenever the registry is checked.
#[derive(Debug, Clone)]
pub struct Example {
    /// What it shows.
    pub title: String,
    /// Field name and written value before the step; `state` may be given.
    pub given: Vec<(String, String)>,
    /// Field name and written value entered in the step itself.
    pub change: Vec<(String, String)>,
    /// Transition to try; none changes the record, or creates it when nothing is to be changed.
    pub transition: Option<String>,
    /// The step is refused, and this word is the field, code, clause or part of the message of a problem.
    pub refused_because: Option<String>,
    /// Values expected afterwards: field and written value.
    pub expect: Vec<(String, String)>,
    /// `file:line` of the example.
    pub place: String,
}

/// A declared record type. Immutable once the registry is loaded.
#[derive(Debug)]
pub struct RecordType {
    /// Name of the type and of its table.
    pub name: String,
    /// What one is called.
    pub label: String,
    /// What many are called.
    pub plural: String,
    /// Prefix of its references, `INC`.
    pub prefix: String,
    /// What it is, from the leading comment of its file.
    pub doc: String,
    /// Clauses that it serves.
    pub clauses: Vec<String>,
    /// Family in the menu: `work`, `services`, `system` or `assurance`.
    pub family: String,
    /// One of the everyday types that the menu names; the others stand on the home of their family.
    pub menu: bool,
    /// Field whose text names a record.
    pub title: String,
    /// Groups of fields.
    pub sections: Vec<Section>,
    /// All fields, form order first, then computed ones.
    pub fields: IndexMap<String, Field>,
    /// States; the first is the initial one.
    pub states: Vec<State>,
    /// Transitions in order of declaration.
    pub transitions: Vec<Transition>,
    /// Clocks.
    pub clocks: Vec<ClockSpec>,
    /// Rust rules, by name, in order.
    pub rules: Vec<String>,
    /// Aspects, by name.
    pub aspects: BTreeSet<String>,
    /// Columns of lists.
    pub list: Vec<ListColumn>,
    /// Declared views; the first is the default.
    pub views: Vec<View>,
    /// Other records gathered for one record.
    pub collections: Vec<Collection>,
    /// Which records who may read the type sees; none where he sees all.
    pub narrow: Option<Narrow>,
    /// What its records are versions of.
    pub version_of: Option<VersionOf>,
    /// Who is asked to acknowledge its records.
    pub readers: Option<Readers>,
    /// Fields that are not altered in some states.
    pub fixed: Vec<Fixed>,
    /// Fields and relations that lead to records which settle them ([`Fixed`]) under the name they have there. Derived by
    /// [`crate::Registry::seal`].
    pub settled_afar: BTreeSet<String>,
    /// Fields that a mere requester enters in a record that he makes; see [`crate::Caller::enters`].
    pub requesters_enter: Vec<String>,
    /// Charts on the page of a record.
    pub charts: Vec<Chart>,
    /// Lines of time on the page of a record.
    pub timelines: Vec<Timeline>,
    /// Role to what it may do.
    pub permissions: BTreeMap<String, BTreeSet<String>>,
    /// Examples.
    pub examples: Vec<Example>,
    /// Inverse relations seen from this type: name to (other type, its field, other field is a many-link).
    pub inverses: IndexMap<String, Inverse>,
    /// `file` that declared it.
    pub file: String,
    /// SHA-256 of the declaration's text, hexadecimal: the version by which records are judged.
    pub declaration: String,
    /// Derived by [`RecordType::seal`].
    pub(crate) columns: Vec<Column>,
    pub(crate) column_at: HashMap<String, usize, BuildHasherDefault<Names>>,
}

/// Hashes the names of columns, which come from declarations: rules ask for dozens of them at every write, and need no
/// protection against names that were chosen to collide.
#[derive(Debug, Clone)]
pub(crate) struct Names(u64);

impl Default for Names {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Names {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A relation that another type declares towards this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inverse {
    /// The type that declares it.
    pub from: String,
    /// Its field.
    pub field: String,
    /// Whether that field is a many-link (rows of `link`), else a column of that type.
    pub many: bool,
}

/// One stored column of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Column name.
    pub name: String,
    /// Field that it belongs to.
    pub field: String,
    /// Its stored shape.
    pub shape: Shape,
}

/// How a column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// TEXT.
    Text,
    /// BIGINT.
    Int,
    /// BIGINT, 10^-6.
    Decimal,
    /// BIGINT microseconds UTC.
    Instant,
    /// BIGINT microseconds.
    Duration,
    /// TEXT `YYYY-MM-DD`.
    Day,
    /// BOOLEAN (0 or 1 on SQLite).
    Bool,
    /// TEXT JSON array.
    Choices,
    /// BIGINT, number of the record linked to.
    Link,
}

/// Common columns of every record table, in order, before the declared ones.
pub const COMMON: [(&str, Shape); 9] = [
    ("number", Shape::Int),
    ("version", Shape::Int),
    ("state", Shape::Text),
    ("created_at", Shape::Instant),
    ("created_by", Shape::Link),
    ("updated_at", Shape::Instant),
    ("updated_by", Shape::Link),
    ("origin", Shape::Text),
    ("external_key", Shape::Text),
];

impl RecordType {
    /// Computes the stored columns; called once when the registry is complete.
    pub(crate) fn seal(&mut self) {
        self.columns.clear();
        for field in self.fields.values() {
            let shape = match &field.kind {
                Kind::Text { .. } | Kind::Markdown | Kind::Choice(_) | Kind::File => Shape::Text,
                Kind::Int { .. } => Shape::Int,
                Kind::Decimal | Kind::Money => Shape::Decimal,
                Kind::Duration => Shape::Duration,
                Kind::Instant => Shape::Instant,
                Kind::Day => Shape::Day,
                Kind::Choices(_) => Shape::Choices,
                Kind::YesNo => Shape::Bool,
                Kind::Link { .. } | Kind::Person | Kind::Team => Shape::Link,
                Kind::Links { .. } => continue,
            };
            self.columns.push(Column { name: field.name.clone(), field: field.name.clone(), shape });
            if matches!(field.kind, Kind::Money) {
                let name = format!("{}_currency", field.name);
                self.columns.push(Column { name, field: field.name.clone(), shape: Shape::Text });
            }
        }
        self.column_at = self.columns.iter().enumerate().map(|(i, c)| (c.name.clone(), i)).collect();
    }

    /// The declared stored columns, without the common ones.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Position of a declared column in [`crate::Record::values`].
    pub fn column_index(&self, name: &str) -> Option<usize> {
        self.column_at.get(name).copied()
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    /// Whether a step's guard names a relation: its records decide whether the step may be taken.
    pub fn asks_about(&self, relation: &str) -> bool {
        let guards = self.transitions.iter().flat_map(|t| &t.guards);
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        guards.map(|g| g.condition.source()).any(|s| s.split(|c| !is_part(c)).any(|part| part == relation))
    }

    /// The state in which a new record begins.
    pub fn initial_state(&self) -> &str {
        self.states.first().map_or("active", |s| &s.name)
    }

    /// The state of this name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|s| s.name == name)
    }

    /// What a state means; closed for a name that is no longer declared.
    pub fn state_kind(&self, name: &str) -> StateKind {
        self.state(name).map_or(StateKind::Closed, |s| s.kind)
    }

    /// The transition of this name.
    pub fn transition(&self, name: &str) -> Option<&Transition> {
        self.transitions.iter().find(|t| t.name == name)
    }

    /// Transitions that start from a state, in order of declaration.
    pub fn transitions_from<'a>(&'a self, state: &'a str) -> impl Iterator<Item = &'a Transition> + 'a {
        self.transitions.iter().filter(move |t| t.from.iter().any(|s| s == state))
    }

    /// The field whose text names a record.
    pub fn title_field(&self) -> &str {
        &self.title
    }

    /// A number as people write it.
    pub fn reference(&self, number: i64) -> String {
        format!("{}-{number}", self.prefix)
    }

    /// Whether a role's declared permissions name the action.
    pub fn role_allows(&self, role: &str, action: &Action) -> bool {
        let Some(words) = self.permissions.get(role) else { return false };
        match action {
            Action::Transition(name) => match self.transition(name) {
                Some(t) if t.roles.is_empty() => words.contains("update"),
                Some(t) => t.roles.iter().any(|r| r == role),
                None => false,
            },
            other => words.contains(other.word()),
        }
    }

    /// Names of many-link relations seen from this type: own fields, then inverses.
    pub fn relations(&self) -> Vec<String> {
        let own = self.fields.values().filter(|f| matches!(f.kind, Kind::Links { .. }));
        own.map(|f| f.name.clone()).chain(self.inverses.keys().cloned()).collect()
    }
}

//! Fields of a declared type: their kinds, options and how their value comes to be.

use proofdesk_condition::Type;

/// What a field holds. Column shapes are the store's business; see `docs/records.md` for the written forms.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// One line of text, at most `max` characters (500 unless declared).
    Text {
        /// Longest text, in characters.
        max: usize,
    },
    /// Markdown source, shown sanitized; at most 100,000 characters.
    Markdown,
    /// A whole number.
    Int {
        /// Smallest value allowed.
        min: Option<i64>,
        /// Largest value allowed.
        max: Option<i64>,
    },
    /// A decimal with at most six places.
    Decimal,
    /// An amount with a currency (ISO 4217); columns `name` and `name_currency`.
    Money,
    /// A span of time in microseconds.
    Duration,
    /// An instant, microseconds UTC.
    Instant,
    /// A calendar day.
    Day,
    /// One of the options.
    Choice(Vec<Choice>),
    /// Any of the options.
    Choices(Vec<Choice>),
    /// Yes or no.
    YesNo,
    /// One record of another type; the other side sees it under `inverse`.
    Link {
        /// Record type linked to.
        to: String,
        /// Name of the relation seen from the other side.
        inverse: Option<String>,
    },
    /// Many records of another type: a typed relation with its inverse name.
    Links {
        /// Record type linked to.
        to: String,
        /// Name of the relation seen from the other side.
        inverse: Option<String>,
    },
    /// A person; a link to `person`.
    Person,
    /// A team; a link to `team`.
    Team,
    /// A file: the id (a UUID, in small letters) of an attachment of the same record.
    File,
}

/// One option of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Stored value.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Tone of the tag: `ok`, `risk`, `bad`, `info` or none.
    pub tone: Option<String>,
    /// One sentence that helps to choose.
    pub help: Option<String>,
}

/// How a value that nobody enters comes to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Computed {
    /// From a value table over two choice fields of the same record: `rows[first option][second option]`.
    Table {
        /// The field that picks the row.
        row_field: String,
        /// The field that picks the column.
        column_field: String,
        /// Row option, then the results in the order of the column field's options.
        rows: Vec<(String, Vec<String>)>,
        /// A person may set another value, with a reason in this field.
        override_reason: Option<String>,
    },
    /// By the Rust rule of this name.
    Rule(String),
    /// By a clock of the type.
    Clock(String),
}

/// A declared field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Column and condition name.
    pub name: String,
    /// What people read.
    pub label: String,
    /// One sentence below the input.
    pub help: Option<String>,
    /// What it holds.
    pub kind: Kind,
    /// Must be filled when the record is created.
    pub required: bool,
    /// Part of full-text search.
    pub search: bool,
    /// Shown to customers.
    pub public: bool,
    /// Index on the column.
    pub indexed: bool,
    /// Not entered by people.
    pub computed: Option<Computed>,
    /// Written default, parsed like an input; `now` and `me` are understood.
    pub default: Option<String>,
    /// Earlier name of the column.
    pub was: Option<String>,
    /// No longer used: the column stays, pages do not show it.
    pub retired: bool,
    /// Never shown (the state of a clock, for example).
    pub hidden: bool,
    /// Written by steps, rules, imports and the program only: it says who did something, or when. See [`crate::lock`].
    pub by_steps: bool,
    /// Clauses that ask for it.
    pub clause: Option<String>,
}

impl Field {
    /// The type that the condition language sees; money is seen as `name` (decimal) and `name_currency` (text).
    pub fn condition_type(&self, relation_path: impl FnOnce(&str) -> proofdesk_condition::LinkPath) -> Type {
        match &self.kind {
            Kind::Text { .. } | Kind::Markdown | Kind::File => Type::Text,
            Kind::Int { .. } => Type::Int,
            Kind::Decimal | Kind::Money => Type::Decimal,
            Kind::Duration => Type::Duration,
            Kind::Instant => Type::Instant,
            Kind::Day => Type::Day,
            Kind::Choice(options) => Type::Choice(options.iter().map(|o| o.name.clone()).collect()),
            Kind::Choices(options) => Type::Choices(options.iter().map(|o| o.name.clone()).collect()),
            Kind::YesNo => Type::Bool,
            Kind::Link { to, .. } => Type::Link(to.clone()),
            Kind::Person => Type::Link("person".to_owned()),
            Kind::Team => Type::Link("team".to_owned()),
            Kind::Links { to, .. } => {
                Type::Links(proofdesk_condition::LinkInfo { to: to.clone(), path: relation_path(&self.name) })
            }
        }
    }

    /// Whether people enter it when they record or edit: not what is computed, retired, or written by steps.
    pub fn is_entered(&self) -> bool {
        !self.by_steps && self.is_asked()
    }

    /// Whether a step may ask for it: not what is computed or retired.
    pub fn is_asked(&self) -> bool {
        let by_hand = match &self.computed {
            None => true,
            Some(Computed::Table { override_reason, .. }) => override_reason.is_some(),
            Some(_) => false,
        };
        by_hand && !self.retired
    }

    /// The type of record that a link field points to.
    pub fn target(&self) -> Option<&str> {
        match &self.kind {
            Kind::Link { to, .. } | Kind::Links { to, .. } => Some(to),
            Kind::Person => Some("person"),
            Kind::Team => Some("team"),
            _ => None,
        }
    }

    /// Columns of the record's table that hold this field: none for many-links, two for money.
    pub fn columns(&self) -> Vec<String> {
        match self.kind {
            Kind::Links { .. } => Vec::new(),
            Kind::Money => vec![self.name.clone(), format!("{}_currency", self.name)],
            _ => vec![self.name.clone()],
        }
    }

    /// The options of a choice, empty for other kinds.
    pub fn options(&self) -> &[Choice] {
        match &self.kind {
            Kind::Choice(options) | Kind::Choices(options) => options,
            _ => &[],
        }
    }
}

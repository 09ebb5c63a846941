//! What an automation is, and all of them together.

use indexmap::IndexMap;
use proofdesk_engine::{Audience, Follow};
use proofdesk_model::{Condition, Registry};
use serde::Serialize;

use crate::error::Error;
use crate::read;

/// A file of automations.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name in messages.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Where an assigned record comes from.
#[derive(Debug, Clone)]
pub enum Pick {
    /// The one record that a condition finds.
    Where(Box<Condition>),
    /// A field of a linked record: the link, then its field.
    From(String, String),
}

/// One thing that is done.
#[derive(Debug, Clone)]
pub enum Act {
    /// A field gets a value, as written in the file.
    Set {
        /// The field.
        field: String,
        /// The value; in texts, `{field}` stands for a value of the record.
        value: String,
    },
    /// A link leads to a record that is looked for.
    Assign {
        /// The field.
        field: String,
        /// Where the record comes from.
        pick: Pick,
    },
    /// A step of the workflow is taken, which may begin an approval.
    Take(String),
    /// Something is said on the record.
    Comment {
        /// To whom.
        audience: Audience,
        /// What, with `{field}` for values.
        text: String,
    },
    /// A person whom a field names (`assignee`, or `service.owner`) watches the record, and so hears of it.
    Notify(String),
    /// A record is made that leads to this one.
    Open {
        /// Its type.
        record_type: String,
        /// Its field or relation that leads here.
        link: String,
        /// Fields that it has from here.
        copies: Vec<String>,
        /// Fields with values, in texts `{field}` for values of this record.
        sets: Vec<(String, String)>,
    },
}

/// What is done when a condition begins to hold.
#[derive(Debug, Clone, Serialize)]
pub struct Automation {
    /// Its name, as in files and in history.
    pub name: String,
    /// The type of the records that it looks at.
    pub on: String,
    /// What it is for, a sentence.
    pub says: String,
    /// The condition over the record's own fields that begins to hold.
    #[serde(serialize_with = "source_of")]
    pub when: Condition,
    /// What must hold besides, also over linked records; asked when it is carried out.
    #[serde(serialize_with = "source_of_other")]
    pub also: Option<Condition>,
    /// What is done, in order, in words.
    #[serde(serialize_with = "words_of")]
    pub acts: Vec<Act>,
    /// File and line.
    pub place: String,
    /// It comes with the program.
    pub shipped: bool,
}

fn source_of<S: serde::Serializer>(condition: &Condition, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(condition.source())
}

fn source_of_other<S: serde::Serializer>(condition: &Option<Condition>, to: S) -> Result<S::Ok, S::Error> {
    condition.as_ref().map(Condition::source).serialize(to)
}

fn words_of<S: serde::Serializer>(acts: &[Act], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(acts.iter().map(Act::words))
}

impl Act {
    /// What it does, as one reads it in a list.
    pub fn words(&self) -> String {
        match self {
            Self::Set { field, value } => format!("set {field} to “{value}”"),
            Self::Assign { field, pick: Pick::Where(condition) } => {
                format!("set {field} to the record where {}", condition.source())
            }
            Self::Assign { field, pick: Pick::From(link, other) } => format!("set {field} to {link}.{other}"),
            Self::Take(step) => format!("take the step {step}"),
            Self::Comment { audience, text } => format!("say to {}: “{text}”", audience.as_str()),
            Self::Notify(field) => format!("let {field} watch the record"),
            Self::Open { record_type, link, .. } => format!("open a {record_type} that leads here by {link}"),
        }
    }
}

/// The automations that are on.
#[derive(Debug, Clone, Default)]
pub struct Automations {
    by_name: IndexMap<String, Automation>,
}

/// The shipped files in order of names; made by `build.rs`.
const SHIPPED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/automation.rs"));

impl Automations {
    /// Reads files and holds them against the record types: those of the program, of which only the named ones are on,
    /// and those of the site, which are all on.
    ///
    /// # Errors
    /// All mistakes, each with file and line.
    pub fn load(named: &[String], site: &[Source], registry: &Registry) -> Result<Self, Error> {
        let mut mistakes = Vec::new();
        let mut all = IndexMap::new();
        for (file, text) in SHIPPED {
            let source = Source { file: (*file).to_owned(), text: (*text).to_owned() };
            read::file(&source, true, registry, &mut all, &mut mistakes);
        }
        let shipped: Vec<String> = all.keys().cloned().collect();
        for name in named.iter().filter(|name| !shipped.contains(name)) {
            let known = shipped.join(", ");
            mistakes.push(format!("automations: `{name}` does not come with the program, but: {known}"));
        }
        all.retain(|name, _| named.contains(name));
        for source in site {
            read::file(source, false, registry, &mut all, &mut mistakes);
        }
        if mistakes.is_empty() { Ok(Self { by_name: all }) } else { Err(Error::Declared(mistakes)) }
    }

    /// The names of those that come with the program, for settings and tests.
    pub fn shipped(registry: &Registry) -> Vec<String> {
        let mut all = IndexMap::new();
        for (file, text) in SHIPPED {
            let source = Source { file: (*file).to_owned(), text: (*text).to_owned() };
            read::file(&source, true, registry, &mut all, &mut Vec::new());
        }
        all.into_keys().collect()
    }

    /// All that are on, in the order of their files.
    pub fn iter(&self) -> impl Iterator<Item = &Automation> {
        self.by_name.values()
    }

    /// One by its name.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn get(&self, name: &str) -> Result<&Automation, Error> {
        self.by_name.get(name).ok_or_else(|| Error::Unknown(name.chars().take(60).collect()))
    }

    /// What the engine has to tell of.
    pub fn follows(&self) -> Vec<Follow> {
        self.iter().map(|a| Follow { name: a.name.clone(), condition: a.when.clone() }).collect()
    }
}

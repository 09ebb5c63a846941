//! The guide: pages of questions, lists of starter records, what is made of the answers, and the steps that follow.

use std::collections::BTreeMap;

use proofdesk_model::{Registry, Templates};

use crate::answer::Wrong;
use crate::error::Error;
use crate::read;

/// The shipped files in order of names; made by `build.rs`.
const SHIPPED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/setup.rs"));

/// A file of the guide.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, for messages.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Everything that set-up asks and makes.
#[derive(Debug, Clone, Default)]
pub struct Guide {
    /// Pages in order.
    pub pages: Vec<Page>,
    /// Lists of starter records, by name.
    pub(crate) lists: BTreeMap<String, List>,
    /// What is made, in order.
    pub(crate) makes: Vec<Make>,
    /// The documents that are begun from starter templates.
    pub(crate) adopt: Option<Adopt>,
    /// What may come next.
    pub(crate) steps: Vec<Follow>,
}

/// A page of questions.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its address.
    pub name: String,
    /// What people read.
    pub label: String,
    /// What it is about, a sentence or two.
    pub says: String,
    /// Questions in order.
    pub questions: Vec<Question>,
}

/// A question.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its name: in forms, in files of answers, and where its answer is used.
    pub name: String,
    /// The question.
    pub label: String,
    /// How to answer it.
    pub help: String,
    /// Why it is asked and what is made of it.
    pub why: String,
    /// The clause behind it.
    pub clause: String,
    /// What an answer is.
    pub kind: Kind,
    /// List that its options are taken from.
    pub(crate) of: Option<String>,
    /// It must be answered.
    pub required: bool,
    /// The answer where none was given: a text with blanks to fill in.
    pub default: String,
    /// An example, shown in the empty field.
    pub like: String,
    /// Type of the records that the first rows are taken from; column names are its fields.
    pub from: Option<String>,
    /// Which of them: a condition.
    pub filter: Option<String>,
}

/// What an answer is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// One line.
    Text,
    /// Several lines.
    Lines,
    /// A day.
    Day(Sense),
    /// An address of mail.
    Mail,
    /// Service hours, in several lines; with a name, the days on which those of that question are different.
    Hours(Option<String>),
    /// A time zone.
    Zone,
    /// A length of time: `30m`, `4h`, `2d`.
    Length,
    /// One option: value and label.
    Choice(Vec<(String, String)>),
    /// Any of these options.
    Choices(Vec<(String, String)>),
    /// The first column of a row of another question.
    OneOf(String),
    /// A table.
    Rows(Rows),
}

/// Between which days an answer makes sense. Beyond them it is taken all the same, and asked about.
#[derive(Debug, Clone, Default)]
pub struct Sense {
    /// Not before this day: `+1d` from today, or a day.
    pub(crate) earliest: Option<String>,
    /// Not after it.
    pub(crate) latest: Option<String>,
    /// Not before the answer to this question.
    pub(crate) after: Option<String>,
}

/// Two columns of lengths of which the first is never the longer one.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub shorter: String,
    pub longer: String,
    pub says: String,
}

/// Something to think about: where a cell is what `is` says with its blanks filled.
#[derive(Debug, Clone)]
pub(crate) struct Warn {
    pub column: String,
    pub is: String,
    pub says: String,
}

/// A question that is answered with rows.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Columns in order; the first names the row.
    pub columns: Vec<Column>,
    /// Rows to begin with.
    pub first: Vec<Vec<String>>,
    /// Exactly these rows: the first column is given, with its label, and only the others are asked.
    pub fixed: Vec<(String, String)>,
    pub(crate) orders: Vec<Order>,
    pub(crate) warns: Vec<Warn>,
}

/// A column of rows.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What people read.
    pub label: String,
    /// What a cell is; never rows.
    pub kind: Kind,
    /// Every row has it.
    pub required: bool,
    /// An example.
    pub like: String,
}

/// A list of starter records: column names, and rows with texts to fill in.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// Records of one type that are made.
#[derive(Debug, Clone)]
pub(crate) struct Make {
    pub of: String,
    pub key: String,
    /// Rows of this question, or of this list.
    pub each: Option<String>,
    /// Only rows of the list that were chosen at this question.
    pub chosen: Option<String>,
    /// Only where this text has something in it (or is `is`).
    pub only_if: Option<String>,
    pub is: Option<String>,
    /// A record that has these fields alike is the same one: it is kept.
    pub same: Vec<String>,
    /// Nothing is made where the desk has a record of this type that set-up did not make.
    pub lone: bool,
    pub fields: Vec<(String, Vec<String>)>,
    pub takes: Vec<Take>,
    pub place: String,
}

/// A step after the creation: a transition, or an alteration where it has no name.
#[derive(Debug, Clone)]
pub(crate) struct Take {
    pub transition: Option<String>,
    pub only_if: Option<String>,
    pub fields: Vec<(String, Vec<String>)>,
}

/// Documents that are begun from templates: the question at which they are chosen, and what fills places in them.
#[derive(Debug, Clone)]
pub(crate) struct Adopt {
    pub question: String,
    pub given: Vec<(String, String)>,
    pub place: String,
}

/// A step that people take after set-up.
#[derive(Debug, Clone)]
pub(crate) struct Follow {
    pub of: String,
    pub label: String,
    pub says: String,
    /// Records that wait for it; none: it waits until there is a record of the type.
    pub filter: Option<String>,
    pub place: String,
}

impl Guide {
    /// Reads what is shipped and what a site adds: a page, question, list or record of the same name replaces the
    /// shipped one. `templates` are those that documents are begun from.
    ///
    /// # Errors
    /// All mistakes, each with its file and line.
    pub fn load(site: &[Source], registry: &Registry, templates: &Templates) -> Result<Self, Error> {
        let shipped =
            SHIPPED.iter().map(|(file, text)| Source { file: (*file).to_owned(), text: (*text).to_owned() });
        let mut guide = Self::default();
        let mut mistakes = Vec::new();
        for source in shipped.chain(site.iter().cloned()) {
            read::file(&source, &mut guide, &mut mistakes);
        }
        guide.resolve(templates);
        if mistakes.is_empty() {
            crate::fill::check(&guide, registry, &mut mistakes);
        }
        if mistakes.is_empty() { Ok(guide) } else { Err(Error::Guide(mistakes)) }
    }

    /// Takes the options of questions from the lists that they name, those of documents from the templates.
    fn resolve(&mut self, templates: &Templates) {
        let Self { pages, lists, adopt, .. } = self;
        let documents = adopt.as_ref().map(|a| a.question.clone());
        for question in pages.iter_mut().flat_map(|p| &mut p.questions) {
            let Kind::Choices(options) = &mut question.kind else { continue };
            if documents.as_ref() == Some(&question.name) {
                *options = templates.all.values().map(|t| (t.name.clone(), t.title.clone())).collect();
            }
            let Some(of) = question.of.as_ref().and_then(|of| lists.get(of)) else { continue };
            let label = of.columns.iter().position(|c| c == "title").unwrap_or_default();
            *options = of.rows.iter().map(|row| (row[0].clone(), row[label].clone())).collect();
        }
    }

    /// All questions in order.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.pages.iter().flat_map(|p| &p.questions)
    }

    /// A question by its name.
    pub fn question(&self, name: &str) -> Option<&Question> {
        self.questions().find(|q| q.name == name)
    }

    /// The place of a mistake as a file of answers names it.
    pub fn place(&self, wrong: &Wrong) -> String {
        let mut parts = wrong.at.split('.').skip(1);
        let (row, column) = (parts.next().and_then(|i| i.parse::<usize>().ok()), parts.next());
        let rows = self.question(&wrong.question).and_then(|q| q.rows());
        let (Some(row), Some(column), Some(rows)) = (row, column, rows) else { return wrong.at.clone() };
        match rows.fixed.get(row) {
            Some((key, _)) => format!("{}.{key}", wrong.question),
            None => format!("{}, row {}, {column}", wrong.question, row + 1),
        }
    }

    /// The page of a question.
    pub fn page_of(&self, question: &str) -> Option<&Page> {
        self.pages.iter().find(|p| p.questions.iter().any(|q| q.name == question))
    }
}

impl Question {
    /// Its table, where it is answered with rows.
    pub fn rows(&self) -> Option<&Rows> {
        match &self.kind {
            Kind::Rows(rows) => Some(rows),
            _ => None,
        }
    }
}

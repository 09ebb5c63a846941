//! Lists as tables for other programs: any list of any type, read page by page, as CSV or as a spreadsheet.
//!
//! A link is its reference with the title beside it, a relation to many that the type declares is all of them in one
//! cell; inverses are lists of the other type and not columns here.
//!
//! Not here: who may see what (`engine` answers for the caller), how a table is sent (`web`, the command line).
//! Invariant: rows come from [`Engine::list_shown`] alone and ends of relations are those that the caller sees, so
//! nothing is exported that a list or a record would not show; memory holds one page of rows, however long the list is.

pub mod cell;
pub mod comma;
pub mod sheet;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;
use proofdesk_engine::{
    Attachment, Caller, Engine, Error, ListRequest, Problem, Problems, Record, Reference,
};
use proofdesk_model::record_type::COMMON;
use proofdesk_model::{Condition, Field, Kind, RecordType};

pub use cell::Cell;

/// Rows that are read at once.
const PAGE: usize = 500;

/// How headings and options are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// By the names of the declaration: for programs.
    Names,
    /// By their labels: for people.
    Labels,
}

/// A form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 4180, UTF-8.
    Csv,
    /// ISO/IEC 29500 (Excel, LibreOffice).
    Xlsx,
}

impl Form {
    /// The form of this name, which is also the ending of the file's name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// The media type, with its character set where it has one.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// What is to be exported.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The type.
    pub of: Arc<RecordType>,
    /// Condition that every record meets.
    pub filter: Option<Condition>,
    /// Column to sort by; the number when empty.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Fields in the order of the columns; none for all that the caller sees.
    pub fields: Option<Vec<String>>,
    /// Words of headings and options.
    pub naming: Naming,
    /// Zone of times in a spreadsheet.
    pub zone: TimeZone,
}

/// A column of the table.
#[derive(Debug, Clone)]
pub struct Column {
    /// What stands above it.
    pub heading: String,
    kind: Content,
}

impl Column {
    /// The name of what it holds.
    fn name(&self) -> &str {
        match &self.kind {
            Content::Reference => "reference",
            Content::RecordType => "record_type",
            Content::State => "state",
            Content::Value(name, _)
            | Content::Key(name, _)
            | Content::Title(name, _)
            | Content::Keys(name)
            | Content::Titles(name)
            | Content::File(name) => name,
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone)]
enum Content {
    /// The reference of the record.
    Reference,
    /// The name of the type.
    RecordType,
    /// The state.
    State,
    /// A stored column; the field, where it is the value of one.
    Value(String, Option<Box<Field>>),
    /// The reference of what a link leads to: column, type.
    Key(String, String),
    /// Its title.
    Title(String, String),
    /// The references of a relation to many.
    Keys(String),
    /// Their titles.
    Titles(String),
    /// The name of a file.
    File(String),
}

/// A table that is read page by page.
pub struct Table {
    engine: Engine,
    caller: Caller,
    wanted: Wanted,
    columns: Vec<Column>,
    after: Option<String>,
    done: bool,
}

impl Table {
    /// Settles the columns.
    ///
    /// # Errors
    /// `Invalid` for fields that are none or that the caller does not see.
    pub fn new(engine: &Engine, caller: &Caller, wanted: Wanted) -> Result<Self, Error> {
        let columns = columns(caller, &wanted)?;
        let (engine, caller) = (engine.clone(), caller.clone());
        Ok(Self { engine, caller, wanted, columns, after: None, done: false })
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The headings.
    pub fn headings(&self) -> Vec<&str> {
        self.columns.iter().map(|c| c.heading.as_str()).collect()
    }

    /// What is exported.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Who exports.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The present instant of the desk.
    pub fn now(&self) -> i64 {
        self.engine.now()
    }

    /// Refuses a list that a form cannot hold, before anything is written.
    ///
    /// # Errors
    /// `TooLarge`, or a fault of the database.
    pub async fn check(&self, form: Form) -> Result<(), Error> {
        if form != Form::Xlsx {
            return Ok(());
        }
        let most = sheet::ROWS_MAX;
        let of = &self.wanted.of;
        let (filter, stop) = (self.wanted.filter.as_ref(), Some(most + 1));
        let found = self.engine.count(&self.caller, &of.name, filter, stop).await?;
        if usize::try_from(found).is_ok_and(|n| n <= most) {
            return Ok(());
        }
        let message = format!(
            "A spreadsheet holds {most} records and these are more. Narrow the list, or take CSV, which has no limit."
        );
        Err(Error::TooLarge(message))
    }

    /// The next rows, at most 500; none at the end. A record that changes meanwhile is there as it stood when its
    /// page was read.
    ///
    /// # Errors
    /// `Forbidden`, `Invalid` for a column that cannot be sorted by, or a fault of the database.
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<Cell>>>, Error> {
        if self.done {
            return Ok(None);
        }
        let request = ListRequest {
            record_type: self.wanted.of.name.clone(),
            filter: self.wanted.filter.clone(),
            sort: self.wanted.sort.clone(),
            descending: self.wanted.descending,
            after: self.after.take(),
            limit: PAGE,
        };
        let (mut page, mut titles) = self.engine.list_shown(&self.caller, &request, self.stored()).await?;
        let has = |what: fn(&Content) -> bool| self.columns.iter().any(|column| what(&column.kind));
        if has(|kind| matches!(kind, Content::Keys(_) | Content::Titles(_))) {
            self.engine.with_declared_links(&self.caller, &mut page.records).await?;
        }
        if has(|kind| matches!(kind, Content::Titles(_))) {
            let ends = page.records.iter().flat_map(|r| r.links.values().flatten());
            let ends: BTreeSet<Reference> = ends.filter(|r| !titles.contains_key(r)).cloned().collect();
            let ends: Vec<Reference> = ends.into_iter().collect();
            titles.extend(self.engine.titles_of(&self.caller, &ends).await?);
        }
        let files = if has(|kind| matches!(kind, Content::File(_))) {
            self.engine.named_files(&self.caller, &page.records).await?
        } else {
            HashMap::new()
        };
        self.done = page.next.is_none();
        self.after = page.next;
        let rows: Vec<Vec<Cell>> =
            page.records.iter().map(|record| self.row(record, &titles, &files)).collect();
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// The stored columns that the rows are made of.
    fn stored(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for column in &self.columns {
            let name = match &column.kind {
                Content::Value(name, _)
                | Content::Key(name, _)
                | Content::Title(name, _)
                | Content::File(name) => name,
                Content::Reference
                | Content::RecordType
                | Content::State
                | Content::Keys(_)
                | Content::Titles(_) => continue,
            };
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
        found
    }

    fn row(
        &self,
        record: &Record,
        titles: &HashMap<Reference, String>,
        files: &HashMap<String, Attachment>,
    ) -> Vec<Cell> {
        let naming = self.wanted.naming;
        let registry = self.engine.registry();
        let cell = |column: &Column| match &column.kind {
            Content::Reference => Cell::Text(record.reference()),
            Content::RecordType => Cell::Text(record.of.name.clone()),
            Content::State => Cell::state(record, naming),
            Content::Value(name, field) => Cell::value(&record.get(name), field.as_deref(), naming),
            Content::Key(name, to) => {
                Cell::link(&record.get(name), to, |r| Some(registry.write_reference(r)))
            }
            Content::Title(name, to) => Cell::link(&record.get(name), to, |r| titles.get(r).cloned()),
            Content::Keys(name) => Cell::links(record, name, " ", |r| Some(registry.write_reference(r))),
            Content::Titles(name) => Cell::links(record, name, "; ", |r| titles.get(r).cloned()),
            Content::File(name) => {
                let id = record.text(name).unwrap_or_default();
                files.get(id).map_or(Cell::Empty, |f| Cell::Text(f.name.clone()))
            }
        };
        self.columns.iter().map(cell).collect()
    }
}

/// Names that stand before the declared fields, and those after them, where all are exported.
const BEFORE: [&str; 2] = ["reference", "state"];
const AFTER: [&str; 6] = ["created_at", "created_by", "updated_at", "updated_by", "origin", "external_key"];

/// The fields that a table can have.
fn exportable(of: &RecordType) -> impl Iterator<Item = &Field> {
    of.fields.values().filter(|f| !f.hidden && !f.retired)
}

fn columns(caller: &Caller, wanted: &Wanted) -> Result<Vec<Column>, Error> {
    let of = &wanted.of;
    // two fields of different sections may have one label
    let unique = |mut found: Vec<Column>| {
        for at in 1..found.len() {
            if found[..at].iter().any(|c| c.heading == found[at].heading) {
                let name = found[at].name().to_owned();
                found[at].heading = format!("{} ({name})", found[at].heading);
            }
        }
        found
    };
    let sees = |name: &str| name == "reference" || name == "record_type" || caller.sees(of, name);
    let Some(fields) = &wanted.fields else {
        let own = exportable(of).map(|f| f.name.as_str());
        let names = BEFORE.into_iter().chain(own).chain(AFTER).filter(|name| sees(name));
        return Ok(unique(names.flat_map(|name| column(of, name, wanted.naming)).collect()));
    };
    let mut problems = Problems::default();
    let mut found = Vec::new();
    let mut taken: Vec<&str> = Vec::new();
    for name in fields {
        // a list of the desk calls the reference by its column
        let name = if name == "number" { "reference" } else { name.as_str() };
        let made = if sees(name) { column(of, name, wanted.naming) } else { Vec::new() };
        if made.is_empty() {
            let short: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            let message =
                format!("`{short}` is not a column that a table of {} can have.", of.plural.to_lowercase());
            problems.push(Problem::new("fields", "unknown", message));
        } else if !taken.contains(&name) {
            taken.push(name);
            found.extend(made);
        }
    }
    problems.into_result().map_err(Error::Invalid)?;
    if found.is_empty() {
        return Err(Error::invalid("fields", "required", "Name at least one column."));
    }
    Ok(unique(found))
}

/// The columns that a name stands for; none where it stands for nothing that can be exported.
fn column(of: &RecordType, name: &str, naming: Naming) -> Vec<Column> {
    let one = |kind: Content, label: String| {
        let heading = if naming == Naming::Names { name.to_owned() } else { label };
        vec![Column { heading, kind }]
    };
    let pair = |label: &str, [keys, titles]: [Content; 2], plural: &str| {
        let (key, title) = match naming {
            Naming::Names => (name.to_owned(), format!("{name}_title{plural}")),
            Naming::Labels => (format!("{label} key{plural}"), label.to_owned()),
        };
        vec![Column { heading: key, kind: keys }, Column { heading: title, kind: titles }]
    };
    let link = |label: &str, to: &str| {
        let (name, to) = (name.to_owned(), to.to_owned());
        pair(label, [Content::Key(name.clone(), to.clone()), Content::Title(name, to)], "")
    };
    match name {
        "reference" => return one(Content::Reference, "Key".to_owned()),
        "record_type" => return one(Content::RecordType, "Record type".to_owned()),
        "state" if of.states.is_empty() => return Vec::new(),
        "state" => return one(Content::State, "State".to_owned()),
        "created_by" | "updated_by" => return link(&spoken(name), "person"),
        _ => {}
    }
    if let Some(field) = exportable(of).find(|f| f.name == name || f.columns().iter().any(|c| c == name)) {
        if matches!(field.kind, Kind::Links { .. }) {
            return pair(
                &field.label,
                [Content::Keys(name.to_owned()), Content::Titles(name.to_owned())],
                "s",
            );
        }
        if let Some(to) = field.target() {
            return link(&field.label, to);
        }
        if matches!(field.kind, Kind::File) {
            return one(Content::File(name.to_owned()), field.label.clone());
        }
        let own = |column: &String| {
            let is_value = *column == field.name;
            let label = if is_value { field.label.clone() } else { spoken(column) };
            let heading = if naming == Naming::Names { column.clone() } else { label };
            Column {
                heading,
                kind: Content::Value(column.clone(), is_value.then(|| Box::new(field.clone()))),
            }
        };
        return field.columns().iter().filter(|c| field.name == name || *c == name).map(own).collect();
    }
    if COMMON.iter().any(|(common, _)| *common == name && name != "number") {
        return one(Content::Value(name.to_owned(), None), spoken(name));
    }
    Vec::new()
}

/// A name as words.
fn spoken(name: &str) -> String {
    let mut words = name.replace('_', " ");
    if let Some(first) = words.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    words
}

//! The company's book: records written down in `company/*.kdl`, with lists and repetition, spread out to one entry
//! for each step of each record. The form is explained in `company/README.md`.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use kdl::{KdlDocument, KdlNode, KdlValue};

/// The files, in the order in which they are read.
const FILES: [(&str, &str); 10] = [
    ("lists", include_str!("../company/lists.kdl")),
    ("context", include_str!("../company/context.kdl")),
    ("support", include_str!("../company/support.kdl")),
    ("portfolio", include_str!("../company/portfolio.kdl")),
    ("supply", include_str!("../company/supply.kdl")),
    ("risk", include_str!("../company/risk.kdl")),
    ("transition", include_str!("../company/transition.kdl")),
    ("assurance", include_str!("../company/assurance.kdl")),
    ("evaluation", include_str!("../company/evaluation.kdl")),
    ("improvement", include_str!("../company/improvement.kdl")),
];

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// Creates the record, in a state when one is given.
    Create(Option<String>),
    /// Alters it.
    Alter,
    /// Takes a transition.
    Take(String),
}

/// One step of one record.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Record type.
    pub of: String,
    /// Name of the record in the book; records that nobody names have none.
    pub name: Option<String>,
    /// Entries of one record share it.
    pub record: usize,
    /// Days from the present; what happened lies before zero.
    pub at: f64,
    /// Moment of the repetition that it belongs to: days in its fields count from here.
    pub base: f64,
    /// Who does it; the program that sets up when nobody is named.
    pub by: Option<String>,
    /// What it does.
    pub does: Does,
    /// Field or relation with its words.
    pub fields: Vec<(String, Vec<String>)>,
}

/// All entries.
#[derive(Default)]
pub struct Book {
    /// In the order of writing.
    pub entries: Vec<Entry>,
    lists: BTreeMap<String, Vec<Vec<String>>>,
    records: usize,
}

/// What stands around a node: words to fill in, and the moment of the repetition.
#[derive(Clone, Default)]
struct Around {
    words: BTreeMap<String, String>,
    base: f64,
}

impl Book {
    /// Reads all files.
    ///
    /// # Errors
    /// What is not KDL, or is not written as the README says, with its file.
    pub fn read() -> anyhow::Result<Self> {
        let mut book = Self::default();
        for (name, text) in FILES {
            // the parser recurses deeply in builds without optimization: it gets a stack of its own
            let document = std::thread::scope(|scope| {
                let thread = std::thread::Builder::new().stack_size(32 << 20);
                let parsed = thread.spawn_scoped(scope, || KdlDocument::parse_v2(text)).ok()?;
                parsed.join().ok()
            });
            let document = document.context("the book cannot be read")??;
            for node in document.nodes() {
                book.node(node, &Around::default()).with_context(|| format!("company/{name}.kdl"))?;
            }
        }
        Ok(book)
    }

    fn node(&mut self, node: &KdlNode, around: &Around) -> anyhow::Result<()> {
        let word = node.name().value();
        match word {
            "list" => self.list(node),
            "each" => self.each(node, around),
            "every" => self.every(node, around),
            "amend" => {
                let words = arguments(node, around);
                let [of, name] = words.as_slice() else { bail!("`amend` names a type and a record") };
                let (of, name) = (of.clone(), Some(name.clone()));
                let record = self.records;
                self.records += 1;
                self.step(node, around, Entry { of, name, record, ..blank(node, around, Does::Alter)? })
            }
            _ => self.record(node, around),
        }
    }

    fn list(&mut self, node: &KdlNode) -> anyhow::Result<()> {
        let name = arguments(node, &Around::default()).pop().context("a list has a name")?;
        let rows = children(node).iter().map(|row| {
            let key = row.name().value().to_owned();
            std::iter::once(key).chain(arguments(row, &Around::default())).collect()
        });
        self.lists.insert(name, rows.collect());
        Ok(())
    }

    /// `each "services" but="pos net" as="s"`: its content once for each row of a list.
    fn each(&mut self, node: &KdlNode, around: &Around) -> anyhow::Result<()> {
        let name = arguments(node, around).pop().context("`each` names a list")?;
        let rows = self.lists.get(&name).with_context(|| format!("there is no list {name}"))?.clone();
        let has = |of: &str, key: &str| text(node, of).map(|t| t.split(' ').any(|w| w == key));
        let prefix = text(node, "as").unwrap_or_default();
        for row in rows {
            if has("but", &row[0]) == Some(true) || has("only", &row[0]) == Some(false) {
                continue;
            }
            let mut inner = around.clone();
            for (i, word) in row.into_iter().enumerate() {
                inner.words.insert(format!("{prefix}{i}"), word);
            }
            for child in children(node) {
                self.node(child, &inner)?;
            }
        }
        Ok(())
    }

    /// `every 30 from=-360 to=-1`: its content again and again; days inside count from each moment.
    fn every(&mut self, node: &KdlNode, around: &Around) -> anyhow::Result<()> {
        let days: f64 = arguments(node, around).pop().context("`every` says how often")?.parse()?;
        let (from, to) = (number(node, "from", around)?, number(node, "to", around)?);
        let (from, to) = (from.context("`every` says from when")?, to.unwrap_or(-0.5));
        ensure!(days > 0.0, "`every` goes forward");
        let mut inner = around.clone();
        inner.base += from;
        for n in 0.. {
            if inner.base > around.base + to {
                break;
            }
            inner.words.insert("n".to_owned(), format!("{n:02}"));
            for child in children(node) {
                self.node(child, &inner)?;
            }
            inner.base += days;
        }
        Ok(())
    }

    fn record(&mut self, node: &KdlNode, around: &Around) -> anyhow::Result<()> {
        let record = self.records;
        self.records += 1;
        let of = node.name().value().to_owned();
        let state = text(node, "state").map(|t| fill(&t, around));
        let name = arguments(node, around).pop();
        let entry = Entry { of, name, record, ..blank(node, around, Does::Create(state))? };
        self.step(node, around, entry)
    }

    /// One step with its fields, and the steps inside it.
    fn step(&mut self, node: &KdlNode, around: &Around, mut entry: Entry) -> anyhow::Result<()> {
        let mut later = Vec::new();
        for child in children(node) {
            match child.name().value() {
                "take" | "then" => later.push(child),
                field => entry.fields.push((field.to_owned(), arguments(child, around))),
            }
        }
        let (of, name, record) = (entry.of.clone(), entry.name.clone(), entry.record);
        let mut at = entry.at;
        self.entries.push(entry);
        for child in later {
            let does = match arguments(child, around).pop() {
                Some(transition) => Does::Take(transition),
                None => Does::Alter,
            };
            let mut next =
                Entry { of: of.clone(), name: name.clone(), record, ..blank(child, around, does)? };
            if number(child, "at", around)?.is_none() {
                // an hour after the step before
                next.at = at + 1.0 / 24.0;
            }
            at = next.at;
            for field in children(child) {
                next.fields.push((field.name().value().to_owned(), arguments(field, around)));
            }
            self.entries.push(next);
        }
        Ok(())
    }
}

fn blank(node: &KdlNode, around: &Around, does: Does) -> anyhow::Result<Entry> {
    let at = around.base + number(node, "at", around)?.unwrap_or_default();
    let by = text(node, "by").map(|t| fill(&t, around));
    let (of, name, fields) = (String::new(), None, Vec::new());
    Ok(Entry { of, name, record: 0, at, base: around.base, by, does, fields })
}

fn children(node: &KdlNode) -> &[KdlNode] {
    node.children().map_or(&[], |c| c.nodes())
}

fn arguments(node: &KdlNode, around: &Around) -> Vec<String> {
    let entries = node.entries().iter().filter(|e| e.name().is_none());
    entries.map(|e| fill(&written(e.value()), around)).collect()
}

fn text(node: &KdlNode, property: &str) -> Option<String> {
    node.get(property).map(written)
}

fn number(node: &KdlNode, property: &str, around: &Around) -> anyhow::Result<Option<f64>> {
    let Some(text) = text(node, property).map(|t| fill(&t, around)) else { return Ok(None) };
    Ok(Some(text.parse().with_context(|| format!("`{property}` takes days; {text} is not"))?))
}

fn written(value: &KdlValue) -> String {
    match value {
        KdlValue::String(text) => text.clone(),
        KdlValue::Integer(number) => number.to_string(),
        KdlValue::Float(number) => number.to_string(),
        KdlValue::Bool(yes) => yes.to_string(),
        KdlValue::Null => String::new(),
    }
}

fn fill(text: &str, around: &Around) -> String {
    let mut text = text.to_owned();
    if text.contains('{') {
        for (name, word) in &around.words {
            text = text.replace(&format!("{{{name}}}"), word);
        }
    }
    text
}

//! The company's book: records written down in `company/*.kdl`, with lists and repetition, spread out to one entry
//! for each step of each record. The form is explained in `company/README.md`.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use proofdesk_model::written::{Node, Sheet};

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
            let mut mistakes = Vec::new();
            let (_, nodes) = Sheet::open(name, text, &mut mistakes);
            ensure!(mistakes.is_empty(), "{}", mistakes.join("\n"));
            for node in &nodes {
                book.node(node, &Around::default()).with_context(|| format!("company/{name}.kdl"))?;
            }
        }
        Ok(book)
    }

    fn node(&mut self, node: &Node, around: &Around) -> anyhow::Result<()> {
        let word = node.word.as_str();
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

    fn list(&mut self, node: &Node) -> anyhow::Result<()> {
        let name = arguments(node, &Around::default()).pop().context("a list has a name")?;
        let rows = node.children.iter().map(|row| {
            let key = row.word.clone();
            std::iter::once(key).chain(arguments(row, &Around::default())).collect()
        });
        self.lists.insert(name, rows.collect());
        Ok(())
    }

    /// `each "services" but="pos net" as="s"`: its content once for each row of a list.
    fn each(&mut self, node: &Node, around: &Around) -> anyhow::Result<()> {
        let name = arguments(node, around).pop().context("`each` names a list")?;
        let rows = self.lists.get(&name).with_context(|| format!("there is no list {name}"))?.clone();
        let has = |of: &str, key: &str| node.text(of).map(|t| t.split(' ').any(|w| w == key));
        let prefix = node.text("as").unwrap_or_default();
        for row in rows {
            if has("but", &row[0]) == Some(true) || has("only", &row[0]) == Some(false) {
                continue;
            }
            let mut inner = around.clone();
            for (i, word) in row.into_iter().enumerate() {
                inner.words.insert(format!("{prefix}{i}"), word);
            }
            for child in &node.children {
                self.node(child, &inner)?;
            }
        }
        Ok(())
    }

    /// `every 30 from=-360 to=-1`: its content again and again; days inside count from each moment.
    fn every(&mut self, node: &Node, around: &Around) -> anyhow::Result<()> {
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
            for child in &node.children {
                self.node(child, &inner)?;
            }
            inner.base += days;
        }
        Ok(())
    }

    fn record(&mut self, node: &Node, around: &Around) -> anyhow::Result<()> {
        let record = self.records;
        self.records += 1;
        let of = node.word.clone();
        let state = node.text("state").map(|t| fill(&t, around));
        let name = arguments(node, around).pop();
        let entry = Entry { of, name, record, ..blank(node, around, Does::Create(state))? };
        self.step(node, around, entry)
    }

    /// One step with its fields, and the steps inside it.
    fn step(&mut self, node: &Node, around: &Around, mut entry: Entry) -> anyhow::Result<()> {
        let mut later = Vec::new();
        for child in &node.children {
            match child.word.as_str() {
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
            for field in &child.children {
                next.fields.push((field.word.clone(), arguments(field, around)));
            }
            self.entries.push(next);
        }
        Ok(())
    }
}

fn blank(node: &Node, around: &Around, does: Does) -> anyhow::Result<Entry> {
    let at = around.base + number(node, "at", around)?.unwrap_or_default();
    let by = node.text("by").map(|t| fill(&t, around));
    let (of, name, fields) = (String::new(), None, Vec::new());
    Ok(Entry { of, name, record: 0, at, base: around.base, by, does, fields })
}

fn arguments(node: &Node, around: &Around) -> Vec<String> {
    node.texts().iter().map(|text| fill(text, around)).collect()
}

fn number(node: &Node, property: &str, around: &Around) -> anyhow::Result<Option<f64>> {
    let Some(text) = node.text(property).map(|t| fill(&t, around)) else { return Ok(None) };
    Ok(Some(text.parse().with_context(|| format!("`{property}` takes days; {text} is not"))?))
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

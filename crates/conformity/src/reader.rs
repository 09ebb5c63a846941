//! Reads declaration files (KDL) of frameworks and controls, and collects every mistake with its place.
//! What nobody asked for is a mistake. Record types are read by `model`, not here.

use std::fmt;

use proofdesk_model::written::{self, Entry, Written};

use crate::control::{Spot, Terms};

/// A declaration file: its name as people see it, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Path from the root of the declarations, `controls/incident.kdl`.
    pub file: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Names a text.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into() }
    }
}

/// A mistake in a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
    /// The condition that it is about and the spot in it, in bytes, where it is one.
    pub spot: Option<(String, usize, usize)>,
}

impl fmt::Display for Mistake {
    /// Writes `file:line: message`, and below it the condition with the spot underlined.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)?;
        let Some((text, start, end)) = &self.spot else { return Ok(()) };
        let before = text.get(..*start).map_or(0, |t| t.chars().count());
        let width = text.get(*start..*end).map_or(1, |t| t.chars().count()).max(1);
        write!(f, "\n    {text}\n    {}{}", " ".repeat(before), "^".repeat(width))
    }
}

/// Everything that is wrong with the declarations; never empty when returned as an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// One file on its way through a loader.
pub(crate) struct Page<'a> {
    pub source: &'a Source,
    pub nodes: Vec<written::Node>,
    /// Where each line begins.
    starts: Vec<usize>,
}

/// Reads files; a text that is no KDL gives mistakes and no page.
pub(crate) fn open_all<'a>(sources: &'a [Source], mistakes: &mut Vec<Mistake>) -> Vec<Page<'a>> {
    sources.iter().filter_map(|source| open(source, mistakes)).collect()
}

fn open<'a>(source: &'a Source, mistakes: &mut Vec<Mistake>) -> Option<Page<'a>> {
    let mut say = |offset: usize, message: String| {
        let line = line_of(&source.text, offset);
        mistakes.push(Mistake { file: source.file.clone(), line, message, spot: None });
    };
    match written::read(&source.text) {
        Some(Ok(nodes)) => {
            let ends = source.text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
            let starts = ends.map(|(i, _)| i + 1).collect();
            return Some(Page { source, nodes, starts });
        }
        Some(Err(slips)) => {
            for slip in slips {
                let help = slip.help.map_or(String::new(), |h| format!(" ({h})"));
                say(slip.span.start, format!("{}{help}", slip.message));
            }
        }
        None => say(0, "there is not enough memory to read this file".to_owned()),
    }
    None
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
}

/// A node with its file, asked for words by name.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    raw: &'a written::Node,
    source: &'a Source,
    terms: Option<&'a Terms>,
    starts: &'a [usize],
}

impl<'a> Page<'a> {
    /// The nodes of the file.
    pub fn nodes(&'a self) -> impl Iterator<Item = Node<'a>> + 'a {
        self.nodes.iter().map(|raw| Node { raw, source: self.source, terms: None, starts: &self.starts })
    }

    /// The nodes of the file, with the values of terms written into their texts.
    pub fn nodes_with(&'a self, terms: &'a Terms) -> impl Iterator<Item = Node<'a>> + 'a {
        let starts = &self.starts;
        self.nodes.iter().map(|raw| Node { raw, source: self.source, terms: Some(terms), starts })
    }
}

impl<'a> Node<'a> {
    pub fn word(&self) -> &'a str {
        &self.raw.word
    }

    pub fn line(&self) -> usize {
        self.starts.partition_point(|start| *start <= self.raw.word_span.start) + 1
    }

    /// The node with its children as written: what a declaration's version is the digest of.
    pub fn written(&self) -> &'a str {
        let span = self.raw.span;
        self.source.text.get(span.start..span.end).unwrap_or_default().trim()
    }

    /// `file:line`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.source.file, self.line())
    }

    pub fn children(&self) -> impl Iterator<Item = Node<'a>> + 'a {
        let (source, terms, starts) = (self.source, self.terms, self.starts);
        self.raw.children.iter().map(move |raw| Node { raw, source, terms, starts })
    }

    pub fn mistake(&self, message: impl Into<String>, mistakes: &mut Vec<Mistake>) {
        let file = self.source.file.clone();
        mistakes.push(Mistake { file, line: self.line(), message: message.into(), spot: None });
    }

    /// A mistake in a condition that this node holds.
    pub fn mistake_in(&self, text: &str, spot: (usize, usize), message: &str, mistakes: &mut Vec<Mistake>) {
        mistakes.push(Mistake {
            file: self.source.file.clone(),
            line: self.line(),
            message: message.to_owned(),
            spot: Some((text.to_owned(), spot.0, spot.1)),
        });
    }

    /// Says that a word is not known here, with the words that are.
    pub fn unknown(&self, known: &[&str], mistakes: &mut Vec<Mistake>) {
        let message = format!("`{}` is not known here; known are: {}", self.word(), known.join(", "));
        self.mistake(message, mistakes);
    }

    /// The words after the node's own, which must be texts.
    pub fn words(&self, mistakes: &mut Vec<Mistake>) -> Vec<String> {
        let entries = self.raw.entries.iter().filter(|e| e.name.is_none());
        entries.filter_map(|e| self.text(e, mistakes)).collect()
    }

    /// Exactly `N` words.
    pub fn exactly<const N: usize>(
        &self,
        names: [&str; N],
        mistakes: &mut Vec<Mistake>,
    ) -> Option<[String; N]> {
        let words = self.words(mistakes);
        let found = words.len();
        let array = <[String; N]>::try_from(words).ok();
        if array.is_none() {
            let wanted = names.map(|n| format!("\"{n}\"")).join(" ");
            self.mistake(
                format!("`{}` is written `{0} {wanted}`; it has {found} words", self.word()),
                mistakes,
            );
        }
        array
    }

    /// Says which properties are known here; any other is a mistake.
    pub fn only(&self, known: &[&str], mistakes: &mut Vec<Mistake>) {
        let mut seen: Vec<&str> = Vec::new();
        for entry in &self.raw.entries {
            let Some((name, _)) = &entry.name else { continue };
            let name = name.as_str();
            if !known.contains(&name) {
                let message =
                    format!("`{}` has no option `{name}`; known are: {}", self.word(), known.join(", "));
                self.mistake(message, mistakes);
            } else if seen.contains(&name) {
                self.mistake(format!("`{name}` is given twice"), mistakes);
            }
            seen.push(name);
        }
    }

    fn property(&self, name: &str) -> Option<&'a Entry> {
        self.raw.entries.iter().find(|e| e.name.as_ref().is_some_and(|(n, _)| n == name))
    }

    /// A property that is a text.
    pub fn text_of(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let entry = self.property(name)?;
        self.text(entry, mistakes)
    }

    /// A property that is a text and must be there.
    pub fn required(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let has = self.property(name).is_some();
        if !has {
            self.mistake(format!("`{}` needs `{name}=\"…\"`", self.word()), mistakes);
            return None;
        }
        self.text_of(name, mistakes)
    }

    /// A property that is a whole number from 0, or a term that is one.
    pub fn number_of(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<u64> {
        let entry = self.property(name)?;
        let number = match &entry.value {
            Written::Int(n) => u64::try_from(*n).ok(),
            Written::Text(_) => self.text(entry, mistakes)?.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.mistake(format!("`{name}` is a whole number from 0"), mistakes);
        }
        number
    }

    fn text(&self, entry: &Entry, mistakes: &mut Vec<Mistake>) -> Option<String> {
        if let Written::Text(text) = &entry.value {
            let Some(terms) = self.terms else { return Some(text.clone()) };
            let spot = match entry.name.as_ref().map(|(name, _)| name.as_str()) {
                Some("says" | "title" | "partial" | "too_many") => Spot::Words,
                Some("last" | "every" | "share" | "at_least") => Spot::Figure,
                _ => Spot::Condition,
            };
            let filled = terms.fill(text, spot);
            return filled.map_err(|message| self.mistake(message, mistakes)).ok();
        }
        let written = self.source.text.get(entry.span.start..entry.span.end).unwrap_or_default();
        self.mistake(format!("`{written}` must be a text in quotes here"), mistakes);
        None
    }
}

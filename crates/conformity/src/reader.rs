//! Reads declaration files (KDL) of frameworks and controls, and collects every mistake with its place.
//! What nobody asked for is a mistake. Record types are read by `model`, not here.

use std::fmt;

use kdl::{KdlDocument, KdlEntry, KdlNode, KdlValue};

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
    pub document: KdlDocument,
}

/// Parses files, several at a time: it is the longest part of a start. The pages come in the order of the files; a
/// text that is no KDL gives mistakes and no page.
pub(crate) fn open_all<'a>(sources: &'a [Source], mistakes: &mut Vec<Mistake>) -> Vec<Page<'a>> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let size = sources.len().div_ceil(threads).max(1);
    let read = |some: &'a [Source]| {
        let mut mistakes = Vec::new();
        let pages: Vec<Page<'a>> = some.iter().filter_map(|s| open(s, &mut mistakes)).collect();
        (pages, mistakes)
    };
    let mut pages = Vec::with_capacity(sources.len());
    std::thread::scope(|scope| {
        let handles: Vec<_> =
            sources.chunks(size).map(|some| (some, scope.spawn(move || read(some)))).collect();
        for (some, handle) in handles {
            // a thread that could not finish is read again here
            let (own, found) = handle.join().unwrap_or_else(|_| read(some));
            pages.extend(own);
            mistakes.extend(found);
        }
    });
    pages
}

fn open<'a>(source: &'a Source, mistakes: &mut Vec<Mistake>) -> Option<Page<'a>> {
    match KdlDocument::parse(&source.text) {
        Ok(document) => Some(Page { source, document }),
        Err(error) => {
            for diagnostic in &error.diagnostics {
                let message = diagnostic.message.clone().or_else(|| diagnostic.label.clone());
                let help = diagnostic.help.as_ref().map_or(String::new(), |h| format!(" ({h})"));
                mistakes.push(Mistake {
                    file: source.file.clone(),
                    line: line_of(&source.text, diagnostic.span.offset()),
                    message: format!("{}{help}", message.unwrap_or_else(|| "this is no KDL".to_owned())),
                    spot: None,
                });
            }
            None
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
}

/// A node with its file, asked for words by name.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    raw: &'a KdlNode,
    source: &'a Source,
}

impl<'a> Page<'a> {
    /// The nodes of the file.
    pub fn nodes(&'a self) -> impl Iterator<Item = Node<'a>> + 'a {
        self.document.nodes().iter().map(|raw| Node { raw, source: self.source })
    }
}

impl<'a> Node<'a> {
    pub fn word(&self) -> &'a str {
        self.raw.name().value()
    }

    pub fn line(&self) -> usize {
        line_of(&self.source.text, self.raw.name().span().offset())
    }

    /// The node with its children as written: what a declaration's version is the digest of.
    pub fn written(&self) -> &'a str {
        let span = self.raw.span();
        self.source.text.get(span.offset()..span.offset() + span.len()).unwrap_or_default().trim()
    }

    /// `file:line`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.source.file, self.line())
    }

    pub fn children(&self) -> impl Iterator<Item = Node<'a>> + 'a {
        let source = self.source;
        let nodes = self.raw.children().map_or(&[][..], |c| c.nodes());
        nodes.iter().map(move |raw| Node { raw, source })
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
        let entries = self.raw.entries().iter().filter(|e| e.name().is_none());
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
        for entry in self.raw.entries() {
            let Some(name) = entry.name().map(kdl::KdlIdentifier::value) else { continue };
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

    /// A property that is a text.
    pub fn text_of(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let entry = self.raw.entries().iter().find(|e| e.name().is_some_and(|n| n.value() == name))?;
        self.text(entry, mistakes)
    }

    /// A property that is a text and must be there.
    pub fn required(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let has = self.raw.entries().iter().any(|e| e.name().is_some_and(|n| n.value() == name));
        if !has {
            self.mistake(format!("`{}` needs `{name}=\"…\"`", self.word()), mistakes);
            return None;
        }
        self.text_of(name, mistakes)
    }

    /// A property that is a whole number from 0.
    pub fn number_of(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<u64> {
        let entry = self.raw.entries().iter().find(|e| e.name().is_some_and(|n| n.value() == name))?;
        let number = match entry.value() {
            KdlValue::Integer(n) => u64::try_from(*n).ok(),
            _ => None,
        };
        if number.is_none() {
            self.mistake(format!("`{name}` is a whole number from 0"), mistakes);
        }
        number
    }

    fn text(&self, entry: &KdlEntry, mistakes: &mut Vec<Mistake>) -> Option<String> {
        match entry.value() {
            KdlValue::String(text) => Some(text.clone()),
            other => {
                self.mistake(format!("`{other}` must be a text in quotes here"), mistakes);
                None
            }
        }
    }
}

//! One KDL node with its words: arguments, properties and children, each asked for by name.
//! What nobody asked for is a mistake.

use crate::written::{self, Entry, Written};

use crate::load::text::{Book, Spot, Word, hint};

/// A node of a declaration.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    raw: &'a written::Node,
    file: usize,
}

impl<'a> Node<'a> {
    /// Wraps a node of a file.
    pub fn new(raw: &'a written::Node, file: usize) -> Self {
        Self { raw, file }
    }

    /// The node's own word.
    pub fn word(&self) -> &'a str {
        &self.raw.word
    }

    /// Where the node's word stands.
    pub fn spot(&self) -> Spot {
        let span = self.raw.word_span;
        Spot { file: self.file, start: span.start, end: span.end }
    }

    /// The stretch of the whole node with its children.
    pub fn stretch(&self) -> Spot {
        let span = self.raw.span;
        Spot { file: self.file, start: span.start, end: span.end }
    }

    /// The children.
    pub fn children(&self) -> impl Iterator<Item = Node<'a>> + 'a {
        let file = self.file;
        self.raw.children.iter().map(move |raw| Node { raw, file })
    }

    /// Says that this word has no children here.
    pub fn childless(&self, book: &mut Book<'_>) {
        if let Some(child) = self.children().next() {
            book.mistake(child.spot(), format!("`{}` takes nothing in braces", self.word()));
        }
    }

    /// Positional words with the type annotation of each, `(spare)"x"`.
    pub fn marked_args(&self, book: &mut Book<'_>) -> Vec<(Word, Option<String>)> {
        let entries = self.raw.entries.iter().filter(|e| e.name.is_none());
        entries.filter_map(|e| Some((self.text(e, book)?, e.mark.clone()))).collect()
    }

    /// Exactly these positional words, in this order; a missing or further one is a mistake.
    pub fn args<const N: usize>(&self, names: [&str; N], book: &mut Book<'_>) -> Option<[Word; N]> {
        let given: Vec<Word> = self.marked_args(book).into_iter().map(|(word, _)| word).collect();
        let wanted = || names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(" ");
        if let Some(extra) = given.get(N) {
            let message = if N == 0 {
                format!("`{}` takes no word here", self.word())
            } else {
                format!("one word too many: `{}` is written `{} {}`", self.word(), self.word(), wanted())
            };
            book.mistake(extra.spot, message);
        }
        if given.len() < N {
            book.mistake(self.spot(), format!("`{}` is written `{} {}`", self.word(), self.word(), wanted()));
            return None;
        }
        let mut given = given.into_iter();
        let words: Vec<Word> = given.by_ref().take(N).collect();
        words.try_into().ok()
    }

    /// Properties, of which only these are known here.
    pub fn props(&self, known: &[&str], book: &mut Book<'_>) -> Props<'a> {
        let mut found: Vec<(&'a str, &'a Entry)> = Vec::new();
        for entry in &self.raw.entries {
            let Some((name, span)) = &entry.name else { continue };
            let name = name.as_str();
            let spot = Spot { file: self.file, start: span.start, end: span.end };
            if !known.contains(&name) {
                let hint = hint(name, known.iter().copied());
                book.mistake(spot, format!("`{}` has no option `{name}`{hint}", self.word()));
            } else if found.iter().any(|(n, _)| *n == name) {
                book.mistake(spot, format!("`{name}` is given twice"));
            } else {
                found.push((name, entry));
            }
        }
        Props { node: *self, found }
    }

    /// Every property as a word, for lists of fields and values.
    pub fn pairs(&self, book: &mut Book<'_>) -> Vec<(Word, Word)> {
        let mut pairs = Vec::new();
        for entry in &self.raw.entries {
            let Some((name, span)) = &entry.name else { continue };
            let spot = Spot { file: self.file, start: span.start, end: span.end };
            if let Some(value) = self.written(entry, book) {
                pairs.push((Word { text: name.clone(), spot }, value));
            }
        }
        pairs
    }

    fn text(&self, entry: &Entry, book: &mut Book<'_>) -> Option<Word> {
        match &entry.value {
            Written::Text(text) => {
                let spot = value_spot(entry, self.file, text, book);
                Some(Word { text: text.clone(), spot })
            }
            _ => {
                book.mistake(entry_spot(entry, self.file), "a text in quotes is needed here");
                None
            }
        }
    }

    /// A text, number, yes or no, as its written form.
    fn written(&self, entry: &Entry, book: &mut Book<'_>) -> Option<Word> {
        let spot = entry_spot(entry, self.file);
        let text = match &entry.value {
            Written::Text(_) => return self.text(entry, book),
            Written::Int(n) => n.to_string(),
            Written::Float(n) => n.to_string(),
            Written::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            Written::Null => String::new(),
        };
        Some(Word { text, spot })
    }
}

/// Properties of one node.
pub(crate) struct Props<'a> {
    node: Node<'a>,
    found: Vec<(&'a str, &'a Entry)>,
}

impl Props<'_> {
    fn entry(&self, name: &str) -> Option<&Entry> {
        self.found.iter().find(|(n, _)| *n == name).map(|(_, e)| *e)
    }

    /// A text.
    pub fn text(&self, name: &str, book: &mut Book<'_>) -> Option<Word> {
        let entry = self.entry(name)?;
        self.node.text(entry, book)
    }

    /// Words divided by blanks.
    pub fn words(&self, name: &str, book: &mut Book<'_>) -> Vec<Word> {
        self.text(name, book).map(|w| w.split()).unwrap_or_default()
    }

    /// A text, number, yes or no in its written form.
    pub fn written(&self, name: &str, book: &mut Book<'_>) -> Option<Word> {
        let entry = self.entry(name)?;
        self.node.written(entry, book)
    }

    /// `#true` or `#false`; no when it is not given.
    pub fn yes(&self, name: &str, book: &mut Book<'_>) -> bool {
        let Some(entry) = self.entry(name) else { return false };
        if let Written::Bool(yes) = entry.value {
            return yes;
        }
        book.mistake(entry_spot(entry, self.node.file), format!("`{name}` is #true or #false"));
        false
    }

    /// A whole number.
    pub fn int(&self, name: &str, book: &mut Book<'_>) -> Option<(i64, Spot)> {
        let entry = self.entry(name)?;
        let spot = entry_spot(entry, self.node.file);
        let number = match entry.value {
            Written::Int(n) => i64::try_from(n).ok(),
            _ => None,
        };
        if number.is_none() {
            book.mistake(spot, format!("`{name}` takes a whole number"));
        }
        number.map(|n| (n, spot))
    }
}

fn entry_spot(entry: &Entry, file: usize) -> Spot {
    Spot { file, start: entry.span.start, end: entry.span.end }
}

/// The inside of a written text: without quotes, so that a position in the value is one in the file.
fn value_spot(entry: &Entry, file: usize, value: &str, book: &Book<'_>) -> Spot {
    let outer = entry_spot(entry, file);
    let Some(source) = book.files.get(file).and_then(|f| f.text.get(outer.start..outer.end)) else {
        return outer;
    };
    let name = entry.name.as_ref().map_or(0, |(_, span)| span.end - span.start);
    match source.get(name..).and_then(|rest| rest.rfind(value)) {
        // the value stands there as it is, without escapes
        Some(at) if !value.is_empty() => {
            let start = outer.start + name + at;
            Spot { file, start, end: start + value.len() }
        }
        _ => Spot { start: outer.start + name, ..outer },
    }
}

/// The spot in the file of a stretch of a text's value; the whole text when it is written with escapes.
pub(crate) fn inside(word: &Word, start: usize, end: usize) -> Spot {
    let plain = word.spot.end.saturating_sub(word.spot.start) == word.text.len();
    if !plain {
        return word.spot;
    }
    let from = word.spot.start + start.min(word.text.len());
    Spot { start: from, end: word.spot.start + end.clamp(start, word.text.len().max(start)), ..word.spot }
}

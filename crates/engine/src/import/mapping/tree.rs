//! TOML with places: tables whose keys are taken one by one, so that what is left over is a mistake with its line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Mistake;

/// The text that is read, and what is wrong with it.
pub(super) struct Book<'a> {
    pub file: &'a str,
    pub text: &'a str,
    pub mistakes: Vec<Mistake>,
}

impl Book<'_> {
    /// Notes a mistake at a place of the text.
    pub fn wrong(&mut self, at: usize, message: impl Into<String>) {
        let line = self.text.get(..at).unwrap_or(self.text).matches('\n').count() + 1;
        self.mistakes.push(Mistake { file: self.file.to_owned(), line, message: message.into() });
    }
}

/// A table whose keys are taken.
pub(super) struct Table {
    /// Where it begins.
    pub at: usize,
    /// Its name, for messages.
    pub name: String,
    entries: Vec<(String, usize, Item)>,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub at: usize,
    pub value: toml::Value,
    /// The places of the keys of an inner table.
    pub inner: Vec<(String, usize, Item)>,
}

impl Table {
    /// Reads the whole text.
    pub fn read(book: &mut Book<'_>) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(book.text);
        for error in &errors {
            let at = error.span().map_or(0, |s| s.start);
            book.wrong(at, error.message().to_owned());
        }
        if errors.is_empty() {
            return Some(Self { at: 0, name: "the mapping".to_owned(), entries: entries(table.get_ref()) });
        }
        None
    }

    /// An inner table of an item.
    pub fn of(item: &Item, name: &str) -> Option<Self> {
        item.value.is_table().then(|| Self {
            at: item.at,
            name: name.to_owned(),
            entries: item.inner.clone(),
        })
    }

    /// Takes a value.
    pub fn take(&mut self, key: &str) -> Option<Item> {
        let at = self.entries.iter().position(|(name, _, _)| name == key)?;
        Some(self.entries.remove(at).2)
    }

    /// Takes a text.
    pub fn text(&mut self, key: &str, book: &mut Book<'_>) -> Option<(String, usize)> {
        let item = self.take(key)?;
        match item.value {
            toml::Value::String(text) => Some((text, item.at)),
            _ => {
                book.wrong(item.at, format!("`{key}` takes a text in quotation marks."));
                None
            }
        }
    }

    /// Takes a yes or no; no when it is not there.
    pub fn flag(&mut self, key: &str, book: &mut Book<'_>) -> bool {
        match self.take(key) {
            None => false,
            Some(Item { value: toml::Value::Boolean(yes), .. }) => yes,
            Some(item) => {
                book.wrong(item.at, format!("`{key}` takes true or false."));
                false
            }
        }
    }

    /// Takes a list of texts; empty when it is not there.
    pub fn texts(&mut self, key: &str, book: &mut Book<'_>) -> Vec<String> {
        let Some(item) = self.take(key) else { return Vec::new() };
        let list =
            item.value.as_array().map(|list| list.iter().map(|v| v.as_str().map(str::to_owned)).collect());
        match list {
            Some(Some(texts)) => texts,
            _ => {
                book.wrong(item.at, format!("`{key}` takes a list of texts, such as [\"?\"]."));
                Vec::new()
            }
        }
    }

    /// Takes a table of texts; empty when it is not there.
    pub fn pairs(&mut self, key: &str, book: &mut Book<'_>) -> Vec<(String, String, usize)> {
        let Some(item) = self.take(key) else { return Vec::new() };
        if !item.value.is_table() {
            book.wrong(item.at, format!("`{key}` takes a table of names and texts."));
        }
        let mut found = Vec::new();
        for (name, _, item) in item.inner {
            match item.value {
                toml::Value::String(text) => found.push((name, text, item.at)),
                _ => book.wrong(item.at, format!("`{name}` takes a text in quotation marks.")),
            }
        }
        found
    }

    /// Takes everything that is left.
    pub fn rest(&mut self) -> Vec<(String, usize, Item)> {
        std::mem::take(&mut self.entries)
    }

    /// Notes what nobody took.
    pub fn end(mut self, known: &[&str], book: &mut Book<'_>) {
        for (key, at, _) in self.rest() {
            let name = &self.name;
            book.wrong(at, format!("`{key}` is not known in {name}; it has: {}.", known.join(", ")));
        }
    }
}

fn entries(table: &DeTable<'_>) -> Vec<(String, usize, Item)> {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), key.span().start, item(value))).collect()
}

fn item(value: &Spanned<DeValue<'_>>) -> Item {
    let at = value.span().start;
    let (value, inner) = match value.get_ref() {
        DeValue::String(text) => (toml::Value::String(text.to_string()), Vec::new()),
        DeValue::Boolean(yes) => (toml::Value::Boolean(*yes), Vec::new()),
        DeValue::Array(list) => {
            let list = list.iter().map(|v| item(v).value).collect();
            (toml::Value::Array(list), Vec::new())
        }
        DeValue::Table(table) => (toml::Value::Table(toml::Table::new()), entries(table)),
        // no key takes numbers or dates: whoever takes it says what it takes
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => {
            (toml::Value::Integer(0), Vec::new())
        }
    };
    Item { at, value, inner }
}

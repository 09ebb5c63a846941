//! Texts of declarations, spots in them, and mistakes that say file and line with the spot underlined.

use std::fmt;

/// One file of declarations, handed in as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path as people know it, for messages.
    pub name: String,
    /// Its KDL 2 text.
    pub text: String,
}

impl SourceFile {
    /// Names a text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// One mistake in a declaration. Its `Display` is `file:line: message` and, below, the line with the spot
/// underlined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// First character of the spot, from 1.
    pub column: usize,
    /// Characters in the spot, at least 1, within the line.
    pub width: usize,
    /// What is wrong and what to write instead.
    pub message: String,
    /// The line itself; empty where only file and line are known.
    pub source: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)?;
        if self.source.is_empty() {
            return Ok(());
        }
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // tabs stay tabs, so that the mark stands below the spot
        let lead: String =
            self.source.chars().take(self.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        write!(f, "\n  {number} | {}\n  {margin} | {lead}{}", self.source, "^".repeat(self.width.max(1)))
    }
}

impl std::error::Error for Mistake {}

/// A stretch of one file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Spot {
    /// Position of the file in the book.
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A text with the spot where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Word {
    /// Its value.
    pub text: String,
    /// Where it stands, without quotes where the written form has no escapes.
    pub spot: Spot,
}

impl Word {
    /// Splits at blanks; each part knows its own spot when the written form has no escapes.
    pub fn split(&self) -> Vec<Self> {
        let plain = self.spot.end.saturating_sub(self.spot.start) == self.text.len();
        let base = self.text.as_ptr() as usize;
        self.text
            .split_whitespace()
            .map(|part| {
                let at = part.as_ptr() as usize - base;
                let start = self.spot.start + at;
                let spot =
                    if plain { Spot { start, end: start + part.len(), ..self.spot } } else { self.spot };
                Self { text: part.to_owned(), spot }
            })
            .collect()
    }
}

/// The files being read and the mistakes found so far.
pub(crate) struct Book<'a> {
    /// The files.
    pub files: &'a [SourceFile],
    found: Vec<(Spot, String)>,
    /// Some file could not be read as KDL: what it declares is unknown.
    pub torn: bool,
}

impl<'a> Book<'a> {
    /// Opens files.
    pub fn new(files: &'a [SourceFile]) -> Self {
        Self { files, found: Vec::new(), torn: false }
    }

    /// Writes down a mistake.
    pub fn mistake(&mut self, spot: Spot, message: impl Into<String>) {
        let message = message.into();
        if !self.found.iter().any(|(s, m)| *s == spot && *m == message) {
            self.found.push((spot, message));
        }
    }

    /// `file:line` of a spot.
    pub fn place(&self, spot: Spot) -> String {
        let mistake = self.show(spot, String::new());
        format!("{}:{}", mistake.file, mistake.line)
    }

    /// All mistakes in the order of files and lines.
    pub fn finish(mut self) -> Vec<Mistake> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|(spot, _)| (spot.file, spot.start));
        found.into_iter().map(|(spot, message)| self.show(spot, message)).collect()
    }

    fn show(&self, spot: Spot, message: String) -> Mistake {
        let Some(file) = self.files.get(spot.file) else {
            return Mistake {
                file: String::new(),
                line: 1,
                column: 1,
                width: 1,
                message,
                source: String::new(),
            };
        };
        let text = &file.text;
        let start = boundary(text, spot.start);
        let end = boundary(text, spot.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
        let source = text[line_start..line_end].trim_end_matches('\r').to_owned();
        let column = text[line_start..start].chars().count() + 1;
        let width = text[start..end.min(line_end)].chars().count().max(1);
        let line = text[..start].matches('\n').count() + 1;
        Mistake { file: file.name.clone(), line, column, width, message, source }
    }
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// `; did you mean …?` when one of the candidates is close, else the list when it is short.
pub(crate) fn hint<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    let mut all: Vec<&str> = candidates.into_iter().collect();
    let length = word.chars().count();
    // a slip in a short word is one letter; words of two letters are all alike
    let limit = if length < 3 { 0 } else { (length / 3).max(1) };
    let near = all.iter().map(|c| (distance(word, c), *c)).filter(|(d, _)| *d <= limit).min();
    if let Some((_, near)) = near {
        return format!("; did you mean `{near}`?");
    }
    all.dedup();
    if all.is_empty() || all.len() > 20 {
        return String::new();
    }
    format!("; known are: {}", all.join(", "))
}

/// Letters to insert, drop, replace, or swap with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

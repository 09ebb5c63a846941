//! Two versions of a document beside each other: the text by lines and words, the file by name, size and hash.
//!
//! Not here: how it looks (`web`). What is a version of what is declared (`version_of`).

use std::time::Duration;

use proofdesk_model::{Caller, Record, Reference, Value};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::Engine;
use crate::attachment::Attachment;
use crate::error::Error;
use crate::read::ListRequest;

/// Longest that the search for the shortest difference may take; then a longer one is shown.
const PATIENCE: Duration = Duration::from_millis(400);
/// Versions of one document that a picker offers.
const VERSIONS: usize = 200;

/// What happened to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// It stands in both.
    Same,
    /// It stands in the newer one only.
    Added,
    /// It stands in the older one only.
    Removed,
}

/// A stretch of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Its text.
    pub text: String,
    /// The words in it are what changed in the line.
    pub changed: bool,
}

/// A line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// What happened to it.
    pub mark: Mark,
    /// Its text in stretches.
    pub parts: Vec<Stretch>,
}

/// Two texts compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TextComparison {
    /// All lines in order; a changed line is its old form, then its new one.
    pub lines: Vec<DiffLine>,
    /// Lines that only the newer one has.
    pub added: usize,
    /// Lines that only the older one has.
    pub removed: usize,
}

/// Two versions compared.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The older one.
    pub old: Record,
    /// The newer one.
    pub new: Record,
    /// Their texts.
    pub text: TextComparison,
    /// The file of the older one.
    pub old_file: Option<Attachment>,
    /// The file of the newer one.
    pub new_file: Option<Attachment>,
}

impl Compared {
    /// Whether the bytes of the files differ, or only one has a file.
    pub fn files_differ(&self) -> bool {
        let hash = |file: &Option<Attachment>| file.as_ref().map(|f| f.sha256.clone());
        hash(&self.old_file) != hash(&self.new_file)
    }
}

/// Compares two texts by lines, and changed lines by words.
pub fn texts(old: &str, new: &str) -> TextComparison {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let mut found = TextComparison::default();
    for op in diff.ops() {
        for change in diff.iter_inline_changes(op) {
            let mark = match change.tag() {
                ChangeTag::Equal => Mark::Same,
                ChangeTag::Insert => Mark::Added,
                ChangeTag::Delete => Mark::Removed,
            };
            match mark {
                Mark::Added => found.added += 1,
                Mark::Removed => found.removed += 1,
                Mark::Same => {}
            }
            let parts = change.iter_strings_lossy().map(|(changed, text)| Stretch {
                text: text.trim_end_matches(['\n', '\r']).to_owned(),
                changed,
            });
            let parts = parts.filter(|p| !p.text.is_empty()).collect();
            found.lines.push(DiffLine { mark, parts });
        }
    }
    found
}

impl Engine {
    /// The versions of what a record is a version of, that the caller may see, by number; only the record itself where
    /// its type declares no versions.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn versions_beside(&self, caller: &Caller, record: &Record) -> Result<Vec<Record>, Error> {
        let link = record.of.version_of.as_ref().map(|v| (v, record.get(&v.link)));
        let Some((version, Value::Link(whole))) = link else { return Ok(vec![record.clone()]) };
        let of = self.require_type(&version.whole)?;
        let filter = format!("{} == '{}'", version.link, of.reference(whole));
        let request = ListRequest {
            record_type: record.of.name.clone(),
            filter: Some(self.condition(&filter, &record.of.name)?),
            sort: String::new(),
            descending: false,
            after: None,
            limit: VERSIONS,
        };
        Ok(self.list(caller, &request).await?.records)
    }

    /// Compares two versions of one document.
    ///
    /// # Errors
    /// `NotFound` for what the caller does not see; `Invalid` where the records are not versions of the same.
    pub async fn compare(
        &self,
        caller: &Caller,
        old: &Reference,
        new: &Reference,
    ) -> Result<Compared, Error> {
        let (old, new) = (self.require(caller, old).await?, self.require(caller, new).await?);
        let version = new.of.version_of.as_ref().filter(|_| old.of.name == new.of.name);
        let same = version.filter(|v| old.value(&v.link) == new.value(&v.link));
        let Some(version) = same else {
            let says =
                format!("{} and {} are not versions of the same document.", old.reference(), new.reference());
            return Err(Error::invalid("old", "version", says));
        };
        let content = |record: &Record| record.text(&version.content).unwrap_or_default().to_owned();
        let (before, after) = (content(&old), content(&new));
        let text = tokio::task::spawn_blocking(move || texts(&before, &after)).await;
        let text = text.map_err(|_| Error::Internal("The comparison ended early.".to_owned()))?;
        let files = self.named_files(caller, &[old.clone(), new.clone()]).await?;
        let file = |record: &Record| {
            let id = version.file.as_ref().and_then(|f| record.text(f))?;
            files.get(id).cloned()
        };
        let (old_file, new_file) = (file(&old), file(&new));
        Ok(Compared { text, old_file, new_file, old, new })
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, texts};

    fn words(old: &str, new: &str) -> Vec<(Mark, String)> {
        let found = texts(old, new);
        let line = |l: &super::DiffLine| {
            let part = |p: &super::Stretch| if p.changed { format!("[{}]", p.text) } else { p.text.clone() };
            (l.mark, l.parts.iter().map(part).collect::<String>())
        };
        found.lines.iter().map(line).collect()
    }

    #[test]
    fn inside_a_changed_line_the_words_are_marked() {
        let found = words("# Policy\nA change needs two days.\n", "# Policy\nA change needs five days.\n");
        assert_eq!(
            found,
            [
                (Mark::Same, "# Policy".to_owned()),
                (Mark::Removed, "A change needs [two] days.".to_owned()),
                (Mark::Added, "A change needs [five] days.".to_owned()),
            ]
        );
    }

    #[test]
    fn equal_texts_have_no_difference_and_counts_are_right() {
        let same = texts("a\nb\n", "a\nb\n");
        assert_eq!((same.added, same.removed, same.lines.len()), (0, 0, 2));
        let grown = texts("a\nb\n", "a\nx\ny\nb\n");
        assert_eq!((grown.added, grown.removed), (2, 0));
        let begun = texts("", "a\n");
        assert_eq!((begun.added, begun.removed), (1, 0));
    }
}

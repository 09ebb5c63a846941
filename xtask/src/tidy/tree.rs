//! The checkout as the checks see it: every file that is, or is about to be, checked in.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::shell;

/// One file of the checkout.
pub struct File {
    /// Size on disk.
    pub size_bytes: u64,
    /// Its text; none where it is not UTF-8.
    pub text: Option<String>,
}

/// All files by path.
pub struct Tree(BTreeMap<String, File>);

impl Tree {
    /// Reads what git tracks and what it would track; ignored files are not part of the house.
    pub fn read(root: &Path) -> Result<Self> {
        let list =
            shell::output(root, "git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut files = BTreeMap::new();
        for path in list.split('\0').filter(|path| !path.is_empty()) {
            // A file that is deleted but not yet committed as such is still listed.
            if let Ok(bytes) = std::fs::read(root.join(path)) {
                let size_bytes = bytes.len() as u64;
                files.insert(path.to_owned(), File { size_bytes, text: String::from_utf8(bytes).ok() });
            }
        }
        Ok(Self(files))
    }

    /// A tree in memory, for tests of the checks.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |text: &str| File { size_bytes: text.len() as u64, text: Some(text.to_owned()) };
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), file(text))).collect())
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &File)> {
        self.0.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// All files that are text and whose path ends with `end`.
    pub fn texts<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files()
            .filter(move |(path, _)| path.ends_with(end))
            .filter_map(|(path, file)| file.text.as_deref().map(|text| (path, text)))
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).and_then(|file| file.text.as_deref())
    }

    /// Whether a file or a folder of that path exists.
    pub fn contains(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        if path.is_empty() || self.0.contains_key(path) {
            return true;
        }
        let inside = format!("{path}/");
        self.0.range(inside.clone()..).next().is_some_and(|(first, _)| first.starts_with(&inside))
    }
}

/// Whether a Rust file is a test as a whole.
pub fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/benches/")
}

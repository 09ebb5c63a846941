//! Stored and filed editions put in order: which is in force, which is a draft, which came before.

use std::collections::BTreeMap;

use crate::framework::Framework;
use crate::framework::differ::{Difference, differences};
use crate::framework::write::digest_of;
use crate::reader::{Mistake, Mistakes, Source};
use crate::stored::{DRAFT, LINKS, PUBLISHED, REQUIREMENTS};
use crate::tables::StoredRow;

/// The editions of all frameworks that are not shipped.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// The newest published edition of each framework.
    pub in_force: Vec<Framework>,
    /// Published editions before those.
    pub earlier: Vec<Framework>,
    /// The newest draft of each framework that is newer than what is in force, with where it comes from.
    pub drafts: Vec<(Framework, String)>,
    /// The newest links of each name.
    pub links: Vec<Source>,
}

impl Shelf {
    /// Reads what is stored, oldest first. What cannot be read is left out, and said.
    pub fn read(rows: &[StoredRow], left_out: &mut Vec<Mistake>) -> Self {
        let mut shelf = Self::default();
        let mut drafts: BTreeMap<String, (Framework, String)> = BTreeMap::new();
        let mut links: BTreeMap<&str, Source> = BTreeMap::new();
        for row in rows {
            let file = format!("stored {} {}", row.part, row.framework);
            if digest_of(&row.source) != row.digest {
                left_out.push(said(&file, "it was changed past the log and is not used".to_owned()));
                continue;
            }
            let source = Source::new(file.as_str(), row.source.as_str());
            if row.part == LINKS {
                links.insert(&row.framework, source);
                continue;
            }
            if row.part != REQUIREMENTS {
                continue;
            }
            match Framework::load(&[source]) {
                Ok(framework) if row.state == PUBLISHED => {
                    drafts.remove(&framework.id);
                    let before = shelf.in_force.iter().position(|f| f.id == framework.id);
                    if let Some(before) = before {
                        shelf.earlier.push(shelf.in_force.remove(before));
                    }
                    shelf.in_force.push(framework);
                }
                Ok(framework) if row.state == DRAFT => {
                    drafts.insert(framework.id.clone(), (framework, row.origin.clone()));
                }
                Ok(_) => {}
                Err(found) => left_out.extend(found.0),
            }
        }
        shelf.drafts = drafts.into_values().collect();
        shelf.links = links.into_values().collect();
        shelf
    }

    /// Puts a framework from a file beside what is stored: a published edition must say what was published; any other
    /// is a draft.
    pub fn put_file(&mut self, framework: Framework, file: &str, mistakes: &mut Mistakes) {
        let published = self.published(&framework.id, &framework.edition);
        match published.map(|old| differences(old, &framework)) {
            Some(found) if found.is_empty() => {}
            Some(found) => mistakes.0.push(said(file, frozen(&framework, &found))),
            None => {
                self.drafts.retain(|(draft, _)| draft.id != framework.id);
                self.drafts.push((framework, file.to_owned()));
            }
        }
    }

    /// A published edition.
    pub fn published(&self, id: &str, edition: &str) -> Option<&Framework> {
        self.in_force.iter().chain(&self.earlier).find(|f| f.id == id && f.edition == edition)
    }
}

/// Why a changed text of a published edition is refused, with what differs.
pub(crate) fn frozen(framework: &Framework, found: &[Difference]) -> String {
    let word = |d: &Difference| {
        let fields: Vec<&str> = d.fields.iter().map(|f| f.field.as_str()).collect();
        let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
        format!("{} {} {}{fields}", d.part, d.id, d.turn.as_str())
    };
    let mut words: Vec<String> = found.iter().take(10).map(word).collect();
    if found.len() > 10 {
        words.push(format!("and {} more", found.len() - 10));
    }
    format!(
        "edition {} of {} is published and frozen, but this differs: {}. Give the new text another edition.",
        framework.edition,
        framework.id,
        words.join("; ")
    )
}

fn said(file: &str, message: String) -> Mistake {
    Mistake { file: file.to_owned(), line: 1, message, spot: None }
}

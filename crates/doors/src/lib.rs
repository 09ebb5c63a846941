//! Doors: what other programs tell becomes what the desk does about it. An alert opens an incident and resolves it, a
//! pipeline takes a change's step, an inventory is held against the items.
//!
//! A door is data (`doors/*.kdl`): what it reads of a message, which records it means, what it sets, which steps it
//! takes, when it keeps quiet. This crate reads doors and carries them out, as the account whose token or secret brought
//! the message, through the one write path. It names no record type.
//! Not here: HTTP (`web`), the store of cases (`engine`).
//! Invariant: nothing that comes in is lost silently; what is quiet, refused or not understood is kept with its reason.

pub mod calendar;
mod declare;
pub mod foreign;
mod inputs;
mod read;
pub mod signature;
mod take;
mod template;

use indexmap::IndexMap;
use proofdesk_model::Registry;

pub use declare::Door;
pub use take::{Asker, Done, JOB, Outcome, again, take};

/// A file of doors.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, for messages.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Mistakes in the files, each with file and line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Mistakes(pub Vec<String>);

/// The declared doors by name, and what stands in calendars.
#[derive(Debug, Default)]
pub struct Doors {
    doors: IndexMap<String, Door>,
    timed: IndexMap<String, calendar::Timed>,
}

static SHIPPED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/doors.rs"));

impl Doors {
    /// Reads the shipped doors and those of the site; one of the same name takes the place of a shipped one.
    ///
    /// # Errors
    /// All mistakes.
    pub fn load(own: &[Source], registry: &Registry) -> Result<Self, Mistakes> {
        let mut doors = Self::default();
        let mut mistakes = Vec::new();
        let shipped = SHIPPED.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
        let own = own.iter().map(|s| (s.file.clone(), s.text.clone()));
        for (file, text) in shipped.chain(own) {
            let declared = read::file(&file, &text, registry, &mut mistakes);
            for door in declared.doors {
                doors.doors.insert(door.name.clone(), door);
            }
            for timed in declared.timed {
                doors.timed.insert(timed.record_type.clone(), timed);
            }
        }
        if mistakes.is_empty() { Ok(doors) } else { Err(Mistakes(mistakes)) }
    }

    /// A door by its name.
    pub fn get(&self, name: &str) -> Option<&Door> {
        self.doors.get(name)
    }

    /// What stands in calendars.
    pub(crate) fn timed(&self) -> impl Iterator<Item = &calendar::Timed> {
        self.timed.values()
    }

    /// All doors, the shipped ones first.
    pub fn iter(&self) -> impl Iterator<Item = &Door> {
        self.doors.values()
    }
}

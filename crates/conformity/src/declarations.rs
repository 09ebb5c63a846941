//! Frameworks and controls together, as shipped and as a site adds to them.

use proofdesk_model::Registry;

use crate::control::{Controls, load_controls};
use crate::framework::Framework;
use crate::reader::{Mistakes, Source};

/// The files of the shipped framework, in order of names; made by `build.rs`.
const STANDARD: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/standard.rs"));

/// The files of the shipped controls, in order of names; made by `build.rs`.
const CONTROLS: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/controls.rs"));

/// Frameworks and controls, checked against the declared record types.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    /// Frameworks in order of their ids.
    pub frameworks: Vec<Framework>,
    /// Controls and their tests.
    pub controls: Controls,
}

impl Declarations {
    /// Reads what is shipped.
    ///
    /// # Errors
    /// All mistakes, which are faults of this program or of changed record types.
    pub fn shipped(registry: &Registry) -> Result<Self, Mistakes> {
        Self::with_site(registry, &[], &[])
    }

    /// Reads what is shipped and what a site adds: frameworks, each with its files, and files of controls.
    ///
    /// # Errors
    /// All mistakes of all files.
    pub fn with_site(
        registry: &Registry,
        frameworks: &[Vec<Source>],
        controls: &[Source],
    ) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut loaded = Vec::new();
        for files in std::iter::once(&sources(STANDARD)).chain(frameworks) {
            match Framework::load(files) {
                Ok(framework) => loaded.push(framework),
                Err(found) => mistakes.0.extend(found.0),
            }
        }
        loaded.sort_by(|a, b| a.id.cmp(&b.id));
        let files: Vec<Source> = sources(CONTROLS).into_iter().chain(controls.iter().cloned()).collect();
        match load_controls(&files, registry, &loaded) {
            Ok(controls) if mistakes.0.is_empty() => Ok(Self { frameworks: loaded, controls }),
            Ok(_) => Err(mistakes),
            Err(found) => {
                mistakes.0.extend(found.0);
                Err(mistakes)
            }
        }
    }

    /// The framework of this id.
    pub fn framework(&self, id: &str) -> Option<&Framework> {
        self.frameworks.iter().find(|f| f.id == id)
    }

    /// The test of this id.
    pub fn test(&self, id: &str) -> Option<&crate::control::Test> {
        self.controls.tests.get(id)
    }
}

fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    files.iter().map(|(file, text)| Source::new(*file, *text)).collect()
}

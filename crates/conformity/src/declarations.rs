//! Frameworks and controls together, as shipped and as a site adds to them.

use proofdesk_model::Registry;

use crate::control::{Controls, load_beside};
use crate::framework::Framework;
use crate::reader::{Mistake, Mistakes, Source};
use crate::stored::shelf::Shelf;
use crate::tables::StoredRow;

/// The files of the shipped framework, in order of names; made by `build.rs`.
const STANDARD: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/standard.rs"));

/// The files of the shipped controls, in order of names; made by `build.rs`.
const CONTROLS: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/controls.rs"));

/// What a site keeps in files of its own: frameworks, each with its files, and files of controls.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// Frameworks; a draft until it is published.
    pub frameworks: Vec<Vec<Source>>,
    /// Controls, uses and mappings.
    pub controls: Vec<Source>,
}

/// Frameworks and controls, checked against the declared record types.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    /// Frameworks in force, in order of their ids.
    pub frameworks: Vec<Framework>,
    /// Controls and their tests.
    pub controls: Controls,
    /// Frameworks that are not published yet, in order of their ids, each with where it comes from.
    pub drafts: Vec<(Framework, String)>,
    /// What is stored and cannot be used as it is, such as a mapping of a test that is gone.
    pub left_out: Vec<Mistake>,
    /// The files of the site, to put all of it together again.
    pub site: Site,
}

impl Declarations {
    /// Reads what is shipped.
    ///
    /// # Errors
    /// All mistakes, which are faults of this program or of changed record types.
    pub fn shipped(registry: &Registry) -> Result<Self, Mistakes> {
        Self::beside(registry, Site::default(), &[])
    }

    /// Reads what is shipped and what a site adds. Frameworks of the site are drafts until they are published, which
    /// [`crate::Conformity::refresh`] looks up.
    ///
    /// # Errors
    /// All mistakes of all files.
    pub fn with_site(registry: &Registry, site: Site) -> Result<Self, Mistakes> {
        Self::beside(registry, site, &[])
    }

    /// Reads what is shipped, what a site adds, and what is stored.
    ///
    /// # Errors
    /// All mistakes of all files; a file of a published edition that says something else than was published.
    pub(crate) fn beside(registry: &Registry, site: Site, stored: &[StoredRow]) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut left_out = Vec::new();
        let mut take = |files: &[Source]| match Framework::load(files) {
            Ok(framework) => Some(framework),
            Err(found) => {
                mistakes.0.extend(found.0);
                None
            }
        };
        let shipped = take(&sources(STANDARD));
        let of_site: Vec<(Framework, String)> = site
            .frameworks
            .iter()
            .filter_map(|files| Some((take(files)?, files.first().map_or("", |f| &f.file).to_owned())))
            .collect();
        let mut shelf = Shelf::read(stored, &mut left_out);
        for (framework, file) in of_site {
            shelf.put_file(framework, &file, &mut mistakes);
        }
        let mut frameworks: Vec<Framework> = shipped.into_iter().chain(shelf.in_force).collect();
        frameworks.sort_by(|a, b| a.id.cmp(&b.id));
        shelf.drafts.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        let dormant: Vec<Framework> =
            shelf.earlier.into_iter().chain(shelf.drafts.iter().map(|(f, _)| f.clone())).collect();
        let files: Vec<Source> = sources(CONTROLS).into_iter().chain(site.controls.iter().cloned()).collect();
        let load = |files: &[Source]| load_beside(files, registry, &frameworks, &dormant);
        let all: Vec<Source> = files.iter().chain(&shelf.links).cloned().collect();
        let controls = match load(&all) {
            Ok(controls) => Ok(controls),
            Err(_) if !shelf.links.is_empty() => {
                // what is stored must not keep the desk from starting: what cannot be used is left out, and said
                let mut good = files;
                for links in shelf.links {
                    good.push(links);
                    if let Err(found) = load(&good) {
                        good.pop();
                        left_out.extend(found.0);
                    }
                }
                load(&good)
            }
            Err(found) => Err(found),
        };
        match controls {
            Ok(controls) if mistakes.0.is_empty() => {
                Ok(Self { frameworks, controls, drafts: shelf.drafts, left_out, site })
            }
            Ok(_) => Err(mistakes),
            Err(found) => {
                mistakes.0.extend(found.0);
                Err(mistakes)
            }
        }
    }

    /// The framework in force of this id.
    pub fn framework(&self, id: &str) -> Option<&Framework> {
        self.frameworks.iter().find(|f| f.id == id)
    }

    /// The draft of this id, with where it comes from.
    pub fn draft(&self, id: &str) -> Option<&(Framework, String)> {
        self.drafts.iter().find(|(f, _)| f.id == id)
    }

    /// Whether a framework is part of the program.
    pub fn is_shipped(&self, id: &str) -> bool {
        STANDARD.iter().any(|(file, _)| file.split('/').nth(1) == Some(id))
    }

    /// The test of this id.
    pub fn test(&self, id: &str) -> Option<&crate::control::Test> {
        self.controls.tests.get(id)
    }
}

fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    files.iter().map(|(file, text)| Source::new(*file, *text)).collect()
}

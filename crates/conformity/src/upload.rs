//! A framework from a file that somebody sent: read on a thread of its own kind, so that a long text holds up nobody
//! else's request.
//!
//! Not here: keeping what was read (`stored`).

use proofdesk_engine::apart;

use crate::error::Error;
use crate::framework::Framework;
use crate::oscal::{CatalogOptions, read_catalog};
use crate::reader::{Mistake, Mistakes, Source};
use crate::sheet::SheetMapping;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A declaration.
    Kdl,
    /// An OSCAL catalog.
    Oscal,
    /// A spreadsheet.
    Sheet,
}

impl Format {
    /// By the ending of a file's name; an OSCAL catalog where it says nothing.
    pub fn of(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
            Some("kdl") => Self::Kdl,
            Some("xlsx") => Self::Sheet,
            _ => Self::Oscal,
        }
    }
}

/// A file as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// Its name, for mistakes.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Which column of a spreadsheet is what; the mapping that comes with the program where none is given.
    pub mapping: Option<Source>,
    /// What is said beside an OSCAL catalog.
    pub options: CatalogOptions,
}

impl Upload {
    /// Reads it, on a thread for work that takes long.
    ///
    /// # Errors
    /// `Declarations` with all mistakes.
    pub async fn read(self, format: Format) -> Result<Framework, Error> {
        Ok(apart(move || self.framework(format)).await??)
    }

    fn framework(self, format: Format) -> Result<Framework, Mistakes> {
        if format == Format::Sheet {
            let mapping =
                self.mapping.unwrap_or_else(|| Source::new("framework.toml", SheetMapping::SHIPPED));
            return SheetMapping::parse(&mapping)?.read(&self.name, self.bytes);
        }
        let text = String::from_utf8(self.bytes).map_err(|_| {
            let message = "this file is not UTF-8 text".to_owned();
            Mistakes(vec![Mistake { file: self.name.clone(), line: 1, message, spot: None }])
        })?;
        let source = Source::new(self.name, text);
        match format {
            Format::Kdl => Framework::load(&[source]),
            _ => Ok(read_catalog(&source, &self.options)?.framework),
        }
    }
}

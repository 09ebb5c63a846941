//! What is refused as a password beside what every desk refuses: `[passwords]` in the configuration file.

use std::path::PathBuf;

use proofdesk_engine::account::refused::Refused;
use serde::{Deserialize, Serialize};

/// What is refused as a password.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// Words of the organization, of which a password must not consist; its name is one without being said.
    pub words: Vec<String>,
    /// File with the SHA-1 hashes of breached passwords: hexadecimal, one a line, sorted.
    pub list: Option<PathBuf>,
}

impl Passwords {
    /// As the engine refuses. `organization` is its name: it and each of its words count.
    pub fn refused(&self, organization: &str) -> Refused {
        let parts = organization.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
        let words: Vec<String> =
            self.words.iter().cloned().chain([organization.to_owned()]).chain(parts).collect();
        Refused::new(&words, self.list.as_deref())
    }

    /// Reads the list, which may take a second: for the start and for who asks whether all is well.
    ///
    /// # Errors
    /// A list that is none, with its key and what to do.
    pub fn check(&self) -> anyhow::Result<()> {
        let says =
            |said| anyhow::anyhow!("passwords.list: {said}; no password can be set until this is mended");
        Refused::new(&[], self.list.as_deref()).check().map_err(says)
    }
}

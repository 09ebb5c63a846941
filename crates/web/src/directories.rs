//! Directories as the engine asks them: what `sso` finds and proves, in the engine's words, and what went wrong in the log.

use std::time::Duration;

use proofdesk_engine::{Directory as Asked, Entry, Later, Listed, Outside, Unheard};
use proofdesk_sso::{Directory, Error, Found, Person};

/// A directory, with what is asked of it again and again.
pub(crate) struct Known {
    directory: Directory,
    issuer: String,
}

impl Known {
    /// Takes a directory.
    pub(crate) fn new(directory: Directory) -> Self {
        let issuer = directory.settings().issuer();
        Self { directory, issuer }
    }

    /// What goes on without an answer; the log says why.
    fn unheard(&self, error: &Error) -> Unheard {
        tracing::warn!(directory = self.directory.settings().name, %error, "a directory gave no answer");
        match error {
            Error::Unfit { .. } => Unheard::Unfit,
            _ => Unheard::Away,
        }
    }

    fn listed(&self, person: Person) -> Listed {
        let who = Outside {
            provider: person.provider,
            label: self.directory.settings().shown().to_owned(),
            issuer: person.issuer,
            subject: person.subject,
            roles: person.roles,
            token: String::new(),
            sid: None,
            second_factor: false,
        };
        Listed { who, sign_in: person.sign_in, name: person.name, mail: person.mail }
    }
}

fn entry(found: Found) -> Entry {
    Entry { at: found.dn, subject: found.subject }
}

impl Asked for Known {
    fn name(&self) -> &str {
        &self.directory.settings().name
    }

    fn label(&self) -> &str {
        self.directory.settings().shown()
    }

    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn links(&self) -> bool {
        self.directory.settings().link_accounts
    }

    fn find<'a>(&'a self, name: &'a str) -> Later<'a, Option<Entry>> {
        Box::pin(async move {
            let found = self.directory.find(name).await.map_err(|error| self.unheard(&error))?;
            Ok(found.map(entry))
        })
    }

    fn find_again<'a>(&'a self, subject: &'a str, sign_in: &'a str) -> Later<'a, Option<Entry>> {
        Box::pin(async move {
            let found = self.directory.find_again(subject, sign_in).await;
            Ok(found.map_err(|error| self.unheard(&error))?.map(entry))
        })
    }

    fn recheck_every(&self) -> Option<Duration> {
        self.directory.settings().recheck_every()
    }

    fn answers(&self) -> Later<'_, ()> {
        Box::pin(async move { self.directory.try_out().await.map_err(|error| self.unheard(&error)) })
    }

    fn look_up<'a>(&'a self, subject: &'a str, sign_in: &'a str) -> Later<'a, Option<Listed>> {
        Box::pin(async move {
            let said = self.directory.look_up(subject, sign_in).await;
            Ok(said.map_err(|error| self.unheard(&error))?.map(|person| self.listed(person)))
        })
    }

    fn prove<'a>(&'a self, entry: &'a Entry, password: &'a str) -> Later<'a, Option<Listed>> {
        Box::pin(async move {
            let found = Found { dn: entry.at.clone(), subject: entry.subject.clone() };
            let said = self.directory.prove(&found, password).await;
            Ok(said.map_err(|error| self.unheard(&error))?.map(|person| self.listed(person)))
        })
    }
}

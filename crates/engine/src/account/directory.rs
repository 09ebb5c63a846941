//! Sign-in by a password that a directory judges: where it is asked, how attempts are counted, what a session of it is.
//!
//! Not here: how a directory is spoken to (`sso`), who gets an account (`web`).
//! Invariant: one count of attempts for all passwords, kept here or there; an empty password is asked of nobody; the password of an
//! account that has one here goes to a directory only where the account is bound to it or may be taken over by it; with
//! directories, every refusal is said at a whole step of time, whoever judged.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;

use super::outside::{Asks, Outside};
use super::password::{PASSWORD_MAX, password_matches};
use super::session::{SignedIn, Visitor};
use super::throttle::{Attempt, Key};
use super::{Account, Stored};
use crate::Engine;
use crate::error::Error;

/// Refusals are said at whole steps of this length since the attempt began: how long which place took is not seen.
const STEP: Duration = Duration::from_millis(500);

/// An answer of a directory on its way.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unheard>> + Send + 'a>>;

/// Why a directory gave no answer. What exactly went wrong is its own matter to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unheard {
    /// It cannot be reached, or does not answer as it should: nothing was judged.
    Away,
    /// The password was right, but the entry does not say all that is needed.
    Unfit,
}

/// An entry of a directory of which a password can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is there.
    pub at: String,
    /// Who that is for good; none where nothing was read of it yet.
    pub subject: Option<String>,
}

/// Somebody whose password a directory took.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// Who it is there.
    pub who: Outside,
    /// The sign-in name.
    pub sign_in: String,
    /// The person's name.
    pub name: String,
    /// Address, where it holds.
    pub mail: Option<String>,
}

/// A directory that judges passwords.
pub trait Directory: Send + Sync {
    /// Its word, which the sign-in page sends and sessions keep as their way.
    fn name(&self) -> &str;
    /// Its name for people.
    fn label(&self) -> &str;
    /// What accounts are bound to, with the subject.
    fn issuer(&self) -> &str;
    /// How often it is asked again about the people who came by it; none where it is not.
    fn recheck_every(&self) -> Option<Duration>;
    /// Whether it answers at present, and has what it is asked below.
    fn answers(&self) -> Later<'_, ()>;
    /// What it says of somebody who is known, without his password; none where he is gone.
    fn look_up<'a>(&'a self, subject: &'a str, sign_in: &'a str) -> Later<'a, Option<Listed>>;
    /// Whether it takes over accounts that are here already under the same name.
    fn links(&self) -> bool;
    /// The entry of a name that was typed; none where it is nobody's.
    fn find<'a>(&'a self, name: &'a str) -> Later<'a, Option<Entry>>;
    /// The entry of somebody who is known; none where he is gone.
    fn find_again<'a>(&'a self, subject: &'a str, sign_in: &'a str) -> Later<'a, Option<Entry>>;
    /// Who it is, where the password is his.
    fn prove<'a>(&'a self, entry: &'a Entry, password: &'a str) -> Later<'a, Option<Listed>>;
}

/// What somebody typed to sign in.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a> {
    /// The name.
    pub sign_in: &'a str,
    /// The password.
    pub password: &'a str,
    /// The directory that he chose, by its word; none where there was no choice.
    pub directory: Option<&'a str>,
}

/// Who judged a password, and took it.
#[derive(Debug)]
pub enum Judged {
    /// The desk: a session began.
    Here(SignedIn),
    /// A directory: [`Engine::sign_in_from_directory`] goes on, once there is an account.
    There(Box<Listed>),
}

fn unheard(field: &'static str, why: Unheard) -> Error {
    match why {
        Unheard::Away => {
            let message =
                "The directory that knows your password cannot be reached at present. Try again in a minute.";
            Error::invalid(field, "away", message)
        }
        Unheard::Unfit => {
            let message =
                "The directory says who you are, but not all that is needed here. Ask an administrator.";
            Error::invalid(field, "unfit", message)
        }
    }
}

impl Engine {
    /// Sets the directories by which people sign in, in the order of the sign-in page. Called once, when the program is put
    /// together.
    pub fn use_directories(&self, directories: Vec<Arc<dyn Directory>>) {
        // a second call would come from the same configuration
        let _ = self.directories_cell().set(directories);
    }

    pub(super) fn directories(&self) -> &[Arc<dyn Directory>] {
        self.directories_cell().get().map_or(&[], Vec::as_slice)
    }

    /// Signs somebody in by a name and a password, or says which directory took them. A wrong name and a wrong password take
    /// the same time, wait the same and get the same answer, here and there.
    ///
    /// # Errors
    /// `Invalid` with code `sign_in` or `wait`; `away` and `unfit` of a directory.
    pub async fn sign_in_by(
        &self,
        typed: &Typed<'_>,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<Judged, Error> {
        let begun = tokio::time::Instant::now();
        let judged = self.judge(typed, visitor, random).await;
        if judged.is_err() && !self.directories().is_empty() {
            let steps = u32::try_from(begun.elapsed().as_millis() / STEP.as_millis()).unwrap_or(0) + 1;
            tokio::time::sleep_until(begun + STEP * steps).await;
        }
        judged
    }

    async fn judge(
        &self,
        typed: &Typed<'_>,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<Judged, Error> {
        let name = typed.sign_in.trim().to_lowercase();
        let by_address = visitor.address.map(Key::Address);
        let attempt = self.admit(by_address.into_iter().chain([Key::Name(name.clone())]).collect()).await?;
        if typed.password.len() > PASSWORD_MAX {
            return Err(Self::wrong_sign_in());
        }
        let found = self.stored_account("sign_in", name).await?;
        let found = found.filter(|f| f.account.active && !f.account.program);
        // without such an account the same work is done on a hash that no password has
        let hash = found.as_ref().and_then(|f| f.password.clone());
        if password_matches(typed.password.to_owned(), hash).await?
            && let Some(found) = found
        {
            self.forgive(attempt).await?;
            return Ok(Judged::Here(self.enter(found, visitor, random).await?));
        }
        let account = found.as_ref().map(|f| f.account.reference()).unwrap_or_default();
        match self.directory_for(typed, found.as_ref()).await? {
            Some(directory) => match self.ask_directory(directory, typed, attempt).await? {
                Some(listed) => return Ok(Judged::There(Box::new(listed))),
                None => tracing::warn!(account, directory = directory.name(), "a sign-in was refused"),
            },
            None => tracing::warn!(account, "a sign-in was refused"),
        }
        Err(Self::wrong_sign_in())
    }

    /// Where a password is asked that is none of the desk's.
    async fn directory_for(
        &self,
        typed: &Typed<'_>,
        found: Option<&Stored>,
    ) -> Result<Option<&Arc<dyn Directory>>, Error> {
        let all = self.directories();
        let chosen = match typed.directory.filter(|word| !word.is_empty()) {
            Some(word) => all.iter().find(|directory| directory.name() == word),
            None => all.first(),
        };
        let Some(directory) = chosen.filter(|_| !typed.password.is_empty()) else { return Ok(None) };
        let asks = match found {
            Some(found) if found.password.is_some() && !directory.links() => {
                let bound = self.outside_identities(found.account.id).await?;
                bound.iter().any(|bound| bound.issuer == directory.issuer())
            }
            _ => true,
        };
        Ok(Some(directory).filter(|_| asks))
    }

    /// Asks a directory. Attempts are counted by who it is there, too: a directory may know one person under several names.
    async fn ask_directory(
        &self,
        directory: &Arc<dyn Directory>,
        typed: &Typed<'_>,
        attempt: Attempt,
    ) -> Result<Option<Listed>, Error> {
        let entry = match directory.find(typed.sign_in.trim()).await {
            Ok(Some(entry)) => entry,
            Ok(None) => return Ok(None),
            Err(why) => {
                self.uncount(attempt).await?;
                return Err(unheard("password", why));
            }
        };
        let key = entry.subject.as_ref().map(|who| Key::Listed(directory.issuer().to_owned(), who.clone()));
        let person = self.admit(key.into_iter().collect()).await?;
        let said = directory.prove(&entry, typed.password).await;
        if let Err(Unheard::Away) = said {
            self.uncount(attempt).await?;
            self.uncount(person).await?;
        } else if !matches!(said, Ok(None)) {
            self.forgive(attempt).await?;
            self.forgive(person).await?;
        }
        said.map_err(|why| unheard("password", why))
    }

    /// Signs somebody in whose password a directory took: `account` is his. Roles follow the groups before the session
    /// begins; a second factor is asked for as after a password of the desk.
    ///
    /// # Errors
    /// `Invalid` for an account that is disabled, or that no role is left to.
    pub async fn sign_in_from_directory(
        &self,
        who: &Outside,
        account: i64,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        self.come_in(who, (account, Asks::WhereThereIsOne), visitor, random).await
    }

    /// Whether an account's owner proves who he is by a password: one of the desk's, or one that a directory judges.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn proves_by_password(&self, account: &Account) -> Result<bool, Error> {
        Ok(account.has_password || !self.bound_directories(account).await?.is_empty())
    }

    /// The directories that an account is bound to, with who its owner is there.
    pub(super) async fn bound_directories(
        &self,
        account: &Account,
    ) -> Result<Vec<(&Arc<dyn Directory>, String)>, Error> {
        if self.directories().is_empty() || account.program {
            return Ok(Vec::new());
        }
        let bound = self.outside_identities(account.id).await?;
        let of = |directory: &'_ Arc<dyn Directory>| -> Option<String> {
            bound.iter().find(|bound| bound.issuer == directory.issuer()).map(|bound| bound.subject.clone())
        };
        Ok(self.directories().iter().filter_map(|directory| Some((directory, of(directory)?))).collect())
    }

    /// Whether a password is that of an account: the desk's, or one of a directory that it is bound to, where its owner still
    /// is. The attempt is counted by the caller.
    pub(crate) async fn is_password_of(
        &self,
        found: &Stored,
        password: &str,
        field: &'static str,
    ) -> Result<bool, Error> {
        if password_matches(password.to_owned(), found.password.clone()).await? {
            return Ok(true);
        }
        if password.is_empty() || password.len() > PASSWORD_MAX {
            return Ok(false);
        }
        for (directory, subject) in self.bound_directories(&found.account).await? {
            let away = |why| unheard(field, why);
            let entry = directory.find_again(&subject, &found.account.sign_in).await.map_err(away)?;
            let Some(entry) = entry else { continue };
            let said = directory.prove(&entry, password).await.map_err(away)?;
            if said.is_some_and(|listed| listed.who.subject == subject) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

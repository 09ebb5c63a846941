//! Sign-in by a directory that speaks LDAP 3: who bears a name there, whether a password is his, and what is said of him.
//!
//! Not here: throttling, accounts and sessions (`engine`), pages (`web`). Source: RFC 4511 to 4515; RFC 4513, 5.1.2 for the
//! bind with a name and no password, which a server may take for success.
//! Invariant: nothing is sent but over TLS, loopback apart; no bind has an empty password; of two entries none is taken; a
//! referral is never followed.

mod dn;
mod entry;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use ldap3::{DerefAliases, Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchOptions};
use ldap3::{dn_escape, ldap_escape};
use rustls::ClientConfig;
use tokio::sync::Semaphore;

use crate::claims::Person;
use crate::error::Error;
use entry::Entry;
pub use settings::DirectorySettings;

/// What is asked of a directory at the same time, at most.
const TURNS: usize = 16;
/// Most groups of a person that are read.
const GROUPS_MAX: i32 = 1_000;
/// Longest name that is asked for, in characters.
const NAME_MAX: usize = 120;
/// Any entry: every entry has this attribute.
const ANY: &str = "(objectClass=*)";
/// No attribute (RFC 4511, 4.5.1.8).
const NOTHING: &str = "1.1";

/// Codes of RFC 4511, Appendix A.
mod code {
    pub(super) const SUCCESS: u32 = 0;
    pub(super) const SIZE_LIMIT: u32 = 4;
    pub(super) const REFERRAL: u32 = 10;
    pub(super) const NO_SUCH_OBJECT: u32 = 32;
    /// What refuses a bind for who binds, not for the server's state: constraint violation, no such object, invalid DN,
    /// inappropriate authentication, invalid credentials, insufficient rights, unwilling to perform.
    pub(super) const REFUSED: [u32; 7] = [19, 32, 34, 48, 49, 50, 53];
}

/// An entry of which a password can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its distinguished name.
    pub dn: String,
    /// Who that is for good; none where the name was made from a template and nothing was read yet.
    pub subject: Option<String>,
}

/// A directory.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    settings: DirectorySettings,
    secret: Option<String>,
    tls: Arc<ClientConfig>,
    turns: Semaphore,
}

impl Directory {
    /// A directory; `secret` is the password of `bind_dn`.
    ///
    /// # Errors
    /// Certificates that cannot be read.
    pub fn new(settings: DirectorySettings, secret: Option<String>) -> Result<Self, proofdesk_reach::Error> {
        let tls = Arc::new(proofdesk_reach::tls(settings.roots.as_deref())?);
        Ok(Self(Arc::new(Inner { settings, secret, tls, turns: Semaphore::new(TURNS) })))
    }

    /// How it was configured.
    pub fn settings(&self) -> &DirectorySettings {
        &self.0.settings
    }

    /// The entry of a name that was typed; none where nobody or more than one bears it.
    ///
    /// # Errors
    /// `Unreached`.
    pub async fn find(&self, name: &str) -> Result<Option<Found>, Error> {
        let name = name.to_owned();
        self.in_time(move |inner| async move { inner.find(&name).await }).await
    }

    /// The entry of somebody who is known: by who he is for good, under whatever name he bears now; `sign_in` is his name
    /// here, which a template of names is filled with. None where he is gone, or the filter leaves him out.
    ///
    /// # Errors
    /// `Unreached`.
    pub async fn find_again(&self, subject: &str, sign_in: &str) -> Result<Option<Found>, Error> {
        let (subject, sign_in) = (subject.to_owned(), sign_in.to_owned());
        self.in_time(move |inner| async move { inner.find_again(&subject, &sign_in).await }).await
    }

    /// Who it is, where the password is his; none where it is not, and always without a password.
    ///
    /// # Errors
    /// `Unreached`; `Unfit` where his entry does not say all that is needed.
    pub async fn prove(&self, found: &Found, password: &str) -> Result<Option<Person>, Error> {
        if password.is_empty() {
            return Ok(None);
        }
        let (found, password) = (found.clone(), password.to_owned());
        self.in_time(move |inner| async move { inner.prove(&found, &password).await }).await
    }

    /// What it says of somebody who is known, asked by the desk and without his password; none where he is gone, or the
    /// filter leaves him out. What the desk may not see there is gone.
    ///
    /// # Errors
    /// `Unreached`; `Unfit` where his entry does not say all that is needed, and where the desk has no name there.
    pub async fn look_up(&self, subject: &str, sign_in: &str) -> Result<Option<Person>, Error> {
        let (subject, sign_in) = (subject.to_owned(), sign_in.to_owned());
        self.in_time(move |inner| async move { inner.look_up(&subject, &sign_in).await }).await
    }

    /// Whether it answers, takes the desk's own password and has what it is asked below, for the operator.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn try_out(&self) -> Result<(), Error> {
        self.in_time(move |inner| async move { inner.try_out().await }).await
    }

    /// Asks on a task of its own, so that an answer that the library cannot read ends this question alone; not longer than
    /// the settings say, waiting for a turn included.
    async fn in_time<T: Send + 'static, F: Future<Output = Result<T, Error>> + Send + 'static>(
        &self,
        ask: impl FnOnce(Arc<Inner>) -> F,
    ) -> Result<T, Error> {
        let inner = self.0.clone();
        let time = inner.time();
        let Ok(Ok(_turn)) = tokio::time::timeout(time, inner.turns.acquire()).await else {
            return Err(inner.unreached("It is asked by too many at the same time."));
        };
        let mut task = tokio::spawn(ask(self.0.clone()));
        match tokio::time::timeout(time, &mut task).await {
            Ok(Ok(said)) => said,
            Ok(Err(_)) => Err(inner.unreached("What it answers cannot be read.")),
            Err(_) => {
                task.abort();
                Err(inner.unreached("It did not answer in time."))
            }
        }
    }
}

impl Inner {
    fn time(&self) -> Duration {
        Duration::from_secs(self.settings.timeout_seconds)
    }

    fn unreached(&self, why: impl Into<String>) -> Error {
        Error::Unreached { provider: self.settings.shown().to_owned(), why: why.into() }
    }

    fn unfit(&self, why: impl Into<String>) -> Error {
        Error::Unfit { provider: self.settings.shown().to_owned(), why: why.into() }
    }

    /// In the library's words, without what was asked.
    fn failed(&self, error: &LdapError) -> Error {
        self.unreached(format!("{error}."))
    }

    async fn connect(&self) -> Result<Ldap, Error> {
        let settings = LdapConnSettings::new()
            .set_conn_timeout(self.time())
            .set_config(self.tls.clone())
            .set_starttls(self.settings.begins_tls());
        let (connection, ldap) = LdapConnAsync::with_settings(settings, &self.settings.url)
            .await
            .map_err(|error| self.failed(&error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "a connection to a directory ended");
            }
        });
        Ok(ldap)
    }

    /// Binds; whether that was taken. Never with a name and no password.
    async fn bind(&self, ldap: &mut Ldap, dn: &str, password: &str) -> Result<bool, Error> {
        if password.is_empty() || dn.is_empty() {
            return Ok(false);
        }
        let said = ldap.simple_bind(dn, password).await.map_err(|error| self.failed(&error))?;
        match said.rc {
            code::SUCCESS => Ok(true),
            rc if code::REFUSED.contains(&rc) => Ok(false),
            rc => Err(self.unreached(format!("It answered a bind with code {rc}."))),
        }
    }

    /// Binds as the desk, where it has a name there.
    async fn bind_as_desk(&self, ldap: &mut Ldap) -> Result<(), Error> {
        let Some(dn) = &self.settings.bind_dn else { return Ok(()) };
        let secret = self.secret.as_deref().unwrap_or_default();
        if self.bind(ldap, dn, secret).await? {
            return Ok(());
        }
        Err(self.unreached(
            "It does not take the name and password of the desk (`bind_dn`, `bind_password_file`).",
        ))
    }

    /// The entries below a base, and whether there are more of them.
    async fn search(
        &self,
        ldap: &mut Ldap,
        (base, scope): (&str, Scope),
        filter: &str,
        attributes: &[&str],
        most: i32,
    ) -> Result<(Vec<Entry>, bool), Error> {
        let seconds = i32::try_from(self.settings.timeout_seconds).unwrap_or(i32::MAX);
        let options = SearchOptions::new().deref(DerefAliases::Never).sizelimit(most).timelimit(seconds);
        let asked = ldap.with_search_options(options).search(base, scope, filter, attributes.to_vec());
        let found = asked.await.map_err(|error| self.failed(&error))?;
        match found.1.rc {
            code::SUCCESS => Ok((found.0.into_iter().map(Entry::read).collect(), false)),
            code::SIZE_LIMIT => Ok((found.0.into_iter().map(Entry::read).collect(), true)),
            code::NO_SUCH_OBJECT => Ok((Vec::new(), false)),
            code::REFERRAL => Err(self.unreached("It refers to another server, which is not followed.")),
            rc => Err(self.unreached(format!("It answered a search with code {rc}."))),
        }
    }

    /// The one entry that a filter finds below the base; none where there is none, or more than one.
    async fn one(&self, ldap: &mut Ldap, filter: &str, attribute: &str) -> Result<Option<Entry>, Error> {
        let base = (self.settings.base.as_str(), Scope::Subtree);
        let (mut found, more) = self.search(ldap, base, filter, &[attribute], 2).await?;
        if more || found.len() > 1 {
            tracing::warn!(
                directory = self.settings.name,
                "more than one entry bears a name: nobody comes in by it"
            );
            return Ok(None);
        }
        Ok(found.pop())
    }

    async fn find(&self, name: &str) -> Result<Option<Found>, Error> {
        let strange = |c: char| c.is_whitespace() || c.is_control();
        if name.is_empty() || name.chars().count() > NAME_MAX || name.contains(strange) {
            return Ok(None);
        }
        if let Some(dn) = self.dn_of(name) {
            // a directory may take another letter for the same one, which would be another name for whoever counts attempts
            return Ok(name.is_ascii().then_some(Found { dn, subject: None }));
        }
        let mut ldap = self.connect().await?;
        self.bind_as_desk(&mut ldap).await?;
        let found = self.one(&mut ldap, &self.filter(name), &self.settings.id_attribute).await?;
        self.leave(ldap).await;
        let Some(found) = found else { return Ok(None) };
        Ok(Some(Found { subject: Some(self.subject(&found)?), dn: found.dn }))
    }

    async fn find_again(&self, subject: &str, sign_in: &str) -> Result<Option<Found>, Error> {
        if let Some(dn) = self.dn_of(sign_in) {
            return Ok(Some(Found { dn, subject: Some(subject.to_owned()) }));
        }
        let Some(known) = entry::filter_of(&self.settings.id_attribute, subject) else { return Ok(None) };
        let mut ldap = self.connect().await?;
        self.bind_as_desk(&mut ldap).await?;
        let named = self.one(&mut ldap, &known, &self.settings.sign_in_attribute).await?;
        // found by who he is; now by the filter, too, which leaves out who may not come in any more
        let name = named.and_then(|entry| entry.text(&self.settings.sign_in_attribute));
        let found = match name {
            Some(name) => {
                let filter = format!("(&{}{known})", self.filter(&name));
                self.one(&mut ldap, &filter, NOTHING).await?
            }
            None => None,
        };
        self.leave(ldap).await;
        Ok(found.map(|entry| Found { dn: entry.dn, subject: Some(subject.to_owned()) }))
    }

    async fn prove(&self, found: &Found, password: &str) -> Result<Option<Person>, Error> {
        let mut ldap = self.connect().await?;
        if !self.bind(&mut ldap, &found.dn, password).await? {
            self.leave(ldap).await;
            return Ok(None);
        }
        self.bind_as_desk(&mut ldap).await?;
        let read = self.entry_at(&mut ldap, &found.dn).await?;
        let (subject, entry) = read.ok_or_else(|| self.unfit("your entry cannot be read there."))?;
        if found.subject.as_ref().is_some_and(|known| *known != subject) {
            return Err(self.unfit("another entry took the place of yours just now."));
        }
        self.person(ldap, &subject, &entry).await.map(Some)
    }

    async fn look_up(&self, subject: &str, sign_in: &str) -> Result<Option<Person>, Error> {
        if self.settings.bind_dn.is_none() {
            return Err(self.unfit("the desk has no name there to ask by (`bind_dn`)."));
        }
        let Some(found) = self.find_again(subject, sign_in).await? else { return Ok(None) };
        let mut ldap = self.connect().await?;
        self.bind_as_desk(&mut ldap).await?;
        match self.entry_at(&mut ldap, &found.dn).await? {
            // under a name that a template made, there may be somebody else by now
            Some((there, entry)) if there == subject => self.person(ldap, subject, &entry).await.map(Some),
            _ => {
                self.leave(ldap).await;
                Ok(None)
            }
        }
    }

    /// An entry with all that is read of a person, and who that is; none where there is none.
    async fn entry_at(&self, ldap: &mut Ldap, dn: &str) -> Result<Option<(String, Entry)>, Error> {
        let of = &self.settings;
        let mut wanted =
            vec![&*of.id_attribute, &*of.sign_in_attribute, &*of.name_attribute, &*of.mail_attribute];
        wanted.extend(of.groups_attribute.as_deref());
        let (own, _) = self.search(ldap, (dn, Scope::Base), ANY, &wanted, 1).await?;
        let Some(entry) = own.into_iter().next() else { return Ok(None) };
        Ok(Some((self.subject(&entry)?, entry)))
    }

    /// What an entry and its groups say of a person; the last question of a connection.
    async fn person(&self, mut ldap: Ldap, subject: &str, entry: &Entry) -> Result<Person, Error> {
        let groups = self.groups(&mut ldap, entry).await?;
        self.leave(ldap).await;
        let claims = entry.claims(&self.settings, subject, &groups);
        Person::read(&self.settings.terms(), &claims, String::new())
    }

    /// The keys of `roles` whose groups the entry is in.
    async fn groups(&self, ldap: &mut Ldap, entry: &Entry) -> Result<Vec<String>, Error> {
        let of = &self.settings;
        if of.roles.is_empty() {
            return Ok(Vec::new());
        }
        let mut groups = Vec::new();
        if let Some(attribute) = &of.groups_attribute {
            if entry.is_cut(attribute) {
                return Err(self.unfit(format!(
                    "you have more groups than it sends in `{attribute}`: let `groups_filter` find only those that give roles."
                )));
            }
            groups.extend(entry.texts(attribute));
        }
        if let (Some(base), Some(filter)) = (&of.groups_base, &of.groups_filter) {
            let name = entry.text(&of.sign_in_attribute).unwrap_or_default();
            let filter =
                filter.replace("{dn}", &ldap_escape(&*entry.dn)).replace("{name}", &ldap_escape(&*name));
            let (found, more) =
                self.search(ldap, (base, Scope::Subtree), &filter, &[NOTHING], GROUPS_MAX).await?;
            if more {
                return Err(self.unfit("you have more groups than it lets `groups_filter` find."));
            }
            groups.extend(found.into_iter().map(|group| group.dn));
        }
        Ok(dn::named(of.roles.keys(), &groups, of.groups_base.as_deref()))
    }

    async fn try_out(&self) -> Result<(), Error> {
        let mut ldap = self.connect().await?;
        self.bind_as_desk(&mut ldap).await?;
        let of = &self.settings;
        let searched = Some(&of.base).filter(|_| of.bind_as.is_none());
        for base in searched.into_iter().chain(&of.groups_base) {
            let (found, _) = self.search(&mut ldap, (base, Scope::Base), ANY, &[NOTHING], 1).await?;
            // whoever is nobody there may see nothing before he binds
            if found.is_empty() && (of.bind_dn.is_some() || of.bind_as.is_none()) {
                return Err(
                    self.unreached(format!("It has no entry {base}, or does not show it to the desk."))
                );
            }
        }
        self.leave(ldap).await;
        Ok(())
    }

    async fn leave(&self, mut ldap: Ldap) {
        if let Err(error) = ldap.unbind().await {
            tracing::debug!(%error, "a directory was not told that the desk leaves");
        }
    }

    fn subject(&self, entry: &Entry) -> Result<String, Error> {
        let attribute = &self.settings.id_attribute;
        let why = || self.unfit(format!("it does not say who you are for good, in `{attribute}`."));
        entry.subject(attribute).ok_or_else(why)
    }

    /// The filter for a name (RFC 4515).
    fn filter(&self, name: &str) -> String {
        self.settings.filter.replace("{name}", &ldap_escape(name))
    }

    /// The distinguished name for a name (RFC 4514), where it is made from a template.
    fn dn_of(&self, name: &str) -> Option<String> {
        Some(self.settings.bind_as.as_ref()?.replace("{name}", &dn_escape(name)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Directory, DirectorySettings};

    fn directory(bind_as: Option<&str>) -> Directory {
        let settings = DirectorySettings {
            filter: "(&(objectClass=person)(|(uid={name})(mail={name})))".to_owned(),
            bind_as: bind_as.map(str::to_owned),
            ..DirectorySettings::default()
        };
        Directory::new(settings, None).unwrap()
    }

    #[test]
    fn what_is_typed_stays_a_value_of_a_filter() {
        let filter = |name: &str| {
            let filter = directory(None).0.filter(name);
            assert!(ldap3::parse_filter(&filter).is_ok(), "{filter}");
            filter
        };
        assert_eq!(filter("mara"), "(&(objectClass=person)(|(uid=mara)(mail=mara)))");
        for (name, value) in [
            ("*", "\\2a"),
            ("*)(uid=*", "\\2a\\29\\28uid=\\2a"),
            ("a\\2a", "a\\5c2a"),
            ("a\0b", "a\\00b"),
            ("müller", "müller"),
        ] {
            assert_eq!(filter(name), format!("(&(objectClass=person)(|(uid={value})(mail={value})))"));
        }
    }

    #[test]
    fn what_is_typed_stays_a_value_of_a_distinguished_name() {
        let of = directory(Some("uid={name},ou=people,dc=example"));
        for (name, value) in [
            ("mara", "mara"),
            ("mara,ou=bosses", "mara\\2cou\\3dbosses"),
            ("a+cn=b", "a\\2bcn\\3db"),
            ("#1", "\\231"),
            ("a\\", "a\\5c"),
            ("\"<;>\"", "\\22\\3c\\3b\\3e\\22"),
        ] {
            assert_eq!(of.0.dn_of(name).unwrap(), format!("uid={value},ou=people,dc=example"));
        }
    }

    #[tokio::test]
    async fn names_that_could_stand_for_others_are_nobodys() {
        let of = directory(Some("uid={name},ou=people,dc=example"));
        for name in ["", " ", "ma ra", "mara\n", "mára", &"x".repeat(121)] {
            assert_eq!(of.find(name).await.unwrap(), None, "{name:?}");
        }
        assert!(of.find("mara").await.unwrap().is_some());
    }
}

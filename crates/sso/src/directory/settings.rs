//! A directory as the configuration file names it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ldap3::parse_filter;
use openidconnect::url::{Host, Url};
use serde::{Deserialize, Serialize};

use crate::settings::ProviderSettings;

/// A directory that people sign in by: `[[directory]]` in the configuration file.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct DirectorySettings {
    /// Its word: small letters, digits and dashes; no provider's.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// `ldaps://host`, or `ldap://host` with StartTLS; a port may follow.
    pub url: String,
    /// With `ldap://`: TLS first, or nothing. False is for a server on this machine only.
    pub start_tls: bool,
    /// PEM file with the certificates that it proves itself by, in place of Mozilla's.
    pub roots: Option<PathBuf>,
    /// The desk's name there, which looks people up; without it nobody is asked in whose name.
    pub bind_dn: Option<String>,
    /// File with its password.
    pub bind_password_file: Option<PathBuf>,
    /// Below what people are looked for.
    pub base: String,
    /// Who may come in: a filter with `{name}` for what was typed.
    pub filter: String,
    /// In place of looking for people: their distinguished name, with `{name}` for what was typed.
    pub bind_as: Option<String>,
    /// What accounts are bound to, with the subject; without it, the base. Never changed.
    pub issuer: String,
    /// The attribute that names somebody for good, whatever else changes.
    pub id_attribute: String,
    /// The attribute that becomes the sign-in name.
    pub sign_in_attribute: String,
    /// The attribute that becomes the person's name.
    pub name_attribute: String,
    /// The attribute with the address.
    pub mail_attribute: String,
    /// The attribute of a person with his groups.
    pub groups_attribute: Option<String>,
    /// Below what groups lie: for `groups_filter`, and for groups that `roles` names by their first value alone.
    pub groups_base: Option<String>,
    /// Finds the groups of somebody: a filter with `{dn}` for his distinguished name, or `{name}` for his sign-in name there.
    pub groups_filter: Option<String>,
    /// Which roles a group gives.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Roles of everybody who comes by this directory.
    pub everybody: Vec<String>,
    /// Every address that it says is the person's own: only where people cannot type one there themselves.
    pub verified_mail: bool,
    /// Only people with verified addresses of these domains come in; empty for all.
    pub domains: Vec<String>,
    /// Whether an account is made at the first sign-in.
    pub make_accounts: bool,
    /// Whether an account that is there already under the same sign-in name is taken over.
    pub link_accounts: bool,
    /// How long it may take to answer.
    pub timeout_seconds: u64,
    /// How often it is asked again about the people who came by it, in minutes; 0 for never. The desk needs a name there.
    pub recheck_minutes: u64,
}

impl Default for DirectorySettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            label: String::new(),
            url: String::new(),
            start_tls: true,
            roots: None,
            bind_dn: None,
            bind_password_file: None,
            base: String::new(),
            filter: String::new(),
            bind_as: None,
            issuer: String::new(),
            id_attribute: "entryUUID".to_owned(),
            sign_in_attribute: "uid".to_owned(),
            name_attribute: "cn".to_owned(),
            mail_attribute: "mail".to_owned(),
            groups_attribute: None,
            groups_base: None,
            groups_filter: None,
            roles: BTreeMap::new(),
            everybody: Vec::new(),
            verified_mail: false,
            domains: Vec::new(),
            make_accounts: false,
            link_accounts: false,
            timeout_seconds: 5,
            recheck_minutes: 15,
        }
    }
}

/// Whether a host is this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl DirectorySettings {
    /// Its name for people.
    pub fn shown(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }

    /// What accounts are bound to, with the subject.
    pub fn issuer(&self) -> String {
        if !self.issuer.is_empty() {
            return self.issuer.clone();
        }
        let base = self.bind_as.as_deref().filter(|_| self.base.is_empty()).unwrap_or(&self.base);
        format!("ldap:{}", base.to_lowercase().replace(", ", ","))
    }

    /// How often it is asked again about the people who came by it; none where it is not, as where the desk has no name
    /// there.
    pub fn recheck_every(&self) -> Option<Duration> {
        let minutes = self.recheck_minutes;
        (minutes > 0 && self.bind_dn.is_some()).then(|| Duration::from_secs(minutes.saturating_mul(60)))
    }

    /// Whether TLS begins with a request of its own.
    pub(super) fn begins_tls(&self) -> bool {
        self.start_tls && self.url.starts_with("ldap://")
    }

    /// The same rules as for a provider of single sign-on.
    pub(super) fn terms(&self) -> ProviderSettings {
        // a name that is an address is one only where the address holds
        let by_mail = self.sign_in_attribute.eq_ignore_ascii_case(&self.mail_attribute);
        ProviderSettings {
            name: self.name.clone(),
            label: self.label.clone(),
            issuer: self.issuer(),
            sign_in_claim: if by_mail { "email" } else { "sign_in" }.to_owned(),
            groups_claim: (!self.roles.is_empty()).then(|| "groups".to_owned()),
            roles: self.roles.clone(),
            everybody: self.everybody.clone(),
            verified_mail: self.verified_mail,
            domains: self.domains.clone(),
            make_accounts: self.make_accounts,
            link_accounts: self.link_accounts,
            ..ProviderSettings::default()
        }
    }

    /// Everything that is wrong with it, for the operator; `roles` are those that there are.
    pub fn check(&self, roles: &[&str]) -> Vec<String> {
        let at = format!("directory `{}`", self.name);
        let mut wrong = self.wrong_server();
        wrong.extend(self.wrong_search());
        wrong.extend(self.wrong_groups());
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.chars().all(plain) {
            wrong.push("`name` has 1 to 40 small letters, digits and dashes".to_owned());
        }
        if matches!(self.name.as_str(), "password" | "link" | "passkey") {
            wrong.push("`name` is a word for another way to sign in".to_owned());
        }
        for role in self.roles.values().flatten().chain(&self.everybody) {
            if !roles.contains(&role.as_str()) {
                wrong.push(format!("`{role}` is not a role; the roles are: {}", roles.join(", ")));
            }
        }
        if self.make_accounts && self.roles.is_empty() && self.everybody.is_empty() {
            wrong.push("accounts are made, but nothing gives them a role".to_owned());
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            wrong.push("`timeout_seconds` is between 1 and 60".to_owned());
        }
        if self.recheck_minutes > 1_440 {
            wrong.push("`recheck_minutes` is at most 1440, a day; 0 for never".to_owned());
        }
        wrong.into_iter().map(|said| format!("{at}: {said}")).collect()
    }

    fn wrong_server(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        match Url::parse(&self.url) {
            Ok(url) if matches!(url.scheme(), "ldap" | "ldaps") && url.has_host() => {
                // the host of such an address is read as no name: parse it as one of the web
                let host = Url::parse(&self.url.replacen("ldap", "http", 1)).ok();
                let here = host.as_ref().is_some_and(is_here);
                let is_six = host.as_ref().is_some_and(|url| matches!(url.host(), Some(Host::Ipv6(_))));
                if url.scheme() == "ldap" && !self.start_tls && !here {
                    wrong.push("passwords would go over the network in the clear: `start_tls = false` is for a server on this machine only".to_owned());
                }
                if is_six {
                    wrong.push("`url` names an address of version 6, which no certificate is held against: take a name".to_owned());
                }
                if !matches!(url.path(), "" | "/") || url.query().is_some() || !url.username().is_empty() {
                    wrong.push("`url` has a scheme, a host and perhaps a port, nothing else".to_owned());
                }
            }
            _ => wrong.push("`url` begins with ldaps:// or ldap:// and names a host".to_owned()),
        }
        for (key, file) in [("roots", &self.roots), ("bind_password_file", &self.bind_password_file)] {
            if let Some(file) = file.as_ref().filter(|file| !file.is_file()) {
                wrong.push(format!("{key} {} is not there", file.display()));
            }
        }
        if self.bind_dn.is_some() != self.bind_password_file.is_some() {
            wrong.push("`bind_dn` and `bind_password_file` go together".to_owned());
        }
        wrong
    }

    fn wrong_search(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        match &self.bind_as {
            None if self.base.is_empty() || self.filter.is_empty() => {
                wrong.push("people are found by `base` and `filter`, or named by `bind_as`".to_owned());
            }
            Some(_) if !self.filter.is_empty() => {
                wrong.push("`filter` and `bind_as` are two ways: take one".to_owned());
            }
            Some(name) if !name.contains("={name}") => {
                wrong.push("`bind_as` holds {name}, as in uid={name},ou=people,dc=example,dc=com".to_owned());
            }
            _ => {}
        }
        let filters =
            [("filter", Some(&self.filter), "{name}"), ("groups_filter", self.groups_filter.as_ref(), "")];
        for (key, filter, needed) in filters {
            let Some(filter) = filter.filter(|filter| !filter.is_empty()) else { continue };
            let tried = filter.replace("{name}", "x").replace("{dn}", "x");
            let begins = filter.starts_with('(') && filter.ends_with(')');
            if !begins || tried.contains(['{', '}']) || parse_filter(&tried).is_err() {
                wrong.push(format!("`{key}` is no filter, such as (uid={{name}}): {filter}"));
            } else if !filter.contains(needed) {
                wrong.push(format!("`{key}` holds no {needed}: everybody would be found"));
            }
        }
        let attributes = [
            ("id_attribute", &self.id_attribute),
            ("sign_in_attribute", &self.sign_in_attribute),
            ("name_attribute", &self.name_attribute),
            ("mail_attribute", &self.mail_attribute),
        ];
        for (key, attribute) in attributes {
            if attribute.is_empty() || !attribute.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                wrong.push(format!("`{key}` is the name of an attribute"));
            }
        }
        wrong
    }

    fn wrong_groups(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let sources = self.groups_attribute.is_some() || self.groups_filter.is_some();
        if sources == self.roles.is_empty() {
            wrong.push("`roles` goes together with `groups_attribute` or `groups_filter`".to_owned());
        }
        if self.groups_filter.is_some() && self.groups_base.is_none() {
            wrong.push("`groups_filter` needs `groups_base`".to_owned());
        }
        if let Some(filter) = &self.groups_filter
            && !filter.contains("{dn}")
            && !filter.contains("{name}")
        {
            wrong.push("`groups_filter` holds {dn} or {name}: else everybody is in every group".to_owned());
        }
        let told_whole = self.groups_attribute.as_deref().is_some_and(|a| a.eq_ignore_ascii_case("memberOf"));
        if told_whole && self.groups_base.is_none() {
            for key in self.roles.keys().filter(|key| !key.contains('=')) {
                wrong.push(format!(
                    "roles: `{key}` could be a group anywhere: write its whole distinguished name, or say by `groups_base` where groups lie"
                ));
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::DirectorySettings;

    fn good() -> DirectorySettings {
        DirectorySettings {
            name: "example".into(),
            url: "ldaps://ldap.example.com".into(),
            base: "ou=People, dc=example,dc=com".into(),
            filter: "(&(objectClass=person)(uid={name}))".into(),
            groups_attribute: Some("memberOf".into()),
            roles: [("cn=desk,ou=groups,dc=example,dc=com".to_owned(), vec!["agent".to_owned()])].into(),
            make_accounts: true,
            ..DirectorySettings::default()
        }
    }

    /// A setting made wrong, and what is said of it.
    type Case = (fn(&mut DirectorySettings), &'static str);

    #[test]
    fn mistakes_are_said_and_good_settings_are_taken() {
        let said = |of: &DirectorySettings| of.check(&["agent"]).join("\n");
        assert_eq!(said(&good()), "");
        let taken: [fn(&mut DirectorySettings); 4] = [
            |s| s.url = "ldap://ldap.example.com:1389".into(),
            |s| (s.url, s.start_tls) = ("ldap://127.0.0.1:1389".into(), false),
            |s| (s.url, s.start_tls) = ("ldap://localhost".into(), false),
            |s| {
                (s.filter, s.base, s.bind_as) = (String::new(), String::new(), Some("uid={name},dc=x".into()))
            },
        ];
        for change in taken {
            let mut of = good();
            change(&mut of);
            assert_eq!(said(&of), "");
        }
        let cases: [Case; 17] = [
            (|s| s.name = "Ex ample".into(), "`name`"),
            (|s| s.name = "passkey".into(), "another way"),
            (|s| s.url = "https://x".into(), "begins with ldaps"),
            (|s| (s.url, s.start_tls) = ("ldap://ldap.example.com".into(), false), "in the clear"),
            (|s| (s.url, s.start_tls) = ("ldap://127.0.0.1.example.com".into(), false), "in the clear"),
            (|s| s.url = "ldaps://[2001:db8::1]".into(), "version 6"),
            (|s| s.url = "ldaps://x/dc=example".into(), "nothing else"),
            (|s| s.roots = Some("nowhere.pem".into()), "nowhere.pem is not there"),
            (|s| s.bind_dn = Some("cn=desk".into()), "go together"),
            (|s| s.filter = String::new(), "`base` and `filter`"),
            (|s| s.bind_as = Some("uid={name},dc=x".into()), "two ways"),
            (|s| s.filter = "(uid={name}".into(), "no filter"),
            (|s| s.filter = "(uid=mara)".into(), "everybody would be found"),
            (|s| s.roles = [("desk".to_owned(), vec!["agent".to_owned()])].into(), "anywhere"),
            (|s| s.roles.clear(), "goes together"),
            (|s| s.everybody = vec!["emperor".into()], "emperor"),
            (|s| s.timeout_seconds = 0, "timeout_seconds"),
        ];
        for (change, part) in cases {
            let mut of = good();
            change(&mut of);
            assert!(said(&of).contains(part), "{part} is missing: {}", said(&of));
        }
    }

    #[test]
    fn the_base_names_a_directory_unless_something_else_does() {
        assert_eq!(good().issuer(), "ldap:ou=people,dc=example,dc=com");
        let named = DirectorySettings { issuer: "ldap:example".into(), ..good() };
        assert_eq!(named.issuer(), "ldap:example");
    }
}

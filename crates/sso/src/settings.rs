//! A provider as the configuration file names it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A provider of single sign-on: `[[provider]]` in the configuration file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSettings {
    /// Its word in addresses: small letters, digits and dashes. Never changed: accounts are bound to it.
    pub name: String,
    /// Its name on the sign-in page.
    pub label: String,
    /// Its issuer, such as `https://login.example.com`.
    pub issuer: String,
    /// The desk's id there.
    pub client_id: String,
    /// File with the desk's secret there; none for a public client.
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that becomes the sign-in name.
    pub sign_in_claim: String,
    /// The claim with the groups; a point leads inside, as in `realm_access.roles`. None leaves roles to the desk.
    pub groups_claim: Option<String>,
    /// Which roles a group gives.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Roles of everybody who comes by this provider.
    pub everybody: Vec<String>,
    /// Every address that it says is the person's own, although it does not say so in `email_verified`: only where people
    /// cannot type an address there themselves.
    pub verified_mail: bool,
    /// Only verified addresses of these domains come in; empty for all.
    pub domains: Vec<String>,
    /// Whether an account is made at the first sign-in.
    pub make_accounts: bool,
    /// Whether an account that is there already under the same sign-in name is taken over: only where nobody chooses
    /// that name at the provider himself.
    pub link_accounts: bool,
    /// Values of `acr` that say that a second factor was used there; they are asked for. `mfa` in `amr` says it anyway.
    pub second_factor_acr: Vec<String>,
    /// How long ago somebody may have signed in there, minutes; none takes what the provider takes.
    pub max_age_minutes: Option<u32>,
}

impl ProviderSettings {
    /// What is asked for, `openid` apart.
    pub fn asked(&self) -> Vec<&str> {
        if self.scopes.is_empty() {
            return vec!["profile", "email"];
        }
        self.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid").collect()
    }

    /// The claim that becomes the sign-in name.
    pub fn sign_in_claim(&self) -> &str {
        if self.sign_in_claim.is_empty() { "preferred_username" } else { &self.sign_in_claim }
    }

    /// Its name for people.
    pub fn shown(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }

    /// Everything that is wrong with it, for the operator; `roles` are those that there are.
    pub fn check(&self, roles: &[&str]) -> Vec<String> {
        let at = format!("provider `{}`", self.name);
        let mut wrong = Vec::new();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.chars().all(plain) {
            wrong.push(format!("{at}: `name` has 1 to 40 small letters, digits and dashes"));
        }
        if matches!(self.name.as_str(), "password" | "link" | "passkey") {
            wrong.push(format!("{at}: `name` is a word for another way to sign in"));
        }
        let issuer = openidconnect::url::Url::parse(&self.issuer).ok();
        let is_local = |url: &openidconnect::url::Url| {
            matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
        };
        if !issuer.is_some_and(|url| url.scheme() == "https" || (url.scheme() == "http" && is_local(&url))) {
            wrong.push(format!("{at}: `issuer` begins with https://"));
        }
        if self.client_id.is_empty() {
            wrong.push(format!("{at}: `client_id` is needed"));
        }
        if let Some(file) = self.client_secret_file.as_ref().filter(|file| !file.is_file()) {
            wrong.push(format!("{at}: client_secret_file {} is not there", file.display()));
        }
        for role in self.roles.values().flatten().chain(&self.everybody) {
            if !roles.contains(&role.as_str()) {
                wrong.push(format!("{at}: `{role}` is not a role; the roles are: {}", roles.join(", ")));
            }
        }
        if self.roles.is_empty() != self.groups_claim.is_none() {
            wrong.push(format!("{at}: `groups_claim` and `roles` go together"));
        }
        if self.make_accounts && self.roles.is_empty() && self.everybody.is_empty() {
            wrong.push(format!("{at}: accounts are made, but nothing gives them a role"));
        }
        wrong
    }
}

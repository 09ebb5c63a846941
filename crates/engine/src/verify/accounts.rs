//! Accounts against their entries: person, names, roles, whether they may sign in, passwords and second factors (by their
//! marks), and what belongs to them: recovery codes, API tokens, passkeys, identities at other providers, secret addresses
//! of calendars, webhooks, open invitations, what a directory says of them, and the roles that need a second factor.
//!
//! Not compared, because no entry tells of it: sessions, the instants at which something was last used, counters of codes
//! and keys, preferences. `docs/proof.md` lists them with the reasons.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{FindingKind, Report};
use crate::Engine;
use crate::account::sealed::{TYPE, reference};
use crate::error::Error;

/// What a directory says of an account or a group.
const PROVISIONED: &str = "provisioned";

/// What belongs to accounts beside their columns: account, kind and id, with what is told of it.
type Items = BTreeMap<(i64, String, String), Json>;

/// What entries tell of accounts.
#[derive(Default)]
struct Told {
    columns: BTreeMap<i64, BTreeMap<String, Json>>,
    items: Items,
    /// One-time links: account, and what was said of each.
    links: Vec<(i64, Json)>,
    gaps: Vec<Gap>,
}

/// An entry that began from what the log had not told: account, what it is about, and the leaf.
struct Gap {
    account: i64,
    what: String,
    leaf: Option<u64>,
}

impl Told {
    fn read(&mut self, account: i64, leaf: Option<u64>, body: &Json) {
        let columns = self.columns.entry(account).or_default();
        for (name, pair) in body.get("set").and_then(Json::as_object).into_iter().flatten() {
            let before = columns.insert(name.clone(), pair.get(1).cloned().unwrap_or_default());
            if before.as_ref().unwrap_or(&Json::Null) != pair.get(0).unwrap_or(&Json::Null) {
                self.gaps.push(Gap { account, what: name.clone(), leaf });
            }
        }
        self.links.extend(body.pointer("/note/link").map(|link| (account, link.clone())));
        for one in body.pointer("/note/items").and_then(Json::as_array).into_iter().flatten() {
            let kind = one["item"].as_str().unwrap_or_default().to_owned();
            let key = (account, kind, key_of(&one["id"]));
            match one.get("is").filter(|is| !is.is_null()) {
                Some(is) => self.items.insert(key, is.clone()),
                None => {
                    if !self.items.contains_key(&key) {
                        self.gaps.push(Gap { account, what: format!("{} {}", key.1, key.2), leaf });
                    }
                    self.items.remove(&key)
                }
            };
        }
    }
}

fn key_of(id: &Json) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

impl Engine {
    /// The rows of accounts, and what belongs to them, must be those that the log knows.
    pub(super) async fn verify_accounts(
        &self,
        report: &mut Report,
        mut numbers: BTreeSet<i64>,
        is_full: bool,
    ) -> Result<(), Error> {
        let (accounts, items) = (self.stored_accounts().await?, self.account_items().await?);
        numbers.extend(accounts.iter().map(|shown| shown.account.id));
        numbers.extend(items.keys().map(|(account, _, _)| *account));
        let told = self.told_of_accounts(&numbers).await?;
        let mut known = told.columns;
        for shown in accounts {
            report.accounts += 1;
            let account = &shown.account;
            let name = format!("{} ({})", account.reference(), account.sign_in);
            let Some(columns) = known.remove(&account.id).filter(|c| !c.is_empty()) else {
                let message = format!("The account {name} is there, but no entry of the log made it.");
                report.add(FindingKind::MissingRow, None, Some(account.reference()), message);
                continue;
            };
            let differs = |(column, is): &(&str, Json)| columns.get(*column).unwrap_or(&Json::Null) != is;
            let differing: Vec<&str> = shown.told().into_iter().filter(differs).map(|(c, _)| c).collect();
            if !differing.is_empty() {
                let message = format!(
                    "The account {name} was changed past the log: {}.{}",
                    differing.join(", "),
                    roles_said(&differing, &columns, account)
                );
                report.add(FindingKind::ChangedRow, None, Some(account.reference()), message);
            }
        }
        for (id, columns) in known.into_iter().filter(|(_, columns)| !columns.is_empty()) {
            let sign_in = columns.get("sign_in").and_then(Json::as_str).unwrap_or_default();
            let message =
                format!("The log knows the account {} ({sign_in}), but its row is gone.", reference(id));
            report.add(FindingKind::MissingRow, None, Some(reference(id)), message);
        }
        for Gap { account, what, leaf } in told.gaps {
            let name = reference(account);
            let message = format!(
                "Of {name}, the {what} had been changed past the log before an act on it: the entry began from what the log had not told."
            );
            report.add(FindingKind::ChangedRow, leaf, Some(name), message);
        }
        for (account, is) in self.link_notes().await? {
            if !told.links.iter().any(|(of, said)| *of == account && is_same(said, &is)) {
                let name = reference(account);
                let message = format!(
                    "The one-time link that opens {name} is there, but no entry of the log made it: who holds it can set its password."
                );
                report.add(FindingKind::MissingRow, None, Some(name), message);
            }
        }
        compare_items(told.items, items, is_full, report);
        Ok(())
    }

    /// What the entries about these accounts tell, each account's in the order of the tree.
    async fn told_of_accounts(&self, accounts: &BTreeSet<i64>) -> Result<Told, Error> {
        let mut told = Told::default();
        for account in accounts {
            let entries = self.store().entries_between(TYPE, *account, *account).await?;
            for entry in self.believed(entries).await? {
                // bytes that are no JSON were found by the walk over the leaves
                if let Ok(body) = serde_json::from_slice::<Json>(&entry.body) {
                    told.read(*account, entry.leaf, &body);
                }
            }
        }
        Ok(told)
    }

    async fn account_items(&self) -> Result<Items, Error> {
        let mut items = Items::new();
        for (account, id, is) in self.token_items().await? {
            items.insert((account, "token".to_owned(), id.to_string()), is);
        }
        for (account, id, is) in self.calendar_items().await? {
            items.insert((account, "calendar".to_owned(), id.to_string()), is);
        }
        for (account, id, is) in self.webhook_items().await? {
            items.insert((account, "webhook".to_owned(), id.to_string()), is);
        }
        for (account, mark) in self.recovery_marks(None).await? {
            items.insert((account, "recovery_code".to_owned(), mark), serde_json::json!({}));
        }
        for (account, id, is) in self.passkey_items().await? {
            items.insert((account, "passkey".to_owned(), id.to_string()), is);
        }
        for (account, identity) in self.outside_items().await? {
            items.insert((account, "identity".to_owned(), identity), serde_json::json!({}));
        }
        for (account, name, is) in self.provisioned_items().await? {
            items.insert((account, PROVISIONED.to_owned(), name), is);
        }
        if let Some((name, is)) = self.second_factor_setting().await? {
            items.insert((0, "setting".to_owned(), name), is);
        }
        Ok(items)
    }
}

/// What the log says of the roles, where these differ.
fn roles_said(differing: &[&str], told: &BTreeMap<String, Json>, shown: &crate::account::Account) -> String {
    if !differing.contains(&"roles") {
        return String::new();
    }
    let said = told.get("roles").and_then(Json::as_str).unwrap_or_default();
    format!(" The log gives it the roles `{said}`, the row has `{}`.", shown.roles.join(" "))
}

/// Whether a row is as it was told. Entries of earlier versions told fewer members: what they did tell must be so.
fn is_same(said: &Json, is: &Json) -> bool {
    match (said, is) {
        (Json::Object(said), Json::Object(is)) => {
            said.iter().all(|(name, told)| is.get(name).unwrap_or(&Json::Null) == told)
        }
        _ => said == is,
    }
}

fn compare_items(mut told: Items, shown: Items, is_full: bool, report: &mut Report) {
    for ((account, kind, id), is) in shown {
        let name = reference(account);
        match told.remove(&(account, kind.clone(), id.clone())) {
            Some(said) if is_same(&said, &is) => {}
            // of an earlier version, which told the log nothing of it
            None if kind == PROVISIONED && !is_full => {}
            Some(_) => {
                let message = format!("The {kind} {id} of {name} was changed past the log.");
                report.add(FindingKind::ChangedRow, None, Some(name), message);
            }
            None => {
                let message = format!("The {kind} {id} of {name} is there, but no entry of the log made it.");
                report.add(FindingKind::MissingRow, None, Some(name), message);
            }
        }
    }
    for (account, kind, id) in told.into_keys() {
        let name = reference(account);
        let message = format!("The log knows the {kind} {id} of {name}, but its row is gone.");
        report.add(FindingKind::MissingRow, None, Some(name), message);
    }
}

//! Accounts against their entries: names, roles, who may sign in, passwords and second factors (by their marks),
//! recovery codes, API tokens, and the roles that need a second factor.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{FindingKind, Report};
use crate::Engine;
use crate::account::sealed::{TYPE, reference};
use crate::error::Error;

/// Entries read at a time.
const BATCH: usize = 2_000;

/// What belongs to accounts beside their columns: account, kind and id, with what is told of it.
type Items = BTreeMap<(i64, String, String), Json>;

/// What entries tell of accounts.
#[derive(Default)]
struct Told {
    columns: BTreeMap<i64, BTreeMap<String, Json>>,
    items: Items,
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
    pub(super) async fn verify_accounts(&self, report: &mut Report) -> Result<(), Error> {
        let told = self.told_of_accounts().await?;
        let mut known = told.columns;
        for shown in self.stored_accounts().await? {
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
        compare_items(told.items, self.account_items().await?, report);
        Ok(())
    }

    async fn told_of_accounts(&self) -> Result<Told, Error> {
        let mut told = Told::default();
        let mut after = 0;
        loop {
            let entries = self.store().entries_about(TYPE, after, BATCH).await?;
            let Some(last) = entries.last() else { return Ok(told) };
            after = last.id;
            for entry in &entries {
                // bytes that are no JSON were found by the walk over the leaves
                if let Ok(body) = serde_json::from_slice::<Json>(&entry.body) {
                    told.read(entry.record.number, entry.leaf, &body);
                }
            }
        }
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

fn compare_items(mut told: Items, shown: Items, report: &mut Report) {
    for ((account, kind, id), is) in shown {
        let name = reference(account);
        match told.remove(&(account, kind.clone(), id.clone())) {
            Some(said) if said == is => {}
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

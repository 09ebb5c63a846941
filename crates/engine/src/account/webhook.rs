//! Signed webhooks: what is told to other programs, and what comes in from those that sign.
//!
//! Each belongs to the account of a program. What goes out is what that account sees; what comes in is done in its name.
//! The secret of a signature has to be readable here, as the one of a second factor is; the log tells a mark of it.
//! Source: Standard Webhooks (headers `webhook-id`, `webhook-timestamp`, `webhook-signature`).
//! Invariant: the place up to which the log was read and the messages made from it are written in one transaction, so that
//! each entry is told once, whatever fails.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proofdesk_model::format::{to_json, write_instant};
use proofdesk_model::{Caller, Job, Record, Value};
use proofdesk_store::{QueuedJob, Row, Select, Statement, StoredEntry};
use rand::Rng;
use serde_json::{Map, Value as Json, json};

use super::password::mark;
use super::sealed::{Act, Told};
use crate::Engine;
use crate::error::Error;

/// Kind of the jobs that send a message.
pub const DELIVERY: &str = "webhook";
/// Entries of the log read at a time.
const BATCH: usize = 200;
/// Messages of more than a day ago cannot come again: their timestamp is refused.
const SEEN: i64 = 86_400_000_000;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// We tell.
    Out,
    /// We are told.
    In,
}

impl Direction {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }
}

/// A webhook without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: i64,
    /// The account of a program in whose name it speaks.
    pub account: i64,
    /// Which way.
    pub direction: Direction,
    /// What it is for.
    pub label: String,
    /// Out: where to.
    pub url: String,
    /// In: which door.
    pub door: String,
    /// Out: about records of this type.
    pub record_type: String,
    /// Out: only about records that meet this condition after the write; empty for all.
    pub condition: String,
    /// Out: only about these acts (`create`, `update`, names of transitions), parted by blanks; empty for all.
    pub actions: String,
    /// When it was made, microseconds UTC.
    pub created_at: i64,
    /// Out: entries of the log below this place were told.
    pub seen: i64,
}

const COLUMNS: [&str; 12] = [
    "id",
    "account",
    "direction",
    "label",
    "url",
    "door",
    "record_type",
    "condition",
    "actions",
    "created_at",
    "seen",
    "secret",
];

fn webhook(row: &Row) -> Webhook {
    let text = |at: usize| row.opt_text(at).unwrap_or_default().to_owned();
    Webhook {
        id: row.int(0),
        account: row.int(1),
        direction: if row.text(2) == "in" { Direction::In } else { Direction::Out },
        label: text(3),
        url: text(4),
        door: text(5),
        record_type: text(6),
        condition: text(7),
        actions: text(8),
        created_at: row.int(9),
        seen: row.int(10),
    }
}

/// What the log tells of a webhook.
fn item(hook: &Webhook, secret: &str) -> Json {
    json!({
        "direction": hook.direction.as_str(), "label": hook.label, "url": hook.url, "door": hook.door,
        "record_type": hook.record_type, "condition": hook.condition, "actions": hook.actions,
        "mark": mark(secret.as_bytes()), "created_at": write_instant(hook.created_at),
    })
}

/// Whether an address has a user's name or password before its host.
fn names_somebody(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#', '\\']).next().is_some_and(|authority| authority.contains('@'))
}

impl Engine {
    /// Makes a webhook; gives its id and its secret, which is shown once. `id`, `created_at` and `seen` of the given one do
    /// not count.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` with all problems.
    pub async fn create_webhook(
        &self,
        act: &Act,
        new: &Webhook,
        random: &mut (impl Rng + Send),
    ) -> Result<(i64, String), Error> {
        let permit = act.permit_all()?;
        self.check_webhook(new).await?;
        let mut bytes = [0_u8; 32];
        random.fill_bytes(&mut bytes);
        let secret = format!("whsec_{}", STANDARD.encode(bytes));
        let now = self.now();
        let is = item(&Webhook { created_at: now, ..new.clone() }, &secret);
        let seen = i64::try_from(self.store().log_size().await?).unwrap_or_default();
        let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        let row = Statement::insert("webhook")
            .set("account", new.account)
            .set("direction", new.direction.as_str())
            .set("label", new.label.clone())
            .set("url", some(&new.url))
            .set("door", some(&new.door))
            .set("record_type", some(&new.record_type))
            .set("condition", new.condition.clone())
            .set("actions", new.actions.clone())
            .set("secret", secret.clone())
            .set("created_at", now)
            .set("seen", seen);
        let write = async |id: i64| {
            let told = Told::of("webhook").item("webhook", id, is.clone());
            self.seal_account(act, &permit, new.account, told, vec![row.clone().set("id", id)]).await
        };
        let id = self.numbered("webhook", write).await?;
        Ok((id, secret))
    }

    /// Refuses a webhook that cannot be made, before anybody proves who he is for it.
    ///
    /// # Errors
    /// `Invalid` with all problems, or a fault of the database.
    pub async fn check_webhook(&self, new: &Webhook) -> Result<(), Error> {
        let mut problems = proofdesk_model::Problems::default();
        let mut wrong = |field: &str, code: &str, message: String| {
            problems.push(proofdesk_model::Problem::new(field, code, message));
        };
        if new.label.trim().is_empty() || new.label.chars().count() > 100 {
            wrong("label", "required", "Say what it is for, in at most 100 characters.".to_owned());
        }
        let account = match self.account(new.account).await {
            Err(Error::NotFound(_)) => None,
            other => Some(other?).filter(|a| a.program),
        };
        if account.is_none() {
            let message = "A webhook belongs to the account of a program. Make one first.";
            wrong("account", "link", message.to_owned());
        }
        if new.direction == Direction::Out {
            if !(new.url.starts_with("https://") || new.url.starts_with("http://")) || new.url.len() > 2_000 {
                let message = "Give the address to send to, beginning with https:// (or http:// within your own network).";
                wrong("url", "format", message.to_owned());
            } else if names_somebody(&new.url) {
                let message = "Leave name and password out of the address: everybody who lists webhooks would read them. The \
                               signature says who sends.";
                wrong("url", "credentials", message.to_owned());
            }
            let of = self.registry().get(&new.record_type).cloned();
            let caller = self.caller_of_account(new.account, "").await?;
            match (of, caller) {
                (Some(of), Some(caller)) if caller.may(&of, &proofdesk_model::Action::Read) => {
                    for action in new.actions.split_whitespace() {
                        if !["create", "update"].contains(&action) && of.transition(action).is_none() {
                            let message = format!("{} have no act `{action}`.", of.plural);
                            wrong("actions", "option", message);
                        }
                    }
                    if !new.condition.trim().is_empty() {
                        let checked = self.condition(&new.condition, &of.name);
                        let checked = checked.and_then(|c| self.check_sees(&caller, &of, &c));
                        if let Err(Error::Invalid(found)) = checked {
                            for problem in found.0 {
                                wrong("condition", "condition", problem.message);
                            }
                        }
                    }
                }
                _ if new.record_type.is_empty() => {
                    wrong("record_type", "required", "Choose what it tells of.".to_owned());
                }
                _ => wrong("record_type", "option", "The account reads no such record type.".to_owned()),
            }
        } else if new.door.is_empty() {
            wrong("door", "required", "Name the door that messages go to.".to_owned());
        }
        problems.into_result().map_err(Error::Invalid)
    }

    /// All webhooks, oldest first.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        let rows = self.store().select(Select::from("webhook", &COLUMNS).order("id").limit(10_000)).await?;
        Ok(rows.iter().map(webhook).collect())
    }

    /// A webhook with its secret; none where there is none.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn webhook(&self, id: i64) -> Result<Option<(Webhook, String)>, Error> {
        let question = Select::from("webhook", &COLUMNS).when("id", id).limit(1).short();
        let rows = self.store().select(question).await?;
        Ok(rows.first().map(|row| (webhook(row), row.text(11).to_owned())))
    }

    /// Ends a webhook; its messages that wait are not sent any more.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `NotFound`.
    pub async fn end_webhook(&self, act: &Act, id: i64) -> Result<(), Error> {
        let permit = act.permit_all()?;
        let found = self.webhook(id).await?.ok_or_else(|| Error::NotFound(format!("webhook {id}")))?.0;
        let row = Statement::delete("webhook").when("id", id).must_hit();
        let seen = Statement::delete("webhook_seen").when("webhook", id);
        let told = Told::of("webhook_end").item("webhook", id, Json::Null);
        self.seal_account(act, &permit, found.account, told, vec![row, seen]).await
    }

    /// All webhooks as the log tells of them: account, id and what it says.
    pub(crate) async fn webhook_items(&self) -> Result<Vec<(i64, i64, Json)>, Error> {
        let rows = self.store().select(Select::from("webhook", &COLUMNS).order("id")).await?;
        Ok(rows.iter().map(|row| (row.int(1), row.int(0), item(&webhook(row), row.text(11)))).collect())
    }

    /// Notes that a message came in by a webhook. Gives whether it is the first time.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn take_webhook_message(&self, webhook: i64, message: &str) -> Result<bool, Error> {
        let now = self.now();
        let old = Statement::delete("webhook_seen").when("webhook", webhook).when_below("at", now - SEEN);
        let row = Statement::insert("webhook_seen")
            .set("webhook", webhook)
            .set("message", message.to_owned())
            .set("at", now);
        match self.store().execute(vec![old, row]).await {
            Ok(()) => Ok(true),
            Err(proofdesk_store::Error::Duplicate) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Forgets a message that could not be carried out: it may be sent again.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn forget_webhook_message(&self, webhook: i64, message: &str) -> Result<(), Error> {
        let row =
            Statement::delete("webhook_seen").when("webhook", webhook).when("message", message.to_owned());
        Ok(self.store().execute(vec![row]).await?)
    }

    /// Reads on in the log for a webhook and makes a message of each entry that it wants and its account sees. Gives how
    /// many entries were read; none when it is at the end, or when somebody else read on meanwhile.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn follow_for(&self, hook: &Webhook) -> Result<usize, Error> {
        let from = u64::try_from(hook.seen).unwrap_or_default();
        let entries = self.store().entry_range(from, BATCH).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let caller = self.caller_of_account(hook.account, "").await?;
        let mut jobs = Vec::new();
        for entry in entries.iter().filter(|e| e.record.record_type == hook.record_type) {
            if let Some(caller) = &caller
                && let Some(body) = self.message(hook, caller, entry).await?
            {
                jobs.push(Statement::enqueue(&Job {
                    kind: DELIVERY.to_owned(),
                    key: format!("{}/{}", hook.id, entry.id),
                    run_at: self.now(),
                    payload: json!({
                        "webhook": hook.id, "message": format!("msg_{}_{}", hook.id, entry.id),
                        "type": entry.record.record_type, "number": entry.record.number, "body": body,
                    }),
                }));
            }
        }
        let read = i64::try_from(entries.len()).unwrap_or_default();
        let place = Statement::update("webhook")
            .set("seen", hook.seen + read)
            .when("id", hook.id)
            .when("seen", hook.seen)
            .must_hit();
        jobs.push(place);
        match self.store().execute(jobs).await {
            Ok(()) => Ok(entries.len()),
            Err(proofdesk_store::Error::NotFound(_)) => Ok(0),
            Err(other) => Err(other.into()),
        }
    }

    /// The message about an entry, as the account sees the record now; none where it is not wanted or not seen.
    async fn message(
        &self,
        hook: &Webhook,
        caller: &Caller,
        entry: &StoredEntry,
    ) -> Result<Option<String>, Error> {
        let Ok(body) = serde_json::from_slice::<Json>(&entry.body) else { return Ok(None) };
        let action = body["action"].as_str().unwrap_or_default();
        let Some(of) = self.registry().get(&hook.record_type).cloned() else { return Ok(None) };
        // comments, files and watchers are no acts on the record itself
        let is_act = ["create", "update"].contains(&action) || of.transition(action).is_some();
        let wanted = hook.actions.is_empty() || hook.actions.split_whitespace().any(|a| a == action);
        if !is_act || !wanted || !caller.may(&of, &proofdesk_model::Action::Read) {
            return Ok(None);
        }
        let Some(record) = self.load(caller, &entry.record).await? else { return Ok(None) };
        if !hook.condition.trim().is_empty() {
            let condition = match self.condition(&hook.condition, &of.name) {
                Ok(condition) => condition,
                // the declarations changed: it means nothing any more
                Err(_) => return Ok(None),
            };
            if self.check_sees(caller, &of, &condition).is_err() {
                return Ok(None);
            }
            let context = self.context(caller);
            let holding = self.store().holding(&of, &condition, &context, &[record.number]).await?;
            if holding.is_empty() {
                return Ok(None);
            }
        }
        let changed = body["set"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let changed: Vec<&str> = changed.filter(|name| caller.sees(&of, name)).collect();
        let data = json!({
            "reference": record.reference(), "record_type": of.name, "title": record.title(), "state": record.state,
            "version": entry.version, "action": action, "changed": changed, "values": self.told_values(&record),
            "url": format!("/api/v1/{}/{}", of.name, record.reference()),
        });
        let written = json!({
            "type": format!("{}.{action}", of.name), "timestamp": write_instant(entry.at), "data": data,
        });
        Ok(Some(written.to_string()))
    }

    /// The values of a record that was read for somebody: those that are not empty, links by reference.
    fn told_values(&self, record: &Record) -> Map<String, Json> {
        let mut values = Map::new();
        for (column, value) in record.of.columns().iter().zip(&record.values) {
            let written = match value {
                Value::Null => continue,
                Value::Link(number) => {
                    let Some(to) = record.of.field(&column.field).and_then(|f| f.target()) else { continue };
                    json!(self.registry().get(to).map(|of| of.reference(*number)))
                }
                other => to_json(other),
            };
            values.insert(column.name.clone(), written);
        }
        values
    }

    /// Messages that wait, or those that were given up, for administrators.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn deliveries(&self, act: &Act, dead: bool) -> Result<Vec<QueuedJob>, Error> {
        act.permit_end(None)?;
        let mut jobs = self.store().jobs(dead, 5_000).await?;
        jobs.retain(|job| job.job.kind == DELIVERY);
        jobs.truncate(200);
        Ok(jobs)
    }

    /// Sends a message again that was given up.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `NotFound` where no such message was given up.
    pub async fn send_again(&self, act: &Act, id: i64) -> Result<(), Error> {
        act.permit_all()?;
        let dead = self.deliveries(act, true).await?;
        if !dead.iter().any(|job| job.id == id) {
            return Err(Error::NotFound(format!("message {id} that was given up")));
        }
        Ok(self.store().revive(id, self.now()).await?)
    }
}

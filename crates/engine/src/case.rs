//! Cases: which record stands for something that another program tells of under a key of its own (an alert, a
//! deployment), and what became of each message.
//!
//! Not here: what a message means and what is done about it (`doors`).
//! Invariant: a key has one record at a time. Row and record are written in one transaction, and the key is unique in
//! the store: two that open the same case at the same instant make one record.

use proofdesk_model::{Caller, Change, Reference, Stamp};
use proofdesk_store::{Row, Select, Statement};
use uuid::Uuid;

use crate::Engine;
use crate::apply::{Applied, Target};
use crate::beside::Beside;
use crate::error::Error;

/// How long messages are kept, microseconds.
const KEPT: i64 = 90 * 86_400_000_000;
/// Longest message that is kept whole, bytes.
const PAYLOAD_MAX: usize = 32 * 1024;

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The record that stands for it.
    pub record: Reference,
    /// Which time it happened: another word begins a new record once the old one is done.
    pub episode: String,
    /// What was told last (JSON).
    pub inputs: String,
    /// It is over.
    pub over: bool,
    /// How often it was moved on.
    pub times: i64,
}

/// A case on its way in.
#[derive(Debug, Clone)]
pub struct NewCase {
    /// Name of the door.
    pub door: String,
    /// Key of the other program.
    pub key: String,
    /// Which time it happens.
    pub episode: String,
    /// What was told (JSON).
    pub inputs: String,
}

/// A message and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseEvent {
    /// Its id; empty for a new one.
    pub id: String,
    /// When it came, microseconds UTC.
    pub at: i64,
    /// Name of the door.
    pub door: String,
    /// Key of the other program.
    pub key: String,
    /// Account in whose name it came.
    pub account: Option<i64>,
    /// What became of it.
    pub outcome: String,
    /// The record that it was about.
    pub record: Option<Reference>,
    /// Why.
    pub reason: String,
    /// The message (JSON).
    pub payload: String,
}

const EVENT: [&str; 10] =
    ["id", "at", "door", "key", "account", "outcome", "record_type", "number", "reason", "payload"];

fn event(row: &Row) -> CaseEvent {
    CaseEvent {
        id: row.text(0).to_owned(),
        at: row.int(1),
        door: row.text(2).to_owned(),
        key: row.text(3).to_owned(),
        account: row.opt_int(4),
        outcome: row.text(5).to_owned(),
        record: row.opt_text(6).zip(row.opt_int(7)).map(|(of, number)| Reference::new(of, number)),
        reason: row.text(8).to_owned(),
        payload: row.text(9).to_owned(),
    }
}

impl Engine {
    /// The case of a key; none where nothing was told under it.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn case(&self, door: &str, key: &str) -> Result<Option<Case>, Error> {
        let columns = ["record_type", "number", "episode", "inputs", "ended", "times"];
        let question = Select::from("door_case", &columns)
            .short()
            .when("door", door.to_owned())
            .when("key", key.to_owned())
            .limit(1);
        let case = |row: &Row| Case {
            record: Reference::new(row.text(0), row.int(1)),
            episode: row.text(2).to_owned(),
            inputs: row.text(3).to_owned(),
            over: row.bool(4),
            times: row.int(5),
        };
        Ok(self.store().select(question).await?.first().map(case))
    }

    /// Makes the record of a case, and the case with it. `old` is the case of the same key that was seen: it is
    /// replaced, and nothing is written where it is no longer there as it was.
    ///
    /// # Errors
    /// As [`Engine::apply_at`]; `Internal` or `NotFound` where somebody else opened the case meanwhile. Read it again.
    pub async fn open_case(
        &self,
        caller: &Caller,
        (record_type, change): (&str, Change),
        (stamp, id): (Stamp, Uuid),
        new: &NewCase,
        old: Option<&Case>,
    ) -> Result<Applied, Error> {
        let (new, old, at) = (new.clone(), old.cloned(), stamp.at);
        let rows = move |record: &Reference| {
            let row = match &old {
                None => Statement::insert("door_case")
                    .set("door", new.door.clone())
                    .set("key", new.key.clone())
                    .set("times", 0_i64),
                Some(old) => Statement::update("door_case")
                    .when("door", new.door.clone())
                    .when("key", new.key.clone())
                    .when("number", old.record.number)
                    .when("times", old.times)
                    .set("times", old.times + 1)
                    .must_hit(),
            };
            let row = row
                .set("record_type", record.record_type.clone())
                .set("number", record.number)
                .set("episode", new.episode.clone())
                .set("inputs", new.inputs.clone())
                .set("ended", false)
                .set("at", at);
            vec![row]
        };
        let target = Target::New(record_type.to_owned());
        self.apply_beside(caller, target, change, Beside::new(Vec::new(), rows), stamp, id).await
    }

    /// Moves a case on from where it was seen. Gives whether it was still there.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn move_case(&self, new: &NewCase, old: &Case, over: bool) -> Result<bool, Error> {
        let row = Statement::update("door_case")
            .set("episode", new.episode.clone())
            .set("inputs", new.inputs.clone())
            .set("ended", over)
            .set("at", self.now())
            .set("times", old.times + 1)
            .when("door", new.door.clone())
            .when("key", new.key.clone())
            .when("times", old.times)
            .must_hit();
        match self.store().execute(vec![row]).await {
            Ok(()) => Ok(true),
            Err(proofdesk_store::Error::NotFound(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Keeps what became of a message; messages of more than ninety days ago go. One that found no record is kept whole;
    /// of a long one that did, its beginning, with how long it was.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn keep_case_event(&self, event: CaseEvent) -> Result<(), Error> {
        let old = Statement::delete("door_event").when_below("at", event.at - KEPT);
        let is_placed = event.record.is_some();
        let payload = if is_placed { beginning(event.payload) } else { event.payload };
        let row = Statement::insert("door_event")
            .set("id", Uuid::now_v7().to_string())
            .set("at", event.at)
            .set("door", event.door)
            .set("key", event.key)
            .set("account", event.account)
            .set("outcome", event.outcome)
            .set("record_type", event.record.as_ref().map(|r| r.record_type.clone()))
            .set("number", event.record.as_ref().map(|r| r.number))
            .set("reason", event.reason)
            .set("payload", payload);
        Ok(self.store().execute(vec![old, row]).await?)
    }

    /// The messages of a door, or of all of them, newest first.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn case_events(&self, door: Option<&str>, limit: usize) -> Result<Vec<CaseEvent>, Error> {
        let mut question =
            Select::from("door_event", &EVENT).order_descending("at").order_descending("id").limit(limit);
        if let Some(door) = door {
            question = question.when("door", door.to_owned());
        }
        Ok(self.store().select(question).await?.iter().map(event).collect())
    }
}

/// A message as it is kept where its record tells the rest.
fn beginning(payload: String) -> String {
    if payload.len() <= PAYLOAD_MAX {
        return payload;
    }
    let end = payload.floor_char_boundary(PAYLOAD_MAX);
    serde_json::json!({"bytes": payload.len(), "begins": &payload[..end]}).to_string()
}

//! Talk on a record: to the customer, or among staff only.

use proofdesk_model::{Action, Caller, Change, Door, Draft, Permit, Record, Reference, Stamp, Value, entry};
use proofdesk_store::{Extra, Select, Statement};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Engine;
use crate::beside::Beside;
use crate::error::Error;

/// Longest comment, in characters.
pub const COMMENT_MAX: usize = 50_000;

/// How search names a comment that only staff may find; one for the customer is `comment/…`.
pub(crate) const STAFF_PART: &str = "note/";

/// Who may see a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The customer and staff.
    Customer,
    /// Staff only.
    Staff,
}

impl Audience {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Staff => "staff",
        }
    }

    /// What it takes to write for this audience.
    pub fn action(self) -> Action {
        match self {
            Self::Customer => Action::Comment,
            Self::Staff => Action::Note,
        }
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// Its id (UUID).
    pub id: String,
    /// When it was written, microseconds UTC; the history's time for imported ones.
    pub at: i64,
    /// Person who wrote it.
    pub person: Option<i64>,
    /// Name at that time.
    pub by: String,
    /// Who may see it.
    pub audience: Audience,
    /// Markdown source.
    pub body: String,
    /// Door through which it came.
    pub door: String,
}

/// How often a comment is tried again while others write to its record.
const TRIES: usize = 8;

/// Whether somebody of the staff writes to whom the record is for, and a clock waits for that.
fn is_answer(caller: &Caller, record: &Record) -> bool {
    let own = |me: i64| record.of.own_fields().any(|f| record.value(f) == Some(&Value::Link(me)));
    let waits = |name: &String| record.value(name).is_some_and(Value::is_null);
    let is_waited_for = record.of.clocks.iter().any(|c| c.until.as_ref().is_some_and(waits));
    is_waited_for && caller.person.is_some_and(|me| !own(me)) && caller.reads_notes(&record.of)
}

/// The words of a comment as they are kept.
fn checked_body(body: &str) -> Result<String, Error> {
    let body = body.replace("\r\n", "\n");
    let body = body.trim();
    if body.is_empty() {
        return Err(Error::invalid("body", "required", "Write something first."));
    }
    if body.chars().count() > COMMENT_MAX || body.contains('\0') {
        let message = format!("A comment has at most {COMMENT_MAX} characters and no NUL character.");
        return Err(Error::invalid("body", "size", message));
    }
    Ok(body.to_owned())
}

impl Engine {
    /// Writes a comment; its entry is in the log when this returns.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `Invalid` when it is empty or too long.
    pub async fn comment(
        &self,
        caller: &Caller,
        on: &Reference,
        audience: Audience,
        body: &str,
        door: Door,
    ) -> Result<Comment, Error> {
        self.comment_at(caller, on, audience, body, Stamp::now(self.now(), door)).await
    }

    /// As [`Engine::comment`], with a given stamp (imported history, the example company).
    ///
    /// # Errors
    /// As [`Engine::comment`].
    pub async fn comment_at(
        &self,
        caller: &Caller,
        on: &Reference,
        audience: Audience,
        body: &str,
        stamp: Stamp,
    ) -> Result<Comment, Error> {
        self.comment_once(caller, on, audience, body, stamp, Uuid::now_v7()).await
    }

    /// As [`Engine::comment_at`]; `id` becomes the id of the comment and makes it happen at most once.
    ///
    /// # Errors
    /// As [`Engine::comment`].
    pub async fn comment_once(
        &self,
        caller: &Caller,
        on: &Reference,
        audience: Audience,
        body: &str,
        stamp: Stamp,
        id: Uuid,
    ) -> Result<Comment, Error> {
        self.comment_beside((caller, on), audience, body, Beside::default(), stamp, id).await
    }

    /// As [`Engine::comment_once`], with files and engine rows that are written in the same transaction. `(caller, on)`
    /// are who writes and on which record.
    ///
    /// # Errors
    /// As [`Engine::comment`].
    pub async fn comment_beside(
        &self,
        (caller, on): (&Caller, &Reference),
        audience: Audience,
        body: &str,
        beside: Beside,
        stamp: Stamp,
        id: Uuid,
    ) -> Result<Comment, Error> {
        let record = self.require_for(caller, on, audience.action()).await?;
        let permit = record.of.permit(caller, audience.action(), Some(&record)).map_err(Error::Forbidden)?;
        let body = &checked_body(body)?;
        let along = beside.along(&record.of, caller, &stamp, Vec::new())?;
        let comment = Comment {
            id: id.to_string(),
            at: stamp.occurred_at,
            person: caller.person,
            by: caller.name.clone(),
            audience,
            body: body.clone(),
            door: stamp.door.as_str().to_owned(),
        };
        let row = Statement::insert("comment")
            .set("id", comment.id.clone())
            .set("record_type", on.record_type.clone())
            .set("number", on.number)
            .set("at", comment.at)
            .set("person", comment.person)
            .set("author", comment.by.clone())
            .set("audience", audience.as_str())
            .set("door", comment.door.clone())
            .set("body", comment.body.clone());
        // the search knows by this word what only staff may find
        let kind = if audience == Audience::Staff { STAFF_PART } else { "comment/" };
        let part = format!("{kind}{}", comment.id);
        let found_by = Statement::search_text(on, &part, comment.at, &comment.body);
        let note = serde_json::json!({"id": comment.id, "audience": audience.as_str(), "body": comment.body});
        let mut rows = vec![row, found_by];
        rows.extend(along.statements(&record));
        let mut notes = vec![("comment", note)];
        notes.extend(along.files.iter().map(|file| ("attach", file.note())));
        self.write_comment(&permit, record, stamp, notes, rows, id).await?;
        Ok(comment)
    }

    /// Writes a comment's entry; where it is the first answer to the customer, together with the change that this
    /// makes to the record.
    async fn write_comment(
        &self,
        permit: &Permit,
        record: Record,
        stamp: Stamp,
        notes: Vec<(&'static str, serde_json::Value)>,
        rows: Vec<Statement>,
        id: Uuid,
    ) -> Result<(), Error> {
        let caller = permit.caller();
        let told = |record: &Record| -> Vec<entry::Entry> {
            notes
                .iter()
                .map(|(act, note)| entry::of_note(record, caller, &stamp, act, note.clone()))
                .collect()
        };
        let mut record = record;
        for _ in 0..TRIES {
            if *permit.action() != Action::Comment || !is_answer(caller, &record) {
                self.store().note(permit, told(&record), rows, id).await?;
                return Ok(());
            }
            let (of, on) = (record.of.clone(), Reference::new(record.of.name.clone(), record.number));
            if !of.relations().is_empty() {
                record.links = self.store().links(&on, &of, None).await?;
            }
            let change = Change { answers: true, ..Change::default() };
            let draft = Draft::new(&of, Some(record), change, caller, stamp).map_err(Error::Invalid)?;
            let facts = self.facts(&draft).await?;
            let checked =
                draft.derive(self.rules(), &facts).check(self.rules(), &facts).map_err(Error::Invalid)?;
            if checked.differences().is_empty() {
                let present = checked.before().cloned().unwrap_or_else(|| checked.after().clone());
                self.store().note(permit, told(&present), rows, id).await?;
                return Ok(());
            }
            let entries = told(checked.after());
            let statements = rows.iter().cloned().chain(self.begun(&checked)).collect();
            let extra = Extra { id, statements, entries, search_text: None };
            match self.store().write(permit, &checked, self.registry(), extra).await {
                // somebody else wrote first: the comment belongs to the record as it is now
                Err(proofdesk_store::Error::Conflict { .. }) => {
                    let found = self.store().load(&of, on.number).await?;
                    record = found.ok_or_else(|| Error::NotFound(of.reference(on.number)))?;
                }
                other => return Ok(other.map(|_| ())?),
            }
        }
        Err(Error::Unavailable)
    }

    /// The comments of a record that the caller may see, oldest first; at most 1,000.
    ///
    /// # Errors
    /// `Forbidden` or a fault of the database.
    pub async fn comments(&self, caller: &Caller, on: &Reference) -> Result<Vec<Comment>, Error> {
        let of = self.readable_at(caller, on).await?;
        let staff = caller.reads_notes(&of);
        let columns = ["id", "at", "person", "author", "audience", "body", "door"];
        let question = Select::from("comment", &columns)
            .short()
            .when("record_type", on.record_type.clone())
            .when("number", on.number)
            .order("at")
            .order("id")
            .limit(1_000);
        let rows = self.store().select(question).await?;
        let comments = rows.iter().map(|row| Comment {
            id: row.text(0).to_owned(),
            at: row.int(1),
            person: row.opt_int(2),
            by: row.text(3).to_owned(),
            audience: if row.text(4) == "customer" { Audience::Customer } else { Audience::Staff },
            body: row.text(5).to_owned(),
            door: row.text(6).to_owned(),
        });
        Ok(comments.filter(|c| staff || c.audience == Audience::Customer).collect())
    }

    /// Loads a record for an action; a record of a type that may not even be read does not exist.
    pub(crate) async fn require_for(
        &self,
        caller: &Caller,
        on: &Reference,
        action: Action,
    ) -> Result<Record, Error> {
        let of = self.require_type(&on.record_type)?;
        of.permit(caller, action, None).map_err(Error::Forbidden)?;
        let found = self.store().load(&of, on.number).await?;
        let record = found.ok_or_else(|| Error::NotFound(of.reference(on.number)))?;
        let narrow = caller.reads_own(&of) || caller.narrow(&of).is_some();
        if narrow && !self.is_seen(caller, &record).await? {
            return Err(Error::NotFound(of.reference(on.number)));
        }
        Ok(record)
    }
}

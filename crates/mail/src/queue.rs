//! The queue of mails on their way out: rows of `mail_out`, and what administrators see and do with them.

use proofdesk_engine::{Audience, Reference, write_id};
use proofdesk_store::{Row, Select, Statement};
use serde::Serialize;
use uuid::Uuid;

use crate::desk::Mail;
use crate::error::Error;

/// A day, microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;

/// A mail that is to be sent to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it is told of, such as `received`.
    pub event: String,
    /// Number of the person.
    pub person: i64,
    /// The record that it is about.
    pub about: Option<Reference>,
    /// Message-ID of the mail that it answers.
    pub answers: Option<String>,
    /// Who may see what is answered to it.
    pub audience: Audience,
    /// Signed address for replies.
    pub reply_to: Option<String>,
    /// Language of its text.
    pub language: String,
    /// Subject.
    pub subject: String,
    /// Body.
    pub body: String,
    /// It holds a link that must not stay in the queue.
    pub is_secret: bool,
    /// It waits for the person's next digest.
    pub in_digest: bool,
    /// When it may be sent, microseconds UTC.
    pub due_at: i64,
    /// When trying ends, microseconds UTC; none for the configured time.
    pub give_up_at: Option<i64>,
}

/// Where a mail of the queue stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// Its id.
    pub id: String,
    /// When it was put into the queue, microseconds UTC.
    pub at: i64,
    /// What it is told of.
    pub event: String,
    /// Number of the person.
    pub person: i64,
    /// The record that it is about.
    pub about: Option<Reference>,
    /// waiting, digest, sent, dead, bounced or withdrawn.
    pub state: String,
    /// When it is tried next, microseconds UTC.
    pub due_at: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was sent, microseconds UTC.
    pub sent_at: Option<i64>,
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arrived {
    /// When, microseconds UTC.
    pub at: i64,
    /// lmtp or imap.
    pub door: String,
    /// record, comment, ignored, bounce or refused.
    pub outcome: String,
    /// Why, where it became nothing.
    pub says: String,
    /// The record.
    pub about: Option<Reference>,
    /// Number of the person who wrote it.
    pub person: Option<i64>,
    /// Size in bytes.
    pub size_bytes: i64,
}

const COLUMNS: [&str; 11] = [
    "id",
    "at",
    "event",
    "person",
    "record_type",
    "number",
    "state",
    "due_at",
    "attempts",
    "error",
    "sent_at",
];

fn reference(row: &Row, at: usize) -> Option<Reference> {
    Some(Reference::new(row.opt_text(at)?, row.opt_int(at + 1)?))
}

fn queued(row: &Row) -> Queued {
    Queued {
        id: row.text(0).to_owned(),
        at: row.int(1),
        event: row.text(2).to_owned(),
        person: row.int(3),
        about: reference(row, 4),
        state: row.text(6).to_owned(),
        due_at: row.int(7),
        attempts: row.int(8),
        error: row.opt_text(9).map(str::to_owned),
        sent_at: row.opt_int(10),
    }
}

impl Mail {
    /// The id of a letter that is written because of something: the same cause and person give the same.
    pub(crate) fn letter_id(cause: &str, person: i64) -> Uuid {
        write_id("mail", cause, &person.to_be_bytes())
    }

    /// The row of a letter; one of the same id is left as it is.
    pub(crate) fn row(&self, id: Uuid, letter: &Letter) -> Statement {
        let now = self.engine().now();
        let lasts = i64::from(self.settings().give_up_days) * DAY;
        Statement::insert_new("mail_out")
            .set("id", id.to_string())
            .set("at", now)
            .set("event", letter.event.clone())
            .set("person", letter.person)
            .set("record_type", letter.about.as_ref().map(|r| r.record_type.clone()))
            .set("number", letter.about.as_ref().map(|r| r.number))
            .set("message_id", format!("{id}@{}", self.settings().domain()))
            .set("answers", letter.answers.clone())
            .set("audience", letter.audience.as_str())
            .set("reply_to", letter.reply_to.clone())
            .set("language", letter.language.clone())
            .set("subject", letter.subject.replace('\0', ""))
            .set("body", letter.body.replace('\0', ""))
            .set("secret", letter.is_secret)
            .set("state", if letter.in_digest { "digest" } else { "waiting" })
            .set("due_at", letter.due_at)
            .set("give_up_at", letter.give_up_at.unwrap_or(letter.due_at.max(now) + lasts))
    }

    /// Mails of the queue in some states, newest first, at most `limit`.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn queue(&self, states: &[&str], limit: usize) -> Result<Vec<Queued>, Error> {
        let question = Select::from("mail_out", &COLUMNS).when_in("state", states.iter().copied());
        let question = question.order_descending("at").order("id").limit(limit);
        Ok(self.engine().store().select(question).await?.iter().map(queued).collect())
    }

    /// One mail of the queue.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn queued(&self, id: &str) -> Result<Queued, Error> {
        let question = Select::from("mail_out", &COLUMNS).when("id", id).limit(1);
        let rows = self.engine().store().select(question).await?;
        let missing = || proofdesk_engine::Error::NotFound("mail of this id".to_owned());
        Ok(rows.first().map(queued).ok_or_else(missing)?)
    }

    /// What came in, newest first, at most `limit`.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn arrived(&self, limit: usize) -> Result<Vec<Arrived>, Error> {
        let columns = ["at", "door", "outcome", "says", "record_type", "number", "person", "size_bytes"];
        let question = Select::from("mail_in", &columns).order_descending("at").limit(limit);
        let read = |row: &Row| Arrived {
            at: row.int(0),
            door: row.text(1).to_owned(),
            outcome: row.text(2).to_owned(),
            says: row.text(3).to_owned(),
            about: reference(row, 4),
            person: row.opt_int(6).filter(|person| *person > 0),
            size_bytes: row.int(7),
        };
        Ok(self.engine().store().select(question).await?.iter().map(read).collect())
    }

    /// Sends a mail again that was given up or came back, and begins the time for trying anew.
    ///
    /// # Errors
    /// `NotFound` for one that is not there, or is neither dead nor bounced, or whose link or words are gone.
    pub async fn send_again(&self, id: &str) -> Result<(), Error> {
        let now = self.engine().now();
        let words = Select::from("mail_out", &["body"]).when("id", id).when_not("body", "").limit(1);
        let has_words = !self.engine().store().select(words.short()).await?.is_empty();
        let mut rows = Vec::new();
        for state in ["dead", "bounced"].into_iter().filter(|_| has_words) {
            rows.push(
                Statement::update("mail_out")
                    .set("state", "waiting")
                    .set("due_at", now)
                    .set("attempts", 0_i64)
                    .set("give_up_at", now + i64::from(self.settings().give_up_days) * DAY)
                    .when("id", id)
                    .when("state", state)
                    .when("secret", false)
                    .must_hit(),
            );
        }
        let mut found = false;
        for row in rows {
            match self.engine().store().execute(vec![row]).await {
                Ok(()) => found = true,
                Err(proofdesk_store::Error::NotFound(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        if !found {
            return Err(proofdesk_engine::Error::NotFound("mail that could be sent again".to_owned()).into());
        }
        self.wake();
        Ok(())
    }

    /// Withdraws a mail that was not sent.
    ///
    /// # Errors
    /// `NotFound` for one that is not there or is sent.
    pub async fn withdraw(&self, id: &str) -> Result<(), Error> {
        let found = self.queued(id).await?;
        if !["waiting", "digest", "dead"].contains(&found.state.as_str()) {
            return Err(proofdesk_engine::Error::NotFound("mail that could be withdrawn".to_owned()).into());
        }
        let row = Statement::update("mail_out").set("state", "withdrawn").set("body", "").when("id", id);
        self.engine().store().execute(vec![row.when("state", found.state).must_hit()]).await?;
        Ok(())
    }

    /// Notes that a sent mail came back, or a summary with all that was in it.
    pub(crate) async fn bounced(&self, message_id: &str, says: &str) -> Result<(), Error> {
        let mut became = Vec::new();
        for column in ["message_id", "digest"] {
            let question = Select::from("mail_out", &["id"]).when(column, message_id).when("state", "sent");
            let rows = self.engine().store().select(question).await?;
            became.extend(rows.iter().map(|row| (row.text(0).to_owned(), "bounced")));
        }
        became.sort();
        became.dedup();
        let rows = became.iter().map(|(id, _)| {
            Statement::update("mail_out")
                .set("state", "bounced")
                .set("error", says.to_owned())
                .when("id", id.clone())
                .when("state", "sent")
        });
        self.seal(rows.collect(), &became, self.engine().now()).await
    }

    /// Removes sent and withdrawn mails, and notes of what came in, that are older than the configured days. Notes on
    /// what became a record stay: by them the same mail is known again.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn sweep(&self) -> Result<(), Error> {
        let before = self.engine().now() - i64::from(self.settings().keep_days) * DAY;
        // what is known of these is needed to know replies again: the words go, the row stays
        let words = Statement::update("mail_out").set("body", "").set("subject", "").when("state", "sent");
        let gone = Statement::delete("mail_out").when("state", "withdrawn").when_below("at", before);
        let ignored = |outcome: &'static str| {
            Statement::delete("mail_in").when("outcome", outcome).when_below("at", before)
        };
        let rows = vec![
            words.when_below("at", before),
            gone,
            ignored("ignored"),
            ignored("refused"),
            ignored("bounce"),
        ];
        Ok(self.engine().store().execute(rows).await?)
    }
}

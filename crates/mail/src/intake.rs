//! What a mail becomes: a record, a comment, or nothing, with a word why.
//!
//! Invariants: a mail becomes each thing once, by its Message-ID; what it writes is durable when [`Mail::take_in`] returns; its
//! author is the person with its address, who may do by mail what he may do by any other door.

mod thread;
pub(crate) mod write;

use proofdesk_engine::{Audience, Caller, Record, Reference};
use proofdesk_model::{Action, Door};
use proofdesk_store::{Select, Statement};
use sha2::{Digest, Sha256};
use tracing::Instrument as _;

use crate::desk::Mail;
use crate::error::Error;
use crate::fold::fold;
use crate::message::{Message, Nature};
use crate::person::Writer;
use crate::settings::{Inbox, Strangers};
pub(crate) use thread::THREAD;
use thread::Thread;

/// An hour, microseconds.
const HOUR: i64 = 3_600_000_000;
const TOO_MUCH: &str = "Too many mails came from this address within an hour. Try again later, or call.";

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A new record.
    Record(Reference),
    /// A comment on a record.
    Comment(Reference),
    /// It was taken in before.
    Known,
    /// It is one that nobody waits for: a loop, an automatic answer, a report of delivery.
    Ignored(String),
    /// It is not taken: says why, for its sender.
    Refused(String),
}

/// A mail on its way in.
#[derive(Debug)]
pub struct Arrival {
    /// As it came.
    raw: Vec<u8>,
    sha256: String,
    door: &'static str,
    message: Message,
}

impl Arrival {
    /// Reads a mail that came through a door, `lmtp` or `imap`.
    pub fn new(raw: Vec<u8>, door: &'static str) -> Self {
        let message = Message::read(&raw);
        Self { sha256: hex::encode(Sha256::digest(&raw)), raw, door, message }
    }

    /// What was read of it.
    pub fn message(&self) -> &Message {
        &self.message
    }
}

impl Mail {
    /// Whether mails to an address are taken in at all.
    pub fn takes(&self, address: &str) -> bool {
        let address = crate::address::normal(address).unwrap_or_default();
        self.settings().is_own(&address) || self.reply_of(&address).is_some()
    }

    /// The address among a mail's recipients for which it is taken in, where no server says it: a signed one first.
    pub(crate) fn recipient_of(&self, message: &Message) -> String {
        let signed = message.recipients.iter().find(|a| self.reply_of(a).is_some());
        let own = || message.recipients.iter().find(|a| self.settings().inbox_of(a).is_some());
        let first = || self.settings().inbox.first().map(|i| &i.address);
        signed.or_else(own).or_else(first).cloned().unwrap_or_default()
    }

    /// Takes a mail in for one recipient. What it wrote is durable when this returns.
    ///
    /// # Errors
    /// A fault of the database: nothing was written, try again.
    pub async fn take_in(&self, mail: &Arrival, recipient: &str) -> Result<Outcome, Error> {
        let span = tracing::debug_span!(
            target: "spans",
            "mail in",
            otel.kind = "consumer",
            otel.status_code = tracing::field::Empty,
        );
        let taken = self.take_parts(mail, recipient).instrument(span.clone()).await;
        if taken.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        taken
    }

    async fn take_parts(&self, mail: &Arrival, recipient: &str) -> Result<Outcome, Error> {
        let recipient = crate::address::normal(recipient).unwrap_or_default();
        if mail.message.is_trap {
            return self.refuse(mail, None, "The mail has too many parts, or too many mails in it.").await;
        }
        if let Some(outcome) = self.by_nature(mail).await? {
            return Ok(outcome);
        }
        let message = &mail.message;
        let Some(from) = &message.from else {
            let why = "The mail does not name exactly one writer, in one line From with one address.";
            return self.refuse(mail, None, why).await;
        };
        let writer = match self.writer_at(&from.address).await? {
            Writer::Known(person, caller) => Some((person, caller)),
            Writer::Stranger => None,
            Writer::Barred(why) => return self.refuse(mail, None, why).await,
        };
        let number = writer.as_ref().map(|(person, _)| person.number);
        match (self.thread_of(message, &recipient).await?, &writer) {
            (Thread::One(thread), Some((_, caller))) => {
                let target = format!("{}/{}", thread.about.record_type, thread.about.number);
                if self.is_known(&message.id, &target, number).await? {
                    return Ok(Outcome::Known);
                }
                if let Some(audience) = self.hearers_of(caller, &thread).await? {
                    return self.answer(mail, caller, (&thread.about, audience), &target).await;
                }
            }
            (Thread::Several, Some(_)) => {
                let why = "Your mail answers a summary of several records. Answer on the page of the one that you mean.";
                return self.refuse(mail, number, why).await;
            }
            _ => {}
        }
        if self.is_known(&message.id, "new", number).await? {
            return Ok(Outcome::Known);
        }
        let inbox = self.settings().inbox_of(&recipient).or_else(|| self.settings().inbox.first());
        let Some(inbox) = inbox else {
            return self.refuse(mail, None, "This address takes no mail.").await;
        };
        self.open_record(mail, writer, inbox).await
    }

    /// What becomes of mails that programs made.
    async fn by_nature(&self, mail: &Arrival) -> Result<Option<Outcome>, Error> {
        let message = &mail.message;
        let is_own = message.from.as_ref().is_some_and(|from| self.settings().is_own(&from.address));
        let why = match message.nature {
            Nature::Bounce => {
                let report = message.report.as_ref().filter(|r| r.is_failed);
                if let Some((report, about)) = report.and_then(|r| Some((r, r.about.as_ref()?))) {
                    self.bounced(about, &report.says).await?;
                }
                self.kept(mail, ("bounce", "a report of delivery"), None).await?;
                return Ok(Some(Outcome::Ignored("It is a report of delivery.".to_owned())));
            }
            Nature::Desk => "a mail of a desk came back: a loop",
            Nature::AutomaticReply => "an automatic answer",
            _ if is_own => "its sender is this desk: a loop",
            Nature::Person | Nature::Generated => return Ok(None),
        };
        self.kept(mail, ("ignored", why), None).await?;
        Ok(Some(Outcome::Ignored(format!("It is {why}."))))
    }

    /// A comment of somebody who may write it.
    async fn answer(
        &self,
        mail: &Arrival,
        caller: &Caller,
        on: (&Reference, Audience),
        target: &str,
    ) -> Result<Outcome, Error> {
        if self.is_too_much(caller.person).await? {
            return self.refuse(mail, caller.person, TOO_MUCH).await;
        }
        // what is folded away is in the attached mail, for who may attach
        let of = self.engine().require_type(&on.0.record_type)?;
        let text = &mail.message.text;
        let said = if caller.may(&of, &Action::Attach) { fold(text).said } else { text.clone() };
        if said.is_empty() && mail.message.files.is_empty() {
            self.kept(mail, ("ignored", "an empty answer"), caller.person).await?;
            return Ok(Outcome::Ignored("It says nothing.".to_owned()));
        }
        match self.write_comment(mail, caller, on, &said, target).await {
            Ok(()) => Ok(Outcome::Comment(on.0.clone())),
            Err(error) => self.known_or(mail, target, caller.person, error).await,
        }
    }

    /// A new record of a person, or of a stranger where the address takes them.
    async fn open_record(
        &self,
        mail: &Arrival,
        writer: Option<(Box<Record>, Caller)>,
        inbox: &Inbox,
    ) -> Result<Outcome, Error> {
        let (person, caller) = match writer {
            Some(known) => known,
            None if inbox.strangers == Strangers::Refuse => {
                return self
                    .refuse(mail, None, "Your address is not known here. Ask the service desk to add it.")
                    .await;
            }
            None if mail.message.nature != Nature::Person => {
                return self
                    .refuse(mail, None, "Programs whose address is not known here are not taken.")
                    .await;
            }
            None => {
                let made = self.make_person(mail).await?;
                let caller = Caller::person(made.number, &made.title(), ["requester"]);
                (Box::new(made), caller)
            }
        };
        let of = self.engine().require_type(&inbox.record)?;
        if !caller.may(&of, &Action::Create) {
            let why = format!("You may not open {}.", of.plural.to_lowercase());
            return self.refuse(mail, Some(person.number), &why).await;
        }
        if self.is_too_much(caller.person).await? {
            return self.refuse(mail, Some(person.number), TOO_MUCH).await;
        }
        match self.write_record(mail, &person, inbox).await {
            Ok(about) => Ok(Outcome::Record(about)),
            Err(Error::Engine(proofdesk_engine::Error::Invalid(problems))) => {
                let why = format!("The mail cannot become a record: {problems}");
                tracing::warn!(record_type = of.name, %problems, "a mail could not become a record");
                self.refuse(mail, Some(person.number), &why).await
            }
            Err(error) => self.known_or(mail, "new", caller.person, error).await,
        }
    }

    /// Where a write failed because the same mail was written at the same instant, that is the outcome.
    async fn known_or(
        &self,
        mail: &Arrival,
        target: &str,
        person: Option<i64>,
        error: Error,
    ) -> Result<Outcome, Error> {
        if self.is_known(&mail.message.id, target, person).await? { Ok(Outcome::Known) } else { Err(error) }
    }

    /// Whether a person's mails became more within an hour than somebody writes: then a program answers a program.
    async fn is_too_much(&self, person: Option<i64>) -> Result<bool, Error> {
        let most = usize::try_from(self.settings().mails_per_hour).unwrap_or(usize::MAX);
        let question = Select::from("mail_in", &["at"])
            .when("person", person.unwrap_or_default())
            .when_in("outcome", ["record", "comment"])
            .when_above("at", self.engine().now() - HOUR)
            .limit(most);
        Ok(self.engine().store().select(question).await?.len() >= most)
    }

    /// Whether a mail of this person became this before. Another's mail of the same Message-ID is another mail.
    async fn is_known(&self, id: &str, target: &str, person: Option<i64>) -> Result<bool, Error> {
        let question = Select::from("mail_in", &["at"])
            .when("message_id", id)
            .when("target", target)
            .when("person", person.unwrap_or_default());
        Ok(!self.engine().store().select(question.limit(1).short()).await?.is_empty())
    }

    async fn refuse(&self, mail: &Arrival, person: Option<i64>, why: &str) -> Result<Outcome, Error> {
        self.kept(mail, ("refused", why), person).await?;
        Ok(Outcome::Refused(why.to_owned()))
    }

    /// Keeps a word on a mail that became nothing.
    async fn kept(
        &self,
        mail: &Arrival,
        (outcome, says): (&'static str, &str),
        person: Option<i64>,
    ) -> Result<(), Error> {
        let row = self.row_of(mail, outcome, outcome, person).set("says", says.to_owned());
        Ok(self.engine().store().execute(vec![row]).await?)
    }

    /// The row that knows a mail again. One that became something must be the only one; one that became nothing may
    /// come again.
    fn row_of(&self, mail: &Arrival, target: &str, outcome: &'static str, person: Option<i64>) -> Statement {
        let becomes = outcome == "record" || outcome == "comment";
        let row = if becomes { Statement::insert("mail_in") } else { Statement::insert_new("mail_in") };
        row.set("message_id", mail.message.id.clone())
            .set("target", target.to_owned())
            .set("at", self.engine().now())
            .set("door", mail.door)
            .set("outcome", outcome)
            .set("person", person.unwrap_or_default())
            .set("size_bytes", i64::try_from(mail.raw.len()).unwrap_or(i64::MAX))
            .set("sha256", mail.sha256.clone())
    }

    /// The door of what mail writes.
    fn stamp(&self) -> proofdesk_engine::Stamp {
        proofdesk_engine::Stamp::now(self.engine().now(), Door::Mail)
    }
}

//! The record that a mail answers: by the signed address to which it is sent, or by the mails to which it refers.
//!
//! Invariants: an answer is heard by no more than the mails that it answers; a signed address and a Message-ID are worth
//! something in the hands of the person alone to whom that mail was written.

use proofdesk_engine::{Audience, Caller, Reference};
use proofdesk_model::Action;
use proofdesk_store::{Row, Select};

use crate::address::Hearers;
use crate::desk::Mail;
use crate::error::Error;
use crate::message::Message;

/// The same words in all mails about one record, by which programs put them together. They name no mail.
pub(crate) const THREAD: &str = ".thread@";

/// Something in a mail that leads to a record.
#[derive(Debug, Clone)]
struct Hint {
    about: Reference,
    audience: Audience,
    /// To whom the desk wrote what is answered; none for what somebody wrote to the desk.
    person: Option<i64>,
}

/// What a mail answers.
#[derive(Debug, Clone)]
pub(super) enum Thread {
    /// A record.
    One(Answered),
    /// A summary of several records: it cannot be told which.
    Several,
    /// Nothing that is known.
    Nothing,
}

/// A record that is answered.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    /// The record.
    pub about: Reference,
    /// Who hears the answer: staff only, where anything of what is answered was for them only.
    pub audience: Audience,
    /// Everybody to whom the desk wrote what is answered.
    people: Vec<i64>,
}

impl Mail {
    /// What a mail answers.
    pub(super) async fn thread_of(&self, message: &Message, recipient: &str) -> Result<Thread, Error> {
        let mut hints: Vec<Hint> = Vec::new();
        let addresses = std::iter::once(recipient).chain(message.recipients.iter().map(String::as_str));
        for to in addresses.filter_map(|address| self.reply_of(address)) {
            if let Some(about) = self.engine().registry().parse_reference(&to.reference) {
                hints.push(Hint { about, audience: to.hearers.audience(), person: Some(to.person) });
            }
        }
        let own = format!("{THREAD}{}", self.settings().domain().to_ascii_lowercase());
        let ids = message.references.iter().filter(|id| !id.to_ascii_lowercase().ends_with(&own));
        let ids: Vec<&str> = ids.map(String::as_str).collect();
        let told = self.told(&ids).await?;
        for id in ids {
            let mut of_id =
                told.iter().filter(|(known, _)| known == id).map(|(_, hint)| hint.clone()).peekable();
            let Some(first) = of_id.peek().cloned() else { continue };
            let found: Vec<Hint> = of_id.collect();
            if hints.is_empty() && found.iter().any(|hint| hint.about != first.about) {
                return Ok(Thread::Several);
            }
            hints.extend(found);
        }
        let Some(about) = hints.first().map(|hint| hint.about.clone()) else { return Ok(Thread::Nothing) };
        hints.retain(|hint| hint.about == about);
        let is_for_staff = hints.iter().any(|hint| hint.audience == Audience::Staff);
        let audience = if is_for_staff { Audience::Staff } else { Audience::Customer };
        let people = hints.into_iter().filter_map(|hint| hint.person).collect();
        Ok(Thread::One(Answered { about, audience, people }))
    }

    /// What is known of mails by their Message-IDs: those that were sent, alone or in a summary, and those that came in,
    /// of several under one the earliest.
    async fn told(&self, ids: &[&str]) -> Result<Vec<(String, Hint)>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rest = ["record_type", "number", "audience", "person"];
        let columns = |id: &'static str| [id, rest[0], rest[1], rest[2], rest[3]];
        let mut found = Vec::new();
        for column in ["message_id", "digest"] {
            let question = Select::from("mail_out", &columns(column)).when_in(column, ids.iter().copied());
            let rows = self.engine().store().select(question.limit(1_000).short()).await?;
            found.extend(rows.iter().filter_map(hint));
        }
        let question = Select::from("mail_in", &columns("message_id"))
            .when_in("message_id", ids.iter().copied())
            .when_in("outcome", ["record", "comment"])
            .order("at");
        let rows = self.engine().store().select(question.limit(1_000).short()).await?;
        for (id, hint) in rows.iter().filter_map(hint) {
            let hint = Hint { person: None, ..hint };
            if !found.iter().any(|(known, _)| *known == id) {
                found.push((id, hint));
            }
        }
        Ok(found)
    }

    /// Who hears what somebody answers; none where he may not read the record or write for these hearers. What staff
    /// answer is for staff only, unless it answers a mail that the desk wrote to that very person: who got hold of
    /// another's mail cannot speak to a customer in the name of staff.
    pub(super) async fn hearers_of(
        &self,
        caller: &Caller,
        thread: &Answered,
    ) -> Result<Option<Audience>, Error> {
        let Some(of) = self.engine().registry().get(&thread.about.record_type).cloned() else {
            return Ok(None);
        };
        let is_theirs = caller.person.is_some_and(|person| thread.people.contains(&person));
        let is_staff = caller.may(&of, &Audience::Staff.action());
        let audience = if is_staff && !is_theirs { Audience::Staff } else { thread.audience };
        let may = caller.may(&of, &Action::Read) && caller.may(&of, &audience.action());
        let Some(record) = self.engine().store().load(&of, thread.about.number).await? else {
            return Ok(None);
        };
        Ok((may && self.engine().is_seen(caller, &record).await?).then_some(audience))
    }
}

fn hint(row: &Row) -> Option<(String, Hint)> {
    let about = Reference::new(row.opt_text(1)?, row.opt_int(2)?);
    let audience = if row.opt_text(3) == Some(Audience::Customer.as_str()) {
        Audience::Customer
    } else {
        Audience::Staff
    };
    Some((row.text(0).to_owned(), Hint { about, audience, person: row.opt_int(4) }))
}

impl Hearers {
    /// The audience of what is written for them.
    pub(crate) fn audience(self) -> Audience {
        match self {
            Self::Customer => Audience::Customer,
            Self::Staff => Audience::Staff,
        }
    }
}

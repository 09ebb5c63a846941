//! The follower of the log: for each entry, who is told by mail; letters and the place in the log in one transaction.
//!
//! Invariant: each entry is told of once, whatever stops the program; nobody is told what he may not see, and no words
//! of a note leave.

mod mention;

use std::collections::HashSet;
use std::sync::Arc;

use proofdesk_engine::{Audience, Record, Reference};
use proofdesk_model::{Action, Caller, Outcome, RecordType, format};
use proofdesk_store::{Select, Statement, StoredEntry};
use serde_json::Value as Json;

use crate::address::{Hearers, ReplyTo};
use crate::decide::{self, Decision};
use crate::declared::{Tell, To, Values};
use crate::desk::Mail;
use crate::error::Error;
use crate::person::{Contact, in_field};
use crate::queue::{DAY, Letter};

/// Name of the setting that keeps the place in the log.
pub(crate) const PLACE: &str = "mail_place";
/// Entries read at a time.
const AT_ONCE: usize = 100;
/// Doors by which nothing happens now: nobody is told.
const SILENT: [&str; 2] = ["import", "demo"];
/// People who are told of one entry at most.
const MOST: usize = 200;

/// What an entry tells, as far as mail asks.
struct Told {
    action: String,
    person: Option<i64>,
    by: String,
    audience: Option<String>,
    words: String,
    is_quiet: bool,
    changed: Vec<String>,
}

impl Told {
    fn read(entry: &StoredEntry) -> Option<Self> {
        let body: Json = serde_json::from_slice(&entry.body).ok()?;
        if SILENT.contains(&body["door"].as_str()?) {
            return None;
        }
        let note = &body["note"];
        let text = |json: &Json| json.as_str().map(str::to_owned);
        Some(Self {
            action: text(&body["action"])?,
            person: body["by"]["person"].as_i64(),
            by: text(&body["by"]["name"])?,
            audience: text(&note["audience"]),
            words: text(&note["body"]).unwrap_or_default(),
            is_quiet: note["mail"]["quiet"].as_bool().unwrap_or_default(),
            changed: body["set"].as_object().map(|set| set.keys().cloned().collect()).unwrap_or_default(),
        })
    }

    fn fits(&self, tell: &Tell, of: &RecordType) -> bool {
        let acts = tell
            .on
            .as_deref()
            .is_none_or(|on| on == self.action || (on == "step" && of.transition(&self.action).is_some()));
        let is_quiet = self.is_quiet && self.action == "create";
        tell.of.as_deref().is_none_or(|name| name == of.name)
            && acts
            && !is_quiet
            && tell.changed.as_ref().is_none_or(|field| self.changed.contains(field))
            && tell.audience.as_ref().is_none_or(|audience| self.audience.as_ref() == Some(audience))
    }
}

impl Mail {
    /// Tells of the entries that are new; gives how many were looked at. On the first start nothing that was before is
    /// told.
    ///
    /// # Errors
    /// A fault of the database; nothing was moved on then.
    pub async fn follow(&self) -> Result<usize, Error> {
        self.refresh_keys().await?;
        let store = self.engine().store();
        let rows = store.select(Select::from("setting", &["value"]).when("name", PLACE).limit(1)).await?;
        let Some(was) = rows.first().map(|row| row.text(0).to_owned()) else {
            let place = store.log_size().await?.to_string();
            let row = Statement::insert_new("setting").set("name", PLACE).set("value", place);
            store.execute(vec![row.set("updated_at", self.engine().now())]).await?;
            return Ok(0);
        };
        let place: u64 = was.parse().map_err(|_| {
            let why = format!(
                "the setting `{PLACE}` of the database is `{was}`, no place in the log: nothing is told"
            );
            Error::Settings(why)
        })?;
        let entries = store.entry_range(place, AT_ONCE).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let mut rows = Vec::new();
        for entry in &entries {
            rows.extend(self.letters(entry).await?);
        }
        let now = self.engine().now();
        let next = place + entries.len() as u64;
        // another node that was faster has told the same
        let moved = Statement::update("setting").set("value", next.to_string()).set("updated_at", now);
        rows.push(moved.when("name", PLACE).when("value", was).must_hit());
        let told = rows.len() > 1;
        match store.execute(rows).await {
            Ok(()) | Err(proofdesk_store::Error::NotFound(_)) => {}
            Err(other) => return Err(other.into()),
        }
        if told {
            self.wake();
        }
        Ok(entries.len())
    }

    /// The rows of the letters that an entry causes.
    async fn letters(&self, entry: &StoredEntry) -> Result<Vec<Statement>, Error> {
        let of = self.engine().registry().get(&entry.record.record_type).cloned();
        let Some(of) = of.filter(|_| entry.at > self.engine().now() - DAY) else { return Ok(Vec::new()) };
        let Some(told) = Told::read(entry) else { return Ok(Vec::new()) };
        let tells: Vec<&Tell> = self.declared().tells.iter().filter(|t| told.fits(t, &of)).collect();
        if tells.is_empty() {
            return Ok(Vec::new());
        }
        let Some(mut record) = self.engine().store().load(&of, entry.record.number).await? else {
            return Ok(Vec::new());
        };
        record.state = state_after(entry).unwrap_or(record.state);
        let mut rows = Vec::new();
        let mut heard = HashSet::new();
        let context = self.engine().context(&Caller::system("Mail"));
        for tell in tells {
            let holds =
                tell.when.as_ref().is_none_or(|when| when.evaluate(&record, &context) == Outcome::True);
            let about = match &tell.about {
                _ if !holds => Vec::new(),
                Some(field) => self.linked(&record, field).await?,
                None => vec![record.clone()],
            };
            for (about, person) in self.people(tell, &told, about).await? {
                let is_self = told.person == Some(person) && !tell.to_self;
                if is_self || heard.len() >= MOST || !heard.insert(person) {
                    continue;
                }
                if let Some(letter) = self.letter(tell, &told, &about, person).await? {
                    let cause = format!("{} {}", entry.write_id, entry.id);
                    rows.push(self.row(Self::letter_id(&cause, person), &letter));
                }
            }
        }
        Ok(rows)
    }

    /// Who is told about which of some records.
    async fn people(
        &self,
        tell: &Tell,
        told: &Told,
        about: Vec<Record>,
    ) -> Result<Vec<(Arc<Record>, i64)>, Error> {
        let mut found = Vec::new();
        for record in about.into_iter().map(Arc::new) {
            let people = self.whom(tell, told, &record).await?;
            found.extend(people.into_iter().map(|person| (record.clone(), person)));
        }
        Ok(found)
    }

    /// The records that a field or a relation of a record names.
    async fn linked(&self, record: &Record, field: &str) -> Result<Vec<Record>, Error> {
        let single = record.of.field(field).filter(|_| record.of.column_index(field).is_some());
        let Some(to) = single.and_then(|f| f.target()) else {
            return Ok(self.engine().related(&Caller::system("Mail"), record, field).await?);
        };
        let (of, number) = (self.engine().registry().get(to).cloned(), in_field(record, field));
        let (Some(of), Some(number)) = (of, number) else { return Ok(Vec::new()) };
        Ok(self.engine().store().load(&of, number).await?.into_iter().collect())
    }

    async fn whom(&self, tell: &Tell, told: &Told, record: &Record) -> Result<Vec<i64>, Error> {
        let mut people = Vec::new();
        for to in &tell.to {
            match to {
                To::Own => people.extend(record.of.own_fields().filter_map(|f| in_field(record, f))),
                To::Field(name) => people.extend(in_field(record, name)),
                To::Watchers => {
                    let about = Reference::new(record.of.name.clone(), record.number);
                    people.extend(self.engine().watchers(&about).await?);
                }
                To::WatchersOf(field) => {
                    for other in self.linked(record, field).await? {
                        let about = Reference::new(other.of.name.clone(), other.number);
                        people.extend(self.engine().watchers(&about).await?);
                    }
                }
                To::Mentioned => people.extend(self.mentioned(&told.words).await?),
                To::May(transition) => {
                    let action = Action::Transition(transition.clone());
                    let today = format::day_of(self.engine().now());
                    for account in self.engine().accounts().await? {
                        let account = account.on(today);
                        if account.active && !account.program && account.caller().may(&record.of, &action) {
                            people.push(account.person);
                        }
                    }
                }
            }
        }
        Ok(people)
    }

    /// The letter to one person; none where he has no address, does not want it, or may not see the record.
    async fn letter(
        &self,
        tell: &Tell,
        told: &Told,
        record: &Record,
        person: i64,
    ) -> Result<Option<Letter>, Error> {
        let Some(contact) = self.contact(person).await? else { return Ok(None) };
        let caller = &contact.caller;
        let is_staff_only = told.audience.as_deref() == Some("staff");
        if !self.engine().is_seen(caller, record).await? || (is_staff_only && !caller.reads_notes(&record.of))
        {
            return Ok(None);
        }
        let wanted = self.preference(person).await?;
        let Some((in_digest, due_at)) = wanted.plan(&contact.zone, self.engine().now(), tell.urgent) else {
            return Ok(None);
        };
        let about = Reference::new(record.of.name.clone(), record.number);
        let mut values = self.values(&contact, record);
        values.insert("by".to_owned(), told.by.clone());
        // of a record that the letter is not about, whoever gets it may see nothing
        if !is_staff_only && tell.about.is_none() {
            values.insert("comment".to_owned(), told.words.clone());
        }
        let ends_at = self.engine().now() + decide::LASTS;
        let decision = Decision { person, about: about.clone(), version: record.version, ends_at };
        let decides = self.decision_address(&decision).filter(|_| tell.decide);
        let is_secret = decides.is_some();
        values.insert("decide".to_owned(), decides.unwrap_or_default());
        let Some(text) = self.declared().text(&tell.text, &contact.language) else { return Ok(None) };
        let (subject, body) = text.fill(&values);
        let answers = self.last_from(&about, person).await?;
        let hearers = if is_staff_only { Hearers::Staff } else { Hearers::Customer };
        let audience = hearers.audience();
        let to = ReplyTo { reference: record.reference(), person, hearers };
        Ok(Some(Letter {
            event: tell.text.clone(),
            person,
            about: Some(about),
            answers,
            audience,
            // an answer becomes a comment: only where he may write one
            reply_to: caller
                .may(&record.of, &Action::Comment)
                .then(|| self.form().address(self.keys().present(), &to)),
            language: contact.language,
            subject,
            body,
            is_secret,
            in_digest,
            due_at,
            give_up_at: is_secret.then_some(ends_at),
        }))
    }

    /// What stands in the places of a text, as far as the person sees it.
    fn values(&self, contact: &Contact, record: &Record) -> Values {
        let mut values = Values::new();
        let shown = contact.caller.shown(record.clone());
        let mut put = |name: &str, value: String| {
            values.insert(name.to_owned(), value);
        };
        put("name", contact.name.clone());
        put("organization", self.organization());
        put("reference", record.reference());
        put("title", record.title());
        put("type", record.of.label.clone());
        let state = record.of.state(&record.state).map_or(record.state.as_str(), |s| s.label.as_str());
        put("state", state.to_owned());
        let due = record.of.clocks.iter().filter_map(|c| shown.instant(&format!("{}_due_at", c.name))).min();
        put("due", due.map(|at| format::show_instant(at, &contact.zone)).unwrap_or_default());
        if let Some(base) = self.public_url() {
            put("link", format!("{base}/{}/{}", record.of.name.replace('_', "-"), record.reference()));
        }
        for column in record.of.columns() {
            if let Some(field) = record.of.field(&column.field)
                && let Some(value) = shown.value(&column.name).filter(|v| !v.is_null())
            {
                put(&format!("its.{}", column.name), format::show(field, value, &contact.zone));
            }
        }
        values
    }

    /// Message-ID of the last mail that a person wrote on a record.
    async fn last_from(&self, about: &Reference, person: i64) -> Result<Option<String>, Error> {
        let question = Select::from("mail_in", &["message_id"])
            .when("record_type", about.record_type.clone())
            .when("number", about.number)
            .when("person", person)
            .order_descending("at")
            .limit(1);
        let rows = self.engine().store().select(question.short()).await?;
        Ok(rows.first().map(|row| row.text(0).to_owned()))
    }

    /// Whether links go by mail: the desk sends mail and knows its own address.
    pub fn sends_links(&self) -> bool {
        self.settings().smtp.is_some() && self.public_url().is_some()
    }

    /// Letters about a link that lets somebody set a password: made ready before the link is, since only then its secret
    /// is known. None where the person has no address or the desk sends no mail.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn link_letter(
        &self,
        account: &proofdesk_engine::Account,
    ) -> Result<Option<LinkLetter>, Error> {
        let contact = if self.sends_links() { self.contact(account.person).await? } else { None };
        Ok(contact.map(|contact| LinkLetter {
            mail: self.clone(),
            contact,
            sign_in: account.sign_in.clone(),
        }))
    }
}

/// A letter that waits for its link.
pub struct LinkLetter {
    mail: Mail,
    contact: Contact,
    sign_in: String,
}

impl LinkLetter {
    /// The row of the letter.
    pub fn row(self, link: &proofdesk_engine::Link, secret: &str) -> Option<Statement> {
        use proofdesk_engine::{Link, account::link};
        match link {
            Link::Invitation(_) => self.write("invitation", link::INVITATION_LASTS, secret),
            Link::Reset(_) => self.write("reset", link::RESET_LASTS, secret),
            Link::First => None,
        }
    }

    /// The row of the letter to who said that he forgot the password.
    pub fn row_of_forgotten(self, secret: &str) -> Option<Statement> {
        self.write("forgotten", proofdesk_engine::account::link::FORGOTTEN_LASTS, secret)
    }

    fn write(self, event: &str, lasts: i64, secret: &str) -> Option<Statement> {
        let now = self.mail.engine().now();
        let mut values = Values::new();
        let pairs = [
            ("name", self.contact.name.clone()),
            ("sign_in", self.sign_in),
            ("organization", self.mail.organization()),
            ("link", format!("{}/link/{secret}", self.mail.public_url()?)),
        ];
        values.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
        let (subject, body) = self.mail.declared().text(event, &self.contact.language)?.fill(&values);
        let letter = Letter {
            event: event.to_owned(),
            person: self.contact.person,
            about: None,
            answers: None,
            audience: Audience::Staff,
            reply_to: None,
            language: self.contact.language,
            subject,
            body,
            is_secret: true,
            in_digest: false,
            due_at: now,
            give_up_at: Some(now + lasts),
        };
        // a secret is random: its digest names the letter
        Some(self.mail.row(Mail::letter_id(&format!("link {secret}"), self.contact.person), &letter))
    }
}

/// The state that an entry led to: the record may have gone on meanwhile.
fn state_after(entry: &StoredEntry) -> Option<String> {
    let body: Json = serde_json::from_slice(&entry.body).ok()?;
    body["set"]["state"][1].as_str().map(str::to_owned)
}

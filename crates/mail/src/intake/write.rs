//! The writes of a mail: record, comment, person; with its files and itself as attachments, in one transaction.

use proofdesk_engine::{
    Addressed, Audience, Beside, Caller, Change, Received, Record, Reference, Target, write_id,
};
use proofdesk_model::{Action, Kind, RecordType, Value};
use serde_json::json;

use super::{Arrival, HOUR};
use crate::declared::{Intake, given};
use crate::desk::Mail;
use crate::error::Error;
use crate::message::Nature;
use crate::settings::Inbox;

/// Characters of a comment that are kept; the rest is in the attached mail.
const COMMENT_MAX: usize = 49_000;
/// Characters of a record's text that are kept.
const TEXT_MAX: usize = 99_000;
/// Characters of the names of files that are kept in a text.
const NAMES_MAX: usize = 400;
/// Beginnings by which programs say that a mail answers or forwards another.
const PREFIXES: [&str; 8] = ["re:", "aw:", "fwd:", "fw:", "wg:", "antw:", "sv:", "rv:"];

/// The name of the file that is the mail itself.
const WHOLE: &str = "message.eml";

/// The files of a mail.
#[derive(Default)]
struct Taken {
    files: Vec<(Received, Audience)>,
    /// Names of those in which the scanner found something.
    harmful: Vec<String>,
}

impl Taken {
    fn add(&mut self, file: Result<Received, Error>, name: &str, audience: Audience) -> Result<(), Error> {
        match file {
            Ok(file) => self.files.push((file, audience)),
            Err(Error::Engine(error)) if error.is_harmful() => self.harmful.push(name.to_owned()),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Mail {
    /// Writes a comment with the mail's files.
    pub(super) async fn write_comment(
        &self,
        mail: &Arrival,
        caller: &Caller,
        (about, audience): (&Reference, Audience),
        said: &str,
        target: &str,
    ) -> Result<(), Error> {
        let of = self.engine().require_type(&about.record_type)?;
        let mut body = cut(&as_markdown(said), COMMENT_MAX);
        let Taken { files, harmful } = self.received(mail, caller, &of, audience).await?;
        let names = mail.message.files.iter().map(|f| f.name.as_str());
        let names = named(names.filter(|name| !harmful.iter().any(|one| one == name)));
        if !names.is_empty() && !caller.may(&of, &Action::Attach) {
            body = format!("{body}\n\nNot kept, since you may not add files here: {names}").trim().to_owned();
        } else if body.trim().is_empty() {
            body = names;
        }
        let body = with_refused(body, &harmful);
        let row = self.row_of(mail, target, "comment", caller.person).set("audience", audience.as_str());
        let beside = Beside::new(files, move |about| vec![told(row.clone(), about)]);
        let id = write_of(&mail.message.id, target, caller.person);
        let on = (caller, about);
        self.engine().comment_beside(on, audience, &body, beside, self.stamp(), id).await?;
        Ok(())
    }

    /// Writes a new record of a person with the mail's files. What is declared and configured is set by the program, in
    /// the person's name.
    pub(super) async fn write_record(
        &self,
        mail: &Arrival,
        person: &Record,
        inbox: &Inbox,
    ) -> Result<Reference, Error> {
        let of = self.engine().require_type(&inbox.record)?;
        let declared = self.declared().intake(&inbox.record);
        let intake = declared.ok_or_else(|| Error::Settings(format!("no intake `{}`", inbox.record)))?;
        let writer = Caller { person: Some(person.number), ..Caller::system(&person.title()) };
        let Taken { files, harmful } = self.received(mail, &writer, &of, Audience::Customer).await?;
        let change = self.change_of(mail, person, (intake, &of), inbox, &harmful)?;
        let row = self.row_of(mail, "new", "record", Some(person.number));
        let row = row.set("audience", Audience::Customer.as_str());
        let beside = Beside::new(files, move |about| vec![told(row.clone(), about)]);
        let id = write_of(&mail.message.id, "new", Some(person.number));
        let target = Target::New(of.name.clone());
        let made = self.engine().apply_beside(&writer, target, change, beside, self.stamp(), id).await?;
        Ok(Reference::new(of.name.clone(), made.record.number))
    }

    fn change_of(
        &self,
        mail: &Arrival,
        person: &Record,
        (intake, of): (&Intake, &RecordType),
        inbox: &Inbox,
        harmful: &[String],
    ) -> Result<Change, Error> {
        let message = &mail.message;
        let longest = match of.field(&intake.title).map(|f| &f.kind) {
            Some(Kind::Text { max }) => *max,
            _ => 200,
        };
        let is_quiet = message.nature != Nature::Person;
        let mut change = Change {
            note: Some(json!({"mail": {"message_id": message.id, "sha256": mail.sha256, "quiet": is_quiet}})),
            ..Change::default()
        };
        change = change.with_text(&intake.title, &title(&message.subject, &message.text, longest));
        let text = with_refused(cut(&as_markdown(&message.text), TEXT_MAX), harmful);
        if !text.is_empty() {
            change = change.with_text(&intake.text, &text);
        }
        change = change.with(&intake.by, Value::Link(person.number));
        for field in &intake.copy {
            if let Some(value) = person.value(field).filter(|v| !v.is_null()) {
                change = change.with(field, value.clone());
            }
        }
        for (name, written) in intake.set.iter().map(|(f, v)| (f, v)).chain(&inbox.set) {
            let value = given(of, name, written, self.engine().registry()).map_err(Error::Settings)?;
            change = change.with(name, value);
        }
        Ok(change)
    }

    /// Takes the mail's files in, and the mail itself for staff. None for who may not add files: of the mail its digest
    /// is kept then. Where the scanner found something in a file, the mail is not kept whole either.
    async fn received(
        &self,
        mail: &Arrival,
        caller: &Caller,
        of: &RecordType,
        audience: Audience,
    ) -> Result<Taken, Error> {
        let mut taken = Taken::default();
        if !caller.may(of, &Action::Attach) {
            return Ok(taken);
        }
        for file in &mail.message.files {
            taken.add(self.receive(caller, of, &file.name, &file.bytes).await, &file.name, audience)?;
        }
        if taken.harmful.is_empty() {
            taken.add(self.receive(caller, of, WHOLE, &mail.raw).await, WHOLE, Audience::Staff)?;
        }
        Ok(taken)
    }

    async fn receive(
        &self,
        caller: &Caller,
        of: &RecordType,
        name: &str,
        bytes: &[u8],
    ) -> Result<Received, Error> {
        let most = bytes.len() as u64;
        let mut intake = match self.engine().receive(caller, of, name, most).await {
            // a name of which nothing is left that can be seen
            Err(proofdesk_engine::Error::Invalid(_)) => {
                self.engine().receive(caller, of, "file", most).await?
            }
            other => other?,
        };
        for part in bytes.chunks(65_536) {
            intake.write(part).await?;
        }
        Ok(intake.finish().await?)
    }

    /// Makes a person of somebody who wrote for the first time. Of several mails at the same instant one does it, on
    /// whatever node: two people with one address would be nobody.
    pub(super) async fn make_person(&self, mail: &Arrival) -> Result<Record, Error> {
        let people = &self.declared().people;
        let of = self.engine().require_type(&people.of)?;
        let Some(from) = &mail.message.from else {
            return Err(Error::Refused("The mail does not say who wrote it.".to_owned()));
        };
        let name = if from.name.is_empty() { &from.address } else { &from.name };
        let mut change =
            Change::default().with_text(&people.name, name).with_text(&people.mail, &from.address);
        for (field, written) in &people.set {
            let value = given(&of, field, written, self.engine().registry()).map_err(Error::Settings)?;
            change = change.with(field, value);
        }
        let hour = self.engine().now() / HOUR;
        let id = write_id("mail person", &from.address, &hour.to_be_bytes());
        let target = Target::New(of.name.clone());
        let system = Caller::system("Mail");
        match self.engine().apply_at(&system, target, change, self.stamp(), id).await {
            Ok(made) => Ok(made.record),
            Err(error) => match self.engine().person_by_address(&from.address).await? {
                Addressed::One(made) => Ok(*made),
                _ => Err(error.into()),
            },
        }
    }
}

/// The id of what a person's mail writes: the same mail writes once.
pub(crate) fn write_of(message_id: &str, target: &str, person: Option<i64>) -> uuid::Uuid {
    write_id("mail in", message_id, format!("{target} {}", person.unwrap_or_default()).as_bytes())
}

/// The row of a mail with the record that it became or answers.
fn told(row: proofdesk_store::Statement, about: &Reference) -> proofdesk_store::Statement {
    row.set("record_type", about.record_type.clone()).set("number", about.number)
}

/// Names of files, in a line that leaves room for a text beside it.
fn named<'a>(names: impl Iterator<Item = &'a str>) -> String {
    cut(&names.collect::<Vec<_>>().join(", "), NAMES_MAX)
}

/// A text that names the files that were refused.
fn with_refused(text: String, harmful: &[String]) -> String {
    if harmful.is_empty() {
        return text;
    }
    let names = named(harmful.iter().map(String::as_str));
    let text = format!("{text}\n\nNot kept, since the virus scanner found harmful content: {names}");
    text.trim().to_owned()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain("\n\n…".chars()).collect()
}

/// Plain text as Markdown that keeps its lines.
fn as_markdown(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut out = String::with_capacity(text.len() + 64);
    for (at, line) in lines.iter().enumerate() {
        out.push_str(line);
        let more = lines.get(at + 1).is_some_and(|next| !next.is_empty());
        if !line.is_empty() && more {
            out.push_str("  ");
        }
        out.push('\n');
    }
    out.trim().to_owned()
}

/// The title of a record: the subject without what programs put before it, else the first words of the text.
fn title(subject: &str, text: &str, longest: usize) -> String {
    let mut left = subject.trim();
    loop {
        // by characters: a prefix is plain, but what follows need not be
        let lower = left.to_lowercase();
        let found = PREFIXES.iter().find(|p| lower.starts_with(**p) && left.is_char_boundary(p.len()));
        match found {
            Some(prefix) => left = left[prefix.len()..].trim_start(),
            None => break,
        }
    }
    let first = || text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("(no subject)");
    let chosen = if left.is_empty() { first() } else { left };
    chosen.chars().take(longest.min(200)).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{as_markdown, title, with_refused};

    #[test]
    fn titles_lose_prefixes_and_are_never_empty() {
        assert_eq!(title("Re: AW: Fwd:  Till", "", 200), "Till");
        assert_eq!(title("", "\n\n  No paper\nmore", 200), "No paper");
        assert_eq!(title("Re:", "", 200), "(no subject)");
        assert_eq!(title("İre: x", "", 200), "İre: x");
        assert_eq!(title(&"ä".repeat(300), "", 120).chars().count(), 120);
    }

    #[test]
    fn however_many_files_are_named_the_text_has_room() {
        let many: Vec<String> = (0..500).map(|n| format!("a bill of the month {n}.txt")).collect();
        let said = with_refused("No paper.".to_owned(), &many);
        assert!(
            said.starts_with("No paper.\n\n") && said.ends_with('…') && said.chars().count() < 600,
            "{said}"
        );
        assert_eq!(with_refused("No paper.".to_owned(), &[]), "No paper.");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(as_markdown("one\ntwo\n\nthree\n"), "one  \ntwo\n\nthree");
    }
}

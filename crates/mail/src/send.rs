//! Out by SMTP: takes due letters from the queue, sends them, tries again with growing patience, gives up with a word.
//!
//! Invariant: a letter leaves the queue only when a server has taken it. A crash between the two sends it twice under
//! the same Message-ID.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls as Secure, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use proofdesk_store::{Row, Select, Statement};
use tracing::Instrument as _;

use crate::address::masked;
use crate::compose::{Parts, compose};
use crate::declared::Values;
use crate::desk::Mail;
use crate::error::Error;
use crate::intake::THREAD;
use crate::settings::{Server, Tls};

/// How long a sender may hold a letter before another may take it, microseconds.
const LEASE: i64 = 300_000_000;
/// Letters taken at a time.
const AT_ONCE: usize = 20;
/// Letters of one digest at most; the rest is in the next one.
const DIGEST_MOST: usize = 100;
/// A minute, microseconds.
const MINUTE: i64 = 60_000_000;
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// A letter as it lies in the queue.
#[derive(Debug, Clone)]
struct Waiting {
    id: String,
    person: i64,
    thread: Option<String>,
    message_id: String,
    answers: Option<String>,
    reply_to: Option<String>,
    subject: String,
    body: String,
    is_secret: bool,
    in_digest: bool,
    give_up_at: i64,
    attempts: i64,
    lease: i64,
}

const COLUMNS: [&str; 14] = [
    "id",
    "person",
    "record_type",
    "number",
    "message_id",
    "answers",
    "reply_to",
    "subject",
    "body",
    "secret",
    "state",
    "give_up_at",
    "attempts",
    "lease_until",
];

/// What became of a letter.
enum Outcome {
    Sent,
    Later(String),
    Never(String),
    /// The server itself is away: the others wait, too.
    Away(String),
}

/// Opens the way to a server, without connecting.
pub(crate) fn transport(server: &Server) -> Result<Transport, Error> {
    let wrong = |e: lettre::transport::smtp::Error| Error::Settings(format!("mail.smtp: {e}"));
    let mut parameters = TlsParameters::builder(server.host.clone());
    if let Some(file) = &server.ca_file {
        let read =
            proofdesk_reach::authorities(file).map_err(|e| Error::Settings(format!("mail.smtp: {e}")))?;
        parameters = parameters.certificate_store(CertificateStore::None);
        for certificate in read {
            let certificate = Certificate::from_der(certificate.to_vec()).map_err(wrong)?;
            parameters = parameters.add_root_certificate(certificate);
        }
    }
    let (secure, usual) = match server.tls {
        Tls::None => (Secure::None, 25),
        Tls::Starttls => (Secure::Required(parameters.build_rustls().map_err(wrong)?), 587),
        Tls::Tls => (Secure::Wrapper(parameters.build_rustls().map_err(wrong)?), 465),
    };
    let mut builder = Transport::builder_dangerous(server.host.clone())
        .port(server.port.unwrap_or(usual))
        .tls(secure)
        .timeout(Some(PATIENCE));
    if let (Some(user), Some(password)) = (&server.user, server.password()?) {
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    Ok(builder.build())
}

/// Tries whether the server answers and lets us in.
///
/// # Errors
/// `Settings`, `Away`.
pub async fn check(server: &Server) -> Result<(), Error> {
    let asked = tokio::time::timeout(PATIENCE, transport(server)?.test_connection()).await;
    match asked {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Error::Away(format!("{} answers, but not as a mail server.", server.host))),
        Ok(Err(e)) => Err(Error::Away(format!("{}: {}", server.host, masked(&chain(&e))))),
        Err(_) => Err(Error::Away(format!("{} does not answer.", server.host))),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

impl Mail {
    /// Sends what is due; gives how many letters left the queue. Where the server is away, everything waits.
    ///
    /// # Errors
    /// A fault of the database, settings that cannot be used, or that the server is away.
    pub async fn send_due(&self) -> Result<usize, Error> {
        let Some(server) = &self.settings().smtp else { return Ok(0) };
        let due = self.due().await?;
        if due.is_empty() {
            return Ok(0);
        }
        let transport = transport(server)?;
        let mut sent = 0;
        for first in due {
            let letters = if first.in_digest { self.digest_of(&first).await? } else { vec![first] };
            let letters = self.claim(letters).await?;
            let Some(first) = letters.first() else { continue };
            let outcome = self.send_one(&transport, &letters).await?;
            tracing::debug!(mail = first.id, letters = letters.len(), "a mail was handed over or not");
            if self.settle(&letters, &outcome).await? {
                sent += letters.len();
            }
            if let Outcome::Away(why) = outcome {
                self.note(|w| &mut w.smtp, Err(why.clone()));
                return Err(Error::Away(why));
            }
            self.note(|w| &mut w.smtp, Ok(()));
        }
        Ok(sent)
    }

    async fn due(&self) -> Result<Vec<Waiting>, Error> {
        let now = self.engine().now();
        let question = Select::from("mail_out", &COLUMNS)
            .when_in("state", ["waiting", "digest"])
            .when_up_to("due_at", now)
            .when_up_to("lease_until", now)
            .order("due_at")
            .order("id")
            .limit(AT_ONCE);
        let rows = self.engine().store().select(question).await?;
        Ok(rows.iter().map(|row| self.waiting(row)).collect())
    }

    fn waiting(&self, row: &Row) -> Waiting {
        let about = row.opt_text(2).zip(row.opt_int(3));
        let thread = about.map(|(of, number)| format!("{of}-{number}{THREAD}{}", self.settings().domain()));
        Waiting {
            id: row.text(0).to_owned(),
            person: row.int(1),
            thread,
            message_id: row.text(4).to_owned(),
            answers: row.opt_text(5).map(str::to_owned),
            reply_to: row.opt_text(6).map(str::to_owned),
            subject: row.text(7).to_owned(),
            body: row.text(8).to_owned(),
            is_secret: row.bool(9),
            in_digest: row.text(10) == "digest",
            give_up_at: row.int(11),
            attempts: row.int(12),
            lease: row.int(13),
        }
    }

    /// All letters that wait for the same digest.
    async fn digest_of(&self, first: &Waiting) -> Result<Vec<Waiting>, Error> {
        let now = self.engine().now();
        let question = Select::from("mail_out", &COLUMNS)
            .when("person", first.person)
            .when("state", "digest")
            .when_up_to("due_at", now)
            .when_up_to("lease_until", now)
            .order("at")
            .order("id")
            .limit(DIGEST_MOST);
        let rows = self.engine().store().select(question).await?;
        Ok(rows.iter().map(|row| self.waiting(row)).collect())
    }

    /// Takes letters for this sender; those that another took are left out.
    async fn claim(&self, letters: Vec<Waiting>) -> Result<Vec<Waiting>, Error> {
        let until = self.engine().now() + LEASE;
        let mut claimed = Vec::with_capacity(letters.len());
        for letter in letters {
            let row = Statement::update("mail_out")
                .set("lease_until", until)
                .set("attempts", letter.attempts + 1)
                .when("id", letter.id.clone())
                .when("lease_until", letter.lease)
                .when("state", if letter.in_digest { "digest" } else { "waiting" })
                .must_hit();
            match self.engine().store().execute(vec![row]).await {
                Ok(()) => claimed.push(letter),
                Err(proofdesk_store::Error::NotFound(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(claimed)
    }

    async fn send_one(&self, transport: &Transport, letters: &[Waiting]) -> Result<Outcome, Error> {
        let span = tracing::debug_span!(
            target: "spans",
            "mail out",
            otel.kind = "producer",
            otel.status_code = tracing::field::Empty,
            proofdesk.mails = letters.len(),
        );
        let sent = self.send_parts(transport, letters).instrument(span.clone()).await;
        if !matches!(sent, Ok(Outcome::Sent)) {
            span.record("otel.status_code", "ERROR");
        }
        sent
    }

    async fn send_parts(&self, transport: &Transport, letters: &[Waiting]) -> Result<Outcome, Error> {
        let Some(first) = letters.first() else { return Ok(Outcome::Sent) };
        let Some(contact) = self.contact(first.person).await? else {
            return Ok(Outcome::Never("The person has no address any more.".to_owned()));
        };
        let is_digest = first.in_digest && letters.len() > 1;
        let id = if is_digest { self.keep_digest(letters).await? } else { first.message_id.clone() };
        let (subject, body) = if is_digest {
            self.digest(&contact, letters)
        } else {
            (first.subject.clone(), first.body.clone())
        };
        let organization = self.organization();
        let sender = self.settings().name.as_deref().unwrap_or(&organization);
        let plain = |value: &'_ Option<String>| if is_digest { None } else { value.clone() };
        let (reply_to, answers, thread) =
            (plain(&first.reply_to), plain(&first.answers), plain(&first.thread));
        let parts = Parts {
            from: (sender, &self.settings().address),
            to: (&contact.name, &contact.address),
            reply_to: reply_to.as_deref(),
            id: &id,
            answers: answers.as_deref(),
            thread: thread.as_deref(),
            language: &contact.language,
            subject: &subject,
            body: &body,
            at: self.engine().now(),
        };
        let message = match compose(&parts) {
            Ok(message) => message,
            Err(Error::Refused(why)) => return Ok(Outcome::Never(why)),
            Err(other) => return Err(other),
        };
        Ok(match tokio::time::timeout(PATIENCE * 3, transport.send(message)).await {
            Ok(Ok(_)) => Outcome::Sent,
            Ok(Err(e)) => {
                let says = masked(&chain(&e));
                if e.is_permanent() {
                    Outcome::Never(says)
                } else if e.is_transient() {
                    Outcome::Later(says)
                } else {
                    Outcome::Away(says)
                }
            }
            Err(_) => Outcome::Away("The server does not answer.".to_owned()),
        })
    }

    /// Keeps with several letters the Message-ID of the one mail in which they go; the same letters have the same.
    async fn keep_digest(&self, letters: &[Waiting]) -> Result<String, Error> {
        let ids: Vec<&str> = letters.iter().map(|letter| letter.id.as_str()).collect();
        let id = proofdesk_engine::write_id("mail digest", &ids.join(" "), b"");
        let id = format!("{id}@{}", self.settings().domain());
        let row = |letter: &Waiting| {
            Statement::update("mail_out").set("digest", id.clone()).when("id", letter.id.clone())
        };
        self.engine().store().execute(letters.iter().map(row).collect()).await?;
        Ok(id)
    }

    /// Subject and body of one mail for several letters.
    fn digest(&self, contact: &crate::person::Contact, letters: &[Waiting]) -> (String, String) {
        let rule = "-".repeat(40);
        let items: Vec<String> = letters
            .iter()
            .map(|l| {
                format!("{rule}\n{}\n{rule}\n{}", l.subject, l.body.replace(crate::fold::CUT, "").trim())
            })
            .collect();
        let pairs = [
            ("name", contact.name.clone()),
            ("organization", self.organization()),
            ("count", letters.len().to_string()),
            ("items", items.join("\n\n")),
        ];
        let values: Values = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.declared().text("digest", &contact.language).map(|text| text.fill(&values)).unwrap_or_default()
    }

    /// Writes what became of letters; gives whether they left the queue.
    async fn settle(&self, letters: &[Waiting], outcome: &Outcome) -> Result<bool, Error> {
        let now = self.engine().now();
        let (mut rows, mut became) = (Vec::new(), Vec::new());
        for letter in letters {
            let is_over = match outcome {
                Outcome::Sent => Some("sent"),
                Outcome::Never(_) => Some("dead"),
                Outcome::Later(_) | Outcome::Away(_) => (now >= letter.give_up_at).then_some("dead"),
            };
            became.extend(is_over.map(|word| (letter.id.clone(), word)));
            let row = Statement::update("mail_out").set("lease_until", 0_i64).when("id", letter.id.clone());
            let dead = |row: Statement, why: &str| {
                let row = row.set("state", "dead").set("error", why.to_owned());
                if letter.is_secret { row.set("body", "") } else { row }
            };
            rows.push(match outcome {
                Outcome::Sent => {
                    let row = row.set("state", "sent").set("sent_at", now).set("error", None::<String>);
                    if letter.is_secret { row.set("body", "") } else { row }
                }
                Outcome::Never(why) => dead(row, why),
                Outcome::Later(why) | Outcome::Away(why) if now >= letter.give_up_at => dead(row, why),
                Outcome::Later(why) => {
                    row.set("error", why.clone()).set("due_at", now + backoff(letter.attempts))
                }
                Outcome::Away(why) => {
                    let wait = backoff(letter.attempts).min(5 * MINUTE);
                    row.set("error", why.clone()).set("due_at", now + wait)
                }
            });
        }
        self.seal(rows, &became, now).await?;
        if let Outcome::Never(why) = outcome {
            tracing::warn!(mail = letters.first().map(|l| l.id.as_str()), why, "a mail was refused for good");
        }
        Ok(matches!(outcome, Outcome::Sent))
    }
}

/// How long to wait after so many tries, microseconds: one minute, doubled, four hours at most.
fn backoff(attempts: i64) -> i64 {
    (MINUTE << attempts.clamp(0, 8)).min(240 * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::{MINUTE, backoff};

    #[test]
    fn patience_grows_to_four_hours() {
        let waits: Vec<i64> = (0..12).map(|n| backoff(n) / MINUTE).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240, 240]);
    }
}

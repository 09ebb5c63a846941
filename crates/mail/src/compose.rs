//! A letter of the queue as a mail: headers by which others know it as made by a program, plain text.
//!
//! Source: RFC 5322, RFC 3834 (Auto-Submitted). Invariant: every mail carries the mark by which a loop is known.

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::{Address, Message};

use crate::error::Error;
use crate::message::OWN;

/// What a mail is made of.
#[derive(Debug, Clone)]
pub(crate) struct Parts<'a> {
    /// Sender: name and address.
    pub from: (&'a str, &'a str),
    /// Recipient: name and address.
    pub to: (&'a str, &'a str),
    /// Address for replies.
    pub reply_to: Option<&'a str>,
    /// Its Message-ID without brackets.
    pub id: &'a str,
    /// Message-ID that it answers.
    pub answers: Option<&'a str>,
    /// Message-ID of the thread.
    pub thread: Option<&'a str>,
    /// Language of the text.
    pub language: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Body.
    pub body: &'a str,
    /// When it is sent, microseconds UTC.
    pub at: i64,
}

fn mailbox(name: &str, address: &str) -> Result<Mailbox, Error> {
    let address: Address =
        address.parse().map_err(|_| Error::Refused("The address of the person is none.".to_owned()))?;
    let clean: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
    Ok(Mailbox::new((!clean.trim().is_empty()).then(|| clean.trim().to_owned()), address))
}

/// A language as a header names it: a person's record may say anything.
fn language(written: &str) -> String {
    written.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(35).collect()
}

/// Composes a mail.
pub(crate) fn compose(parts: &Parts<'_>) -> Result<Message, Error> {
    let seconds = u64::try_from(parts.at / 1_000_000).unwrap_or_default();
    let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    let mut builder = Message::builder()
        .from(mailbox(parts.from.0, parts.from.1)?)
        .to(mailbox(parts.to.0, parts.to.1)?)
        .message_id(Some(format!("<{}>", parts.id)))
        .date(date)
        .subject(parts.subject);
    if let Some(reply_to) = parts.reply_to {
        builder = builder.reply_to(mailbox(parts.from.0, reply_to)?);
    }
    if let Some(answers) = parts.answers {
        builder = builder.in_reply_to(format!("<{answers}>"));
    }
    let references: Vec<String> =
        parts.thread.iter().chain(parts.answers.iter()).map(|id| format!("<{id}>")).collect();
    if !references.is_empty() {
        builder = builder.references(references.join(" "));
    }
    let text = SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(parts.body.to_owned());
    let mut message =
        builder.singlepart(text).map_err(|e| Error::Refused(format!("The mail cannot be composed: {e}")))?;
    let automatic = if parts.answers.is_some() { "auto-replied" } else { "auto-generated" };
    for (name, value) in [
        ("Auto-Submitted", automatic),
        ("X-Auto-Response-Suppress", "All"),
        ("Content-Language", &language(parts.language)),
        (OWN, parts.from.1),
    ] {
        if let Ok(name) = HeaderName::new_from_ascii(name.to_owned()) {
            message.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
        }
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Parts, compose};
    use crate::message::{Message, Nature};

    #[test]
    fn a_composed_mail_is_read_again_and_known_as_our_own() {
        let parts = Parts {
            from: ("Tills & \"Co\"\r\nBcc: x@y.example", "desk@desk.example"),
            to: ("Jürgen Groß", "j@customer.example"),
            reply_to: Some("desk+inc-1.7c.00112233445566778899@desk.example"),
            id: "0199@desk.example",
            answers: Some("m1@customer.example"),
            thread: Some("inc-1.thread@desk.example"),
            language: "de\r\nBcc: x@y.example",
            subject: "[INC-1] Störung in München\r\nBcc: x@y.example",
            body: "Guten Tag Jürgen,\n\n.\nFrom here on: a very long line that goes on and on and on and on and on and on and on and on and on.\n",
            at: 1_772_442_000_000_000,
        };
        let raw = compose(&parts).unwrap().formatted();
        let text = String::from_utf8(raw.clone()).unwrap();
        assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 998), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
        assert!(text.contains("\r\nContent-Language: deBccxyexample\r\n"), "{text}");
        let read = Message::read(&raw);
        assert_eq!(read.nature, Nature::Desk);
        assert_eq!(read.text.trim(), parts.body.trim());
        assert_eq!(read.subject, "[INC-1] Störung in München Bcc: x@y.example");
        assert_eq!(read.references, ["m1@customer.example", "inc-1.thread@desk.example"]);
        assert_eq!(read.id, "0199@desk.example");
        assert!(text.contains("Date: Mon, 02 Mar 2026 09:00:00 +0000"), "{text}");
    }
}

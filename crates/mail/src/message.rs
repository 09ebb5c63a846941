//! A mail as the desk needs it: who, what about, what is said, which files, which earlier mails it answers.
//!
//! Source: RFC 5322, RFC 2045 to 2047, RFC 2231, RFC 3464 (reports of delivery), RFC 3834 (automatic answers).
//! Invariant: no bytes make it fail; whatever cannot be read is read as far as it goes.

mod bounds;
mod files;
mod nature;
mod report;

use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::html::html_to_text;
use mail_parser::{Address, HeaderName, MessageParser, PartType};
use sha2::{Digest, Sha256};

use crate::address::normal;
use bounds::Bounded;
pub use files::File;
pub use nature::{Nature, OWN};
pub use report::Report;

/// Characters of a subject that are kept.
const SUBJECT_MAX: usize = 500;
/// Characters of a text that are read.
const TEXT_MAX: usize = 400_000;
/// References that are looked at.
const REFERENCES_MAX: usize = 60;

/// A person at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name that stands beside it; empty where there is none.
    pub name: String,
    /// The address, in lower case.
    pub address: String,
}

/// A mail that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its Message-ID without brackets; made from its bytes where it has none.
    pub id: String,
    /// Who wrote it; none where it does not name exactly one address in exactly one header `From`.
    pub from: Option<Mailbox>,
    /// All addresses in To, Cc and what servers say of the delivery, in lower case, each once.
    pub recipients: Vec<String>,
    /// Its subject in one line; may be empty.
    pub subject: String,
    /// Message-IDs that it answers, the nearest first.
    pub references: Vec<String>,
    /// What it says, as plain text; may be empty.
    pub text: String,
    /// What is attached.
    pub files: Vec<File>,
    /// What kind of mail it is.
    pub nature: Nature,
    /// What a report of delivery says.
    pub report: Option<Report>,
    /// It has more parts, headers or mails in mails than anybody sends, and was not read.
    pub is_trap: bool,
}

impl Message {
    /// Reads a mail.
    pub fn read(raw: &[u8]) -> Self {
        let bounded = bounds::bounded(raw);
        let safe = match &bounded {
            Bounded::Whole(raw) => raw,
            Bounded::Defused(changed) => changed.as_slice(),
            Bounded::Refused => return Self { is_trap: true, ..Self::unreadable(&[]) }.of_bytes(raw),
        };
        let parsed = MessageParser::default().parse(safe);
        let Some(parsed) = parsed.filter(|m| !m.parts.is_empty()) else { return Self::unreadable(raw) };
        let from =
            writer(&parsed).map(|mailbox| Mailbox { name: readable_name(&parsed, mailbox.name), ..mailbox });
        let report = report::read(&parsed);
        Self {
            id: parsed.message_id().and_then(clean_id).unwrap_or_else(|| id_of(raw)),
            recipients: recipients(&parsed),
            subject: subject(&parsed),
            references: references(&parsed),
            text: text(&parsed),
            files: files::of(&parsed),
            nature: nature::of(&parsed, report.is_some()),
            report,
            from,
            is_trap: false,
        }
    }

    /// With the Message-ID that is made from these bytes.
    fn of_bytes(self, raw: &[u8]) -> Self {
        Self { id: id_of(raw), ..self }
    }

    /// Bytes that are no mail at all: they are its text.
    fn unreadable(raw: &[u8]) -> Self {
        Self {
            id: id_of(raw),
            from: None,
            recipients: Vec::new(),
            subject: String::new(),
            references: Vec::new(),
            text: clean(&String::from_utf8_lossy(raw), TEXT_MAX),
            files: Vec::new(),
            nature: Nature::Person,
            report: None,
            is_trap: false,
        }
    }
}

/// A Message-ID for a mail that has none: the same bytes have the same.
fn id_of(raw: &[u8]) -> String {
    format!("{}@no-message-id.invalid", hex::encode(&Sha256::digest(raw)[..16]))
}

fn clean_id(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let strange = |c: char| c.is_control() || c.is_whitespace() || "<>,\"".contains(c);
    let is_good = !id.is_empty() && !id.contains(strange);
    is_good.then(|| id.chars().take(400).collect())
}

/// A text without characters that cannot be stored or seen, at most so long.
fn clean(text: &str, most: usize) -> String {
    let keeps = |c: &char| matches!(c, '\n' | '\t') || !c.is_control();
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\u{a0}', " ")
        .chars()
        .filter(keeps)
        .take(most)
        .collect()
}

fn in_a_line(text: &str, most: usize) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(most).collect()
}

fn mailbox(written: &mail_parser::Addr<'_>) -> Option<Mailbox> {
    let address = normal(written.address.as_deref()?)?;
    Some(Mailbox { name: in_a_line(written.name.as_deref().unwrap_or_default(), 200), address })
}

fn mailboxes(address: Option<&Address<'_>>) -> Vec<Mailbox> {
    match address {
        Some(Address::List(list)) => list.iter().filter_map(mailbox).collect(),
        Some(Address::Group(groups)) => {
            groups.iter().flat_map(|g| &g.addresses).filter_map(mailbox).collect()
        }
        None => Vec::new(),
    }
}

/// Who wrote a mail. A second header, a second address, a group, or another address beside the one in brackets is read
/// differently by every program, so nobody is named by it; `Sender` says who sent it, not who wrote it.
fn writer(parsed: &mail_parser::Message<'_>) -> Option<Mailbox> {
    let mut headers = parsed.headers().iter().filter(|header| header.name == HeaderName::From);
    let (Some(header), None) = (headers.next(), headers.next()) else { return None };
    let Some(Address::List(list)) = header.value.as_address() else { return None };
    let [one] = list.as_slice() else { return None };
    let found = mailbox(one)?;
    let (from, to) = (usize::try_from(header.offset_start).ok()?, usize::try_from(header.offset_end).ok()?);
    let written = String::from_utf8_lossy(parsed.raw_message().get(from..to)?).into_owned();
    let bare = unquoted(&written);
    let mut words =
        bare.split(|c: char| c.is_whitespace() || "<>,;:()'".contains(c)).filter(|w| w.contains('@'));
    words.all(|word| normal(word).as_deref() == Some(found.address.as_str())).then_some(found)
}

/// A header without what stands in quotation marks.
fn unquoted(text: &str) -> String {
    let (mut out, mut is_quoted, mut chars) = (String::new(), false, text.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => {
                chars.next();
            }
            _ if is_quoted => {}
            other => out.push(other),
        }
    }
    out
}

/// The first header of a name, as it is written.
fn header<'a>(parsed: &'a mail_parser::Message<'_>, name: &str) -> Option<&'a str> {
    parsed.headers_raw().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn recipients(parsed: &mail_parser::Message<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in ["Delivered-To", "X-Original-To", "Envelope-To"] {
        found.extend(header(parsed, name).and_then(normal));
    }
    let written = parsed.all_to().chain(parsed.all_cc());
    found.extend(written.flat_map(|list| mailboxes(Some(list))).map(|m| m.address));
    let mut seen = std::collections::HashSet::new();
    found.retain(|address| seen.insert(address.clone()));
    found.truncate(500);
    found
}

/// A header's text where its bytes are neither encoded nor UTF-8: such mails are written in the code page of Windows.
fn eight_bit(parsed: &mail_parser::Message<'_>, name: HeaderName<'static>) -> Option<String> {
    let header = parsed.headers().iter().find(|h| h.name == name)?;
    let (from, to) = (usize::try_from(header.offset_start).ok()?, usize::try_from(header.offset_end).ok()?);
    let raw = parsed.raw_message().get(from..to)?;
    if std::str::from_utf8(raw).is_ok() {
        return None;
    }
    windows(raw)
}

/// Bytes in the code page that most mails without a word on it are in.
fn windows(raw: &[u8]) -> Option<String> {
    charset_decoder(b"windows-1252").map(|decode| decode(raw))
}

fn subject(parsed: &mail_parser::Message<'_>) -> String {
    let read = eight_bit(parsed, HeaderName::Subject);
    in_a_line(&read.unwrap_or_else(|| parsed.subject().unwrap_or_default().to_owned()), SUBJECT_MAX)
}

fn readable_name(parsed: &mail_parser::Message<'_>, name: String) -> String {
    if !name.contains('\u{fffd}') {
        return name;
    }
    let raw = eight_bit(parsed, HeaderName::From).unwrap_or_default();
    let name = raw.split('<').next().unwrap_or_default().trim().trim_matches('"');
    in_a_line(name, 200)
}

fn references(parsed: &mail_parser::Message<'_>) -> Vec<String> {
    let ids = |value: &mail_parser::HeaderValue<'_>| -> Vec<String> {
        match (value.as_text_list(), value.as_text()) {
            (Some(list), _) => list.iter().filter_map(|id| clean_id(id)).collect(),
            (None, Some(one)) => one.split_whitespace().filter_map(clean_id).collect(),
            _ => Vec::new(),
        }
    };
    let mut found = ids(parsed.in_reply_to());
    found.extend(ids(parsed.references()).into_iter().rev());
    let mut seen = std::collections::HashSet::new();
    found.retain(|id| seen.insert(id.clone()));
    found.truncate(REFERENCES_MAX);
    found
}

fn text(parsed: &mail_parser::Message<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for number in &parsed.text_body {
        let Some(part) = parsed.part(*number) else { continue };
        match &part.body {
            PartType::Text(text) => parts.push(plain(parsed, part, text)),
            PartType::Html(html) => parts.push(from_html(html)),
            _ => {}
        }
    }
    let mut text = clean(parts.join("\n\n").trim(), TEXT_MAX);
    if text.chars().count() == TEXT_MAX {
        text.push_str("\n…");
    }
    text
}

/// The text of a part; where its bytes are not what its header says, they are read as the code page of Windows.
fn plain(parsed: &mail_parser::Message<'_>, part: &mail_parser::MessagePart<'_>, text: &str) -> String {
    if !text.contains('\u{fffd}') {
        return text.to_owned();
    }
    let (from, to) = (part.offset_body as usize, part.offset_end as usize);
    let raw = parsed.raw_message().get(from..to).unwrap_or_default();
    let bytes = match part.encoding {
        mail_parser::Encoding::None => Some(raw.to_vec()),
        mail_parser::Encoding::QuotedPrintable => {
            mail_parser::decoders::quoted_printable::quoted_printable_decode(raw)
        }
        mail_parser::Encoding::Base64 => mail_parser::decoders::base64::base64_decode(raw),
    };
    bytes
        .filter(|b| std::str::from_utf8(b).is_err())
        .and_then(|b| windows(&b))
        .unwrap_or_else(|| text.to_owned())
}

/// Marks in HTML after which a program quotes the mail that is answered.
const QUOTED: [&str; 6] = [
    "class=\"gmail_quote",
    "id=\"divrplyfwdmsg\"",
    "id=\"appendonsend\"",
    "<blockquote type=\"cite\"",
    "class=\"moz-cite-prefix\"",
    "class=\"yahoo_quoted",
];

/// The text of HTML, without the mail that it quotes at its end.
fn from_html(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mark = QUOTED.iter().filter_map(|mark| lower.find(mark)).min();
    let cut = mark.map(|at| lower[..at].rfind('<').filter(|_| !lower[at..].starts_with('<')).unwrap_or(at));
    let said = cut.map(|at| html_to_text(&html[..at]));
    match said {
        Some(said) if !said.trim().is_empty() => said,
        _ => html_to_text(html),
    }
}

#[cfg(test)]
mod tests;

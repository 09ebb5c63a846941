//! Mails that are made to cost a reader dear: thousands of parts, headers without end, mails in mails in mails.
//!
//! Source: RFC 2046 5.2.1 (a mail inside a mail is not encoded again). Invariant: what is read costs memory in proportion
//! to its bytes, and no depth of it ends the program.

use std::ops::Range;

use mail_parser::{ContentType, Header, HeaderName, Message, MessageParser, MessagePart, PartType};

/// Lines that may begin a part or name a header.
const LINES_MAX: usize = 20_000;
/// Bytes of all headers together.
const HEADERS_MAX: usize = 4 << 20;
/// Mails inside each other.
const DEPTH_MAX: usize = 50;

/// A mail as far as it may be read.
pub(super) enum Bounded<'a> {
    /// As it is.
    Whole(&'a [u8]),
    /// With the encoded mails in it as plain files.
    Defused(Vec<u8>),
    /// Not at all.
    Refused,
}

/// Looks at the structure of a mail before it is read.
pub(super) fn bounded(raw: &[u8]) -> Bounded<'_> {
    if !is_bounded(raw) {
        return Bounded::Refused;
    }
    // encodings are read as what they are not: so nothing is decoded, and nothing inside what is encoded is parsed
    let plain = MessageParser::new()
        .header_content_type(HeaderName::ContentType)
        .header_address(HeaderName::ContentTransferEncoding);
    let Some(parsed) = plain.parse(raw) else { return Bounded::Whole(raw) };
    let mut changed: Option<Vec<u8>> = None;
    let (mut level, mut depth, mut is_refused, mut is_digest) = (vec![parsed], 0, false, false);
    while !level.is_empty() && depth <= DEPTH_MAX {
        depth += 1;
        let mut next = Vec::new();
        for part in level.into_iter().flat_map(|message| message.parts) {
            let kinds: Vec<&ContentType<'_>> = kinds(&part).collect();
            is_digest |= kinds.iter().any(|kind| is(kind, "multipart", "digest"));
            let is_mail =
                kinds.iter().any(|kind| is(kind, "message", "rfc822") || is(kind, "message", "global"));
            let is_encoded = is_encoded(raw, &part);
            if is_mail && is_encoded {
                defuse(changed.get_or_insert_with(|| raw.to_vec()), &part);
            }
            // in a digest a part is a mail by its place alone
            is_refused |= is_digest && is_encoded && kinds.is_empty();
            if let PartType::Message(inner) = part.body {
                next.push(inner);
            }
        }
        level = next;
    }
    is_refused |= !level.is_empty();
    take_apart(level);
    match changed {
        _ if is_refused => Bounded::Refused,
        Some(changed) => Bounded::Defused(changed),
        None => Bounded::Whole(raw),
    }
}

/// Whether a mail has no more structure than people and their programs give it, by a look at its lines. It may take a
/// text for headers, and never headers for a text.
fn is_bounded(raw: &[u8]) -> bool {
    let (mut lines, mut bytes) = (0, 0);
    // blocks of headers that may still come before a text
    let (mut blocks, mut is_digest) = (1_u32, false);
    for line in raw.split(|byte| *byte == b'\n') {
        if line.starts_with(b"--") {
            lines += 1;
            blocks = 1 + u32::from(is_digest);
        } else if line.trim_ascii().is_empty() {
            blocks = blocks.saturating_sub(1);
        } else if blocks > 0 {
            // encoded lines are no headers, and a reader keeps nothing of them
            let is_header = line.contains(&b':');
            lines += usize::from(is_header);
            bytes +=
                if is_header || line.first().is_some_and(u8::is_ascii_whitespace) { line.len() } else { 0 };
            let bare: Vec<u8> =
                line.iter().filter(|b| !b.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect();
            let has = |word: &[u8]| bare.windows(word.len()).any(|part| part == word);
            is_digest |= has(b"digest");
            blocks += u32::from(has(b"message/"));
        }
        if lines > LINES_MAX || bytes > HEADERS_MAX {
            return false;
        }
    }
    true
}

fn place(header: &Header<'_>) -> Range<usize> {
    header.offset_start as usize..header.offset_end as usize
}

fn all<'p>(part: &'p MessagePart<'_>, name: HeaderName<'static>) -> impl Iterator<Item = Range<usize>> + 'p {
    part.headers.iter().filter(move |header| header.name == name).map(place)
}

/// Whether any header of a part says that it is encoded, or says what is not understood.
fn is_encoded(raw: &[u8], part: &MessagePart<'_>) -> bool {
    all(part, HeaderName::ContentTransferEncoding).any(|at| {
        let word = raw.get(at).unwrap_or_default().trim_ascii();
        !["7bit", "8bit", "binary"].iter().any(|plain| word.eq_ignore_ascii_case(plain.as_bytes()))
    })
}

/// All that a part says that it is.
fn kinds<'p, 'x>(part: &'p MessagePart<'x>) -> impl Iterator<Item = &'p ContentType<'x>> {
    let said = part.headers.iter().filter(|header| header.name == HeaderName::ContentType);
    said.filter_map(|header| header.value.as_content_type())
}

fn is(kind: &ContentType<'_>, main: &str, sub: &str) -> bool {
    kind.ctype().eq_ignore_ascii_case(main) && kind.subtype().is_some_and(|is| is.eq_ignore_ascii_case(sub))
}

/// Writes another kind over what a part says that it is.
fn defuse(copy: &mut [u8], part: &MessagePart<'_>) {
    let kind = b" application/octet-stream";
    for at in all(part, HeaderName::ContentType) {
        let Some(value) = copy.get_mut(at) else { continue };
        let end = value.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
        for (at, byte) in value[..end].iter_mut().enumerate() {
            *byte = kind.get(at).copied().unwrap_or(b' ');
        }
    }
}

/// Drops mails inside each other one by one: left to themselves they do it by calling themselves.
fn take_apart(mut messages: Vec<Message<'_>>) {
    while let Some(message) = messages.pop() {
        for part in message.parts {
            if let PartType::Message(inner) = part.body {
                messages.push(inner);
            }
        }
    }
}

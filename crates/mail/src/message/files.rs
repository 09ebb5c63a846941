//! What is attached to a mail, with names that a record can keep.

use mail_parser::{MessagePart, MimeHeaders as _, PartType};

use super::in_a_line;

/// Files of one mail that are kept; the whole mail has them all.
const FILES_MAX: usize = 50;
/// Pictures in a text that are smaller are decoration of a signature, bytes.
const DECORATION: usize = 6_144;

/// A file of a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, never empty.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({:?}, {} bytes)", self.name, self.bytes.len())
    }
}

pub(super) fn of(parsed: &mail_parser::Message<'_>) -> Vec<File> {
    let mut found: Vec<File> = Vec::new();
    for part in parsed.attachments() {
        let bytes: Vec<u8> = match &part.body {
            PartType::Message(message) => message.raw_message().to_vec(),
            PartType::Multipart(_) => continue,
            _ => part.contents().to_vec(),
        };
        let is_picture = part.content_type().is_some_and(|c| c.ctype().eq_ignore_ascii_case("image"));
        let is_shown = part.content_id().is_some() || matches!(part.body, PartType::InlineBinary(_));
        if bytes.is_empty() || (is_picture && is_shown && bytes.len() < DECORATION) {
            continue;
        }
        let name = name_of(part, found.len() + 1);
        found.push(File { name: unused(name, &found), bytes });
        if found.len() == FILES_MAX {
            break;
        }
    }
    found
}

fn name_of(part: &MessagePart<'_>, number: usize) -> String {
    let given = part.attachment_name().map(|name| in_a_line(name, 150)).unwrap_or_default();
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default().trim().to_owned();
    if !last.trim_matches(['.', ' ']).is_empty() {
        return last;
    }
    let kind = part.content_type();
    let (main, sub) = kind.map_or(("", ""), |c| (c.ctype(), c.subtype().unwrap_or_default()));
    let ending = match (main.to_lowercase().as_str(), sub.to_lowercase().as_str()) {
        ("message", "delivery-status") => return format!("delivery-status-{number}.txt"),
        ("message", _) => "eml",
        ("text", "calendar") => "ics",
        ("text", "html") => "html",
        ("text", _) => "txt",
        ("image", "jpeg") => "jpg",
        ("image", "png") => "png",
        ("image", "gif") => "gif",
        ("application", "pdf") => "pdf",
        ("application", "ms-tnef") => "tnef",
        _ => "bin",
    };
    if matches!(part.body, PartType::Message(_)) {
        return format!("message-{number}.eml");
    }
    format!("file-{number}.{ending}")
}

/// A name that no earlier file of the mail has.
fn unused(name: String, found: &[File]) -> String {
    let is_taken = |name: &str| found.iter().any(|f| f.name == name);
    if !is_taken(&name) {
        return name;
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem.to_owned(), format!(".{ending}")),
        _ => (name.clone(), String::new()),
    };
    let numbered = (2..=found.len() + 2).map(|n| format!("{stem}-{n}{ending}"));
    numbered.into_iter().find(|n| !is_taken(n)).unwrap_or(name)
}

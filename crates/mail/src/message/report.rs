//! Reports of delivery: which mail did not arrive, and why.
//!
//! Source: RFC 3464, RFC 3462.

use mail_parser::{MessagePart, MimeHeaders as _, PartType};

use super::{clean_id, in_a_line};
use crate::address::masked;

/// What a report of delivery says. Addresses are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Message-ID of the mail that it is about.
    pub about: Option<String>,
    /// It was given up; else it is only late, or was delivered.
    pub is_failed: bool,
    /// The status, such as `5.1.1`, and what the other server said.
    pub says: String,
}

/// Reads the report that a mail carries.
pub(super) fn read(parsed: &mail_parser::Message<'_>) -> Option<Report> {
    let status = parsed.parts.iter().find(|p| is(p, "message", "delivery-status"))?;
    let text = text_of(status);
    let field = |name: &str| {
        let line = text.lines().find(|l| l.to_lowercase().starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let action = field("action:").unwrap_or_default().to_lowercase();
    let code = field("status:").unwrap_or_default();
    let diagnostic = field("diagnostic-code:").unwrap_or_default();
    let original = parsed.parts.iter().find(|p| {
        is(p, "message", "rfc822") || is(p, "text", "rfc822-headers") || is(p, "message", "rfc822-headers")
    });
    let about = original.and_then(|part| match &part.body {
        PartType::Message(message) => message.message_id().and_then(clean_id),
        _ => {
            let text = text_of(part);
            let line = text.lines().find(|l| l.to_lowercase().starts_with("message-id:"))?;
            line.split_once(':').and_then(|(_, id)| clean_id(id))
        }
    });
    let says = in_a_line(&masked(&format!("{code} {diagnostic}")), 300);
    Some(Report { about, is_failed: action == "failed", says })
}

fn is(part: &MessagePart<'_>, kind: &str, sub: &str) -> bool {
    part.is_content_type(kind, sub)
}

fn text_of(part: &MessagePart<'_>) -> String {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.clone().into_owned(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        PartType::Message(message) => String::from_utf8_lossy(message.raw_message()).into_owned(),
        PartType::Multipart(_) => String::new(),
    }
}

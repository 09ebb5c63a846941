//! What kind of mail it is: from a person, or made by a program that must not be answered.
//!
//! Source: RFC 3834 5, RFC 5321 4.5.5 (the empty return path), RFC 2919 (lists).

use mail_parser::MimeHeaders as _;

/// The mark that this desk puts on its own mails.
pub const OWN: &str = "X-Proofdesk";

/// What kind of mail it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Somebody wrote it.
    Person,
    /// A program made it by itself: a list, a notification, a monitor. It is read, and nobody is answered.
    Generated,
    /// A program answers for somebody who is away. It says nothing about the record.
    AutomaticReply,
    /// A report that a mail could not be delivered.
    Bounce,
    /// A desk of this kind wrote it: a loop.
    Desk,
}

/// Beginnings of subjects by which programs say that somebody is away, in answer to a mail. People begin so, too.
const AWAY: [&str; 11] = [
    "automatic reply:",
    "auto reply:",
    "autoreply:",
    "out of office",
    "out of the office",
    "automatische antwort",
    "abwesenheitsnotiz",
    "abwesend:",
    "abwesenheit:",
    "réponse automatique",
    "autosvar",
];

pub(super) fn of(parsed: &mail_parser::Message<'_>, is_report: bool) -> Nature {
    let header = |name: &str| super::header(parsed, name).map(|value| value.to_lowercase());
    if header(OWN).is_some() || header("X-Loop").is_some_and(|v| v.contains("proofdesk")) {
        return Nature::Desk;
    }
    let from = parsed.from().and_then(|a| a.first()).and_then(|a| a.address.as_deref()).unwrap_or_default();
    let local = from.split('@').next().unwrap_or_default().to_lowercase();
    let no_return = header("Return-Path").as_deref() == Some("<>");
    let is_daemon = local == "mailer-daemon" || (local == "postmaster" && no_return);
    let is_multipart_report = parsed.root_part().is_content_type("multipart", "report");
    if is_report || (is_multipart_report && no_return) || is_daemon {
        return Nature::Bounce;
    }
    let submitted = header("Auto-Submitted").filter(|v| v != "no");
    let precedence = header("Precedence").unwrap_or_default();
    let subject = parsed.subject().unwrap_or_default().trim().to_lowercase();
    let is_answer = header("In-Reply-To").or_else(|| header("References")).is_some()
        || header("X-Auto-Response-Suppress").is_some();
    let answers = submitted.as_deref().is_some_and(|v| v.starts_with("auto-replied"))
        || precedence == "auto_reply"
        || header("X-Autoreply").is_some_and(|v| v != "no")
        || header("X-Autorespond").is_some()
        || header("X-Auto-Reply-From").is_some()
        || (is_answer && AWAY.iter().any(|begin| subject.starts_with(begin)));
    if answers {
        return Nature::AutomaticReply;
    }
    let is_list = header("List-Id").is_some() || ["bulk", "list", "junk"].contains(&precedence.as_str());
    if submitted.is_some() || is_list {
        return Nature::Generated;
    }
    if no_return { Nature::AutomaticReply } else { Nature::Person }
}

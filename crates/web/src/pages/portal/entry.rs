//! What customers read when something goes wrong, and at the doors before the portal: sentences by the code of a
//! problem, never the words of the engine.

use axum::http::StatusCode;
use maud::{Markup, html};
use proofdesk_engine::Problem;
use proofdesk_model::RecordType;

use crate::error::Failure;
use crate::language::{Given, Words};
use crate::layout;

/// What a control is called, where it is called otherwise than its field; those of one type come first.
const CALLED: [(&str, &str, &str); 13] = [
    ("complaint", "title", "complain-title"),
    ("complaint", "description", "complain-description"),
    ("complaint", "category", "complain-category"),
    ("service_request", "description", "ask-description"),
    ("", "title", "form-title"),
    ("", "description", "form-description"),
    ("", "service", "form-service"),
    ("", "picture", "form-file"),
    ("", "body", "request-answer"),
    ("", "why", "step-reopen-why"),
    ("", "approval_note", "step-decline-note"),
    ("", "satisfaction", "rating-ask"),
    ("", "satisfaction_note", "rating-note"),
];

/// What people read beside the control for a field; never the name of the field itself.
pub fn called(words: Words, of: Option<&RecordType>, field: &str) -> String {
    let name = of.map_or("", |of| of.name.as_str());
    let own = CALLED.iter().find(|(kind, named, _)| *named == field && (kind.is_empty() || *kind == name));
    match (own, of.filter(|of| of.field(field).is_some())) {
        (Some((_, _, key)), _) => words.say(key),
        (None, Some(of)) => words.field(of, field),
        (None, None) => words.say("wrong-field"),
    }
}

/// What is wrong with a field, or with a step, as a sentence.
pub fn said(words: Words, of: Option<&RecordType>, problem: &Problem) -> String {
    let field = called(words, of, &problem.field);
    let key = match problem.code.as_str() {
        "required" if problem.field == "service" => "wrong-service",
        "required" => "wrong-required",
        "format" => "wrong-format",
        "range" => "wrong-range",
        "option" => "wrong-option",
        "size" => "wrong-size",
        "link" => "wrong-link",
        "file" => "wrong-file",
        "harmful" => "wrong-harmful",
        "not_scanned" => "wrong-not-scanned",
        "guard" | "apart" | "state" => "wrong-step",
        "permission" => "wrong-permission",
        "sign_in" => "wrong-sign-in",
        "wait" => "wrong-wait",
        _ => "wrong-other",
    };
    words.with(key, &[("field", Given::Text(&field))])
}

/// What is wrong with what somebody does at his own account, as a sentence: each refusal of the engine by its field
/// and code.
pub fn refusal(words: Words, problem: &Problem) -> String {
    words.say(match (problem.field.as_str(), problem.code.as_str()) {
        (_, "wait") => "wrong-wait",
        ("password", "range") => "wrong-password-length",
        ("password", "common") => "wrong-password-common",
        ("password", "sign_in") => "wrong-sign-in",
        ("code", "sign_in") => "wrong-code",
        ("code", "state") => "wrong-factor-there",
        ("passkey", "last") => "wrong-passkey-last",
        ("present" | "passkey", "demanded") => "wrong-factor-demanded",
        ("present", "state") => "wrong-factor-gone",
        ("label", "required") => "wrong-passkey-name",
        ("label", "range") => "wrong-passkey-many",
        ("label", "taken") => "wrong-passkey-taken",
        ("calendar", "required") => "wrong-calendar-name",
        (_, "fresh") => "wrong-sign-in-anew",
        (_, "away") => "wrong-directory-away",
        (_, "unfit") => "wrong-directory-unfit",
        ("quiet", _) => "wrong-quiet",
        ("account", "disabled") => "wrong-account-disabled",
        ("account", "state") => "wrong-account-bound",
        ("roles", "none") => "wrong-no-role",
        (_, "sign_in" | "required") => "wrong-password-present",
        _ => "wrong-other",
    })
}

/// The page of a failure.
pub fn failure(words: Words, failure: &Failure, id: &str, organization: &str) -> Markup {
    let (title, detail) = match failure.status {
        StatusCode::NOT_FOUND => ("failed-missing", "failed-missing-detail"),
        StatusCode::FORBIDDEN => ("failed-forbidden", "failed-forbidden-detail"),
        StatusCode::PAYLOAD_TOO_LARGE => ("failed-large", "failed-large-detail"),
        StatusCode::CONFLICT => ("failed-conflict", "failed-conflict-detail"),
        StatusCode::TOO_MANY_REQUESTS => ("failed-often", "failed-often-detail"),
        StatusCode::SERVICE_UNAVAILABLE => ("failed-away", "failed-away-detail"),
        status if status.is_client_error() => ("failed-unreadable", "failed-unreadable-detail"),
        _ => ("failed-fault", "failed-fault-detail"),
    };
    let title = words.say(title);
    let wait = i64::try_from(failure.wait.unwrap_or_default()).unwrap_or(i64::MAX);
    let body = html! {
        section.card { div.body.stack {
            p.small.muted { (failure.status.as_u16()) }
            h1 { (title) }
            p { (words.with(detail, &[("seconds", Given::Number(wait))])) }
            @for problem in &failure.problems { p { (said(words, None, problem)) } }
            p.row { a.button href="/" { (words.say("failed-back")) } }
            p.tiny.faint { (words.with("failed-id", &[("id", Given::Text(id))])) }
        } }
    };
    layout::gate_in(words, &title, organization, &body)
}

#[cfg(test)]
mod tests {
    use proofdesk_engine::Problem;

    use super::{refusal, said};
    use crate::language::{Language, Words};

    /// Every refusal of what somebody does at his own account: field and code, as the engine gives them.
    const REFUSALS: [(&str, &str); 24] = [
        ("password", "range"),
        ("password", "common"),
        ("password", "sign_in"),
        ("password", "wait"),
        ("password", "away"),
        ("password", "unfit"),
        ("present", "away"),
        ("present", "sign_in"),
        ("present", "required"),
        ("present", "wait"),
        ("present", "fresh"),
        ("present", "demanded"),
        ("present", "state"),
        ("code", "sign_in"),
        ("code", "state"),
        ("label", "required"),
        ("label", "range"),
        ("label", "taken"),
        ("passkey", "last"),
        ("passkey", "demanded"),
        ("quiet", "format"),
        ("calendar", "required"),
        ("account", "disabled"),
        ("roles", "none"),
    ];

    #[test]
    fn every_refusal_is_a_sentence_of_its_own_in_each_language() {
        for language in Language::ALL {
            let words = Words(language);
            let other = words.say("wrong-other");
            for (field, code) in REFUSALS {
                let sentence = refusal(words, &Problem::new(field, code, "In the engine's words."));
                assert!(sentence.ends_with('.') && sentence.contains(' '), "{field} {code}: {sentence}");
                assert_ne!(sentence, other, "{field} {code}");
                assert_ne!(sentence, code, "{field} {code}");
            }
        }
    }

    #[test]
    fn no_field_is_named_by_its_own_name() {
        for language in Language::ALL {
            let words = Words(language);
            for field in ["body", "why", "file", "approval_note", "satisfaction_note", "no_such_field"] {
                for code in [
                    "required",
                    "size",
                    "format",
                    "option",
                    "range",
                    "link",
                    "unknown",
                    "guard",
                    "apart",
                    "harmful",
                    "not_scanned",
                ] {
                    let sentence = said(words, None, &Problem::new(field, code, ""));
                    assert!(!sentence.contains(field), "{field} {code}: {sentence}");
                }
            }
        }
    }
}

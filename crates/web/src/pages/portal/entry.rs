//! What customers read when something goes wrong, and at the doors before the portal: sentences by the code of a
//! problem, never the words of the engine.

use axum::http::StatusCode;
use maud::{Markup, html};
use proofdesk_engine::Problem;
use proofdesk_model::RecordType;

use crate::error::Failure;
use crate::language::{Given, Words};
use crate::layout;

/// What is wrong with a field, or with a step, as a sentence.
pub fn said(words: Words, of: Option<&RecordType>, problem: &Problem) -> String {
    let field = of.filter(|_| !problem.field.is_empty()).map(|of| words.field(of, &problem.field));
    let field = field.unwrap_or_else(|| words.say("wrong-field"));
    let key = match problem.code.as_str() {
        "required" => "wrong-required",
        "format" => "wrong-format",
        "range" => "wrong-range",
        "option" => "wrong-option",
        "size" => "wrong-size",
        "link" => "wrong-link",
        "file" => "wrong-file",
        "guard" | "state" => "wrong-step",
        "permission" => "wrong-permission",
        "sign_in" => "wrong-sign-in",
        "wait" => "wrong-wait",
        _ => "wrong-other",
    };
    words.with(key, &[("field", Given::Text(&field))])
}

/// The page of a failure.
pub fn failure(words: Words, failure: &Failure, id: &str, organization: &str) -> Markup {
    let (title, detail) = match failure.status {
        StatusCode::NOT_FOUND => ("failed-missing", "failed-missing-detail"),
        StatusCode::FORBIDDEN => ("failed-forbidden", "failed-forbidden-detail"),
        StatusCode::PAYLOAD_TOO_LARGE => ("failed-large", "failed-large-detail"),
        StatusCode::CONFLICT => ("failed-conflict", "failed-conflict-detail"),
        StatusCode::SERVICE_UNAVAILABLE => ("failed-away", "failed-away-detail"),
        status if status.is_client_error() => ("failed-unreadable", "failed-unreadable-detail"),
        _ => ("failed-fault", "failed-fault-detail"),
    };
    let title = words.say(title);
    let body = html! {
        section.card { div.body.stack {
            p.small.muted { (failure.status.as_u16()) }
            h1 { (title) }
            p { (words.say(detail)) }
            @for problem in &failure.problems { p { (said(words, None, problem)) } }
            p.row { a.button href="/" { (words.say("failed-back")) } }
            p.tiny.faint { (words.with("failed-id", &[("id", Given::Text(id))])) }
        } }
    };
    layout::gate_in(words, &title, organization, &body)
}

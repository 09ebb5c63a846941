//! Mail in the description.

use serde_json::{Map, Value as Json, json};

use super::fixed::object;
use super::operation::{Operation, schema};
use crate::api::mail::STATES;

/// Adds the paths.
pub fn add(all: &mut Map<String, Json>) {
    let id = || {
        json!({
            "name": "id", "in": "path", "required": true, "description": "Id of the mail.",
            "schema": {"type": "string", "format": "uuid"},
        })
    };
    let state = Operation::read("get_mail", "Mail", "Servers, queue and what came in")
        .error("403", "Forbidden")
        .error("404", "NotFound")
        .query(
            "state",
            json!({"type": "string", "enum": STATES}),
            false,
            "Only mails on their way out in this state; else those that wait, were given up or came back.",
        )
        .answer("200", "How mail stands.", schema("Mail"), &[]);
    all.insert("/api/v1/mail".to_owned(), json!({"get": state.build()}));
    let withdraw = Operation::write("withdraw_mail", "Mail", "Withdraw a mail that was not sent")
        .with(id())
        .answer("204", "It is not sent any more.", Json::Null, &[]);
    all.insert("/api/v1/mail/{id}".to_owned(), json!({"delete": withdraw.build()}));
    let again =
        Operation::write("send_mail_again", "Mail", "Send a mail again that was given up or came back")
            .with(id())
            .answer("200", "It waits to be sent.", schema("QueuedMail"), &[]);
    all.insert("/api/v1/mail/{id}/send-again".to_owned(), json!({"post": again.build()}));
    let read = Operation::read("get_mail_preference", "Mail", "What the caller wants by mail")
        .error("404", "NotFound")
        .answer("200", "What is kept.", schema("MailPreference"), &[]);
    let keep = Operation::write("set_mail_preference", "Mail", "Say what the caller wants by mail")
        .body(schema("MailPreferenceChange"), true, Map::new())
        .answer("200", "What is kept now.", schema("MailPreference"), &[]);
    all.insert("/api/v1/mail-preference".to_owned(), json!({"get": read.build(), "put": keep.build()}));
}

/// Adds the schemas.
pub fn schemas(all: &mut Map<String, Json>) {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    let at = json!({"type": "string", "format": "date-time"});
    let at_times = json!({"type": ["string", "null"], "format": "date-time"});
    let whole = json!({"type": "integer"});
    let pace = json!({"type": "string", "enum": proofdesk_mail::Pace::ALL.map(proofdesk_mail::Pace::as_str)});
    let time = json!({"type": ["string", "null"], "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"});
    let way = json!({"type": "object", "properties": {"configured": {"type": "boolean"}, "worked_at": at_times, "error": perhaps}});
    let queued = json!({
        "id": text, "at": at, "event": text, "person": text, "record": perhaps,
        "state": {"type": "string", "enum": STATES}, "due_at": at, "attempts": whole, "error": perhaps, "sent_at": at_times,
    });
    let arrived = json!({
        "at": at, "door": text, "outcome": text, "says": text, "record": perhaps, "person": perhaps, "size_bytes": whole,
    });
    let wanted = json!({"pace": pace, "digest_at": time, "quiet_from": time, "quiet_until": time});
    let mail = json!({
        "smtp": way, "imap": way, "lmtp": way,
        "queue": {"type": "array", "items": {"$ref": "#/components/schemas/QueuedMail"}},
        "arrived": {"type": "array", "items": {"$ref": "#/components/schemas/ArrivedMail"}},
    });
    let change = json!({
        "type": "object", "description": "What is wanted by mail.", "additionalProperties": false,
        "required": ["pace"], "properties": wanted,
        "examples": [{"pace": "daily", "digest_at": "08:00", "quiet_from": "20:00", "quiet_until": "07:00"}],
    });
    all.insert("QueuedMail".to_owned(), object("A mail on its way out.", queued));
    all.insert("ArrivedMail".to_owned(), object("A mail that came in.", arrived));
    all.insert("Mail".to_owned(), object("How mail stands on this desk.", mail));
    all.insert("MailPreference".to_owned(), object("What somebody wants by mail.", wanted));
    all.insert("MailPreferenceChange".to_owned(), change);
}

//! The description of doors.

use serde_json::{Map, Value as Json, json};

use super::fixed::{list, object};
use super::operation::{Operation, parameter, schema};

/// Paths of doors.
pub fn add(all: &mut Map<String, Json>) {
    let every = Operation::read("list_doors", "Doors", "What other programs may tell").answer(
        "200",
        "The doors.",
        schema("Doors"),
        &[],
    );
    all.insert("/api/v1/doors".to_owned(), json!({"get": every.build()}));
    let events = Operation::read("door_events", "Doors", "What came in")
        .says("The messages of ninety days and what became of each, newest first; quiet and refused ones too. For administrators.")
        .query("door", json!({"type": "string", "pattern": "^[^\\u0000]*$"}), false, "Only those of this door.")
        .with(parameter("Limit"))
        .answer("200", "The messages.", schema("DoorEvents"), &[]);
    all.insert("/api/v1/doors/events".to_owned(), json!({"get": events.build()}));
    let take = Operation::write("tell_door", "Doors", "Tell a door something")
        .says("A message in the form that the door declares, such as the webhook of Alertmanager. Sent again, it does nothing twice.")
        .with(json!({
            "name": "door", "in": "path", "required": true, "description": "Name of the door.",
            "schema": {"type": "string"}, "example": "alertmanager",
        }))
        .body(json!({"type": "object", "additionalProperties": true}), true, Map::new())
        .answer("200", "What became of it.", schema("DoorResults"), &[]);
    all.insert("/api/v1/doors/{door}".to_owned(), json!({"post": take.build()}));
}

/// Paths of signed webhooks.
pub fn add_webhooks(all: &mut Map<String, Json>) {
    let id = |what: &str| json!({"name": "id", "in": "path", "required": true, "description": what, "schema": {"type": "string"}, "example": "4"});
    let every = Operation::read("list_webhooks", "Webhooks", "Signed webhooks")
        .says("Those that go out and those that come in. For administrators.")
        .answer("200", "The webhooks.", schema("Webhooks"), &[]);
    let make = Operation::write("make_webhook", "Webhooks", "Make a signed webhook")
        .says("It belongs to the account of a program: what goes out is what that account sees. The secret is shown once. For administrators.")
        .with(parameter("Once"))
        .body(schema("NewWebhook"), true, Map::new())
        .answer("201", "It is made.", schema("MadeWebhook"), &["Location"]);
    all.insert("/api/v1/webhooks".to_owned(), json!({"get": every.build(), "post": make.build()}));
    let end = Operation::write("end_webhook", "Webhooks", "End a webhook").with(id("Its number.")).answer(
        "204",
        "It is ended.",
        Json::Null,
        &[],
    );
    all.insert("/api/v1/webhooks/{id}".to_owned(), json!({"delete": end.build()}));
    let states = json!({"type": "string", "enum": ["dead", "waiting"]});
    let deliveries = Operation::read("list_deliveries", "Webhooks", "Messages that were given up, or wait")
        .query("state", states, false, "Those given up, or those that wait.")
        .answer("200", "The messages.", schema("Deliveries"), &[]);
    all.insert("/api/v1/webhooks/deliveries".to_owned(), json!({"get": deliveries.build()}));
    let again = Operation::write("send_again", "Webhooks", "Send a message again that was given up")
        .with(id("Its number."))
        .answer("204", "It is sent soon.", Json::Null, &[]);
    all.insert("/api/v1/webhooks/deliveries/{id}/again".to_owned(), json!({"post": again.build()}));
    let come_in = Operation::write("tell_webhook", "Webhooks", "Tell a door something, signed")
        .says("Signed by Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature) instead of a token. Each id is taken once; a timestamp of more than five minutes away is refused.")
        .with(id("Number of the webhook."))
        .body(json!({"type": "object", "additionalProperties": true}), true, Map::new())
        .answer("200", "What became of it.", schema("DoorResults"), &[]);
    all.insert("/api/v1/hooks/{id}".to_owned(), json!({"post": come_in.build()}));
}

fn webhook_members() -> Json {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    json!({
        "id": {"type": "integer"}, "account": {"type": "integer"},
        "direction": {"type": "string", "enum": ["out", "in"]}, "label": text, "url": perhaps, "door": perhaps,
        "record_type": perhaps, "condition": text, "actions": text,
        "created_at": {"type": "string", "format": "date-time"},
    })
}

/// Schemas of signed webhooks.
pub fn webhook_schemas() -> Json {
    let perhaps = json!({"type": ["string", "null"]});
    let mut made = webhook_members();
    made["secret"] = json!({"type": ["string", "null"], "description": "Shown once."});
    let mut new = webhook_members();
    if let Some(members) = new.as_object_mut() {
        members.remove("id");
        members.remove("created_at");
        members["label"] = json!({"type": "string", "minLength": 1, "maxLength": 100});
        members["account"] = json!({"type": "integer", "minimum": 1});
    }
    json!({
        "Webhooks": list("Signed webhooks.", "webhooks", "Webhook"),
        "Webhook": object("A signed webhook.", webhook_members()),
        "MadeWebhook": object("A signed webhook with its secret.", made),
        "NewWebhook": {
            "type": "object", "additionalProperties": false, "required": ["direction", "account", "label"],
            "description": "A signed webhook on its way in. Out: `url` and `record_type`, with `condition` and `actions`; in: `door`.",
            "properties": new,
        },
        "Deliveries": list("Messages.", "deliveries", "Delivery"),
        "Delivery": object("A message on its way out.", json!({
            "id": {"type": "integer"}, "webhook": {"type": "integer"}, "message": {"type": "string"},
            "attempts": {"type": "integer"}, "dead": {"type": "boolean"}, "error": perhaps,
            "next_at": {"type": "string", "format": "date-time"},
        })),
    })
}

/// Schemas of all these.
pub fn schemas() -> Json {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    let outcomes = ["opened", "updated", "unchanged", "over", "quiet", "done", "refused", "ignored"];
    let outcome = json!({"type": "string", "enum": outcomes});
    json!({
        "Doors": list("What other programs may tell.", "doors", "Door"),
        "Door": object("A door.", json!({"name": text, "label": text})),
        "DoorResults": list("What became of a message.", "results", "DoorResult"),
        "DoorResult": object("What became of an item.", json!({
            "key": text, "outcome": outcome, "record": perhaps, "reason": text,
        })),
        "DoorEvents": list("Messages, newest first.", "events", "DoorEvent"),
        "DoorEvent": object("A message.", json!({
            "id": text, "at": {"type": "string", "format": "date-time"}, "door": text, "key": text,
            "account": {"type": ["integer", "null"]}, "outcome": text, "record": perhaps, "reason": text,
            "inputs": {"type": "object", "additionalProperties": true},
        })),
    })
}

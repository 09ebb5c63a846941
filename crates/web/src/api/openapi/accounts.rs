//! Sessions and accounts in the description.

use serde_json::{Map, Value as Json, json};

use super::fixed::{list, object};
use super::operation::{Operation, parameter, schema};

fn account_id() -> Json {
    json!({
        "name": "id", "in": "path", "required": true, "description": "Id of the account.",
        "schema": {"type": "integer", "minimum": 1, "maximum": i64::MAX},
    })
}

fn read(id: &str, summary: &str) -> Operation {
    Operation::read(id, "Accounts", summary).error("403", "Forbidden")
}

/// Adds the paths.
pub fn add(all: &mut Map<String, Json>) {
    let session_id = json!({
        "name": "id", "in": "path", "required": true, "description": "Id of the session.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{20}$"},
    });
    let sessions = Operation::read("list_sessions", "Account", "The caller's sessions").answer(
        "200",
        "Sessions that are under way.",
        schema("Sessions"),
        &[],
    );
    all.insert("/api/v1/sessions".to_owned(), json!({"get": sessions.build()}));
    let end = Operation::write("end_session", "Account", "End a session of the caller")
        .with(session_id)
        .answer("204", "It has ended.", Json::Null, &[]);
    all.insert("/api/v1/sessions/{id}".to_owned(), json!({"delete": end.build()}));
    let accounts =
        read("list_accounts", "All accounts").answer("200", "The accounts.", schema("Accounts"), &[]);
    let make = Operation::write("create_account", "Accounts", "Make an account")
        .says("Makes an account without a password: make a link for its owner, or tokens for a program. A person is made where none is named.")
        .with(parameter("Once"))
        .body(schema("NewAccount"), true, Map::new())
        .answer("201", "It is made.", schema("Account"), &["Location"]);
    all.insert("/api/v1/accounts".to_owned(), json!({"get": accounts.build(), "post": make.build()}));
    one(all);
}

fn one(all: &mut Map<String, Json>) {
    let account = read("get_account", "One account").with(account_id()).answer(
        "200",
        "The account.",
        schema("Account"),
        &[],
    );
    let change = Operation::write("update_account", "Accounts", "Change roles, or who may sign in")
        .with(account_id())
        .body(schema("AccountChange"), true, Map::new())
        .answer("200", "The account as it is now.", schema("Account"), &[]);
    all.insert("/api/v1/accounts/{id}".to_owned(), json!({"get": account.build(), "patch": change.build()}));
    let link = Operation::write("create_link", "Accounts", "Make a one-time link for the password")
        .says("An invitation where the account has no password yet. Earlier links end. The link is in this answer only.")
        .with(account_id())
        .answer("200", "It is made.", schema("Link"), &[]);
    all.insert("/api/v1/accounts/{id}/link".to_owned(), json!({"post": link.build()}));
    let factor = Operation::write("end_second_factor", "Accounts", "Take the second factor away")
        .with(account_id())
        .query(
            "reason",
            json!({"type": "string", "minLength": 1, "maxLength": 500}),
            true,
            "Why: the log tells it.",
        )
        .answer("204", "It is gone, and the sessions have ended.", Json::Null, &[]);
    all.insert("/api/v1/accounts/{id}/second-factor".to_owned(), json!({"delete": factor.build()}));
    let sessions = read("list_account_sessions", "Sessions of an account").with(account_id()).answer(
        "200",
        "Sessions that are under way.",
        schema("Sessions"),
        &[],
    );
    let end = Operation::write("end_account_sessions", "Accounts", "End all sessions of an account")
        .with(account_id())
        .answer("204", "They have ended.", Json::Null, &[]);
    let path = "/api/v1/accounts/{id}/sessions";
    all.insert(path.to_owned(), json!({"get": sessions.build(), "delete": end.build()}));
    let tokens = read("list_account_tokens", "Tokens of an account").with(account_id()).answer(
        "200",
        "The tokens.",
        schema("Tokens"),
        &[],
    );
    let make = Operation::write("create_account_token", "Accounts", "Make a token for an account")
        .says("For accounts of programs above all. The secret is in the answer and nowhere else.")
        .with(account_id())
        .with(parameter("Once"))
        .body(schema("NewToken"), true, Map::new())
        .answer("201", "It is made.", schema("Token"), &["Location"]);
    let path = "/api/v1/accounts/{id}/tokens";
    all.insert(path.to_owned(), json!({"get": tokens.build(), "post": make.build()}));
}

/// Adds the schemas.
pub fn schemas(all: &mut Map<String, Json>) {
    let text = json!({"type": "string"});
    let at = json!({"type": "string", "format": "date-time"});
    let yes = json!({"type": "boolean"});
    let roles = json!({"type": "array", "items": {"type": "string", "enum": proofdesk_model::access::ROLES}});
    let line = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
    let new = json!({
        "sign_in": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": "^[^\\s\\u0000-\\u001f\\u007f-\\u009f]+$", "description": "What is typed at sign-in."},
        "name": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": line},
        "person": {"type": "string", "description": "Reference of a person who is there already."},
        "roles": roles,
        "program": {"type": "boolean", "description": "It is the account of a program."},
    });
    let more = [
        (
            "Session",
            object(
                "A session.",
                json!({
                    "id": text, "since": at, "used_at": at, "expires_at": at, "address": text, "agent": text,
                    "method": text, "current": yes,
                }),
            ),
        ),
        ("Sessions", list("Sessions that are under way.", "sessions", "Session")),
        (
            "Account",
            object(
                "An account.",
                json!({
                    "id": {"type": "integer"}, "sign_in": text, "name": text, "person": text, "roles": roles,
                    "active": yes, "program": yes, "second_factor": yes,
                }),
            ),
        ),
        ("Accounts", list("All accounts.", "accounts", "Account")),
        (
            "NewAccount",
            json!({
                "type": "object", "description": "An account to make.", "additionalProperties": false,
                "required": ["sign_in", "name"], "properties": new,
                "examples": [{"sign_in": "ida", "name": "Ida Voss", "roles": ["auditor"]}],
            }),
        ),
        (
            "AccountChange",
            json!({
                "type": "object", "description": "What is to change.", "additionalProperties": false,
                "properties": {"roles": roles, "active": yes},
                "examples": [{"roles": ["agent", "process_owner"]}],
            }),
        ),
        (
            "Link",
            object(
                "A one-time link.",
                json!({
                    "purpose": {"type": "string", "enum": ["invitation", "reset"]},
                    "link": {"type": "string", "description": "Its address. It is not shown again."},
                    "by_mail": {"type": "boolean", "description": "It also goes to its owner by mail."},
                }),
            ),
        ),
    ];
    all.extend(more.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
}

//! The parts of the description that do not come from declarations: parameters, headers, answers, schemas.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Map, Value as Json, json};

use super::operation::schema;

fn map(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn query(name: &str, schema: Json, description: &str) -> Json {
    json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema})
}

/// Parameters that several operations take.
pub fn parameters() -> Json {
    let tag = "^(\\*|\"[0-9]{1,18}\"|[0-9]{1,18})$";
    json!({
        "Order": query("order", json!({"type": "string", "enum": ["asc", "desc"]}), "Smallest or largest first."),
        "Limit": query("limit", json!({"type": "integer", "minimum": 1, "maximum": 200}), "At most this many."),
        "After": query("after", json!({"type": "string", "pattern": "^[^\\u0000]*$"}), "Goes on after this cursor: `next` of an earlier page."),
        "Fields": query("fields", json!({"type": "string", "pattern": "^[^\\u0000]*$"}), "Only these members, with commas between."),
        "Words": query("q", json!({"type": "string", "pattern": "^[^\\u0000]*$"}), "Words to search for instead of a list."),
        "Id": {
            "name": "id", "in": "path", "required": true, "description": "Its id.",
            "schema": {"type": "string"}, "example": "0197a2c4-5d3e-7b1a-9c8e-2f4a6b8c0d1e",
        },
        "Other": {
            "name": "other", "in": "path", "required": true, "description": "Reference of the other record.",
            "schema": {"type": "string", "pattern": "^[A-Z]+-[1-9][0-9]{0,17}$"}, "example": "PRB-87",
        },
        "Once": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes this request happen once, however often it is sent within a day: a UUID, for example.",
            "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
        },
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": false,
            "description": "The ETag of the version that was seen; another version is answered with 412 and what changed.",
            "schema": {"type": "string", "pattern": tag}, "example": "\"3\"",
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The ETag of the version that is known; the same version is answered with 304.",
            "schema": {"type": "string"}, "example": "\"3\"",
        },
    })
}

/// Headers of answers.
pub fn headers() -> Json {
    json!({
        "ETag": {"description": "The version of the record.", "schema": {"type": "string"}, "example": "\"3\""},
        "Location": {"description": "Where it can be read.", "schema": {"type": "string"}},
        "Link": {"description": "The next page, with rel=\"next\" (RFC 8288).", "schema": {"type": "string"}},
    })
}

/// Errors.
pub fn responses() -> Json {
    let error = |description: &str| {
        json!({
            "description": description,
            "content": {"application/problem+json": {"schema": schema("ProblemDetails")}},
        })
    };
    let mut who = error("Nobody is known to be asking, or the token has ended.");
    who["headers"] =
        json!({"WWW-Authenticate": {"description": "How to say it.", "schema": {"type": "string"}}});
    let mut often = error("The caller asked more often than this desk allows.");
    often["headers"] = json!({"Retry-After": {
        "description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1},
    }});
    json!({
        "TooOften": often,
        "Unreadable": error("The request cannot be read: JSON, query or a header is malformed."),
        "Unauthorized": who,
        "Forbidden": error("The caller may not do this; says who may."),
        "NotFound": error("Nothing is there, or the caller may not know of it."),
        "NotAcceptable": error("Nothing of what the caller takes can be written."),
        "Conflict": error("Somebody else wrote first (says what changed), or the same request is under way."),
        "Stale": error("The record is no longer at the version of If-Match; says what changed."),
        "TooLarge": error("The body is too large; says the limit."),
        "UnsupportedMediaType": error("The body is of a type that is not taken here."),
        "Invalid": error("Values are wrong, or something is missing: all problems at once, with the clauses that ask for it."),
        "Other": error("Anything else, such as a full disk (507) or a database that is away (503)."),
    })
}

/// An object that always has all of these members.
pub fn object(description: &str, properties: Json) -> Json {
    let required: Vec<String> =
        properties.as_object().map(|p| p.keys().cloned().collect()).unwrap_or_default();
    json!({"type": "object", "description": description, "required": required, "properties": properties})
}

/// An object with one list.
pub fn list(description: &str, name: &str, item: &str) -> Json {
    object(description, json!({name: {"type": "array", "items": schema(item)}}))
}

/// Whether a schema of this name is not of a record type.
pub fn is_name(name: &str) -> bool {
    static NAMES: OnceLock<BTreeSet<String>> = OnceLock::new();
    NAMES.get_or_init(|| schemas().keys().cloned().collect()).contains(name)
}

/// Schemas.
pub fn schemas() -> Map<String, Json> {
    let mut all = map(shared());
    all.extend(map(declared()));
    all.extend(map(talk()));
    all.extend(map(relations()));
    all.extend(map(own()));
    all.extend(map(views()));
    all.extend(map(super::documents::schemas()));
    all.extend(map(super::doors::schemas()));
    all.extend(map(super::doors::webhook_schemas()));
    all.extend(super::assurance::schemas().into_iter().flat_map(map));
    all
}

fn shared() -> Json {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    let at = json!({"type": "string", "format": "date-time"});
    json!({
        "ProblemDetails": {
            "type": "object",
            "description": "What went wrong (RFC 9457).",
            "required": ["type", "title", "status", "detail", "instance"],
            "properties": {
                "type": {"type": "string", "description": "A stable name, `urn:proofdesk:problem:…`."},
                "title": text,
                "status": {"type": "integer"},
                "detail": {"type": "string", "description": "What is wrong and what to do."},
                "instance": {"type": "string", "description": "The request, as the log of the server names it."},
                "problems": {"type": "array", "items": schema("FieldProblem")},
                "conflict": schema("ChangedMeanwhile"),
            },
        },
        "FieldProblem": {
            "type": "object",
            "description": "One thing that stands in the way.",
            "required": ["field", "code", "message"],
            "properties": {
                "field": {"type": "string", "description": "The member that it is about; empty for the whole."},
                "code": {"type": "string", "description": "`required`, `unknown`, `format`, `range`, `option`, `link`, `computed`, `guard`, `state`, `permission`, `size` or another stable word."},
                "message": text,
                "clause": {"type": "string", "description": "The clause of ISO/IEC 20000-1:2018 that asks for it."},
            },
        },
        "ChangedMeanwhile": object("What others changed since the version that was seen.", json!({
            "reference": text,
            "expected": {"type": "integer"},
            "current": {"type": "integer"},
            "changed": {"type": "array", "items": schema("ChangedField")},
        })),
        "ChangedField": object("One field, oldest change first.", json!({
            "field": text, "label": text, "value": {}, "by": text, "at": at,
        })),
        "Line": {
            "type": "object",
            "description": "A record in one line.",
            "required": ["reference", "record_type", "title", "state"],
            "properties": {
                "reference": text, "record_type": text, "title": text, "state": text,
                "part": {"type": "string", "description": "Where a search found the words: `record`, or `comment/…`."},
            },
        },
        "Lines": object("Records in one line each.", json!({
            "records": {"type": "array", "items": schema("Line")}, "next": perhaps,
        })),
        "Hits": object("What a search found, best first.", json!({
            "jump": {"type": ["string", "null"], "description": "The record that the words name."},
            "hits": {"type": "array", "items": schema("Line")},
        })),
    })
}

fn declared() -> Json {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    json!({
        "Root": object("What there is.", json!({
            "name": text, "version": text, "organization": text, "openapi": text, "types": text, "search": text,
            "me": text, "log": text,
            "records": {"type": "object", "additionalProperties": text, "description": "Types to their lists."},
        })),
        "TypeLine": object("A record type in one line.", json!({
            "name": text, "label": text, "plural": text, "prefix": text, "family": text,
            "clauses": {"type": "array", "items": text}, "records": text, "declaration": text,
        })),
        "Types": list("The record types that the caller may read.", "types", "TypeLine"),
        "Declaration": object("A record type as it is declared.", json!({
            "name": text, "label": text, "plural": text, "prefix": text, "family": text, "description": text,
            "clauses": {"type": "array", "items": text},
            "declaration": {"type": "string", "description": "SHA-256 of the declaration's text."},
            "sections": {"type": "array", "items": {"type": "object"}},
            "fields": {"type": "array", "items": schema("DeclaredField")},
            "relations": {"type": "array", "items": {"type": "object"}},
            "states": {"type": "array", "items": {"type": "object"}},
            "transitions": {"type": "array", "items": {"type": "object"}},
            "views": {"type": "array", "items": {"type": "object"}},
            "allowed": {"type": "array", "items": text, "description": "What the caller may do."},
        })),
        "DeclaredField": object("A declared field.", json!({
            "name": text, "label": text, "kind": text, "help": perhaps,
            "required": {"type": "boolean"}, "computed": {"type": "boolean"},
            "written_by": {"type": "string", "enum": ["people", "steps"], "description": "Steps: who did something, or when; no caller enters it."},
            "public": {"type": "boolean"},
            "search": {"type": "boolean"}, "default": perhaps, "clause": perhaps, "record_type": perhaps,
            "options": {"type": "array", "items": {"type": "object"}},
        })),
    })
}

fn talk() -> Json {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    let at = json!({"type": "string", "format": "date-time"});
    let audience = json!({"type": "string", "enum": ["customer", "staff"], "description": "Who may see it."});
    json!({
        "History": object("Entries of the log about one record.", json!({
            "entries": {"type": "array", "items": schema("Entry")},
            "next": {"type": ["integer", "null"], "description": "Goes on with `before` this entry; null at the end."},
        })),
        "Entry": object("One entry of the log.", json!({
            "entry": {"type": "integer"},
            "leaf_index": {"type": ["integer", "null"], "description": "Its place in the tree; null while it waits."},
            "leaf_hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "version": {"type": "integer"},
            "at": at,
            "occurred_at": at,
            "by": text,
            "person": perhaps,
            "door": text,
            "action": text,
            "changes": {"type": "array", "items": schema("EntryChange")},
            "links": {"type": "array", "items": schema("EntryLink")},
            "note": {"description": "What a comment, a file or a seal says; null where the caller may not see it."},
        })),
        "EntryChange": object("One field that an entry changed.", json!({"field": text, "old": {}, "new": {}})),
        "EntryLink": object("One relation that an entry changed.", json!({
            "relation": text, "reference": text, "added": {"type": "boolean"},
        })),
        "Comment": object("A comment.", json!({
            "id": text, "at": at, "person": perhaps, "by": text, "audience": audience,
            "body": {"type": "string", "description": "Markdown."}, "door": text,
        })),
        "Comments": list("Comments of a record.", "comments", "Comment"),
        "NewComment": {
            "type": "object",
            "description": "A comment to write.",
            "additionalProperties": false,
            "required": ["body"],
            "properties": {
                "body": {"type": "string", "minLength": 1, "maxLength": 50000, "pattern": "^[^\\u0000]*$", "description": "Markdown."},
                "audience": audience,
            },
            "examples": [{"body": "The second gateway is in use.", "audience": "customer"}],
        },
        "Attachment": object("A file of a record.", json!({
            "id": text, "name": text, "media_type": text, "size_bytes": {"type": "integer"},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "at": at, "person": perhaps, "audience": audience,
        })),
        "Attachments": list("Files of a record.", "attachments", "Attachment"),
    })
}

fn relations() -> Json {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    json!({
        "NewLink": {
            "type": "object",
            "description": "The other record.",
            "additionalProperties": false,
            "required": ["reference"],
            "properties": {"reference": {"type": "string", "pattern": "^[A-Z]+-[1-9][0-9]{0,17}$"}},
            "examples": [{"reference": "PRB-87"}],
        },
        "Watchers": object("Who watches a record.", json!({
            "watching": {"type": "boolean", "description": "The caller does."},
            "watchers": {"type": "array", "items": text},
        })),
        "Owes": object("What a record still owes.", json!({
            "reference": text, "state": text, "steps": {"type": "array", "items": schema("OwedStep")},
            "obligations": {"type": "array", "items": schema("OwedObligation")},
        })),
        "OwedObligation": object("What an obligation asks of the record.", json!({
            "framework": text, "obligation": text, "clause": text, "text": text, "test": text,
            "state": {"type": "string", "enum": ["missing", "later", "met"]},
            "says": text, "when": perhaps, "field": perhaps, "severity": text,
            "cannot_be_evaluated": {"type": "boolean"},
        })),
        "OwedStep": object("A transition and what stands in its way.", json!({
            "transition": text, "label": text, "to": text, "primary": {"type": "boolean"},
            "problems": {"type": "array", "items": schema("FieldProblem")},
        })),
    })
}

fn own() -> Json {
    let text = json!({"type": "string"});
    let at = json!({"type": "string", "format": "date-time"});
    let maybe = json!({"type": ["string", "null"], "format": "date-time"});
    let line = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
    json!({
        "Me": object("The caller.", json!({
            "account": {"type": "integer"}, "sign_in": text, "name": text, "person": text,
            "roles": {"type": "array", "items": text}, "time_zone": text,
        })),
        "Token": {
            "type": "object",
            "description": "A token; its secret is there only when it was just made.",
            "required": ["id", "label", "created_at", "expires_at", "used_at", "scope"],
            "properties": {
                "id": {"type": "integer"}, "label": text, "created_at": at, "expires_at": maybe, "used_at": maybe,
                "scope": {"type": "array", "items": text, "description": "What it reaches; empty for all that its account may."},
                "token": {"type": ["string", "null"], "description": "The secret. It is not shown again."},
            },
        },
        "Tokens": list("The caller's tokens.", "tokens", "Token"),
        "NewToken": {
            "type": "object",
            "description": "A token to make.",
            "additionalProperties": false,
            "required": ["label"],
            "properties": {
                "label": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": line, "description": "What it is for."},
                "expires_at": {"type": ["string", "null"], "format": "date-time", "description": "When it ends; never by itself where nothing is said."},
                "scope": {"type": "array", "items": {"type": "string", "pattern": line}, "maxItems": 200, "description": "What it reaches, each as `type:action`, of which one may be `*`; all that its account may where nothing is said. Beside record types: `account`, `conformity`, `log`, `provisioning`, `view`."},
                "password": {"type": "string", "maxLength": 256, "description": "The caller's password, asked for again. Where the caller's account has none, its session must have begun within ten minutes. A program makes no tokens."},
            },
            "examples": [{"label": "monitoring", "password": "correct horse battery", "expires_at": "2027-11-22T00:00:00Z", "scope": ["incident:create", "*:read"]}],
        },
    })
}

fn views() -> Json {
    let text = json!({"type": "string"});
    let plain = json!({"type": "string", "pattern": "^[^\\u0000]*$"});
    let line = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
    let columns = json!({
        "type": "array", "items": plain, "maxItems": 20,
        "description": "Columns in order, by name; those of the declaration where there is none.",
    });
    json!({
        "View": object("A saved view.", json!({
            "id": text, "record_type": text, "label": text, "filter": text, "sort": text,
            "order": {"type": "string", "enum": ["asc", "desc"]}, "columns": {"type": "array", "items": text},
            "shared": {"type": "boolean"}, "person": text,
        })),
        "Views": list("The caller's views of a type, and the shared ones.", "views", "View"),
        "ViewChange": {
            "type": "object",
            "description": "Members of a view that are to be changed.",
            "additionalProperties": false,
            "properties": {
                "label": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": line},
                "filter": {"type": "string", "pattern": "^[^\\u0000]*$", "description": "A condition over the type; empty lists everything."},
                "sort": plain,
                "order": {"type": "string", "enum": ["asc", "desc"]},
                "columns": columns,
                "shared": {"type": "boolean", "description": "Everybody sees it."},
            },
            "examples": [{"label": "Mine", "shared": true}],
        },
        "NewView": {
            "type": "object",
            "description": "A view to keep.",
            "additionalProperties": false,
            "required": ["record_type", "label"],
            "properties": {
                "record_type": {"type": "string", "minLength": 1, "pattern": "^[^\\u0000]*$"},
                "label": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": line},
                "filter": {"type": "string", "pattern": "^[^\\u0000]*$", "description": "A condition over the type."},
                "sort": plain,
                "order": {"type": "string", "enum": ["asc", "desc"]},
                "columns": columns,
                "shared": {"type": "boolean", "description": "Everybody sees it."},
            },
            "examples": [{"record_type": "incident", "label": "New", "filter": "state == 'new'", "order": "desc"}],
        },
    })
}

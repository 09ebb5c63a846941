//! Schemas of what proves: the log, conformity, figures.

use proofdesk_conformity::State;
use serde_json::{Value as Json, json};

use super::fixed::{list, object};
use super::operation::schema;

/// All of them, area by area.
pub fn schemas() -> [Json; 5] {
    [log(), conformity(), runs(), frameworks(), automations()]
}

fn state() -> Json {
    json!({"type": "string", "enum": State::ALL.map(State::as_str)})
}

fn log() -> Json {
    let text = json!({"type": "string"});
    let hash = json!({"type": "string", "pattern": "^[0-9a-f]{64}$"});
    let size = json!({"type": "integer", "minimum": 0});
    let path = json!({"type": "array", "items": hash});
    let checkpoint = json!({"anyOf": [schema("Checkpoint"), {"type": "null"}]});
    json!({
        "Log": object("The log at a glance.", json!({
            "origin": text, "size": size, "root": hash, "pending": size, "checkpoint": checkpoint,
        })),
        "Checkpoint": object("A signed checkpoint.", json!({
            "size": size, "at": {"type": "string", "format": "date-time"},
            "note": {"type": "string", "description": "The signed note, C2SP tlog-checkpoint."},
        })),
        "Checkpoints": list("Checkpoints, newest first.", "checkpoints", "Checkpoint"),
        "InclusionProof": object("Proof that an entry is in the log (RFC 9162, 2.1.3).", json!({
            "entry": {"type": "integer"}, "reference": text, "leaf_index": size, "tree_size": size,
            "leaf_hash": hash, "path": path, "root": hash, "checkpoint": checkpoint,
            "body": {"type": "string", "description": "The entry's bytes: the leaf hash covers them."},
        })),
        "ConsistencyProof": object("Proof that the log only grew (RFC 9162, 2.1.4).", json!({
            "old_size": size, "new_size": size, "old_root": hash, "new_root": hash, "path": path,
        })),
    })
}

fn conformity() -> Json {
    let text = json!({"type": "string"});
    let at = json!({"type": "string", "format": "date-time"});
    let number = json!({"type": "integer"});
    let state = state();
    let objects = json!({"type": "array", "items": {"type": "object"}});
    let run = json!({"anyOf": [schema("Run"), {"type": "null"}]});
    let before = json!({
        "type": ["object", "null"], "description": "Why nothing is known of the instant that was asked for; null where something is.",
        "properties": {
            "what": {"type": "string", "enum": ["first_run", "framework"]},
            "since": {"type": ["string", "null"], "format": "date-time", "description": "When the first run was made, or the framework was published."},
        },
    });
    json!({
        "Conformity": object("A framework at a glance.", json!({
            "framework": text, "title": text, "scope": text, "as_of": at, "run": run, "stale": {"type": "boolean"}, "before": before,
            "states": {"type": "object", "additionalProperties": number, "description": "Obligations by state."},
            "tests": number, "records_asked": number, "exceptions": number,
            "chapters": {"type": "array", "items": {"type": "object"}, "description": "Chapters, clauses, obligations."},
        })),
        "Obligation": object("An obligation with everything that shows how it stands.", json!({
            "framework": text, "chapter_title": text, "clause_title": text, "obligation": {"type": "object"},
            "state": state, "since": {"type": ["string", "null"], "format": "date-time"}, "run": run, "before": before,
            "tests": objects, "judgements": {"type": "array", "items": schema("Judgement")},
            "history": objects,
        })),
        "Exceptions": object("A page of exceptions.", json!({
            "total": number,
            "items": {"type": "array", "items": schema("Exception")},
            "next": {"type": ["integer", "null"]},
        })),
        "Exception": object("A record that does not hold.", json!({
            "reference": text, "title": text, "record_state": text, "standing": text, "why": objects,
        })),
    })
}

fn runs() -> Json {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    let at = json!({"type": "string", "format": "date-time"});
    let number = json!({"type": "integer"});
    let objects = json!({"type": "array", "items": {"type": "object"}});
    json!({
        "Run": object("A run of all tests.", json!({
            "id": number, "at": at, "log_size": {"type": "integer", "description": "Leaves of the log that it saw."},
            "trigger": text, "duration": {"type": "number", "description": "Seconds."}, "tests": number, "scope": text,
            "digest": {"type": "string", "description": "SHA-256 over all results, as sealed in the log."},
        })),
        "Runs": list("Runs, newest first.", "runs", "Run"),
        "RunSummary": object("What a run found.", json!({
            "run": schema("Run"),
            "tests": {"type": "object", "additionalProperties": number},
            "obligations": {"type": "object", "additionalProperties": number},
            "exceptions": number, "changed": objects,
            "entry": {"type": "integer", "description": "The log entry that seals it."},
        })),
        "RunResults": object("A run with its results.", json!({
            "run": schema("Run"), "results": {"type": "array", "items": schema("Result")},
        })),
        "Result": object("How a test stood in a run.", json!({
            "run": number, "at": at, "test": text, "state": state(),
            "counts": object("Holds, fails, cannot be evaluated.", json!({"holds": number, "fails": number, "errors": number})),
            "declaration": text, "detail": perhaps, "duration": {"type": "number"},
        })),
        "Judgement": object("A person's judgement.", json!({
            "id": number, "obligation": text, "test": perhaps, "at": at, "person": perhaps, "author": text,
            "opinion": {"type": "string", "enum": ["adequate", "inadequate"]}, "reason": text, "expires_on": perhaps,
        })),
        "NewJudgement": {
            "type": "object",
            "description": "A judgement to record.",
            "additionalProperties": false,
            "required": ["framework", "obligation", "opinion", "reason"],
            "properties": {
                "framework": text,
                "obligation": text,
                "test": {"type": ["string", "null"], "description": "The question that it answers; none for the obligation as a whole."},
                "opinion": {"type": "string", "enum": ["adequate", "inadequate"]},
                "reason": {"type": "string", "minLength": 1, "maxLength": 4000},
                "expires_on": {"type": ["string", "null"], "format": "date", "description": "Last day on which it holds, at most 400 days on; a year where nothing is said."},
            },
            "examples": [{"framework": "iso-20000-1-2018", "obligation": "8.6.1-g", "opinion": "adequate", "reason": "Read the last ten reports."}],
        },
        "Figures": {
            "type": "object",
            "description": "Figures of a type of work.",
            "required": ["record_type", "state"],
            "properties": {
                "record_type": text,
                "state": {"type": "string", "enum": ["computed", "computing"]},
                "at": at,
                "log_size": {"type": "integer"},
                "figures": {"type": "object", "description": "Counts, shares, hours, backlog, sets."},
            },
        },
    })
}

fn frameworks() -> Json {
    let text = json!({"type": "string"});
    let perhaps = json!({"type": ["string", "null"]});
    let at = json!({"type": "string", "format": "date-time"});
    let number = json!({"type": "integer"});
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let word = |words: &[&str]| json!({"type": "string", "enum": words});
    let given = json!({"type": ["string", "null"], "maxLength": 400});
    json!({
        "Framework": object("A framework: what somebody must conform to.", json!({
            "id": text, "title": text,
            "edition": {"type": ["string", "null"], "description": "The edition in force; null while there are only drafts."},
            "digest": {"type": ["string", "null"], "description": "SHA-256 of the edition in force, as sealed in the log."},
            "requirements": number, "tested": number, "mapped": number, "shipped": {"type": "boolean"},
            "draft": {"type": ["string", "null"], "description": "The edition that waits to be published."},
            "editions": {"type": "array", "items": schema("Edition")},
        })),
        "Frameworks": list("Frameworks by id.", "frameworks", "Framework"),
        "Edition": object("A stored edition, or a set of links.", json!({
            "id": number, "part": word(&["requirements", "links"]), "state": word(&["draft", "published"]),
            "edition": text, "digest": text, "origin": text, "at": at, "author": text,
        })),
        "FrameworkUpdate": object("What a draft changes.", json!({
            "framework": text, "title": text, "from": perhaps, "to": text, "digest": text, "origin": text,
            "requirements": number,
            "differences": {"type": "array", "items": schema("FrameworkDifference")},
        })),
        "FrameworkDifference": object("A difference, and what it touches.", json!({
            "part": word(&["framework", "chapter", "clause", "requirement"]), "id": text,
            "turn": word(&["added", "removed", "changed"]), "says": text,
            "fields": {"type": "array", "items": object("A field.", json!({"field": text, "was": text, "is": text}))},
            "tests": texts, "mappings": texts, "judgements": number,
        })),
        "NewFramework": {
            "type": "object",
            "description": "A framework to keep as a draft: an OSCAL catalog, or a text in KDL.",
            "additionalProperties": false,
            "properties": {
                "catalog": {"type": ["object", "null"], "description": "An OSCAL catalog document, with `catalog` in it."},
                "kdl": {"type": ["string", "null"], "description": "The same as a declaration; see docs/frameworks.md."},
                "id": given, "title": given, "edition": given, "origin": given,
            },
            "examples": [{"kdl": "framework \"house\" title=\"House rules\" edition=\"1\" { origin \"Our book of rules\"; }\nchapter \"A\" title=\"Desk\" group=\"Work\"\nclause \"A\" title=\"Desk\" chapter=\"A\" { obligation \"A-1\" kind=\"record\" judgement=\"machine\" { says \"Incidents are prioritized.\"; }; }"}],
        },
        "FrameworkLinks": {
            "type": "object",
            "description": "Controls, uses and mappings in KDL.",
            "additionalProperties": false,
            "required": ["kdl"],
            "properties": {"kdl": text},
            "examples": [{"kdl": "use \"incident.prioritized\" { serves \"house\" \"A-1\"; }"}],
        },
        "OscalDocument": {"type": "object", "description": "An OSCAL 1.2 document in JSON."},
    })
}

fn automations() -> Json {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let yes = json!({"type": "boolean"});
    let number = json!({"type": "integer", "minimum": 0});
    json!({
        "Automation": object("What is done when a condition begins to hold for a record.", json!({
            "name": text, "on": {"type": "string", "description": "Type of the records that it looks at."},
            "says": text, "when": {"type": "string", "description": "The condition that begins to hold."},
            "also": {"type": ["string", "null"], "description": "What must hold besides."},
            "acts": texts, "place": text, "shipped": yes,
        })),
        "Automations": list("Automations in the order of their files.", "automations", "Automation"),
        "AutomationPast": object("A dry run.", json!({
            "records": number, "is_part": {"type": "boolean", "description": "Older records were left out."},
            "fired": {"type": "array", "items": schema("AutomationFired")},
        })),
        "AutomationFired": object("A time at which the condition began to hold.", json!({
            "reference": text, "title": text, "at": {"type": "string", "format": "date-time"}, "by": text,
            "acted": yes, "holds": yes, "barred": yes, "would": texts, "refused": texts,
        })),
    })
}

//! The paths that every desk has, whatever its record types.

use crate::api::automations::PAST_MAX;
use crate::pages::automations::LOOKED_AT;
use proofdesk_model::Registry;
use serde_json::{Map, Value as Json, json};

use super::operation::{Operation, parameter, schema};

/// Tags of the fixed paths, with what they are about.
pub const TAGS: &[(&str, &str)] = &[
    ("Desk", "What there is: types, search, and this description."),
    ("Account", "The caller, his sessions and tokens."),
    ("Mail", "The queue of mails for administrators; what the caller wants by mail."),
    ("Accounts", "Who may sign in, with which roles; for administrators."),
    ("Views", "Named conditions that are kept for lists."),
    ("Templates", "Starter templates of documents; versions and readers stand with their record types."),
    ("Doors", "What other programs tell: alerts, pipelines."),
    ("Webhooks", "Signed messages, out and in."),
    ("Conformity", "How the obligations of the standard stand, and why; figures from the history."),
    ("Frameworks", "What the organization must conform to: editions, drafts, mappings, OSCAL."),
    ("Automations", "What is done by itself when a condition begins to hold, and dry runs of it."),
    ("Log", "The tamper-evident log: checkpoints and proofs."),
];

/// Adds the fixed paths.
pub fn add(registry: &Registry, all: &mut Map<String, Json>) {
    desk(registry, all);
    account(registry, all);
    super::accounts::add(all);
    super::mail::add(all);
    super::documents::add(all);
    super::doors::add(all);
    super::doors::add_webhooks(all);
    conformity(registry, all);
    frameworks(all);
    automations(all);
    log(all);
}

fn put(all: &mut Map<String, Json>, path: &str, item: Json) {
    all.insert(path.to_owned(), item);
}

fn type_names(registry: &Registry) -> Json {
    let names: Vec<&str> = registry.types().map(|t| t.name.as_str()).collect();
    json!({"type": "string", "enum": names})
}

fn desk(registry: &Registry, all: &mut Map<String, Json>) {
    let root =
        Operation::read("root", "Desk", "What there is").answer("200", "Addresses.", schema("Root"), &[]);
    put(all, "/api/v1", json!({"get": root.build()}));
    let description = Operation::read("openapi", "Desk", "This description").raw_answer(
        "200",
        json!({
            "description": "OpenAPI 3.1.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }),
    );
    put(all, "/api/v1/openapi.json", json!({"get": description.build()}));
    let types = Operation::read("types", "Desk", "The record types")
        .says("The record types that the caller may read.")
        .answer("200", "The types.", schema("Types"), &[]);
    put(all, "/api/v1/types", json!({"get": types.build()}));
    let one = Operation::read("type", "Desk", "One record type as it is declared")
        .says("Fields, states, transitions with what they need, views, and what the caller may do.")
        .with(json!({
            "name": "type", "in": "path", "required": true, "description": "Name of the type.",
            "schema": type_names(registry),
        }))
        .answer("200", "The declaration.", schema("Declaration"), &[]);
    put(all, "/api/v1/types/{type}", json!({"get": one.build()}));
    let search = Operation::read("search", "Desk", "Search all records and comments")
        .query(
            "q",
            json!({"type": "string", "minLength": 1, "pattern": "^[^\\u0000]+$"}),
            true,
            "Words; the last one may be a beginning.",
        )
        .query("type", type_names(registry), false, "Only records of this type.")
        .with(parameter("Limit"))
        .answer("200", "What was found, best first.", schema("Hits"), &[]);
    put(all, "/api/v1/search", json!({"get": search.build()}));
}

fn account(registry: &Registry, all: &mut Map<String, Json>) {
    let me =
        Operation::read("me", "Account", "The caller").answer("200", "Who is asking.", schema("Me"), &[]);
    put(all, "/api/v1/me", json!({"get": me.build()}));
    let tokens = Operation::read("list_tokens", "Account", "The caller's tokens").answer(
        "200",
        "The tokens.",
        schema("Tokens"),
        &[],
    );
    let make = Operation::write("create_token", "Account", "Make a token")
        .says("The secret is in the answer and nowhere else: the same request sent again under its `Idempotency-Key` is answered with null in its place.")
        .with(parameter("Once"))
        .body(schema("NewToken"), true, Map::new())
        .answer("201", "It is made.", schema("Token"), &["Location"]);
    put(all, "/api/v1/tokens", json!({"get": tokens.build(), "post": make.build()}));
    let end = Operation::write("end_token", "Account", "End a token")
        .with(json!({
            "name": "id", "in": "path", "required": true, "description": "Id of the token.",
            "schema": {"type": "integer", "minimum": 1, "maximum": i64::MAX},
        }))
        .answer("204", "It has ended.", Json::Null, &[]);
    put(all, "/api/v1/tokens/{id}", json!({"delete": end.build()}));
    let views = Operation::read("list_views", "Views", "Saved views of a type")
        .query("type", type_names(registry), true, "Name of the type.")
        .answer("200", "The caller's and the shared ones.", schema("Views"), &[]);
    let keep = Operation::write("create_view", "Views", "Keep a view")
        .says("Keeps a condition, an order and columns under a name.")
        .with(parameter("Once"))
        .body(schema("NewView"), true, Map::new())
        .answer("201", "It is kept.", schema("View"), &["Location"]);
    put(all, "/api/v1/views", json!({"get": views.build(), "post": keep.build()}));
    let remove = Operation::write("remove_view", "Views", "Remove a view of the caller")
        .with(parameter("Id"))
        .answer("204", "It is gone.", Json::Null, &[]);
    let one = Operation::read("get_view", "Views", "One saved view").with(parameter("Id")).answer(
        "200",
        "The view.",
        schema("View"),
        &[],
    );
    let change = Operation::write("update_view", "Views", "Change a view of the caller")
        .says("Changes the members that are sent.")
        .with(parameter("Id"))
        .body(schema("ViewChange"), true, Map::new())
        .answer("200", "The view as it is now.", schema("View"), &[]);
    put(
        all,
        "/api/v1/views/{id}",
        json!({"get": one.build(), "patch": change.build(), "delete": remove.build()}),
    );
}

fn conformity(registry: &Registry, all: &mut Map<String, Json>) {
    let framework = json!({"type": "string"});
    let which = "Id of the framework; ISO/IEC 20000-1:2018 where nothing is said.";
    let number = json!({"type": "integer", "minimum": 1, "maximum": i64::MAX});
    let at = json!({"type": "string", "format": "date-time"});
    let past = "A past instant: answered by the newest sealed run that was made not later; where there is none, `before` says why and nothing is proven. Now where nothing is said.";
    let overview = Operation::read("conformity", "Conformity", "How all obligations stand")
        .says("The clause map: every obligation with its state, by chapter and clause.")
        .query("framework", framework.clone(), false, which)
        .query("as_of", at.clone(), false, past)
        .answer("200", "The framework at a glance.", schema("Conformity"), &[]);
    put(all, "/api/v1/conformity", json!({"get": overview.build()}));
    let one = Operation::read("obligation", "Conformity", "One obligation")
        .says("Its tests with counts, trend and exceptions by reference, judgements, and the history of its state.")
        .with(json!({
            "name": "obligation", "in": "path", "required": true, "description": "Id of the obligation.",
            "schema": {"type": "string"}, "example": "8.6.1-g",
        }))
        .query("framework", framework, false, which)
        .query("as_of", at, false, past)
        .answer("200", "The obligation.", schema("Obligation"), &[]);
    put(all, "/api/v1/conformity/obligations/{obligation}", json!({"get": one.build()}));
    let exceptions = Operation::read("exceptions", "Conformity", "Exceptions of a test")
        .with(json!({
            "name": "test", "in": "path", "required": true, "description": "Id of the test.",
            "schema": {"type": "string"}, "example": "incident.recorded",
        }))
        .with(parameter("Limit"))
        .query(
            "after",
            json!({"type": "integer", "minimum": 0, "maximum": i64::MAX}),
            false,
            "Goes on after this place: `next` of an earlier page.",
        )
        .answer("200", "The exceptions, with why each is one.", schema("Exceptions"), &[]);
    put(all, "/api/v1/conformity/tests/{test}/exceptions", json!({"get": exceptions.build()}));
    let runs = Operation::read("list_runs", "Conformity", "Runs, newest first")
        .with(parameter("Limit"))
        .answer("200", "The runs.", schema("Runs"), &[]);
    let run = Operation::write("run_tests", "Conformity", "Test everything now")
        .says("Asks every test over all records, stores the results and seals them in the log.")
        .with(parameter("Once"))
        .answer("201", "What the run found.", schema("RunSummary"), &["Location"]);
    put(all, "/api/v1/conformity/runs", json!({"get": runs.build(), "post": run.build()}));
    let results = Operation::read("run", "Conformity", "One run with its results")
        .with(json!({"name": "run", "in": "path", "required": true, "description": "Number of the run.", "schema": number}))
        .answer("200", "The run.", schema("RunResults"), &[]);
    put(all, "/api/v1/conformity/runs/{run}", json!({"get": results.build()}));
    let judge = Operation::write("judge", "Conformity", "Judge an obligation, or answer a question of it")
        .says("Stands beside what was computed, never in its place; it ends, and is sealed in the log.")
        .with(parameter("Once"))
        .body(schema("NewJudgement"), true, Map::new())
        .answer("201", "It is recorded.", schema("Judgement"), &["Location"]);
    put(all, "/api/v1/conformity/judgements", json!({"post": judge.build()}));
    let figures = Operation::read("figures", "Conformity", "Figures of a type of work")
        .says("Computed from the history of every record. 202 while they are computed for the first time.")
        .query("type", type_names(registry), true, "Name of the type.")
        .answer("200", "The figures.", schema("Figures"), &[])
        .answer("202", "They are being computed; ask again in a moment.", schema("Figures"), &[]);
    put(all, "/api/v1/figures", json!({"get": figures.build()}));
}

fn frameworks(all: &mut Map<String, Json>) {
    let id = json!({
        "name": "framework", "in": "path", "required": true, "description": "Id of the framework.",
        "schema": {"type": "string"}, "example": "iso-20000-1-2018",
    });
    let listed = Operation::read("frameworks", "Frameworks", "All frameworks, those in force and drafts")
        .answer("200", "The frameworks.", schema("Frameworks"), &[]);
    let import = Operation::write("import_framework", "Frameworks", "Keep a framework as a draft")
        .says("From an OSCAL catalog or a KDL text. A published edition is frozen: the same edition with another text is refused with what differs.")
        .with(parameter("Once"))
        .body(schema("NewFramework"), true, Map::new())
        .answer("201", "It is kept.", schema("Framework"), &["Location"]);
    put(all, "/api/v1/frameworks", json!({"get": listed.build(), "post": import.build()}));
    let one = Operation::read("framework", "Frameworks", "One framework")
        .says("With its content (chapters, clauses, obligations) and the mappings that speak of it.")
        .with(id.clone())
        .answer("200", "The framework.", schema("Framework"), &[]);
    put(all, "/api/v1/frameworks/{framework}", json!({"get": one.build()}));
    let draft = Operation::read("framework_draft", "Frameworks", "What a draft changes")
        .says("Requirements added, removed and changed, with the tests, mappings and judgements that this touches.")
        .with(id.clone())
        .answer("200", "The differences.", schema("FrameworkUpdate"), &[]);
    put(all, "/api/v1/frameworks/{framework}/draft", json!({"get": draft.build()}));
    let publish = Operation::write("publish_framework", "Frameworks", "Put a draft in force")
        .says("Its text is frozen then and its digest sealed in the log. Its requirements are not proven until the next run.")
        .with(id.clone())
        .with(parameter("Once"))
        .answer("201", "It is in force.", schema("Framework"), &["Location"]);
    put(all, "/api/v1/frameworks/{framework}/publication", json!({"post": publish.build()}));
    let links = Operation::write(
        "link_framework",
        "Frameworks",
        "Join a framework to tests and to other frameworks",
    )
    .says("Controls of its own, existing tests that serve it, and mappings; in place of those sent before.")
    .with(id.clone())
    .with(parameter("Once"))
    .body(schema("FrameworkLinks"), true, Map::new())
    .answer("201", "They are in force.", schema("Framework"), &["Location"]);
    put(all, "/api/v1/frameworks/{framework}/links", json!({"post": links.build()}));
    let oscal = Operation::read("framework_oscal", "Frameworks", "A framework or results for it as OSCAL")
        .with(id)
        .with(json!({
            "name": "document", "in": "path", "required": true, "description": "Which document.",
            "schema": {"type": "string", "enum": ["catalog", "component-definition", "mapping-collection", "assessment-results"]},
        }))
        .query("run", json!({"type": "integer", "minimum": 1, "maximum": i64::MAX}), false, "The run whose results are written; the newest where nothing is said.")
        .answer("200", "The document.", schema("OscalDocument"), &[]);
    put(all, "/api/v1/frameworks/{framework}/oscal/{document}", json!({"get": oscal.build()}));
}

fn automations(all: &mut Map<String, Json>) {
    let name = json!({
        "name": "automation", "in": "path", "required": true, "description": "Name of the automation.",
        "schema": {"type": "string"}, "example": "major-opens-problem",
    });
    let listed = Operation::read("automations", "Automations", "All automations that are on").answer(
        "200",
        "The automations.",
        schema("Automations"),
        &[],
    );
    put(all, "/api/v1/automations", json!({"get": listed.build()}));
    let one = Operation::read("automation", "Automations", "One automation").with(name.clone()).answer(
        "200",
        "The automation.",
        schema("Automation"),
        &[],
    );
    put(all, "/api/v1/automations/{automation}", json!({"get": one.build()}));
    let past = Operation::read("automation_past", "Automations", "A dry run over past records")
        .says("When its condition began to hold, by the history of the records changed last; nothing is written.")
        .with(name)
        .query("records", json!({"type": "integer", "minimum": 1, "maximum": PAST_MAX, "default": LOOKED_AT}), false, "Records to look at.")
        .answer("200", "What it would have acted on.", schema("AutomationPast"), &[]);
    put(all, "/api/v1/automations/{automation}/past", json!({"get": past.build()}));
}

fn log(all: &mut Map<String, Json>) {
    let state = Operation::read("log", "Log", "The log at a glance").answer(
        "200",
        "Its size and root.",
        schema("Log"),
        &[],
    );
    put(all, "/api/v1/log", json!({"get": state.build()}));
    let newest = Operation::read("checkpoint", "Log", "The newest checkpoint as a signed note").raw_answer(
        "200",
        json!({
            "description": "The note, C2SP tlog-checkpoint.",
            "content": {"text/plain; charset=utf-8": {"schema": {"type": "string"}}},
        }),
    );
    put(all, "/api/v1/log/checkpoint", json!({"get": newest.build()}));
    let checkpoints = Operation::read("checkpoints", "Log", "Checkpoints, newest first")
        .with(parameter("Limit"))
        .answer("200", "Checkpoints.", schema("Checkpoints"), &[]);
    put(all, "/api/v1/log/checkpoints", json!({"get": checkpoints.build()}));
    let proof = Operation::read("inclusion_proof", "Log", "Proof that an entry is in the log")
        .says("Leads from the entry's bytes to the root that the newest checkpoint signs, where it covers the entry.")
        .with(json!({
            "name": "entry", "in": "path", "required": true, "description": "Id of the entry, from a history.",
            "schema": {"type": "integer", "minimum": 1, "maximum": i64::MAX},
        }))
        .answer("200", "The proof.", schema("InclusionProof"), &[]);
    put(all, "/api/v1/log/entries/{entry}/proof", json!({"get": proof.build()}));
    let size = json!({"type": "integer", "minimum": 1, "maximum": i64::MAX});
    let consistency = Operation::read("consistency_proof", "Log", "Proof that the log only grew")
        .query("old", size.clone(), true, "The earlier size of the tree.")
        .query("new", size, true, "The later size of the tree.")
        .error("422", "Invalid")
        .answer("200", "The proof.", schema("ConsistencyProof"), &[]);
    put(all, "/api/v1/log/consistency", json!({"get": consistency.build()}));
}

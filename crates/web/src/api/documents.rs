//! Documents: starter templates, two versions compared, who has read one, and the acknowledgement.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, Uri};
use axum::routing::{get, post};
use proofdesk_engine::{Action, Attachment, Door, Reader, Record, Reference, Standing};
use proofdesk_model::format::write_instant;
use proofdesk_model::{RecordType, template};
use serde_json::{Value as Json, json};

use crate::api::beside::line;
use crate::api::client::Client;
use crate::api::input::{self, Params};
use crate::api::once::Answer;
use crate::api::problem::ApiError;
use crate::api::records::address;
use crate::pages::templates::given;
use crate::state::AppState;

/// `/api/v1/templates…`, and of a record `…/compare`, `…/readers`, `…/reminders`, `…/acknowledgement`,
/// `…/next-version`.
pub fn router() -> Router<AppState> {
    let record = "/api/v1/{type}/{reference}";
    Router::new()
        .route("/api/v1/templates", get(templates))
        .route("/api/v1/templates/{name}", get(one).post(adopt))
        .route(&format!("{record}/compare"), get(compare))
        .route(&format!("{record}/readers"), get(readers))
        .route(&format!("{record}/reminders"), post(remind))
        .route(&format!("{record}/acknowledgement"), post(acknowledge))
        .route(&format!("{record}/next-version"), post(next))
}

type Named = Path<(String, String)>;

/// Refuses who reads no documents: for him there are no templates.
fn readable(client: &Client) -> Result<(), ApiError> {
    let whole = template::versions(client.registry()).map(|(_, whole)| whole);
    let may = whole.is_some_and(|of| client.caller.may(of, &Action::Read));
    may.then_some(()).ok_or_else(|| ApiError::not_found("templates"))
}

fn places(open: &[(String, String)]) -> Vec<Json> {
    open.iter().map(|(name, label)| json!({"name": name, "label": label})).collect()
}

fn template_json(found: &template::Template, documents: &[Record]) -> Json {
    json!({
        "name": found.name,
        "title": found.title,
        "summary": found.summary,
        "clauses": found.clauses,
        "serves": found.serves,
        "documents": documents.iter().map(line).collect::<Vec<_>>(),
    })
}

async fn templates(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    readable(&client)?;
    let mut all = Vec::new();
    for found in client.engine().templates().all.values() {
        let documents = client.engine().adopted(&client.caller, &found.name).await?;
        all.push(template_json(found, &documents));
    }
    Ok(Answer::ok(json!({"templates": all})))
}

async fn one(client: Client, Path(name): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    readable(&client)?;
    let given = given(&client.state);
    let (found, filled) = client.engine().fill_template(&client.caller, &name, &given).await?;
    let documents = client.engine().adopted(&client.caller, &name).await?;
    let mut written = template_json(&found, &documents);
    written["text"] = json!(filled.text);
    written["open"] = json!(places(&filled.open));
    Ok(Answer::ok(written))
}

async fn adopt(
    client: Client,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    readable(&client)?;
    let (_, object) = input::object(&headers, body, &input::JSON, true).await?;
    let mut form = input::Form::new(&object);
    let again = form.yes("again");
    form.finish()?;
    let given = given(&client.state);
    let made = client.engine().adopt_template(&client.caller, &name, &given, Door::Api, again).await?;
    let location = address(&made.document.of, made.document.number);
    let body = json!({
        "document": line(&made.document),
        "version": line(&made.version),
        "open": places(&made.open),
    });
    Ok(Answer::created(location, body))
}

/// A type whose records have something, else nothing is there; which types have it is said.
fn only(
    client: &Client,
    of: &RecordType,
    what: &str,
    has: impl Fn(&RecordType) -> bool,
) -> Result<(), ApiError> {
    if has(of) {
        return Ok(());
    }
    let having = client.registry().types().filter(|t| has(t) && client.caller.may(t, &Action::Read));
    let having: Vec<String> = having.map(|t| t.plural.to_lowercase()).collect();
    let instead = if having.is_empty() { String::new() } else { format!(", only for {}", having.join(", ")) };
    Err(ApiError::not_found(format!("{what} for {}{instead}", of.plural.to_lowercase())))
}

fn file(found: Option<&Attachment>) -> Json {
    found.map_or(
        Json::Null,
        |f| json!({"id": f.id, "name": f.name, "size_bytes": f.size_bytes, "sha256": f.sha256}),
    )
}

async fn compare(client: Client, Path((name, written)): Named, uri: Uri) -> Result<Answer, ApiError> {
    let (of, new) = client.require_reference(&name, &written)?;
    only(&client, &of, "comparison", |t| t.version_of.is_some())?;
    let params = Params::read(&uri, &["old"])?;
    let old = params.text("old");
    let old =
        old.ok_or_else(|| ApiError::parameter("old", "required", "names the version to compare with"))?;
    let (_, old) = client.require_reference(&name, old)?;
    let found = client.engine().compare(&client.caller, &old, &new).await?;
    Ok(Answer::ok(json!({
        "old": line(&found.old),
        "new": line(&found.new),
        "text": found.text,
        "old_file": file(found.old_file.as_ref()),
        "new_file": file(found.new_file.as_ref()),
        "files_differ": found.files_differ(),
    })))
}

fn reader(client: &Client, reader: &Reader) -> Json {
    let name = |r: &Reference| client.registry().write_reference(r);
    let (state, acknowledgement, at, due) = match &reader.standing {
        Standing::Read(ack, at) => ("read", Some(name(ack)), Some(*at), None),
        Standing::ReadOther(ack, at) => ("read_other", Some(name(ack)), Some(*at), None),
        Standing::ToRead(ack, due) => ("to_read", ack.as_ref().map(name), None, *due),
        Standing::NotAsked => ("not_asked", None, None, None),
    };
    json!({
        "person": name(&reader.person),
        "name": reader.name,
        "state": state,
        "acknowledgement": acknowledgement,
        "read_at": at.map(write_instant),
        "due_at": due.map(write_instant),
    })
}

async fn readers(client: Client, Path((name, written)): Named, uri: Uri) -> Result<Answer, ApiError> {
    let (of, reference) = client.require_reference(&name, &written)?;
    only(&client, &of, "list of readers", |t| t.readers.is_some())?;
    Params::read(&uri, &[])?;
    let record = client.engine().require(&client.caller, &reference).await?;
    let all = client.engine().readers(&client.caller, &record).await?;
    Ok(Answer::ok(json!({"readers": all.iter().map(|r| reader(&client, r)).collect::<Vec<_>>()})))
}

async fn remind(
    client: Client,
    Path((name, written)): Named,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, ApiError> {
    let (of, reference) = client.require_reference(&name, &written)?;
    only(&client, &of, "reminder", |t| t.readers.is_some())?;
    Params::read(&uri, &[])?;
    let (_, object) = input::object(&headers, body, &input::JSON, true).await?;
    let mut form = input::Form::new(&object);
    let due = form.instant("due_at");
    form.finish()?;
    let asked = client.engine().remind(&client.caller, &reference, due, Door::Api).await?;
    Ok(Answer::ok(json!({"asked": asked})))
}

async fn acknowledge(client: Client, Path((name, written)): Named, uri: Uri) -> Result<Answer, ApiError> {
    let (of, reference) = client.require_reference(&name, &written)?;
    only(&client, &of, "acknowledgement", |t| t.readers.is_some())?;
    Params::read(&uri, &[])?;
    let made = client.engine().acknowledge(&client.caller, &reference, Door::Api).await?;
    Ok(Answer::ok(line(&made)))
}

async fn next(client: Client, Path((name, written)): Named, uri: Uri) -> Result<Answer, ApiError> {
    let (of, reference) = client.require_reference(&name, &written)?;
    let whole = template::versions(client.registry()).map(|(_, whole)| whole.name.clone());
    only(&client, &of, "next version", |t| whole.as_ref() == Some(&t.name))?;
    Params::read(&uri, &[])?;
    let made = client.engine().next_version(&client.caller, &reference, Door::Api).await?;
    Ok(Answer::created(address(&made.of, made.number), line(&made)))
}

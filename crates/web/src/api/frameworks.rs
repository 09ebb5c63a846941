//! Frameworks: which are in force, drafts and what they change, publishing, and all of it as OSCAL.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use proofdesk_conformity::oscal::{CatalogOptions, Heading};
use proofdesk_conformity::{Conformity, Error, Format, Framework, Mistakes, Source, Upload};
use proofdesk_engine::{Door, Problem, Problems};
use serde_json::{Map, Value as Json, json};

use crate::api::client::{Client, short};
use crate::api::conformity::{require, written};
use crate::api::input::{self, Form, Params};
use crate::api::once::{self, Answer};
use crate::api::problem::ApiError;
use crate::error::WebError;
use crate::state::AppState;

/// `/api/v1/frameworks` and below it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/frameworks", get(list).post(import))
        .route("/api/v1/frameworks/{framework}", get(one))
        .route("/api/v1/frameworks/{framework}/draft", get(draft))
        .route("/api/v1/frameworks/{framework}/publication", post(publish))
        .route("/api/v1/frameworks/{framework}/links", post(links))
        .route("/api/v1/frameworks/{framework}/oscal/{document}", get(oscal))
}

/// Mistakes in what was sent are problems of its field.
fn problems_of(field: &str, mistakes: &Mistakes) -> WebError {
    let one = |m: &proofdesk_conformity::Mistake| Problem::new(field, "declaration", m.to_string());
    let problems = Problems(mistakes.0.iter().take(100).map(one).collect());
    WebError::from(proofdesk_engine::Error::Invalid(problems))
}

/// What the caller is told when a framework is not taken.
pub fn refused(field: &str, error: Error) -> WebError {
    match error {
        Error::Declarations(mistakes) => problems_of(field, &mistakes),
        other => WebError::from(other),
    }
}

async fn list(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let conformity = require(&client)?;
    Params::read(&uri, &[])?;
    let all = conformity.frameworks().await.map_err(WebError::from)?;
    Ok(Answer::ok(json!({"frameworks": written(client.registry(), &all)?})))
}

async fn info(client: &Client, conformity: &Conformity, id: &str) -> Result<Json, ApiError> {
    let all = conformity.frameworks().await.map_err(WebError::from)?;
    let found = all.into_iter().find(|f| f.id == id);
    let found = found.ok_or_else(|| ApiError::not_found(format!("framework {}", short(id))))?;
    written(client.registry(), &found)
}

async fn one(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    let conformity = require(&client)?;
    Params::read(&uri, &[])?;
    let mut found = info(&client, conformity, &id).await?;
    let declared = conformity.declarations();
    let text = declared.framework(&id).or_else(|| declared.draft(&id).map(|(draft, _)| draft));
    if let Some(framework) = text {
        found["content"] = written(client.registry(), framework)?;
    }
    let mappings: Vec<_> = declared.controls.mappings.iter().filter(|m| m.target.0 == id).collect();
    found["mappings"] = written(client.registry(), &mappings)?;
    Ok(Answer::ok(found))
}

async fn draft(client: Client, Path(id): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    let conformity = require(&client)?;
    Params::read(&uri, &[])?;
    let update = conformity.update_of(&id).await.map_err(WebError::from)?;
    Ok(Answer::ok(written(client.registry(), &update)?))
}

async fn import(
    client: Client,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let conformity = require(&client)?.clone();
    Params::read(&uri, &[])?;
    let key = once::key(&headers)?;
    let (bytes, object) = input::object(&headers, body, &input::JSON, false).await?;
    conformity.may_keep_frameworks(&client.caller).map_err(WebError::from)?;
    let framework = framework_of(&object).await?;
    let request = once::digest(&method, &uri, &headers, &bytes);
    let caller = client.clone();
    once::once(&client, key, request, move |write| {
        let (client, conformity, framework) = (caller.clone(), conformity.clone(), framework.clone());
        async move {
            if write.done.is_none() {
                let keep =
                    conformity.import_framework_once(&client.caller, &framework, "REST", Door::Api, write.id);
                keep.await.map_err(|e| refused("catalog", e))?;
            }
            created(&client, &conformity, &framework.id).await
        }
    })
    .await
}

async fn created(client: &Client, conformity: &Conformity, id: &str) -> Result<Answer, ApiError> {
    Ok(Answer::created(format!("/api/v1/frameworks/{id}"), info(client, conformity, id).await?))
}

/// The framework of a body: an OSCAL document in `catalog`, or a text in `kdl`.
async fn framework_of(object: &Map<String, Json>) -> Result<Framework, ApiError> {
    let mut texts = object.clone();
    let catalog = texts.shift_remove("catalog").filter(|c| !c.is_null());
    let mut form = Form::new(&texts);
    let kdl = form.perhaps("kdl");
    let options = CatalogOptions {
        id: form.perhaps("id"),
        title: form.perhaps("title"),
        edition: form.perhaps("edition"),
        origin: form.perhaps("origin"),
    };
    if catalog.is_some() == kdl.is_some() {
        form.wrong("catalog", "required", "Send either an OSCAL document in `catalog` or a text in `kdl`.");
    } else if catalog.as_ref().is_some_and(|c| !c.is_object()) {
        form.wrong("catalog", "format", "`catalog` takes an OSCAL document: an object with `catalog` in it.");
    }
    form.finish()?;
    let (name, format, text) = match kdl {
        Some(text) => ("kdl", Format::Kdl, text),
        None => {
            let catalog = catalog.unwrap_or_default();
            let is_bare = catalog.get("metadata").is_some();
            let document = if is_bare { json!({"catalog": catalog}) } else { catalog };
            ("catalog", Format::Oscal, document.to_string())
        }
    };
    let upload = Upload { name: name.to_owned(), bytes: text.into_bytes(), options, ..Upload::default() };
    Ok(upload.read(format).await.map_err(|e| refused(name, e))?)
}

async fn publish(
    client: Client,
    Path(id): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let conformity = require(&client)?.clone();
    Params::read(&uri, &[])?;
    let key = once::key(&headers)?;
    let request = once::digest(&method, &uri, &headers, &axum::body::Bytes::new());
    let caller = client.clone();
    once::once(&client, key, request, move |write| {
        let (client, conformity, id) = (caller.clone(), conformity.clone(), id.clone());
        async move {
            if write.done.is_none() {
                let publish = conformity.publish_framework_once(&client.caller, &id, Door::Api, write.id);
                publish.await.map_err(|e| refused("edition", e))?;
            }
            created(&client, &conformity, &id).await
        }
    })
    .await
}

async fn links(
    client: Client,
    Path(id): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let conformity = require(&client)?.clone();
    conformity.may_keep_frameworks(&client.caller).map_err(WebError::from)?;
    Params::read(&uri, &[])?;
    let key = once::key(&headers)?;
    let (bytes, object) = input::object(&headers, body, &input::JSON, false).await?;
    let mut form = Form::new(&object);
    let text = form.text("kdl", true).unwrap_or_default();
    form.finish()?;
    let request = once::digest(&method, &uri, &headers, &bytes);
    let caller = client.clone();
    once::once(&client, key, request, move |write| {
        let (client, conformity, id) = (caller.clone(), conformity.clone(), id.clone());
        let source = Source::new("kdl", text.clone());
        async move {
            if write.done.is_none() {
                let keep = conformity.import_links_once(&client.caller, &id, &source, Door::Api, write.id);
                keep.await.map_err(|e| refused("kdl", e))?;
            }
            created(&client, &conformity, &id).await
        }
    })
    .await
}

async fn oscal(
    client: Client,
    Path((id, document)): Path<(String, String)>,
    uri: Uri,
) -> Result<Answer, ApiError> {
    let conformity = require(&client)?;
    let params = Params::read(&uri, &["run"])?;
    let run = params.number("run", 1, i64::MAX, 0)?;
    let run = (run > 0).then_some(run);
    let found = document_of(conformity, &client.state, &id, &document, run).await?;
    Ok(Answer::ok(found))
}

/// A framework, or what is known of it, as an OSCAL document: `catalog`, `component-definition`, `mapping-collection` or
/// `assessment-results`.
///
/// # Errors
/// `NotFound`; a fault of the database.
pub async fn document_of(
    conformity: &Conformity,
    state: &AppState,
    id: &str,
    document: &str,
    run: Option<i64>,
) -> Result<Json, WebError> {
    let heading = Heading { organization: state.organization(), at: conformity.engine().now() };
    let declared = conformity.declarations();
    let found = declared.framework(id).or_else(|| declared.draft(id).map(|(draft, _)| draft));
    let framework = found.ok_or_else(|| WebError::NotFound(format!("framework {}", short(id))))?;
    match document {
        "catalog" => Ok(framework.to_oscal(&heading)),
        "component-definition" => Ok(conformity.component_definition(id, &heading)?),
        "mapping-collection" => Ok(conformity.mapping_collection(id, &heading)?),
        "assessment-results" => Ok(conformity.assessment_results(id, run, &heading).await?),
        other => Err(WebError::NotFound(format!("document {}", short(other)))),
    }
}

//! `/scim/v2`: a directory keeps people and groups here. Users are accounts with their persons, groups are roles and teams.
//!
//! Who asks sends a token that reaches `provisioning`, of an administrator's account. Nothing is deleted: who is removed is
//! closed, and his history keeps his name. Not here: accounts (`engine`), what the tables of a directory mean elsewhere.
//! Source: RFC 7642, RFC 7643, RFC 7644. Bulk, sorting and passwords are not offered, and `ServiceProviderConfig` says so.

mod filter;
mod groups;
mod patch;
mod schemas;
mod shape;
mod users;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use proofdesk_engine::{Act, Caller, Door, Engine, Error};
use serde_json::{Map, Value as Json, json};

use crate::bearer::Sent;
use crate::session::account_of;
use crate::state::AppState;
use shape::{Asked, Shown};

/// All addresses of SCIM.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/scim/v2/ServiceProviderConfig", get(config))
        .route("/scim/v2/ResourceTypes", get(resource_types))
        .route("/scim/v2/ResourceTypes/{name}", get(resource_type))
        .route("/scim/v2/Schemas", get(all_schemas))
        .route("/scim/v2/Schemas/{name}", get(one_schema))
        .route("/scim/v2/.search", post(search_all))
        .route("/scim/v2/{kind}", get(list).post(make))
        .route("/scim/v2/{kind}/.search", post(search))
        .route("/scim/v2/{kind}/{id}", get(read).put(put).patch(change).delete(remove))
}

/// Whether a condition holds for a resource; none where it is no condition.
pub fn holds(condition: &str, resource: &Json) -> Option<bool> {
    filter::parse(condition).ok().map(|condition| condition.holds(resource))
}

/// A resource after the operations of a PATCH; none where one of them is refused.
pub fn patched(resource: &Json, body: &Map<String, Json>) -> Option<Map<String, Json>> {
    patch::apply(resource, body).ok()
}

/// A refusal in the form of SCIM.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    detail: String,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into() }
    }

    fn value(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalidValue", detail)
    }

    fn gone() -> Self {
        Self::new(StatusCode::NOT_FOUND, "", "There is no such resource.")
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::gone(),
            Error::Forbidden(problems) => {
                let detail = problems.0.first().map(|p| p.message.to_string()).unwrap_or_default();
                Self::new(StatusCode::FORBIDDEN, "", detail)
            }
            Error::Invalid(problems) => {
                let taken = problems.0.iter().any(|p| p.code == "taken");
                let detail = problems.0.first().map(|p| p.message.to_string()).unwrap_or_default();
                if taken {
                    return Self::new(StatusCode::CONFLICT, "uniqueness", detail);
                }
                Self::value(detail)
            }
            Error::Conflict(_) | Error::Taken => {
                Self::new(StatusCode::CONFLICT, "", "It was changed meanwhile; try again.")
            }
            Error::Unavailable => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "", "The database is away; try again.")
            }
            other => {
                tracing::error!(error = %other, "provisioning failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "", "The desk failed; its log says more.")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_u16().to_string(),
            "detail": self.detail,
        });
        if !self.kind.is_empty() {
            body["scimType"] = json!(self.kind);
        }
        let mut response = answer(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            let value = header::HeaderValue::from_static("Bearer realm=\"proofdesk\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

/// The refusal of who asks too often: what to wait, in seconds.
pub(crate) fn too_often(seconds: u64) -> Response {
    let detail = format!("Too many requests; try again in {seconds} s.");
    let mut response = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "", detail).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}

fn answer(status: StatusCode, body: &Json) -> Response {
    (status, [(header::CONTENT_TYPE, "application/scim+json")], body.to_string()).into_response()
}

/// The directory that asks.
#[derive(Clone)]
pub(crate) struct Directory {
    state: AppState,
    caller: Caller,
}

impl Directory {
    fn engine(&self) -> &Engine {
        &self.state.engine
    }

    fn act(&self) -> Act {
        Act::new(&self.caller, Door::Api)
    }

    /// The address of a resource.
    fn at(&self, kind: &str, id: &str) -> String {
        format!("{}/scim/v2/{kind}/{id}", self.state.settings.base())
    }
}

impl FromRequestParts<AppState> for Directory {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let who = |detail: &str| Refusal::new(StatusCode::UNAUTHORIZED, "", detail);
        let Sent::Token(token) = Sent::read(&parts.headers) else {
            return Err(who("Send a token as `Authorization: Bearer pd_…`."));
        };
        let found = account_of(parts, token, state).await?;
        let (account, scope) = found.ok_or_else(|| who("This token is unknown, or it has ended."))?;
        let action = if matches!(parts.method, Method::GET | Method::HEAD) { "read" } else { "update" };
        let caller = Caller { scope, ..account.caller() };
        if !caller.reaches("provisioning", action) || !caller.has(proofdesk_model::access::ADMINISTRATOR) {
            let detail =
                "Provisioning needs a token of the scope `provisioning:*`, of an administrator's account.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "", detail));
        }
        // by accounts and groups it reaches everything: that is what the scope says
        Ok(Self { state: state.clone(), caller: Caller { scope: None, ..caller } })
    }
}

async fn config(directory: Directory) -> Response {
    answer(StatusCode::OK, &schemas::config(&directory.state.settings.base()))
}

async fn resource_types(directory: Directory) -> Response {
    let all = schemas::resource_types(&directory.state.settings.base());
    answer(StatusCode::OK, &shape::list(&all, all.len(), 1))
}

async fn resource_type(directory: Directory, Path(name): Path<String>) -> Result<Response, Refusal> {
    let all = schemas::resource_types(&directory.state.settings.base());
    let found = all.iter().find(|one| one["id"] == json!(name)).ok_or_else(Refusal::gone)?;
    Ok(answer(StatusCode::OK, found))
}

async fn all_schemas(directory: Directory) -> Response {
    let all = schemas::all(&directory.state.settings.base());
    answer(StatusCode::OK, &shape::list(&all, all.len(), 1))
}

async fn one_schema(directory: Directory, Path(name): Path<String>) -> Result<Response, Refusal> {
    let all = schemas::all(&directory.state.settings.base());
    let found = all.iter().find(|one| one["id"] == json!(name)).ok_or_else(Refusal::gone)?;
    Ok(answer(StatusCode::OK, found))
}

/// The body, a JSON object.
fn object(body: &Bytes) -> Result<Map<String, Json>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Json::Object(object)) => Ok(object),
        _ => Err(Refusal::new(StatusCode::BAD_REQUEST, "invalidSyntax", "The body is no JSON object.")),
    }
}

async fn search_all(directory: Directory, body: Bytes) -> Result<Response, Refusal> {
    let asked = Asked::of_body(&object(&body)?)?;
    let mut all = users::all(&directory).await?;
    all.extend(groups::all(&directory).await?);
    shape::page(all, &asked).map(|page| answer(StatusCode::OK, &page))
}

/// What is kept here by a directory.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Users,
    Groups,
}

impl Kind {
    fn read(word: &str) -> Result<Self, Refusal> {
        match word {
            "Users" => Ok(Self::Users),
            "Groups" => Ok(Self::Groups),
            _ => Err(Refusal::gone()),
        }
    }

    async fn page(self, directory: &Directory, asked: &Asked) -> Result<Json, Refusal> {
        match self {
            Self::Users => users::list(directory, asked).await,
            Self::Groups => shape::page(groups::all(directory).await?, asked),
        }
    }

    async fn require(self, directory: &Directory, id: &str) -> Result<Json, Refusal> {
        match self {
            Self::Users => users::require(directory, id).await,
            Self::Groups => groups::require(directory, id).await,
        }
    }

    /// Makes what was found into what is wanted.
    async fn keep(
        self,
        directory: &Directory,
        id: &str,
        found: &Json,
        wanted: &Map<String, Json>,
    ) -> Result<Json, Refusal> {
        match self {
            Self::Users => users::keep(directory, id, found, wanted).await,
            Self::Groups => groups::keep(directory, id, found, wanted).await,
        }
    }
}

async fn list(
    directory: Directory,
    Path(kind): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &Kind::read(&kind)?.page(&directory, &asked).await?))
}

async fn search(directory: Directory, Path(kind): Path<String>, body: Bytes) -> Result<Response, Refusal> {
    let asked = Asked::of_body(&object(&body)?)?;
    Ok(answer(StatusCode::OK, &Kind::read(&kind)?.page(&directory, &asked).await?))
}

async fn make(
    directory: Directory,
    Path(kind): Path<String>,
    Query(asked): Query<Asked>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wanted = object(&body)?;
    let made = match Kind::read(&kind)? {
        Kind::Users => users::make(&directory, &wanted).await?,
        Kind::Groups => groups::make(&directory, &wanted).await?,
    };
    Ok(one(made, &asked, &HeaderMap::new(), StatusCode::CREATED))
}

async fn read(
    directory: Directory,
    Path((kind, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Ok(one(Kind::read(&kind)?.require(&directory, &id).await?, &asked, &headers, StatusCode::OK))
}

async fn put(
    directory: Directory,
    Path((kind, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let kind = Kind::read(&kind)?;
    let found = kind.require(&directory, &id).await?;
    unchanged(&found, &headers)?;
    let now = kind.keep(&directory, &id, &found, &object(&body)?).await?;
    Ok(one(now, &asked, &HeaderMap::new(), StatusCode::OK))
}

async fn change(
    directory: Directory,
    Path((kind, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let kind = Kind::read(&kind)?;
    let found = kind.require(&directory, &id).await?;
    unchanged(&found, &headers)?;
    let parts = match kind {
        Kind::Users => users::in_parts(found.clone()),
        Kind::Groups => found.clone(),
    };
    let wanted = patch::apply(&parts, &object(&body)?)?;
    let now = kind.keep(&directory, &id, &found, &wanted).await?;
    Ok(one(now, &asked, &HeaderMap::new(), StatusCode::OK))
}

async fn remove(
    directory: Directory,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let kind = Kind::read(&kind)?;
    unchanged(&kind.require(&directory, &id).await?, &headers)?;
    match kind {
        Kind::Users => users::remove(&directory, &id).await?,
        Kind::Groups => groups::remove(&directory, &id).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A resource with its version; nothing where who asks has it already.
fn one(found: Json, asked: &Asked, headers: &HeaderMap, status: StatusCode) -> Response {
    let Shown { body, version, location } = shape::shown(found, asked);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let tags = [(header::ETAG, version.clone())];
    if status == StatusCode::OK && shape::names(known, &version) {
        return (StatusCode::NOT_MODIFIED, tags).into_response();
    }
    let mut response = (tags, answer(status, &body)).into_response();
    if status == StatusCode::CREATED
        && let Ok(location) = location.parse()
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Refuses a change of something that is not what the directory last saw.
fn unchanged(found: &Json, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(wanted) = headers.get(header::IF_MATCH).and_then(|v| v.to_str().ok()) else { return Ok(()) };
    if shape::names(wanted, &shape::version(found)) {
        return Ok(());
    }
    let detail = "It was changed meanwhile; read it again.";
    Err(Refusal::new(StatusCode::PRECONDITION_FAILED, "", detail))
}

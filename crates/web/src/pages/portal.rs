//! The portal: what customers and users see, in their language. Describe once, ask by a form, follow, answer, approve,
//! confirm, rate, complain; and how their services stand.
//!
//! Everything that is shown of records comes through the engine as the person who asks; only how a service stands is
//! computed from more than that (`services.rs`), and gives no words of any record.
//! Not here: the pages of the staff. Invariant: no text stands in these files, all are in `locales/`.

mod approve;
mod article;
mod asked;
mod decide;
mod entry;
mod form;
mod frame;
mod home;
mod me;
mod mine;
mod names;
mod offers;
mod request;
mod services;
mod status;
mod step;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use proofdesk_engine::{Caller, ListRequest, Problem, Record, Reference};
use proofdesk_model::{Condition, RecordType};

use crate::error::WebError;
use crate::language::{Given, Language, Words};
use crate::menu;
use crate::pages::require_reference;
use crate::session::Visit;
use crate::state::AppState;
pub(crate) use entry::{failure, refusal, said};
pub(crate) use frame::{Sheet, frame};
pub(crate) use me::page as own_page;
use names::{READ, SENT, SERVICE};

/// `/portal…` and `/status`.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(home::router())
        .merge(mine::router())
        .merge(me::router())
        .merge(form::router())
        .merge(request::router())
        .merge(step::router())
        .merge(approve::router())
        .merge(decide::router())
        .merge(article::router())
        .merge(status::router())
}

/// Records that are read at a time where all are wanted.
const AT_ONCE: usize = 500;

/// Somebody who reads the portal, and in which language.
pub struct Client {
    /// Who it is.
    pub visit: Visit,
    /// His words.
    pub words: Words,
}

impl FromRequestParts<AppState> for Client {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        let visit = Visit::from_request_parts(parts, state).await?;
        let chosen = visit.engine().language_of(visit.account.person).await?;
        let chosen = chosen.and_then(|tag| Language::of_tag(&tag));
        let words = Words(chosen.unwrap_or_else(|| Language::of_headers(&parts.headers)));
        Ok(Self { visit, words })
    }
}

impl Client {
    /// A text.
    fn say(&self, key: &str) -> String {
        self.words.say(key)
    }

    /// A text with one thing filled in.
    fn fill(&self, key: &str, name: &str, given: &str) -> String {
        self.words.with(key, &[(name, Given::Text(given))])
    }

    /// An instant as people read it.
    fn at(&self, at: i64) -> String {
        self.words.instant(at, self.visit.zone())
    }

    /// Records of a type by a condition, those of the last change first.
    async fn list(&self, of: &str, filter: &str, sort: &str, limit: usize) -> Result<Vec<Record>, WebError> {
        let filter = self.condition(of, filter)?;
        let request = ListRequest {
            record_type: of.to_owned(),
            filter: Some(filter),
            sort: sort.to_owned(),
            descending: true,
            after: None,
            limit,
        };
        Ok(self.visit.engine().list(&self.visit.caller, &request).await?.records)
    }

    /// All records of a type by a condition, page after page.
    async fn all(
        &self,
        caller: &Caller,
        of: &str,
        filter: &str,
        sort: &str,
        descending: bool,
    ) -> Result<Vec<Record>, WebError> {
        let filter = self.condition(of, filter)?;
        let mut request = ListRequest {
            record_type: of.to_owned(),
            filter: Some(filter),
            sort: sort.to_owned(),
            descending,
            after: None,
            limit: AT_ONCE,
        };
        let mut found = Vec::new();
        loop {
            let page = self.visit.engine().list(caller, &request).await?;
            found.extend(page.records);
            match page.next {
                Some(next) => request.after = Some(next),
                None => return Ok(found),
            }
        }
    }

    fn condition(&self, of: &str, filter: &str) -> Result<Condition, WebError> {
        Ok(self.visit.engine().condition(filter, of)?)
    }

    /// The address of a record's page in the portal.
    fn address(&self, record: &Record) -> String {
        format!("/portal/{}/{}", menu::slug(&record.of), record.reference())
    }

    /// The record of one of these types that an address names.
    async fn require(&self, slug: &str, written: &str, types: &[&str]) -> Result<Record, WebError> {
        let reference = require_reference(&self.visit, slug, written)?;
        if !types.contains(&reference.record_type.as_str()) {
            return Err(nothing());
        }
        Ok(self.visit.engine().require(&self.visit.caller, &reference).await?)
    }

    /// That a field is still to be filled in, as a sentence.
    fn wrong_required(&self, of: &RecordType, field: &str) -> String {
        said(self.words, Some(of), &Problem::new(field, "required", String::new()))
    }

    /// What is wrong with what was sent, as sentences: field and sentence.
    fn wrong(&self, of: &RecordType, problems: &[Problem]) -> Vec<(String, String)> {
        problems.iter().map(|p| (p.field.clone(), said(self.words, Some(of), p))).collect()
    }
}

/// The page of the portal for the record of an address of the desk; none for staff, where the portal has no such page, and
/// where this person does not see the record: then nothing is told of it.
pub(crate) async fn instead(visit: &Visit, path: &str) -> Option<String> {
    let mut parts = path.trim_start_matches('/').split('/');
    let (slug, written) = (parts.next()?, parts.next()?);
    let of = menu::type_of_slug(visit.engine(), slug).filter(|_| visit.is_customer())?;
    let reference = visit.registry().parse_reference(written).filter(|r| r.record_type == of.name)?;
    let has_page = SENT.into_iter().chain(READ).chain([SERVICE]).any(|name| name == of.name);
    if !has_page || visit.engine().require(&visit.caller, &reference).await.is_err() {
        return None;
    }
    let to = format!("/portal/{slug}/{}", of.reference(reference.number));
    Some(if of.name == SERVICE { "/status".to_owned() } else { to })
}

/// The words of somebody who is signed in: his own choice, else his browser's.
pub(crate) async fn words_of(visit: &Visit, headers: Words) -> Words {
    let chosen = visit.engine().language_of(visit.account.person).await.ok().flatten();
    chosen.and_then(|tag| Language::of_tag(&tag)).map_or(headers, Words)
}

/// There is no such page, as far as this person goes.
fn nothing() -> WebError {
    WebError::NotFound("page".to_owned())
}

/// A record's reference as an input carries it.
fn reference_of(client: &Client, of: &str, text: Option<String>) -> Option<Reference> {
    let found = client.visit.registry().parse_reference(text?.trim())?;
    (found.record_type == of).then_some(found)
}

//! The portal: what customers and users see, in their language. Describe once, ask by a form, follow, answer, approve,
//! confirm, rate, complain; and how their services stand.
//!
//! Everything that is shown of records comes through the engine as the person who asks; only how a service stands is
//! computed from more than that (`services.rs`), and gives no words of any record.
//! Not here: the pages of the staff. Invariant: no text stands in these files, all are in `locales/`.

mod article;
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
use proofdesk_engine::{ListRequest, Problem, Record, Reference};
use proofdesk_model::{Condition, RecordType};

use crate::error::WebError;
use crate::language::{Given, Language, Words};
use crate::menu;
use crate::pages::require_reference;
use crate::session::Visit;
use crate::state::AppState;
pub(crate) use entry::{failure, said};

/// `/portal…` and `/status`.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(home::router())
        .merge(mine::router())
        .merge(me::router())
        .merge(form::router())
        .merge(request::router())
        .merge(step::router())
        .merge(status::router())
}

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

    /// What is wrong with what was sent, as sentences: field and sentence.
    fn wrong(&self, of: &RecordType, problems: &[Problem]) -> Vec<(String, String)> {
        problems.iter().map(|p| (p.field.clone(), said(self.words, Some(of), p))).collect()
    }
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

//! Pages for people. Each file is one page or one kind of page; fixed addresses come before those of record types.

pub mod account;
pub mod accounts;
pub mod automations;
pub mod change;
pub mod conformity;
pub mod figures;
pub mod files;
pub mod forgotten;
pub mod frameworks;
pub mod gate;
pub mod home;
pub mod link;
pub mod list;
pub mod log;
pub mod mail;
pub mod needs;
pub mod owes;
pub mod paper;
pub mod passkey;
pub mod portal;
pub mod programs;
pub mod readers;
pub mod record;
pub mod search;
pub mod service;
pub mod setup;
pub mod sso;
pub mod step;
pub mod steps;
pub mod talk;
pub mod templates;
pub mod transition;
pub mod versions;

use axum::Router;
use proofdesk_engine::{Action, Reference};

use crate::error::WebError;
use crate::menu;
use crate::session::Visit;
use crate::state::AppState;

/// All pages.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(gate::router())
        .merge(portal::router())
        .merge(step::router())
        .merge(link::router())
        .merge(forgotten::router())
        .merge(passkey::router())
        .merge(sso::router())
        .merge(account::router())
        .merge(accounts::router())
        .merge(programs::router())
        .merge(search::router())
        .merge(setup::router())
        .merge(home::router())
        .merge(needs::router())
        .merge(log::router())
        .merge(mail::router())
        .merge(conformity::router())
        .merge(frameworks::router())
        .merge(automations::router())
        .merge(figures::router())
        .merge(templates::router())
        .merge(list::router())
        .merge(change::router())
        .merge(transition::router())
        .merge(talk::router())
        .merge(files::router())
        .merge(paper::router())
        .merge(versions::router())
        .merge(readers::router())
        .merge(record::router())
}

/// A type by its slug, as far as the visitor may read it: another type does not exist for him.
pub(crate) fn require_type(
    visit: &Visit,
    slug: &str,
) -> Result<std::sync::Arc<proofdesk_model::RecordType>, WebError> {
    menu::type_of_slug(visit.engine(), slug)
        .filter(|of| visit.caller.may(of, &Action::Read))
        .ok_or_else(|| WebError::NotFound("page at this address".to_owned()))
}

/// The record that an address names.
pub(crate) fn require_reference(visit: &Visit, slug: &str, written: &str) -> Result<Reference, WebError> {
    let of = require_type(visit, slug)?;
    let missing = || WebError::NotFound(format!("record {}", written.chars().take(60).collect::<String>()));
    let found = visit.registry().parse_reference(written).ok_or_else(missing)?;
    if found.record_type == of.name { Ok(found) } else { Err(missing()) }
}

/// The address of a record's page.
pub(crate) fn address(visit: &Visit, reference: &Reference) -> String {
    match visit.registry().get(&reference.record_type) {
        Some(of) => format!("/{}/{}", menu::slug(of), of.reference(reference.number)),
        None => "/desk".to_owned(),
    }
}

/// Label of the menu's group that a type stands in.
pub(crate) fn family_crumb(of: &proofdesk_model::RecordType) -> (String, Option<String>) {
    let label =
        menu::FAMILIES.iter().find(|(name, _)| *name == of.family).map_or("Records", |(_, label)| label);
    (label.to_owned(), Some(format!("/home/{}", of.family)))
}

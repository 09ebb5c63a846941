//! The web: pages for people and REST for programs, over one engine.
//!
//! Not here: SQL (`store`), what an obligation is (`conformity`), access decisions (`model`, asked through the
//! engine). Each area gives a small router of its own; [`router`] puts them together.
//! Invariant: no page needs a script to be read or submitted, and none carries inline scripts or styles.

pub mod api;
pub mod assets;
mod bearer;
pub mod calendar;
pub mod directories;
mod error;
pub mod events;
pub mod export;
pub mod figures;
pub mod form;
pub mod language;
pub mod layout;
pub mod limits;
pub mod menu;
pub mod metrics;
pub mod pages;
pub mod parts;
pub mod passkeys;
pub mod printer;
pub mod scim;
pub mod security;
pub mod session;
pub mod spans;
pub mod state;

pub use error::WebError;
pub use state::{AppState, Settings};

use axum::Router;

/// The whole web: pages, live events, assets, with security headers, request ids and compression around them.
pub fn router(state: AppState) -> Router {
    if !assets::has_packages() {
        tracing::warn!("built without node packages: pages work without htmx and the shipped fonts");
    }
    let areas = Router::new()
        .merge(api::router())
        .merge(scim::router())
        .merge(pages::router())
        .merge(events::router())
        .merge(calendar::router());
    let (secure, meter) = (state.settings.secure, state.meter.clone());
    let guarded = security::around(areas, &state).with_state(state.clone());
    let all = Router::new().merge(assets::router()).merge(guarded);
    let all = match meter {
        None => all,
        Some(meter) if meter.has_token() => metrics::observed(all.merge(metrics::router(state))),
        Some(_) => metrics::observed(all),
    };
    security::with_headers(all, secure)
}

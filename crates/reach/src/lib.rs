//! The one client for every request that the program sends out: identity providers, webhooks, alert sources.
//!
//! Invariant: no request leaves but through [`Reach::send`], and none goes to an address that its [`Rule`] refuses, also
//! where a name resolves to another address a moment later. Redirects are not followed, bodies have a limit, and a
//! request ends by itself. Mail, which speaks other languages, takes only its TLS from here ([`tls()`]).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod address;
mod client;
mod error;
mod tls;

pub use address::Rule;
pub use client::{Limits, Reach};
pub use error::Error;
pub use tls::{authorities, tls, tls_proving};

/// What goes out: method, address, headers and body as bytes.
pub type Request = http::Request<Vec<u8>>;
/// What comes back, whatever its status.
pub type Answer = http::Response<Vec<u8>>;

//! Single sign-on by OpenID Connect: where a browser is sent, what comes back, and whether it is to be believed. And sign-in by
//! a directory: who bears a name there, and whether a password is his ([`Directory`]).
//!
//! Not here: pages and cookies (`web`), accounts and roles (`engine`), connections ([`Http`] is handed in). Time and
//! randomness are parameters. Source: OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0, Back-Channel Logout 1.0; RFC 6749, RFC 7636
//! (PKCE), RFC 9207 (issuer of an answer), RFC 9700 (best practice).
//! Invariant: a person comes out only where state, nonce, verifier, issuer, audience, signature and time all hold.

mod claims;
mod directory;
mod error;
mod http;
mod keys;
mod logout;
mod provider;
mod settings;

pub use claims::Person;
pub use directory::{Directory, DirectorySettings, Found};
pub use error::Error;
pub use http::{Http, HttpRequest, HttpResponse, Unreached};
pub use logout::Ended;
pub use provider::{Answer, Kept, Provider};
pub use settings::ProviderSettings;

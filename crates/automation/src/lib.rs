//! Automations: when a condition begins to hold for a record, declared actions are carried out on it.
//!
//! They are data (`automation/*.kdl`). The engine tells of the beginning in the transaction of the write (its `follow`);
//! this crate does the rest, through the one write path, as an author of its own name.
//! Invariant: each beginning is acted on once, also where the program ends in between: every write has an id made from
//! automation, record, version and place of the action. Not here: when the job runs (`jobs`).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod act;
mod declared;
mod error;
mod past;
mod read;

pub use act::{Beginning, Outcome};
pub use declared::{Act, Automation, Automations, Pick, Source};
pub use error::Error;
pub use past::{Fired, Past};

//! Import of real history and the figures of it, against answers that were computed outside the product.
//!
//! The files are in the folder `PROOFDESK_SHARED`, else in `../shared` beside the workspace; a test fails without them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod guide;
mod helpdesk;
mod import;
mod incidents;
mod kept;
mod world;

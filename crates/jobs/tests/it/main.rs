//! What runs by itself, from the declaration to the entry, on both databases with a clock that the test moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod automations;
mod clocks;
mod requests;

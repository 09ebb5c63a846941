//! Tests of the condition language through its public interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod checker;
mod document;
mod evaluator;
mod hostile;
mod textproto;
mod vectors;
mod world;

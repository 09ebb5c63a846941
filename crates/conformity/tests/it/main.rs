//! Conformity through its public interface, on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod book;
mod controls;
mod empty;
mod every_test;
mod framework;
mod frameworks;
mod kinds;
mod planned;
#[path = "../../../testkit/src/postgres.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod postgres;
mod retest;
mod runs;
mod sealed;
mod sheet;
mod shipped;
mod world;

//! Tests of the store through its public interface, on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod both;
mod cases;
mod databases;
mod desk;
mod differential;
mod earlier;
mod faults;
mod generator;
mod oracle;
#[path = "../../../testkit/src/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod postgres;
mod rights;
mod tls;
#[path = "../../../condition/tests/it/world.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod world;

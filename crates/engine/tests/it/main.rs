//! The engine on both databases: every declared type, the write path's refusals, faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod accounts;
mod documents;
mod every_type;
mod kill;
mod locks;
mod matrix;
mod people;
mod requester;
mod samples;
mod scanned;
mod scoped;
mod segregation;
mod sign_in;
mod talk;
mod tampered;
mod ways_in;
mod who;
mod write_path;

//! Pages in process: every page through the router, on a desk of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod api;
mod around;
mod automations;
#[path = "../../../conformity/tests/it/book.rs"]
mod book;
mod calendar;
mod client;
mod conformity;
mod directories;
mod documents;
mod doors;
mod drawn;
mod every_role;
mod figures;
mod files;
mod forgotten;
mod forms;
mod gate;
mod held;
mod homes;
mod identity;
mod limits;
mod live;
mod logs;
mod looks;
mod mail;
mod metrics;
mod pages;
mod paper;
mod portal;
mod safety;
#[allow(dead_code, reason = "what mail itself tests with it is not needed here")]
#[path = "../../../mail/tests/it/servers.rs"]
mod servers;
mod setup;
mod slapd;
mod small;
mod views;
mod ways;
mod webhooks;
mod words;

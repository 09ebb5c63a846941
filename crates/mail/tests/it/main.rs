//! Mail through a whole desk, on both databases, and with real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod arrive;
mod office;
mod outward;
mod scanned;
mod sealed;
mod servers;
mod spans;
mod whole;

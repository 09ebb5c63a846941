//! store

pub mod sql;

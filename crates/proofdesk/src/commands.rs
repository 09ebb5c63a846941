//! The commands, one file each.

pub mod account;
pub mod automations;
pub mod backup;
pub mod config;
pub mod conformity;
pub mod demo;
pub mod doctor;
pub mod documents;
pub mod figures;
pub mod frameworks;
pub mod generate;
pub mod import;
pub mod log;
pub mod mail;
pub mod migrate;
pub mod records;
pub mod serve;
pub mod setup;
pub mod verify;
pub mod webhooks;

//! REST in process, on both databases: each verb, errors, preconditions, keys, paging, roles and hostile input.

mod conformity;
mod documents;
mod exports;
mod file_fields;
mod frameworks;
mod hostile;
mod lists;
mod once;
mod papers;
mod records;
mod requester;
pub mod rest;

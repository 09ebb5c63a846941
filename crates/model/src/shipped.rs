//! The record types that come with the program, embedded as text: every file of `records/`.

use crate::load::SourceFile;

/// Name of the file and its text, in order of names; made by `build.rs`.
const SHIPPED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/records.rs"));

/// Name of the file and its text: the starter templates and what their places mean.
const TEMPLATES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The types that a desk works with, which come first in menus and lists; all others follow by name.
const FIRST: [&str; 14] = [
    "incident",
    "service_request",
    "problem",
    "known_error",
    "change",
    "service",
    "configuration_item",
    "customer",
    "agreement",
    "target",
    "service_hours",
    "person",
    "team",
    "knowledge_article",
];

/// The shipped declarations, in the order of the menu.
pub fn shipped() -> Vec<SourceFile> {
    let place = |file: &str| {
        let stem = file.strip_prefix("records/").and_then(|name| name.strip_suffix(".kdl"));
        FIRST.iter().position(|first| Some(*first) == stem).unwrap_or(FIRST.len())
    };
    let mut files: Vec<&(&str, &str)> = SHIPPED.iter().collect();
    files.sort_by_key(|(name, _)| place(name));
    files.into_iter().map(|(name, text)| SourceFile::new(*name, *text)).collect()
}

/// The shipped starter templates, by name, with the file that says what their places mean.
pub fn shipped_templates() -> Vec<SourceFile> {
    TEMPLATES.iter().map(|(name, text)| SourceFile::new(*name, *text)).collect()
}

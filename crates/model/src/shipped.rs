//! The record types that come with the program, embedded as text. The files are in `records/`.

use crate::load::SourceFile;

macro_rules! declarations {
    ($($name:literal),* $(,)?) => {
        [$((concat!("records/", $name, ".kdl"), include_str!(concat!("../../../records/", $name, ".kdl")))),*]
    };
}

const SHIPPED: [(&str, &str); 14] = declarations![
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
    SHIPPED.iter().map(|(name, text)| SourceFile::new(*name, *text)).collect()
}

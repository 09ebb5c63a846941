//! Dependencies point down only, and only a few crates may know SQL, HTTP or a thread pool.
//!
//! Invariant: the table below is the one of ARCHITECTURE.md.

use anyhow::{Context, Result};
use toml::Table;

use super::Problem;
use super::tree::Tree;

/// The crates, lowest first; a crate may depend only on crates of a lower number.
const LAYERS: &[(&str, u8)] = &[
    ("condition", 0),
    ("calendar", 0),
    ("tlog", 0),
    ("paper", 0),
    ("reach", 0),
    ("shipped", 0),
    ("sso", 1),
    ("model", 1),
    ("store", 2),
    ("rules", 2),
    ("engine", 3),
    ("conformity", 4),
    ("report", 4),
    ("setup", 4),
    ("automation", 4),
    ("mail", 4),
    ("doors", 4),
    ("jobs", 5),
    ("web", 5),
    ("render", 5),
    ("demo", 6),
    ("testkit", 7),
    ("proofdesk", 8),
    ("bench", 9),
    ("bench", 8),
];

/// Crates of others that belong to one place, and the places.
const PLACES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store", "bench"]),
    ("deadpool-postgres", &["store"]),
    ("tokio-postgres", &["store", "testkit", "bench"]),
    ("axum", &["web", "proofdesk", "bench"]),
    ("axum-extra", &["web", "proofdesk"]),
    ("tower-http", &["web", "proofdesk"]),
    ("maud", &["web", "report"]),
    ("rust_xlsxwriter", &["report"]),
    ("reqwest", &["reach"]),
    ("openidconnect", &["sso"]),
    ("ldap3", &["sso"]),
    ("opentelemetry", &["proofdesk"]),
    ("tracing-opentelemetry", &["proofdesk"]),
    ("webauthn-rs", &["web"]),
    ("calamine", &["web", "conformity"]),
    ("clap", &["proofdesk", "bench"]),
    (
        "tokio",
        &["reach", "sso", "store", "engine", "mail", "jobs", "web", "testkit", "proofdesk", "bench", "bench"],
    ),
    ("clamav-client", &["engine"]),
    ("lettre", &["mail"]),
    ("mail-parser", &["mail"]),
    ("cel", &["condition"]),
    ("typst", &["render"]),
    ("typst-layout", &["render"]),
    ("typst-pdf", &["render"]),
    ("comrak", &["engine", "paper"]),
    ("metrics", &["jobs", "web"]),
    ("metrics-exporter-prometheus", &["web"]),
    ("anyhow", &["jobs", "demo", "testkit", "proofdesk", "bench", "bench"]),
];

/// Reads every crate's manifest and compares it with the tables.
pub fn check(tree: &Tree) -> Result<Vec<Problem>> {
    let mut found = Vec::new();
    for (path, text) in tree.texts("/Cargo.toml") {
        let Some(name) = path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"))
        else {
            continue;
        };
        let manifest: Table = toml::from_str(text).with_context(|| path.to_owned())?;
        let Some(own) = layer(name) else {
            found.push(Problem::new(
                "layers",
                path,
                0,
                "give the crate its layer in xtask/src/tidy/layers.rs",
            ));
            continue;
        };
        for dependency in dependencies(&manifest, "dependencies") {
            let line = line_of(text, &dependency);
            found.extend(judge(path, line, name, own, &dependency));
        }
    }
    Ok(found)
}

fn judge(path: &str, line: usize, name: &str, own: u8, dependency: &str) -> Option<Problem> {
    if let Some(ours) = dependency.strip_prefix("proofdesk_") {
        let theirs = layer(ours)?;
        let message = format!(
            "{name} is in layer {own} and may not know {ours} of layer {theirs}: dependencies point down"
        );
        return (theirs >= own).then(|| Problem::new("layers", path, line, message));
    }
    let (_, places) = PLACES.iter().find(|(known, _)| *known == dependency)?;
    let message = format!("{dependency} belongs to {} alone", places.join(", "));
    (!places.contains(&name)).then(|| Problem::new("layers", path, line, message))
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

/// The names in a table of dependencies, in the file's order.
pub fn dependencies(manifest: &Table, table: &str) -> Vec<String> {
    let Some(table) = manifest.get(table).and_then(toml::Value::as_table) else { return Vec::new() };
    table.keys().cloned().collect()
}

/// The line on which a dependency is named, from 1; 0 where it is not.
pub fn line_of(text: &str, dependency: &str) -> usize {
    let names =
        |line: &str| line.strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
    text.lines().position(names).map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
    // reason: a test says what it expects
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::check;
    use crate::tidy::tree::Tree;

    fn said(path: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"a\"\n[dependencies]\n{dependencies}\n");
        check(&Tree::of(&[(path, &text)])).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_dependency_on_a_lower_layer_is_allowed() {
        assert!(said("crates/engine/Cargo.toml", "proofdesk_store.workspace = true").is_empty());
    }

    #[test]
    fn a_dependency_upwards_is_found_with_its_line() {
        let said = said("crates/store/Cargo.toml", "proofdesk_engine.workspace = true");
        assert!(said[0].starts_with("crates/store/Cargo.toml:4: store is in layer 2"), "{said:?}");
    }

    #[test]
    fn two_crates_of_one_layer_do_not_know_each_other() {
        assert_eq!(said("crates/report/Cargo.toml", "proofdesk_conformity.workspace = true").len(), 1);
    }

    #[test]
    fn a_database_driver_outside_the_store_is_found() {
        assert_eq!(said("crates/web/Cargo.toml", "rusqlite.workspace = true").len(), 1);
        assert!(said("crates/store/Cargo.toml", "rusqlite.workspace = true").is_empty());
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        assert_eq!(said("crates/helpers/Cargo.toml", "").len(), 1);
    }

    #[test]
    fn dependencies_of_tests_may_point_anywhere() {
        let text = "[dependencies]\n[dev-dependencies]\nproofdesk_engine.workspace = true\n";
        assert!(check(&Tree::of(&[("crates/store/Cargo.toml", text)])).unwrap().is_empty());
    }
}

//! Every dependency says why it is here, and somebody uses it.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use toml::Table;

use super::Problem;
use super::layers::{dependencies, line_of};
use super::tree::Tree;

/// Compares the workspace's list of dependencies with its comments and with what the crates use.
pub fn check(tree: &Tree) -> Result<Vec<Problem>> {
    let path = "Cargo.toml";
    let Some(text) = tree.text(path) else { return Ok(Vec::new()) };
    let workspace: Table = toml::from_str(text).context(path)?;
    let listed = workspace
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(toml::Value::as_table)
        .map(|table| table.keys().cloned().collect::<Vec<_>>())
        .unwrap_or_default();
    let used = used(tree)?;
    let mut found = Vec::new();
    for name in listed {
        let line = line_of(text, &name);
        let written = line.checked_sub(1).and_then(|index| text.lines().nth(index)).unwrap_or_default();
        if !name.starts_with("proofdesk_") && !written.contains(" # ") {
            found.push(Problem::new("crates", path, line, format!("say after {name} why it is here")));
        }
        if !used.contains(&name) {
            found.push(Problem::new("crates", path, line, format!("no crate uses {name}: take it out")));
        }
    }
    Ok(found)
}

fn used(tree: &Tree) -> Result<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    for (path, text) in tree.texts("/Cargo.toml") {
        let manifest: Table = toml::from_str(text).with_context(|| path.to_owned())?;
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            used.extend(dependencies(&manifest, table));
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    // reason: a test says what it expects
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::check;
    use crate::tidy::tree::Tree;

    fn count(list: &str, used: &str) -> usize {
        let workspace = format!("[workspace.dependencies]\n{list}\n");
        let manifest = format!("[dependencies]\n{used}\n");
        check(&Tree::of(&[("Cargo.toml", &workspace), ("crates/a/Cargo.toml", &manifest)])).unwrap().len()
    }

    #[test]
    fn a_crate_with_its_reason_is_good() {
        assert_eq!(count("serde = \"1\" # formats", "serde.workspace = true"), 0);
    }

    #[test]
    fn a_crate_without_a_reason_is_found() {
        assert_eq!(count("serde = \"1\"", "serde.workspace = true"), 1);
    }

    #[test]
    fn a_crate_that_nobody_uses_is_found() {
        assert_eq!(count("serde = \"1\" # formats", ""), 1);
    }
}

//! Licences and duplicate versions of the crates that are built in, against the lists of `deny.toml`.
//!
//! cargo-deny reads the same file and does more; this check needs nothing that is not installed with Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use toml::Table;

use super::Problem;
use super::tree::Tree;
use crate::shell;

const LIST: &str = "deny.toml";

/// Asks cargo for the crates of the Linux build and compares them with the lists.
pub fn check(root: &Path, tree: &Tree) -> Result<Vec<Problem>> {
    let lists = Lists::read(tree.text(LIST).unwrap_or_default())?;
    let arguments =
        ["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"];
    let metadata: Value = serde_json::from_str(&shell::output(root, &shell::cargo(), &arguments)?)?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).context("cargo metadata lists packages")?;
    let resolved = resolved(&metadata);
    let built: Vec<Package> = packages
        .iter()
        .filter(|package| resolved.contains(text(package, "id")))
        .filter(|package| !package["source"].is_null())
        .map(|package| Package {
            name: text(package, "name").to_owned(),
            version: text(package, "version").to_owned(),
            licence: package["license"].as_str().unwrap_or("none").to_owned(),
        })
        .collect();
    Ok(judge(&lists, &built))
}

struct Package {
    name: String,
    version: String,
    licence: String,
}

/// What `deny.toml` allows.
#[derive(Default)]
struct Lists {
    licences: BTreeSet<String>,
    /// Names of crates of which several versions are accepted.
    duplicates: BTreeSet<String>,
}

impl Lists {
    fn read(text: &str) -> Result<Self> {
        let table: Table = toml::from_str(text).context(LIST)?;
        let list = |section: &str, key: &str| -> Vec<toml::Value> {
            let value =
                table.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array);
            value.cloned().unwrap_or_default()
        };
        let licences =
            list("licenses", "allow").iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
        let named = |one: &toml::Value| {
            let name = one.as_str().or_else(|| one.get("crate").and_then(toml::Value::as_str))?;
            Some(name.split(['@', ':']).next().unwrap_or(name).to_owned())
        };
        let duplicates = list("bans", "skip").iter().filter_map(named).collect();
        Ok(Self { licences, duplicates })
    }
}

fn judge(lists: &Lists, built: &[Package]) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in built {
        versions.entry(&package.name).or_default().insert(&package.version);
        if !allowed(&package.licence, &lists.licences) {
            let message = format!(
                "{} {} is under {}, which is not allowed",
                package.name, package.version, package.licence
            );
            found.push(Problem::new("licences", LIST, 0, message));
        }
    }
    for (name, several) in versions.iter().filter(|(_, several)| several.len() > 1) {
        if !lists.duplicates.contains(*name) {
            let several = several.iter().copied().collect::<Vec<_>>().join(", ");
            let message = format!(
                "{name} is built in versions {several}: unite them, or write down why not under bans.skip"
            );
            found.push(Problem::new("duplicates", LIST, 0, message));
        }
    }
    for name in &lists.duplicates {
        if versions.get(name.as_str()).is_none_or(|several| several.len() < 2) {
            found.push(Problem::new(
                "duplicates",
                LIST,
                0,
                format!("{name} has one version only: take it out of bans.skip"),
            ));
        }
    }
    found
}

/// Whether an SPDX expression can be satisfied with the allowed licences: `OR` binds weaker than `AND`.
fn allowed(expression: &str, licences: &BTreeSet<String>) -> bool {
    let spaced =
        expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "~WITH~");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    either(&words, &mut at, licences) && at == words.len()
}

fn either(words: &[&str], at: &mut usize, licences: &BTreeSet<String>) -> bool {
    let mut good = both(words, at, licences);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        good |= both(words, at, licences);
    }
    good
}

fn both(words: &[&str], at: &mut usize, licences: &BTreeSet<String>) -> bool {
    let mut good = one(words, at, licences);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        good &= one(words, at, licences);
    }
    good
}

fn one(words: &[&str], at: &mut usize, licences: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let good = either(words, at, licences);
        *at += 1;
        return good;
    }
    licences.contains(&word.replace("~WITH~", " WITH "))
}

fn resolved(metadata: &Value) -> BTreeSet<&str> {
    let nodes = metadata["resolve"]["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    nodes.iter().map(|node| text(node, "id")).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    // reason: a test says what it expects
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{Lists, Package, allowed, judge};

    fn lists() -> Lists {
        Lists::read("[licenses]\nallow = [\"MIT\", \"Apache-2.0\", \"Apache-2.0 WITH LLVM-exception\"]\n[bans]\nskip = [{ crate = \"rand@0.8\", reason = \"x\" }]").unwrap()
    }

    fn package(name: &str, version: &str, licence: &str) -> Package {
        Package { name: name.to_owned(), version: version.to_owned(), licence: licence.to_owned() }
    }

    #[test]
    fn one_allowed_licence_of_several_is_enough() {
        let licences = lists().licences;
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(MIT OR GPL-3.0) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(allowed(good, &licences), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "none", "(MIT OR GPL-3.0) AND GPL-3.0", ""] {
            assert!(!allowed(bad, &licences), "{bad}");
        }
    }

    #[test]
    fn a_second_version_needs_its_reason() {
        let two = [
            package("hex", "1.0.0", "MIT"),
            package("hex", "2.0.0", "MIT"),
            package("rand", "1.0.0", "MIT"),
            package("rand", "2.0.0", "MIT"),
        ];
        let said: Vec<String> = judge(&lists(), &two).iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("hex is built in versions 1.0.0, 2.0.0"), "{said:?}");
    }

    #[test]
    fn a_reason_that_is_no_longer_needed_is_found() {
        assert_eq!(judge(&lists(), &[package("rand", "1.0.0", "MIT")]).len(), 1);
    }
}

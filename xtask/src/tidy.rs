//! `cargo xtask tidy`: the house's rules that no compiler knows, each held by one function.
//!
//! A check takes the tree and returns problems; it prints nothing and decides nothing about exceptions. The
//! only exceptions are the numbers of `xtask/ratchet.toml`, which may only shrink.
//!
//! Source: docs/decisions.md, CONTRIBUTING.md ("What holds the rules").

mod crates;
mod functions;
mod layers;
mod licences;
mod links;
mod places;
mod ratchet;
mod security;
mod shape;
mod source;
mod tree;
mod words;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use tree::Tree;

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    /// The check's name, as the ratchet file knows it.
    check: &'static str,
    /// Path inside the checkout, with `/`.
    path: String,
    /// Line from 1, or 0 where the whole file is meant.
    line: usize,
    /// How much it counts in the ratchet: 1, or the number of lines of a file that is too long.
    amount: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Problem {
    fn new(check: &'static str, path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { check, path: path.to_owned(), line, amount: 1, message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}: {} [{}]", self.path, self.line, self.message, self.check)
    }
}

/// Runs all checks and prints what is left after the ratchet; `false` where something is.
pub fn run(root: &Path) -> Result<bool> {
    let tree = Tree::read(root)?;
    let found = all(root, &tree)?;
    let current = ratchet::parse(tree.text(ratchet::PATH).unwrap_or_default())?;
    let mut left = ratchet::apply(&current, &found);
    left.extend(ratchet::grown(&current, &ratchet::before(root)?));
    for problem in &left {
        println!("{problem}");
    }
    let files = left.iter().map(|problem| &problem.path).collect::<BTreeSet<_>>().len();
    match left.len() {
        0 => println!("tidy: {} files, nothing to mend", tree.len()),
        count => println!("tidy: {count} to mend in {files} of {} files", tree.len()),
    }
    Ok(left.is_empty())
}

/// Rewrites the ratchet with the smallest numbers that still hold; adds no new ones.
pub fn tighten(root: &Path) -> Result<bool> {
    let tree = Tree::read(root)?;
    let found = all(root, &tree)?;
    let current = ratchet::parse(tree.text(ratchet::PATH).unwrap_or_default())?;
    std::fs::write(root.join(ratchet::PATH), ratchet::render(&ratchet::tightened(&current, &found)))?;
    Ok(true)
}

fn all(root: &Path, tree: &Tree) -> Result<Vec<Problem>> {
    let mut found = Vec::new();
    found.extend(shape::check(tree));
    found.extend(functions::check(tree));
    found.extend(layers::check(tree)?);
    found.extend(words::check(tree));
    found.extend(places::check(tree));
    found.extend(links::check(tree));
    found.extend(security::check(tree));
    found.extend(crates::check(tree)?);
    found.extend(licences::check(root, tree)?);
    found.sort_by(|a, b| (&a.path, a.line, a.check).cmp(&(&b.path, b.line, b.check)));
    Ok(found)
}

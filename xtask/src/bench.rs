//! `bench`: builds the product and its measuring program as they are shipped, and starts the latter.
//!
//! Not here: what is measured (`crates/bench`).

use std::path::Path;

use anyhow::Result;

use crate::shell::{cargo, succeeds};

/// Builds and measures; a short run (`--quick`) takes development builds, since it only shows that all of it works.
pub fn measure(root: &Path, words: &[&str]) -> Result<bool> {
    let quick = words.contains(&"--quick");
    let mut build = vec!["build", "--locked", "--package", "proofdesk", "--package", "proofdesk_bench"];
    if !quick {
        build.push("--release");
    }
    if !succeeds(root, &cargo(), &build)? {
        return Ok(false);
    }
    let mut start = vec!["run", "--quiet", "--locked", "--package", "proofdesk_bench"];
    if !quick {
        start.push("--release");
    }
    start.push("--");
    start.extend(words);
    succeeds(root, &cargo(), &start)
}

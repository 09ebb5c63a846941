//! `bench`: builds the product and its measuring program as they are shipped, and starts the latter.
//!
//! Not here: what is measured (`crates/bench`).

use std::path::Path;

use anyhow::Result;

use crate::shell::{cargo, succeeds};

/// Builds and measures; a short run (`--quick`) takes the development builds of the whole workspace, which the tests have
/// made already, since it only shows that all of it works.
pub fn measure(root: &Path, words: &[&str]) -> Result<bool> {
    let (build, folder): (&[&str], _) = if words.contains(&"--quick") {
        (&["build", "--locked", "--workspace", "--bins"], "debug")
    } else {
        let release =
            &["build", "--locked", "--package", "proofdesk", "--package", "proofdesk_bench", "--release"];
        (release, "release")
    };
    if !succeeds(root, &cargo(), build)? {
        return Ok(false);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let program = target.join(folder).join("proofdesk_bench");
    succeeds(root, &program.display().to_string(), words)
}

//! Tests of the log against published vectors, and properties over generated trees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod merkle_vectors;
mod properties;
mod signature_vectors;

use std::path::PathBuf;

/// Finds a folder of the shared test data: below `PROOFDESK_SHARED`, else below `shared` beside the workspace.
/// It fails, and says what is missing, rather than skip.
fn shared(path: &str) -> PathBuf {
    let root = std::env::var_os("PROOFDESK_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = root.join(path);
    assert!(
        found.exists(),
        "test data is missing: {} does not exist; put the shared data beside the workspace or set PROOFDESK_SHARED",
        found.display()
    );
    found
}

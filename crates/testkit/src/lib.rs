//! What tests share: a desk on either database, a private PostgreSQL cluster, where the shared data lies.
//!
//! Only for tests: nothing of the product depends on it.

pub mod clamd;
pub mod desk;
pub mod postgres;

use std::path::PathBuf;

pub use desk::{BOTH, Database, MORNING, TestDesk, registry};

/// The folder of shared data: `PROOFDESK_SHARED`, else `shared` beside the checkout.
///
/// # Errors
/// When it is not there: tests that need it fail rather than pass unseen.
pub fn shared() -> anyhow::Result<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("PROOFDESK_SHARED").map_or_else(beside, PathBuf::from);
    anyhow::ensure!(
        path.join("data").is_dir(),
        "{} holds no data: set PROOFDESK_SHARED to the folder of shared data",
        path.display()
    );
    Ok(path)
}

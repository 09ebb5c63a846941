//! Directories are asked again about the people who came by them: who is gone loses what is open here.
//!
//! Each has an interval of its own, counted from the last time it answered to the end; one that is away is asked again after a
//! minute, and ends nothing meanwhile. Not here: what is asked and what follows (`engine::account::gone`).

use std::time::Duration;

use proofdesk_engine::{Engine, pause};
use tokio::sync::watch;

/// Between two looks whether a directory is to be asked.
const EVERY: Duration = Duration::from_secs(60);

pub(crate) async fn run(engine: Engine, mut stop: watch::Receiver<bool>) {
    loop {
        // the program is put together first
        if pause(EVERY, &mut stop).await {
            return;
        }
        if let Err(error) = work(&engine).await {
            tracing::warn!(%error, "directories could not be asked again; tried in a minute");
        }
    }
}

/// Asks every directory whose interval is over, and says in the log what came of it.
///
/// # Errors
/// A fault of the database.
pub async fn work(engine: &Engine) -> Result<(), proofdesk_engine::Error> {
    for round in engine.recheck_directories().await? {
        let (directory, asked, ended, unfit) = (&round.directory, round.asked, round.ended, round.unfit);
        if round.is_away {
            tracing::warn!(
                directory,
                asked,
                ended,
                "a directory does not answer: who is gone there keeps what is open until it does"
            );
        } else {
            tracing::info!(directory, asked, ended, unfit, "a directory was asked again about its people");
        }
    }
    Ok(())
}

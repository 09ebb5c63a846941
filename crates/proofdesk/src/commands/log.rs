//! `log`: export, verifier key, checkpoints.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;

use crate::config::Config;
use crate::open;

/// Options of `log`.
#[derive(Debug, clap::Subcommand)]
pub enum LogCommand {
    /// Write the whole log to a file that `proofdesk verify FILE` can read on another machine
    #[command(after_help = "Example:\n  proofdesk log export desk.log")]
    Export {
        /// File to write
        to: PathBuf,
    },
    /// Print the verifier key: give it to your auditor
    #[command(after_help = "Example:\n  proofdesk log key")]
    Key,
    /// Sign and print a checkpoint now; mail it to somebody outside, who verifies later with verify --checkpoint
    #[command(after_help = "Example:\n  proofdesk log checkpoint | mail -s checkpoint auditor@example.com")]
    Checkpoint,
}

impl LogCommand {
    /// Exports or prints.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Key => println!("{}", open::signer(&config)?.verifier()),
            Self::Export { to } => {
                let engine = open::engine_as_is(&config, Arc::new(open::SystemTime)).await?;
                let file = std::fs::File::create_new(&to)
                    .with_context(|| format!("{} cannot be made", to.display()))?;
                let mut out = std::io::BufWriter::new(file);
                let size = engine.export_log(&mut out).await?;
                out.flush()?;
                println!("{}: {size} entries", to.display());
            }
            Self::Checkpoint => {
                let engine = open::engine_as_is(&config, Arc::new(open::SystemTime)).await?;
                let made = engine.publish_checkpoint(open::signer_or_new(&config)?.as_ref()).await?;
                if let Some(made) = &made {
                    proofdesk_jobs::keep_checkpoint(&engine, &config.checkpoint_file(), &made.note).await?;
                }
                let newest = match made {
                    Some(checkpoint) => Some(checkpoint),
                    None => engine.latest_checkpoint().await?,
                };
                print!("{}", newest.context("the log is empty")?.note);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

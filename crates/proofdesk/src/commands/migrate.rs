//! `migrate`: brings the tables up to date, or prints the steps.

use std::process::ExitCode;

use crate::config::Config;
use crate::open;

/// Options of `migrate`.
#[derive(Debug, clap::Args)]
pub struct Migrate {
    /// Only print the steps
    #[arg(long)]
    pub plan: bool,
}

impl Migrate {
    /// Migrates or plans.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let registry = open::registry(&config)?;
        let store = open::store(&config).await?;
        let plan = if self.plan { store.plan(&registry).await? } else { store.migrate(&registry).await? };
        if plan.steps.is_empty() {
            println!("The tables are up to date.");
        }
        for step in &plan.steps {
            println!("{}", step.what);
            if self.plan {
                println!("    {}", step.sql.replace('\n', "\n    "));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

//! `config`: checks or shows the configuration.

use std::process::ExitCode;

use crate::config::Config;
use crate::open;

/// Options of `config`.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration, the declarations and the controls
    #[command(after_help = "Example:\n  proofdesk --config desk.toml config check")]
    Check,
    /// Print the configuration in force, passwords left out
    #[command(after_help = "Example:\n  proofdesk config show")]
    Show,
}

impl ConfigCommand {
    /// Checks or shows.
    pub fn run(self, config: anyhow::Result<Config>) -> anyhow::Result<ExitCode> {
        let mut config = config?;
        match self {
            Self::Check => {
                let registry = open::registry(&config)?;
                let declared = open::declarations(&config, &registry)?;
                let doors = open::doors(&config, &registry)?.iter().count();
                let types = registry.types().count();
                config.providers()?;
                config.directories()?;
                config.passwords.check()?;
                let tests = declared.controls.tests.len();
                println!("The configuration is good: {types} record types, {tests} tests, {doors} doors.");
            }
            Self::Show => {
                config.database = open::shown(&config.database);
                print!("{}", toml::to_string(&config)?);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

//! `automations`: lists what is done by itself, and tries one out over past records.

use std::process::ExitCode;
use std::sync::Arc;

use proofdesk_automation::Automations;
use proofdesk_engine::Caller;
use proofdesk_model::format::write_instant;

use crate::config::Config;
use crate::open;
use crate::output::table;

/// Options of `automations`.
#[derive(Debug, clap::Subcommand)]
pub enum AutomationsCommand {
    /// List the automations: which are on, and which come with the program
    #[command(after_help = "Example:\n  proofdesk automations list")]
    List,
    /// Say when an automation would have begun, by the history of past records; nothing is written
    #[command(
        after_help = "Examples:\n  proofdesk automations try major-opens-problem\n  proofdesk automations try night-rota --records 5000 --json"
    )]
    Try {
        /// Name of the automation; it need not be on
        name: String,
        /// Records to look at, those changed last
        #[arg(long, default_value_t = 1000)]
        records: usize,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

impl AutomationsCommand {
    /// Lists or tries.
    pub async fn run(self, mut config: Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::List => {
                let registry = open::registry(&config)?;
                let on = open::automations(&config, &registry)?;
                let mut rows: Vec<Vec<String>> = Vec::new();
                for a in on.iter() {
                    rows.push(vec![
                        a.name.clone(),
                        "on".into(),
                        a.on.clone(),
                        a.place.clone(),
                        a.says.clone(),
                    ]);
                }
                config.automations = Automations::shipped(&registry);
                for a in open::automations(&config, &registry)?.iter().filter(|a| on.get(&a.name).is_err()) {
                    rows.push(vec![
                        a.name.clone(),
                        "off".into(),
                        a.on.clone(),
                        a.place.clone(),
                        a.says.clone(),
                    ]);
                }
                table(&["AUTOMATION", "IS", "LOOKS AT", "DECLARED IN", "FOR"], &rows);
            }
            Self::Try { name, records, json } => {
                let engine = open::engine_as_is(&config, Arc::new(open::SystemTime)).await?;
                config.automations = Automations::shipped(engine.registry());
                let all = open::automations(&config, engine.registry())?;
                let past = all.past(&engine, &Caller::system("Operator"), &name, records.max(1)).await?;
                if json {
                    println!("{}", serde_json::to_string_pretty(&past)?);
                    return Ok(ExitCode::SUCCESS);
                }
                let mut rows = Vec::new();
                for f in &past.fired {
                    let now = if f.acted {
                        "acted on"
                    } else if f.holds {
                        "holds"
                    } else if f.barred {
                        "left out"
                    } else {
                        "over"
                    };
                    let said = [f.would.join("; "), f.refused.join("; ")];
                    let said =
                        said.iter().filter(|s| !s.is_empty()).cloned().collect::<Vec<_>>().join(" REFUSED: ");
                    rows.push(vec![
                        f.reference.clone(),
                        write_instant(f.at),
                        now.into(),
                        said,
                        f.title.clone(),
                    ]);
                }
                table(&["RECORD", "BEGAN", "NOW", "IF IT BEGAN NOW", "TITLE"], &rows);
                let left = if past.is_part { ", the ones changed last" } else { "" };
                println!(
                    "{} beginnings in {} records{left}; nothing was written",
                    past.fired.len(),
                    past.records
                );
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

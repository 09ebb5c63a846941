//! `documents`: lists the starter templates and begins documents from them.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use proofdesk_engine::{Caller, Door, Engine, Error};

use crate::config::Config;
use crate::open;
use crate::output::table;

/// Options of `documents`.
#[derive(Debug, clap::Subcommand)]
pub enum Documents {
    /// List the starter templates and the documents begun from them
    #[command(after_help = "Example:\n  proofdesk documents templates")]
    Templates,
    /// Begin a document from a template: the document and its first version, both drafts
    #[command(
        after_help = "Examples:\n  proofdesk documents adopt change-management-policy --by ilse\n  proofdesk documents adopt incident-procedure --by ilse --again"
    )]
    Adopt {
        /// Name of the template, or `all` for every one that was not begun yet
        name: String,
        /// Account whose person begins it: owner and author
        #[arg(long, value_name = "SIGN-IN")]
        by: String,
        /// Begin another one where there is one already
        #[arg(long)]
        again: bool,
    },
}

impl Documents {
    /// Lists templates, or begins documents.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let engine = open::engine(&config, Arc::new(open::SystemTime)).await?;
        match self {
            Self::Templates => list(&engine).await?,
            Self::Adopt { name, by, again } => {
                let wanted = by.to_lowercase();
                let account = engine.accounts().await?.into_iter().find(|a| a.sign_in == wanted);
                let account = account.with_context(|| {
                    format!("there is no account `{by}`; `proofdesk account list` shows all")
                })?;
                let given = given(&open::organization(&config, &engine).await?);
                if name == "all" {
                    adopt_all(&engine, &account.caller(), &given).await?;
                } else {
                    adopt(&engine, &account.caller(), &name, &given, again).await?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the desk is called fills a place that no record holds, once somebody has named it.
fn given(organization: &str) -> BTreeMap<String, String> {
    let known = Some(organization).filter(|o| *o != Config::default().organization);
    known.map(|o| ("organization".to_owned(), o.to_owned())).into_iter().collect()
}

async fn list(engine: &Engine) -> anyhow::Result<()> {
    let operator = Caller::system("Operator");
    let mut rows = Vec::new();
    for found in engine.templates().all.values() {
        let documents = engine.adopted(&operator, &found.name).await?;
        let begun: Vec<String> = documents.iter().map(proofdesk_model::Record::reference).collect();
        rows.push(vec![
            found.name.clone(),
            found.serves.join(" "),
            found.clauses.join(" "),
            found.title.clone(),
            begun.join(" "),
        ]);
    }
    table(&["TEMPLATE", "7.5.4", "CLAUSES", "TITLE", "BEGUN"], &rows);
    Ok(())
}

async fn adopt(
    engine: &Engine,
    caller: &Caller,
    name: &str,
    given: &BTreeMap<String, String>,
    again: bool,
) -> anyhow::Result<()> {
    match engine.adopt_template(caller, name, given, Door::Cli, again).await {
        Ok(made) => {
            println!(
                "{} {} is begun, with {}.",
                made.document.reference(),
                made.document.title(),
                made.version.reference()
            );
            for (place, label) in &made.open {
                println!("  open: {}  {label}", proofdesk_model::template::as_written(place));
            }
            Ok(())
        }
        Err(Error::Invalid(problems)) if problems.0.iter().any(|p| p.code == "adopted") => {
            bail!("{problems}\nAdd --again to begin another one.")
        }
        Err(Error::NotFound(what)) => {
            bail!("there is no {what}; `proofdesk documents templates` lists all")
        }
        Err(other) => Err(other.into()),
    }
}

async fn adopt_all(engine: &Engine, caller: &Caller, given: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let names: Vec<String> = engine.templates().all.keys().cloned().collect();
    for name in names {
        if engine.adopted(caller, &name).await?.is_empty() {
            adopt(engine, caller, &name, given, false).await?;
        }
    }
    Ok(())
}

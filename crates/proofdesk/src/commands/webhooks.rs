//! `webhooks`: the operator's way to signed webhooks, by what page and REST do, too.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use proofdesk_engine::{Act, Direction, Engine, Error, QueuedJob, Webhook};
use proofdesk_model::format::write_instant;
use proofdesk_web::api::hooks::wrong_end;
use rand::Rng as _;

use crate::config::Config;
use crate::open;
use crate::output::table;

/// Options of `webhooks`.
#[derive(Debug, clap::Subcommand)]
pub enum WebhooksCommand {
    /// List the webhooks, without their secrets
    #[command(after_help = "Example:\n  proofdesk webhooks list")]
    List,
    /// Make a webhook; its secret is printed once
    #[command(
        after_help = "Examples:\n  proofdesk webhooks add --account wall --label Wall --url https://wall.example.com/hook --about incident --act create --act resolve --where \"priority == 'p1'\"\n  proofdesk webhooks add --account sensors --label Sensors --door alertmanager"
    )]
    Add(Add),
    /// End a webhook: nothing is told or taken by it any more
    #[command(visible_alias = "end", after_help = "Example:\n  proofdesk webhooks remove 3")]
    Remove {
        /// Its id, as `proofdesk webhooks list` shows it
        id: i64,
    },
    /// Send a webhook a signed message of the type `test`, once (exit code 2 when it was not taken)
    #[command(after_help = "Example:\n  proofdesk webhooks test 3")]
    Test {
        /// Its id, as `proofdesk webhooks list` shows it
        id: i64,
    },
    /// List the messages that were given up, or those that wait
    #[command(
        after_help = "Examples:\n  proofdesk webhooks deliveries\n  proofdesk webhooks deliveries --waiting"
    )]
    Deliveries {
        /// Those that wait for their next try
        #[arg(long)]
        waiting: bool,
    },
    /// Send a message again that was given up, or all of them; the desk does it while it runs
    #[command(after_help = "Examples:\n  proofdesk webhooks retry 1042\n  proofdesk webhooks retry --all")]
    Retry {
        /// Its id, as `proofdesk webhooks deliveries` shows it
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<i64>,
        /// All that were given up
        #[arg(long)]
        all: bool,
    },
}

/// What a new webhook is.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// Sign-in name of the account of a program, in whose name it speaks
    #[arg(long, value_name = "SIGN_IN")]
    account: String,
    /// What it is for
    #[arg(long)]
    label: String,
    /// Out: the address to send to
    #[arg(long, required_unless_present = "door", conflicts_with = "door", requires = "about")]
    url: Option<String>,
    /// Out: the record type that it tells of
    #[arg(long, value_name = "TYPE", conflicts_with = "door")]
    about: Option<String>,
    /// Out: an act that it tells of (create, update, or the name of a step); may be given several times. Without one, all
    #[arg(long, value_name = "ACT", conflicts_with = "door")]
    act: Vec<String>,
    /// Out: a condition that the record meets afterwards
    #[arg(long = "where", value_name = "CONDITION", conflicts_with = "door")]
    condition: Option<String>,
    /// In: the door that messages go to
    #[arg(long)]
    door: Option<String>,
}

impl WebhooksCommand {
    /// Does it.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let engine = open::engine(&config, Arc::new(open::SystemTime)).await?;
        let act = Act::operator();
        match self {
            Self::List => list(&engine).await?,
            Self::Add(new) => println!("{}", add(&engine, &config, new).await?.1),
            Self::Remove { id } => {
                engine.end_webhook(&act, id).await?;
                println!("Webhook {id} is ended.");
            }
            Self::Test { id } => {
                let mut bytes = [0_u8; 16];
                open::random().fill_bytes(&mut bytes);
                let message = format!("test_{:032x}", u128::from_be_bytes(bytes));
                proofdesk_jobs::try_webhook(&engine, &config.outgoing.reach()?, id, &message).await?;
                println!("Webhook {id} took the message {message}.");
            }
            Self::Deliveries { waiting } => {
                let found = engine.deliveries(&act, !waiting).await?;
                table(&["ID", "WEBHOOK", "MESSAGE", "TRIES", "NEXT", "WHY"], &rows(&found, waiting));
            }
            Self::Retry { id, .. } => {
                let sent = retry(&engine, id).await?;
                println!("{sent} to be sent again; the desk does it while it runs.");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(engine: &Engine) -> anyhow::Result<()> {
    let accounts = engine.accounts().await?;
    let row = |hook: &Webhook| {
        let account = accounts.iter().find(|account| account.id == hook.account);
        let account = account.map(|account| account.sign_in.clone()).unwrap_or_default();
        let (to, what) = match hook.direction {
            Direction::Out => (&hook.url, format!("{} {}", hook.record_type, hook.actions)),
            Direction::In => (&hook.door, String::new()),
        };
        let way = hook.direction.as_str().to_owned();
        let what = what.trim().to_owned();
        vec![hook.id.to_string(), way, account, hook.label.clone(), to.clone(), what, hook.condition.clone()]
    };
    let hooks = engine.webhooks().await?;
    let heading = ["ID", "WAY", "ACCOUNT", "LABEL", "TO", "ABOUT", "WHERE"];
    table(&heading, &hooks.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

/// Makes a webhook: its id, and its secret, which nobody shows again.
async fn add(engine: &Engine, config: &Config, new: Add) -> anyhow::Result<(i64, String)> {
    let account = engine.account_named(&new.account).await?;
    let account = account.with_context(|| {
        format!("there is no account `{}`: proofdesk account create --program makes one", new.account)
    })?;
    let direction = if new.door.is_some() { Direction::In } else { Direction::Out };
    let hook = Webhook {
        id: 0,
        account: account.id,
        direction,
        label: new.label,
        url: new.url.unwrap_or_default(),
        door: new.door.unwrap_or_default(),
        record_type: new.about.unwrap_or_default(),
        condition: new.condition.unwrap_or_default(),
        actions: new.act.join(" "),
        created_at: 0,
        seen: 0,
    };
    let (doors, reach) = (open::doors(config, engine.registry())?, config.outgoing.reach()?);
    if let Some(problem) = wrong_end(Some(&doors), Some(&reach), &hook) {
        anyhow::bail!("{}: {}", problem.field, problem.message);
    }
    Ok(engine.create_webhook(&Act::operator(), &hook, &mut open::random()).await?)
}

fn rows(found: &[QueuedJob], waiting: bool) -> Vec<Vec<String>> {
    let of = |job: &QueuedJob, name: &str| match &job.job.payload[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let next = |job: &QueuedJob| if waiting { write_instant(job.job.run_at) } else { "given up".to_owned() };
    let row = |job: &QueuedJob| {
        let why = job.error.clone().unwrap_or_default();
        vec![
            job.id.to_string(),
            of(job, "webhook"),
            of(job, "message"),
            job.attempts.to_string(),
            next(job),
            why,
        ]
    };
    found.iter().map(row).collect()
}

/// Sends one message again that was given up, or all of them; says how many.
async fn retry(engine: &Engine, id: Option<i64>) -> Result<usize, Error> {
    let act = Act::operator();
    let all = match id {
        Some(id) => vec![id],
        None => engine.deliveries(&act, true).await?.iter().map(|job| job.id).collect(),
    };
    for id in &all {
        engine.send_again(&act, *id).await?;
    }
    Ok(all.len())
}

#[cfg(test)]
mod tests;

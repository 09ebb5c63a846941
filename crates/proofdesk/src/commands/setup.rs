//! `setup`: guided set-up from a file of answers, for who prefers an editor or sets up many desks.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use proofdesk_engine::{Caller, Door, Engine};
use proofdesk_setup::{Answers, Desk, Error, Guide, Plan, Standing, Summary, Unnamed, Wrong};

use crate::config::Config;
use crate::open;
use crate::output::{self, Tone, table, tone};

/// Options of `setup`.
#[derive(Debug, clap::Args)]
pub struct Setup {
    /// Print a file of answers: every question with its explanation, and the answers kept so far
    #[arg(long, conflicts_with = "answers")]
    print: bool,
    /// File of answers (TOML)
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Only say what would be made, and what is wrong
    #[arg(long, requires = "answers")]
    check: bool,
    /// Sign-in name of the administrator or SMS manager who sets up; the history names this person
    #[arg(long, value_name = "SIGN-IN")]
    by: Option<String>,
}

impl Setup {
    /// Prints questions, or makes what follows from answers.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let engine = open::engine_or_new(&config, Arc::new(open::SystemTime)).await?;
        let guide = open::guide(&config, &engine)?;
        let caller = caller(&engine, self.by.as_deref()).await?;
        let (zone, is_zoned) = (open::zone(&config, &engine).await?, config.is_zoned());
        let desk =
            Desk { engine: &engine, guide: &guide, caller: &caller, door: Door::Cli, zone: &zone, is_zoned };
        let known = desk.known().await?;
        if self.print {
            print!("{}", Answers::kept(&engine, &guide).await?.write(&guide, &known));
            return Ok(ExitCode::SUCCESS);
        }
        let Some(path) = &self.answers else {
            bail!(
                "say what to do: `proofdesk setup --print > answers.toml` writes the questions, \
                 `proofdesk setup --answers answers.toml` makes what follows; or open /setup in the browser"
            );
        };
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let answers = Answers::read(&text, &guide).with_context(|| path.display().to_string())?;
        let wrong = desk.problems(&answers, &known).await?;
        if !wrong.is_empty() {
            say(&guide, &wrong);
            return Ok(ExitCode::from(1));
        }
        for doubt in answers.doubtful(&guide, &known) {
            println!("{} {}: {}", tone("LOOK AGAIN", Tone::Risk), guide.place(&doubt), doubt.says);
        }
        let plan = Plan::of(&guide, &answers, &known, engine.registry());
        let summary = desk.summary(&plan).await?;
        let mut rows = Vec::new();
        for group in &summary.groups {
            let of = engine.require_type(&group.of)?;
            let first: Vec<&str> = group.outcomes.iter().take(3).map(|o| o.title.as_str()).collect();
            let more = if group.outcomes.len() > first.len() { ", …" } else { "" };
            rows.push(vec![of.plural.clone(), group.outcomes.len().to_string(), first.join(", ") + more]);
        }
        table(&["RECORDS", "NUMBER", "NAMES"], &rows);
        let (new, made, present) = summary.counts();
        println!("\n{new} are new, {made} were made by set-up before, {present} were there and are kept.");
        say_differences(&desk, &summary, &desk.unnamed(&answers, &known));
        if self.check {
            println!("Nothing was written.");
            return Ok(ExitCode::SUCCESS);
        }
        answers.keep(&engine).await?;
        let done = match desk.make(&answers, &known).await {
            Err(Error::Answers(wrong)) => {
                say(&guide, &wrong);
                return Ok(ExitCode::from(1));
            }
            other => other?,
        };
        for left in &done.left {
            println!("Left as it was created: {left}");
        }
        println!(
            "{} records were made. `proofdesk conformity` says what holds; /setup/made has the next steps.",
            done.made
        );
        if proofdesk_setup::turned(&engine).await?.is_none() {
            proofdesk_setup::keep_turned(&engine, &[]).await?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the desk is not as the answers say.
fn say_differences(desk: &Desk<'_>, summary: &Summary, unnamed: &[Unnamed]) {
    let registry = desk.engine.registry();
    let mut rows = Vec::new();
    for outcome in summary.differing() {
        let record = match &outcome.standing {
            Standing::Made(reference) | Standing::Present(reference) => registry.write_reference(reference),
            Standing::New | Standing::Spared => String::new(),
        };
        for d in &outcome.differs {
            rows.push(vec![record.clone(), outcome.title.clone(), d.field.clone(), d.says.clone()]);
        }
    }
    if !rows.is_empty() {
        println!("\nNot as the answers say, and kept as it is:");
        table(&["RECORD", "NAME", "FIELD", "IS"], &rows);
    }
    for u in unnamed {
        println!("On the desk, and not among the answers to `{}`: {}", u.question, u.title);
    }
}

fn say(guide: &Guide, wrong: &[Wrong]) {
    for w in wrong {
        let at = if w.at.is_empty() { String::new() } else { format!("{}: ", guide.place(w)) };
        output::error(&format!("{at}{}", w.says));
    }
    println!("Nothing was written.");
}

/// The person who sets up, or the operator.
async fn caller(engine: &Engine, sign_in: Option<&str>) -> anyhow::Result<Caller> {
    let Some(sign_in) = sign_in else { return Ok(Caller::system("Operator")) };
    let wanted = sign_in.to_lowercase();
    let found = engine.accounts().await?.into_iter().find(|a| a.sign_in == wanted);
    let account = found
        .with_context(|| format!("there is no account `{sign_in}`; `proofdesk account list` shows all"))?;
    Ok(account.caller())
}

//! `conformity`: runs the tests, prints which obligations hold, and ends with an exit code for pipelines.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use proofdesk_conformity::view::ObligationView;
use proofdesk_conformity::{Overview, Scope, State};
use proofdesk_engine::Door;
use proofdesk_model::format::{parse_day, parse_instant, write_instant};

use crate::config::Config;
use crate::open;
use crate::output::{Tone, table, tone};

/// Options of `conformity`.
#[derive(Debug, clap::Args)]
pub struct ConformityCommand {
    /// Framework
    #[arg(long, default_value = "iso-20000-1-2018")]
    framework: String,
    /// Only obligations whose clause begins so, such as 8.6
    #[arg(long, value_name = "CLAUSE")]
    clause: Option<String>,
    /// Only obligations in this state, such as nonconforming
    #[arg(long, value_name = "STATE", value_parser = ["conforming", "at_risk", "nonconforming", "not_triggered", "not_proven", "judgement_due", "no_test_yet"])]
    state: Option<String>,
    /// Show the last run instead of running the tests now
    #[arg(long)]
    stored: bool,
    /// Show what the newest run found that was made not after this instant: a day, or 2026-11-22T14:30 in the zone of the
    /// desk, or with an offset
    #[arg(long, value_name = "INSTANT", conflicts_with = "stored")]
    as_of: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// End with exit code 1 also where an obligation is at risk or not proven
    #[arg(long)]
    strict: bool,
}

impl ConformityCommand {
    /// Runs and prints. Exit code 1 when an obligation shown is nonconforming.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let engine = open::engine_as_is(&config, Arc::new(open::SystemTime)).await?;
        let conformity = open::conformity(&config, &engine).await?;
        let zone = open::zone(&config, &engine).await?;
        let at = self.as_of.as_deref().map(|text| instant(text, &zone)).transpose()?;
        if !self.stored && at.is_none() {
            conformity.run(&Scope::all(), "command line", Door::Cli).await?;
        }
        let mut overview = match at {
            Some(at) => conformity.overview_as_of(&self.framework, &Scope::all(), at).await?,
            None => conformity.overview(&self.framework, &Scope::all()).await?,
        };
        if let Some(wanted) = &self.clause
            && !overview.chapters.iter().flat_map(|c| &c.clauses).any(|c| is_in(&c.number, wanted))
        {
            // a mistyped clause must not pass in a pipeline
            bail!("no clause of {} begins with `{wanted}`", overview.title);
        }
        for chapter in &mut overview.chapters {
            for clause in &mut chapter.clauses {
                clause.obligations.retain(|o| self.wants(&clause.number, o));
            }
            chapter.clauses.retain(|c| !c.obligations.is_empty());
        }
        overview.chapters.retain(|c| !c.clauses.is_empty());
        let all: u64 = overview.states.values().sum();
        if self.is_filtered() {
            // the totals are those of what is listed
            recount(&mut overview);
        }
        if self.json {
            let mut written = serde_json::to_value(&overview)?;
            if self.is_filtered() {
                written["filter"] =
                    serde_json::json!({"clause": self.clause, "state": self.state, "of": all});
            }
            println!("{}", serde_json::to_string_pretty(&written)?);
        } else {
            self.print(&overview, all);
        }
        let bad = shown(&overview).any(|o| {
            o.state == State::Nonconforming
                || (self.strict && matches!(o.state, State::AtRisk | State::NotProven))
        });
        Ok(if bad { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    fn is_filtered(&self) -> bool {
        self.clause.is_some() || self.state.is_some()
    }

    /// The filter in words: `clause 8.6, nonconforming`.
    fn filter_words(&self) -> String {
        let clause = self.clause.as_ref().map(|c| format!("clause {c}"));
        let state = self.state.as_ref().map(|s| s.replace('_', " "));
        clause.into_iter().chain(state).collect::<Vec<_>>().join(", ")
    }

    fn wants(&self, clause: &str, obligation: &ObligationView) -> bool {
        let in_clause = self.clause.as_deref().is_none_or(|wanted| is_in(clause, wanted));
        in_clause && self.state.as_deref().is_none_or(|wanted| obligation.state.as_str() == wanted)
    }
}

/// Whether a clause is the one wanted or lies below it.
fn is_in(clause: &str, wanted: &str) -> bool {
    clause == wanted || clause.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

/// Reads an instant, a day as its end.
fn instant(text: &str, zone: &TimeZone) -> anyhow::Result<i64> {
    let whole = if parse_day(text).is_some() { format!("{text}T23:59:59") } else { text.to_owned() };
    parse_instant(&whole, zone)
        .with_context(|| format!("`{text}` is no instant; write for example 2026-11-22 or 2026-11-22T14:30"))
}

fn shown(overview: &Overview) -> impl Iterator<Item = &ObligationView> {
    overview.chapters.iter().flat_map(|c| &c.clauses).flat_map(|c| &c.obligations)
}

/// Counts states, exceptions and chapters again over the obligations that are left.
fn recount(overview: &mut Overview) {
    overview.states = State::ALL.into_iter().map(|state| (state, 0)).collect();
    let left: Vec<State> = shown(overview).map(|o| o.state).collect();
    for state in left {
        *overview.states.entry(state).or_default() += 1;
    }
    for chapter in &mut overview.chapters {
        let own = || chapter.clauses.iter().flat_map(|c| &c.obligations);
        chapter.total = own().count() as u64;
        (chapter.conforming, chapter.can_hold) = State::share(own().map(|o| o.state));
    }
}

impl ConformityCommand {
    fn print(&self, overview: &Overview, all: u64) {
        print_rows(overview);
        let states: Vec<String> = overview
            .states
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(state, count)| format!("{count} {}", state.label()))
            .collect();
        if self.is_filtered() {
            let listed: u64 = overview.states.values().sum();
            let states = if states.is_empty() { "none".to_owned() } else { states.join(", ") };
            println!("\n{}, only {}: {states}", overview.title, self.filter_words());
            println!("{listed} of {all} obligations are listed; the totals are theirs.");
        } else {
            println!("\n{}: {}", overview.title, states.join(", "));
        }
        if let Some(before) = overview.before {
            println!("As of {}: {}", write_instant(overview.as_of), before.says());
        }
        if let Some(run) = overview.run.as_ref().filter(|_| self.as_of.is_some()) {
            let (at, asked) = (write_instant(run.at), write_instant(overview.as_of));
            println!("As of {asked}: run {} of {at}, which saw the log up to entry {}", run.id, run.log_size);
            if overview.stale {
                println!("It was too old at that time to prove how things stood.");
            }
        }
        println!(
            "{} tests had {} answers of records for all obligations; a record answers in several tests",
            overview.tests, overview.records_asked
        );
    }
}

fn print_rows(overview: &Overview) {
    let rows: Vec<Vec<String>> = shown(overview)
        .map(|o| {
            let exceptions = if o.exceptions > 0 { o.exceptions.to_string() } else { String::new() };
            let colour = match o.state {
                State::Conforming => Tone::Good,
                State::AtRisk | State::JudgementDue => Tone::Risk,
                State::Nonconforming => Tone::Bad,
                _ => Tone::Faint,
            };
            // the table measures plain text, so that only the last column may carry a colour
            vec![o.id.clone(), o.state.label().to_owned(), exceptions, tone(&o.says, colour)]
        })
        .collect();
    table(&["OBLIGATION", "STATE", "EXCEPTIONS", "WHAT IT ASKS"], &rows);
}

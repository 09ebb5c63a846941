//! `records`: lists, explains and checks the declared record types, and exports records.

pub mod export;

use std::process::ExitCode;

use anyhow::Context as _;
use proofdesk_model::{Kind, RecordType};

use crate::config::Config;
use crate::open;
use crate::output::{Tone, table, tone};

/// Options of `records`.
#[derive(Debug, clap::Subcommand)]
pub enum Records {
    /// List the record types
    #[command(after_help = "Example:\n  proofdesk records list")]
    List,
    /// Explain one record type: fields, workflow, roles
    #[command(after_help = "Example:\n  proofdesk records explain change")]
    Explain {
        /// Its name, such as incident
        name: String,
    },
    /// Check every declaration and run its examples
    #[command(after_help = "Example:\n  proofdesk --config desk.toml records check")]
    Check,
    /// Write a list of records as CSV or as a spreadsheet
    #[command(
        after_help = "Example:\n  proofdesk records export incident --where \"state != 'closed'\" --as xlsx -o open.xlsx"
    )]
    Export(export::Export),
}

impl Records {
    /// Lists, explains, checks or exports.
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let registry = open::registry(config)?;
        match self {
            Self::List => {
                let rows: Vec<Vec<String>> = registry
                    .types()
                    .map(|t| {
                        let first = t.doc.split(". ").next().unwrap_or_default().replace('\n', " ");
                        vec![t.name.clone(), t.prefix.clone(), t.clauses.join(" "), first]
                    })
                    .collect();
                table(&["TYPE", "REFERENCE", "CLAUSE", "WHAT IT IS"], &rows);
            }
            Self::Explain { name } => {
                let of = registry.get(&name).with_context(|| {
                    let names: Vec<&str> = registry.types().map(|t| t.name.as_str()).collect();
                    format!("there is no record type `{name}`; there are: {}", names.join(", "))
                })?;
                explain(of);
            }
            Self::Export(export) => return export.run(config).await,
            Self::Check => {
                let rules = proofdesk_rules::all();
                let mistakes = proofdesk_model::examples::run(&registry, &rules);
                for mistake in &mistakes {
                    println!("{mistake}");
                }
                open::templates(config, &registry)?;
                if !mistakes.is_empty() {
                    println!("{} examples do not hold.", mistakes.len());
                    return Ok(ExitCode::from(1));
                }
                let examples: usize = registry.types().map(|t| t.examples.len()).sum();
                println!("{} record types are good; {examples} examples hold.", registry.types().count());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn explain(of: &RecordType) {
    println!("{} ({}, {}-1)", tone(&of.label, Tone::Strong), of.name, of.prefix);
    println!("{}\n", of.doc.trim());
    for section in &of.sections {
        println!("{}", tone(&section.label, Tone::Strong));
        for field in section.fields.iter().filter_map(|name| of.field(name)) {
            let mut marks = vec![kind(&field.kind)];
            if field.required {
                marks.push("required".to_owned());
            }
            if field.computed.is_some() {
                marks.push("computed".to_owned());
            }
            if field.by_steps {
                marks.push("written by steps".to_owned());
            }
            println!("  {:<26} {}", field.name, marks.join(", "));
        }
    }
    println!("{}", tone("Workflow", Tone::Strong));
    for transition in &of.transitions {
        let from = transition.from.join(", ");
        println!("  {:<16} {from} to {}", transition.name, transition.to);
        if !transition.requires.is_empty() {
            println!("  {:<16} needs {}", "", transition.requires.join(", "));
        }
        for guard in &transition.guards {
            println!("  {:<16} {} ({})", "", guard.says, guard.clause.as_deref().unwrap_or("house"));
        }
    }
    println!("{}", tone("Roles", Tone::Strong));
    for (role, words) in &of.permissions {
        println!("  {role:<20} {}", words.iter().cloned().collect::<Vec<_>>().join(", "));
    }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Text { .. } => "text".to_owned(),
        Kind::Markdown => "formatted text".to_owned(),
        Kind::Int { .. } => "whole number".to_owned(),
        Kind::Decimal => "decimal".to_owned(),
        Kind::Money => "money".to_owned(),
        Kind::Duration => "duration".to_owned(),
        Kind::Instant => "instant".to_owned(),
        Kind::Day => "day".to_owned(),
        Kind::Choice(options) => {
            let names: Vec<&str> = options.iter().map(|o| o.name.as_str()).collect();
            format!("one of: {}", names.join(" | "))
        }
        Kind::Choices(options) => {
            let names: Vec<&str> = options.iter().map(|o| o.name.as_str()).collect();
            format!("any of: {}", names.join(" | "))
        }
        Kind::YesNo => "yes or no".to_owned(),
        Kind::Link { to, .. } => format!("a {to}"),
        Kind::Links { to, .. } => format!("many of {to}"),
        Kind::Person => "a person".to_owned(),
        Kind::Team => "a team".to_owned(),
        Kind::File => "a file".to_owned(),
    }
}

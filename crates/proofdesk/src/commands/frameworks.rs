//! `frameworks`: lists, imports, compares, publishes and exports what an organization must conform to.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use proofdesk_conformity::oscal::{CatalogOptions, Heading, read_catalog};
use proofdesk_conformity::{Conformity, Error, Framework, SheetMapping, Source, Update};
use proofdesk_engine::{Caller, Door};
use serde_json::Value as Json;

use crate::config::Config;
use crate::open;
use crate::output::{Tone, table, tone};

/// The largest file that is read, bytes.
const FILE_MAX: u64 = 64 * 1_024 * 1_024;

/// Options of `frameworks`.
#[derive(Debug, clap::Subcommand)]
pub enum FrameworksCommand {
    /// List the frameworks, those in force and drafts
    #[command(after_help = "Example:\n  proofdesk frameworks list")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep a framework from a file as a draft, or put links (controls, uses, mappings) in force
    #[command(
        after_help = "Example:\n  proofdesk frameworks import catalog.json --id nist-csf-2.0\n  proofdesk frameworks import house.kdl\n  proofdesk frameworks import rules.xlsx --mapping rules.toml\n  proofdesk frameworks import links.kdl --links nist-csf-2.0"
    )]
    Import(Box<Import>),
    /// Show what the draft of a framework changes, and which tests, mappings and judgements that touches
    #[command(after_help = "Example:\n  proofdesk frameworks diff nist-csf-2.0")]
    Diff {
        /// Framework
        framework: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put the draft of a framework in force; its text is frozen then, its digest sealed in the log
    #[command(after_help = "Example:\n  proofdesk frameworks publish nist-csf-2.0")]
    Publish {
        /// Framework
        framework: String,
    },
    /// Write a framework or results for it: KDL, or OSCAL JSON
    #[command(
        after_help = "Example:\n  proofdesk frameworks export iso-20000-1-2018 --as results > results.json"
    )]
    Export {
        /// Framework
        framework: String,
        /// What to write
        #[arg(long = "as", value_name = "WHAT", default_value = "catalog", value_parser = ["catalog", "components", "mappings", "results", "kdl"])]
        what: String,
        /// The run whose results are written; the newest where it is left out
        #[arg(long, value_name = "NUMBER")]
        run: Option<i64>,
        /// File to write; standard output where it is left out
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Options of `frameworks import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// OSCAL catalog (.json), framework in KDL (.kdl), or spreadsheet (.xlsx, with --mapping)
    file: PathBuf,
    /// Mapping file of a spreadsheet, or the one that comes with the program: framework
    #[arg(long, short, value_name = "MAPPING")]
    mapping: Option<PathBuf>,
    /// Id of the framework, such as nist-csf-2.0
    #[arg(long)]
    id: Option<String>,
    /// What people call it
    #[arg(long)]
    title: Option<String>,
    /// Its edition
    #[arg(long)]
    edition: Option<String>,
    /// Where its words come from and under which terms
    #[arg(long)]
    origin: Option<String>,
    /// The file holds controls, uses and mappings that belong to this framework
    #[arg(long, value_name = "FRAMEWORK")]
    links: Option<String>,
    /// Only say what it would change
    #[arg(long)]
    check: bool,
}

impl FrameworksCommand {
    /// Carries it out.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let engine = open::engine(&config, Arc::new(open::SystemTime)).await?;
        let conformity = open::conformity(&config, &engine).await?;
        let operator = Caller::system("Operator");
        match self {
            Self::List { json } => list(&conformity, json).await?,
            Self::Import(import) => import.run(&conformity, &operator).await?,
            Self::Diff { framework, json } => {
                let update = conformity.update_of(&framework).await.map_err(said)?;
                if json {
                    println!("{}", serde_json::to_string_pretty(&update)?);
                } else {
                    print(&update);
                }
            }
            Self::Publish { framework } => {
                let update =
                    conformity.publish_framework(&operator, &framework, Door::Cli).await.map_err(said)?;
                print(&update);
                println!("Edition {} of {} is in force and frozen.", update.to, update.framework);
                println!("SHA-256 {} is sealed in the log.", update.digest);
            }
            Self::Export { framework, what, run, out } => {
                let text = export(&conformity, &config, &framework, &what, run).await?;
                match out {
                    Some(path) => std::fs::write(&path, text)
                        .with_context(|| format!("{} cannot be written", path.display()))?,
                    None => std::io::stdout().write_all(text.as_bytes())?,
                }
            }
        }
        engine.store().close().await.context("the database could not be closed")?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(conformity: &Conformity, json: bool) -> anyhow::Result<()> {
    let all = conformity.frameworks().await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = all
        .into_iter()
        .map(|f| {
            let edition = f.edition.unwrap_or_else(|| "none".to_owned());
            let draft = f.draft.unwrap_or_default();
            let counts = format!("{} of {}", f.tested, f.requirements);
            vec![f.id, edition, draft, counts, f.mapped.to_string(), f.title]
        })
        .collect();
    table(&["FRAMEWORK", "IN FORCE", "DRAFT", "TESTED", "MAPPED", "NAME"], &rows);
    for mistake in &conformity.declarations().left_out {
        println!("{} {mistake}", tone("NOT USED", Tone::Risk));
    }
    Ok(())
}

impl Import {
    async fn run(self, conformity: &Conformity, operator: &Caller) -> anyhow::Result<()> {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(framework) = &self.links {
            let source = Source::new(name, text_of(&self.file)?);
            conformity.import_links(operator, framework, &source, Door::Cli).await.map_err(said)?;
            println!("The links of {framework} are in force; its requirements are tested by the next run.");
            return Ok(());
        }
        let (framework, origin) = self.read(&name)?;
        if self.check {
            print(&conformity.compare(&framework, &origin).await.map_err(said)?);
            return Ok(());
        }
        let update =
            conformity.import_framework(operator, &framework, &origin, Door::Cli).await.map_err(said)?;
        print(&update);
        println!(
            "Edition {} of {} is kept as a draft; `proofdesk frameworks publish {}` puts it in force.",
            update.to, update.framework, update.framework
        );
        Ok(())
    }

    fn mapping(&self) -> anyhow::Result<SheetMapping> {
        let Some(path) = &self.mapping else {
            bail!(
                "a spreadsheet needs --mapping; `--mapping framework` is the one that comes with the program"
            );
        };
        let name = path.display().to_string();
        let is_shipped = !path.exists() && name == "framework";
        let text = if is_shipped { SheetMapping::SHIPPED.to_owned() } else { text_of(path)? };
        SheetMapping::parse(&Source::new(name, text)).map_err(|m| anyhow::anyhow!("{m}"))
    }

    /// The framework that the file holds, and where it comes from.
    fn read(&self, name: &str) -> anyhow::Result<(Framework, String)> {
        match self.file.extension().and_then(|e| e.to_str()).unwrap_or_default() {
            "json" => {
                let source = Source::new(name, text_of(&self.file)?);
                let options = CatalogOptions {
                    id: self.id.clone(),
                    title: self.title.clone(),
                    edition: self.edition.clone(),
                    origin: self.origin.clone(),
                };
                let read = read_catalog(&source, &options).map_err(|m| anyhow::anyhow!("{m}"))?;
                if read.withdrawn > 0 {
                    println!("{} withdrawn controls were left out.", read.withdrawn);
                }
                Ok((read.framework, format!("OSCAL catalog {name}")))
            }
            "kdl" => {
                let source = Source::new(name, text_of(&self.file)?);
                let framework = Framework::load(&[source]).map_err(|m| anyhow::anyhow!("{m}"))?;
                Ok((framework, format!("KDL file {name}")))
            }
            "xlsx" => {
                let mapping = self.mapping()?;
                let framework =
                    mapping.read(name, bytes_of(&self.file)?).map_err(|m| anyhow::anyhow!("{m}"))?;
                Ok((framework, format!("spreadsheet {name}")))
            }
            other => bail!(
                "{name}: a framework is read from .json (OSCAL catalog), .kdl or .xlsx, not from `.{other}`"
            ),
        }
    }
}

fn bytes_of(path: &Path) -> anyhow::Result<Vec<u8>> {
    let size = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    if size > FILE_MAX {
        bail!("{} is larger than {} MiB", path.display(), FILE_MAX / 1_024 / 1_024);
    }
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(bytes_of(path)?).with_context(|| format!("{} is not UTF-8", path.display()))
}

async fn export(
    conformity: &Conformity,
    config: &Config,
    id: &str,
    what: &str,
    run: Option<i64>,
) -> anyhow::Result<String> {
    let declared = conformity.declarations();
    let draft = || declared.draft(id).map(|(draft, _)| draft);
    let framework = declared.framework(id).or_else(draft);
    let framework = framework
        .with_context(|| format!("there is no framework `{id}`; `proofdesk frameworks list` shows all"))?;
    if what == "kdl" {
        return Ok(framework.to_kdl());
    }
    let heading = Heading { organization: config.organization.clone(), at: conformity.engine().now() };
    let document: Json = match what {
        "components" => conformity.component_definition(id, &heading).map_err(said)?,
        "mappings" => conformity.mapping_collection(id, &heading).map_err(said)?,
        "results" => conformity.assessment_results(id, run, &heading).await.map_err(said)?,
        _ => framework.to_oscal(&heading),
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

/// What went wrong, for the operator.
fn said(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(problems) | Error::Forbidden(problems) => {
            let lines: Vec<String> = problems.0.iter().map(|p| p.message.clone()).collect();
            anyhow::anyhow!("{}", lines.join("\n"))
        }
        other => other.into(),
    }
}

fn print(update: &Update) {
    let rows: Vec<Vec<String>> = update
        .differences
        .iter()
        .map(|t| {
            let d = &t.difference;
            let fields: Vec<&str> = d.fields.iter().map(|f| f.field.as_str()).collect();
            let mut touches: Vec<String> = Vec::new();
            let mut say = |n: usize, what: &str| {
                if n > 0 {
                    touches.push(format!("{n} {what}{}", if n == 1 { "" } else { "s" }));
                }
            };
            say(t.tests.len(), "test");
            say(t.mappings.len(), "mapping");
            say(usize::try_from(t.judgements).unwrap_or(usize::MAX), "judgement");
            let turn = d.turn.as_str();
            let what =
                if fields.is_empty() { turn.to_owned() } else { format!("{turn}: {}", fields.join(", ")) };
            let says: String = d.says.chars().take(60).collect();
            vec![format!("{} {}", d.part, d.id), what, touches.join(", "), says]
        })
        .collect();
    if rows.is_empty() {
        println!("Nothing is different.");
    } else {
        table(&["PART", "WHAT", "TOUCHES", "SAYS"], &rows);
    }
    let from = update.from.as_ref().map_or("nothing".to_owned(), |e| format!("edition {e}"));
    println!(
        "\n{} ({}): {} differences from {from} to edition {}, {} requirements",
        update.title,
        update.framework,
        update.differences.len(),
        update.to,
        update.requirements
    );
}

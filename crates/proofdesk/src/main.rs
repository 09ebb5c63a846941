//! The binary: configuration, wiring, commands. Nothing here decides anything about records.

mod commands;
mod config;
mod memory;
mod open;
mod output;
mod traces;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use config::Config;
use traces::Traces;

/// A service management system that proves itself: the desk of your services, and ISO/IEC 20000-1 conformity
/// computed live from its records.
#[derive(Debug, Parser)]
#[command(name = "proofdesk", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Args)]
struct Global {
    /// Configuration file; `proofdesk.toml` in this folder is read when it is there
    #[arg(long, short, global = true, env = "PROOFDESK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database: a file (SQLite), or postgres://user@host/name
    #[arg(long, short, global = true, env = "PROOFDESK_DATABASE", value_name = "DATABASE")]
    database: Option<String>,
    /// How the log is written to standard error
    #[arg(long, global = true, env = "PROOFDESK_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line, for programs
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the desk: pages, REST and everything that runs by itself
    #[command(
        after_help = "Examples:\n  proofdesk serve\n  proofdesk --database postgres://desk@db/desk serve --listen 0.0.0.0:8080"
    )]
    Serve(commands::serve::Serve),
    /// Set up a new desk by a list of questions: here from a file, or on its page /setup (exit code 1 when an answer
    /// needs another look)
    #[command(
        after_help = "Examples:\n  proofdesk setup --print > answers.toml\n  proofdesk setup --answers answers.toml --check\n  proofdesk setup --answers answers.toml --by ida"
    )]
    Setup(commands::setup::Setup),
    /// Fill a new database with an example company that has been running for a year
    #[command(
        after_help = "Examples:\n  proofdesk demo --serve\n  proofdesk demo --folder try --incidents 300 --listen 127.0.0.1:9000 --serve"
    )]
    Demo(commands::demo::Demo),
    /// Run the conformity tests and print which obligations hold (exit code 1 when one does not)
    #[command(
        after_help = "Examples:\n  proofdesk conformity\n  proofdesk conformity --clause 8.6 --state nonconforming\n  proofdesk conformity --strict --json > conformity.json"
    )]
    Conformity(commands::conformity::ConformityCommand),
    /// List, import, compare, publish and export frameworks
    #[command(subcommand, after_help = "Example:\n  proofdesk frameworks list")]
    Frameworks(commands::frameworks::FrameworksCommand),
    /// List what is done by itself, and try it out over past records
    #[command(
        subcommand,
        after_help = "Examples:\n  proofdesk automations list\n  proofdesk automations try major-opens-problem --records 1000"
    )]
    Automations(commands::automations::AutomationsCommand),
    /// Import an event log (CSV, also gzipped) by a mapping file (exit code 1 when rows were refused)
    #[command(
        after_help = "Examples:\n  proofdesk import --mapping incidents incident_event_log.csv.gz\n  proofdesk import --mapping mine.toml --check"
    )]
    Import(commands::import::Import),
    /// Print the figures of the desk: targets, times to resolve, backlog, reopenings
    #[command(
        after_help = "Examples:\n  proofdesk figures\n  proofdesk figures incident --what-if promises.toml --json"
    )]
    Figures(commands::figures::FiguresCommand),
    /// Verify the log and every record against it (exit code 1 when something is wrong)
    #[command(
        after_help = "Examples:\n  proofdesk verify\n  proofdesk verify export.log --key \"example.com/desk+1a2b3c4d+…\""
    )]
    Verify(commands::verify::Verify),
    /// List, explain and check the declared record types
    #[command(after_help = "Examples:\n  proofdesk records list\n  proofdesk records explain incident")]
    #[command(subcommand)]
    Records(commands::records::Records),
    /// List starter templates and begin documents from them
    #[command(
        after_help = "Examples:\n  proofdesk documents templates\n  proofdesk documents adopt change-management-policy --by ilse"
    )]
    #[command(subcommand)]
    Documents(commands::documents::Documents),
    /// Bring the tables up to date with the declarations
    #[command(after_help = "Examples:\n  proofdesk migrate --plan\n  proofdesk migrate")]
    Migrate(commands::migrate::Migrate),
    /// Copy the database while it is in use
    #[command(after_help = "Example:\n  proofdesk backup /backups/desk-2026-11-22.db")]
    Backup(commands::backup::Backup),
    /// Put a copy back in place of the database
    #[command(after_help = "Example:\n  proofdesk restore /backups/desk-2026-11-22.db --replace")]
    Restore(commands::backup::Restore),
    /// Look for what is wrong with configuration, database, log and queue
    #[command(after_help = "Examples:\n  proofdesk doctor\n  proofdesk --config /etc/proofdesk.toml doctor")]
    Doctor,
    /// Check or show the configuration
    #[command(after_help = "Examples:\n  proofdesk config check\n  proofdesk --database desk.db config show")]
    #[command(subcommand)]
    Config(commands::config::ConfigCommand),
    /// Make and list accounts, set passwords
    #[command(
        after_help = "Examples:\n  proofdesk account create --sign-in ida --name \"Ida Voss\" --administrator\n  proofdesk account token ida --label monitoring"
    )]
    #[command(subcommand)]
    Account(commands::account::AccountCommand),
    /// Look at mail: try the servers, show and send again what was given up
    #[command(
        after_help = "Examples:\n  proofdesk mail check\n  proofdesk mail queue\n  proofdesk mail renew-key"
    )]
    #[command(subcommand)]
    Mail(commands::mail::MailCommand),
    /// List, make, try and end signed webhooks; send again what was given up
    #[command(
        after_help = "Examples:\n  proofdesk webhooks list\n  proofdesk webhooks add --account wall --label Wall --url https://wall.example.com/hook --about incident --act create"
    )]
    #[command(subcommand)]
    Webhooks(commands::webhooks::WebhooksCommand),
    /// Export the log, show its verifier key, publish a checkpoint
    #[command(after_help = "Examples:\n  proofdesk log export desk.log\n  proofdesk log key")]
    #[command(subcommand)]
    Log(commands::log::LogCommand),
    /// Print completions for your shell
    #[command(after_help = "Example:\n  proofdesk completions bash > /etc/bash_completion.d/proofdesk")]
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Write the generated papers (OpenAPI, schema, permission matrix, …)
    #[command(hide = true)]
    Generate(commands::generate::Generate),
}

impl Global {
    /// The configuration after file, environment and command line.
    fn load(&self) -> anyhow::Result<Config> {
        // the log's name and key belong to a database, so the file beside it comes before the one here
        let beside = self.database.as_deref().and_then(config::beside);
        let standard = Some(PathBuf::from(config::FILE));
        let found = beside.into_iter().chain(standard).find(|path| path.exists());
        let mut config = match self.config.as_ref().or(found.as_ref()) {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        if let Some(database) = &self.database {
            config.database.clone_from(database);
        }
        config.check()?;
        Ok(config)
    }
}

/// A reader that has seen enough (`proofdesk … | head`) ends the program without a word, as it does others.
fn end_quietly_on_a_closed_pipe() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let said = info.payload_as_str().unwrap_or_default();
        if said.starts_with("failed printing to stdout: Broken pipe") {
            std::process::exit(0);
        }
        usual(info);
    }));
}

/// What is logged: what was asked for, else this level. The driver of PostgreSQL tells values of statements from `debug`
/// on, so it stays at `warn` whatever was asked for: the log has no personal data.
fn filter(asked: Option<&str>, level: &str) -> tracing_subscriber::EnvFilter {
    let asked = asked.filter(|text| !text.trim().is_empty());
    let asked = asked.and_then(|text| {
        let quiet = text.split(',').filter(|part| !part.trim().starts_with("tokio_postgres"));
        tracing_subscriber::EnvFilter::try_new(quiet.collect::<Vec<_>>().join(",")).ok()
    });
    let filter = asked.unwrap_or_else(|| tracing_subscriber::EnvFilter::new(level));
    match "tokio_postgres=warn".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    }
}

fn main() -> ExitCode {
    end_quietly_on_a_closed_pipe();
    let cli = Cli::parse();
    let is_server = matches!(cli.command, Command::Serve(_));
    let failed = if is_server { memory::give_back_at_once() } else { None };
    let level = if is_server { "info" } else { "warn" };
    let filter = filter(std::env::var("PROOFDESK_LOG").ok().as_deref(), level);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let traces = match begin_log(&cli, filter, runtime.handle()) {
        Ok(traces) => traces,
        Err(error) => return fail(&error),
    };
    if let Some(error) = failed {
        tracing::info!(%error, "memory is given back later than it could be");
    }
    let code = match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    };
    if let Some(traces) = traces {
        traces.end();
    }
    code
}

/// Begins the log, and traces beside it where they are on; without them nothing more is put together than a log.
fn begin_log(
    cli: &Cli,
    filter: tracing_subscriber::EnvFilter,
    runtime: &tokio::runtime::Handle,
) -> anyhow::Result<Option<Traces>> {
    let is_text = matches!(cli.global.log_format, LogFormat::Text);
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr);
    // a configuration that cannot be read is said by the command, not here
    let config = matches!(cli.command, Command::Serve(_)).then(|| cli.global.load().ok()).flatten();
    // a variable that is no text names no collector
    let variable = |name: &str| std::env::var(name).ok();
    let traced = config.and_then(|config| Some((config.traces.address(variable)?, config)));
    let Some((address, config)) = traced else {
        match is_text {
            true => log.with_env_filter(filter).with_ansi(output::is_terminal()).init(),
            false => log.with_env_filter(filter).json().flatten_event(true).with_ansi(false).init(),
        }
        return Ok(None);
    };
    let roots = config.outgoing.roots.as_deref();
    let (traces, spans) = Traces::begin(&address, config.traces.percent, runtime, roots)?;
    let wanted =
        tracing_subscriber::filter::Targets::new().with_target(traces::TARGET, tracing::Level::DEBUG);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match is_text {
        true => lines.with_ansi(output::is_terminal()).with_filter(filter).boxed(),
        false => lines.json().flatten_event(true).with_ansi(false).with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(spans.with_filter(wanted)).with(lines).init();
    tracing::info!("spans are sent to a collector");
    Ok(Some(traces))
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}\n  because: {cause}");
        }
    }
    output::error(&text);
    ExitCode::from(2)
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let global = &cli.global;
    match cli.command {
        Command::Serve(command) => command.run(global.load()?).await,
        Command::Setup(command) => command.run(global.load()?).await,
        Command::Demo(command) => command.run(global.load()?).await,
        Command::Conformity(command) => command.run(global.load()?).await,
        Command::Frameworks(command) => command.run(global.load()?).await,
        Command::Automations(command) => command.run(global.load()?).await,
        Command::Import(command) => command.run(global.load()?).await,
        Command::Figures(command) => command.run(global.load()?).await,
        Command::Verify(command) => command.run(global.load()?).await,
        Command::Records(command) => command.run(&global.load()?).await,
        Command::Documents(command) => command.run(global.load()?).await,
        Command::Migrate(command) => command.run(global.load()?).await,
        Command::Backup(command) => command.run(global.load()?).await,
        Command::Restore(command) => command.run(&global.load()?),
        Command::Doctor => commands::doctor::run(global.load()?).await,
        Command::Config(command) => command.run(global.load()),
        Command::Account(command) => command.run(global.load()?).await,
        Command::Mail(command) => command.run(global.load()?).await,
        Command::Webhooks(command) => command.run(global.load()?).await,
        Command::Log(command) => command.run(global.load()?).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "proofdesk", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Generate(command) => command.run(&Cli::command(), global.load()?).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    fn without_example(command: &Command, path: &str, found: &mut Vec<String>) {
        for sub in command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
            let name = format!("{path} {}", sub.get_name());
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            let shows = help
                .lines()
                .any(|line| line.starts_with(&format!("  {name}")) || line.contains("proofdesk --"));
            if !shows {
                found.push(name.clone());
            }
            without_example(sub, &name, found);
        }
    }

    #[test]
    fn the_driver_tells_no_values_whatever_is_asked_for() {
        for asked in
            [None, Some("debug"), Some("trace,tokio_postgres=trace"), Some("tokio_postgres::query=debug")]
        {
            let filter = super::filter(asked, "info").to_string();
            let driver: Vec<&str> =
                filter.split(',').filter(|part| part.contains("tokio_postgres")).collect();
            assert_eq!(driver, ["tokio_postgres=warn"], "{asked:?}");
        }
        assert!(super::filter(Some("debug"), "info").to_string().contains("debug"));
    }

    #[test]
    fn every_command_shows_an_example() {
        let mut found = Vec::new();
        without_example(&super::Cli::command(), "proofdesk", &mut found);
        assert!(found.is_empty(), "no example: {found:?}");
    }
}

//! `demo`: an example company in a new database, and the desk on top of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use proofdesk_automation::Automations;
use proofdesk_demo::Size;
use proofdesk_engine::{Engine, FixedTime};

use crate::config::{Config, is_url};
use crate::open;

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Folder for the database, the log's key and the login, when no database is named
    #[arg(long, default_value = "demo-data", value_name = "FOLDER")]
    folder: PathBuf,
    /// Start the desk afterwards; a company that is already there is used as it is
    #[arg(long)]
    serve: bool,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Seed of everything that is left to chance
    #[arg(long, default_value_t = 20_000)]
    seed: u64,
    /// Incidents in the year; everything else follows from it
    #[arg(long, default_value_t = 2_400, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    incidents: u32,
    /// Days of history
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(30..=3_650))]
    days: u32,
    /// Password of all accounts; made at random when none is given
    #[arg(long, env = "PROOFDESK_DEMO_PASSWORD")]
    password: Option<String>,
}

impl Demo {
    /// Fills, and serves when asked to.
    pub async fn run(self, mut config: Config) -> anyhow::Result<ExitCode> {
        let standard = Config::default();
        let own_folder = config.database == standard.database;
        if config.database == standard.database {
            std::fs::create_dir_all(&self.folder)
                .with_context(|| format!("{} cannot be made", self.folder.display()))?;
            config.database = self.folder.join("proofdesk.db").display().to_string();
            config.log_key = self.folder.join("proofdesk.key");
        }
        if config.organization == standard.organization {
            config.organization = "Retail IT".to_owned();
            config.log_origin = "retail-it.example/proofdesk".to_owned();
            config.time_zone = "Europe/Berlin".to_owned();
        }
        if own_folder && config.automations.is_empty() {
            let registry = open::registry(&config)?;
            config.automations = Automations::shipped(&registry);
        }
        if let Some(listen) = &self.listen {
            config.listen.clone_from(listen);
        }
        config.check()?;
        if own_folder {
            self.keep(&config)?;
        }
        let login = self.folder.join("login.txt");
        if self.is_filled(&config).await? {
            if !login.exists() {
                bail!(
                    "{} was not filled to its end; remove it and start again",
                    open::shown(&config.database)
                );
            }
            if !self.serve {
                bail!("{} already holds records; name another --folder", open::shown(&config.database));
            }
        } else {
            self.fill(&config, &login).await?;
        }
        let hint = std::fs::read_to_string(&login).ok().map(|t| t.trim().to_owned());
        if let Some(hint) = &hint {
            eprintln!("{hint}");
        }
        if self.serve { super::serve::serve(&config, hint).await } else { Ok(ExitCode::SUCCESS) }
    }

    /// Writes what the other commands must know of this company (its log's name and key) beside the database.
    fn keep(&self, config: &Config) -> anyhow::Result<()> {
        let path = self.folder.join(crate::config::FILE);
        if path.exists() {
            return Ok(());
        }
        let text = format!(
            "# Read by every command that names the database in this folder: proofdesk -d {}\n\
             database = \"proofdesk.db\"\norganization = {:?}\ntime_zone = {:?}\nlog_origin = {:?}\n\
             log_key = \"proofdesk.key\"\nautomations = {:?}\n",
            config.database, config.organization, config.time_zone, config.log_origin, config.automations
        );
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
    }

    async fn is_filled(&self, config: &Config) -> anyhow::Result<bool> {
        if !is_url(&config.database) && !Path::new(&config.database).exists() {
            return Ok(false);
        }
        let engine = open::engine(config, Arc::new(open::SystemTime)).await?;
        Ok(engine.store().log_size().await? > 0 || engine.store().health().await?.pending > 0)
    }

    async fn fill(&self, config: &Config, login: &Path) -> anyhow::Result<()> {
        let end = jiff::Timestamp::now().as_microsecond();
        let time = Arc::new(FixedTime::at(end));
        let engine = open::engine_or_new(config, time.clone()).await?;
        let conformity = open::conformity(config, &engine).await?;
        let signer = open::signer_or_new(config)?;
        let password = match &self.password {
            Some(password) => password.clone(),
            None => {
                proofdesk_engine::account::password::secret(&mut open::random()).chars().take(14).collect()
            }
        };
        let incidents = usize::try_from(self.incidents)?;
        let size = Size { seed: self.seed, days: i64::from(self.days), incidents, end };
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("filling the example company {bar:30} {percent} %") {
            bar.set_style(style);
        }
        let logins = proofdesk_demo::fill(&conformity, &time, size, &password, |done, of| {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        })
        .await?;
        bar.finish_and_clear();
        seal(&engine).await?;
        engine.store().analyze().await?;
        if let Some(made) = engine.publish_checkpoint(&signer).await? {
            proofdesk_jobs::keep_checkpoint(&engine, &config.checkpoint_file(), &made.note).await?;
        }
        let mut text = format!("Sign in as {} with the password {password}\n", logins[0].sign_in);
        let others: Vec<String> = logins.iter().map(|l| format!("{} ({})", l.sign_in, l.role)).collect();
        text.push_str(&format!("All accounts have it: {}\n", others.join(", ")));
        std::fs::create_dir_all(&self.folder)?;
        std::fs::write(login, &text).with_context(|| format!("{} cannot be written", login.display()))?;
        Ok(())
    }
}

/// Waits until every entry has its leaf.
async fn seal(engine: &Engine) -> anyhow::Result<()> {
    while engine.sequence().await? > 0 {}
    Ok(())
}

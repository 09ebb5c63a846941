//! `doctor`: looks for what is wrong, says what to do; exit code 1 when something is.

use proofdesk_model::access::ADMINISTRATOR;
use std::process::ExitCode;
use std::sync::Arc;

use crate::config::Config;
use crate::open;
use crate::output::{Tone, tone};

struct Findings {
    wrong: usize,
}

impl Findings {
    fn good(&self, what: &str) {
        println!("{}  {what}", tone("good ", Tone::Good));
    }
    fn wrong(&mut self, what: &str) {
        self.wrong += 1;
        println!("{}  {}", tone("WRONG", Tone::Bad), what.replace('\n', "\n       "));
    }
    fn note(&self, what: &str) {
        println!("{}  {what}", tone("note ", Tone::Risk));
    }
}

/// Looks at everything.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let mut findings = Findings { wrong: 0 };
    let registry = match open::registry(&config) {
        Ok(registry) => {
            findings.good(&format!("{} record types declared", registry.types().count()));
            Some(registry)
        }
        Err(error) => {
            findings.wrong(&error.to_string());
            None
        }
    };
    if let Some(registry) = &registry {
        match open::declarations(&config, registry) {
            Ok(found) => findings.good(&format!("{} conformity tests read", found.controls.tests.len())),
            Err(error) => findings.wrong(&error.to_string()),
        }
    }
    match open::store(&config).await {
        Err(error) => findings.wrong(&format!("{error:#}")),
        Ok(store) => {
            if let Some(registry) = &registry {
                match store.plan(registry).await {
                    Ok(plan) if plan.steps.is_empty() => findings.good("the tables are up to date"),
                    Ok(plan) => findings.note(&format!(
                        "{} steps to bring the tables up to date: proofdesk migrate --plan",
                        plan.steps.len()
                    )),
                    Err(error) => findings.wrong(&error.to_string()),
                }
            }
            inspect(&config, &store, &mut findings).await;
        }
    }
    ask_directories(&config, &mut findings).await;
    match config.passwords.check() {
        Ok(()) if config.passwords.list.is_some() => {
            findings.good("the list of breached passwords can be read")
        }
        Ok(()) => {}
        Err(error) => findings.wrong(&error.to_string()),
    }
    try_scanner(&config, &mut findings).await;
    if config.log_key.exists() {
        match open::signer(&config) {
            Ok(_) => findings.good(&format!("the log's key is at {}", config.log_key.display())),
            Err(error) => findings.wrong(&error.to_string()),
        }
    } else {
        findings.note("the log has no key yet; it is made on the first start");
    }
    if config.log_origin == Config::default().log_origin {
        findings.note("log_origin is not set: name your log before an auditor relies on it");
    }
    Ok(if findings.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Shows the scanner a file as large as the largest that is taken.
async fn try_scanner(config: &Config, findings: &mut Findings) {
    let scanner = match config.scanner() {
        Ok(Some(scanner)) => scanner,
        Ok(None) => return findings.note("no virus scanner looks at files: file_scanner names one"),
        Err(error) => return findings.wrong(&error.to_string()),
    };
    let mails = config.mail.as_ref().map_or(0, |mail| mail.size_max_mib);
    let most = config.attachment_max_mib.max(mails);
    match scanner.try_out(most).await {
        Ok(()) => findings.good(&format!("the virus scanner looks at files of up to {most} MiB")),
        Err(why) => findings.wrong(&format!(
            "file_scanner: no file of {most} MiB can be shown to the virus scanner, so it would not be taken: {why}\n\
             Does clamd run, may this user open its socket, and is its StreamMaxLength at least {most}M (attachment_max_mib, mail.size_max_mib)?"
        )),
    }
}

/// Asks each directory as a sign-in would, up to the password.
async fn ask_directories(config: &Config, findings: &mut Findings) {
    let directories = match config.directories() {
        Ok(directories) => directories,
        Err(error) => return findings.wrong(&format!("{error:#}")),
    };
    for directory in directories {
        let settings = directory.settings();
        match directory.try_out().await {
            Ok(()) => {
                findings.good(&format!("the directory `{}` answers at {}", settings.name, settings.url))
            }
            Err(error) => findings.wrong(&format!("directory `{}`: {error}", settings.name)),
        }
    }
}

/// Says of each directory when it was last asked about the people who came by it.
async fn tell_looks(config: &Config, engine: &proofdesk_engine::Engine, findings: &mut Findings) {
    for settings in &config.directory {
        let name = &settings.name;
        let Some(every) = settings.recheck_every() else {
            findings.note(&format!(
                "nobody asks the directory `{name}` who is gone there: sessions go on to their end (`bind_dn`, `recheck_minutes`)"
            ));
            continue;
        };
        match engine.looked_again(name).await {
            Ok(None) => findings.note(&format!("the directory `{name}` was not asked yet who is gone there")),
            Ok(Some(at)) => {
                let seconds = (jiff::Timestamp::now().as_microsecond() - at) / 1_000_000;
                let said = format!("the directory `{name}` was last asked {seconds} s ago who is gone there");
                if seconds > i64::try_from(every.as_secs()).unwrap_or(i64::MAX).saturating_mul(3) {
                    findings.wrong(&format!(
                        "{said}: until it answers, or the desk runs again, they keep their sessions"
                    ));
                } else {
                    findings.good(&said);
                }
            }
            Err(error) => findings.wrong(&error.to_string()),
        }
    }
}

async fn inspect(config: &Config, store: &proofdesk_store::Store, findings: &mut Findings) {
    match store.health().await {
        Ok(health) => findings.good(&format!(
            "{} {}: {} MiB, {} log entries, {} pending",
            open::shown(&config.database),
            health.version,
            health.size_bytes / 1_048_576,
            health.log_size,
            health.pending
        )),
        Err(error) => findings.wrong(&error.to_string()),
    }
    match store.jobs(true, 20).await {
        Ok(dead) if dead.is_empty() => findings.good("no job was given up"),
        Ok(dead) => {
            for job in dead {
                let error = job.error.unwrap_or_default();
                findings.wrong(&format!("job {} {} was given up: {error}", job.job.kind, job.job.key));
            }
        }
        Err(error) => findings.wrong(&error.to_string()),
    }
    if let Ok(Some(latest)) = store.latest_checkpoint().await {
        let age = (jiff::Timestamp::now().as_microsecond() - latest.at) / 1_000_000;
        findings.good(&format!("the newest checkpoint covers {} entries and is {age} s old", latest.size));
    }
    let engine = open::engine_as_is(config, Arc::new(open::SystemTime)).await;
    if let Ok(engine) = engine {
        if matches!(engine.accounts().await, Ok(found) if found.is_empty()) {
            findings.note("there is no account yet: proofdesk account create --administrator");
        }
        if matches!(engine.second_factor_roles().await, Ok(roles) if !roles.iter().any(|role| role == ADMINISTRATOR))
        {
            findings.note(
                "administrators sign in without a second factor: proofdesk account second-factor --require administrator",
            );
        }
        tell_looks(config, &engine, findings).await;
    }
}

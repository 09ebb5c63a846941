//! `serve`: pages, REST and everything that runs by itself, until the program is told to stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use proofdesk_engine::Engine;
use proofdesk_jobs::{Jobs, Schedule};
use proofdesk_web::metrics::{Meter, UPKEEP};
use proofdesk_web::{AppState, Settings};

use crate::config::Config;
use crate::open;

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Address and port, instead of the configured one
    #[arg(long, env = "PROOFDESK_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

impl Serve {
    /// Runs until Ctrl-C or SIGTERM.
    pub async fn run(self, mut config: Config) -> anyhow::Result<ExitCode> {
        if let Some(listen) = self.listen {
            config.listen = listen;
            config.check()?;
        }
        serve(&config, None).await
    }
}

/// The program that makes PDFs: the configured one, else the one that lies beside this program.
fn renderer(config: &Config) -> Option<std::path::PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.with_file_name("proofdesk-render"));
    let found = config.renderer.clone().or_else(beside)?;
    if found.is_file() {
        return Some(found);
    }
    tracing::info!("{} is not there: pages offer print forms and no PDF", found.display());
    None
}

/// Settings of the pages.
fn settings(config: &Config, address: SocketAddr, hint: Option<String>) -> anyhow::Result<Settings> {
    Ok(Settings {
        organization: config.organization.clone(),
        is_named: config.is_named(),
        zone: config.zone()?,
        is_zoned: config.is_zoned(),
        secure: config.is_secure(),
        attachment_max: config.attachment_max_mib * 1_048_576,
        renderer: renderer(config),
        sign_in_hint: hint,
        trusted_proxies: config.trusted_proxies.clone(),
        public_url: config.public_url.clone(),
        listening: address.to_string(),
        limits: config.limits.limits(),
    })
}

/// Says where the desk is; and where nobody has an account, the link that makes the first one.
async fn say(config: &Config, engine: &Engine, address: SocketAddr, base: &str) -> anyhow::Result<()> {
    eprintln!("Proofdesk is at http://{address}/");
    if config.public_url.is_none() && address.ip().is_unspecified() {
        eprintln!("One-time links begin with http://{address}, which no browser reaches: set public_url.");
    }
    if let Some(secret) = engine.make_first_link(&mut open::random()).await? {
        eprintln!("There is no account yet. This link makes the first administrator, once, within a day:");
        eprintln!("  {base}/link/{secret}");
        eprintln!("Or make one here: proofdesk account add --admin --sign-in NAME --name \"YOUR NAME\"");
        eprintln!("Who signs in first is led through the questions that set the desk up.");
    }
    Ok(())
}

/// Counts, where `/metrics` is asked for.
fn meter(config: &Config) -> anyhow::Result<Option<Arc<Meter>>> {
    let token = config.read_metrics_token()?;
    if token.is_none() && config.metrics_listen.is_none() {
        return Ok(None);
    }
    let meter = Arc::new(Meter::install(token.as_deref())?);
    let kept = meter.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            kept.fold();
        }
    });
    Ok(Some(meter))
}

/// Serves `/metrics` at its own address, where one is configured.
async fn serve_metrics(
    config: &Config,
    state: &AppState,
    mut until: tokio::sync::watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let Some(listen) = &config.metrics_listen else { return Ok(()) };
    let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| {
        format!("metrics_listen: {listen} cannot be listened on: is another program there?")
    })?;
    eprintln!("Metrics are at http://{}/metrics", listener.local_addr()?);
    let router = proofdesk_web::metrics::router(state.clone());
    let ending = async move { while until.changed().await.is_ok() && !*until.borrow() {} };
    tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(ending).await });
    Ok(())
}

/// Serves a database; `hint` is said below the sign-in form.
pub async fn serve(config: &Config, hint: Option<String>) -> anyhow::Result<ExitCode> {
    config.passwords.check()?;
    let engine = open::engine_or_new(config, Arc::new(open::SystemTime)).await?;
    let conformity = open::conformity(config, &engine).await?;
    let guide = open::guide(config, &engine)?;
    let automations = open::automations(config, engine.registry())?;
    engine.use_follows(automations.follows());
    let doors = open::doors(config, engine.registry())?;
    let signer = open::signer_or_new(config)?;
    let listener = tokio::net::TcpListener::bind(&config.listen)
        .await
        .with_context(|| format!("{} cannot be listened on: is another program there?", config.listen))?;
    let address = listener.local_addr()?;
    let settings = settings(config, address, hint)?;
    let said = proofdesk_setup::Said::load(&engine).await?;
    let zone = said.zone_beside(&settings.zone, settings.is_zoned);
    let base = settings.base();
    let verifier = signer.verifier().to_string();
    let reach = Arc::new(config.outgoing.reach()?);
    let jobs = Jobs {
        engine: engine.clone(),
        conformity: conformity.clone(),
        automations: automations.clone(),
        doors: doors.clone(),
        reach: Some(reach.clone()),
        signer: Some(signer),
        schedule: Schedule {
            checkpoint_every: Duration::from_secs(config.checkpoint_seconds),
            checkpoint_file: Some(config.checkpoint_file()),
            conformity_every: Duration::from_secs(config.conformity_seconds),
            zone,
            ..Schedule::default()
        },
    };
    let mail = open::mail(config, &engine).await?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let posting = begin_mail(mail.clone(), stopped.clone()).await?;
    let background = tokio::spawn(jobs.run(stopped.clone()));
    say(config, &engine, address, &base).await?;
    let mut state = AppState::new(engine, settings).with_conformity(conformity).with_setup(guide);
    state.mail = mail;
    state.verifier = Some(verifier);
    let state = state.with_providers(config.providers()?).with_directories(config.directories()?);
    let state = state.with_automations(automations);
    let mut state = state.with_doors(doors).with_reach(reach);
    state.hear(said);
    if let Some(meter) = meter(config)? {
        state = state.with_meter(meter);
        serve_metrics(config, &state, stopped.clone()).await?;
    }
    let router = proofdesk_web::router(state);
    let mut until = stopped;
    let ending = async move { while until.changed().await.is_ok() && !*until.borrow() {} };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(ending);
    let serving = tokio::spawn(async move { serving.await });
    asked_to_stop().await;
    stop.send(true)?;
    if tokio::time::timeout(Duration::from_secs(5), serving).await.is_err() {
        tracing::info!("some connections were still open and are cut");
    }
    if tokio::time::timeout(Duration::from_secs(5), background).await.is_err() {
        tracing::warn!("background work did not end in time");
    }
    end_mail(posting).await;
    Ok(ExitCode::SUCCESS)
}

/// What runs mail, where it is configured.
type Posting = Option<tokio::task::JoinHandle<()>>;

async fn begin_mail(
    mail: Option<proofdesk_mail::Mail>,
    stopped: tokio::sync::watch::Receiver<bool>,
) -> anyhow::Result<Posting> {
    let Some(mail) = mail else { return Ok(None) };
    let door = mail.door().await?;
    Ok(Some(tokio::spawn(mail.run(door, stopped))))
}

async fn end_mail(posting: Posting) {
    if let Some(posting) = posting
        && tokio::time::timeout(Duration::from_secs(5), posting).await.is_err()
    {
        tracing::warn!("mail did not end in time; what was not done is done at the next start");
    }
}

#[cfg(unix)]
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

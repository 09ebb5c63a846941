//! Wiring: configuration to declarations, rules, store, engine, conformity and the log's key.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use proofdesk_automation::Automations;
use proofdesk_conformity::{Conformity, Declarations, Site, Source};
use proofdesk_doors::Doors;
use proofdesk_engine::{Engine, Time};
use proofdesk_model::{Registry, SourceFile, Templates};
use proofdesk_setup::{Guide, Said};
use proofdesk_store::{Options, Store};
use proofdesk_tlog::SignerKey;

use crate::config::Config;

/// The machine's time.
#[derive(Debug, Default)]
pub struct SystemTime;

impl Time for SystemTime {
    fn now(&self) -> i64 {
        jiff::Timestamp::now().as_microsecond()
    }
}

/// Reads the shipped declarations and those of the site folder.
///
/// # Errors
/// All mistakes, each with file and line.
pub fn registry(config: &Config) -> anyhow::Result<Arc<Registry>> {
    let mut files = proofdesk_model::shipped();
    if let Some(site) = &config.site {
        files.extend(folder(site)?.into_iter().map(|(name, text)| SourceFile::new(name, text)));
    }
    let rules = proofdesk_rules::all();
    proofdesk_model::load(&files, &rules.names()).map(Arc::new).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}\n{} mistakes in the declarations", lines.join("\n"), lines.len())
    })
}

/// The `*.kdl` files of a folder by name, with their texts.
///
/// # Errors
/// A file that cannot be read.
pub fn folder(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    folder_of(path, "kdl")
}

/// The files of a folder with one ending, by name, with their texts.
fn folder_of(path: &Path, ending: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(path).with_context(|| format!("{} cannot be read", path.display()))?;
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_some_and(|e| e == ending) {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            found.push((file.display().to_string(), text));
        }
    }
    found.sort();
    Ok(found)
}

/// Frameworks and controls, the shipped ones and those of the site folder: each folder in `standards/` is a framework, the
/// files in `controls/` are controls, uses and mappings.
///
/// # Errors
/// All mistakes, each with file and line.
pub fn declarations(config: &Config, registry: &Registry) -> anyhow::Result<Declarations> {
    let read = |path: &Path| -> anyhow::Result<Vec<Source>> {
        Ok(folder(path)?.into_iter().map(|(name, text)| Source::new(name, text)).collect())
    };
    let mut own = Site::default();
    if let Some(site) = &config.site {
        let (controls, standards) = (site.join("controls"), site.join("standards"));
        if controls.is_dir() {
            own.controls = read(&controls)?;
        }
        if standards.is_dir() {
            let entries = std::fs::read_dir(&standards)
                .with_context(|| format!("{} cannot be read", standards.display()))?;
            let mut folders = entries.map(|e| Ok(e?.path())).collect::<std::io::Result<Vec<_>>>()?;
            folders.retain(|path| path.is_dir());
            folders.sort();
            own.frameworks = folders.iter().map(|path| read(path)).collect::<anyhow::Result<_>>()?;
        }
    }
    Declarations::with_site(registry, own).map_err(|mistakes| anyhow::anyhow!("{mistakes}"))
}

/// The questions of guided set-up, the shipped ones and those of the site folder.
///
/// # Errors
/// All mistakes, each with file and line.
pub fn guide(config: &Config, engine: &Engine) -> anyhow::Result<Guide> {
    let own = match &config.site {
        Some(site) if site.join("setup").is_dir() => folder(&site.join("setup"))?,
        _ => Vec::new(),
    };
    let own: Vec<proofdesk_setup::Source> =
        own.into_iter().map(|(file, text)| proofdesk_setup::Source { file, text }).collect();
    Ok(Guide::load(&own, engine.registry(), engine.templates())?)
}

/// The automations that are on: those of the program that the configuration names, and all of the site folder.
///
/// # Errors
/// All mistakes, each with file and line.
pub fn automations(config: &Config, registry: &Registry) -> anyhow::Result<Arc<Automations>> {
    let own = match &config.site {
        Some(site) if site.join("automation").is_dir() => folder(&site.join("automation"))?,
        _ => Vec::new(),
    };
    let own: Vec<proofdesk_automation::Source> =
        own.into_iter().map(|(file, text)| proofdesk_automation::Source { file, text }).collect();
    Ok(Arc::new(Automations::load(&config.automations, &own, registry)?))
}

/// The doors, the shipped ones and those of the site folder, `doors/*.kdl`.
///
/// # Errors
/// All mistakes, each with file and line.
pub fn doors(config: &Config, registry: &Registry) -> anyhow::Result<Arc<Doors>> {
    let own = match &config.site {
        Some(site) if site.join("doors").is_dir() => folder(&site.join("doors"))?,
        _ => Vec::new(),
    };
    let own: Vec<proofdesk_doors::Source> =
        own.into_iter().map(|(file, text)| proofdesk_doors::Source { file, text }).collect();
    Ok(Arc::new(Doors::load(&own, registry)?))
}

/// Opens the database, which must be there, and brings its tables up to date.
///
/// # Errors
/// What stands in the way, for the operator.
pub async fn engine(config: &Config, time: Arc<dyn Time>) -> anyhow::Result<Engine> {
    require_database(config)?;
    engine_or_new(config, time).await
}

/// As [`engine`], and makes a database where there is none: for commands that begin a desk.
///
/// # Errors
/// As [`engine`].
pub async fn engine_or_new(config: &Config, time: Arc<dyn Time>) -> anyhow::Result<Engine> {
    let registry = registry(config)?;
    let store = store_or_new(config).await?;
    store.check_log().await.with_context(|| shown(&config.database))?;
    store.migrate(&registry).await.context("the tables could not be brought up to date")?;
    let templates = templates(config, &registry)?;
    let engine = Engine::new(store, registry, proofdesk_rules::all(), time, config.log_origin.clone());
    engine.use_templates(templates);
    engine.refuse_passwords(config.passwords.refused(&organization(config, &engine).await?));
    if let Some(scanner) = config.scanner()? {
        engine.scan_files(scanner);
    }
    let adopted = engine.adopt_accounts().await?;
    if adopted > 0 {
        tracing::info!(accounts = adopted, "accounts of an earlier version were taken into the log");
    }
    Ok(engine)
}

/// The starter templates: the shipped ones and those of the site folder, `templates/*.md` with `placeholders.kdl`.
///
/// # Errors
/// All mistakes, each with file and line.
pub fn templates(config: &Config, registry: &Registry) -> anyhow::Result<Templates> {
    let mut files = proofdesk_model::shipped_templates();
    if let Some(own) = config.site.as_ref().map(|site| site.join("templates")).filter(|own| own.is_dir()) {
        for ending in ["kdl", "md"] {
            let found = folder_of(&own, ending)?;
            files.extend(found.into_iter().map(|(name, text)| SourceFile::new(name, text)));
        }
    }
    proofdesk_model::template::read(&files, registry).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}\n{} mistakes in the templates", lines.join("\n"), lines.len())
    })
}

/// Conformity over an engine, with the frameworks that are published in its database.
///
/// # Errors
/// Mistakes in the controls; a file of a published framework that says something else than was published.
pub async fn conformity(config: &Config, engine: &Engine) -> anyhow::Result<Conformity> {
    let declared = declarations(config, engine.registry())?;
    let stale_after = i64::try_from(config.conformity_seconds.saturating_mul(3_000_000))?;
    let conformity = Conformity::with_stale_after(engine.clone(), declared, stale_after);
    conformity.refresh().await?;
    Ok(conformity)
}

/// Mail over an engine, where it is configured.
///
/// # Errors
/// Mistakes in the settings, in `mail/` and in the site's folder `mail/`.
pub async fn mail(config: &Config, engine: &Engine) -> anyhow::Result<Option<proofdesk_mail::Mail>> {
    let Some(settings) = config.mail.clone() else { return Ok(None) };
    let mut own = Vec::new();
    if let Some(folder) = config.site.as_ref().map(|site| site.join("mail")).filter(|own| own.is_dir()) {
        for ending in ["kdl", "txt"] {
            let found = folder_of(&folder, ending)?;
            own.extend(found.into_iter().map(|(name, text)| SourceFile::new(name, text)));
        }
    }
    let said = (organization(config, engine).await?, config.public_url.clone());
    let mail = proofdesk_mail::Mail::open(engine.clone(), settings, own, said, &mut random()).await?;
    Ok(Some(mail))
}

/// Opens the database as it is. It must be there: in a wrong folder none is made.
///
/// # Errors
/// What stands in the way, for the operator.
pub async fn store(config: &Config) -> anyhow::Result<Store> {
    require_database(config)?;
    store_or_new(config).await
}

fn require_database(config: &Config) -> anyhow::Result<()> {
    let file = config.database.trim_start_matches("sqlite:");
    if !crate::config::is_url(&config.database) && !Path::new(file).exists() {
        bail!(
            "there is no database at {file}: go to the folder of the desk, or name it by --database or --config; \
             `proofdesk serve`, `demo`, `setup`, `import` and `account create` make a new one"
        );
    }
    Ok(())
}

async fn store_or_new(config: &Config) -> anyhow::Result<Store> {
    let opened = Store::open(&config.database, Options::default()).await;
    opened.with_context(|| format!("the database {} cannot be opened", shown(&config.database)))
}

/// A database's name without its password.
pub fn shown(database: &str) -> String {
    match (database.find("://"), database.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            let user = database[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}://{user}@{}", &database[..scheme], &database[at + 1..])
        }
        _ if database.contains("password=") => {
            let words = database.split_whitespace().filter(|w| !w.starts_with("password="));
            words.collect::<Vec<_>>().join(" ")
        }
        _ => database.to_owned(),
    }
}

/// Reads the log's signing key, which must be there.
///
/// # Errors
/// When the file is not there, cannot be read or holds no key.
pub fn signer(config: &Config) -> anyhow::Result<Arc<SignerKey>> {
    let path = &config.log_key;
    if !path.exists() {
        bail!(
            "there is no key of the log at {}: go to the folder of the desk, or name its configuration by --config; \
             `proofdesk serve` makes one at its first start",
            path.display()
        );
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let key = SignerKey::parse(text.trim())
        .map_err(|e| anyhow::anyhow!("{} holds no signing key: {e}", path.display()))?;
    Ok(Arc::new(key))
}

/// As [`signer`], and makes a key where there is none, readable by its owner only: for commands that seal.
///
/// # Errors
/// As [`signer`]; when the file cannot be written.
pub fn signer_or_new(config: &Config) -> anyhow::Result<Arc<SignerKey>> {
    let path = &config.log_key;
    if path.exists() {
        return signer(config);
    }
    let mut seed = [0_u8; 32];
    rand::Rng::fill_bytes(&mut random(), &mut seed);
    let key =
        SignerKey::from_seed(&config.log_origin, &seed).map_err(|e| anyhow::anyhow!("log_origin: {e}"))?;
    write_secret(path, &format!("{}\n", key.secret_text()))?;
    tracing::info!(file = %path.display(), "made the log's signing key; keep a copy of it in a safe place");
    Ok(Arc::new(key))
}

#[cfg(unix)]
fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty() && !p.is_dir()) {
        bail!("{}: the folder {} is not there", path.display(), folder.display());
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

#[cfg(not(unix))]
fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

/// Opens the database without changing its tables: for commands that only read.
///
/// # Errors
/// What stands in the way, for the operator.
pub async fn engine_as_is(config: &Config, time: Arc<dyn Time>) -> anyhow::Result<Engine> {
    let registry = registry(config)?;
    let store = store(config).await?;
    Ok(Engine::new(store, registry, proofdesk_rules::all(), time, config.log_origin.clone()))
}

/// The desk's zone, as the pages have it: the configuration's where it sets one, else what set-up was told.
///
/// # Errors
/// A zone that is none; a fault of the database.
pub async fn zone(config: &Config, engine: &Engine) -> anyhow::Result<TimeZone> {
    Ok(Said::load(engine).await?.zone_beside(&config.zone()?, config.is_zoned()))
}

/// The desk's name, as the pages have it: the configuration's where it sets one, else what set-up was told.
///
/// # Errors
/// A fault of the database.
pub async fn organization(config: &Config, engine: &Engine) -> anyhow::Result<String> {
    Ok(Said::load(engine).await?.organization_beside(&config.organization, config.is_named()))
}

/// Randomness for secrets, seeded by the operating system.
pub fn random() -> rand::rngs::StdRng {
    rand::make_rng()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use proofdesk_store::Statement;

    use super::SystemTime;
    use crate::commands::account::AccountCommand;
    use crate::commands::log::LogCommand;
    use crate::commands::migrate::Migrate;
    use crate::config::Config;

    fn config(folder: &std::path::Path) -> Config {
        Config {
            database: folder.join("proofdesk.db").display().to_string(),
            log_key: folder.join("proofdesk.key"),
            ..Config::default()
        }
    }

    #[tokio::test]
    async fn in_a_wrong_folder_nothing_is_made_and_nothing_is_called_good() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let refused = [
            LogCommand::Key.run(config.clone()).await,
            LogCommand::Checkpoint.run(config.clone()).await,
            AccountCommand::List.run(config.clone()).await,
            Migrate { plan: true }.run(config.clone()).await,
            Migrate { plan: false }.run(config.clone()).await,
        ];
        for refused in refused {
            let message = refused.unwrap_err().to_string();
            assert!(message.starts_with("there is no ") && message.contains("--config"), "{message}");
        }
        let code = crate::commands::doctor::run(config.clone()).await.unwrap();
        assert_eq!(code, std::process::ExitCode::from(1));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
        // who begins a desk makes both
        super::engine_or_new(&config, Arc::new(SystemTime)).await.unwrap();
        let made = super::signer_or_new(&config).unwrap();
        assert_eq!(made.verifier(), super::signer(&config).unwrap().verifier());
        AccountCommand::List.run(config).await.unwrap();
    }

    #[tokio::test]
    async fn what_the_operator_refuses_as_a_password_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        config.organization = "Nordlicht IT".to_owned();
        config.passwords.words = vec!["Leuchtturm".to_owned()];
        let list = folder.path().join("breached.txt");
        // the SHA-1 of `correct horse battery`
        std::fs::write(&list, "98DECC62ECE399A22ED30D490EF333BE7FDE7385:3\n").unwrap();
        config.passwords.list = Some(list);
        let engine = super::engine_or_new(&config, Arc::new(SystemTime)).await.unwrap();
        let secret = engine.make_first_link(&mut super::random()).await.unwrap().unwrap();
        for refused in ["Nordlicht2026", "leuchtturm-26", "correct horse battery"] {
            let said = engine.check_first_account(&secret, "ida", refused).await;
            assert!(said.is_err_and(|e| e.to_string().contains("choose another one")), "{refused}");
        }
        engine.check_first_account(&secret, "ida", "a boat on the lake").await.unwrap();
        config.passwords.list = Some(folder.path().join("away"));
        let said = config.passwords.check().unwrap_err().to_string();
        assert!(said.contains("passwords.list") && said.contains("away"), "{said}");
        // who checks the configuration hears of it, and so does who serves; a backup or a check of the log needs no list
        let check = crate::commands::config::ConfigCommand::Check.run(Ok(config.clone()));
        assert!(check.unwrap_err().to_string().contains("passwords.list"));
        assert!(crate::commands::serve::serve(&config, None).await.unwrap_err().to_string().contains("away"));
        super::engine(&config, Arc::new(SystemTime)).await.unwrap();
    }

    #[tokio::test]
    async fn the_command_line_has_the_zone_and_the_name_of_the_pages() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        let engine = super::engine_or_new(&config, Arc::new(SystemTime)).await.unwrap();
        assert_eq!(super::zone(&config, &engine).await.unwrap().iana_name(), Some("UTC"));
        let told = |name: &str, value: &str| {
            Statement::upsert("setting").key("name", name).set("value", value).set("updated_at", 0_i64)
        };
        let rows = vec![told("desk.zone", "Asia/Tokyo"), told("desk.organization", "Nordlicht IT")];
        engine.store().execute(rows).await.unwrap();
        assert_eq!(super::zone(&config, &engine).await.unwrap().iana_name(), Some("Asia/Tokyo"));
        assert_eq!(super::organization(&config, &engine).await.unwrap(), "Nordlicht IT");
        config.time_zone = "Europe/Berlin".to_owned();
        config.organization = "Retail IT".to_owned();
        assert_eq!(super::zone(&config, &engine).await.unwrap().iana_name(), Some("Europe/Berlin"));
        assert_eq!(super::organization(&config, &engine).await.unwrap(), "Retail IT");
    }
}

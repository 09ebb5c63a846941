//! The configuration file `proofdesk.toml`: one struct, unknown keys refused with their line, everything optional.
//!
//! Order of precedence: command line, environment (`PROOFDESK_…`), file, default. Secrets are named by file.

mod limits;
mod passwords;
mod scanner;
pub mod words;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use proofdesk_reach::{Limits, Reach, Rule};
use proofdesk_sso::{Directory, DirectorySettings, Provider, ProviderSettings};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

pub use limits::RequestLimits;
pub use passwords::Passwords;

use crate::traces::TraceSettings;

/// Everything that can be set.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// SQLite file, or `postgres://user@host/name`, also with several hosts.
    pub database: String,
    /// Address and port to listen on.
    pub listen: String,
    /// Name of the organization, shown on every page.
    pub organization: String,
    /// Time zone of pages and of days, a name of the tz database.
    pub time_zone: String,
    /// Name of the log in checkpoints: a URL without scheme that is yours for good.
    pub log_origin: String,
    /// File of the log's signing key; made on first start.
    pub log_key: PathBuf,
    /// Folder with own record types and fields (`*.kdl`) and own controls (`controls/*.kdl`).
    pub site: Option<PathBuf>,
    /// Automations of the program that are on, by name; those in `automation/` of the site folder always are.
    pub automations: Vec<String>,
    /// Largest attachment, in MiB.
    pub attachment_max_mib: u64,
    /// Where ClamAV's daemon listens, which looks at every file on its way in: a socket's path, or `host:port`.
    pub file_scanner: Option<String>,
    /// Seconds between two checkpoints.
    pub checkpoint_seconds: u64,
    /// Seconds between two full conformity runs.
    pub conformity_seconds: u64,
    /// The program `proofdesk-render`, which makes PDFs; by default the one beside this program.
    pub renderer: Option<PathBuf>,
    /// Cookies only over HTTPS: set it behind a TLS proxy.
    pub secure_cookies: bool,
    /// Address of the desk as people type it, such as `https://desk.example.com`: for links and single sign-on.
    pub public_url: Option<String>,
    /// Addresses of own proxies, whose `X-Forwarded-For` says where a request comes from.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Address and port of their own for `/metrics`, such as `127.0.0.1:9464`.
    pub metrics_listen: Option<String>,
    /// File with the token that `/metrics` asks for; with it, `/metrics` is also at `listen`.
    pub metrics_token: Option<PathBuf>,
    /// How often somebody may ask.
    pub limits: RequestLimits,
    /// What is refused as a password.
    pub passwords: Passwords,
    /// Traces for OpenTelemetry.
    pub traces: TraceSettings,
    /// Requests that the program itself sends out.
    pub outgoing: Outgoing,
    /// Providers of single sign-on.
    pub provider: Vec<ProviderSettings>,
    /// Directories that people sign in by.
    pub directory: Vec<DirectorySettings>,
    /// Mail in and out: `docs/mail.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<proofdesk_mail::Settings>,
}

/// Requests that the program itself sends out: to identity providers, webhooks and sources of alerts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Outgoing {
    /// Networks, addresses and host names that may be asked although they are no part of the public internet.
    pub allow: Vec<String>,
    /// PEM file with the certificates that servers prove themselves by, in place of Mozilla's.
    pub roots: Option<PathBuf>,
}

impl Outgoing {
    /// The client for such requests.
    ///
    /// # Errors
    /// A value that cannot be read, with its key.
    pub fn reach(&self) -> anyhow::Result<Reach> {
        let rule = Rule::parse(&self.allow).map_err(|said| anyhow::anyhow!("outgoing.allow: {said}"))?;
        Reach::new(rule, Limits::default(), self.roots.as_deref()).context("outgoing.roots")
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: "proofdesk.db".to_owned(),
            listen: "127.0.0.1:8080".to_owned(),
            organization: "Your organization".to_owned(),
            time_zone: "UTC".to_owned(),
            log_origin: "proofdesk.invalid/log".to_owned(),
            log_key: PathBuf::from("proofdesk.key"),
            site: None,
            automations: Vec::new(),
            attachment_max_mib: 25,
            file_scanner: None,
            checkpoint_seconds: 60,
            conformity_seconds: 3_600,
            renderer: None,
            secure_cookies: false,
            public_url: None,
            trusted_proxies: Vec::new(),
            mail: None,
            limits: RequestLimits::default(),
            passwords: Passwords::default(),
            outgoing: Outgoing::default(),
            traces: TraceSettings::default(),
            provider: Vec::new(),
            directory: Vec::new(),
            metrics_listen: None,
            metrics_token: None,
        }
    }
}

impl Config {
    /// File beside the log's key that keeps the newest checkpoint outside of the database. It is named by the database, so that
    /// a copy of an earlier day is not compared with it.
    pub fn checkpoint_file(&self) -> PathBuf {
        let named = self.database.split_whitespace().find_map(|pair| pair.strip_prefix("dbname="));
        let path = self.database.split('?').next().unwrap_or_default();
        let name = named.or_else(|| path.rsplit(['/', '\\', ':']).next()).unwrap_or_default();
        self.log_key.with_file_name(format!("{name}.checkpoint"))
    }

    /// Reads a file. Relative paths in it are relative to the file.
    ///
    /// # Errors
    /// A message with file and line.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let (mut config, mistakes) = Self::parse(&text);
        if !mistakes.is_empty() {
            let mut lines: Vec<String> =
                mistakes.iter().map(|m| format!("{}: {m}", path.display())).collect();
            if let Err(values) = config.check() {
                lines.push(values.to_string());
            }
            bail!("{}", lines.join("\n"));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        config.log_key = folder.join(&config.log_key);
        config.site = config.site.map(|site| folder.join(site));
        config.renderer = config.renderer.map(|program| folder.join(program));
        if let Some(mail) = config.mail.as_mut() {
            mail.relative_to(folder);
        }
        config.file_scanner = config.file_scanner.map(|written| scanner::relative_to(folder, written));
        config.passwords.list = config.passwords.list.map(|file| folder.join(file));
        config.outgoing.roots = config.outgoing.roots.map(|file| folder.join(file));
        for provider in &mut config.provider {
            provider.client_secret_file = provider.client_secret_file.take().map(|file| folder.join(file));
        }
        for directory in &mut config.directory {
            for file in [&mut directory.roots, &mut directory.bind_password_file] {
                *file = file.take().map(|file| folder.join(file));
            }
        }
        config.metrics_token = config.metrics_token.map(|file| folder.join(file));
        if !is_url(&config.database) {
            let file = config.database.trim_start_matches("sqlite:");
            config.database = folder.join(file).to_string_lossy().into_owned();
        }
        Ok(config)
    }

    /// Reads the text as far as it can be read, and says everything that is wrong with the rest, each with its line.
    fn parse(text: &str) -> (Self, Vec<String>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let shown = |e: &toml::de::Error| words::plain(e.to_string().trim_end());
        let mut mistakes: Vec<String> = errors.iter().map(shown).collect();
        if !mistakes.is_empty() {
            return (Self::default(), mistakes);
        }
        // each key alone, so that one mistake does not hide the next
        let mut good = DeTable::new();
        let read =
            |table: DeTable<'_>| Self::deserialize(Deserializer::from(Spanned::new(0..text.len(), table)));
        for (key, value) in table.into_inner() {
            let alone = DeTable::from_iter([(key.clone(), value.clone())]);
            match read(alone) {
                Ok(_) => _ = good.insert(key, value),
                Err(mut e) => {
                    e.set_input(Some(text));
                    mistakes.push(shown(&e));
                }
            }
        }
        (read(good).unwrap_or_default(), mistakes)
    }

    /// Says everything that is wrong with the values.
    ///
    /// # Errors
    /// All findings, one a line.
    pub fn check(&self) -> anyhow::Result<()> {
        let mut wrong = Vec::new();
        if TimeZone::get(&self.time_zone).is_err() {
            wrong.push(format!(
                "time_zone: `{}` is not a zone of the tz database, such as Europe/Vienna",
                self.time_zone
            ));
        }
        if self.listen.parse::<std::net::SocketAddr>().is_err() {
            wrong.push(format!(
                "listen: `{}` is not an address with a port, such as 127.0.0.1:8080",
                self.listen
            ));
        }
        if self.log_origin.contains("://")
            || self.log_origin.contains(char::is_whitespace)
            || self.log_origin.is_empty()
        {
            wrong.push(format!(
                "log_origin: `{}` must be a URL without scheme and blanks, such as example.com/desk",
                self.log_origin
            ));
        }
        if !(1..=1_024).contains(&self.attachment_max_mib) {
            wrong.push("attachment_max_mib: between 1 and 1024".to_owned());
        }
        if !(1..=86_400).contains(&self.checkpoint_seconds) {
            wrong.push("checkpoint_seconds: between 1 and 86400".to_owned());
        }
        if self.conformity_seconds < 10 {
            wrong.push("conformity_seconds: at least 10".to_owned());
        }
        if let Some(url) = &self.public_url
            && (!(url.starts_with("https://") || url.starts_with("http://")) || url.ends_with('/'))
        {
            wrong.push(format!("public_url: `{url}` must begin with https:// and have no slash at its end"));
        }
        if let Some(mail) = &self.mail {
            wrong.extend(mail.mistakes());
            if self.public_url.is_none() {
                wrong.push("public_url: mails hold links, so with [mail] it has to be said".to_owned());
            }
        }
        if let Some(listen) = &self.metrics_listen {
            match listen.parse::<std::net::SocketAddr>() {
                Err(_) => wrong.push(format!(
                    "metrics_listen: `{listen}` is not an address with a port, such as 127.0.0.1:9464"
                )),
                Ok(address) if !address.ip().is_loopback() && self.metrics_token.is_none() => {
                    wrong.push(format!(
                        "metrics_listen: `{listen}` is open to other machines; take 127.0.0.1, or name a file with a token by metrics_token"
                    ));
                }
                Ok(_) => {}
            }
        }
        if let Some(site) = &self.site
            && !site.is_dir()
        {
            wrong.push(format!("site: {} is not a folder", site.display()));
        }
        let opened = [self.scanner().err(), self.outgoing.reach().err()];
        wrong.extend(opened.into_iter().flatten().map(|said| format!("{said:#}")));
        wrong.extend(self.traces.mistakes());
        wrong.extend(self.check_providers());
        if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("\n")) }
    }

    fn check_providers(&self) -> Vec<String> {
        let mut wrong: Vec<String> = self
            .provider
            .iter()
            .flat_map(|provider| provider.check(&proofdesk_model::access::ROLES))
            .collect();
        for (i, one) in self.provider.iter().enumerate() {
            if self.provider.iter().take(i).any(|other| other.name == one.name) {
                wrong.push(format!("provider `{}`: the name is there twice", one.name));
            }
        }
        wrong.extend(self.directory.iter().flat_map(|one| one.check(&proofdesk_model::access::ROLES)));
        for (i, one) in self.directory.iter().enumerate() {
            let others = || self.directory.iter().take(i);
            let taken = self.provider.iter().any(|provider| provider.name == one.name);
            if taken || others().any(|other| other.name == one.name) {
                wrong.push(format!("directory `{}`: the name is there twice", one.name));
            }
            if others().any(|other| other.issuer() == one.issuer()) {
                wrong.push(format!(
                    "directory `{}`: another one has the same `base`: tell them apart by `issuer`",
                    one.name
                ));
            }
        }
        if !self.provider.is_empty() && self.public_url.is_none() {
            wrong.push("provider: public_url is needed, since providers send people back to it".to_owned());
        }
        wrong
    }

    /// The providers of single sign-on, with their secrets.
    ///
    /// # Errors
    /// A secret that cannot be read.
    pub fn providers(&self) -> anyhow::Result<Vec<Provider>> {
        let reach = std::sync::Arc::new(self.outgoing.reach()?);
        let provider = |settings: &ProviderSettings| {
            let secret = secret_in(settings.client_secret_file.as_deref())?;
            Ok(Provider::new(settings.clone(), secret, reach.clone()))
        };
        self.provider.iter().map(provider).collect()
    }

    /// The directories that people sign in by, with the desk's passwords there.
    ///
    /// # Errors
    /// A password or certificates that cannot be read.
    pub fn directories(&self) -> anyhow::Result<Vec<Directory>> {
        let directory = |settings: &DirectorySettings| {
            let secret = secret_in(settings.bind_password_file.as_deref())?;
            if secret.as_ref().is_some_and(String::is_empty) {
                bail!("directory `{}`: bind_password_file is empty", settings.name);
            }
            Directory::new(settings.clone(), secret)
                .with_context(|| format!("directory `{}`: roots", settings.name))
        };
        self.directory.iter().map(directory).collect()
    }

    /// Whether the desk is reached by TLS: said so, or its address begins with `https://`.
    pub fn is_secure(&self) -> bool {
        self.secure_cookies || self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }

    /// The token of `/metrics`, where one is configured.
    ///
    /// # Errors
    /// When its file cannot be read or holds less than 16 characters.
    pub fn read_metrics_token(&self) -> anyhow::Result<Option<String>> {
        let Some(path) = &self.metrics_token else { return Ok(None) };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("metrics_token: {} cannot be read", path.display()))?;
        let token = text.trim();
        if token.len() < 16 {
            bail!("metrics_token: {} holds no token of at least 16 characters", path.display());
        }
        Ok(Some(token.to_owned()))
    }

    /// Whether the operator has named the organization: then set-up's name does not count.
    pub fn is_named(&self) -> bool {
        self.organization != Self::default().organization
    }

    /// Whether the operator has chosen the zone: then set-up's does not count.
    pub fn is_zoned(&self) -> bool {
        self.time_zone != Self::default().time_zone
    }

    /// The time zone, as it is configured: [`crate::open::zone`] is that of the desk.
    ///
    /// # Errors
    /// When it is none.
    pub fn zone(&self) -> anyhow::Result<TimeZone> {
        TimeZone::get(&self.time_zone)
            .with_context(|| format!("time_zone: `{}` is not known", self.time_zone))
    }
}

/// The secret that a file holds, without the line's end.
fn secret_in(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let Some(file) = file else { return Ok(None) };
    let read = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(Some(read.trim().to_owned()))
}

/// Name of the configuration file.
pub const FILE: &str = "proofdesk.toml";

/// Where the configuration of a database that is a file would lie: in its folder.
pub fn beside(database: &str) -> Option<PathBuf> {
    let file = Path::new(database.trim_start_matches("sqlite:"));
    (!is_url(database)).then(|| file.with_file_name(FILE))
}

/// Whether a database is named by a URL or connection string and not by a file.
pub fn is_url(database: &str) -> bool {
    database.starts_with("postgres://") || database.starts_with("postgresql://") || database.contains("host=")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::Config;

    #[test]
    fn requests_are_counted_unless_told_otherwise() {
        let read = |text: &str| {
            let (config, mistakes) = Config::parse(text);
            (config.limits.limits().map(|l| (l.per_minute.get(), l.costly_per_minute.get())), mistakes.len())
        };
        assert_eq!(read(""), (Some((1_200, 60)), 0));
        assert_eq!(read("[limits]\nper_minute = 50"), (Some((50, 60)), 0));
        assert_eq!(read("[limits]\nenabled = false"), (None, 0));
        assert_eq!(read("[limits]\ncostly_per_minute = 0").1, 1, "no number of requests is none");
    }

    #[test]
    fn unknown_keys_are_refused_with_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofdesk.toml");
        std::fs::write(&path, "database = \"a.db\"\nlisten_on = \"x\"\n").unwrap();
        let message = Config::read(&path).unwrap_err().to_string();
        assert!(message.contains("line 2") && message.contains("listen_on"), "{message}");
    }

    #[test]
    fn all_mistakes_of_a_file_are_said_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofdesk.toml");
        let text = "database = 7\nlisten_on = \"x\"\ntime_zone = \"Mars\"\nsecure_cookies = \"yes\"\n\n[nail]\nhost = \"m\"\n";
        std::fs::write(&path, text).unwrap();
        let message = Config::read(&path).unwrap_err().to_string();
        for part in ["line 1", "line 2", "listen_on", "line 4", "`nail`", "line 6", "time_zone: `Mars`"] {
            assert!(message.contains(part), "{part} is missing: {message}");
        }
        std::fs::write(&path, "database = \nlisten = \"x\"\ntime_zone = [\n").unwrap();
        let message = Config::read(&path).unwrap_err().to_string();
        assert!(message.contains("line 1") && message.contains("line 3"), "{message}");
    }

    #[test]
    fn sections_are_read_and_their_mistakes_are_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofdesk.toml");
        std::fs::write(&path, "[outgoing]\nallow = [\"10.1.0.0/16\"]\nroots = \"own.pem\"\n").unwrap();
        let config = Config::read(&path).unwrap();
        assert_eq!(config.outgoing.allow, ["10.1.0.0/16"]);
        assert_eq!(config.outgoing.roots, Some(folder.path().join("own.pem")));
        let message = config.check().unwrap_err().to_string();
        assert!(message.contains("outgoing.roots: ") && message.contains("own.pem"), "{message}");
        std::fs::write(&path, "listen = \"y\"\n[outgoing]\nallowed = []\n").unwrap();
        let message = Config::read(&path).unwrap_err().to_string();
        for part in ["line 3", "allowed", "listen: `y`"] {
            assert!(message.contains(part), "{part} is missing: {message}");
        }
        let mut config = Config::default();
        config.outgoing.allow.push("10.1.0.0/99".to_owned());
        let message = config.check().unwrap_err().to_string();
        assert!(message.contains("outgoing.allow: \"10.1.0.0/99\""), "{message}");
    }

    #[test]
    fn the_section_of_mail_is_read_with_its_lines_and_paths() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofdesk.toml");
        let text = "public_url = \"https://d.example\"\n[mail]\naddress = \"desk@d.example\"\n[mail.smtp]\nhost = \"mx.d.example\"\nuser = \"desk\"\npassword_file = \"smtp.password\"\n[[mail.inbox]]\naddress = \"desk@d.example\"\nrecord = \"incident\"\n";
        std::fs::write(&path, text).unwrap();
        let config = Config::read(&path).unwrap();
        let mail = config.mail.clone().unwrap();
        assert_eq!(mail.smtp.unwrap().password_file, Some(folder.path().join("smtp.password")));
        assert!(config.check().unwrap_err().to_string().contains("smtp.password is not there"));
        std::fs::write(folder.path().join("smtp.password"), "secret").unwrap();
        assert!(config.check().is_ok());
        std::fs::write(&path, text.replace("record = ", "recrod = ")).unwrap();
        let message = Config::read(&path).unwrap_err().to_string();
        assert!(message.contains("line 10") && message.contains("recrod"), "{message}");
        std::fs::write(&path, text.replace("public_url", "# public_url")).unwrap();
        let message = Config::read(&path).unwrap().check().unwrap_err().to_string();
        assert!(message.contains("public_url"), "{message}");
    }

    #[test]
    fn an_address_by_tls_makes_cookies_secure() {
        let of = |url: &str| Config { public_url: Some(url.to_owned()), ..Config::default() };
        assert!(of("https://desk.example.com").is_secure() && !of("http://desk").is_secure());
        assert!(Config { secure_cookies: true, ..Config::default() }.is_secure());
        assert!(!Config::default().is_secure());
    }

    #[test]
    fn metrics_are_open_to_other_machines_only_with_a_token() {
        let open = Config { metrics_listen: Some("0.0.0.0:9464".to_owned()), ..Config::default() };
        assert!(open.check().unwrap_err().to_string().contains("metrics_token"));
        let near = Config { metrics_listen: Some("[::1]:9464".to_owned()), ..Config::default() };
        assert!(near.check().is_ok());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let kept = Config { metrics_token: Some(file.clone()), ..open };
        assert!(kept.check().is_ok());
        std::fs::write(&file, "short\n").unwrap();
        assert!(kept.read_metrics_token().is_err());
        std::fs::write(&file, "a long enough token\n").unwrap();
        assert_eq!(kept.read_metrics_token().unwrap().as_deref(), Some("a long enough token"));
    }

    #[test]
    fn the_file_beside_a_database_is_found() {
        assert_eq!(super::beside("sqlite:.demo/proofdesk.db"), Some(".demo/proofdesk.toml".into()));
        assert_eq!(super::beside("desk.db"), Some("proofdesk.toml".into()));
        assert_eq!(super::beside("postgres://desk@db/desk"), None);
    }

    #[test]
    fn a_checkpoint_is_kept_beside_the_key_by_the_name_of_its_database() {
        for (database, file) in [
            ("sqlite:.demo/proofdesk.db", "/etc/desk/proofdesk.db.checkpoint"),
            ("copy.db", "/etc/desk/copy.db.checkpoint"),
            ("postgres://desk:x@db/desk?sslmode=require", "/etc/desk/desk.checkpoint"),
            ("host=db user=desk dbname=desk_two", "/etc/desk/desk_two.checkpoint"),
        ] {
            let config = Config {
                database: database.into(),
                log_key: "/etc/desk/log.key".into(),
                ..Config::default()
            };
            assert_eq!(config.checkpoint_file(), std::path::Path::new(file));
        }
    }

    #[test]
    fn providers_are_read_and_their_mistakes_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofdesk.toml");
        std::fs::write(folder.path().join("oidc.secret"), "hush\n").unwrap();
        let good = "public_url = \"https://desk.example.com\"\n[[provider]]\nname = \"example\"\nissuer = \"https://login.example.com\"\nclient_id = \"desk\"\nclient_secret_file = \"oidc.secret\"\ngroups_claim = \"groups\"\nroles = { desk = [\"agent\"] }\nmake_accounts = true\n";
        std::fs::write(&path, good).unwrap();
        let config = Config::read(&path).unwrap();
        config.check().unwrap();
        assert_eq!(config.providers().unwrap().len(), 1);
        let bad = "[[provider]]\nname = \"Ex ample\"\nissuer = \"http://login.example.com\"\nroles = { desk = [\"emperor\"] }\nmake_accounts = true\n";
        std::fs::write(&path, bad).unwrap();
        let message = Config::read(&path).unwrap().check().unwrap_err().to_string();
        for part in ["`name`", "`issuer`", "`client_id`", "emperor", "go together", "public_url"] {
            assert!(message.contains(part), "{part} is missing: {message}");
        }
        std::fs::write(&path, format!("{good}groups = 7\n")).unwrap();
        let message = Config::read(&path).unwrap_err().to_string();
        assert!(message.contains("groups"), "{message}");
    }

    #[test]
    fn directories_are_read_and_their_mistakes_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofdesk.toml");
        std::fs::write(folder.path().join("bind.password"), "hush\n").unwrap();
        let good = "[[directory]]\nname = \"example\"\nurl = \"ldaps://ldap.example.com\"\nbase = \"dc=example,dc=com\"\nfilter = \"(uid={name})\"\nbind_dn = \"cn=desk,dc=example,dc=com\"\nbind_password_file = \"bind.password\"\n";
        std::fs::write(&path, good).unwrap();
        let config = Config::read(&path).unwrap();
        config.check().unwrap();
        assert_eq!(config.directories().unwrap().len(), 1);
        std::fs::write(&path, format!("{good}{good}")).unwrap();
        let message = Config::read(&path).unwrap().check().unwrap_err().to_string();
        assert!(message.contains("there twice") && message.contains("same `base`"), "{message}");
        let bad = "[[directory]]\nname = \"example\"\nurl = \"ldap://ldap.example.com\"\nstart_tls = false\nroots = \"ca.pem\"\nbase = \"dc=x\"\nfilter = \"(uid=*)\"\n[[provider]]\nname = \"example\"\n";
        std::fs::write(&path, bad).unwrap();
        let message = Config::read(&path).unwrap().check().unwrap_err().to_string();
        for part in ["in the clear", "ca.pem is not there", "everybody would be found", "there twice"] {
            assert!(message.contains(part), "{part} is missing: {message}");
        }
        std::fs::write(&path, format!("{good}password = \"hush\"\n")).unwrap();
        assert!(Config::read(&path).unwrap_err().to_string().contains("line 8"));
        std::fs::write(&path, good).unwrap();
        std::fs::write(folder.path().join("bind.password"), "\n").unwrap();
        assert!(Config::read(&path).unwrap().directories().is_err());
    }

    #[test]
    fn wrong_values_are_named_all_at_once() {
        let config = Config { time_zone: "Mars".into(), listen: "x".into(), ..Config::default() };
        let message = config.check().unwrap_err().to_string();
        assert!(message.contains("time_zone") && message.contains("listen"), "{message}");
        assert!(Config::default().check().is_ok());
    }
}

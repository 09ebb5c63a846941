//! A desk for tests: shipped declarations, all rules, a fixed time, on either database.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use anyhow::Context as _;
use proofdesk_engine::{Account, Act, Applied, Caller, Change, Door, Engine, FixedTime, NewAccount, Target};
use proofdesk_model::Registry;
use proofdesk_store::{Options, Store};

use crate::postgres::Postgres;

/// 2 March 2026, 09:00 UTC, a Monday: when every test desk begins.
pub const MORNING: i64 = 1_772_442_000_000_000;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of its own on a private cluster, started once for the test program.
    Postgres,
}

/// Both databases, for loops over them.
pub const BOTH: [Database; 2] = [Database::Sqlite, Database::Postgres];

/// A running desk.
pub struct TestDesk {
    /// The engine.
    pub engine: Engine,
    /// Its time.
    pub time: Arc<FixedTime>,
    /// What the store was opened with.
    pub url: String,
    folder: tempfile::TempDir,
    _cluster: Option<Arc<Postgres>>,
}

/// The cluster of this test program: it stops when the last desk on it is dropped.
static CLUSTER: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The connection string of a new, empty database, and its cluster.
fn new_database() -> anyhow::Result<(String, Arc<Postgres>)> {
    let mut held = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
    let cluster = match held.upgrade() {
        Some(running) => running,
        None => {
            let started = Arc::new(Postgres::start()?);
            *held = Arc::downgrade(&started);
            started
        }
    };
    let name = format!("desk_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    cluster.create_database(&name)?;
    Ok((cluster.connection(&name), cluster))
}

/// The shipped declarations, read once.
///
/// # Errors
/// Mistakes in them.
pub fn registry() -> anyhow::Result<Arc<Registry>> {
    static REGISTRY: OnceLock<Arc<Registry>> = OnceLock::new();
    if let Some(found) = REGISTRY.get() {
        return Ok(found.clone());
    }
    let rules = proofdesk_rules::all();
    let read = proofdesk_model::load(&proofdesk_model::shipped(), &rules.names());
    let registry = read.map_err(|mistakes| {
        anyhow::anyhow!(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })?;
    Ok(REGISTRY.get_or_init(|| Arc::new(registry)).clone())
}

impl TestDesk {
    /// Opens an empty desk with the shipped declarations.
    ///
    /// # Errors
    /// When the database cannot be made.
    pub async fn open(database: Database) -> anyhow::Result<Self> {
        Self::open_with(database, registry()?, Options::default()).await
    }

    /// Opens an empty desk with given declarations and options.
    ///
    /// # Errors
    /// When the database cannot be made.
    pub async fn open_with(
        database: Database,
        registry: Arc<Registry>,
        options: Options,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (url, cluster) = match database {
            Database::Sqlite => (folder.path().join("desk.db").display().to_string(), None),
            Database::Postgres => {
                let (url, cluster) = tokio::task::spawn_blocking(new_database).await??;
                (url, Some(cluster))
            }
        };
        let store = Store::open(&url, options).await.with_context(|| format!("open {url}"))?;
        store.migrate(&registry).await?;
        let time = Arc::new(FixedTime::at(MORNING));
        let engine = Engine::new(store, registry, proofdesk_rules::all(), time.clone(), "desk.test/log");
        Ok(Self { engine, time, url, folder, _cluster: cluster })
    }

    /// The temporary folder of this desk; gone with it.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The setup's caller: everything is allowed.
    pub fn setup(&self) -> Caller {
        Caller::system("Setup")
    }

    /// Makes a person and returns a caller with these roles.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub async fn person(&self, name: &str, roles: &[&str]) -> anyhow::Result<Caller> {
        let made = self.create("person", Change::default().with_text("name", name)).await?;
        Ok(Caller::person(made.record.number, name, roles.iter().copied()))
    }

    /// Gives a person an account with the roles of the caller.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub async fn account(&self, person: &Caller, sign_in: &str, password: &str) -> anyhow::Result<Account> {
        let new = NewAccount {
            person: person.person.context("a caller with a person")?,
            sign_in: sign_in.to_owned(),
            name: person.name.clone(),
            roles: person.roles.iter().cloned().collect(),
            password: Some(password.to_owned()),
            program: false,
        };
        Ok(self.engine.create_account(&Act::new(&self.setup(), Door::Cli), new).await?)
    }

    /// Creates a record as the setup.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub async fn create(&self, record_type: &str, change: Change) -> anyhow::Result<Applied> {
        let target = Target::New(record_type.to_owned());
        let applied = self.engine.apply(&self.setup(), target, change, Door::Cli).await;
        applied.with_context(|| format!("create a {record_type}"))
    }
}

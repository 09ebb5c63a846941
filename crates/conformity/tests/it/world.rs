//! A desk for these tests: shipped record types without rules, a fixed time, either database.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use proofdesk_conformity::{Conformity, Declarations};
use proofdesk_engine::{Caller, Change, Door, Engine, FixedTime, Reference, Stamp, Target};
use proofdesk_model::{Registry, RuleSet, Value};
use proofdesk_store::{Options, Store};

use crate::postgres::Postgres;

/// 2 March 2026, 09:00 UTC.
pub const MORNING: i64 = 1_772_442_000_000_000;
/// An hour.
pub const HOUR: i64 = 3_600_000_000;
/// A day.
pub const DAY: i64 = 24 * HOUR;

/// The shipped declarations. No rule runs in these tests: values are given as they are to be.
pub fn registry() -> Arc<Registry> {
    static REGISTRY: OnceLock<Arc<Registry>> = OnceLock::new();
    let load = || {
        let names = proofdesk_rules::all().names();
        let read = proofdesk_model::load(&proofdesk_model::shipped(), &names);
        Arc::new(read.unwrap_or_else(|mistakes| panic!("{mistakes:?}")))
    };
    REGISTRY.get_or_init(load).clone()
}

/// Where a world lives.
pub enum Place {
    /// A file of its own.
    Sqlite,
    /// A database of its own on this cluster.
    Postgres(Arc<Postgres>),
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// An empty desk.
pub struct World {
    pub engine: Engine,
    pub registry: Arc<Registry>,
    pub time: Arc<FixedTime>,
    pub url: String,
    _folder: tempfile::TempDir,
    _cluster: Option<Arc<Postgres>>,
}

impl World {
    pub async fn open(place: &Place) -> Self {
        Self::open_with(place, registry()).await
    }

    /// A desk of other declarations.
    pub async fn open_with(place: &Place, registry: Arc<Registry>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, cluster) = match place {
            Place::Sqlite => (folder.path().join("desk.db").display().to_string(), None),
            Place::Postgres(cluster) => (new_database(cluster).await, Some(cluster.clone())),
        };
        let store = Store::open(&url, Options::default()).await.unwrap();
        store.migrate(&registry).await.unwrap();
        let time = Arc::new(FixedTime::at(MORNING));
        let engine = Engine::new(store, registry.clone(), RuleSet::default(), time.clone(), "desk.test/log");
        Self { engine, registry, time, url, _folder: folder, _cluster: cluster }
    }

    pub fn conformity(&self, declarations: Declarations) -> Conformity {
        Conformity::new(self.engine.clone(), declarations)
    }

    /// Writes a record as history, in a state, without rules.
    pub async fn put(&self, record_type: &str, state: &str, change: Change) -> Reference {
        let change = Change { state: Some(state.to_owned()), ..change };
        let applied = self.write(Target::New(record_type.to_owned()), change).await;
        Reference::new(record_type, applied)
    }

    /// Changes a record as history.
    pub async fn alter(&self, record: &Reference, change: Change) {
        self.write(Target::Existing(record.clone(), None), change).await;
    }

    async fn write(&self, target: Target, change: Change) -> i64 {
        let now = self.time_now();
        let stamp = Stamp { at: now, occurred_at: now, door: Door::Import };
        let caller = Caller::system("history");
        let applied = self.engine.apply_at(&caller, target, change, stamp, uuid::Uuid::now_v7()).await;
        applied.unwrap_or_else(|e| panic!("{e}")).record.number
    }

    /// Another program on the same database.
    pub async fn beside(&self) -> Engine {
        let store = Store::open(&self.url, Options::default()).await.unwrap();
        Engine::new(store, self.registry.clone(), RuleSet::default(), self.time.clone(), "desk.test/log")
    }

    pub fn time_now(&self) -> i64 {
        self.engine.now()
    }
}

async fn new_database(cluster: &Postgres) -> String {
    let name = format!("world_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let (client, driver) =
        tokio_postgres::connect(&cluster.connection("postgres"), tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(driver);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
    cluster.connection(&name)
}

/// Sets a column to an instant.
pub fn instant(change: Change, column: &str, at: i64) -> Change {
    change.with(column, Value::Instant(at))
}

/// Runs a case on both databases, each time in a new world.
pub async fn on_both<F, R>(case: F)
where
    F: Fn(World) -> R,
    R: Future<Output = ()>,
{
    case(World::open(&Place::Sqlite).await).await;
    let cluster = tokio::task::spawn_blocking(|| Postgres::start().unwrap()).await.unwrap();
    case(World::open(&Place::Postgres(Arc::new(cluster))).await).await;
}

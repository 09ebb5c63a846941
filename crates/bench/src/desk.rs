//! The desk under measurement: where its databases lie, and the engine over it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use proofdesk_conformity::{Conformity, Declarations};
use proofdesk_engine::{Engine, Time};
use proofdesk_model::{Facts, Lookup, Record, Registry};
use proofdesk_store::{Options, Store};
use proofdesk_testkit::postgres::Postgres;

use crate::machine::Processor;

/// Name of the log.
const ORIGIN: &str = "bench.invalid/log";

/// Where the databases lie: the desk's, and a copy for bare SQL.
pub struct Place<'a> {
    /// Folder of files; the server's are elsewhere.
    pub folder: PathBuf,
    /// The desk's database.
    pub desk: String,
    /// The copy; the desk's own file where none is made.
    pub copy: String,
    one_file: bool,
    cluster: Option<&'a Postgres>,
    /// Whose processor time counts.
    pub processor: Processor,
}

impl<'a> Place<'a> {
    /// Chooses the places; on a server it makes the desk's database.
    ///
    /// # Errors
    /// What the server says.
    pub fn new(folder: &Path, cluster: Option<&'a Postgres>, one_file: bool) -> anyhow::Result<Self> {
        let one_file = one_file && cluster.is_none();
        let (desk, copy) = match cluster {
            None => {
                let name = |name: &str| folder.join(name).display().to_string();
                (name("desk.db"), name(if one_file { "desk.db" } else { "copy.db" }))
            }
            Some(cluster) => {
                cluster.create_database("desk")?;
                (cluster.connection("desk"), cluster.connection("copy"))
            }
        };
        let processor = Processor::new(cluster.map(Postgres::process));
        Ok(Self { folder: folder.to_owned(), desk, copy, one_file, cluster, processor })
    }

    /// Bare SQL has no copy of its own.
    pub fn is_one_file(&self) -> bool {
        self.one_file
    }

    /// The database is a server's.
    pub fn is_server(&self) -> bool {
        self.cluster.is_some()
    }

    /// The place of a further, empty database.
    ///
    /// # Errors
    /// What the server says.
    pub async fn fresh(&self, name: &str) -> anyhow::Result<String> {
        match self.cluster {
            None => Ok(self.folder.join(format!("{name}.db")).display().to_string()),
            Some(cluster) => {
                cluster.create_database(name)?;
                Ok(cluster.connection(name))
            }
        }
    }

    /// Makes the copy. Nobody may have the desk's database open.
    ///
    /// # Errors
    /// A full disk, or what the server says.
    pub async fn make_copy(&self) -> anyhow::Result<()> {
        match self.cluster {
            None if self.one_file => {}
            None => {
                std::fs::copy(&self.desk, &self.copy)?;
            }
            Some(cluster) => {
                let (client, connection) =
                    tokio_postgres::connect(&cluster.connection("postgres"), tokio_postgres::NoTls).await?;
                tokio::spawn(connection);
                client.batch_execute("CREATE DATABASE copy TEMPLATE desk").await?;
            }
        }
        Ok(())
    }
}

/// The machine's time.
#[derive(Debug, Default)]
pub struct SystemTime;

impl Time for SystemTime {
    fn now(&self) -> i64 {
        jiff::Timestamp::now().as_microsecond()
    }
}

/// An open desk.
pub struct Desk {
    /// The engine.
    pub engine: Engine,
    /// Whose processor time counts.
    pub processor: Processor,
    /// The copy for bare SQL, to write to.
    pub copy: String,
    /// Where bare SQL reads: the desk's own database.
    pub reading: String,
    /// The copy is the desk's own file: bare SQL may write only when the product is done.
    pub is_one_file: bool,
    /// The copy is a server's.
    pub is_server: bool,
}

impl Desk {
    /// Opens the desk as `serve` does.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(place: &Place<'_>) -> anyhow::Result<Self> {
        let engine = engine(&place.desk, Arc::new(SystemTime)).await?;
        let (copy, is_server) = (place.copy.clone(), place.is_server());
        let (reading, is_one_file) = (place.desk.clone(), place.is_one_file());
        Ok(Self { engine, processor: place.processor, copy, reading, is_one_file, is_server })
    }

    /// Closes the database.
    ///
    /// # Errors
    /// When the writing thread had failed.
    pub async fn close(self) -> anyhow::Result<()> {
        Ok(self.engine.store().close().await?)
    }
}

/// An engine over a database, with the shipped declarations.
///
/// # Errors
/// Mistakes in them, or a database that cannot be opened.
pub async fn engine(url: &str, time: Arc<dyn Time>) -> anyhow::Result<Engine> {
    let registry: Arc<Registry> = proofdesk_testkit::registry()?;
    let store = Store::open(url, Options::default()).await.with_context(|| format!("open {url}"))?;
    store.migrate(&registry).await?;
    Ok(Engine::new(store, registry, proofdesk_rules::all(), time, ORIGIN))
}

/// Conformity over an engine, with the shipped frameworks and controls.
///
/// # Errors
/// Mistakes in them.
pub fn conformity(engine: &Engine) -> anyhow::Result<Conformity> {
    let declarations = Declarations::shipped(engine.registry()).map_err(|m| anyhow::anyhow!("{m}"))?;
    Ok(Conformity::new(engine.clone(), declarations))
}

/// The facts that the rules of incidents ask for: the small types, whole. Read once; the desk has them in memory too.
///
/// # Errors
/// A fault of the database.
pub async fn facts(engine: &Engine) -> anyhow::Result<Facts> {
    let mut facts = Facts::default();
    for name in ["agreement", "target", "service_hours"] {
        facts.insert(Lookup::All(name.to_owned()), Arc::new(all(engine, name).await?));
    }
    Ok(facts)
}

/// All records of a type with their relations, by number.
///
/// # Errors
/// A fault of the database.
pub async fn all(engine: &Engine, name: &str) -> anyhow::Result<Vec<Record>> {
    let setup = proofdesk_model::Caller::system("Setup");
    let request = proofdesk_engine::ListRequest {
        record_type: name.to_owned(),
        filter: None,
        sort: "number".to_owned(),
        descending: false,
        after: None,
        limit: 500,
    };
    let mut found = engine.list(&setup, &request).await?.records;
    for record in &mut found {
        let reference = proofdesk_model::Reference::new(name, record.number);
        record.links = engine.store().links(&reference, &record.of, None).await?;
    }
    Ok(found)
}

//! A desk in a temporary folder, and the files with known answers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use proofdesk_engine::import::Source;
use proofdesk_engine::{Engine, FixedTime, ImportReport, Importer, Mapping, Progress};
use proofdesk_model::Registry;
use proofdesk_store::{Options, Store};

/// 2026-01-01T00:00:00Z.
pub const NOW: i64 = 1_767_225_600_000_000;

/// An engine on a database of its own, which goes with the folder.
pub struct World {
    pub engine: Engine,
    pub folder: tempfile::TempDir,
}

pub fn registry() -> Arc<Registry> {
    static REGISTRY: OnceLock<Arc<Registry>> = OnceLock::new();
    let load = || {
        let rules = proofdesk_rules::all();
        Arc::new(proofdesk_model::load::load(&proofdesk_model::shipped(), &rules.names()).unwrap())
    };
    REGISTRY.get_or_init(load).clone()
}

pub async fn engine_at(database: &str) -> Engine {
    let store = Store::open(database, Options::default()).await.unwrap();
    store.migrate(&registry()).await.unwrap();
    let time = Arc::new(FixedTime::at(NOW));
    Engine::new(store, registry(), proofdesk_rules::all(), time, "test.example/log")
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine_at(folder.path().join("desk.db").to_str().unwrap()).await;
        Self { engine, folder }
    }
}

/// A file with known answers.
pub fn shared(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let folder = match std::env::var_os("PROOFDESK_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => workspace.join("../shared"),
    };
    let path = folder.join("data").join(name);
    assert!(
        path.exists(),
        "{} is missing; set PROOFDESK_SHARED to the folder that holds data/",
        path.display()
    );
    path
}

/// A mapping that comes with the program.
pub fn mapping(name: &str) -> Mapping {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("mappings").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    Mapping::parse(name, &text, &registry()).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

pub async fn import(engine: &Engine, bytes: Vec<u8>, mapping: &Mapping) -> ImportReport {
    let source = Source { file: "test.csv".into(), ..Source::default() };
    let input = std::io::Cursor::new(bytes);
    Importer::new(engine.clone()).run(input, source, mapping, Arc::new(Progress::default())).await.unwrap()
}

/// The plain text of a gzipped file.
pub fn plain(path: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    let file = std::fs::File::open(path).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(file), &mut text).unwrap();
    text
}

/// The first lines of a text.
pub fn head(text: &[u8], lines: usize) -> Vec<u8> {
    text.split_inclusive(|b| *b == b'\n').take(lines).flatten().copied().collect()
}

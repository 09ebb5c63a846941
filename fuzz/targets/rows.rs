//! Event logs: any bytes as a file of the shipped mapping for incidents, plain or gzipped, every row read as far as it
//! goes without a database.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_engine::Mapping;
use proofdesk_engine::import::rehearse;
use proofdesk_model::{Registry, load, shipped};

static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| load(&shipped(), &proofdesk_rules::all().names()).expect("shipped types"));
static MAPPING: LazyLock<Mapping> = LazyLock::new(|| {
    Mapping::parse("helpdesk.toml", include_str!("../../mappings/helpdesk.toml"), &REGISTRY)
        .expect("a mapping")
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(report) = rehearse(Cursor::new(bytes.to_vec()), "fuzz.csv", &MAPPING, &REGISTRY) {
        let broken = u64::from(report.broken_off.is_some());
        assert_eq!(report.rows, report.events + report.refused.len() as u64 + broken, "every row is told of");
    }
});

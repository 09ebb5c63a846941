//! Mappings of an import (TOML): any text against the shipped types, and what it says of headings.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_conformity::{SheetMapping, Source};
use proofdesk_engine::Mapping;
use proofdesk_model::{Registry, load, shipped};

static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| load(&shipped(), &proofdesk_rules::all().names()).expect("shipped types"));

fuzz_target!(|text: &str| {
    let lines = text.lines().count();
    match Mapping::parse("fuzz.toml", text, &REGISTRY) {
        Ok(mapping) => {
            let header: Vec<String> = text.split('"').map(str::to_owned).take(50).collect();
            drop(mapping.check_header("fuzz.csv", &header));
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in mistakes {
                assert!(mistake.line <= lines + 1, "{mistake} of {lines} lines");
            }
        }
    }
    if let Err(mistakes) = SheetMapping::parse(&Source::new("fuzz.toml", text)) {
        drop(mistakes.to_string());
    }
});

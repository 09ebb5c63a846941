//! A framework from an OSCAL catalog: any JSON text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofdesk_conformity::Source;
use proofdesk_conformity::oscal::{CatalogOptions, read_catalog};

fuzz_target!(|text: &str| {
    match read_catalog(&Source::new("fuzz.json", text), &CatalogOptions::default()) {
        Ok(read) => drop(read.framework.digest()),
        Err(mistakes) => drop(mistakes.to_string()),
    }
});

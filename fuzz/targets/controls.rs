//! Controls, frameworks and templates in KDL: any text, read beside two shipped record types.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_conformity::{Framework, Source, load_controls};
use proofdesk_model::{Registry, SourceFile, load, shipped, template};

static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| load(&shipped(), &proofdesk_rules::all().names()).expect("shipped types"));

fuzz_target!(|text: &str| {
    let source = [Source::new("fuzz.kdl", text)];
    match Framework::load(&source) {
        Ok(framework) => {
            // what is written of a framework is read again as the same
            let written = framework.to_kdl();
            let again = Framework::load(&[Source::new("again.kdl", written.as_str())]);
            let again = again.unwrap_or_else(|mistakes| panic!("{mistakes}\n{written}"));
            assert_eq!(again.digest(), framework.digest());
            drop(load_controls(&source, &REGISTRY, &[framework]));
        }
        Err(mistakes) => {
            drop(mistakes.to_string());
            if let Err(mistakes) = load_controls(&source, &REGISTRY, &[]) {
                drop(mistakes.to_string());
            }
        }
    }
    drop(template::read(&[SourceFile::new("templates/fuzz.md", text)], &REGISTRY));
});

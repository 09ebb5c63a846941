//! Declarations of record types: any KDL text, alone and beside a shipped type that it may extend.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_model::{SourceFile, load, shipped};

static TEAM: LazyLock<SourceFile> = LazyLock::new(|| {
    shipped().into_iter().find(|file| file.name == "records/team.kdl").expect("a shipped type")
});

fuzz_target!(|text: &str| {
    let file = SourceFile::new("records/fuzz.kdl", text);
    for files in [vec![file.clone()], vec![TEAM.clone(), file]] {
        match load(&files, &["priority", "clock"]) {
            Ok(registry) => {
                for of in registry.types() {
                    assert!(!of.initial_state().is_empty(), "a type without a state to begin in");
                }
            }
            Err(mistakes) => {
                assert!(!mistakes.is_empty());
                for mistake in mistakes {
                    drop(mistake.to_string());
                }
            }
        }
    }
});

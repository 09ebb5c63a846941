//! The condition language: any text against any shipped type, checked, taken apart, asked of an empty record.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_model::{Context, Record, Registry};

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    proofdesk_model::load(&proofdesk_model::shipped(), &proofdesk_rules::all().names())
        .expect("shipped types")
});

fuzz_target!(|text: &str| {
    let registry = &*REGISTRY;
    let context = Context { now: 1_700_000_000_000_000, today: 19_675, user: Some(1) };
    for of in ["incident", "change", "document"] {
        let condition = match proofdesk_condition::check(text, of, registry) {
            Ok(condition) => condition,
            Err(mistakes) => {
                for mistake in mistakes {
                    assert!(text.get(mistake.start..mistake.end).is_some(), "a spot outside the text");
                }
                continue;
            }
        };
        let record = Record::empty(registry.get(of).expect("a type"));
        condition.evaluate(&record, &context);
        let reasons = condition.explain(&record, &context);
        let parts = condition.conjuncts();
        drop((reasons, condition.fields()));
        for part in &parts {
            // what a condition was taken apart into can be read again and means the same
            let again =
                proofdesk_condition::check(part.source(), of, registry).expect("a part can be read again");
            assert_eq!(again.evaluate(&record, &context), part.evaluate(&record, &context));
        }
    }
});

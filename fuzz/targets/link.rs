//! Links by which somebody decides from a mail: nobody else can sign one, and what is signed is read as it was written.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_mail::address::Key;
use proofdesk_mail::decide::Decision;
use proofdesk_model::Registry;

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    proofdesk_model::load(&proofdesk_model::shipped(), &proofdesk_rules::all().names())
        .expect("shipped types")
});

fuzz_target!(|text: &str| {
    let (registry, key) = (&*REGISTRY, Key::new([7; 32]));
    assert_eq!(Decision::read(text, &key, registry), None, "nobody else can sign: {text}");
    // as if the desk had signed it
    let signed = format!("{text}.{}", key.sign_decision(text));
    let Some(decision) = Decision::read(&signed, &key, registry) else { return };
    let token = decision.token(&key, registry);
    assert_eq!(Decision::read(&token, &key, registry).as_ref(), Some(&decision), "{text}");
    assert_eq!(Decision::read(&token, &Key::new([8; 32]), registry), None, "by another key");
});

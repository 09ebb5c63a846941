//! Guided set-up: any text as a file of answers (TOML) to the shipped questions.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_model::{load, shipped, shipped_templates, template};
use proofdesk_setup::{Answers, Guide, Known};

static GUIDE: LazyLock<Guide> = LazyLock::new(|| {
    let registry = load(&shipped(), &proofdesk_rules::all().names()).expect("shipped types");
    let templates = template::read(&shipped_templates(), &registry).expect("shipped templates");
    Guide::load(&[], &registry, &templates).expect("shipped questions")
});

fuzz_target!(|text: &str| {
    let Ok(answers) = Answers::read(text, &GUIDE) else { return };
    let known = Known::default();
    drop(answers.wrong(&GUIDE, &known));
    // what is written of answers is read again
    let written = answers.write(&GUIDE, &known);
    let again = Answers::read(&written, &GUIDE).unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(again.write(&GUIDE, &known), written);
});

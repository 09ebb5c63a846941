//! Declarations beside record types and controls: doors, automations, mail, questions of guided set-up; and the texts of mails.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_automation::Automations;
use proofdesk_doors::Doors;
use proofdesk_mail::declared::{Declared, shipped as mails};
use proofdesk_model::template::{self, Templates};
use proofdesk_model::{Registry, SourceFile, load, shipped, shipped_templates};
use proofdesk_setup::Guide;

struct World {
    registry: Registry,
    templates: Templates,
    mails: Vec<SourceFile>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let registry = load(&shipped(), &proofdesk_rules::all().names()).expect("shipped types");
    let templates = template::read(&shipped_templates(), &registry).expect("shipped templates");
    World { registry, templates, mails: mails() }
});

fuzz_target!(|text: &str| {
    let World { registry, templates, mails } = &*WORLD;
    let (file, text) = ("own.kdl".to_owned(), text.to_owned());
    let door = proofdesk_doors::Source { file: file.clone(), text: text.clone() };
    if let Err(mistakes) = Doors::load(&[door], registry) {
        assert!(!mistakes.0.is_empty(), "a refusal says why");
    }
    let one = proofdesk_automation::Source { file: file.clone(), text: text.clone() };
    drop(Automations::load(&[], &[one], registry));
    let question = proofdesk_setup::Source { file, text: text.clone() };
    drop(Guide::load(&[question], registry, templates));
    for name in ["events.kdl", "answered.en.txt"] {
        let mut files = mails.clone();
        let place = files.iter_mut().find(|f| f.name.ends_with(name)).expect("a shipped file");
        place.text.clone_from(&text);
        drop(Declared::read(&files, registry));
    }
});

//! Forms of request models, written as text by practitioners, and the answers that people give to them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofdesk_model::form_text::FormText;

fuzz_target!(|text: &str| {
    // the form, the answers as they are sent, the answers as they are kept
    let mut parts = text.split('\u{1}');
    let written = parts.next().unwrap_or_default();
    let Ok(form) = FormText::parse(written) else { return };
    assert!(form.fields.len() <= 40);
    let (sent, kept) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let sent: Vec<&str> = sent.split('\u{2}').collect();
    drop((form.unmet(kept), form.answered(kept)));
    let Ok(answers) = form.answers(|at| sent.get(at).copied().unwrap_or_default().to_owned()) else { return };
    drop(form.answered(&answers));
    // what was taken is taken again, where an answer is found by its label: in one language, and each label once
    let mut labels: Vec<&str> = form.fields.iter().map(|field| field.label.plain()).collect();
    labels.sort_unstable();
    labels.dedup();
    if labels.len() == form.fields.len() && !written.contains('{') {
        assert_eq!(form.unmet(&answers), [], "{answers}");
    }
});

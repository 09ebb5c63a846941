//! The rule `acknowledgement`: keeps which text was read, so that nobody can say later it was another one.
//!
//! Source: ISO/IEC 20000-1:2018, 5.2.2 and 7.5.3.2.

use proofdesk_model::{Draft, Facts, Lookup, Reference, Rule, Stamp, StateKind, Value};

use crate::names::acknowledgement as field;

/// The rule `acknowledgement`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Acknowledgement;

/// The version, where the draft is a step that acknowledges it.
fn read(draft: &Draft) -> Option<Reference> {
    let step = draft.of().transition(draft.transition()?)?;
    let state = draft.of().state(&step.to)?;
    if state.kind != StateKind::Closed || state.aside {
        return None;
    }
    let to = draft.of().field(field::VERSION)?.target()?;
    match draft.after().value(field::VERSION) {
        Some(Value::Link(number)) => Some(Reference::new(to, *number)),
        _ => None,
    }
}

impl Rule for Acknowledgement {
    fn name(&self) -> &'static str {
        "acknowledgement"
    }

    fn wants(&self, draft: &Draft) -> Vec<Lookup> {
        read(draft).map(Lookup::One).into_iter().collect()
    }

    fn derive(&self, draft: &mut Draft, facts: &Facts, _stamp: &Stamp) {
        let Some(version) = read(draft).and_then(|v| facts.one(&v)) else { return };
        let edition = version.of.version_of.as_ref().and_then(|spec| version.text(&spec.edition));
        let edition = edition.map_or(Value::Null, |e| Value::Text(e.to_owned()));
        let digest = version.digest().map_or(Value::Null, Value::Text);
        draft.after_mut().set(field::EDITION, edition);
        draft.after_mut().set(field::DIGEST, digest);
    }
}

//! The rule `form_text`: the form of a model of requests can be read.
//! Source: ISO/IEC 20000-1:2018, 8.6.2.

use proofdesk_model::form_text::FormText;
use proofdesk_model::{Door, Draft, Facts, Problem, Rule, Stamp};

use crate::names::request_model as field;

/// The rule `form_text`.
#[derive(Debug, Clone, Copy, Default)]
pub struct FormTextRule;

impl Rule for FormTextRule {
    fn name(&self) -> &'static str {
        "form_text"
    }

    fn check(&self, draft: &Draft, _facts: &Facts, stamp: &Stamp) -> Vec<Problem> {
        let text = draft.after().text(field::FORM).unwrap_or_default();
        if stamp.door == Door::Import || !draft.changed(field::FORM) {
            return Vec::new();
        }
        let wrong = FormText::parse(text).err().unwrap_or_default();
        wrong.into_iter().map(|why| Problem::new(field::FORM, "format", why)).collect()
    }
}

//! The rule `version`: a version has the digest of what it says, so that what was approved and read can be told from it.
//!
//! Source: ISO/IEC 20000-1:2018, 7.5.3.2.

use proofdesk_model::{Draft, Facts, Rule, Stamp, Value};

use crate::names::document_version as field;

/// The rule `version`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Version;

impl Rule for Version {
    fn name(&self) -> &'static str {
        "version"
    }

    fn derive(&self, draft: &mut Draft, _facts: &Facts, _stamp: &Stamp) {
        let digest = draft.after().digest().map_or(Value::Null, Value::Text);
        draft.after_mut().set(field::DIGEST, digest);
    }
}

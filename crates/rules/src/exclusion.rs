//! The rule `exclusion`: the clocks that an approved or withdrawn exclusion concerns look again.
//!
//! Not here: that what was approved is not altered; its declaration says it (`fixed`).
//! Which clocks leave it out is found in `clocks/exclude.rs`.
//! Source: ISO/IEC 20000-1:2018, 8.3.3; rule R19 of `docs/clocks.md`.

use proofdesk_model::{Draft, Facts, Job, Lookup, Rule, Stamp, StateKind};
use serde_json::json;

use crate::names::exclusion as field;

/// Copies of small types on another node are older than this never; only then are the clocks asked to look.
const COPIES_FRESH: i64 = 3_000_000;

/// The rule `exclusion`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExclusionRule;

impl Rule for ExclusionRule {
    fn name(&self) -> &'static str {
        "exclusion"
    }

    fn wants(&self, _draft: &Draft) -> Vec<Lookup> {
        field::AGREEMENTS.iter().map(|relation| Lookup::Related((*relation).to_owned())).collect()
    }

    fn follow(&self, draft: &Draft, facts: &Facts, stamp: &Stamp) -> Vec<Job> {
        let open = |state: &str| draft.of().state_kind(state) == StateKind::Open;
        let record = draft.after();
        let (was, is) = (draft.before().is_some_and(|b| open(&b.state)), open(&record.state));
        let interval = record.instant(field::FROM).zip(record.instant(field::UNTIL));
        let Some((from, to)) = interval.filter(|_| was != is) else { return Vec::new() };
        let related = |relation: &&str| facts.records(&Lookup::Related((**relation).to_owned()));
        let agreements: Vec<String> =
            field::AGREEMENTS.iter().flat_map(related).map(proofdesk_model::Record::reference).collect();
        let number = record.number;
        let written = if number == 0 { "{number}".to_owned() } else { number.to_string() };
        vec![Job {
            kind: "clocks".to_owned(),
            key: format!("{}/{written}/{}", draft.of().name, record.state),
            run_at: stamp.at.saturating_add(COPIES_FRESH),
            payload: json!({"from": from, "to": to, "agreements": agreements}),
        }]
    }
}

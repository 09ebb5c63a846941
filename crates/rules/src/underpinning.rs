//! The rule `underpinning`: when a team's or a supplier's target changes, the targets that rest on it are counted anew.
//!
//! What they can cost at worst is worked out in `target.rs`.
//! Source: ISO/IEC 20000-1:2018, 8.3.4.1; rule R16 of `docs/clocks.md`.

use std::collections::BTreeSet;

use proofdesk_model::{Draft, Facts, Job, Lookup, Rule, Stamp};
use serde_json::json;

use crate::names::{TARGET, contract_target as field, target};

/// The rule `underpinning`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Underpinning;

impl Rule for Underpinning {
    fn name(&self) -> &'static str {
        "underpinning"
    }

    fn wants(&self, _draft: &Draft) -> Vec<Lookup> {
        vec![Lookup::Related(field::UNDERPINS.to_owned())]
    }

    fn follow(&self, draft: &Draft, facts: &Facts, stamp: &Stamp) -> Vec<Job> {
        let changed = || draft.links().iter().filter(|l| l.relation == field::UNDERPINS);
        let counts = [field::WITHIN, target::HOURS, "state"].iter().any(|name| draft.changed(name));
        if !counts && changed().next().is_none() {
            return Vec::new();
        }
        let present = facts.records(&Lookup::Related(field::UNDERPINS.to_owned())).iter().map(|r| r.number);
        let targets: BTreeSet<i64> = present.chain(changed().map(|l| l.to.number)).collect();
        let look = |number: i64| Job {
            kind: "look".to_owned(),
            key: format!("{TARGET}/{number}"),
            run_at: stamp.at,
            payload: json!({"of": TARGET, "at": number}),
        };
        targets.into_iter().map(look).collect()
    }
}

//! The link by which whoever is asked for an approval decides from the mail: signed, for this person, this record and this
//! version of it, for some days.
//!
//! A decision changes the record, and the link is for the version before: it works once. Nothing is kept of it.
//! Not here: what the link opens (`web`), and whether the person may still take the step (the engine).
//! Invariant: a link that this desk did not sign, or whose time is over, stands for nothing.

use proofdesk_engine::Reference;
use subtle::ConstantTimeEq;

use crate::desk::Mail;
use crate::queue::DAY;

/// How long a link holds.
pub const LASTS: i64 = 7 * DAY;
/// Longest text that is looked at.
const LONGEST: usize = 200;

/// What a link stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Number of the person who is asked.
    pub person: i64,
    /// The record.
    pub about: Reference,
    /// Its version when the mail was written.
    pub version: i64,
    /// Until when it holds, microseconds UTC.
    pub ends_at: i64,
}

impl Mail {
    /// The address that stands for a decision; none where the desk has no address.
    pub fn decision_address(&self, decision: &Decision) -> Option<String> {
        Some(format!("{}/decide/{}", self.public_url()?, self.decision_token(decision)))
    }

    fn decision_token(&self, decision: &Decision) -> String {
        let reference = self.engine().registry().write_reference(&decision.about);
        let said = format!(
            "{}.{}.{}.{}",
            decision.person,
            reference,
            decision.version,
            decision.ends_at / 1_000_000
        );
        format!("{said}.{}", self.key().sign_decision(&said))
    }

    /// What the last part of such an address stands for at present; none where it stands for nothing.
    pub fn decision(&self, token: &str) -> Option<Decision> {
        let (said, signature) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST)?;
        let right = self.key().sign_decision(said);
        if !bool::from(right.as_bytes().ct_eq(signature.as_bytes())) {
            return None;
        }
        let mut parts = said.split('.');
        let decision = Decision {
            person: parts.next()?.parse().ok()?,
            about: self.engine().registry().parse_reference(parts.next()?)?,
            version: parts.next()?.parse().ok()?,
            ends_at: parts.next()?.parse::<i64>().ok()?.checked_mul(1_000_000)?,
        };
        (decision.ends_at > self.engine().now()).then_some(decision)
    }
}

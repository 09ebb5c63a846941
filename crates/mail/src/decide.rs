//! The link by which whoever is asked for an approval decides from the mail: signed, for this person, this record and this
//! version of it, for some days.
//!
//! A decision changes the record, and the link is for the version before: it works once. Nothing is kept of it.
//! Not here: what the link opens (`web`), and whether the person may still take the step (the engine).
//! Invariant: a link that this desk did not sign, or whose time is over, stands for nothing.

use proofdesk_engine::Reference;
use proofdesk_model::Registry;
use subtle::ConstantTimeEq;

use crate::address::Key;
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

impl Decision {
    /// What a link says before its signature: person, record, version, and its end in seconds.
    fn said(&self, registry: &Registry) -> String {
        let (reference, ends) = (registry.write_reference(&self.about), self.ends_at / 1_000_000);
        format!("{}.{reference}.{}.{ends}", self.person, self.version)
    }

    fn of_said(said: &str, registry: &Registry) -> Option<Self> {
        let mut parts = said.split('.');
        let decision = Self {
            person: parts.next()?.parse().ok()?,
            about: registry.parse_reference(parts.next()?)?,
            version: parts.next()?.parse().ok()?,
            ends_at: parts.next()?.parse::<i64>().ok()?.checked_mul(1_000_000)?,
        };
        parts.next().is_none().then_some(decision)
    }

    /// The last part of the address that stands for it.
    pub fn token(&self, key: &Key, registry: &Registry) -> String {
        let said = self.said(registry);
        format!("{said}.{}", key.sign_decision(&said))
    }

    /// What such a text stands for, whether or not its time is over; none where this key did not sign it.
    pub fn read(token: &str, key: &Key, registry: &Registry) -> Option<Self> {
        let (said, signature) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST)?;
        let right = key.sign_decision(said);
        let is_ours = bool::from(right.as_bytes().ct_eq(signature.as_bytes()));
        is_ours.then(|| Self::of_said(said, registry)).flatten()
    }
}

impl Mail {
    /// The address that stands for a decision; none where the desk has no address.
    pub fn decision_address(&self, decision: &Decision) -> Option<String> {
        let token = decision.token(self.keys().present(), self.engine().registry());
        Some(format!("{}/decide/{token}", self.public_url()?))
    }

    /// What the last part of such an address stands for at present; none where it stands for nothing.
    pub fn decision(&self, token: &str) -> Option<Decision> {
        let decision = self.by_any_key(|key| Decision::read(token, key, self.engine().registry()))?;
        (decision.ends_at > self.engine().now()).then_some(decision)
    }
}

//! How often somebody may ask: `[limits]` in the configuration file.

use std::num::NonZeroU32;

use proofdesk_web::limits::Limits as Counted;
use serde::{Deserialize, Serialize};

/// How often somebody may ask: each account, and each address where nobody is signed in.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct RequestLimits {
    /// Whether requests are counted.
    pub enabled: bool,
    /// Requests a minute, of all kinds.
    pub per_minute: NonZeroU32,
    /// Requests a minute that cost much: searches, exports, papers, conformity runs, dry runs.
    pub costly_per_minute: NonZeroU32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self { enabled: true, per_minute: number(1_200), costly_per_minute: number(60) }
    }
}

impl RequestLimits {
    /// As the web counts; none where it does not.
    pub fn limits(&self) -> Option<Counted> {
        let limits = Counted { per_minute: self.per_minute, costly_per_minute: self.costly_per_minute };
        self.enabled.then_some(limits)
    }
}

//! The Rust rules that record declarations name. Pure functions over drafts and facts; no SQL, no HTTP, no clock.
//!
//! [`all`] gives every rule by name; the binary hands them to the engine. No rule names a record type that it acts
//! on: it reads fields by name and leaves alone what a type does not have. What a rule looks up (agreements, targets,
//! service hours) is named in `names.rs`, in one place.
//! Source: ISO/IEC 20000-1:2018, 8.3.3, 8.6.1, 8.6.2.

mod acknowledgement;
mod book;
mod clocks;
mod controlled;
mod exclusion;
mod form_text;
mod hours;
mod lifecycle;
mod names;
mod ordered;
mod reporter;
mod target;
#[cfg(test)]
mod testing;
mod timed;
mod underpinning;
mod version;

pub use acknowledgement::Acknowledgement;
pub use book::{Book, Chosen, Question};
pub use clocks::Clocks;
pub use controlled::Controlled;
pub use exclusion::ExclusionRule;
pub use form_text::FormTextRule;
pub use hours::{HoursRule, hours_of, hours_version};
pub use lifecycle::Lifecycle;
pub use ordered::Ordered;
pub use reporter::Reporter;
pub use target::TargetRule;
pub use timed::Timed;
pub use underpinning::Underpinning;
pub use version::Version;

use proofdesk_model::RuleSet;

/// Every rule of the house, by the name that declarations use.
pub fn all() -> RuleSet {
    RuleSet::default()
        .with(Clocks::default())
        .with(Controlled)
        .with(Lifecycle)
        .with(HoursRule)
        .with(TargetRule)
        .with(Underpinning)
        .with(ExclusionRule)
        .with(FormTextRule)
        .with(Ordered)
        .with(Reporter)
        .with(Timed)
        .with(Acknowledgement)
        .with(Version)
}

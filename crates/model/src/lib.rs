//! What a record is: declared types, fields, values, drafts, checks, permissions, workflow, references.
//!
//! Pure: no files (the texts are handed in), no SQL, no HTTP, no clock. Behaviour that a declaration cannot
//! say is a [`rule::Rule`], which the binary hands to the engine.
//! Invariant: [`Permit`] and [`Checked`] can only be made here, by permission and by check.

pub mod access;
pub mod change;
pub mod clock_log;
pub mod clock_view;
pub mod draft;
pub mod entry;
pub mod error;
pub mod examples;
pub mod field;
pub mod form_text;
pub mod format;
pub mod load;
pub mod lock;
pub mod matrix;
pub mod places;
pub mod record;
pub mod record_type;
pub mod registry;
pub mod rule;
pub mod shipped;
pub mod template;
pub mod workflow;
pub mod written;

pub use access::{Action, Caller, Permit};
pub use change::{Change, Door, LinkChange, Stamp};
pub use draft::{Checked, Draft};
pub use error::{APART, ASK_A_COLLEAGUE, Problem, Problems};
pub use field::{Choice, Computed, Field, Kind};
pub use load::{Mistake, SourceFile, load};
pub use proofdesk_condition::{Condition, Context, Decimal, Outcome, Value};
pub use record::{Record, Reference};
pub use record_type::{ListColumn, RecordType, Section, View};
pub use registry::Registry;
pub use rule::{Facts, Job, Lookup, Rule, RuleSet};
pub use shipped::{shipped, shipped_templates};
pub use template::Templates;
pub use workflow::{ClockSpec, Guard, State, StateKind, Transition};

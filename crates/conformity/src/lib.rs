//! Frameworks, obligations, tests over whole populations, their runs, and judgements of people.
//!
//! Not here: SQL (`store`), pages (`web`), schedules (`jobs`). It names no record type: controls do.
//! Read `state` first (what the counts mean), then `run` (how they come about); `docs/conformity.md` explains both.

pub mod control;
mod declarations;
mod error;
pub mod framework;
mod reader;
pub mod state;

pub use control::{Control, Controls, Severity, Test, load_controls};
pub use declarations::Declarations;
pub use error::Error;
pub use framework::{Clause, Framework, Obligation};
pub use reader::{Mistake, Mistakes, Source};
pub use state::{Counts, Opinion, State};

//! Frameworks, obligations, tests over whole populations, their runs, and judgements of people.
//!
//! Not here: SQL (`store`), pages (`web`), schedules (`jobs`). It names no record type: controls do.
//! Read `state` first (what the counts mean), then `run` (how they come about); `docs/conformity.md` explains both.

mod conformity;
pub mod control;
mod declarations;
mod error;
pub mod framework;
mod judgement;
mod live;
pub mod mapping;
pub mod oscal;
mod owes;
mod reader;
mod retest;
mod run;
mod scope;
mod sheet;
pub mod state;
mod stored;
mod tables;
mod tree;
mod upload;
mod verify;
pub mod view;
mod why;

pub use conformity::{Conformity, EXCEPTIONS_KEPT, STALE_AFTER};
pub use control::{Control, Controls, Severity, Test, load_controls};
pub use declarations::{Declarations, Site};
pub use error::Error;
pub use framework::{Clause, Framework, Obligation};
pub use judgement::{LONGEST_DAYS, NewJudgement, ROLES as JUDGEMENT_ROLES};
pub use owes::{Owed, OwedState};
pub use reader::{Mistake, Mistakes, Source};
pub use run::{DutyDone, LISTS_KEPT, RunSummary, Trial, digest_of_results};
pub use scope::Scope;
pub use sheet::SheetMapping;
pub use state::{Counts, Opinion, State};
pub use stored::{
    Edition, FrameworkInfo, Part, ROLES as FRAMEWORK_ROLES, Standing as EditionState, Touched, Update,
};
pub use tables::{JudgementRow, ResultRow, RunRow, StateRow};
pub use upload::{Format, Upload};
pub use verify::verify;
pub use view::{Before, ExceptionItem, ExceptionPage, ObligationDetail, Overview, TestDetail};
pub use why::{Standing, Why};

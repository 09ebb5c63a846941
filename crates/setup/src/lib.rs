//! Guided set-up: a list of questions, and what their answers make of an empty desk.
//!
//! Questions, and the records that follow from them, are data (`setup/*.kdl`); this crate reads them, checks answers,
//! says beforehand what would be made, and makes it through the one write path. It names no record type.
//! Invariant: it makes drafts and plans, and alters nothing that was there before. Every write has an id from its
//! key, so that a run that was stopped goes on and a second run makes nothing twice.

mod answer;
mod differ;
mod error;
mod fill;
mod guide;
mod kept;
mod make;
mod paper;
mod plan;
mod read;
mod steps;

pub use answer::{Answer, Answers, Known, Wrong};
pub use differ::{Difference, Unnamed};
pub use error::Error;
pub use guide::{Column, Guide, Kind, Page, Question, Rows, Source};
pub use kept::{Said, keep_turned, turned};
pub use make::{Desk, Group, Made, Outcome, Standing, Summary};
pub use plan::{Plan, Planned};
pub use steps::{Bearing, NextStep};

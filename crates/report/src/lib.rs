//! Figures from records and their history, and charts of them.
//!
//! Not here: SQL (`store`), pages (`web`), what an obligation asks for (`conformity`).

pub mod chart;
pub mod error;
pub mod export;
pub mod figures;
pub mod paper;
pub mod snapshot;
pub mod verify;

pub use error::Error;
pub use figures::{Figures, Scope, figures};
pub use snapshot::Snapshot;
pub use verify::verify;

//! What pages, REST and the command line show: the clause map, an obligation, a test's exceptions. Plain data.

mod detail;
mod overview;
mod past;

pub use detail::{ExceptionItem, ExceptionPage, MappedView, ObligationDetail, TestDetail, TrendPoint};
pub use overview::{ChapterView, ClauseView, ObligationView, Overview};
pub use past::Before;

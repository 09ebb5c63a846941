//! The one error of this crate. Every message says what is wrong and what to do.

use std::fmt;

/// One mistake in a text of service hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// What can go wrong with service hours and clocks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The text of service hours has mistakes; all of them, in line order.
    #[error("these service hours cannot be read: {}", join(.0))]
    Hours(Vec<LineProblem>),
    /// The text of a target cannot be read.
    #[error("`{text}` is not a target: {message}")]
    Target {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        message: String,
    },
    /// A target counts days, but the service hours do not say how long a day is.
    #[error(
        "the target `{target}` counts days, but its service hours declare no day length; \
         add a line such as `day 9h`, or write the target in hours"
    )]
    NoDayLength {
        /// The target as people write it.
        target: String,
    },
    /// The target's last working day cannot be found: the hours never open again.
    #[error("the target `{target}` has no end: the service hours never open again after its start")]
    NeverOpens {
        /// The target as people write it.
        target: String,
    },
    /// A clock names service hours that were not given.
    #[error("the clock names the service hours `{0}`, which are not known; give them, or correct the clock")]
    UnknownHours(String),
    /// An event that may not be appended to a clock.
    #[error("event {} of the clock ({at} µs): {message}", .position + 1)]
    Event {
        /// The event's place in the list, counted from 0.
        position: usize,
        /// Its instant, microseconds UTC.
        at: i64,
        /// What is wrong and what to do.
        message: String,
    },
}

fn join(problems: &[LineProblem]) -> String {
    problems.iter().map(LineProblem::to_string).collect::<Vec<_>>().join("; ")
}

//! Components: functions with typed arguments that give HTML. They know records and times, not requests.

pub mod clock;
pub mod empty;
pub mod number;
pub mod person;
pub mod tabs;
pub mod tag;
pub mod time;
pub mod value;

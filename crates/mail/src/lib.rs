//! Mail: reads and composes it, tells of what happens, and takes in what people write.
//!
//! Pure parts first: [`address`], [`message`], [`fold`], [`declared`]. Not here: how a record is written (`engine`), how long mails wait
//! for a person (`preference`).

pub mod address;
pub mod declared;
pub mod error;
pub mod fold;
pub mod message;

pub use error::Error;

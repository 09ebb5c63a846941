//! Mail: reads and composes it, tells of what happens, and takes in what people write.
//!
//! Pure parts first: [`address`], [`message`], [`fold`], [`declared`]. [`tell`] follows the log and fills the [`queue`], [`send`]
//! empties it; [`lmtp`] and [`imap`] bring mails to [`intake`]. Not here: how a record is written (`engine`), SQL (`store`),
//! pages (`web`).
//! Invariant: no address and no word of a mail is in the program's log.

pub mod address;
mod compose;
pub mod decide;
pub mod declared;
pub mod desk;
pub mod error;
pub mod fold;
pub mod imap;
pub mod intake;
pub mod keys;
pub mod lmtp;
pub mod message;
pub mod person;
pub mod queue;
pub mod run;
mod sealed;
pub mod send;
pub mod settings;
pub mod tell;

pub use desk::{Mail, Way, Ways};
pub use error::Error;
pub use person::{Pace, Preference};
pub use queue::{Arrived, Letter, Queued};
pub use sealed::verify;
pub use settings::Settings;

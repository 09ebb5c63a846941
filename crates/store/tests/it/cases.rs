//! What the store does, the same on both databases.

pub mod log;
pub mod reads;
pub mod tables;
pub mod writes;

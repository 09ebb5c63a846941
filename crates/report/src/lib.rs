//! Figures from records and their history, and charts of them.
//!
//! Not here: SQL (`store`), pages (`web`), what an obligation asks for (`conformity`).

pub mod chart;

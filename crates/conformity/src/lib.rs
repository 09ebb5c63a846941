//! conformity

//! The limits that keep a hostile text harmless: it can neither overflow a stack nor blow up a statement.

/// Longest source text, in bytes.
pub const MAX_LENGTH: usize = 8_192;
/// Deepest nesting of parentheses, calls, operators and dots.
pub const MAX_DEPTH: usize = 40;
/// Most comparisons and other smallest parts of one condition; an item of a list counts as one.
pub const MAX_PARTS: usize = 400;
/// Deepest nesting of `exists`, `all` and their kin; each level can double the SQL.
pub const MAX_RELATED: usize = 3;
/// Most parts that follow links or relations; each is a query of its own to a database's planner.
pub const MAX_LINKED: usize = 40;

//! The one condition language of the desk: a typed subset of the Common Expression Language that asks about
//! one record and answers true, false or error. This crate reads, checks and evaluates it in memory; the
//! translation to SQL is in `store`. `docs/conditions.md` teaches the language.
//!
//! Not here: programs (no assignment, no loop), regular expressions, service hours (columns of clocks are).
//!
//! Source: the Common Expression Language specification, of which this is a subset with the extensions that
//! `docs/conditions.md` names.

mod check;
mod condition;
mod decimal;
mod eval;
mod explain;
mod lexer;
mod limits;
mod parser;
mod quote;
mod reads;
mod schema;
mod suggest;
mod time;
mod tree;
mod value;

pub use condition::{Condition, FieldPath, Mistake, Outcome, Reason, check};
pub use decimal::{Decimal, NotADecimal, SCALE};
pub use eval::{constant, evaluate_constant};
pub use limits::{MAX_DEPTH, MAX_LENGTH, MAX_LINKED, MAX_PARTS, MAX_RELATED};
pub use quote::quoted;
pub use schema::{Context, LinkInfo, LinkPath, PERSON, RESERVED, Row, Schema, Type};
pub use time::{day_from_text, day_text, duration_from_text, duration_text, instant_from_text, instant_text};
pub use tree::{
    Comparison, FieldKind, Node, NodeKind, Operand, Path, Quantifier, Related, Span, Step, TextTest,
};
pub use value::{MAX_DAY, MAX_DECIMAL, MAX_DURATION, MAX_INSTANT, MAX_INT, MIN_DAY, MIN_INSTANT, Value};

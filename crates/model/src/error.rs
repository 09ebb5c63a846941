//! Problems with what somebody wanted to write: all of them at once, each with field, code and message.

use serde::{Deserialize, Serialize};

/// One thing that stands in the way of a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The field that it is about; empty where it concerns the whole record.
    pub field: String,
    /// A stable code: `required`, `unknown`, `format`, `range`, `option`, `link`, `computed`, `guard`, `apart`,
    /// `state`, `permission`, `size`, `harmful`.
    pub code: String,
    /// What is wrong and what to do, for a person.
    pub message: String,
    /// The clause of ISO/IEC 20000-1 that asks for it, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
}

/// The code of a step that somebody else is to take.
pub const APART: &str = "apart";
/// What to do about it.
pub const ASK_A_COLLEAGUE: &str = "Ask a colleague to take this step.";

impl Problem {
    /// Names a problem of one field.
    pub fn new(field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.to_owned(), message: message.into(), clause: None }
    }

    /// Adds the clause that asks for what is missing.
    #[must_use]
    pub fn with_clause(mut self, clause: Option<&str>) -> Self {
        self.clause = clause.map(str::to_owned);
        self
    }
}

/// Everything that stands in the way of a write; never empty when returned as an error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Turns an empty list into `Ok`.
    ///
    /// # Errors
    /// Itself, when there is at least one problem.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, p) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            if p.field.is_empty() {
                write!(f, "{}", p.message)?;
            } else {
                write!(f, "{}: {}", p.field, p.message)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

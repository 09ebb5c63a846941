//! Texts with places for inputs: `Alert {alert} on {host}`.

use proofdesk_model::places;

use crate::inputs::Inputs;

/// A text with places for inputs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Says which brace is not closed.
    pub fn parse(text: &str) -> Result<Self, String> {
        match places::unclosed(text) {
            Some(open) => Err(format!("`{open}` has no closing brace")),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The inputs that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        places::names(&self.0).map(str::trim)
    }

    /// The text where it names no input.
    pub fn fixed(&self) -> Option<&str> {
        self.names().next().is_none().then_some(self.0.as_str())
    }

    /// The text with its places filled; empty where no input that it names is given.
    pub fn fill(&self, inputs: &Inputs) -> String {
        if self.fixed().is_none() && self.names().all(|name| inputs.get(name).is_none()) {
            return String::new();
        }
        let value = |name: &str| inputs.get(name.trim()).unwrap_or_default().to_owned();
        places::filled(&self.0, value).trim().to_owned()
    }
}

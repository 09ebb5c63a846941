//! Texts with places: `Alert {alert} on {host}`.

use crate::inputs::Inputs;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Input(String),
}

/// A text with places for inputs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template(Vec<Part>);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Says which brace is not closed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            let (before, after) = rest.split_at(start);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let Some(end) = after.find('}') else {
                return Err(format!("`{after}` has no closing brace"));
            };
            parts.push(Part::Input(after[1..end].trim().to_owned()));
            rest = &after[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The inputs that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Input(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text where it names no input.
    pub fn fixed(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Text(text)] => Some(text),
            [] => Some(""),
            _ => None,
        }
    }

    /// The text with its places filled; empty where no input that it names is given.
    pub fn fill(&self, inputs: &Inputs) -> String {
        if self.fixed().is_none() && self.names().all(|name| inputs.get(name).is_none()) {
            return String::new();
        }
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Input(name) => inputs.get(name).unwrap_or_default().to_owned(),
        };
        self.0.iter().map(part).collect::<String>().trim().to_owned()
    }
}

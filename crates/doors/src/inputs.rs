//! What a door reads of a message, by name; and conditions over it.

use std::collections::BTreeMap;

use proofdesk_condition::{Row, Schema, Type};
use proofdesk_model::Value;
use serde_json::Value as Json;

/// Longest input, characters; what is longer is cut.
const INPUT_MAX: usize = 8_000;
/// How the condition language calls a message.
pub(crate) const EVENT: &str = "message";

/// The input that holds what a comparison found.
pub(crate) const DIFFERENCES: &str = "differences";

/// An input: where it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Places in the message, of which the first that holds something counts; one that begins with `/` starts at the
    /// whole message and not at the item.
    pub from: Vec<String>,
    /// Takes the text before the last of this sign.
    pub before: Option<String>,
}

/// The inputs of one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs(BTreeMap<String, String>);

impl Inputs {
    /// Reads the inputs of an item of a message.
    pub fn read(declared: &[Input], whole: &Json, item: &Json) -> Self {
        let mut found = BTreeMap::new();
        for input in declared {
            let texts = input.from.iter().filter_map(|path| match path.strip_prefix('/') {
                Some(path) => at(whole, path),
                None => at(item, path),
            });
            let Some(text) = texts.into_iter().find(|text| !text.is_empty()) else { continue };
            let text = match input.before.as_ref().and_then(|sign| text.rsplit_once(sign.as_str())) {
                Some((before, _)) => before.to_owned(),
                None => text,
            };
            found.insert(input.name.clone(), text);
        }
        Self(found)
    }

    /// An input; none where it is not given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// These inputs and one more.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, text: String) -> Self {
        self.0.insert(name.to_owned(), text);
        self
    }

    /// As JSON, in order of names.
    pub fn written(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// What [`Inputs::written`] wrote.
    pub fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }
}

/// The text at a path `labels.severity`, without control characters but line ends.
fn at(json: &Json, path: &str) -> Option<String> {
    let found = path.split('.').try_fold(json, |json, name| json.get(name))?;
    let text = match found {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(yes) => yes.to_string(),
        _ => return None,
    };
    let clean = text
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .take(INPUT_MAX)
        .collect::<String>();
    Some(clean.trim().to_owned())
}

/// The inputs as the condition language sees them: texts.
pub(crate) struct Known<'a>(pub &'a [Input]);

impl Schema for Known<'_> {
    fn field(&self, record_type: &str, name: &str) -> Option<Type> {
        let known = record_type == EVENT && self.0.iter().any(|input| input.name == name);
        known.then_some(Type::Text)
    }

    fn names(&self, _record_type: &str) -> Vec<String> {
        self.0.iter().map(|input| input.name.clone()).collect()
    }
}

impl Row for Inputs {
    fn value(&self, field: &str) -> Value {
        self.get(field).map_or(Value::Null, |text| Value::Text(text.to_owned()))
    }
    fn follow(&self, _link: &str) -> Option<&dyn Row> {
        None
    }
    fn related(&self, _links: &str) -> Vec<&dyn Row> {
        Vec::new()
    }
}

//! Records that follow from another one, such as the tasks of a request: made by a job, through the one write path.
//!
//! A rule writes no other record; it says in a job what is to be made. Each write has an id from the record that it
//! follows from and its place, so that a job which is run again makes nothing twice.

use proofdesk_model::{Caller, Change, Door, Kind, RecordType, Reference, Stamp, Value};
use serde_json::{Map, Value as Json};

use crate::Engine;
use crate::apply::Target;
use crate::error::Error;
use crate::idempotency::write_id;

/// What a job of the kind `make` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// Type of the new records.
    pub of: String,
    /// Their link to the record that they follow from, and its number.
    pub link: String,
    /// Number of that record.
    pub number: i64,
    /// As whom they are made: the history shows it.
    pub by: String,
    /// Their values by field.
    pub records: Vec<Map<String, Json>>,
}

impl Made {
    /// Reads a job's payload; none where something is missing.
    pub fn read(payload: &Json) -> Option<Self> {
        let text = |name: &str| Some(payload.get(name)?.as_str()?.to_owned());
        let records = payload.get("records")?.as_array()?;
        Some(Self {
            of: text("type")?,
            link: text("link")?,
            number: payload.get("number")?.as_i64()?,
            by: text("by")?,
            records: records.iter().filter_map(|r| r.as_object().cloned()).collect(),
        })
    }
}

/// A value of a payload as a field of the type takes it; none for what it does not have.
fn value(of: &RecordType, name: &str, given: &Json) -> Option<Value> {
    let field = of.field(name)?;
    match (given, &field.kind) {
        (Json::Number(n), Kind::Int { .. }) => n.as_i64().map(Value::Int),
        (Json::Number(n), _) if field.target().is_some() => n.as_i64().map(Value::Link),
        (Json::String(text), _) => Some(Value::Text(text.clone())),
        (Json::Bool(yes), _) => Some(Value::Bool(*yes)),
        _ => None,
    }
}

impl Engine {
    /// Makes the records of a job that are not there yet; returns how many were made now.
    ///
    /// # Errors
    /// As [`Engine::apply_at`].
    pub async fn make(&self, made: &Made) -> Result<usize, Error> {
        let of = self.require_type(&made.of)?;
        let missing = || Error::NotFound(format!("field {} of {}", made.link, of.plural.to_lowercase()));
        let to = of.field(&made.link).and_then(|f| f.target()).ok_or_else(missing)?;
        let origin = self.registry().write_reference(&Reference::new(to, made.number));
        let caller = Caller::system(&made.by);
        let mut count = 0;
        for (at, record) in made.records.iter().enumerate() {
            let id = write_id("make", &origin, format!("{}/{at}", made.of).as_bytes());
            if self.written(id).await?.is_some() {
                continue;
            }
            let mut change = Change::default().with(&made.link, Value::Link(made.number));
            for (name, given) in record {
                if let Some(value) = value(&of, name, given) {
                    change = change.with(name, value);
                }
            }
            let stamp = Stamp::now(self.now(), Door::Rule);
            self.apply_at(&caller, Target::New(made.of.clone()), change, stamp, id).await?;
            count += 1;
        }
        Ok(count)
    }
}

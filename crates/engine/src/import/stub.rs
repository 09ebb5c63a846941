//! Records that a file only names: found by their name, or made once with nothing but the name.

use std::collections::{HashMap, HashSet};

use proofdesk_model::{Action, Caller, Change, Draft, Stamp, Value};

use super::batch::Batch;
use super::numbers::Numbers;
use crate::error::Error;
use crate::{Door, Engine};

/// The type of people.
pub(super) const PEOPLE: &str = "person";

/// What is known of linked records.
pub(super) struct Stubs {
    known: HashMap<String, HashMap<String, Option<i64>>>,
    /// Types without any record before this run: nothing is to be found there.
    empty: HashSet<String>,
    caller: Caller,
    /// How many were made, by type.
    pub made: HashMap<String, u64>,
}

impl Stubs {
    pub fn new(source: &str) -> Self {
        let caller = Caller::system(&format!("import of {source}"));
        Self { known: HashMap::new(), empty: HashSet::new(), caller, made: HashMap::new() }
    }

    /// The number of the record of this name; none when there is none and it is not to be made.
    pub async fn number(
        &mut self,
        engine: &Engine,
        to: &str,
        name: &str,
        create: bool,
        batch: &mut Batch,
        numbers: &mut Numbers,
    ) -> Result<Option<i64>, Error> {
        match self.known.get(to).and_then(|names| names.get(name)) {
            Some(Some(number)) => return Ok(Some(*number)),
            Some(None) if !create => return Ok(None),
            _ => {}
        }
        let found = self.look_up(engine, to, name).await?;
        let number = match found {
            None if create => Some(self.make(engine, to, name, batch, numbers).await?),
            other => other,
        };
        self.known.entry(to.to_owned()).or_default().insert(name.to_owned(), number);
        Ok(number)
    }

    async fn look_up(&mut self, engine: &Engine, to: &str, name: &str) -> Result<Option<i64>, Error> {
        let of = engine.require_type(to)?;
        if !self.known.contains_key(to) {
            self.known.insert(to.to_owned(), HashMap::new());
            let context = super::context(engine.now());
            if engine.store().count(&of, None, &context, Some(1)).await? == 0 {
                self.empty.insert(to.to_owned());
            }
        }
        if self.empty.contains(to) {
            return Ok(None);
        }
        Ok(engine.store().find_external(&of, name).await?)
    }

    async fn make(
        &mut self,
        engine: &Engine,
        to: &str,
        name: &str,
        batch: &mut Batch,
        numbers: &mut Numbers,
    ) -> Result<i64, Error> {
        let of = engine.require_type(to)?;
        let title = of.title_field().to_owned();
        let mut change = Change { external_key: Some(name.to_owned()), ..Change::default() };
        change.set.insert(title, Value::Text(name.to_owned()));
        let permit = of.permit(&self.caller, Action::Create, None).map_err(Error::Forbidden)?;
        let stamp = Stamp::now(batch.at, Door::Import);
        let draft = Draft::new(&of, None, change, &self.caller, stamp).map_err(Error::Invalid)?;
        let facts = batch.facts(engine, &draft).await?;
        let checked = draft.derive(engine.rules(), &facts).check(engine.rules(), &facts);
        let number = numbers.next(engine, to).await?;
        batch.push(permit, checked.map_err(Error::Invalid)?.numbered(number));
        *self.made.entry(to.to_owned()).or_default() += 1;
        Ok(number)
    }
}

//! The language in which a person reads: a field of the person's record, which the person sets without being allowed to
//! change anything else of it.

use proofdesk_model::{Caller, Change, Door, Reference, Value};

use crate::Engine;
use crate::apply::Target;
use crate::error::Error;

/// The type of people and its field.
const PERSON: &str = "person";
const LANGUAGE: &str = "language";

impl Engine {
    /// The language that a person chose, as a tag such as `de`; none where nothing was chosen.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn language_of(&self, person: i64) -> Result<Option<String>, Error> {
        let of = self.require_type(PERSON)?;
        let record = self.store().load(&of, person).await?;
        Ok(record.and_then(|r| r.text(LANGUAGE).map(str::to_owned)))
    }

    /// Sets the language of the person who asks, under his name; none leaves it to the browser. It goes through the
    /// one write path, as the program, since nobody else than staff may change people.
    ///
    /// # Errors
    /// `Invalid` when the caller is no person; as [`Engine::apply`].
    pub async fn set_language(
        &self,
        caller: &Caller,
        language: Option<&str>,
        door: Door,
    ) -> Result<(), Error> {
        let missing = || Error::invalid("person", "required", "Only a person has a language.");
        let number = caller.person.ok_or_else(missing)?;
        if self.language_of(number).await?.as_deref() == language {
            return Ok(());
        }
        let value = language.map_or(Value::Null, |l| Value::Text(l.to_owned()));
        let as_program = Caller { system: true, ..caller.clone() };
        let target = Target::Existing(Reference::new(PERSON, number), None);
        self.apply(&as_program, target, Change::default().with(LANGUAGE, value), door).await?;
        Ok(())
    }
}

//! Watchers of a record: the people who want to hear of it.

use proofdesk_model::{Action, Caller, Door, Permit, Record, Reference, Stamp};
use proofdesk_store::{Select, Statement};

use crate::Engine;
use crate::error::Error;

impl Engine {
    /// Begins or stops watching a record.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, or `Invalid` when the caller is no person.
    pub async fn watch(
        &self,
        caller: &Caller,
        on: &Reference,
        watching: bool,
        door: Door,
    ) -> Result<(), Error> {
        let record = self.require_for(caller, on, Action::Read).await?;
        let permit = record.of.permit(caller, Action::Read, Some(&record)).map_err(Error::Forbidden)?;
        let person =
            caller.person.ok_or_else(|| Error::invalid("person", "required", "Only a person can watch."))?;
        self.set_watcher(&permit, &record, on, person, watching, door).await
    }

    /// Lets a person watch a record because a program found that he should hear of it.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, or a fault of the database.
    pub async fn watch_for(
        &self,
        caller: &Caller,
        on: &Reference,
        person: i64,
        door: Door,
    ) -> Result<(), Error> {
        let record = self.require_for(caller, on, Action::Update).await?;
        let permit = record.of.permit(caller, Action::Update, Some(&record)).map_err(Error::Forbidden)?;
        self.set_watcher(&permit, &record, on, person, true, door).await
    }

    async fn set_watcher(
        &self,
        permit: &Permit,
        record: &Record,
        on: &Reference,
        person: i64,
        watching: bool,
        door: Door,
    ) -> Result<(), Error> {
        if self.watchers(on).await?.contains(&person) == watching {
            return Ok(());
        }
        let stamp = Stamp::now(self.now(), door);
        let row = if watching {
            Statement::insert_new("watcher")
                .set("record_type", on.record_type.clone())
                .set("number", on.number)
                .set("person", person)
                .set("since", stamp.at)
        } else {
            Statement::delete("watcher")
                .when("record_type", on.record_type.clone())
                .when("number", on.number)
                .when("person", person)
        };
        let action = if watching { "watch" } else { "unwatch" };
        self.note(permit, record, &stamp, action, serde_json::json!({"person": person}), vec![row]).await?;
        Ok(())
    }

    /// Numbers of the people who watch a record, as far as the caller may know: who reads as a requester hears only of
    /// himself. Who may see the record at all is not asked here.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn watchers_for(&self, caller: &Caller, on: &Reference) -> Result<Vec<i64>, Error> {
        let mut all = self.watchers(on).await?;
        if self.registry().get(&on.record_type).is_some_and(|of| caller.reads_as_requester(of)) {
            all.retain(|person| Some(*person) == caller.person);
        }
        Ok(all)
    }

    /// Numbers of the people who watch a record, in order of their beginning.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn watchers(&self, on: &Reference) -> Result<Vec<i64>, Error> {
        let question = Select::from("watcher", &["person"])
            .short()
            .when("record_type", on.record_type.clone())
            .when("number", on.number)
            .order("since")
            .order("person")
            .limit(1_000);
        Ok(self.store().select(question).await?.iter().map(|row| row.int(0)).collect())
    }
}

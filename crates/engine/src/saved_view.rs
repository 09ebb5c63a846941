//! Saved views: a named condition and order that a person keeps for a list, for himself or for all.

use proofdesk_model::Caller;
use proofdesk_store::{Select, Statement};
use serde::Serialize;
use uuid::Uuid;

use crate::Engine;
use crate::error::Error;

/// A saved view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SavedView {
    /// Its id.
    pub id: String,
    /// Type that it lists.
    pub record_type: String,
    /// What the tab says.
    pub label: String,
    /// The condition's source text; empty lists everything.
    pub filter: String,
    /// Column that it is sorted by.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Person who made it.
    pub person: i64,
    /// Everybody sees it.
    pub shared: bool,
}

impl Engine {
    /// Saves a view. The condition is checked first.
    ///
    /// # Errors
    /// `Invalid` for a label or condition that is none, or when the caller is no person.
    pub async fn save_view(&self, caller: &Caller, mut view: SavedView) -> Result<SavedView, Error> {
        view.person =
            caller.person.ok_or_else(|| Error::invalid("person", "required", "Only a person has views."))?;
        view.label = view.label.trim().chars().take(60).collect();
        if view.label.is_empty() {
            return Err(Error::invalid("label", "required", "Give the view a name."));
        }
        if !view.filter.trim().is_empty() {
            self.condition(&view.filter, &view.record_type)?;
        }
        view.id = Uuid::now_v7().to_string();
        let row = Statement::insert("saved_view")
            .set("id", view.id.clone())
            .set("record_type", view.record_type.clone())
            .set("label", view.label.clone())
            .set("filter", view.filter.clone())
            .set("sort", view.sort.clone())
            .set("descending", view.descending)
            .set("person", view.person)
            .set("shared", view.shared);
        self.store().execute(vec![row]).await?;
        Ok(view)
    }

    /// Removes one of the caller's views.
    ///
    /// # Errors
    /// `NotFound` when it is not one of his.
    pub async fn remove_view(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let views = self.views_of(caller).await?;
        let mine = views.iter().any(|v| v.id == id && Some(v.person) == caller.person);
        if !mine {
            return Err(Error::NotFound("view of yours with this id".to_owned()));
        }
        Ok(self.store().execute(vec![Statement::delete("saved_view").when("id", id.to_owned())]).await?)
    }

    /// The caller's views of a type and the shared ones, oldest first.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn saved_views(&self, caller: &Caller, record_type: &str) -> Result<Vec<SavedView>, Error> {
        let views = self.views_of(caller).await?;
        Ok(views.into_iter().filter(|v| v.record_type == record_type).collect())
    }

    async fn views_of(&self, caller: &Caller) -> Result<Vec<SavedView>, Error> {
        let columns = ["id", "record_type", "label", "filter", "sort", "descending", "person", "shared"];
        let rows = self.store().select(Select::from("saved_view", &columns).order("id").limit(2_000)).await?;
        let views = rows.iter().map(|row| SavedView {
            id: row.text(0).to_owned(),
            record_type: row.text(1).to_owned(),
            label: row.text(2).to_owned(),
            filter: row.text(3).to_owned(),
            sort: row.text(4).to_owned(),
            descending: row.bool(5),
            person: row.int(6),
            shared: row.bool(7),
        });
        Ok(views.filter(|v| v.shared || Some(v.person) == caller.person).collect())
    }
}

//! Saved views: a named condition, order and columns that a person keeps for a list, for himself or for all.

use proofdesk_model::record_type::COMMON;
use proofdesk_model::{Caller, Kind, Problem, Problems, RecordType};
use proofdesk_store::{Row, Select, Statement};
use serde::Serialize;
use uuid::Uuid;

use crate::Engine;
use crate::error::Error;

/// Longest name of a view, characters.
pub const VIEW_LABEL_MAX: usize = 120;

/// Most columns of a view.
pub const VIEW_COLUMNS_MAX: usize = 20;

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
    /// Columns that it shows, in order; empty shows those of the declaration.
    pub columns: Vec<String>,
    /// Person who made it.
    pub person: i64,
    /// Everybody sees it.
    pub shared: bool,
}

/// Whether a list of this type can be sorted by a column.
pub fn is_sortable(of: &RecordType, column: &str) -> bool {
    of.column_index(column).is_some() || COMMON.iter().any(|(name, _)| *name == column)
}

/// Whether a list of this type can show a column: one that everybody who reads it may see, and short.
pub fn is_listable(of: &RecordType, column: &str) -> bool {
    match of.field(column) {
        Some(field) => {
            !field.hidden && !field.retired && !matches!(field.kind, Kind::Markdown | Kind::Links { .. })
        }
        None => COMMON.iter().any(|(name, _)| *name == column),
    }
}

impl Engine {
    /// Saves a view. The condition is checked first.
    ///
    /// # Errors
    /// `Invalid` with all that is wrong, or when the caller is no person.
    pub async fn save_view(&self, caller: &Caller, view: SavedView) -> Result<SavedView, Error> {
        self.save_view_once(caller, view, Uuid::now_v7()).await
    }

    /// As [`Engine::save_view`]; `id` makes it happen at most once.
    ///
    /// # Errors
    /// As [`Engine::save_view`].
    pub async fn save_view_once(
        &self,
        caller: &Caller,
        mut view: SavedView,
        id: Uuid,
    ) -> Result<SavedView, Error> {
        view.person =
            caller.person.ok_or_else(|| Error::invalid("person", "required", "Only a person has views."))?;
        self.check_view(caller, &mut view)?;
        view.id = id.to_string();
        let row = set(Statement::insert("saved_view").set("id", view.id.clone()), &view)
            .set("record_type", view.record_type.clone())
            .set("person", view.person);
        match self.store().execute(vec![row]).await {
            Err(proofdesk_store::Error::Duplicate) => self.view(caller, &view.id).await,
            done => Ok(done.map(|()| view)?),
        }
    }

    /// Changes one of the caller's views: everything but its type.
    ///
    /// # Errors
    /// `NotFound` when it is not one of his; as [`Engine::save_view`].
    pub async fn update_view(&self, caller: &Caller, mut view: SavedView) -> Result<SavedView, Error> {
        let held = self.own_view(caller, &view.id).await?;
        (view.record_type, view.person) = (held.record_type, held.person);
        self.check_view(caller, &mut view)?;
        let row = set(Statement::update("saved_view"), &view).when("id", view.id.clone());
        self.store().execute(vec![row]).await?;
        Ok(view)
    }

    /// Says everything that is wrong with a view, and trims its name.
    fn check_view(&self, caller: &Caller, view: &mut SavedView) -> Result<(), Error> {
        let of = self.require_type(&view.record_type)?;
        let mut problems = Problems::default();
        view.label = view.label.trim().to_owned();
        let length = view.label.chars().count();
        if length == 0 {
            problems.push(Problem::new("label", "required", "Give the view a name."));
        } else if length > VIEW_LABEL_MAX {
            let message = format!("The name has {length} characters; {VIEW_LABEL_MAX} is the most.");
            problems.push(Problem::new("label", "size", message));
        } else if view.label.chars().any(char::is_control) {
            problems.push(Problem::new("label", "format", "The name is one line of text."));
        }
        let is_column = is_sortable(&of, &view.sort) && caller.sees(&of, &view.sort);
        if !view.sort.is_empty() && !is_column {
            problems.push(Problem::new(
                "sort",
                "unknown",
                format!("`{}` is not a column.", short(&view.sort)),
            ));
        }
        let mut seen = std::collections::BTreeSet::new();
        view.columns.retain(|name| seen.insert(name.clone()));
        for name in view.columns.iter().filter(|name| !is_listable(&of, name) || !caller.sees(&of, name)) {
            let message = format!("A list of {} has no column `{}`.", of.plural.to_lowercase(), short(name));
            problems.push(Problem::new("columns", "unknown", message));
        }
        if view.columns.len() > VIEW_COLUMNS_MAX {
            let message = format!("A view has at most {VIEW_COLUMNS_MAX} columns.");
            problems.push(Problem::new("columns", "size", message));
        }
        // what he does not see is no field for him here either
        let checked = |filter: &str| {
            let condition = self.condition(filter, &view.record_type)?;
            self.check_sees(caller, &of, &condition)
        };
        if !view.filter.trim().is_empty()
            && let Err(Error::Invalid(more)) = checked(&view.filter)
        {
            problems.0.extend(more.0);
        }
        problems.into_result().map_err(Error::Invalid)
    }

    /// Removes one of the caller's views.
    ///
    /// # Errors
    /// `NotFound` when it is not one of his.
    pub async fn remove_view(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        let held = self.own_view(caller, id).await?;
        Ok(self.store().execute(vec![Statement::delete("saved_view").when("id", held.id)]).await?)
    }

    /// One view that the caller may see.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub async fn view(&self, caller: &Caller, id: &str) -> Result<SavedView, Error> {
        let question = Select::from("saved_view", &COLUMNS).when("id", id.to_owned()).limit(1);
        let rows = self.store().select(question).await?;
        let found = rows.iter().map(read).next();
        found
            .filter(|v| v.shared || Some(v.person) == caller.person)
            .ok_or_else(|| Error::NotFound("view with this id".to_owned()))
    }

    async fn own_view(&self, caller: &Caller, id: &str) -> Result<SavedView, Error> {
        let missing = || Error::NotFound("view of yours with this id".to_owned());
        let found = self.view(caller, id).await.map_err(|error| match error {
            Error::NotFound(_) => missing(),
            other => other,
        })?;
        if Some(found.person) == caller.person { Ok(found) } else { Err(missing()) }
    }

    /// The caller's views of a type and the shared ones, oldest first; at most 500 of each.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn saved_views(&self, caller: &Caller, record_type: &str) -> Result<Vec<SavedView>, Error> {
        let question = || {
            Select::from("saved_view", &COLUMNS)
                .when("record_type", record_type.to_owned())
                .order("id")
                .limit(500)
                .short()
        };
        let mut rows = self.store().select(question().when("shared", true)).await?;
        if let Some(person) = caller.person {
            rows.extend(self.store().select(question().when("person", person)).await?);
        }
        let mut views: Vec<SavedView> = rows.iter().map(read).collect();
        views.sort_by(|a, b| a.id.cmp(&b.id));
        views.dedup_by(|a, b| a.id == b.id);
        Ok(views)
    }
}

const COLUMNS: [&str; 9] =
    ["id", "record_type", "label", "filter", "sort", "descending", "person", "shared", "columns"];

fn read(row: &Row) -> SavedView {
    SavedView {
        id: row.text(0).to_owned(),
        record_type: row.text(1).to_owned(),
        label: row.text(2).to_owned(),
        filter: row.text(3).to_owned(),
        sort: row.text(4).to_owned(),
        descending: row.bool(5),
        person: row.int(6),
        shared: row.bool(7),
        columns: row.text(8).split(',').filter(|c| !c.is_empty()).map(str::to_owned).collect(),
    }
}

/// What may change of a view.
fn set(statement: Statement, view: &SavedView) -> Statement {
    statement
        .set("label", view.label.clone())
        .set("filter", view.filter.clone())
        .set("sort", view.sort.clone())
        .set("descending", view.descending)
        .set("shared", view.shared)
        .set("columns", view.columns.join(","))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

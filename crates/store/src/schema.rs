//! Record tables from declarations: what must be done to the database so that it fits them.
//!
//! Additive only: tables, columns and indexes are added, columns renamed where a declaration says `was`. Nothing is
//! removed but indexes that no declaration asks for any more.

mod found;
mod index;
mod table;

use std::collections::BTreeSet;

use proofdesk_model::record_type::Shape;
use proofdesk_model::{Kind, RecordType, Registry};

use crate::error::Error;
use crate::migrations::TABLES;
use crate::sql::Dialect;
use crate::store::{Backend, Store};
use found::Found;
use table::{column_type, quoted};

/// Steps that bring the database to the declarations, in order; empty when it fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<PlanStep>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStep {
    /// What it does, for a person.
    pub what: String,
    /// The statement.
    pub sql: String,
}

impl Plan {
    fn add(&mut self, what: String, sql: String) {
        self.steps.push(PlanStep { what, sql });
    }

    /// The plan for an empty database: every record table as SQL, for the schema snapshot.
    ///
    /// # Errors
    /// As [`Store::plan`], for names that are the engine's.
    pub fn from_nothing(registry: &Registry, dialect: Dialect) -> Result<Self, Error> {
        plan(registry, &Found::default(), dialect)
    }
}

impl Store {
    /// Compares the record tables with the declarations. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Schema`] with all findings: a column that is neither declared nor retired nor renamed, or that has
    /// another type; a record type with the name of an engine table.
    pub async fn plan(&self, registry: &Registry) -> Result<Plan, Error> {
        let found = Found::read(self).await?;
        plan(registry, &found, self.dialect())
    }

    /// Carries out the plan in one transaction and gives what was done.
    ///
    /// # Errors
    /// As [`Store::plan`].
    pub async fn migrate(&self, registry: &Registry) -> Result<Plan, Error> {
        let plan = self.plan(registry).await?;
        if plan.steps.is_empty() {
            return Ok(plan);
        }
        let script: Vec<String> = plan.steps.iter().map(|step| step.sql.clone()).collect();
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.script(script).await?,
            Backend::Postgres(postgres) => postgres.script(script).await?,
        }
        Ok(plan)
    }
}

/// What must be done to what was found.
fn plan(registry: &Registry, found: &Found, dialect: Dialect) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    let mut findings = Vec::new();
    for of in registry.types() {
        if TABLES.contains(&of.name.as_str()) {
            findings.push(format!("`{}` is a table of the program; name the record type otherwise", of.name));
            continue;
        }
        match found.tables.get(&of.name) {
            None => plan
                .add(format!("make the table of {}", of.plural.to_lowercase()), table::create(of, dialect)),
            Some(columns) => alter(of, columns, dialect, &mut plan, &mut findings),
        }
        let wanted = index::indexes(of, dialect)?;
        let names: BTreeSet<&str> = wanted.iter().map(|i| i.name.as_str()).collect();
        let own = index::prefix(of);
        for (name, table) in &found.indexes {
            if *table == of.name && name.starts_with(&own) && !names.contains(name.as_str()) {
                let what =
                    format!("drop an index of {} that no declaration asks for", of.plural.to_lowercase());
                plan.add(what, format!("DROP INDEX {}", quoted(name)));
            }
        }
        for index in wanted.into_iter().filter(|i| !found.indexes.contains_key(&i.name)) {
            plan.add(format!("index {}: {}", of.plural.to_lowercase(), index.what), index.sql);
        }
    }
    if findings.is_empty() { Ok(plan) } else { Err(Error::Schema(findings)) }
}

/// Whether a column holds the id of an attachment; before 2026-11-23 it was a whole number.
fn is_file(of: &RecordType, name: &str) -> bool {
    of.field(name).is_some_and(|field| matches!(field.kind, Kind::File))
}

/// Steps for a table that exists.
fn alter(
    of: &RecordType,
    columns: &[(String, String)],
    dialect: Dialect,
    plan: &mut Plan,
    findings: &mut Vec<String>,
) {
    let mut present: Vec<(String, String)> = columns.to_vec();
    for column in of.columns() {
        let is_there = present.iter().any(|(name, _)| *name == column.name);
        let was = of.field(&column.field).and_then(|field| field.was.as_deref());
        // Money has a second column, named after the first.
        let was = was.map(|was| column.name.replacen(&column.field, was, 1));
        let old = present.iter_mut().find(|(name, _)| Some(name) == was.as_ref());
        match old {
            Some(old) if !is_there => {
                let (table, from, to) = (quoted(&of.name), quoted(&old.0), quoted(&column.name));
                let what = format!("rename `{}` of {} to `{}`", old.0, of.name, column.name);
                plan.add(what, format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}"));
                old.0.clone_from(&column.name);
            }
            _ if !is_there => {
                let what = format!("add `{}` to {}", column.name, of.name);
                plan.add(
                    what,
                    format!("ALTER TABLE {} ADD COLUMN {}", quoted(&of.name), table::column(column, dialect)),
                );
            }
            _ => {}
        }
    }
    for (name, found_type) in &present {
        match table::declared_shape(of, name) {
            None => findings.push(format!(
                "the table {} has a column `{name}` that is not declared; declare it, mark the field as retired, or say was=\"{name}\" on the field that replaces it",
                of.name
            )),
            Some(shape) if !found_type.eq_ignore_ascii_case(column_type(shape, dialect).0) => {
                if is_file(of, name) && found_type.eq_ignore_ascii_case(column_type(Shape::Int, dialect).0) {
                    table::number_to_text(of, name, dialect, plan);
                    continue;
                }
                findings.push(format!(
                    "the column `{name}` of {} is {found_type}, the declaration needs {}; declare the field under a new name",
                    of.name,
                    column_type(shape, dialect).0
                ));
            }
            Some(_) => {}
        }
    }
}

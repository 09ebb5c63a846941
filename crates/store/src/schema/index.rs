//! Which indexes a record table gets: for its external key, its links, the orders of its declared views (only the
//! open records where a view can show no others), and fields declared as indexed.

use std::collections::BTreeMap;

use proofdesk_model::record_type::Shape;
use proofdesk_model::{Field, RecordType};
use sha2::{Digest, Sha256};

use super::table::quoted;
use crate::error::Error;
use crate::list::order::Order;
use crate::list::states::{Part, part_of};
use crate::sql::Dialect;

/// An index to make.
pub(super) struct Index {
    pub name: String,
    pub what: String,
    pub sql: String,
}

/// What the names of a type's indexes begin with.
pub(super) fn prefix(of: &RecordType) -> String {
    format!("ix_{}_", of.name.chars().take(30).collect::<String>())
}

/// The indexes of a type, each once.
pub(super) fn indexes(of: &RecordType, dialect: Dialect) -> Result<Vec<Index>, Error> {
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    let links = of.columns().iter().filter(|c| c.shape == Shape::Link).map(|c| c.name.clone());
    let declared = of.fields.values().filter(|f| f.indexed).flat_map(Field::columns);
    for column in links.chain(declared) {
        let name = quoted(&column);
        // Most are empty in most records: those cost nothing, and no look-up by value needs them.
        wanted.insert(format!("({name}) WHERE {name} IS NOT NULL"), format!("records by {column}"));
    }
    for view in &of.views {
        let order = Order::new(of, &view.sort, view.descending, dialect)?;
        let columns = if order.is_number { String::new() } else { format!("{}, ", order.key) };
        let part = view.condition.as_ref().and_then(|condition| part_of(of, condition));
        match part.and_then(|part| Some((part, part.words(of)?))) {
            Some((part, words)) => {
                let what = format!("{} records by {}", part.label(), view.sort);
                wanted.insert(format!("({columns}\"number\") WHERE {words}"), what);
            }
            None if order.is_number => {}
            None => {
                wanted.insert(format!("({columns}\"number\")"), format!("all records by {}", view.sort));
            }
        }
    }
    if let Some(words) = Part::Open.words(of)
        && !wanted.keys().any(|definition| definition.ends_with(&words))
    {
        wanted.insert(format!("(\"number\") WHERE {words}"), "open records".to_owned());
    }
    let table = quoted(&of.name);
    let mut indexes: Vec<Index> = wanted
        .into_iter()
        .map(|(definition, what)| {
            // The name tells the definition, so that a changed one is another index.
            let mark = hex::encode(&Sha256::digest(definition.as_bytes())[..4]);
            let name = format!("{}{mark}", prefix(of));
            let sql = format!("CREATE INDEX {} ON {table} {definition}", quoted(&name));
            Index { name, what, sql }
        })
        .collect();
    let name = format!("{}external_key", prefix(of));
    let sql = format!(
        "CREATE UNIQUE INDEX {} ON {table} (\"external_key\") WHERE \"external_key\" IS NOT NULL",
        quoted(&name)
    );
    indexes.push(Index { name, what: "records by external key, each once".to_owned(), sql });
    Ok(indexes)
}

//! `collect`: other records that a page gathers for one record, such as the inputs of a management review.

use indexmap::IndexMap;

use crate::field::{Field, Kind};
use crate::load::conditions::checked;
use crate::load::fields::{clause_form, label_of};
use crate::load::node::Node;
use crate::load::text::{Book, Word, hint};
use crate::load::tree::{CollectTree, TypeTree};
use crate::record_type::{Collection, PERIOD, RecordType, Through};
use crate::registry::Registry;

/// Reads one `collect`.
pub(crate) fn read(node: Node<'_>, book: &mut Book<'_>) -> Option<CollectTree> {
    let props = node.props(&["label", "clause", "from", "through", "on"], book);
    let [name] = node.args(["name"], book)?;
    let (label, clause, on) = (props.text("label", book), props.text("clause", book), props.text("on", book));
    let (from, through) = (props.text("from", book), props.text("through", book));
    if from.is_none() {
        book.mistake(node.spot(), "a collection says of what it is: from=\"record type\"");
    }
    let mut condition = None;
    for child in node.children() {
        if child.word() == "where" {
            child.props(&[], book);
            child.childless(book);
            condition = child.args(["condition"], book).map(|[c]| c);
        } else {
            let hint = hint(child.word(), ["where"]);
            book.mistake(child.spot(), format!("a collection has no `{}`{hint}", child.word()));
        }
    }
    Some(CollectTree { name, label, clause, from: from?, through, on, condition })
}

/// Builds the collections of every type, once all types are there.
pub(crate) fn place(trees: &IndexMap<String, TypeTree>, registry: &mut Registry, book: &mut Book<'_>) {
    for (name, tree) in trees {
        let mut found: Vec<Collection> = Vec::new();
        for written in &tree.collections {
            if found.iter().any(|c| c.name == written.name.text) {
                let message = format!("`{}` is already a collection of `{name}`", written.name.text);
                book.mistake(written.name.spot, message);
            }
            found.extend(one(written, name, registry, book));
        }
        if !found.is_empty() {
            registry.amend(name, |of| of.collections = found);
        }
    }
}

/// The link of a type that leads to another one.
pub(super) fn through(word: &Word, host: &str, from: &RecordType, book: &mut Book<'_>) -> Option<Through> {
    let leads = |f: &&Field| f.target() == Some(host);
    match from.field(&word.text).filter(leads) {
        Some(field) => {
            let many = matches!(field.kind, Kind::Links { .. });
            Some(Through { field: field.name.clone(), many })
        }
        None => {
            let links = from.fields.values().filter(leads).map(|f| f.name.as_str());
            let hint = hint(&word.text, links);
            let message = format!("`{}` of {} is no link to {host}{hint}", word.text, from.name);
            book.mistake(word.spot, message);
            None
        }
    }
}

fn one(
    written: &CollectTree,
    host_name: &str,
    registry: &Registry,
    book: &mut Book<'_>,
) -> Option<Collection> {
    let Some(from) = registry.get(&written.from.text) else {
        let hint = hint(&written.from.text, registry.types().map(|t| t.name.as_str()));
        book.mistake(written.from.spot, format!("there is no record type `{}`{hint}", written.from.text));
        return None;
    };
    if let Some(on) = &written.on {
        let dated = from.field(&on.text).is_some_and(|f| matches!(f.kind, Kind::Instant | Kind::Day));
        if !dated && !["created_at", "updated_at"].contains(&on.text.as_str()) {
            let message = format!("`{}` is no instant or day of {}", on.text, written.from.text);
            book.mistake(on.spot, message);
        }
        let host = registry.get(host_name);
        let period = PERIOD.iter().all(|name| {
            host.and_then(|of| of.field(name)).is_some_and(|field| matches!(field.kind, Kind::Day))
        });
        if !period {
            let message = format!(
                "`on` takes the period of the record: declare the days {} and {}",
                PERIOD[0], PERIOD[1]
            );
            book.mistake(on.spot, message);
        }
    }
    if let Some(clause) = &written.clause {
        clause_form(clause, book);
    }
    let through = match &written.through {
        Some(word) => Some(through(word, host_name, from, book)?),
        None => None,
    };
    let condition = match &written.condition {
        Some(word) => Some(checked(word, &written.from.text, registry, book)?),
        None => None,
    };
    let text = |word: &Option<Word>| word.as_ref().map(|w| w.text.clone());
    Some(Collection {
        name: written.name.text.clone(),
        label: text(&written.label).unwrap_or_else(|| label_of(&written.name.text)),
        clause: text(&written.clause),
        from: written.from.text.clone(),
        through,
        on: text(&written.on),
        condition,
    })
}

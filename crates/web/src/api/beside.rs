//! What belongs to a record beside its fields: history, comments, relations, watching, and what it owes.

use axum::Router;
use axum::extract::Path;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use proofdesk_engine::{
    Action, Audience, Change, Comment, Door, Error, HistoryItem, LinkChange, ListRequest, Record, Reference,
    Stamp, Target,
};
use proofdesk_model::format::write_instant;
use proofdesk_model::{Field, Kind, RecordType, Value};
use serde_json::{Map, Value as Json, json};

use crate::api::client::{Client, short};
use crate::api::input::{self, Params};
use crate::api::json;
use crate::api::keyed::Keyed;
use crate::api::once::{Answer, Write};
use crate::api::problem::ApiError;
use crate::state::AppState;

/// `…/history`, `…/comments`, `…/links/{relation}`, `…/watch`, `…/owes`.
pub fn router() -> Router<AppState> {
    let record = "/api/v1/{type}/{reference}";
    Router::new()
        .route(&format!("{record}/history"), get(history))
        .route(&format!("{record}/comments"), get(comments).post(comment))
        .route(&format!("{record}/links/{{relation}}"), get(related).post(link))
        .route(&format!("{record}/links/{{relation}}/{{other}}"), delete(unlink))
        .route(&format!("{record}/watch"), get(watchers).put(watch).delete(unwatch))
        .route(&format!("{record}/owes"), get(owes))
}

type Named = Path<(String, String)>;

async fn history(client: Client, Path((name, written)): Named, uri: Uri) -> Result<Answer, ApiError> {
    let (of, reference) = client.require_reference(&name, &written)?;
    let params = Params::read(&uri, &["limit", "before"])?;
    let limit = usize::try_from(params.number("limit", 1, 200, 50)?).unwrap_or(50);
    let before = params.number("before", 1, i64::MAX, i64::MAX)?;
    client.engine().require(&client.caller, &reference).await?;
    let items = client.engine().history_for(&client.caller, &reference, Some(before), limit).await?;
    let next = (items.len() == limit).then(|| items.last().map(|i| i.entry)).flatten();
    let entries: Vec<Json> = items.iter().map(|item| entry(&client, &of, item)).collect();
    Ok(Answer::ok(json!({"entries": entries, "next": next})))
}

fn entry(client: &Client, of: &RecordType, item: &HistoryItem) -> Json {
    let registry = client.registry();
    let value = |column: &str, v: &Json| json::entry_value(registry, of, column, v);
    let changes = item
        .changes
        .iter()
        .map(|c| json!({"field": c.field, "old": value(&c.field, &c.old), "new": value(&c.field, &c.new)}));
    let links = item
        .links
        .iter()
        .map(|(relation, other, added)| json!({"relation": relation, "reference": other, "added": added}));
    json!({
        "entry": item.entry,
        "leaf_index": item.leaf,
        "leaf_hash": item.hash,
        "version": item.version,
        "at": write_instant(item.at),
        "occurred_at": write_instant(item.occurred_at),
        "by": item.by,
        "person": item.person.map(|n| registry.write_reference(&Reference::new("person", n))),
        "door": item.door,
        "action": item.action,
        "changes": changes.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
        "note": item.note,
    })
}

fn comment_json(client: &Client, comment: &Comment) -> Json {
    let person = comment.person.map(|n| client.registry().write_reference(&Reference::new("person", n)));
    json!({
        "id": comment.id,
        "at": write_instant(comment.at),
        "person": person,
        "by": comment.by,
        "audience": comment.audience.as_str(),
        "body": comment.body,
        "door": comment.door,
    })
}

async fn comments(client: Client, Path((name, written)): Named, uri: Uri) -> Result<Answer, ApiError> {
    let (_, reference) = client.require_reference(&name, &written)?;
    Params::read(&uri, &[])?;
    client.engine().require(&client.caller, &reference).await?;
    let found = client.engine().comments(&client.caller, &reference).await?;
    let written: Vec<Json> = found.iter().map(|c| comment_json(&client, c)).collect();
    Ok(Answer::ok(json!({"comments": written})))
}

async fn comment(client: Client, Path((name, written)): Named, sent: Keyed) -> Result<Response, ApiError> {
    let (_, reference) = client.require_reference(&name, &written)?;
    let work = move |client, object, write| comment_once(client, reference.clone(), object, write);
    sent.once(client, work).await
}

async fn comment_once(
    client: Client,
    reference: Reference,
    object: Map<String, Json>,
    write: Write,
) -> Result<Answer, ApiError> {
    let mut form = input::Form::new(&object);
    let text = form.text("body", true);
    let audience = match form.word("audience", &["customer", "staff"]) {
        Some("staff") => Audience::Staff,
        _ => Audience::Customer,
    };
    form.finish()?;
    let engine = client.engine();
    let made = if write.done.is_some() {
        let id = write.id.to_string();
        let all = engine.comments(&client.caller, &reference).await?;
        all.into_iter()
            .find(|c| c.id == id)
            .ok_or_else(|| Error::NotFound("comment of this id".to_owned()))?
    } else {
        let stamp = Stamp::now(engine.now(), Door::Api);
        let text = text.unwrap_or_default();
        engine.comment_once(&client.caller, &reference, audience, &text, stamp, write.id).await?
    };
    let of = engine.require_type(&reference.record_type)?;
    let location = format!("{}/comments", super::records::address(&of, reference.number));
    Ok(Answer::created(location, comment_json(&client, &made)))
}

/// Where a relation of a type is kept.
enum Relation {
    /// A column of this type, or a many-link seen from either side.
    Own,
    /// A column of the other type.
    Theirs {
        /// The other type.
        from: String,
        /// Its field.
        field: String,
    },
}

fn relation(of: &RecordType, name: &str) -> Result<Relation, ApiError> {
    if let Some(inverse) = of.inverses.get(name) {
        return Ok(if inverse.many {
            Relation::Own
        } else {
            Relation::Theirs { from: inverse.from.clone(), field: inverse.field.clone() }
        });
    }
    let field = json::shown(of).find(|f| f.name == name && f.target().is_some());
    let missing =
        || ApiError::not_found(format!("relation `{}` of {}", short(name), of.plural.to_lowercase()));
    field.map(|_| Relation::Own).ok_or_else(missing)
}

async fn related(
    client: Client,
    Path((name, written, relation_name)): Path<(String, String, String)>,
    uri: Uri,
) -> Result<Answer, ApiError> {
    let (of, reference) = client.require_reference(&name, &written)?;
    let params = Params::read(&uri, &["limit", "after"])?;
    let limit = usize::try_from(params.number("limit", 1, 200, 50)?).unwrap_or(50);
    let engine = client.engine();
    let kept = relation(&of, &relation_name)?;
    if !client.caller.sees(&of, &relation_name) {
        let what = format!("relation `{}` of {}", short(&relation_name), of.plural.to_lowercase());
        return Err(ApiError::not_found(what));
    }
    let record = engine.require(&client.caller, &reference).await?;
    let (records, next) = match kept {
        Relation::Theirs { from, field } => {
            client.require_type(&from)?;
            let filter = engine.condition(&format!("{field} == '{}'", record.reference()), &from)?;
            let request = ListRequest {
                record_type: from,
                filter: Some(filter),
                sort: String::new(),
                descending: false,
                after: params.text("after").map(str::to_owned),
                limit,
            };
            let page = engine.list(&client.caller, &request).await?;
            (page.records, page.next)
        }
        Relation::Own => {
            let single = match record.get(&relation_name) {
                Value::Link(number) => {
                    of.field(&relation_name).and_then(|f| f.target()).map(|to| (to, number))
                }
                _ => None,
            };
            let others = match single {
                Some((to, number)) => {
                    let to = Reference::new(to, number);
                    match engine.load(&client.caller, &to).await {
                        Ok(found) => found.into_iter().collect(),
                        Err(Error::Forbidden(_)) => Vec::new(),
                        Err(other) => return Err(other.into()),
                    }
                }
                None => engine.related(&client.caller, &record, &relation_name).await?,
            };
            page_of(others, params.text("after"), limit)
        }
    };
    let written: Vec<Json> = records.iter().map(line).collect();
    Ok(Answer::ok(json!({"records": written, "next": next})))
}

/// A page of records that are all in memory, in order of number; the cursor is the last reference.
fn page_of(records: Vec<Record>, after: Option<&str>, limit: usize) -> (Vec<Record>, Option<String>) {
    let start = after.and_then(|a| records.iter().position(|r| r.reference() == a)).map_or(0, |i| i + 1);
    let more = records.len() > start + limit;
    let page: Vec<Record> = records.into_iter().skip(start).take(limit).collect();
    let next = page.last().filter(|_| more).map(Record::reference);
    (page, next)
}

/// A record in one line.
pub fn line(record: &Record) -> Json {
    json!({
        "reference": record.reference(),
        "record_type": record.of.name,
        "title": record.title(),
        "state": record.state,
    })
}

async fn link(
    client: Client,
    Path((name, written, relation_name)): Path<(String, String, String)>,
    sent: Keyed,
) -> Result<Response, ApiError> {
    let (_, reference) = client.require_reference(&name, &written)?;
    let work = move |client, object, write| {
        let (reference, relation_name) = (reference.clone(), relation_name.clone());
        link_once(client, reference, relation_name, object, write)
    };
    sent.once(client, work).await
}

async fn link_once(
    client: Client,
    reference: Reference,
    relation_name: String,
    object: Map<String, Json>,
    write: Write,
) -> Result<Answer, ApiError> {
    let mut form = input::Form::new(&object);
    let other = form.text("reference", true).unwrap_or_default();
    form.finish()?;
    relate(client, reference, relation_name, other, true, write).await
}

async fn unlink(
    client: Client,
    Path((name, written, relation_name, other)): Path<(String, String, String, String)>,
    uri: Uri,
) -> Result<Answer, ApiError> {
    let (_, reference) = client.require_reference(&name, &written)?;
    Params::read(&uri, &[])?;
    let write = Write { id: uuid::Uuid::now_v7(), done: None };
    relate(client, reference, relation_name, other, false, write).await?;
    Ok(Answer::nothing())
}

/// The record that a reference names, as it is written and not otherwise.
fn named(client: &Client, written: &str) -> Result<Reference, ApiError> {
    let found = client.registry().parse_reference(written);
    let found = found.filter(|r| client.registry().write_reference(r) == written);
    let says = "Name the other record by its reference, such as PRB-87.";
    Ok(found.ok_or_else(|| Error::invalid("reference", "format", says))?)
}

/// Adds or removes a relation from whichever side keeps it.
async fn relate(
    client: Client,
    reference: Reference,
    name: String,
    other: String,
    add: bool,
    write: Write,
) -> Result<Answer, ApiError> {
    let engine = client.engine();
    let of = engine.require_type(&reference.record_type)?;
    let kept = relation(&of, &name)?;
    let record = engine.require(&client.caller, &reference).await?;
    if write.done.is_some() {
        return super::records::whole(&client, &record).await;
    }
    let to = named(&client, &other)?;
    let absent =
        || ApiError::not_found(format!("{} under `{name}` of {}", short(&other), record.reference()));
    let target = match &kept {
        Relation::Theirs { from, .. } => Some(from.as_str()),
        Relation::Own => of
            .field(&name)
            .and_then(Field::target)
            .or_else(|| of.inverses.get(&name).map(|i| i.from.as_str())),
    };
    if target != Some(to.record_type.as_str()) {
        let message = format!("`{name}` leads to another type of record.");
        return Err(if add { Error::invalid("reference", "link", message).into() } else { absent() });
    }
    let (on, change, present) = match kept {
        Relation::Theirs { from, field } => {
            client.require_type(&from)?;
            let theirs = engine.require(&client.caller, &to).await?;
            let present = theirs.get(&field) == Value::Link(reference.number);
            let value = if add { Value::Link(reference.number) } else { Value::Null };
            (to, Change::default().with(&field, value), present)
        }
        Relation::Own => {
            let (change, present) = own_change(&record, &name, to, add);
            (reference.clone(), change, present)
        }
    };
    if !add && !present {
        return Err(absent());
    }
    if add && present {
        return super::records::whole(&client, &record).await;
    }
    let stamp = Stamp::now(engine.now(), Door::Api);
    engine.apply_at(&client.caller, Target::Existing(on, None), change, stamp, write.id).await?;
    let record = engine.require(&client.caller, &reference).await?;
    super::records::whole(&client, &record).await
}

/// The change of a record that keeps the relation itself, and whether it is there now.
fn own_change(record: &Record, name: &str, to: Reference, add: bool) -> (Change, bool) {
    let single = record.of.field(name).is_some_and(|f| !matches!(f.kind, Kind::Links { .. }));
    if single {
        let link = Value::Link(to.number);
        let present = record.get(name) == link;
        return (Change::default().with(name, if add { link } else { Value::Null }), present);
    }
    let present = record.links.get(name).is_some_and(|all| all.contains(&to));
    let links = vec![LinkChange { relation: name.to_owned(), to, add }];
    (Change { links, ..Change::default() }, present)
}

async fn watchers(client: Client, Path((name, written)): Named, uri: Uri) -> Result<Answer, ApiError> {
    let (_, reference) = client.require_reference(&name, &written)?;
    Params::read(&uri, &[])?;
    client.engine().require(&client.caller, &reference).await?;
    let all = client.engine().watchers_for(&client.caller, &reference).await?;
    let watching = client.caller.person.is_some_and(|me| all.contains(&me));
    let write = |n: &i64| client.registry().write_reference(&Reference::new("person", *n));
    let people: Vec<String> = all.iter().map(write).collect();
    Ok(Answer::ok(json!({"watching": watching, "watchers": people})))
}

async fn watch(client: Client, path: Named, uri: Uri) -> Result<Answer, ApiError> {
    set_watching(client, path, uri, true).await
}

async fn unwatch(client: Client, path: Named, uri: Uri) -> Result<Answer, ApiError> {
    set_watching(client, path, uri, false).await
}

async fn set_watching(
    client: Client,
    Path((name, written)): Named,
    uri: Uri,
    watching: bool,
) -> Result<Answer, ApiError> {
    let (_, reference) = client.require_reference(&name, &written)?;
    Params::read(&uri, &[])?;
    client.engine().watch(&client.caller, &reference, watching, Door::Api).await?;
    Ok(Answer::nothing())
}

async fn owes(client: Client, Path((name, written)): Named, uri: Uri) -> Result<Response, ApiError> {
    let (of, reference) = client.require_reference(&name, &written)?;
    Params::read(&uri, &[])?;
    let engine = client.engine();
    let record = engine.require(&client.caller, &reference).await?;
    let mut steps = Vec::new();
    for step in of.transitions_from(&record.state) {
        if !client.caller.may(&of, &Action::Transition(step.name.clone())) {
            continue;
        }
        let change = Change::default().take(&step.name);
        let target = Target::Existing(reference.clone(), None);
        let problems = engine.rehearse(&client.caller, target, change, Door::Api).await?;
        steps.push(json!({
            "transition": step.name,
            "label": step.label,
            "to": step.to,
            "primary": step.primary,
            "problems": problems.0,
        }));
    }
    let obligations = super::conformity::owed(&client, &record).await?;
    let body = json!({"reference": record.reference(), "state": record.state, "steps": steps, "obligations": obligations});
    Ok(Answer::ok(body).into_response())
}

//! One timeline for talk and history, newest first, and the box to write into it.

use std::collections::{BTreeSet, HashMap};

use maud::{Markup, html};
use proofdesk_engine::{Action, Audience, Comment, HistoryChange, HistoryItem, Record, Reference};
use proofdesk_model::clock_view::people_of_clocks;
use proofdesk_model::{Field, Kind, RecordType};
use serde_json::Value as Json;

use crate::error::WebError;
use crate::pages::record::{Loaded, clocked, door_words};
use crate::parts::value::{Eyes, prose};
use crate::parts::{person, tag, time};
use crate::session::Visit;

/// Looks up the titles of records that the history names but the record no longer links to, one query a type.
///
/// # Errors
/// A fault of the database.
pub async fn more_titles(
    visit: &Visit,
    record: &Record,
    history: &[HistoryItem],
    watchers: &[i64],
    titles: &mut HashMap<Reference, String>,
) -> Result<(), WebError> {
    let mut wanted: BTreeSet<Reference> = watchers.iter().map(|n| Reference::new("person", *n)).collect();
    for change in history.iter().flat_map(|i| &i.changes) {
        let target = record.of.field(&change.field).and_then(Field::target);
        for value in [&change.old, &change.new] {
            if let (Some(to), Some(number)) = (target, value.as_i64()) {
                wanted.insert(Reference::new(to, number));
            }
        }
    }
    wanted.extend(people_of_clocks(record).into_iter().map(|n| Reference::new("person", n)));
    wanted.retain(|r| !titles.contains_key(r));
    let wanted: Vec<Reference> = wanted.into_iter().collect();
    titles.extend(visit.engine().titles_of(&visit.caller, &wanted).await?);
    Ok(())
}

/// Links of one entry and relation that are named; more are counted.
const NAMED: usize = 3;

enum Line<'a> {
    Talk(&'a Comment),
    Event(&'a HistoryItem),
}

/// Everything that happened, newest first.
pub fn list(loaded: &Loaded, eyes: &Eyes<'_>) -> Markup {
    let mut lines: Vec<(i64, Line<'_>)> = loaded.comments.iter().map(|c| (c.at, Line::Talk(c))).collect();
    let events = loaded.history.iter().filter(|i| i.action != "comment" && is_worth_a_line(i));
    lines.extend(events.map(|i| (i.occurred_at, Line::Event(i))));
    lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    html! {
        // apart from the box to write in, so that what somebody is writing is never taken away
        div id="timeline" data-live=(loaded.address) {
            @if lines.is_empty() { p.muted { "What happens and what is said is listed here." } }
            ol.timeline aria-label="Activity" {
                @for (_, line) in &lines {
                    @match line {
                        Line::Talk(comment) => (talk(&loaded.record.of, comment, eyes)),
                        Line::Event(item) => (event(&loaded.record.of, item, eyes)),
                    }
                }
            }
        }
    }
}

fn is_worth_a_line(item: &HistoryItem) -> bool {
    item.action != "update" || !item.changes.is_empty() || !item.links.is_empty()
}

fn talk(of: &RecordType, comment: &Comment, eyes: &Eyes<'_>) -> Markup {
    let staff = comment.audience == Audience::Staff;
    let did = match comment.audience {
        _ if !of.reaches_customers() => " wrote",
        Audience::Staff => " noted, seen by staff only",
        Audience::Customer => " wrote to the customer",
    };
    html! {
        li {
            (person::avatar(&comment.by))
            div.event { b { (comment.by) } (did) " · " (time::proven(comment.at, eyes.now, eyes.zone)) }
            div.note.internal[staff && of.reaches_customers()] { (prose(&comment.body)) }
        }
    }
}

fn event(of: &RecordType, item: &HistoryItem, eyes: &Eyes<'_>) -> Markup {
    let step = of.transition(&item.action).map(|t| t.label.as_str());
    let parted = clocked::part(of, &item.changes);
    let mut told: Vec<String> =
        parted.clocks.iter().map(|(spec, changes)| clocked::says(of, spec, changes, eyes)).collect();
    // what only clocks did is theirs, not a change that somebody made
    let only_clocks = item.action == "update" && parted.own.is_empty() && item.links.is_empty();
    let what = match (item.action.as_str(), step) {
        ("create", _) => "Recorded".to_owned(),
        ("update", _) if only_clocks && !told.is_empty() => told.remove(0),
        ("update", _) => "Changed".to_owned(),
        ("attach", _) => "File added".to_owned(),
        ("watch", _) => "Began to watch".to_owned(),
        ("unwatch", _) => "Stopped watching".to_owned(),
        ("helped", _) => "Said that it helped".to_owned(),
        ("did_not_help", _) => "Said that it did not help".to_owned(),
        (_, Some(label)) => label.to_owned(),
        (other, None) => other.replace('_', " "),
    };
    html! {
        li {
            span.dot {}
            div.event {
                b { (what) }
                @if let Some(file) = item.note.as_ref().and_then(|n| n.get("name")).and_then(Json::as_str) { " " (file) }
                @if item.action != "create" { (changes(of, &parted.own, eyes)) }
                (links(of, item))
                @if item.action != "create" { @for one in &told { ". " (one) } }
                " · " (item.by) @if item.door != "page" { " · " (door_words(&item.door)) }
                " · " (time::proven(item.occurred_at, eyes.now, eyes.zone))
                @if item.is_imported() && item.occurred_at != item.at { " (sealed " (time::proven(item.at, eyes.now, eyes.zone)) ")" }
                @if item.action != "create" && !parted.clocks.is_empty() { (clocked::details(of, &parted, eyes)) }
            }
        }
    }
}

/// The links that an entry made and took away, each relation once: a few by name, more by their number.
pub fn links(of: &RecordType, item: &HistoryItem) -> Markup {
    let mut groups: Vec<(&str, bool, Vec<&str>)> = Vec::new();
    for (relation, other, added) in &item.links {
        match groups.iter_mut().find(|(name, was, _)| name == relation && was == added) {
            Some((_, _, others)) => others.push(other),
            None => groups.push((relation, *added, vec![other])),
        }
    }
    html! {
        @for (relation, added, others) in &groups {
            ", " @if *added { "linked " } @else { "unlinked " }
            @if others.len() > NAMED { span title=(others.join(", ")) { (others.len()) " " (relation_words(of, relation)) } }
            @else { (relation_words(of, relation)) @for (i, other) in others.iter().enumerate() { (if i > 0 { ", " } else { " " }) span.key { (other) } } }
        }
    }
}

/// The label of a relation, from either side.
pub fn relation_words(of: &RecordType, relation: &str) -> String {
    of.field(relation).map_or_else(|| relation.replace('_', " "), |f| f.label.to_lowercase())
}

/// The fields of an entry as words: label, old, new; long texts are only named.
pub fn changes(of: &RecordType, changes: &[HistoryChange], eyes: &Eyes<'_>) -> Markup {
    html! {
        @for (i, change) in changes.iter().take(12).enumerate() {
            (if i == 0 { ": " } else { ", " })
            (change.label) " "
            @let field = of.field(&change.field);
            @if field.is_some_and(|f| matches!(f.kind, Kind::Markdown)) { "rewritten" }
            @else {
                @if !change.old.is_null() { b { (words(of, &change.field, &change.old, eyes)) } " to " }
                @if change.new.is_null() { "empty" } @else { b { (words(of, &change.field, &change.new, eyes)) } }
            }
        }
        @if changes.len() > 12 { " and " (changes.len() - 12) " more" }
    }
}

/// A value of an entry as words.
pub fn words(of: &RecordType, name: &str, value: &Json, eyes: &Eyes<'_>) -> String {
    let field = of.field(name);
    if name == "state" {
        return value.as_str().map_or_else(|| value.to_string(), |name| tag::state_label(of, name));
    }
    if let (Some(to), Some(number)) = (field.and_then(Field::target), value.as_i64()) {
        return eyes.title(&Reference::new(to, number));
    }
    if let (Some(Kind::File), Some(id)) = (field.map(|f| &f.kind), value.as_str()) {
        return eyes.file(id).to_owned();
    }
    let column = of.columns().iter().find(|c| c.name == name);
    let read = column.and_then(|c| proofdesk_model::format::from_json(c.shape, value));
    match (field, read) {
        (Some(_), Some(proofdesk_model::Value::Instant(at))) => time::absolute(at, eyes.now, eyes.zone),
        (Some(field), Some(value)) => proofdesk_model::format::show(field, &value, eyes.zone),
        _ => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// The box to write to the customer or to staff.
pub fn write(visit: &Visit, loaded: &Loaded) -> Markup {
    let of = &loaded.record.of;
    let (customer, staff) = (visit.caller.may(of, &Action::Comment), visit.caller.may(of, &Action::Note));
    if !customer && !staff {
        return html! {};
    }
    let refused = loaded.refused("comment");
    let text = refused.and_then(|r| r.typed.text("body")).unwrap_or_default();
    let invalid = refused.map(|_| "true");
    let both = customer && staff && of.reaches_customers();
    let for_staff = match refused {
        Some(r) if both => r.typed.text("audience").is_some_and(|audience| audience == "staff"),
        _ => staff && !both,
    };
    let asks = if both { "Write to the customer, or switch to a staff note" } else { "Write a comment" };
    html! {
        section.card { form.body.stack id="comment" method="post" action={ (loaded.address) "/comment" } {
            label.sr for="comment-text" { "Comment" }
            textarea.field id="comment-text" name="body" rows="3" maxlength="50000" required data-key="c" placeholder=(asks)
                aria-invalid=[invalid] aria-describedby=[invalid.map(|_| "comment-wrong")] autofocus[invalid.is_some()] { "\n" (text) }
            (loaded.sentences("comment"))
            div.row.between {
                @if both { fieldset.row.small.muted {
                    legend.sr { "Who sees it" }
                    label.choice { input type="radio" name="audience" value="customer" checked[!for_staff]; span { "The customer sees this" } }
                    label.choice { input type="radio" name="audience" value="staff" checked[for_staff]; span { "Staff only" } }
                } } @else {
                    input type="hidden" name="audience" value=(if for_staff { "staff" } else { "customer" });
                    span.small.muted { @if of.reaches_customers() { @if for_staff { "Only staff sees this." } } @else { "Everyone who may read this record sees it." } }
                }
                button.button.primary { "Send " kbd { "C" } }
            }
        } }
    }
}

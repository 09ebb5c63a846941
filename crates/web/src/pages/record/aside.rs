//! Beside a record: targets, what it owes, facts, related records, watchers; and the tab of its files.

use maud::{Markup, html};
use proofdesk_engine::{Action, Audience, Reference};
use proofdesk_model::clock_view::{Writers, clock_story};
use proofdesk_model::{Computed, Field, Kind, Record, Value};

use crate::pages::record::{Loaded, long_texts, related};
use crate::pages::{owes, steps};
use crate::parts::empty::empty;
use crate::parts::value::Eyes;
use crate::parts::{clock, time};
use crate::session::Visit;

/// What presses: targets, and what the record owes. Beside the record where there is room, above it where there is
/// none.
pub fn due(visit: &Visit, loaded: &Loaded, eyes: &Eyes<'_>) -> Markup {
    let record = &loaded.record;
    let open = owes::open(&loaded.owed);
    html! {
        @if !record.of.clocks.is_empty() { (targets(record, eyes)) }
        @if steps::next(visit, record).is_some() || !loaded.owed.is_empty() {
            section.card {
                header { h2 { "What this record still owes" } @if open > 0 { span.tag.risk { (open) " open" } } @else { span.tag.ok { "nothing" } } }
                div.body.narrow { (owes::checks(&loaded.owed, &format!("{}/edit", loaded.address))) }
            }
        }
    }
}

/// The other cards of the side.
pub fn all(visit: &Visit, loaded: &Loaded, eyes: &Eyes<'_>) -> Markup {
    let record = &loaded.record;
    let edit = format!("{}/edit", loaded.address);
    let may_edit = visit.caller.may(&record.of, &Action::Update);
    html! {
        section.card {
            header { h2 { "Facts" } @if may_edit { a.small.muted href=(edit) data-key="e" { "Edit " kbd { "E" } } } }
            div.body { (facts(record, eyes)) }
        }
        (related::card(visit, loaded, eyes))
        (watchers(visit, loaded, eyes))
    }
}

fn targets(record: &Record, eyes: &Eyes<'_>) -> Markup {
    let agreement = record.of.clocks.iter().find_map(|c| record.text(&format!("{}_agreement", c.name)));
    html! {
        section.card {
            header { h2 { "Targets" } @if let Some(agreement) = agreement { span.small.muted { (agreement) } } }
            div.body { dl.facts {
                @for spec in record.of.clocks.iter().filter(|c| clock::is_shown(record, c)) {
                    dt { (spec.label) }
                    dd {
                        (clock::clock(record, spec, eyes.now))
                        @if let Some(due) = record.instant(&format!("{}_due_at", spec.name)) { " " span.faint { "due " (time::proven(due, eyes.now, eyes.zone)) } }
                        @if let Some(holder) = record.text(&format!("{}_holder", spec.name)) {
                            br; span.small.faint { (holder) @if let Some(by) = record.text(&format!("{}_agreement", spec.name)) { ", " (by) } }
                        }
                        @if let Some(missed) = record.text(&format!("{}_missed_by", spec.name)) { br; span.small { span.tag.bad { "missed before" } " " (missed) } }
                    }
                }
                @for (step, at) in waits(record) { dt { (step) " by itself" } dd { (time::proven(at, eyes.now, eyes.zone)) } }
            } }
            (stories(record, eyes))
        }
    }
}

/// Transitions that the record takes by itself, with their instants.
fn waits(record: &Record) -> impl Iterator<Item = (&str, i64)> {
    let due = |field: &Option<String>| record.instant(field.as_deref()?);
    let from = record.of.transitions_from(&record.state);
    from.filter_map(move |t| Some((t.label.as_str(), due(&t.at)?)))
}

/// How each clock came to where it stands: its happenings with the target, the pauses and what was agreed not to count.
fn stories(record: &Record, eyes: &Eyes<'_>) -> Markup {
    let person = |number: i64| eyes.title(&Reference::new("person", number));
    let when = |at: i64| time::absolute(at, eyes.now, eyes.zone);
    let writers = Writers { person: &person, when: &when };
    let told = record.of.clocks.iter().filter(|c| clock::is_shown(record, c));
    let told: Vec<_> = told.map(|c| (c, clock_story(record, &c.name, writers))).collect();
    let told: Vec<_> = told.into_iter().filter(|(_, story)| !story.happenings.is_empty()).collect();
    html! {
        @if !told.is_empty() {
            details.body.narrow {
                summary.small { "How the clocks came to this" }
                @for (spec, story) in told {
                    h3.small { (spec.label) }
                    ul.small {
                        @for happening in story.happenings { li { (time::proven(happening.at, eyes.now, eyes.zone)) " " (happening.words) } }
                        @if let Some(next) = story.next_fire_at { li.faint { (time::proven(next, eyes.now, eyes.zone)) " At risk or breached, unless it stops before." } }
                        @if let Some(without) = story.without { li.faint { (without) } }
                    }
                }
            }
        }
    }
}

/// Whether a field stands among the facts: filled, short, and not shown elsewhere on the page.
fn is_fact(record: &Record, field: &Field) -> bool {
    let elsewhere =
        field.name == record.of.title_field() || matches!(field.computed, Some(Computed::Clock(_)));
    let linked = matches!(field.kind, Kind::Links { .. }) || (matches!(field.kind, Kind::Link { .. }));
    !elsewhere && !field.hidden && !field.retired && !linked && record.get(&field.name) != Value::Null
}

fn facts(record: &Record, eyes: &Eyes<'_>) -> Markup {
    let mut first_text = true;
    let long: Vec<&str> = long_texts(record).iter().map(|f| f.name.as_str()).collect();
    let shown: Vec<&Field> = record
        .of
        .fields
        .values()
        .filter(|f| {
            // the first formatted text opens the page
            if matches!(f.kind, Kind::Markdown)
                && f.computed.is_none()
                && !f.hidden
                && std::mem::take(&mut first_text)
            {
                return false;
            }
            is_fact(record, f) && !long.contains(&f.name.as_str())
        })
        .collect();
    html! {
        @if shown.is_empty() { p.small.muted { "No facts are recorded yet." } }
        dl.facts { @for field in shown { dt { (field.label) } dd { (eyes.field(record, field)) } } }
    }
}

fn watchers(visit: &Visit, loaded: &Loaded, eyes: &Eyes<'_>) -> Markup {
    let mine = visit.caller.person.is_some_and(|p| loaded.watchers.contains(&p));
    let names: Vec<String> =
        loaded.watchers.iter().map(|n| eyes.title(&Reference::new("person", *n))).collect();
    html! {
        section.card {
            header {
                h2 { "Watching" }
                form.inline method="post" action={ (loaded.address) "/watch" } {
                    input type="hidden" name="watching" value=(if mine { "no" } else { "yes" });
                    button.button.quiet.small { @if mine { "Stop watching" } @else { "Watch this" } }
                }
            }
            div.body.small { (loaded.sentences("watch")) @if names.is_empty() { span.muted { "Nobody watches this record." } } @else { (names.join(", ")) } }
        }
    }
}

/// The files of a record, and the form to add one.
pub fn files_tab(visit: &Visit, loaded: &Loaded, eyes: &Eyes<'_>) -> Markup {
    let may_note = visit.caller.may(&loaded.record.of, &Action::Note);
    let most = visit.state.settings.attachment_max / 1_048_576;
    let refused = loaded.refused("file");
    let staff = refused.is_some_and(|r| r.typed.has("staff"));
    let invalid = refused.map(|_| "true");
    html! {
        section.card {
            @if loaded.files.is_empty() { (empty("Nothing is attached. Pictures, logs and documents of this record belong here.", &html! {})) }
            @else {
                div.scroll { table.list {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Size" } th scope="col" { "Added" } th.spare scope="col" { "SHA-256" } } }
                    tbody { @for file in &loaded.files { tr {
                        td.grow { a.link href={ (loaded.address) "/file/" (file.id) } { (file.name) } @if file.audience == Audience::Staff { " " span.tag.plain.risk { "staff only" } } br; span.small.faint { (file.media_type) } }
                        td.num { (size(file.size_bytes)) }
                        td.small { (time::proven(file.at, eyes.now, eyes.zone)) }
                        td.spare.mono title=(file.sha256) { (file.sha256.get(..12).unwrap_or_default()) "…" }
                    } } }
                } }
            }
        }
        @if visit.caller.may(&loaded.record.of, &Action::Attach) {
            section.card { form.body.stack method="post" enctype="multipart/form-data" action={ (loaded.address) "/file" } {
                label for="file" { "Add a file, at most " (most) " MB" }
                @if may_note { label.choice.small { input type="checkbox" name="staff" value="yes" checked[staff]; span { "Staff only" } } }
                input id="file" type="file" name="file" required aria-invalid=[invalid] aria-describedby=[invalid.map(|_| "file-wrong")];
                (loaded.sentences("file"))
                div { button.button.primary { "Add the file" } }
            } }
        }
    }
}

/// A size for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

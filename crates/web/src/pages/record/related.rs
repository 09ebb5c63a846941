//! Related records, both ways: links of the record itself and links of others to it.

use maud::{Markup, html};
use proofdesk_engine::{Action, Record, Reference};
use proofdesk_model::{Kind, RecordType, Registry, Value};

use crate::error::WebError;
use crate::layout::escape_query;
use crate::menu::{FAMILIES, slug};
use crate::pages::record::Loaded;
use crate::pages::record::timeline::relation_words;
use crate::parts::empty::empty;
use crate::parts::value::Eyes;
use crate::session::Visit;

/// Records of one relation that a page lists; the rest is a list of its own.
const SHOWN: usize = 12;

/// One relation of a record with its other ends.
struct Relation<'a> {
    name: &'a str,
    /// Family of the type at the other end.
    family: String,
    label: String,
    others: Vec<Reference>,
    /// The condition over the other type that lists all of them.
    all: Option<(String, String)>,
    may_unlink: bool,
}

fn relations<'a>(registry: &Registry, record: &'a Record) -> Vec<Relation<'a>> {
    let family = |others: &[Reference]| {
        let of = others.first().and_then(|r| registry.get(&r.record_type));
        of.map_or_else(String::new, |of| of.family.clone())
    };
    let of: &RecordType = &record.of;
    let mut found = Vec::new();
    for field in of.fields.values().filter(|f| !f.hidden && !f.retired) {
        let others = match (&field.kind, record.get(&field.name)) {
            (Kind::Link { to, .. }, Value::Link(number)) => vec![Reference::new(to.clone(), number)],
            (Kind::Links { .. }, _) => record.links.get(&field.name).cloned().unwrap_or_default(),
            _ => continue,
        };
        if !others.is_empty() {
            found.push(Relation {
                name: &field.name,
                family: family(&others),
                label: field.label.to_lowercase(),
                others,
                all: None,
                may_unlink: true,
            });
        }
    }
    for (name, inverse) in &of.inverses {
        let others = record.links.get(name).cloned().unwrap_or_default();
        if !others.is_empty() {
            let reference = record.reference();
            let condition = if inverse.many {
                format!("{}.exists(r, r == '{reference}')", inverse.field)
            } else {
                format!("{} == '{reference}'", inverse.field)
            };
            let all = Some((inverse.from.clone(), condition));
            found.push(Relation {
                name,
                family: family(&others),
                label: relation_words(of, name),
                others,
                all,
                may_unlink: inverse.many,
            });
        }
    }
    found
}

/// How many records are related.
pub fn count(visit: &Visit, record: &Record) -> usize {
    relations(visit.registry(), record).iter().map(|r| r.others.len()).sum()
}

/// A new record that would link to this one: what it is called, and its form.
struct Begin {
    label: String,
    address: String,
    /// A step of this record's workflow asks about the relation.
    is_asked: bool,
}

/// Most ways to begin a record that stand beside a record; where there are more, only those that its steps ask about.
const BEGINS: usize = 4;

/// The records that the visitor may begin from here, those that a step asks about first.
fn begins(visit: &Visit, record: &Record) -> Vec<Begin> {
    let of: &RecordType = &record.of;
    let mut found = Vec::new();
    for (name, inverse) in of.inverses.iter().filter(|(_, i)| !i.many) {
        let Some(from) = visit.registry().get(&inverse.from) else { continue };
        let field = from.field(&inverse.field);
        let is_entered = field.is_some_and(|f| crate::form::is_entered(f) && !matches!(f.kind, Kind::Person));
        if !is_entered || from.name == of.name || !visit.caller.may(from, &Action::Create) {
            continue;
        }
        let several = of.inverses.values().filter(|i| !i.many && i.from == inverse.from).count() > 1;
        let more = if several { format!(" ({})", relation_words(of, name)) } else { String::new() };
        found.push(Begin {
            label: format!("New {}{more}", from.label.to_lowercase()),
            address: format!("/{}/new?{}={}", slug(from), inverse.field, record.reference()),
            is_asked: of.asks_about(name),
        });
    }
    found.sort_by_key(|b| !b.is_asked);
    found
}

/// The card beside the record: the first of each relation, and what may be begun from here.
pub fn card(visit: &Visit, loaded: &Loaded, eyes: &Eyes<'_>) -> Markup {
    let found = relations(eyes.registry, &loaded.record);
    let mut begins = begins(visit, &loaded.record);
    if begins.len() > BEGINS {
        begins.retain(|b| b.is_asked);
    }
    html! {
        section.card {
            header { h2 { "Related" } a.small.muted href={ (loaded.address) "?tab=related" } { "All and link" } }
            div.body.stack.small {
                @if found.is_empty() { span.muted { "No record is linked yet." } }
                @for relation in found.iter().take(8) {
                    @for other in relation.others.iter().take(3) { div.row { span.tag.plain { (relation.label) } (eyes.link(other)) } }
                    @if relation.others.len() > 3 { div.faint { "and " (relation.others.len() - 3) " more " (relation.label) } }
                }
                @if !begins.is_empty() { div.row.tight { @for begin in begins.iter().take(BEGINS) { a.button.small href=(begin.address) { (begin.label) } } } }
            }
        }
    }
}

/// The tab: every relation with the records at its other end, to link and to unlink.
///
/// # Errors
/// A fault of the database.
pub async fn tab(visit: &Visit, loaded: &Loaded, eyes: &Eyes<'_>) -> Result<Markup, WebError> {
    let found = relations(visit.registry(), &loaded.record);
    let may = visit.caller.may(&loaded.record.of, &Action::Update);
    let mut wanted: Vec<Reference> =
        found.iter().flat_map(|r| r.others.iter().take(SHOWN).cloned()).collect();
    wanted.retain(|r| !loaded.titles.contains_key(r));
    let mut titles = loaded.titles.clone();
    titles.extend(visit.engine().titles_of(&visit.caller, &wanted).await?);
    let eyes = Eyes { titles: &titles, ..*eyes };
    Ok(html! {
        @if found.is_empty() {
            section.card {
                header { h2 { "Related records" } }
                (empty("Nothing is linked yet. Add what belongs together with this record.", &html! {}))
            }
        }
        @for (family, label) in FAMILIES {
            @let here: Vec<&Relation<'_>> = found.iter().filter(|r| r.family == family).collect();
            @if !here.is_empty() {
                section.card {
                    header { h2 { (label) } span.small.muted.num { (here.iter().map(|r| r.others.len()).sum::<usize>()) " related" } }
                    @for relation in here { (ends(loaded, relation, &eyes, may)) }
                }
            }
        }
        @if may { (link_form(loaded)) }
        @let begins = begins(visit, &loaded.record);
        @if !begins.is_empty() {
            section.card {
                header { h2 { "Begin a related record" } }
                div.body.row { @for begin in &begins { a.button.small href=(begin.address) { (begin.label) } } }
            }
        }
    })
}

/// One relation with the records at its other end.
fn ends(loaded: &Loaded, relation: &Relation<'_>, eyes: &Eyes<'_>, may: bool) -> Markup {
    html! {
        div.body.stack.relation {
            h3 { (relation.label) " " span.num { (relation.others.len()) } }
            @for other in relation.others.iter().take(SHOWN) {
                div.row.between {
                    (eyes.link(other))
                    @if may && relation.may_unlink {
                        form.inline method="post" action={ (loaded.address) "/unlink" } {
                            input type="hidden" name="relation" value=(relation.name);
                            input type="hidden" name="to" value=(eyes.registry.write_reference(other));
                            button.button.quiet.small aria-label={ "Unlink " (eyes.registry.write_reference(other)) } { "Unlink" }
                        }
                    }
                }
            }
            @if relation.others.len() > SHOWN {
                @if let Some((other, of)) = relation.all.as_ref().and_then(|(name, condition)| eyes.registry.get(name).map(|t| (condition, t))) {
                    a.link.small href={ "/" (slug(of)) "?filter=" (escape_query(other)) } { "List all " (relation.others.len()) }
                } @else { span.faint.small { "and " (relation.others.len() - SHOWN) " more" } }
            }
        }
    }
}

fn link_form(loaded: &Loaded) -> Markup {
    let of = &loaded.record.of;
    let refused = loaded.refused("link");
    let text = |name: &str| refused.and_then(|r| r.typed.text(name)).unwrap_or_default();
    let (relation, invalid) = (text("relation"), refused.map(|_| "true"));
    let own = of.fields.values().filter(|f| {
        matches!(f.kind, Kind::Link { .. } | Kind::Links { .. })
            && f.computed.is_none()
            && !f.hidden
            && !f.retired
    });
    let own = own.map(|f| (f.name.clone(), f.label.clone()));
    let inverse =
        of.inverses.iter().filter(|(_, i)| i.many).map(|(name, _)| (name.clone(), relation_words(of, name)));
    let all: Vec<(String, String)> = own.chain(inverse).collect();
    html! {
        @if !all.is_empty() {
            section.card { div.body.stack {
            form.row method="post" action={ (loaded.address) "/link" } {
                label.sr for="relation" { "Relation" }
                select.field.short id="relation" name="relation" { @for (name, label) in &all { option value=(name) selected[*name == relation] { (label) } } }
                label.sr for="to" { "Other record" }
                input.field.short id="to" name="to" value=(text("to")) required placeholder="PRB-87" autocomplete="off"
                    aria-invalid=[invalid] aria-describedby=[invalid.map(|_| "link-wrong")] autofocus[invalid.is_some()];
                button.button.primary { "Link" }
            }
            (loaded.sentences("link"))
            } }
        }
    }
}

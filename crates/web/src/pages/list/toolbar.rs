//! Above a list: tabs of views, and the filter box with mistakes underlined where they are.

use maud::{Markup, html};
use proofdesk_condition::Mistake;
use proofdesk_engine::VIEW_LABEL_MAX;

use crate::menu::slug;
use crate::pages::list::{Refused, Settled};
use crate::parts::tabs::{self, Tab};
use crate::session::Visit;

/// Declared views, then saved ones.
pub fn tabs(visit: &Visit, list: &Settled) -> Markup {
    let free = list.asked.filter.is_some() && list.asked.view.is_none() && list.asked.saved.is_none();
    let mut found = Vec::new();
    for (i, view) in list.views.iter().enumerate() {
        let first = i == 0 && list.asked.view.is_none() && list.asked.saved.is_none() && !free;
        found.push(Tab {
            label: view.label.clone(),
            count: visit.state.counts.of(visit.engine(), &visit.caller, &list.of, view.condition.as_ref()),
            address: format!("{}?view={}", list.base, view.name),
            current: first || list.asked.view.as_deref() == Some(&view.name),
        });
    }
    for view in &list.saved {
        found.push(Tab {
            label: view.label.clone(),
            count: None,
            address: format!("{}?saved={}", list.base, view.id),
            current: list.asked.saved.as_deref() == Some(&view.id),
        });
    }
    tabs::tabs("Views", &found, &html! {})
}

/// The condition in force, to be changed and to be kept as a view.
pub fn filter(visit: &Visit, list: &Settled, refused: &Refused) -> Markup {
    let open = list.asked.filter.is_some() || !list.mistakes.is_empty() || !refused.wrong.is_empty();
    let shown = list.saved.iter().find(|v| list.asked.saved.as_deref() == Some(&v.id));
    let mine = shown.filter(|v| visit.caller.person == Some(v.person));
    html! {
        details.filter open[open] {
            summary data-key="f" { "Filter and keep as view " kbd { "F" } }
            form.stack method="get" action=(list.base) {
                @if let Some(sort) = &list.asked.sort { input type="hidden" name="sort" value=(sort); input type="hidden" name="order" value=(if list.descending { "down" } else { "up" }); }
                label.small for="filter" { "Records for which this holds" }
                div.row.nowrap {
                    input.field.mono id="filter" name="filter" value=(list.source) maxlength="2000" autocomplete="off" spellcheck="false"
                        placeholder="state == 'new' && created_at > now - days(7)"
                        aria-invalid=[(!list.mistakes.is_empty()).then_some("true")] aria-describedby=[(!list.mistakes.is_empty()).then_some("filter-wrong")];
                    button.button { "Filter" }
                }
                @if !list.mistakes.is_empty() { (mistakes(&list.source, &list.mistakes)) }
            }
            @if list.mistakes.is_empty() {
                (keep(list, refused))
            }
            @if let Some(view) = mine {
                p.small { a.link href={ "/" (slug(&list.of)) "/view/" (view.id) } { "Change this view" } span.muted { ": its name, condition, order and columns, and who sees it" } }
            } @else if shown.is_some() { p.small.muted { "Somebody else keeps this view for everybody. Keep it under a name of your own to change it." } }
        }
    }
}

/// The form that keeps what is listed as a view, with what was wrong with the last try.
fn keep(list: &Settled, refused: &Refused) -> Markup {
    let label = refused.typed.text("label").unwrap_or_default();
    let shared = refused.typed.text("shared").is_some();
    let sentences = refused.wrong.all();
    let invalid = (!sentences.is_empty()).then_some("true");
    html! {
        form.row method="post" action={ "/" (slug(&list.of)) "/view" } {
            input type="hidden" name="filter" value=(list.source);
            input type="hidden" name="sort" value=(list.sort);
            input type="hidden" name="order" value=(if list.descending { "down" } else { "up" });
            input type="hidden" name="columns" value=(list.chosen_columns());
            input type="hidden" name="base" value=(list.base);
            input.field.short id="view-label" name="label" value=(label) aria-label="Name of the view" placeholder="Name of the view" maxlength=(VIEW_LABEL_MAX) required
                aria-invalid=[invalid] aria-describedby=[invalid.map(|_| "view-wrong")] autofocus[invalid.is_some()];
            label.choice.small { input type="checkbox" name="shared" value="yes" checked[shared]; span { "for everybody" } }
            button.button { "Keep as view" }
        }
        @if invalid.is_some() { div.wrong id="view-wrong" role="alert" { @for sentence in &sentences { p { (sentence) } } } }
    }
}

/// The text with its mistakes underlined, and what each of them is.
fn mistakes(source: &str, mistakes: &[Mistake]) -> Markup {
    html! {
        div.wrong id="filter-wrong" {
            p.mono { @for (piece, wrong) in pieces(source, mistakes) { @if wrong { span.underlined { (piece) } } @else { (piece) } } }
            @for mistake in mistakes { p { "At character " (source.get(..mistake.start).map_or(0, |s| s.chars().count()) + 1) ": " (mistake.message) } }
        }
    }
}

/// Cuts a text at the spots of its mistakes; a spot at the very end becomes a blank to underline.
fn pieces(source: &str, mistakes: &[Mistake]) -> Vec<(String, bool)> {
    let mut spots: Vec<(usize, usize)> = mistakes.iter().map(|m| (m.start, m.end.max(m.start + 1))).collect();
    spots.sort_unstable();
    let padded = format!("{source} ");
    let mut found = Vec::new();
    let mut at = 0;
    for (start, end) in spots {
        let (start, end) = (floor(&padded, start.max(at)), ceil(&padded, end));
        if start >= end {
            continue;
        }
        found.push((padded[at..start].to_owned(), false));
        found.push((padded[start..end].to_owned(), true));
        at = end;
    }
    found.push((padded[at..].to_owned(), false));
    found.retain(|(piece, _)| !piece.is_empty());
    found
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proofdesk_condition::Mistake;

    use super::pieces;

    fn cut(source: &str, spots: &[(usize, usize)]) -> String {
        let mistakes: Vec<Mistake> = spots
            .iter()
            .map(|(start, end)| Mistake { start: *start, end: *end, message: String::new() })
            .collect();
        pieces(source, &mistakes)
            .into_iter()
            .map(|(p, wrong)| if wrong { format!("[{p}]") } else { p })
            .collect()
    }

    #[test]
    fn mistakes_are_cut_out_where_they_are() {
        for (source, spots, shown) in [
            ("stat == 'new'", &[(0, 4)][..], "[stat] == 'new' "),
            ("a == b", &[(0, 1), (5, 6)], "[a] == [b] "),
            ("a ==", &[(4, 4)], "a ==[ ]"),
            ("größe", &[(2, 4)], "g[rö]ße ".replace("[rö]", "r[ö]").as_str()),
            ("a", &[(50, 60)], "a "),
        ] {
            assert_eq!(cut(source, spots), shown, "{source}");
        }
    }
}

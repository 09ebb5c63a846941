//! A question as a part of a form, and the way back from what was typed to an answer.

use maud::{Markup, html};
use proofdesk_setup::{Answer, Answers, Column, Guide, Kind, Page, Question, Rows, Wrong};

use crate::form::Typed;
use crate::pages::setup::So;

/// Empty rows where none is filled yet, one of rows with many cells; below filled ones there is one. A narrow screen shows
/// each cell below the other.
const LEAST: usize = 2;
/// Empty rows after asking for more.
const MORE: usize = 8;
/// So many filled rows stay open.
const FEW: usize = 3;
/// Rows of fewer cells take one line and are never folded.
const BROAD: usize = 4;
/// Most rows that a form may send.
const MOST: usize = 210;

/// One question with its help, why it is asked, and what is wrong with the answer.
pub fn question(guide: &Guide, so: &So, question: &Question, wrong: &[&Wrong], more: &str) -> Markup {
    let answer = so.answers.of(question, &so.known);
    let id = format!("q-{}", question.name);
    let sentences: Vec<&Wrong> = wrong.iter().filter(|w| w.at == question.name).copied().collect();
    let group = matches!(question.kind, Kind::Rows(_) | Kind::Choices(_));
    let label = html! { (question.label) @if question.required { span.faint { " (needed)" } } };
    let notes = html! {
        @for w in &sentences { p.wrong id={ (id) "-wrong" } { (w.says) } }
        div.help id={ (id) "-help" } {
            @if !question.help.is_empty() { p { (question.help) } }
            p.why { span.faint { "Why: " } (question.why) " " span.key.faint { (question.clause) } }
        }
    };
    let described = described(&id, &sentences);
    html! {
        @if group {
            fieldset.card.question id=(id) aria-describedby=(described) {
                legend { (label) }
                (notes)
                @match &question.kind {
                    Kind::Rows(rows) => (table(guide, so, question, rows, &answer, wrong, more)),
                    Kind::Choices(options) => (boxes(question, options, answer.many())),
                    _ => {},
                }
            }
        } @else {
            div.card.question.input {
                label for=(id) { (label) }
                @let cell = Cell { id: &id, name: &question.name, like: &question.like, invalid: !sentences.is_empty(), described: Some(&described), needed: question.required };
                (control(guide, so, &question.kind, &cell, answer.text()))
                (notes)
            }
        }
    }
}

fn described(id: &str, sentences: &[&Wrong]) -> String {
    if sentences.is_empty() { format!("{id}-help") } else { format!("{id}-wrong {id}-help") }
}

/// An input and where it stands.
struct Cell<'a> {
    id: &'a str,
    name: &'a str,
    like: &'a str,
    invalid: bool,
    described: Option<&'a str>,
    needed: bool,
}

fn control(guide: &Guide, so: &So, kind: &Kind, cell: &Cell<'_>, text: &str) -> Markup {
    let invalid = cell.invalid.then_some("true");
    let needed = cell.needed.then_some("true");
    let like = Some(cell.like).filter(|l| !l.is_empty());
    match kind {
        Kind::Lines | Kind::Hours(_) => html! {
            textarea.field id=(cell.id) name=(cell.name) rows="3" placeholder=[like] aria-required=[needed] aria-invalid=[invalid] aria-describedby=[cell.described] { "\n" (text) }
        },
        Kind::Choice(options) => select(cell, options, text),
        Kind::OneOf(of) => {
            let names = so.answers.names(guide, of, &so.known);
            let options: Vec<(String, String)> = names.into_iter().map(|n| (n.clone(), n)).collect();
            select(cell, &options, text)
        }
        Kind::Zone => html! {
            input.field id=(cell.id) name=(cell.name) value=(text) placeholder=[like] autocomplete="off" aria-required=[needed] aria-invalid=[invalid] aria-describedby=[cell.described];
        },
        other => {
            let kind = match other {
                Kind::Day(_) => "date",
                Kind::Mail => "email",
                _ => "text",
            };
            // a browser shows nothing of a day that is none: what was typed is kept as text
            let kind = if cell.invalid { "text" } else { kind };
            html! {
                input.field id=(cell.id) name=(cell.name) type=(kind) value=(text) placeholder=[like] autocomplete="off" aria-required=[needed] aria-invalid=[invalid] aria-describedby=[cell.described];
            }
        }
    }
}

fn select(cell: &Cell<'_>, options: &[(String, String)], text: &str) -> Markup {
    html! {
        select.field id=(cell.id) name=(cell.name) aria-required=[cell.needed.then_some("true")] aria-invalid=[cell.invalid.then_some("true")] aria-describedby=[cell.described] {
            option value="" selected[text.is_empty()] { @if options.is_empty() { "Nobody yet" } @else { "Choose" } }
            @for (value, label) in options { option value=(value) selected[value == text] { (label) } }
            @if !text.is_empty() && !options.iter().any(|(value, _)| value == text) { option value=(text) selected { (text) } }
        }
    }
}

fn boxes(question: &Question, options: &[(String, String)], ticked: &[String]) -> Markup {
    html! {
        div.boxes {
            input type="hidden" name=(question.name) value="";
            @for (value, label) in options {
                label.choice { input type="checkbox" name=(question.name) value=(value) checked[ticked.contains(value)]; span { (label) } }
            }
        }
    }
}

fn table(
    guide: &Guide,
    so: &So,
    question: &Question,
    rows: &Rows,
    answer: &Answer,
    wrong: &[&Wrong],
    more: &str,
) -> Markup {
    let is_fixed = !rows.fixed.is_empty();
    let mut shown: Vec<Vec<String>> = answer.rows().to_vec();
    if !is_fixed {
        let is_broad = rows.columns.len() >= BROAD;
        let spare = match more == question.name {
            true => MORE,
            false if is_broad || !shown.is_empty() => 1,
            false => LEAST,
        };
        shown.extend(std::iter::repeat_n(vec![String::new(); rows.columns.len()], spare));
    }
    html! {
        @for (i, row) in shown.iter().enumerate() {
            @if is_fixed {
                @let label = rows.fixed.iter().find(|(key, _)| row.first() == Some(key)).map_or("", |(_, l)| l);
                @if let ([_, column], [_, cell]) = (rows.columns.as_slice(), row.as_slice()) {
                    // one field a row: the row's name is its label
                    @let column = Column { label: label.to_owned(), ..column.clone() };
                    div.fixed.one { (cell_of(guide, so, question, i, &column, cell, wrong)) }
                } @else {
                    fieldset.fixed aria-label=(label) {
                        span.name { (label) }
                        @for (column, cell) in rows.columns.iter().zip(row).skip(1) { (cell_of(guide, so, question, i, column, cell, wrong)) }
                    }
                }
            } @else {
                @let cells = html! {
                    fieldset.cells-row aria-label={ "Row " (i + 1) } {
                        @for (column, cell) in rows.columns.iter().zip(row) { (cell_of(guide, so, question, i, column, cell, wrong)) }
                    }
                };
                @match folded(question, rows, &shown, i, wrong) {
                    Some(words) => details.fold { summary { b { (words.0) } @if !words.1.is_empty() { span.small.muted { " · " (words.1) } } } (cells) },
                    None => (cells),
                }
            }
        }
        @if !is_fixed { div.row { button.button.small name="act" value={ "more " (question.name) } { "More rows" } span.small.faint { "Empty rows are left out." } } }
    }
}

/// What a row says while it is folded: what it begins with, and its next short words. None for a row to be seen in
/// full: an empty one, one that something is wrong with, one among few, one of few cells.
fn folded(
    question: &Question,
    rows: &Rows,
    shown: &[Vec<String>],
    row: usize,
    wrong: &[&Wrong],
) -> Option<(String, String)> {
    let cells = shown.get(row)?;
    let name = cells.first().filter(|name| !name.is_empty())?;
    let filled = shown.iter().filter(|row| row.iter().any(|cell| !cell.is_empty())).count();
    let place = format!("{}.{row}.", question.name);
    if filled <= FEW || rows.columns.len() < BROAD || wrong.iter().any(|w| w.at.starts_with(&place)) {
        return None;
    }
    let pairs = rows.columns.iter().zip(cells).skip(1);
    let short = pairs.filter(|(column, cell)| !cell.is_empty() && matches!(column.kind, Kind::OneOf(_)));
    let words: Vec<&str> = short.map(|(_, cell)| cell.as_str()).take(2).collect();
    Some((name.clone(), words.join(", ")))
}

fn cell_of(
    guide: &Guide,
    so: &So,
    question: &Question,
    row: usize,
    column: &Column,
    text: &str,
    wrong: &[&Wrong],
) -> Markup {
    let name = format!("{}.{row}.{}", question.name, column.name);
    let id = format!("q-{name}");
    let sentences: Vec<&Wrong> = wrong.iter().filter(|w| w.at == name).copied().collect();
    let described = format!("{id}-wrong");
    let cell = Cell {
        id: &id,
        name: &name,
        like: if row == 0 { &column.like } else { "" },
        invalid: !sentences.is_empty(),
        described: (!sentences.is_empty()).then_some(described.as_str()),
        needed: column.required,
    };
    html! {
        div.input {
            label for=(id) { (column.label) @if column.required { span.faint { " (needed)" } } }
            (control(guide, so, &column.kind, &cell, text))
            @for w in &sentences { p.wrong id=(described) { (w.says) } }
        }
    }
}

/// What people read for the place of a mistake.
pub fn name_of(guide: &Guide, wrong: &Wrong) -> String {
    let Some(question) = guide.question(&wrong.question) else { return String::new() };
    let mut parts = wrong.at.split('.').skip(1);
    let (row, column) = (parts.next().and_then(|i| i.parse::<usize>().ok()), parts.next());
    let (Some(row), Some(rows)) = (row, question.rows()) else { return question.label.clone() };
    let column = rows.columns.iter().find(|c| Some(c.name.as_str()) == column).map_or("", |c| &c.label);
    match rows.fixed.get(row) {
        Some((_, label)) => format!("{}, {label}", question.label),
        None => format!("{}, row {}, {}", question.label, row + 1, column.to_lowercase()),
    }
}

/// The answers of a page, as they were typed; rows without anything are left out.
pub fn read(page: &Page, typed: &Typed) -> Answers {
    let mut answers = Answers::default();
    for question in &page.questions {
        let answer = match &question.kind {
            Kind::Rows(rows) => Some(Answer::Rows(rows_of(question, rows, typed))),
            Kind::Choices(_) => typed.text(&question.name).map(|text| {
                Answer::Many(text.split(", ").filter(|t| !t.is_empty()).map(str::to_owned).collect())
            }),
            _ => typed
                .text(&question.name)
                .map(|text| Answer::Text(text.replace("\r\n", "\n").trim().to_owned())),
        };
        if let Some(answer) = answer {
            answers.0.insert(question.name.clone(), answer);
        }
    }
    answers
}

fn rows_of(question: &Question, rows: &Rows, typed: &Typed) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let last = rows.columns.last().map_or("", |c| c.name.as_str());
    for i in (0..MOST).take_while(|i| typed.has(&format!("{}.{i}.{last}", question.name))) {
        let cell = |c: &Column| typed.text(&format!("{}.{i}.{}", question.name, c.name)).unwrap_or_default();
        let mut row: Vec<String> = rows.columns.iter().map(|c| cell(c).trim().to_owned()).collect();
        if let Some((key, _)) = rows.fixed.get(i) {
            row[0].clone_from(key);
        } else if row.iter().all(String::is_empty) {
            continue;
        }
        found.push(row);
    }
    found
}

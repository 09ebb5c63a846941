//! Editors: a labelled input for each kind of field, with its help and what is wrong with it.

use maud::{Markup, html};
use proofdesk_model::{Field, Kind};

use crate::form::{CLEAR, FILE, Typed, Wrong};
use crate::menu::slug;
use crate::parts::value::Eyes;

/// How a form asks for a field.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask {
    /// It is marked as needed in this form, whatever the declaration says.
    pub required: bool,
    /// The form begins with it.
    pub focus: bool,
}

/// The editor of one field.
pub fn editor(eyes: &Eyes<'_>, field: &Field, typed: &Typed, wrong: &Wrong, ask: Ask) -> Markup {
    let required = ask.required;
    let id = format!("f-{}", field.name);
    let text = typed.text(&field.name).unwrap_or_default();
    let mut sentences: Vec<&String> = Vec::new();
    for column in field.columns().iter().chain([&field.name]) {
        for sentence in wrong.of(column) {
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
    }
    let invalid = (!sentences.is_empty()).then_some("true");
    let described = match (field.help.is_some(), invalid) {
        (_, Some(_)) => Some(format!("{id}-wrong")),
        (true, None) => Some(format!("{id}-help")),
        (false, None) => None,
    };
    let frame = Frame { id: &id, field, ask, invalid, described: described.as_deref() };
    html! {
        div.input {
            @if !matches!(field.kind, Kind::Choices(_)) {
                label for=(id) {
                    (field.label)
                    @if required { span.faint { " (needed)" } }
                    @if let Some(clause) = &field.clause { " " span.key.faint { (clause) } }
                }
            }
            (frame.control(eyes, typed, &text))
            @if invalid.is_some() { div.wrong id={ (id) "-wrong" } { @for sentence in &sentences { p { (sentence) } } } }
            @if let Some(help) = &field.help { p.help id={ (id) "-help" } { (help) } }
        }
    }
}

struct Frame<'a> {
    id: &'a str,
    field: &'a Field,
    ask: Ask,
    invalid: Option<&'a str>,
    described: Option<&'a str>,
}

impl Frame<'_> {
    fn control(&self, eyes: &Eyes<'_>, typed: &Typed, text: &str) -> Markup {
        match &self.field.kind {
            Kind::Text { max } => self.input("text", text, Some(*max)),
            Kind::Markdown => html! {
                textarea.field id=(self.id) name=(self.field.name) rows="5" autofocus[self.ask.focus]
                    aria-required=[self.needed()] aria-invalid=[self.invalid] aria-describedby=[self.described] { "\n" (text) }
            },
            Kind::Int { .. } => self.input("number", text, None),
            Kind::Instant => self.input("datetime-local", text, None),
            Kind::Day => self.input("date", text, None),
            Kind::Decimal | Kind::Duration => self.input("text", text, Some(60)),
            Kind::File => {
                let present =
                    typed.text(&format!("{FILE}{}", self.field.name)).filter(|name| !name.is_empty());
                html! {
                    @if let Some(name) = present {
                        div.row.small { span { "At present: " (name) } label.choice {
                            input type="checkbox" name={ (CLEAR) (self.field.name) } value="yes"; span { "Take it away" }
                        } }
                    }
                    (self.input("file", "", None))
                }
            }
            Kind::Money => {
                let currency = format!("{}_currency", self.field.name);
                let code = typed.text(&currency).unwrap_or_default();
                html! { div.two {
                    (self.input("text", text, Some(30)))
                    input.field name=(currency) value=(code) maxlength="3" placeholder="EUR" aria-label={ (self.field.label) ": currency" };
                } }
            }
            Kind::YesNo => {
                self.select(&[("yes".to_owned(), "Yes".to_owned()), ("no".to_owned(), "No".to_owned())], text)
            }
            Kind::Choice(options) => {
                let pairs: Vec<_> = options.iter().map(|o| (o.name.clone(), o.label.clone())).collect();
                self.select(&pairs, text)
            }
            Kind::Choices(options) => {
                let ticked: Vec<&str> = text.split(',').map(str::trim).collect();
                html! { fieldset aria-describedby=[self.described] {
                    legend { (self.field.label) @if self.ask.required { span.faint { " (needed)" } } }
                    input type="hidden" name=(self.field.name) value="";
                    @for option in options {
                        label.choice {
                            input type="checkbox" name=(self.field.name) value=(option.name) checked[ticked.contains(&option.name.as_str())];
                            span { (option.label) @if let Some(help) = &option.help { " " span.help { (help) } } }
                        }
                    }
                } }
            }
            Kind::Link { .. } | Kind::Links { .. } | Kind::Person | Kind::Team => self.chooser(eyes, text),
        }
    }

    /// Needed fields are marked for readers, not blocked by the browser: the server says everything that is missing at
    /// once, each with its clause.
    fn needed(&self) -> Option<&'static str> {
        self.ask.required.then_some("true")
    }

    fn input(&self, kind: &str, text: &str, max: Option<usize>) -> Markup {
        html! {
            input.field id=(self.id) name=(self.field.name) type=(kind) value=(text) maxlength=[max] autofocus[self.ask.focus]
                aria-required=[self.needed()] aria-invalid=[self.invalid] aria-describedby=[self.described];
        }
    }

    fn select(&self, options: &[(String, String)], text: &str) -> Markup {
        html! {
            select.field id=(self.id) name=(self.field.name) autofocus[self.ask.focus]
                aria-required=[self.needed()] aria-invalid=[self.invalid] aria-describedby=[self.described] {
                option value="" selected[text.is_empty()] { "Choose" }
                @for (name, label) in options { option value=(name) selected[name == text] { (label) } }
                @if !text.is_empty() && !options.iter().any(|(name, _)| name == text) { option value=(text) selected { (text) } }
            }
        }
    }

    /// A field for a reference; the browser offers what the server finds, and a typed reference always counts.
    fn chooser(&self, eyes: &Eyes<'_>, text: &str) -> Markup {
        let target = self.field.target().and_then(|name| eyes.registry.get(name));
        let example = target.map_or(String::new(), |t| {
            if matches!(self.field.kind, Kind::Links { .. }) {
                format!("{}, {}, or names", t.reference(1), t.reference(2))
            } else {
                format!("{} or its name", t.reference(1))
            }
        });
        let list = format!("{}-list", self.id);
        html! {
            input.field id=(self.id) name=(self.field.name) value=(text) placeholder=(example)
                autocomplete="off" autofocus[self.ask.focus] list=(list) data-choose=[target.map(|t| format!("/{}/choose", slug(t)))]
                aria-required=[self.needed()] aria-invalid=[self.invalid] aria-describedby=[self.described];
            datalist id=(list) {}
        }
    }
}

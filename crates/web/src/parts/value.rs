//! Values of records for people: options by label, links by reference and title, times in the desk's zone.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use maud::{Markup, PreEscaped, html};
use proofdesk_engine::{Attachment, Reference, markdown};
use proofdesk_model::{Field, Kind, Record, Registry, Value, format};

use crate::menu::slug;
use crate::parts::{tag, time};

/// What values are shown with.
#[derive(Clone, Copy)]
pub struct Eyes<'a> {
    /// The declared types.
    pub registry: &'a Registry,
    /// Titles of linked records.
    pub titles: &'a HashMap<Reference, String>,
    /// Files of the record, where their names are known.
    pub files: &'a [Attachment],
    /// Zone of times.
    pub zone: &'a TimeZone,
    /// The present instant.
    pub now: i64,
}

impl Eyes<'_> {
    /// Address of a record's page.
    pub fn address(&self, reference: &Reference) -> String {
        match self.registry.get(&reference.record_type) {
            Some(of) => format!("/{}/{}", slug(of), of.reference(reference.number)),
            None => "/search".to_owned(),
        }
    }

    /// A record by its key in mono and its title, as a link.
    pub fn link(&self, reference: &Reference) -> Markup {
        let name = self.registry.write_reference(reference);
        let title = self.titles.get(reference).filter(|t| **t != name);
        html! { a href=(self.address(reference)) { span.key { (name) } @if let Some(title) = title { " " (title) } } }
    }

    /// The title of a record where it is known, else its reference.
    pub fn title(&self, reference: &Reference) -> String {
        self.titles.get(reference).cloned().unwrap_or_else(|| self.registry.write_reference(reference))
    }

    /// The name of a file, where it is known.
    pub fn file(&self, id: &str) -> &str {
        self.files.iter().find(|f| f.id == id).map_or("File", |f| f.name.as_str())
    }

    /// A field of a record, as HTML; empty markup for an empty field.
    pub fn field(&self, record: &Record, field: &Field) -> Markup {
        if let Kind::Links { .. } = field.kind {
            let found = record.links.get(&field.name).map(Vec::as_slice).unwrap_or_default();
            return html! { @for (i, reference) in found.iter().enumerate() { @if i > 0 { ", " } (self.link(reference)) } };
        }
        let value = record.get(&field.name);
        match (&field.kind, &value) {
            (_, Value::Null) => html! {},
            (Kind::Markdown, Value::Text(text)) => prose(text),
            (Kind::File, Value::Text(id)) => {
                let record = self.address(&Reference::new(record.of.name.clone(), record.number));
                html! { a href={ (record) "/file/" (id) } { (self.file(id)) } }
            }
            (Kind::Instant, Value::Instant(at)) => time::proven(*at, self.now, self.zone),
            (Kind::Person | Kind::Team, Value::Link(number)) => {
                let reference = Reference::new(field.target().unwrap_or_default(), *number);
                html! { a href=(self.address(&reference)) { (self.title(&reference)) } }
            }
            (Kind::Link { to, .. }, Value::Link(number)) => self.link(&Reference::new(to.clone(), *number)),
            (Kind::Choice(options), Value::Text(name)) => match options.iter().find(|o| o.name == *name) {
                Some(option) if option.tone.is_some() => tag::option_tag(option),
                _ => html! { (format::show(field, &value, self.zone)) },
            },
            (Kind::Money, Value::Decimal(_)) => {
                let currency =
                    record.text(&format!("{}_currency", field.name)).unwrap_or_default().to_owned();
                html! { span.num { (format::show(field, &value, self.zone)) " " (currency) } }
            }
            (Kind::Duration, Value::Duration(length)) => html! { span.num { (time::words(*length)) } },
            _ => html! { (format::show(field, &value, self.zone)) },
        }
    }
}

/// Markdown as harmless HTML.
pub fn prose(source: &str) -> Markup {
    html! { div.prose { (PreEscaped(markdown::to_html(source))) } }
}

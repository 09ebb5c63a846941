//! What is told by mail and what a mail becomes, read from `mail/`: `*.kdl` and the texts `NAME.LANGUAGE.txt`.
//!
//! Invariant: every type, field, transition and text that is named exists; all mistakes are said at once.

mod read;
mod text;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proofdesk_model::format::{self, Input};
use proofdesk_model::{Condition, Field, RecordType, Registry, SourceFile, Value};

use crate::error::Error;
pub use text::{Text, Values};

/// Name of the file and its text; made by `build.rs`.
const SHIPPED: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/mail.rs"));

/// Texts that the program itself asks for.
const NEEDED: [&str; 4] = ["invitation", "reset", "forgotten", "digest"];
/// The language whose texts stand in for missing ones.
pub const FALLBACK: &str = "en";

/// The type of people and how they are written to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// The record type.
    pub of: String,
    /// Field with the address.
    pub mail: String,
    /// Field with the name.
    pub name: String,
    /// Field with the language.
    pub language: String,
    /// Field with the time zone.
    pub zone: String,
    /// What is set on somebody who wrote for the first time.
    pub set: Vec<(String, String)>,
}

/// What a mail to an address of a type becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// The record type.
    pub of: String,
    /// Field that takes the subject.
    pub title: String,
    /// Field that takes the text.
    pub text: String,
    /// Field that takes the person.
    pub by: String,
    /// Fields that are taken from the person's record.
    pub copy: Vec<String>,
    /// Fields with a given value.
    pub set: Vec<(String, String)>,
    /// File and line.
    pub place: String,
}

/// Whom something is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// Who reported it or asked for it.
    Own,
    /// Who watches it.
    Watchers,
    /// Who watches the records that a field of it names.
    WatchersOf(String),
    /// Who is named in the words, as `@name`.
    Mentioned,
    /// Everybody who may take a transition.
    May(String),
    /// The person in a field.
    Field(String),
}

/// One line of what is told.
#[derive(Debug, Clone)]
pub struct Tell {
    /// Name of the text.
    pub text: String,
    /// Record type; none for all.
    pub of: Option<String>,
    /// The act; none where a change of a field is the cause. `step` is any transition.
    pub on: Option<String>,
    /// The field whose change is the cause.
    pub changed: Option<String>,
    /// Only words for this audience.
    pub audience: Option<String>,
    /// Only where this holds for the record as it is now, in the state to which the act led.
    pub when: Option<Condition>,
    /// The field with the records that the letter is about; none where it is about the record itself. No word of the
    /// record itself is in the letter then, and whoever gets it need not see it.
    pub about: Option<String>,
    /// Whom.
    pub to: Vec<To>,
    /// Also who acts himself.
    pub to_self: bool,
    /// Whether the letter has a link by which its reader decides, once, without signing in.
    pub decide: bool,
    /// Waits for no quiet hours and no digest.
    pub urgent: bool,
}

/// Everything declared about mail.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// The type of people.
    pub people: People,
    /// What mails become.
    pub intakes: Vec<Intake>,
    /// What is told, in order.
    pub tells: Vec<Tell>,
    texts: BTreeMap<(String, String), Text>,
}

/// The files that come with the program.
pub fn shipped() -> Vec<SourceFile> {
    SHIPPED.iter().map(|(name, text)| SourceFile::new(*name, *text)).collect()
}

impl Declared {
    /// Reads the shipped files and those of a site: a text of the same name and language replaces the shipped one, events
    /// come before the shipped ones.
    ///
    /// # Errors
    /// All mistakes, each with its file and line.
    pub fn read(files: &[SourceFile], registry: &Registry) -> Result<Self, Error> {
        let mut declared = Self::default();
        let mut mistakes = Vec::new();
        for file in files {
            if file.name.ends_with(".kdl") {
                read::file(&file.name, &file.text, registry, &mut declared, &mut mistakes);
            } else if let Some((name, language)) = text::named(&file.name) {
                match Text::read(&file.name, &file.text) {
                    Ok(text) => {
                        declared.texts.insert((name, language), text);
                    }
                    Err(wrong) => mistakes.extend(wrong),
                }
            } else {
                mistakes.push(format!("{}: the name is not NAME.LANGUAGE.txt", file.name));
            }
        }
        let used = declared.tells.iter().map(|t| t.text.as_str()).chain(NEEDED);
        let missing: Vec<&str> = used.filter(|name| declared.text(name, FALLBACK).is_none()).collect();
        for name in missing {
            mistakes.push(format!("mail/{name}.{FALLBACK}.txt is not there"));
        }
        match registry.get(&declared.people.of) {
            Some(people) => mistakes.extend(declared.strangers(people, registry)),
            None => mistakes.push("mail/events.kdl: `people` is not said".to_owned()),
        }
        if mistakes.is_empty() { Ok(declared) } else { Err(Error::Declared(mistakes)) }
    }

    /// Fields of what mails become that do not fit those of people.
    fn strangers(&self, people: &RecordType, registry: &Registry) -> Vec<String> {
        let mut mistakes = Vec::new();
        for intake in &self.intakes {
            let Some(of) = registry.get(&intake.of) else { continue };
            let mut wrong = |says: String| mistakes.push(format!("{}: {says}", intake.place));
            if of.field(&intake.by).is_some_and(|by| by.target() != Some(people.name.as_str())) {
                wrong(format!("`{}` of {} names no {}", intake.by, of.name, people.name));
            }
            let kind = |of: &RecordType, name: &str| {
                of.field(name).map(|f| (std::mem::discriminant(&f.kind), f.target().map(str::to_owned)))
            };
            for name in intake.copy.iter().filter(|name| kind(people, name) != kind(of, name)) {
                wrong(format!("`{name}` is no field of the same kind in {} and {}", people.name, of.name));
            }
        }
        mistakes
    }

    /// A text in a language; in the fallback language where it is not there in this one. `de-AT` is read as `de`.
    pub fn text(&self, name: &str, language: &str) -> Option<&Text> {
        let short = language.split(['-', '_']).next().unwrap_or_default().to_lowercase();
        let of = |language: &str| self.texts.get(&(name.to_owned(), language.to_owned()));
        of(&short).or_else(|| of(FALLBACK))
    }

    /// Names and languages of all texts.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.keys().map(|(name, language)| (name.as_str(), language.as_str()))
    }

    /// What a mail to an address of a type becomes.
    pub fn intake(&self, of: &str) -> Option<&Intake> {
        self.intakes.iter().find(|i| i.of == of)
    }
}

/// The value that a declaration or a setting gives to a field, which people could enter too; whether a record that it
/// names is there shows when it is written.
pub(crate) fn given(
    of: &RecordType,
    name: &str,
    written: &str,
    registry: &Registry,
) -> Result<Value, String> {
    let field = of.field(name).filter(|field| field.name == name);
    let field = field.ok_or_else(|| format!("{} has no field `{name}`", of.name))?;
    entered(of, field)?;
    let value = format::parse(field, written, &Input { zone: &TimeZone::UTC, registry })?;
    format::fits(field, name, &value).map_err(|(_, says)| says)?;
    Ok(value)
}

/// Refuses a field that people do not enter.
fn entered(of: &RecordType, field: &Field) -> Result<(), String> {
    if field.is_entered() {
        return Ok(());
    }
    Err(format!("`{}` of {} is written by steps and rules alone", field.name, of.name))
}

#[cfg(test)]
mod tests;

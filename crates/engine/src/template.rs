//! Documents begun from starter templates: places filled from the desk's own records, document and first version made
//! by the one write path.
//!
//! Names no record type: which type is the version of which is declared (`version_of`), and each place says which
//! records fill it. Not here: how templates are read ([`proofdesk_model::template`]).

use std::collections::BTreeMap;

use proofdesk_model::format::{day_of, literal, write_day};
use proofdesk_model::template::{self, Source, Template, Templates};
use proofdesk_model::{Action, Caller, Change, Door, Record, RecordType, Reference, Stamp, Value};

use crate::Engine;
use crate::apply::Target;
use crate::error::Error;
use crate::read::ListRequest;

/// Most names that fill one place.
const NAMES: usize = 12;
/// Characters of a line to write on that are shown.
const LINE: usize = 120;
/// Edition of the first version.
const FIRST: &str = "1.0";

/// A template with what the desk knows written into it.
#[derive(Debug, Clone)]
pub struct Filled {
    /// The text.
    pub text: String,
    /// Places that nothing fills: name and what belongs there; of a line to write on `____` and the line.
    pub open: Vec<(String, String)>,
    /// Places that were filled: what belongs there and what stands there now.
    pub filled: Vec<(String, String)>,
}

/// A document begun from a template.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// The document.
    pub document: Record,
    /// Its first version.
    pub version: Record,
    /// Places that a person has to fill: name and what belongs there.
    pub open: Vec<(String, String)>,
}

impl Engine {
    /// The starter templates: those of the site, else the shipped ones.
    pub fn templates(&self) -> &Templates {
        self.inner.templates.get_or_init(|| {
            template::read(&proofdesk_model::shipped_templates(), self.registry()).unwrap_or_default()
        })
    }

    /// Takes templates instead of the shipped ones; only before anybody asked for them.
    pub fn use_templates(&self, templates: Templates) {
        // who asked first has the shipped ones; that is a matter of the program's start
        let _ = self.inner.templates.set(templates);
    }

    /// The documents that were begun from a template and that the caller sees, without those that ended.
    ///
    /// # Errors
    /// `Forbidden`, or a fault of the database.
    pub async fn adopted(&self, caller: &Caller, name: &str) -> Result<Vec<Record>, Error> {
        let (version, whole) = self.versions()?;
        let field = version.version_of.as_ref().and_then(|v| v.template.clone());
        let Some(field) = field else { return Ok(Vec::new()) };
        let request = self.request(&whole.name, &format!("{field} == {name:?}"))?;
        let mut found = self.list(caller, &request).await?.records;
        found.retain(|r| r.of.state_kind(&r.state) != proofdesk_model::StateKind::Closed);
        Ok(found)
    }

    /// A template filled with what the caller may read. `given` are values of places that no record holds.
    ///
    /// # Errors
    /// `NotFound`, or a fault of the database.
    pub async fn fill_template(
        &self,
        caller: &Caller,
        name: &str,
        given: &BTreeMap<String, String>,
    ) -> Result<(Template, Filled), Error> {
        let found = self.template(name)?.clone();
        let mut values: BTreeMap<String, String> = given.clone();
        values.entry("date".to_owned()).or_insert_with(|| write_day(day_of(self.now())));
        for place in template::places(&found.text) {
            if values.contains_key(place) {
                continue;
            }
            let source = self.templates().places.get(place).and_then(|p| p.from.as_ref());
            let value = match source {
                Some(source) => self.names(caller, source).await?,
                None => None,
            };
            values.extend(value.map(|v| (place.to_owned(), v)));
        }
        let label = |place: &str| self.templates().label(place);
        let (mut open, mut filled) = (Vec::new(), Vec::new());
        for place in template::places(&found.text) {
            match values.get(place) {
                Some(value) => filled.push((label(place), value.clone())),
                None => open.push((place.to_owned(), label(place))),
            }
        }
        let text = template::fill(&found.text, |place| values.get(place).cloned());
        open.extend(blanks(&text));
        Ok((found, Filled { text, open, filled }))
    }

    /// Begins a document from a template: the document and its first version, both drafts of the caller. `again` makes
    /// another one where there is one already.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` with code `adopted` where a document was begun from it already; else as
    /// [`Engine::apply`].
    pub async fn adopt_template(
        &self,
        caller: &Caller,
        name: &str,
        given: &BTreeMap<String, String>,
        door: Door,
        again: bool,
    ) -> Result<Adopted, Error> {
        let (version, whole) = self.versions()?;
        let Some(spec) = version.version_of.clone() else { return Err(no_versions()) };
        for of in [&whole, &version] {
            of.permit(caller, Action::Create, None).map_err(Error::Forbidden)?;
        }
        if let Some(first) = self.adopted(caller, name).await?.first().filter(|_| !again) {
            let says = format!(
                "{} was begun from this template already. To begin another one all the same, say so.",
                first.reference()
            );
            return Err(Error::invalid("again", "adopted", says));
        }
        let (template, filled) = self.fill_template(caller, name, given).await?;
        let stamp = Stamp::now(self.now(), door);
        let mut change = Change::default();
        for (field, written) in &template.fields {
            let value = whole.field(field).and_then(|f| literal(f, written, caller, &stamp));
            change = change.with(field, value.unwrap_or_default());
        }
        if let Some(field) = &spec.template {
            change = change.with_text(field, name);
        }
        let document = self.apply(caller, Target::New(whole.name.clone()), change, door).await?.record;
        let mut change = Change::default()
            .with_text(version.title_field(), &template.title)
            .with(&spec.link, Value::Link(document.number))
            .with_text(&spec.content, &filled.text)
            .with_text(&spec.edition, FIRST);
        if let Some(field) = &spec.changed {
            change = change.with_text(field, "First version, begun from a starter template.");
        }
        let version = self.apply(caller, Target::New(version.name.clone()), change, door).await?.record;
        Ok(Adopted { document, version, open: filled.open })
    }

    /// Begins the next version of a document: a draft of the caller with the text of the version in force, else of the
    /// newest, which it follows.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` where the record has no versions, else as [`Engine::apply`].
    pub async fn next_version(&self, caller: &Caller, on: &Reference, door: Door) -> Result<Record, Error> {
        let document = self.require(caller, on).await?;
        let (version, whole) = self.versions()?;
        let spec = version.version_of.clone().filter(|_| document.of.name == whole.name);
        let Some(spec) = spec else {
            let says = format!("{} have no versions.", document.of.plural);
            return Err(Error::invalid(&document.of.name, "version", says));
        };
        let mut request =
            self.request(&version.name, &format!("{} == '{}'", spec.link, document.reference()))?;
        request.descending = true;
        request.limit = 200;
        let all = self.list(caller, &request).await?.records;
        let present =
            all.iter().find(|v| v.of.readers.as_ref().is_none_or(|r| v.instant(&r.since).is_some()));
        let last = present.filter(|v| v.of.state_kind(&v.state).is_open()).or(all.first());
        let mut change = Change::default()
            .with_text(version.title_field(), &document.title())
            .with(&spec.link, Value::Link(document.number))
            .with_text(&spec.edition, &next_edition(last.and_then(|v| v.text(&spec.edition))));
        if let Some(last) = last {
            if let Some(follows) = &spec.follows {
                change = change.with(follows, Value::Link(last.number));
            }
            if let Some(text) = last.text(&spec.content) {
                change = change.with_text(&spec.content, text);
            }
        }
        Ok(self.apply(caller, Target::New(version.name.clone()), change, door).await?.record)
    }

    /// Places that are still open in a version: name and what belongs there; of a line to write on `____` and the line.
    /// None where the type has no versions.
    pub fn open_places(&self, record: &Record) -> Vec<(String, String)> {
        let text = record.of.version_of.as_ref().and_then(|v| record.text(&v.content)).unwrap_or_default();
        let named = template::places(text).into_iter().map(|p| (p.to_owned(), self.templates().label(p)));
        named.chain(blanks(text)).collect()
    }

    fn template(&self, name: &str) -> Result<&Template, Error> {
        let short: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        self.templates().get(name).ok_or_else(|| Error::NotFound(format!("template `{short}`")))
    }

    /// The type of versions and the type of what they are versions of.
    fn versions(&self) -> Result<(std::sync::Arc<RecordType>, std::sync::Arc<RecordType>), Error> {
        let (version, whole) = template::versions(self.registry()).ok_or_else(no_versions)?;
        Ok((self.require_type(&version.name)?, self.require_type(&whole.name)?))
    }

    fn request(&self, record_type: &str, filter: &str) -> Result<ListRequest, Error> {
        Ok(ListRequest {
            record_type: record_type.to_owned(),
            filter: Some(self.condition(filter, record_type)?),
            sort: String::new(),
            descending: false,
            after: None,
            limit: NAMES + 1,
        })
    }

    /// What the records of a place say, as far as the caller may read them; none where there are none.
    async fn names(&self, caller: &Caller, source: &Source) -> Result<Option<String>, Error> {
        let of = self.require_type(&source.record_type)?;
        if !caller.may(&of, &Action::Read) || self.check_sees(caller, &of, &source.condition).is_err() {
            return Ok(None);
        }
        let request = self.request(&of.name, source.condition.source())?;
        let records = self.list(caller, &request).await?.records;
        let mut names: Vec<String> = Vec::new();
        for record in &records {
            let name = match source.field.as_ref().map(|f| (f, record.get(f))) {
                None => Some(record.title()),
                Some((_, Value::Text(text))) => Some(text),
                Some((field, Value::Link(number))) => {
                    let to = of.field(field).and_then(|f| f.target()).unwrap_or_default();
                    let reference = Reference::new(to, number);
                    self.titles_of(caller, std::slice::from_ref(&reference)).await?.remove(&reference)
                }
                Some(_) => None,
            };
            names.extend(name.filter(|n| !names.contains(n)));
        }
        let more = names.len() > NAMES;
        names.truncate(NAMES);
        let joined = names.join(", ");
        Ok((!names.is_empty()).then(|| if more { format!("{joined} and others") } else { joined }))
    }
}

/// The lines to write on, as open places.
fn blanks(text: &str) -> impl Iterator<Item = (String, String)> {
    let short = |line: &str| line.chars().take(LINE).collect::<String>();
    template::blanks(text).map(move |line| (template::BLANK.to_owned(), short(line)))
}

/// The edition after one: `2.0` after `1.4`, `4` after `3`; the first where there is none that counts.
fn next_edition(last: Option<&str>) -> String {
    let Some(last) = last else { return FIRST.to_owned() };
    let (whole, rest) = last.split_once('.').map_or((last, None), |(w, r)| (w, Some(r)));
    match (whole.trim().parse::<u32>(), rest) {
        (Ok(number), Some(_)) => format!("{}.0", number.saturating_add(1)),
        (Ok(number), None) => number.saturating_add(1).to_string(),
        (Err(_), _) => format!("{last}, next"),
    }
}

fn no_versions() -> Error {
    Error::NotFound("record type with versions".to_owned())
}

#[cfg(test)]
mod tests {
    use super::next_edition;

    #[test]
    fn editions_count_on() {
        for (last, next) in [
            (None, "1.0"),
            (Some("1.4"), "2.0"),
            (Some("3"), "4"),
            (Some("2018"), "2019"),
            (Some("A"), "A, next"),
        ] {
            assert_eq!(next_edition(last), next);
        }
    }
}

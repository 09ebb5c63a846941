//! What stands beside a record's row against its entries: files, and relations with other records.

use std::collections::{BTreeMap, HashSet};

use proofdesk_model::{Record, Reference, Registry};
use proofdesk_store::{Row, Select};
use serde_json::Value as Json;

use super::replay::Mark;
use super::{FindingKind, Report};
use crate::Engine;
use crate::error::Error;

/// Most files of one record that are compared.
const FILES_MAX: usize = 100_000;

/// A file as its entry tells of it: id, name, media type, SHA-256 and audience; size, time and person.
pub(super) type File = ([String; 5], i64, i64, Option<i64>);

/// The file that an entry tells of.
pub(super) fn file_of(body: &Json, mark: &Mark) -> Option<File> {
    let note = body.get("note").filter(|_| body.get("action").and_then(Json::as_str) == Some("attach"))?;
    let text = |name: &str| note.get(name).and_then(Json::as_str).map(str::to_owned);
    let words = [text("id")?, text("name")?, text("media_type")?, text("sha256")?, text("audience")?];
    Some((words, note.get("size_bytes")?.as_i64()?, mark.at, mark.person))
}

/// One end of a relation, the other, and whether it was added or taken away; ordered as the entries are.
type Step = (i64, i64, i64, bool);

/// The relations that entries tell of, each under the name that the table of links has for it.
#[derive(Default)]
pub(super) struct LinkLog(BTreeMap<String, Vec<Step>>);

impl LinkLog {
    /// Takes in what an entry of a record says.
    pub(super) fn read(&mut self, registry: &Registry, record: &Record, entry: i64, body: &Json) {
        let of = &record.of;
        for link in body.get("links").and_then(Json::as_array).into_iter().flatten() {
            let text = |name: &str| link.get(name).and_then(Json::as_str).unwrap_or_default();
            let Some(other) = registry.parse_reference(text("to")) else { continue };
            let add = link.get("add").and_then(Json::as_bool).unwrap_or(true);
            let relation = text("relation");
            let (name, from, to) = match of.inverses.get(relation) {
                Some(inverse) if of.field(relation).is_none() => {
                    (format!("{}.{}", inverse.from, inverse.field), other.number, record.number)
                }
                _ => (format!("{}.{relation}", of.name), record.number, other.number),
            };
            self.0.entry(name).or_default().push((entry, from, to, add));
        }
    }

    /// The pairs of a relation that must be there.
    fn pairs(&mut self, name: &str) -> HashSet<(i64, i64)> {
        let mut steps = self.0.remove(name).unwrap_or_default();
        steps.sort_unstable();
        let mut found = HashSet::new();
        for (_, from, to, add) in steps {
            if add {
                found.insert((from, to));
            } else {
                found.remove(&(from, to));
            }
        }
        found
    }
}

impl Engine {
    /// The files that pages show must be those that the log knows.
    pub(super) async fn verify_files(
        &self,
        record: &Record,
        told: &[File],
        report: &mut Report,
    ) -> Result<(), Error> {
        let columns = ["id", "name", "media_type", "sha256", "audience", "size_bytes", "at", "person"];
        let question = Select::from("attachment", &columns)
            .when("record_type", record.of.name.clone())
            .when("number", record.number)
            .limit(FILES_MAX);
        let rows = self.store().select(question).await?;
        let words = |row: &Row| [0, 1, 2, 3, 4].map(|column| row.text(column).to_owned());
        let file = |row: &Row| (words(row), row.int(5), row.int(6), row.opt_int(7));
        let shown: HashSet<File> = rows.iter().map(file).collect();
        let told: HashSet<File> = told.iter().cloned().collect();
        let wrong = told.difference(&shown).count().max(shown.difference(&told).count());
        if wrong > 0 {
            let name = record.reference();
            let message = format!("Of {name}, {wrong} files were changed, added or removed past the log.");
            report.add(FindingKind::ChangedRow, None, Some(name), message);
        }
        Ok(())
    }

    /// The relations between records must be those that the log knows: none added, none gone.
    pub(super) async fn verify_links(&self, mut log: LinkLog, report: &mut Report) -> Result<(), Error> {
        for of in self.registry().clone().types() {
            let many = of.fields.values().filter(|f| f.columns().is_empty());
            for field in many {
                let name = format!("{}.{}", of.name, field.name);
                let told = log.pairs(&name);
                let question = Select::from("link", &["from_number", "to_number"]).when("relation", name);
                let rows = self.store().select(question).await?;
                let shown: HashSet<(i64, i64)> = rows.iter().map(|row| (row.int(0), row.int(1))).collect();
                let mut wrong: BTreeMap<i64, [usize; 2]> = BTreeMap::new();
                for (from, _) in shown.difference(&told) {
                    wrong.entry(*from).or_default()[0] += 1;
                }
                for (from, _) in told.difference(&shown) {
                    wrong.entry(*from).or_default()[1] += 1;
                }
                for (number, [added, gone]) in wrong {
                    let record = self.registry().write_reference(&Reference::new(of.name.clone(), number));
                    let message = format!(
                        "The links of {record} by `{}` were changed past the log: {added} added, {gone} gone.",
                        field.name
                    );
                    report.add(FindingKind::ChangedRow, None, Some(record), message);
                }
            }
        }
        Ok(())
    }
}

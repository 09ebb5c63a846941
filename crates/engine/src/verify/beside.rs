//! What stands beside a record's row against its entries: files with their bytes, and relations with other records.

use std::collections::{BTreeMap, HashMap, HashSet};

use proofdesk_model::{Record, Reference, Registry};
use proofdesk_store::{BlobState, Select, StoredEntry};
use serde_json::Value as Json;

use super::replay::Mark;
use super::{Finding, FindingKind, Report};
use crate::Engine;
use crate::error::Error;

/// A file as its entry tells of it: id, name, media type, SHA-256 and audience; size, time and person.
pub(super) type File = ([String; 5], i64, i64, Option<i64>);

/// The file that an entry tells of.
pub(super) fn file_of(body: &Json, mark: &Mark) -> Option<File> {
    let note = body.get("note").filter(|_| body.get("action").and_then(Json::as_str) == Some("attach"))?;
    let text = |name: &str| note.get(name).and_then(Json::as_str).map(str::to_owned);
    let words = [text("id")?, text("name")?, text("media_type")?, text("sha256")?, text("audience")?];
    Some((words, note.get("size_bytes")?.as_i64()?, mark.at, mark.person))
}

/// What was found of the bytes of files, by their SHA-256: many records may have the same.
#[derive(Default)]
pub(super) struct Bytes(HashMap<String, BlobState>);

impl Bytes {
    /// How many files were read.
    pub(super) fn count(&self) -> u64 {
        self.0.len() as u64
    }
}

/// A step of a relation: where its entry stands, its name, one end, the other, and whether it was added or taken away.
type Step = (u64, i64, String, i64, i64, bool);

/// The same without the name.
type Placed = (u64, i64, i64, i64, bool);

/// What the entries of one record tell of relations.
#[derive(Default)]
pub(super) struct LinkSteps(Vec<Step>);

impl LinkSteps {
    /// Takes in what an entry of a record says.
    pub(super) fn read(&mut self, registry: &Registry, record: &Record, entry: &StoredEntry, body: &Json) {
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
            self.0.push((entry.leaf.unwrap_or(u64::MAX), entry.id, name, from, to, add));
        }
    }
}

/// The relations that entries tell of, each under the name that the table of links has for it. The entries of both ends
/// tell of one relation, so the steps are put in the order of the tree.
#[derive(Default)]
pub(super) struct LinkLog(BTreeMap<String, Vec<Placed>>);

impl LinkLog {
    /// Takes in what one record's entries tell.
    pub(super) fn take(&mut self, steps: LinkSteps) {
        for (leaf, entry, name, from, to, add) in steps.0 {
            self.0.entry(name).or_default().push((leaf, entry, from, to, add));
        }
    }

    /// The pairs of a relation that must be there.
    fn pairs(&mut self, name: &str) -> HashSet<(i64, i64)> {
        let mut steps = self.0.remove(name).unwrap_or_default();
        steps.sort_unstable();
        let mut found = HashSet::new();
        for (_, _, from, to, add) in steps {
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
    /// The bytes of files must be those that came in: each is read again and hashed, once.
    pub(super) async fn verify_bytes(
        &self,
        record: &Record,
        files: &[File],
        bytes: &mut Bytes,
    ) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        for ([id, file, _, hash, _], ..) in files {
            let state = match bytes.0.get(hash) {
                Some(state) => *state,
                None => {
                    let state = self.store().check_blob(hash).await?;
                    bytes.0.insert(hash.clone(), state);
                    state
                }
            };
            let what = match state {
                BlobState::Whole => continue,
                BlobState::Changed => "were changed past the log: they do not hash to what came in",
                BlobState::Gone => "are gone",
            };
            let name = record.reference();
            let message = format!("The bytes of the file `{file}` ({id}) of {name} {what}.");
            findings.push(Finding {
                kind: FindingKind::ChangedFile,
                leaf: None,
                record: Some(name),
                message,
            });
        }
        Ok(findings)
    }

    /// The relations between records must be those that the log knows: none added, none gone.
    pub(super) async fn verify_links(&self, mut log: LinkLog, report: &mut Report) -> Result<(), Error> {
        for of in self.registry().clone().types() {
            let many = of.fields.values().filter(|f| f.columns().is_empty());
            for field in many {
                let name = format!("{}.{}", of.name, field.name);
                let told = log.pairs(&name);
                let columns = ["from_number", "to_number", "from_type", "to_type"];
                let rows = self.store().select(Select::from("link", &columns).when("relation", name)).await?;
                let shown: HashSet<(i64, i64)> = rows.iter().map(|row| (row.int(0), row.int(1))).collect();
                let mut wrong: BTreeMap<i64, [usize; 2]> = BTreeMap::new();
                for (from, _) in shown.difference(&told) {
                    wrong.entry(*from).or_default()[0] += 1;
                }
                for (from, _) in told.difference(&shown) {
                    wrong.entry(*from).or_default()[1] += 1;
                }
                let ends = (of.name.as_str(), field.target().unwrap_or_default());
                for row in rows.iter().filter(|row| (row.text(2), row.text(3)) != ends) {
                    wrong.entry(row.int(0)).or_default()[0] += 1;
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

//! Rows against entries: every record's present values must follow from its entries, and so must what stands beside it.
//!
//! Read in pages of records with all that belongs to them, since a desk has many. A record that differs is read again by
//! itself before it is named: people work while a desk is verified.

use std::collections::{BTreeMap, HashMap, HashSet};

use proofdesk_model::{Context, Record, RecordType, Reference, format};
use proofdesk_store::{ListQuery, Row, Select, StoredEntry};

use super::beside::{Bytes, File, LinkLog, LinkSteps};
use super::replay::{Comment, Told};
use super::{Finding, FindingKind, Report};
use crate::Engine;
use crate::error::Error;

/// Records of one page.
const PAGE: usize = 200;
/// How often a record that differs is read again.
const TRIES: usize = 3;

/// What belongs to some records, by their numbers.
#[derive(Default)]
struct Beside {
    entries: HashMap<i64, Vec<StoredEntry>>,
    comments: HashMap<i64, Vec<Comment>>,
    files: HashMap<i64, Vec<File>>,
    watchers: HashMap<i64, Vec<(i64, i64)>>,
    /// Columns whose cells are in a form that no write leaves.
    forms: HashMap<i64, Vec<String>>,
}

impl Engine {
    pub(super) async fn verify_rows(
        &self,
        report: &mut Report,
        mut seen: HashSet<(String, i64)>,
        progress: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<(), Error> {
        let all = seen.len() as u64;
        let mut links = LinkLog::default();
        let mut bytes = Bytes::default();
        for of in self.registry().clone().types() {
            let now = self.now();
            let mut query = ListQuery {
                of: of.clone(),
                filter: None,
                context: Context { now, today: format::day_of(now), user: None },
                sort: "number".to_owned(),
                descending: false,
                after: None,
                limit: PAGE,
            };
            loop {
                let page = self.store().list(&query).await?;
                let (first, last) = (page.records.first(), page.records.last());
                if let (Some(first), Some(last)) = (first, last) {
                    let mut beside = self.beside(of, first.number, last.number).await?;
                    for record in &page.records {
                        report.records += 1;
                        seen.remove(&(of.name.clone(), record.number));
                        self.verify_record(record, &mut beside, (&mut links, &mut bytes), report).await?;
                    }
                }
                progress(report.records, all.max(report.records));
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
        }
        self.verify_links(links, report).await?;
        report.files += bytes.count();
        let mut gone: Vec<Reference> = seen
            .into_iter()
            .filter(|(name, _)| self.registry().get(name).is_some())
            .map(|(name, number)| Reference::new(name, number))
            .collect();
        gone.sort();
        for reference in gone {
            let name = self.registry().write_reference(&reference);
            let message = format!("The log knows {name}, but its row is gone.");
            report.add(FindingKind::MissingRow, None, Some(name), message);
        }
        Ok(())
    }

    /// What belongs to the records of a type with numbers from `first` to `last`.
    async fn beside(&self, of: &RecordType, first: i64, last: i64) -> Result<Beside, Error> {
        let mut beside = Beside::default();
        for entry in self.store().entries_between(&of.name, first, last).await? {
            beside.entries.entry(entry.record.number).or_default().push(entry);
        }
        beside.forms.extend(self.store().not_canonical(of, first, last).await?);
        let question = |table: &'static str, columns: &[&'static str]| {
            let columns: Vec<&'static str> = columns.iter().copied().chain(["number"]).collect();
            Select::from(table, &columns)
                .when("record_type", of.name.clone())
                .when_above("number", first - 1)
                .when_up_to("number", last)
        };
        let columns = ["id", "audience", "body", "person", "author", "at", "door"];
        for row in self.store().select(question("comment", &columns)).await? {
            let comment = Comment {
                id: row.text(0).to_owned(),
                audience: row.text(1).to_owned(),
                body: row.text(2).to_owned(),
                person: row.opt_int(3),
                author: row.text(4).to_owned(),
                at: row.int(5),
                door: row.text(6).to_owned(),
            };
            beside.comments.entry(row.int(7)).or_default().push(comment);
        }
        let columns = ["id", "name", "media_type", "sha256", "audience", "size_bytes", "at", "person"];
        for row in self.store().select(question("attachment", &columns)).await? {
            let words = |row: &Row| [0, 1, 2, 3, 4].map(|column| row.text(column).to_owned());
            let file: File = (words(&row), row.int(5), row.int(6), row.opt_int(7));
            beside.files.entry(row.int(8)).or_default().push(file);
        }
        for row in self.store().select(question("watcher", &["person", "since"])).await? {
            beside.watchers.entry(row.int(2)).or_default().push((row.int(0), row.int(1)));
        }
        Ok(beside)
    }

    /// One record with all that belongs to it.
    async fn verify_record(
        &self,
        record: &Record,
        beside: &mut Beside,
        (links, bytes): (&mut LinkLog, &mut Bytes),
        report: &mut Report,
    ) -> Result<(), Error> {
        let (mut findings, mut steps, mut files) = self.against_entries(record, beside).await?;
        let mut tries = 0;
        while !findings.is_empty() && tries < TRIES {
            tries += 1;
            // it may have been written between two questions
            let Some(present) = self.store().load(&record.of, record.number).await? else { break };
            let mut again = self.beside(&record.of, record.number, record.number).await?;
            let changed = present.version != record.version;
            (findings, steps, files) = self.against_entries(&present, &mut again).await?;
            if !changed {
                break;
            }
        }
        findings.extend(self.verify_bytes(record, &files, bytes).await?);
        links.take(steps);
        findings.into_iter().for_each(|finding| report.push(finding));
        Ok(())
    }

    async fn against_entries(
        &self,
        record: &Record,
        beside: &mut Beside,
    ) -> Result<(Vec<Finding>, LinkSteps, Vec<File>), Error> {
        let name = record.reference();
        let stored = beside.entries.remove(&record.number).unwrap_or_default();
        let entries = self.believed(stored).await?;
        let mut findings = Vec::new();
        let mut found = |kind, leaf, message| {
            findings.push(Finding { kind, leaf, record: Some(name.clone()), message });
        };
        if entries.is_empty() {
            let message = format!("{name} is there, but no entry of the log made it.");
            found(FindingKind::MissingRow, None, message);
            return Ok((findings, LinkSteps::default(), Vec::new()));
        }
        let mut steps = LinkSteps::default();
        let told = Told::replay(self.registry(), record, &entries, &mut steps);
        for (leaf, message) in told.disorder(&name) {
            found(FindingKind::Reordered, leaf, message);
        }
        let shown = beside.files.remove(&record.number).unwrap_or_default();
        if let Some(wrong) = differing(&told.files, &shown) {
            let message = format!("Of {name}, {wrong} files were changed, added or removed past the log.");
            found(FindingKind::ChangedRow, None, message);
        }
        let shown = beside.comments.remove(&record.number).unwrap_or_default();
        if let Some(wrong) = differing(&told.talk, &shown) {
            let message = format!("Of {name}, {wrong} comments were changed, added or removed past the log.");
            found(FindingKind::ChangedRow, None, message);
        }
        let shown: BTreeMap<i64, i64> =
            beside.watchers.remove(&record.number).unwrap_or_default().into_iter().collect();
        if told.watchers != shown {
            let message = format!("Who watches {name} was changed past the log.");
            found(FindingKind::ChangedRow, None, message);
        }
        for gap in &told.gaps {
            let message = format!(
                "Before version {} of {name} was written, its {} had been changed past the log: the entry began from another value than the log had told.",
                gap.version, gap.field
            );
            found(FindingKind::ChangedRow, gap.leaf, message);
        }
        let mut differing = told.differing(record);
        let forms = beside.forms.remove(&record.number).unwrap_or_default();
        let has = |column: &str| differing.iter().any(|(name, _)| *name == column);
        let others: Vec<_> = forms.iter().filter(|c| !has(c)).map(|c| (c.as_str(), None)).collect();
        differing.extend(others);
        if !differing.is_empty() {
            let said = |(column, both): &(&str, Option<[String; 2]>)| match both {
                Some([told, is]) => format!("{column} (the log says `{told}`, the row has `{is}`)"),
                None => (*column).to_owned(),
            };
            let said: Vec<String> = differing.iter().map(said).collect();
            let message = format!("The row of {name} was changed past the log: {}.", said.join(", "));
            found(FindingKind::ChangedRow, None, message);
        }
        Ok((findings, steps, told.files))
    }
}

/// How many differ of what was told and what is shown; none where all are the same, each as often.
fn differing<T: Eq + std::hash::Hash>(told: &[T], shown: &[T]) -> Option<usize> {
    let (a, b): (HashSet<&T>, HashSet<&T>) = (told.iter().collect(), shown.iter().collect());
    let wrong = a.difference(&b).count().max(b.difference(&a).count());
    let wrong = if wrong == 0 { told.len().abs_diff(shown.len()) } else { wrong };
    (wrong > 0).then_some(wrong)
}

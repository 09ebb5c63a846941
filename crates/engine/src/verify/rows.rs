//! Rows against entries: every record's present values must follow from its entries.

use std::collections::HashMap;

use proofdesk_model::{Context, Record, Reference, format};
use proofdesk_store::{ListQuery, Row, Select};

use super::beside::LinkLog;
use super::replay::{Comment, Told};
use super::{FindingKind, Report};
use crate::Engine;
use crate::error::Error;

/// Most entries of one record that are replayed at a time.
const ENTRIES_MAX: usize = 100_000;

impl Engine {
    pub(super) async fn verify_rows(
        &self,
        report: &mut Report,
        mut seen: HashMap<(String, i64), i64>,
        progress: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<(), Error> {
        let all = seen.len() as u64;
        let mut links = LinkLog::default();
        for of in self.registry().clone().types() {
            let now = self.now();
            let mut query = ListQuery {
                of: of.clone(),
                filter: None,
                context: Context { now, today: format::day_of(now), user: None },
                sort: "number".to_owned(),
                descending: false,
                after: None,
                limit: 500,
            };
            loop {
                let page = self.store().list(&query).await?;
                for record in &page.records {
                    report.records += 1;
                    let met = seen.remove(&(of.name.clone(), record.number)).is_some();
                    if !met && !self.is_on_its_way(record).await? {
                        let message =
                            format!("{} is there, but no entry of the log made it.", record.reference());
                        report.add(FindingKind::MissingRow, None, Some(record.reference()), message);
                        continue;
                    }
                    self.verify_row(record, &mut links, report).await?;
                }
                progress(report.records, all.max(report.records));
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
        }
        self.verify_links(links, report).await?;
        let mut gone: Vec<Reference> = seen
            .into_keys()
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

    /// Whether a record that the walk did not meet has entries that were given their place after it began, or that
    /// still wait for it: on PostgreSQL that takes up to a second, and a desk is verified while people work at it.
    async fn is_on_its_way(&self, record: &Record) -> Result<bool, Error> {
        let reference = Reference::new(record.of.name.clone(), record.number);
        let entries = self.store().entries(&reference, None, ENTRIES_MAX).await?;
        if entries.iter().any(|e| e.leaf.is_none()) && self.store().health().await?.pending > 0 {
            return Ok(true);
        }
        let size = self.store().log_size().await?;
        Ok(entries.iter().any(|e| e.leaf.is_some_and(|leaf| leaf < size)))
    }

    async fn verify_row(
        &self,
        record: &Record,
        links: &mut LinkLog,
        report: &mut Report,
    ) -> Result<(), Error> {
        let reference = Reference::new(record.of.name.clone(), record.number);
        let mut entries = self.store().entries(&reference, None, ENTRIES_MAX).await?;
        entries.reverse();
        let told = Told::replay(self.registry(), record, &entries, links);
        let differing = told.differing(record);
        self.verify_files(record, &told.files, report).await?;
        self.verify_talk(record, &reference, told.talk, report).await?;
        let name = record.reference();
        for gap in told.gaps {
            let message = format!(
                "Before version {} of {name} was written, its {} had been changed past the log: the entry began from another value than the log had told.",
                gap.version, gap.field
            );
            report.add(FindingKind::ChangedRow, gap.leaf, Some(name.clone()), message);
        }
        if !differing.is_empty() {
            let message = format!("The row of {name} was changed past the log: {}.", differing.join(", "));
            report.add(FindingKind::ChangedRow, None, Some(name), message);
        }
        Ok(())
    }

    /// The comments that pages show must be those that the log knows: none changed, none gone, none added.
    async fn verify_talk(
        &self,
        record: &Record,
        on: &Reference,
        mut told: Vec<Comment>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let columns = ["id", "audience", "body", "person", "author", "at", "door"];
        let question = Select::from("comment", &columns)
            .when("record_type", on.record_type.clone())
            .when("number", on.number)
            .order("at")
            .order("id")
            .limit(ENTRIES_MAX);
        let rows = self.store().select(question).await?;
        let comment = |row: &Row| Comment {
            id: row.text(0).to_owned(),
            audience: row.text(1).to_owned(),
            body: row.text(2).to_owned(),
            person: row.opt_int(3),
            author: row.text(4).to_owned(),
            at: row.int(5),
            door: row.text(6).to_owned(),
        };
        let mut shown: Vec<Comment> = rows.iter().map(comment).collect();
        told.sort();
        shown.sort();
        let differing = told.iter().filter(|t| shown.binary_search(t).is_err()).count();
        let added = shown.iter().filter(|s| told.binary_search(s).is_err()).count();
        let wrong = differing.max(added);
        if wrong > 0 {
            let name = record.reference();
            let message = format!("Of {name}, {wrong} comments were changed, added or removed past the log.");
            report.add(FindingKind::ChangedRow, None, Some(name), message);
        }
        Ok(())
    }
}

//! One run: a thread reads and splits, this task prepares batches, another commits them one after the other.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use proofdesk_model::Registry;
use proofdesk_store::{Select, Statement, Store};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::batch::Batch;
use super::case::{Case, Refused, Seen, Tools};
use super::event::Plan;
use super::mapping::{Mapping, Mistake};
use super::numbers::Numbers;
use super::rows::{Broken, Row, Rows};
use super::stub::Stubs;
use super::{Failure, ImportReport, Progress, Refusal, Source};
use crate::Engine;
use crate::error::Error;

/// Rows handed over at once by the reading thread.
const CHUNK: usize = 256;
/// Most records held in memory; the rest is loaded again when it comes back.
const MOST_CASES: usize = 20_000;

type Chunk = Vec<Result<Row, Broken>>;

struct Counted<R> {
    inner: R,
    progress: Arc<Progress>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.progress.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

pub(super) async fn run(
    engine: &Engine,
    batch_size: usize,
    input: impl Read + Send + 'static,
    source: &Source,
    mapping: &Mapping,
    progress: Arc<Progress>,
) -> Result<ImportReport, Failure> {
    let mut chunks = reader(Counted { inner: input, progress: progress.clone() }, mapping.delimiter);
    let mut first: Chunk = chunks.recv().await.unwrap_or_default();
    let header = header(&source.file, (!first.is_empty()).then(|| first.remove(0)))?;
    mapping.check_header(&source.file, &header).map_err(Failure::Mapping)?;
    let plan = Plan::new(mapping, engine.registry(), &header);
    let committer = Committer::start(engine.store().clone(), engine.registry().clone(), progress.clone());
    let mut run = Run::begin(engine, batch_size, source, &plan, committer).await?;
    let mut chunk = first;
    loop {
        for row in chunk {
            progress.rows.fetch_add(1, Ordering::Relaxed);
            run.row(row).await?;
        }
        match chunks.recv().await {
            Some(next) => chunk = next,
            None => break,
        }
    }
    run.end().await
}

/// The names of the columns, of the first row.
fn header(file: &str, first: Option<Result<Row, Broken>>) -> Result<Vec<String>, Failure> {
    let (line, message) = match first {
        Some(Ok(row)) => return Ok(row.fields().map(|f| f.trim().to_owned()).collect()),
        Some(Err(Broken::Row { line, reason })) => (line, reason),
        Some(Err(Broken::File(message))) => (0, message),
        None => (0, "The file is empty.".to_owned()),
    };
    Err(Failure::Mapping(vec![Mistake { file: file.to_owned(), line, message }]))
}

/// Reads a file as an import would, without a database: what rows say is understood or refused, and nothing is
/// written. What depends on the records that are there (links, guards, earlier imports) is not asked.
///
/// # Errors
/// [`Failure::Mapping`] when the heading does not fit the mapping.
pub fn rehearse(
    input: impl Read + Send + 'static,
    file: &str,
    mapping: &Mapping,
    registry: &Registry,
) -> Result<ImportReport, Failure> {
    let broken = |e: std::io::Error| Broken::File(format!("the file cannot be read: {e}"));
    let (mut rows, torn) = match Rows::open(input, mapping.delimiter) {
        Ok(rows) => (Some(rows), None),
        Err(error) => (None, Some(Err(broken(error)))),
    };
    let header = header(file, torn.or_else(|| rows.as_mut().and_then(Iterator::next)))?;
    mapping.check_header(file, &header).map_err(Failure::Mapping)?;
    let plan = Plan::new(mapping, registry, &header);
    let mut report = ImportReport::default();
    for row in rows.into_iter().flatten() {
        report.rows += 1;
        let read = |row: &Row| plan.key(row).and(plan.fixed(row)).and(plan.event(row, None)).map(|_| ());
        match row {
            Ok(row) => match read(&row) {
                Ok(()) => report.events += 1,
                Err(reason) => report.refused.push(Refusal { line: row.line, reason }),
            },
            Err(Broken::Row { line, reason }) => report.refused.push(Refusal { line, reason }),
            Err(Broken::File(reason)) => report.broken_off = Some(reason),
        }
    }
    Ok(report)
}

fn reader(input: impl Read + Send + 'static, delimiter: u8) -> mpsc::Receiver<Chunk> {
    let (to, from) = mpsc::channel(8);
    std::thread::spawn(move || {
        let rows = match Rows::open(input, delimiter) {
            Ok(rows) => rows,
            Err(error) => {
                let broken = Broken::File(format!("the file cannot be read: {error}"));
                // the receiver may be gone: then nobody wants to know
                let _ = to.blocking_send(vec![Err(broken)]);
                return;
            }
        };
        let mut chunk = Vec::with_capacity(CHUNK);
        for row in rows {
            chunk.push(row);
            if chunk.len() == CHUNK && to.blocking_send(std::mem::take(&mut chunk)).is_err() {
                return;
            }
        }
        let _ = to.blocking_send(chunk);
    });
    from
}

/// Commits batches in order; one may wait while another is written.
struct Committer {
    to: mpsc::Sender<Batch>,
    task: JoinHandle<Result<(), Error>>,
}

impl Committer {
    fn start(store: Store, registry: Arc<Registry>, progress: Arc<Progress>) -> Self {
        let (to, mut from) = mpsc::channel::<Batch>(1);
        let task = tokio::spawn(async move {
            while let Some(mut batch) = from.recv().await {
                let count = batch.events;
                match batch.writes.last_mut() {
                    Some((_, _, extra)) => {
                        extra.statements.append(&mut batch.statements);
                        store.write_many(batch.writes, &registry).await?;
                    }
                    None => store.execute(batch.statements).await?,
                }
                progress.events.fetch_add(count, Ordering::Relaxed);
            }
            Ok(())
        });
        Self { to, task }
    }

    /// Waits for everything that was sent.
    async fn finish(self) -> Result<(), Error> {
        drop(self.to);
        self.task.await.map_err(|e| Error::Internal(format!("The writing task failed: {e}")))?
    }
}

struct Run<'a> {
    engine: &'a Engine,
    plan: &'a Plan<'a>,
    size: usize,
    stubs: Stubs,
    numbers: Numbers,
    batch: Batch,
    seen: HashMap<String, Seen>,
    cases: HashMap<String, Case>,
    /// Keys with events in the present batch.
    touched: HashSet<String>,
    report: ImportReport,
    /// Refusals of earlier runs by line.
    refused_before: BTreeMap<i64, String>,
    is_known: bool,
    of_is_empty: bool,
    committer: Option<Committer>,
}

impl<'a> Run<'a> {
    async fn begin(
        engine: &'a Engine,
        size: usize,
        source: &Source,
        plan: &'a Plan<'a>,
        committer: Committer,
    ) -> Result<Self, Failure> {
        let (name, now) = (plan.mapping.name.clone(), engine.now());
        let store = engine.store();
        let before = Select::from("import_source", &["started_at"]).when("name", name.as_str());
        let is_known = !store.select(before).await?.is_empty();
        let refused = Select::from("import_refusal", &["line", "reason"]).when("source", name.as_str());
        let refused = store.select(refused).await?;
        let of_is_empty = store.count(&plan.mapping.of, None, &super::context(now), Some(1)).await? == 0;
        let row = if is_known {
            Statement::update("import_source").when("name", name.as_str())
        } else {
            Statement::insert("import_source").set("name", name.as_str()).set("started_at", now)
        };
        let row = row
            .set("file", source.file.as_str())
            .set("file_hash", source.file_hash.as_str())
            .set("mapping_hash", plan.mapping.hash.as_str())
            .set("size_bytes", i64::try_from(source.size_bytes).unwrap_or(i64::MAX));
        store.execute(vec![row]).await?;
        Ok(Self {
            engine,
            plan,
            size,
            stubs: Stubs::new(&name),
            numbers: Numbers::default(),
            batch: Batch::new(now),
            seen: HashMap::new(),
            cases: HashMap::new(),
            touched: HashSet::new(),
            report: ImportReport::default(),
            refused_before: refused.iter().map(|r| (r.int(0), r.text(1).to_owned())).collect(),
            is_known,
            of_is_empty,
            committer: Some(committer),
        })
    }

    async fn row(&mut self, row: Result<Row, Broken>) -> Result<(), Failure> {
        let row = match row {
            Ok(row) => row,
            Err(Broken::Row { line, reason }) => {
                self.report.rows += 1;
                self.refuse(line, reason);
                return Ok(());
            }
            Err(Broken::File(reason)) => {
                self.report.broken_off = Some(reason);
                return Ok(());
            }
        };
        self.report.rows += 1;
        let key = match self.plan.key(&row) {
            Ok(key) => key,
            Err(reason) => {
                self.refuse(row.line, reason);
                return Ok(());
            }
        };
        if !self.seen.contains_key(&key) {
            let seen = self.load_seen(&key).await?;
            self.seen.insert(key.clone(), seen);
        }
        let Some(seen) = self.seen.get_mut(&key) else { return Ok(()) };
        if seen.take(&row) {
            let before = i64::try_from(row.line).ok().and_then(|line| self.refused_before.get(&line));
            match before {
                Some(reason) => {
                    let reason = reason.clone();
                    self.report.refused.push(Refusal { line: row.line, reason });
                }
                None => self.report.known += 1,
            }
            return Ok(());
        }
        if seen.differs {
            let reason = format!(
                "the rows of {key} before it are not those that were imported earlier; history is not rewritten"
            );
            self.refuse(row.line, reason);
            return Ok(());
        }
        self.event(key, &row).await
    }

    async fn event(&mut self, key: String, row: &Row) -> Result<(), Failure> {
        if !self.cases.contains_key(&key) {
            let number = self.seen.get(&key).and_then(|s| s.stored.as_ref()).map(|(_, _, number)| *number);
            let case = match number {
                Some(number) => Case::load(self.engine, &self.plan.mapping.of.name, number).await?,
                None => Case::new(),
            };
            self.cases.insert(key.clone(), case);
        }
        let Some(case) = self.cases.get_mut(&key) else { return Ok(()) };
        let mut tools = Tools {
            engine: self.engine,
            plan: self.plan,
            stubs: &mut self.stubs,
            numbers: &mut self.numbers,
            batch: &mut self.batch,
        };
        match case.take(&key, row, &mut tools).await {
            Ok(created) => {
                self.report.events += 1;
                self.report.created += u64::from(created);
                if let Some(seen) = self.seen.get_mut(&key) {
                    self.report.updated += u64::from(!created && !seen.changed && seen.stored.is_some());
                    seen.changed = true;
                }
                self.touched.insert(key);
            }
            Err(Refused::Row(reason)) => self.refuse(row.line, reason),
            Err(Refused::Stop(error)) => return Err(self.stopped(error).await),
        }
        if self.batch.writes.len() >= self.size {
            self.send().await?;
        }
        Ok(())
    }

    async fn load_seen(&self, key: &str) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        if self.is_known {
            let select = Select::from("import_case", &["events", "digest", "number"])
                .when("source", self.plan.mapping.name.as_str())
                .when("external_key", key)
                .short();
            let rows = self.engine.store().select(select).await?;
            seen.stored = rows.first().map(|r| (r.int(0), r.text(1).to_owned(), r.int(2)));
        }
        if seen.stored.is_none() && !self.of_is_empty {
            let found = self.engine.store().find_external(&self.plan.mapping.of, key).await?;
            seen.stored = found.map(|number| (0, String::new(), number));
        }
        Ok(seen)
    }

    fn refuse(&mut self, line: usize, reason: String) {
        let place = i64::try_from(line).unwrap_or(i64::MAX);
        if !self.refused_before.contains_key(&place) {
            let row = Statement::insert_new("import_refusal");
            let row = row.set("source", self.plan.mapping.name.as_str()).set("line", place);
            self.batch.statements.push(row.set("reason", reason.as_str()));
        }
        self.report.refused.push(Refusal { line, reason });
    }

    /// Hands the batch to the committing task.
    async fn send(&mut self) -> Result<(), Failure> {
        let of = &self.plan.mapping.of.name;
        for key in self.touched.drain() {
            let (Some(seen), Some(case)) = (self.seen.get(&key), self.cases.get(&key)) else { continue };
            let Some(number) = case.number() else { continue };
            let row = Statement::upsert("import_case")
                .key("source", self.plan.mapping.name.as_str())
                .key("external_key", key.as_str())
                .set("record_type", of.as_str())
                .set("number", number)
                .set("events", seen.rows)
                .set("digest", hex::encode(seen.digest));
            self.batch.statements.push(row);
        }
        let batch = std::mem::replace(&mut self.batch, Batch::new(self.engine.now()));
        let sent = match &self.committer {
            Some(committer) => committer.to.send(batch).await.is_ok(),
            None => false,
        };
        if !sent {
            let error = Error::Internal("The writing task ended early.".to_owned());
            return Err(self.stopped(error).await);
        }
        if self.cases.len() > MOST_CASES {
            self.forget_cases().await?;
        }
        Ok(())
    }

    /// Lets go of the records in memory; everything about them is committed first.
    async fn forget_cases(&mut self) -> Result<(), Failure> {
        self.settle().await?;
        let store = self.engine.store().clone();
        let progress = Arc::new(Progress::default());
        self.committer = Some(Committer::start(store, self.engine.registry().clone(), progress));
        for (key, case) in self.cases.drain() {
            if let (Some(seen), Some(number)) = (self.seen.get_mut(&key), case.number()) {
                seen.stored.get_or_insert((0, String::new(), number));
            }
        }
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), Failure> {
        if let Some(committer) = self.committer.take() {
            committer.finish().await?;
        }
        Ok(())
    }

    /// The error of the committing task, if it had one, else the one given.
    async fn stopped(&mut self, error: Error) -> Failure {
        match self.committer.take() {
            Some(committer) => committer.finish().await.err().unwrap_or(error).into(),
            None => error.into(),
        }
    }

    async fn end(mut self) -> Result<ImportReport, Failure> {
        self.send().await?;
        self.settle().await?;
        self.report.unchanged =
            self.seen.values().filter(|s| !s.changed && s.stored.as_ref().is_some_and(|t| t.0 > 0)).count()
                as u64;
        self.report.made = std::mem::take(&mut self.stubs.made).into_iter().collect();
        self.report.refused.sort_by_key(|r| r.line);
        let name = self.plan.mapping.name.as_str();
        let records = self.report.created + self.report.updated + self.report.unchanged;
        let mut row = Statement::update("import_source")
            .when("name", name)
            .set("rows", i64::try_from(self.report.rows).unwrap_or(i64::MAX))
            .set("records", i64::try_from(records).unwrap_or(i64::MAX))
            .set("refused", i64::try_from(self.report.refused.len()).unwrap_or(i64::MAX));
        if self.report.broken_off.is_none() {
            row = row.set("finished_at", self.engine.now());
        }
        self.engine.store().execute(vec![row]).await?;
        self.engine.store().analyze().await?;
        Ok(self.report)
    }
}

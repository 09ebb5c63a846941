//! A small desk for tests of the store: declarations, writes, an open store on either database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proofdesk_model::load::{SourceFile, load};
use proofdesk_model::{
    Action, Caller, Change, Checked, Condition, Context, Door, Draft, Facts, LinkChange, Permit, Record,
    RecordType, Reference, Registry, RuleSet, Stamp, Value,
};
use proofdesk_store::{Dialect, Error, Extra, ListQuery, Options, Receipt, Store};
use uuid::Uuid;

/// Declarations of the desk.
pub const RECORDS: &str = r#"
// A case of work.
record "thing" reference="THI" label="Thing" plural="Things" {
    family "work"
    title "title"
    section "All" {
        text     "title" required=#true search=#true
        markdown "body" search=#true
        int      "weight"
        decimal  "share"
        money    "cost"
        duration "length"
        instant  "due_at"
        day      "opened_on"
        yesno    "major"
        choice   "priority" { option "p1"; option "p2"; }
        choices  "tags" { option "a"; option "b"; }
        link     "box" to="box" inverse="things"
        links    "related" to="box" inverse="relates"
    }
    state "new" kind="new"
    state "open" kind="open"
    state "done" kind="done"
    state "closed" kind="closed"
    transition "start" from="new" to="open"
    transition "finish" from="new open" to="done"
    transition "close" from="done" to="closed"
    view "open" label="Open" sort="due_at" { where "state in ['new', 'open']"; }
    view "heavy" label="Heavy" sort="weight" descending=#true
    permit "agent" "read create update comment note attach"
}
// What things lie in.
record "box" reference="BOX" label="Box" plural="Boxes" {
    family "work"
    title "title"
    section "All" { text "title" required=#true search=#true; }
    state "active" kind="open"
    permit "agent" "read create update comment note attach"
}
"#;

/// Reads declarations.
pub fn registry(text: &str) -> Registry {
    match load(&[SourceFile::new("test.kdl", text)], &[]) {
        Ok(registry) => registry,
        Err(mistakes) => panic!("{mistakes:?}"),
    }
}

static IDS: AtomicU64 = AtomicU64::new(1);

/// A fresh id of a write.
pub fn fresh_id() -> Uuid {
    Uuid::from_u64_pair(u64::from(std::process::id()), IDS.fetch_add(1, Ordering::Relaxed))
}

/// Where a test runs.
#[derive(Clone)]
pub struct Place {
    /// File name or connection string.
    pub url: String,
    /// Keeps the folder of a file.
    pub folder: Arc<tempfile::TempDir>,
}

/// A store with the desk's tables.
#[derive(Clone)]
pub struct Desk {
    /// The store.
    pub store: Store,
    /// Its declarations.
    pub registry: Arc<Registry>,
    /// Where it is.
    pub place: Place,
}

/// Conditions are asked at this instant.
pub const CONTEXT: Context = Context { now: 1_000_000, today: 20_000, user: None };

impl Desk {
    /// Opens the store and makes its tables.
    pub async fn open(place: &Place) -> Self {
        let store = Store::open(&place.url, Options::default()).await.unwrap();
        let registry = Arc::new(registry(RECORDS));
        store.migrate(&registry).await.unwrap();
        Self { store, registry, place: place.clone() }
    }

    /// Another node of the same database.
    pub async fn second(&self) -> Self {
        let store = Store::open(&self.place.url, Options::default()).await.unwrap();
        Self { store, ..self.clone() }
    }

    /// Whether it is SQLite.
    pub fn is_sqlite(&self) -> bool {
        self.store.dialect() == Dialect::Sqlite
    }

    /// A declared type.
    pub fn of(&self, name: &str) -> Arc<RecordType> {
        self.registry.get(name).unwrap().clone()
    }

    /// A checked change of a new or of an existing record.
    pub fn checked(&self, of: &str, current: Option<Record>, change: Change, at: i64) -> (Permit, Checked) {
        let of = self.of(of);
        let caller = Caller::system("test");
        let permit = of.permit(&caller, Action::Update, None).unwrap();
        let rules = RuleSet::default();
        let draft = Draft::new(&of, current, change, &caller, Stamp::now(at, Door::Cli)).unwrap();
        (permit, draft.derive(&rules, &Facts::default()).check(&rules, &Facts::default()).unwrap())
    }

    /// Creates a record.
    pub async fn create(&self, of: &str, change: Change, at: i64) -> Result<(i64, Receipt), Error> {
        let number = self.store.allocate(of, 1).await?;
        let (permit, checked) = self.checked(of, None, change, at);
        let search_text = checked.after().text("body").map(str::to_owned);
        let extra =
            Extra { id: fresh_id(), search_text: Some(search_text.unwrap_or_default()), ..Extra::default() };
        let receipt = self.store.write(&permit, &checked.numbered(number), &self.registry, extra).await?;
        Ok((number, receipt))
    }

    /// Creates a thing with a title.
    pub async fn thing(&self, title: &str) -> i64 {
        self.create("thing", Change::default().with_text("title", title), 1_000).await.unwrap().0
    }

    /// Loads a record that must be there.
    pub async fn load(&self, of: &str, number: i64) -> Record {
        self.store.load(&self.of(of), number).await.unwrap().unwrap()
    }

    /// Changes a record as it was loaded.
    pub async fn change(&self, current: Record, change: Change, at: i64) -> Result<Receipt, Error> {
        let name = current.of.name.clone();
        let (permit, checked) = self.checked(&name, Some(current), change, at);
        let extra = Extra { id: fresh_id(), ..Extra::default() };
        self.store.write(&permit, &checked, &self.registry, extra).await
    }

    /// A checked condition.
    pub fn condition(&self, of: &str, text: &str) -> Condition {
        proofdesk_condition::check(text, of, &*self.registry).unwrap()
    }

    /// A list of things.
    pub fn query(&self, filter: Option<&str>, sort: &str, descending: bool, limit: usize) -> ListQuery {
        ListQuery {
            of: self.of("thing"),
            filter: filter.map(|text| self.condition("thing", text)),
            context: CONTEXT,
            sort: sort.to_owned(),
            descending,
            after: None,
            limit,
        }
    }

    /// All entries, once they are leaves.
    pub async fn leaves(&self) -> Vec<proofdesk_store::StoredEntry> {
        // Another node may be at it just now.
        while self.store.health().await.unwrap().pending > 0 {
            self.store.sequence_once().await.unwrap();
        }
        let size = self.store.log_size().await.unwrap();
        self.store.entry_range(0, usize::try_from(size).unwrap()).await.unwrap()
    }
}

/// A reference to a box.
pub fn a_box(number: i64) -> Reference {
    Reference::new("box", number)
}

/// Takes a relation away.
pub fn unlink(relation: &str, to: Reference) -> Change {
    let links = vec![LinkChange { relation: relation.to_owned(), to, add: false }];
    Change { links, ..Change::default() }
}

/// An instant.
pub fn instant(at: i64) -> Value {
    Value::Instant(at)
}

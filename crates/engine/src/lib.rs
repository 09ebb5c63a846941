//! The one write path, reads, history, comments, attachments, accounts, proofs and import.
//!
//! It is *given* the declarations, the rules, the time and the randomness; it names no record type.
//! Not here: SQL (`store`), pages and REST (`web`), what an obligation is (`conformity`).
//! Read [`apply`] first: every change of every record goes through it.

pub mod account;
mod apart;
pub mod apply;
pub mod attachment;
pub mod beside;
pub mod case;
pub mod comment;
pub mod compare;
pub mod error;
pub mod follow;
pub mod gather;
pub mod helped;
pub mod history;
pub mod idempotency;
pub mod import;
pub mod language;
pub mod log;
pub mod make;
pub mod markdown;
pub mod monthly;
pub mod people;
pub mod read;
pub mod readers;
pub mod saved_view;
mod segregation;
pub mod sight;
mod spans;
pub mod template;
mod terms;
pub mod tick;
pub mod time;
pub mod together;
mod unentered;
pub mod verify;
pub mod watch;

use std::sync::{Arc, OnceLock};

use proofdesk_model::{Registry, RuleSet, Templates};
use proofdesk_store::Store;

pub use account::calendar::CalendarLink;
pub use account::directory::{Directory, Entry, Judged, Later, Listed, Typed, Unheard};
pub use account::gone::Round;
pub use account::link::Link;
pub use account::outside::{Bound, Outside};
pub use account::passkey::{NewPasskey, Passkey};
pub use account::second::NewFactor;
pub use account::session::{Session, SessionItem, SignedIn, Stage, Visitor};
pub use account::token::{NewToken, Token};
pub use account::webhook::{DELIVERY, Direction, Webhook};
pub use account::{Account, Act, NewAccount};
pub use apart::apart;
pub use apply::{Applied, FieldFile, Target};
pub use attachment::{Attachment, Received, Scanner, SealedUpload, Upload};
pub use beside::Beside;
pub use case::{Case, CaseEvent, NewCase};
pub use comment::{Audience, COMMENT_MAX, Comment};
pub use compare::Compared;
pub use error::{Conflict, Error, FieldChange};
pub use follow::Follow;
pub use gather::Gathered;
pub use history::{HistoryChange, HistoryItem};
pub use idempotency::{Begun, KeptAnswer, write_id};
pub use import::{ImportReport, Importer, Mapping, Progress};
pub use log::{Checkpoint, InclusionProof, LogState, Seal};
pub use monthly::Monthly;
pub use people::Addressed;
pub use proofdesk_model::{
    Action, Caller, Change, Door, LinkChange, Problem, Problems, Record, Reference, Stamp,
};
pub use proofdesk_store::{BlobReader, Claimed, QueueLength, QueuedJob};
pub use read::{ListPage, ListRequest, SearchHit};
pub use readers::{Reader, Reading, Standing};
pub use saved_view::{SavedView, VIEW_COLUMNS_MAX, VIEW_LABEL_MAX, is_listable, is_sortable};
pub use template::{Adopted, Filled};
pub use time::{FixedTime, Time, pause};
pub use together::Together;

/// The engine: cheap to clone, shared by pages, REST, jobs and commands.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    registry: Arc<Registry>,
    rules: RuleSet,
    time: Arc<dyn Time>,
    terms: terms::Terms,
    templates: OnceLock<Templates>,
    follows: OnceLock<follow::Follows>,
    directories: OnceLock<Vec<Arc<dyn Directory>>>,
    origin: String,
    attempts: tokio::sync::Mutex<()>,
    refused: OnceLock<account::refused::Refused>,
    scanner: OnceLock<Scanner>,
}

impl Engine {
    /// Puts an engine together. `origin` names this log in checkpoints, as a schema-less URL.
    pub fn new(
        store: Store,
        registry: Arc<Registry>,
        rules: RuleSet,
        time: Arc<dyn Time>,
        origin: impl Into<String>,
    ) -> Self {
        let (terms, templates, follows) = (terms::Terms::default(), OnceLock::new(), OnceLock::new());
        let (origin, attempts) = (origin.into(), tokio::sync::Mutex::default());
        let (directories, refused, scanner) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let inner = Inner {
            store,
            registry,
            rules,
            time,
            terms,
            templates,
            follows,
            directories,
            origin,
            attempts,
            refused,
            scanner,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The declared types.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }

    /// The store below: for population queries of `conformity` and `report`, never for writes of records.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The rules that were handed over.
    pub fn rules(&self) -> &RuleSet {
        &self.inner.rules
    }

    /// The present instant, microseconds UTC.
    pub fn now(&self) -> i64 {
        self.inner.time.now()
    }

    /// The name of this log in checkpoints.
    pub fn origin(&self) -> &str {
        &self.inner.origin
    }

    /// Held while an attempt to sign in is counted.
    pub(crate) fn attempts(&self) -> &tokio::sync::Mutex<()> {
        &self.inner.attempts
    }

    /// Conditions whose beginning to hold is told to a job.
    pub(crate) fn follows(&self) -> &OnceLock<follow::Follows> {
        &self.inner.follows
    }

    /// Where people sign in by a password that is not kept here.
    pub(crate) fn directories_cell(&self) -> &OnceLock<Vec<Arc<dyn Directory>>> {
        &self.inner.directories
    }

    pub(crate) fn terms(&self) -> &terms::Terms {
        &self.inner.terms
    }
}

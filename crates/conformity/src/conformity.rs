//! The handle of conformity: an engine with frameworks and controls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use proofdesk_engine::Engine;
use proofdesk_model::Context;
use proofdesk_model::format::day_of;

use crate::declarations::Declarations;
use crate::error::Error;
use crate::live::Moves;
use crate::scope::Scope;
use crate::tables::{self, ResultRow, RunRow};

/// How many exceptions of a test are kept by name; the rest is counted.
pub const EXCEPTIONS_KEPT: usize = 1_000;
/// A result older than this proves nothing any more, unless said otherwise: three hours, microseconds.
pub const STALE_AFTER: i64 = 3 * 3_600 * 1_000_000;
/// How old the moves in memory may be before they are read again, microseconds.
const MOVES_KEPT: i64 = 5_000_000;

/// Conformity over one engine. Cheap to clone.
#[derive(Clone)]
pub struct Conformity {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    declared: Link,
    seen: Mutex<Seen>,
    stale_after: i64,
    base: Mutex<Option<Base>>,
}

/// Declarations, and those that took their place when a framework was published: a chain that only grows, so that
/// whoever reads a set keeps it. Publishing is rare.
struct Link {
    declarations: Declarations,
    next: OnceLock<Box<Link>>,
}

impl Link {
    fn new(declarations: Declarations) -> Self {
        Self { declarations, next: OnceLock::new() }
    }

    fn last(&self) -> &Self {
        let mut link = self;
        while let Some(next) = link.next.get() {
            link = next;
        }
        link
    }
}

/// Which stored frameworks the declarations hold, and when that was looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Number of the newest row.
    pub newest: i64,
    /// When, microseconds UTC.
    pub at: i64,
}

/// The last full run, kept in memory: its results never change; what moved since is read again now and then, as
/// other nodes test records, too.
#[derive(Clone)]
pub(crate) struct Base {
    pub run: RunRow,
    pub results: Arc<HashMap<String, ResultRow>>,
    pub moves: Moves,
    pub read_at: i64,
}

impl Conformity {
    /// Puts it together; results go stale after [`STALE_AFTER`].
    pub fn new(engine: Engine, declarations: Declarations) -> Self {
        Self::with_stale_after(engine, declarations, STALE_AFTER)
    }

    /// Puts it together with another age, in microseconds, after which a result proves nothing any more.
    pub fn with_stale_after(engine: Engine, declarations: Declarations, stale_after: i64) -> Self {
        let (base, seen) = (Mutex::new(None), Mutex::new(Seen::default()));
        let declared = Link::new(declarations);
        Self { inner: Arc::new(Inner { engine, declared, seen, stale_after, base }) }
    }

    /// The engine below.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Frameworks and controls as they are in force.
    pub fn declarations(&self) -> &Declarations {
        &self.inner.declared.last().declarations
    }

    /// Puts other declarations in force, unless another has put newer ones there meanwhile.
    pub(crate) fn replace(&self, declarations: Declarations, newest: i64) {
        let mut seen = self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.newest < newest
            && self.inner.declared.last().next.set(Box::new(Link::new(declarations))).is_ok()
        {
            *seen = Seen { newest, at: self.engine().now() };
            *self.kept() = None;
        }
    }

    /// What is known of the stored frameworks; notes the instant when `at` is given.
    pub(crate) fn seen(&self, at: Option<i64>) -> Seen {
        let mut seen = self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *seen;
        seen.at = at.unwrap_or(seen.at);
        before
    }

    /// The age after which a result proves nothing any more, microseconds.
    pub fn stale_after(&self) -> i64 {
        self.inner.stale_after
    }

    /// The last full run over everything, from memory where it is still the last.
    pub(crate) async fn base(&self) -> Result<Option<Base>, Error> {
        let engine = self.engine();
        let scope = Scope::all();
        let Some(run) = tables::runs(engine, &scope.id, 1).await?.pop() else { return Ok(None) };
        let now = engine.now();
        let kept = self.kept().clone().filter(|base| base.run.id == run.id);
        let mut base = match kept {
            Some(base) if (base.read_at..=base.read_at + MOVES_KEPT).contains(&now) => return Ok(Some(base)),
            Some(base) => base,
            None => {
                let results = tables::results(engine, run.id).await?;
                let results = Arc::new(results.into_iter().map(|r| (r.test.clone(), r)).collect());
                Base { run, results, moves: Moves::new(), read_at: now }
            }
        };
        base.moves = self.moves(&scope, base.run.id).await?;
        base.read_at = now;
        *self.kept() = Some(base.clone());
        Ok(Some(base))
    }

    /// What is kept in memory; a panic elsewhere leaves it as it was.
    pub(crate) fn kept(&self) -> std::sync::MutexGuard<'_, Option<Base>> {
        self.inner.base.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What conditions of a run at this instant know. Nobody in particular asks.
    pub(crate) fn context(&self, now: i64) -> Context {
        Context { now, today: day_of(now), user: None }
    }
}

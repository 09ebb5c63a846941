//! The handle of conformity: an engine with frameworks and controls.

use std::sync::Arc;

use proofdesk_engine::Engine;
use proofdesk_model::Context;
use proofdesk_model::format::day_of;

use crate::declarations::Declarations;

/// How many exceptions of a test are kept by name; the rest is counted.
pub const EXCEPTIONS_KEPT: usize = 1_000;
/// A result older than this proves nothing any more, unless said otherwise: three hours, microseconds.
pub const STALE_AFTER: i64 = 3 * 3_600 * 1_000_000;

/// Conformity over one engine. Cheap to clone.
#[derive(Clone)]
pub struct Conformity {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    declarations: Declarations,
    stale_after: i64,
}

impl Conformity {
    /// Puts it together; results go stale after [`STALE_AFTER`].
    pub fn new(engine: Engine, declarations: Declarations) -> Self {
        Self::with_stale_after(engine, declarations, STALE_AFTER)
    }

    /// Puts it together with another age, in microseconds, after which a result proves nothing any more.
    pub fn with_stale_after(engine: Engine, declarations: Declarations, stale_after: i64) -> Self {
        Self { inner: Arc::new(Inner { engine, declarations, stale_after }) }
    }

    /// The engine below.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Frameworks and controls.
    pub fn declarations(&self) -> &Declarations {
        &self.inner.declarations
    }

    /// The age after which a result proves nothing any more, microseconds.
    pub fn stale_after(&self) -> i64 {
        self.inner.stale_after
    }

    /// What conditions of a run at this instant know. Nobody in particular asks.
    pub(crate) fn context(&self, now: i64) -> Context {
        Context { now, today: day_of(now), user: None }
    }
}

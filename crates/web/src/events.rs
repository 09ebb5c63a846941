//! Live updates: `/events` tells a signed-in browser which records changed, and after a lost connection what changed
//! meanwhile. It tells names only; what they say is asked for again through the pages.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::stream::{self, Stream, StreamExt};
use proofdesk_engine::{Caller, Engine, Reference};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast;

use crate::session::Visit;
use crate::state::AppState;

/// Events kept for browsers that come back.
const KEPT: usize = 2_000;

/// One change as browsers hear of it.
#[derive(Debug, Clone)]
struct Told {
    id: u64,
    record: Reference,
}

/// The changes of this process, numbered, with the newest kept. Listens to the store from the first visitor on.
#[derive(Clone)]
pub struct Feed {
    kept: Arc<Mutex<VecDeque<Told>>>,
    sender: broadcast::Sender<Told>,
    started: Arc<std::sync::Once>,
    /// Tells this run of the program from an earlier one: its numbers mean nothing here.
    run: u32,
}

impl Default for Feed {
    fn default() -> Self {
        let (sender, _) = broadcast::channel(1_024);
        Self {
            kept: Arc::default(),
            sender,
            started: Arc::new(std::sync::Once::new()),
            run: rand::random::<u32>(),
        }
    }
}

impl Feed {
    fn start(&self, engine: &Engine) {
        self.started.call_once(|| {
            let mut changes = engine.store().subscribe();
            let (kept, sender) = (self.kept.clone(), self.sender.clone());
            tokio::spawn(async move {
                let mut id = 0;
                loop {
                    match changes.recv().await {
                        Ok(change) => {
                            id += 1;
                            let told = Told { id, record: change.record };
                            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                            kept.push_back(told.clone());
                            if kept.len() > KEPT {
                                kept.pop_front();
                            }
                            // nobody listening is no fault
                            drop(sender.send(told));
                        }
                        Err(broadcast::error::RecvError::Lagged(_)) => {
                            // a gap: whoever comes back is told to look at everything again
                            id += 1;
                            kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
                        }
                        Err(broadcast::error::RecvError::Closed) => return,
                    }
                }
            });
        });
    }

    /// What came after an event id of this run; none when that cannot be told any more.
    fn since(&self, last: &str) -> Option<Vec<Told>> {
        let (run, id) = last.split_once('-')?;
        if u32::from_str_radix(run, 16).ok()? != self.run {
            return None;
        }
        let id: u64 = id.parse().ok()?;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.front().is_some_and(|first| first.id > id + 1) || (kept.is_empty() && id > 0) {
            return None;
        }
        Some(kept.iter().filter(|t| t.id > id).cloned().collect())
    }

    fn event(&self, told: &Told) -> Event {
        let reference = format!("{}:{}", told.record.record_type, told.record.number);
        let data = json!({"type": told.record.record_type, "reference": reference});
        Event::default().event("changed").id(format!("{:08x}-{}", self.run, told.id)).data(data.to_string())
    }
}

/// `/events`.
pub fn router() -> Router<AppState> {
    Router::new().route("/events", get(listen))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    after: String,
}

async fn listen(
    visit: Visit,
    State(state): State<AppState>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let feed = state.feed.clone();
    feed.start(&state.engine);
    // subscribe before looking back, so that nothing falls between; a double refresh does no harm
    let receiver = feed.sender.subscribe();
    let last = headers.get("last-event-id").and_then(|v| v.to_str().ok()).unwrap_or(&asked.after).to_owned();
    let reset = Event::default().event("reset").data("{}");
    let missed: Vec<Event> = match (last.as_str(), feed.since(&last)) {
        ("", _) => Vec::new(),
        (_, None) => vec![reset.clone()],
        (_, Some(told)) => {
            let mut known = Vec::with_capacity(told.len());
            for one in told {
                if may_know(&state.engine, &visit.caller, &one.record).await {
                    known.push(feed.event(&one));
                }
            }
            known
        }
    };
    let listener = Listener {
        engine: state.engine.clone(),
        secret: visit.secret.clone(),
        caller: visit.caller.clone(),
        asked: 0,
    };
    let live = stream::unfold((receiver, listener, feed), move |(mut receiver, mut listener, feed)| {
        let reset = reset.clone();
        async move {
            loop {
                match receiver.recv().await {
                    Ok(told) => {
                        if !listener.stays().await {
                            return None;
                        }
                        if may_know(&listener.engine, &listener.caller, &told.record).await {
                            let event = feed.event(&told);
                            return Some((event, (receiver, listener, feed)));
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        return Some((reset, (receiver, listener, feed)));
                    }
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        }
    });
    let all = stream::iter(missed).chain(live).map(Ok);
    Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}

/// Who listens, for as long as the session lasts and with the roles of now.
struct Listener {
    engine: Engine,
    secret: String,
    caller: Caller,
    /// When the session was last asked for, microseconds UTC.
    asked: i64,
}

impl Listener {
    /// Whether the session goes on; asked for once a second at most. What stays open ends with it.
    async fn stays(&mut self) -> bool {
        let now = self.engine.now();
        if now < self.asked + 1_000_000 {
            return true;
        }
        self.asked = now;
        match self.engine.session_stays(&self.secret).await {
            Ok(Some(caller)) => {
                self.caller = caller;
                true
            }
            Ok(None) | Err(_) => false,
        }
    }
}

/// A change of a record that the listener does not see is none of his business, nor are changes of a type of which he
/// reads only his own.
async fn may_know(engine: &Engine, caller: &Caller, record: &Reference) -> bool {
    let Some(of) = engine.registry().get(&record.record_type) else { return false };
    if caller.reads_all(of) || caller.reads_own(of) {
        return caller.reads_all(of);
    }
    let seen = engine.seen_references(caller, std::slice::from_ref(record)).await;
    seen.is_ok_and(|seen| seen.contains(record))
}

#[cfg(test)]
mod tests {
    use std::sync::PoisonError;

    use proofdesk_engine::Reference;

    use super::{Feed, Told};

    #[test]
    fn who_comes_back_hears_what_was_missed_or_that_it_is_unknown() {
        let feed = Feed::default();
        let fill = |ids: std::ops::RangeInclusive<u64>| {
            let mut kept = feed.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.clear();
            kept.extend(ids.map(|id| Told { id, record: Reference::new("incident", 1) }));
        };
        fill(5..=9);
        let run = format!("{:08x}", feed.run);
        let ids = |last: &str| feed.since(last).map(|t| t.iter().map(|t| t.id).collect::<Vec<_>>());
        assert_eq!(ids(&format!("{run}-7")), Some(vec![8, 9]));
        assert_eq!(ids(&format!("{run}-9")), Some(vec![]));
        assert_eq!(ids(&format!("{run}-4")), Some(vec![5, 6, 7, 8, 9]));
        assert_eq!(ids(&format!("{run}-3")), None, "event 4 is gone");
        assert_eq!(ids(&format!("{:08x}-7", feed.run.wrapping_add(1))), None, "another run");
        assert_eq!(ids("nonsense"), None);
    }
}

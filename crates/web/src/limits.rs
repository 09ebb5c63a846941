//! How often somebody may ask: so many requests a minute for each account, or for each address where nobody is signed in,
//! and fewer of those that cost much.
//!
//! Not here: throttling of sign-in (`engine`), how large one request may be (`security`). Files of the pages are answered
//! before, and live updates are not counted: a browser comes back to them by itself.
//! Source: OWASP ASVS 5.0.0, 2.4.1 and 15.2.2; RFC 6585, 4 (429).
//! Invariant: what is kept has a limit, and who is signed in is never refused for what others ask.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{FromRequestParts as _, MatchedPath, Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use proofdesk_engine::{Account, Session};
use proofdesk_model::access::Scope;

use crate::bearer::Sent;
use crate::error::WebError;
use crate::session::{Guest, cookie_name};
use crate::state::AppState;
use crate::{export, scim};

/// Networks that are told apart at most; those that come then share one count.
const NETWORKS_MAX: usize = 50_000;
/// What has had its rest is dropped after so many requests.
const SWEEP: u32 = 4_096;

/// How many requests a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of all kinds, and as many at once after a rest.
    pub per_minute: NonZeroU32,
    /// Of those that cost much.
    pub costly_per_minute: NonZeroU32,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(i64),
    Network(String),
    /// Where a request comes from is not known, or too many ask at once.
    Others,
}

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cost {
    Nothing,
    Usual,
    Much,
}

type Counts<C> = RateLimiter<Key, DashMapStateStore<Key>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Counts; one in a process.
#[derive(Debug)]
pub struct Limiter<C: Clock = MonotonicClock> {
    all: Counts<C>,
    costly: Counts<C>,
    clock: C,
    since: AtomicU32,
}

impl Limiter {
    /// Begins to count.
    pub fn new(limits: Limits) -> Self {
        Self::by(limits, MonotonicClock)
    }
}

impl<C: Clock + Clone> Limiter<C> {
    fn by(limits: Limits, clock: C) -> Self {
        let counts = |per_minute| {
            RateLimiter::new(Quota::per_minute(per_minute), DashMapStateStore::default(), clock.clone())
        };
        Self {
            all: counts(limits.per_minute),
            costly: counts(limits.costly_per_minute),
            clock: clock.clone(),
            since: AtomicU32::new(0),
        }
    }

    /// Counts a request, or says how long to wait.
    fn admit(&self, key: &Key, cost: Cost) -> Result<(), Duration> {
        if self.since.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.sweep();
        }
        let key =
            if matches!(key, Key::Network(_)) && self.all.len() >= NETWORKS_MAX { &Key::Others } else { key };
        let wait = |not: governor::NotUntil<C::Instant>| not.wait_time_from(self.clock.now());
        if cost == Cost::Much {
            self.costly.check_key(key).map_err(wait)?;
        }
        self.all.check_key(key).map_err(wait)
    }

    /// Drops whoever could ask as often as somebody who never asked.
    fn sweep(&self) {
        for counts in [&self.all, &self.costly] {
            counts.retain_recent();
            counts.shrink_to_fit();
        }
    }
}

/// Who sent a request, found once: the extractors take it from here instead of asking the database again.
#[derive(Clone)]
pub(crate) enum Found {
    /// By the session of a cookie.
    Session(Option<Session>),
    /// By a token.
    Token(Option<(Account, Option<Scope>)>),
}

/// What a route costs, by its pattern.
fn cost(route: &str, method: &Method, headers: &HeaderMap) -> Cost {
    let writes = !matches!(*method, Method::GET | Method::HEAD);
    let much = match route {
        "/events" => return Cost::Nothing,
        "/search"
        | "/api/v1/search"
        | "/{slug}/export"
        | "/api/v1/{type}/export.csv"
        | "/api/v1/{type}/export.xlsx" => true,
        "/{slug}/{reference}/paper.pdf" | "/frameworks/{id}/export/{document}" => true,
        "/api/v1/frameworks/{framework}/oscal/{document}" | "/automations/{name}" => true,
        "/api/v1/automations/{automation}/past" => true,
        "/conformity/run" | "/api/v1/conformity/runs" | "/frameworks/import" | "/api/v1/frameworks" => writes,
        "/{slug}/{reference}/paper" | "/setup/summary" => writes,
        "/api/v1/{type}" => !writes && export::accepted(headers).is_some(),
        _ => false,
    };
    if much { Cost::Much } else { Cost::Usual }
}

/// Counts a request before anything is done for it.
pub async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(limiter) = state.limiter.clone() else { return next.run(request).await };
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let cost = cost(route, request.method(), request.headers());
    if cost == Cost::Nothing {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let found = find(&parts.headers, &state).await;
    let account = match &found {
        Some(Found::Session(session)) => session.as_ref().map(|session| session.account.id),
        Some(Found::Token(token)) => token.as_ref().map(|(account, _)| account.id),
        None => None,
    };
    let key = match account {
        Some(account) => Key::Account(account),
        None => match Guest::from_request_parts(&mut parts, &state).await {
            Ok(Guest(visitor)) => visitor.network().map_or(Key::Others, Key::Network),
            Err(never) => match never {},
        },
    };
    if let Some(found) = found {
        parts.extensions.insert(found);
    }
    let Err(wait) = limiter.admit(&key, cost) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let seconds = wait.as_secs() + 1;
    tell(account, cost);
    if parts.uri.path().starts_with("/scim/") {
        return scim::too_often(seconds);
    }
    WebError::TooOften(seconds).into_response()
}

/// Who sends it; none where it says nothing of it, or where the database cannot be asked: then the handler says so.
async fn find(headers: &HeaderMap, state: &AppState) -> Option<Found> {
    match Sent::read(headers) {
        Sent::Unreadable => None,
        Sent::Token(token) => state.engine.account_of_token(token).await.ok().map(Found::Token),
        Sent::Nothing => {
            let jar = CookieJar::from_headers(headers);
            let cookie = jar.get(cookie_name(state.settings.secure))?;
            state.engine.session(cookie.value()).await.ok().map(Found::Session)
        }
    }
}

/// Writes that somebody asked too often; at most once a second, so that nobody fills the program's log with it.
fn tell(account: Option<i64>, cost: Cost) {
    static LAST: AtomicU64 = AtomicU64::new(0);
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let second = START.get_or_init(std::time::Instant::now).elapsed().as_secs() + 1;
    if LAST.swap(second, Ordering::Relaxed) != second {
        tracing::warn!(account, costly = cost == Cost::Much, "somebody asks too often");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::num::NonZeroU32;
    use std::time::Duration;

    use axum::http::{HeaderMap, Method, header};
    use governor::clock::FakeRelativeClock;

    use super::{Cost, Key, Limiter, Limits, NETWORKS_MAX, cost};

    fn limiter(per_minute: u32, costly: u32) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
        let number = |n| NonZeroU32::new(n).unwrap();
        let clock = FakeRelativeClock::default();
        let limits = Limits { per_minute: number(per_minute), costly_per_minute: number(costly) };
        (Limiter::by(limits, clock.clone()), clock)
    }

    #[test]
    fn each_has_a_count_of_his_own_that_comes_back_with_time() {
        let (limiter, clock) = limiter(60, 2);
        let (mara, ida) = (Key::Account(1), Key::Account(2));
        for _ in 0..60 {
            assert_eq!(limiter.admit(&mara, Cost::Usual), Ok(()));
        }
        assert_eq!(limiter.admit(&mara, Cost::Usual), Err(Duration::from_secs(1)));
        assert_eq!(limiter.admit(&ida, Cost::Much), Ok(()));
        assert_eq!(limiter.admit(&ida, Cost::Much), Ok(()));
        assert_eq!(limiter.admit(&ida, Cost::Much), Err(Duration::from_secs(30)));
        assert_eq!(limiter.admit(&ida, Cost::Usual), Ok(()), "what costs little goes on");
        clock.advance(Duration::from_secs(1));
        assert_eq!(limiter.admit(&mara, Cost::Usual), Ok(()));
        assert!(limiter.admit(&mara, Cost::Usual).is_err());
        clock.advance(Duration::from_secs(29));
        assert_eq!(limiter.admit(&ida, Cost::Much), Ok(()));
    }

    #[test]
    fn what_is_kept_has_a_limit_and_is_dropped() {
        let (limiter, clock) = limiter(60, 60);
        for i in 0..NETWORKS_MAX {
            drop(limiter.all.check_key(&Key::Network(i.to_string())));
        }
        for i in 0..1_000 {
            let _ = limiter.admit(&Key::Network(format!("more {i}")), Cost::Usual);
        }
        assert_eq!(limiter.all.len(), NETWORKS_MAX + 1, "those that come then share one count");
        assert!(limiter.admit(&Key::Network("another".to_owned()), Cost::Usual).is_err());
        assert_eq!(limiter.admit(&Key::Account(1), Cost::Usual), Ok(()), "who is signed in is not of them");
        clock.advance(Duration::from_secs(61));
        limiter.sweep();
        assert!(limiter.all.is_empty() && limiter.costly.is_empty());
    }

    #[test]
    fn what_costs_much_is_known_by_its_route() {
        let (none, mut table) = (HeaderMap::new(), HeaderMap::new());
        table.insert(header::ACCEPT, "text/csv".parse().unwrap());
        for (route, method, headers, is) in [
            ("/events", Method::GET, &none, Cost::Nothing),
            ("/desk", Method::GET, &none, Cost::Usual),
            ("", Method::GET, &none, Cost::Usual),
            ("/search", Method::GET, &none, Cost::Much),
            ("/conformity/run", Method::POST, &none, Cost::Much),
            ("/api/v1/conformity/runs", Method::GET, &none, Cost::Usual),
            ("/api/v1/conformity/runs", Method::POST, &none, Cost::Much),
            ("/api/v1/{type}", Method::GET, &none, Cost::Usual),
            ("/api/v1/{type}", Method::GET, &table, Cost::Much),
            ("/api/v1/{type}", Method::POST, &table, Cost::Usual),
        ] {
            assert_eq!(cost(route, &method, headers), is, "{method} {route}");
        }
    }
}

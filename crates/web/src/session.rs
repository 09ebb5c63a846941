//! Who is asking: the session cookie, and the extractor that every page for signed-in people takes.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use jiff::tz::TimeZone;
use proofdesk_engine::{Account, Act, Caller, Door, Engine};
use proofdesk_model::Registry;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::error::WebError;
use crate::menu::{self, Group};
use crate::state::AppState;

/// Name of the session cookie.
pub const COOKIE: &str = "proofdesk_session";

/// A signed-in person asking for a page: everything that rendering needs.
#[derive(Clone)]
pub struct Visit {
    /// Shared state.
    pub state: AppState,
    /// Whose session it is.
    pub account: Account,
    /// Who that is to the engine.
    pub caller: Caller,
    /// The instant of the request, microseconds UTC.
    pub now: i64,
    /// Path of the request.
    pub path: String,
    /// The menu, for this person.
    pub menu: Vec<Group>,
}

impl Visit {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.state.engine
    }

    /// What the person does on accounts.
    pub fn act(&self) -> Act {
        Act::new(&self.caller, Door::Page)
    }

    /// The declared types.
    pub fn registry(&self) -> &Registry {
        self.state.engine.registry()
    }

    /// The zone in which times are shown and read.
    pub fn zone(&self) -> &TimeZone {
        &self.state.settings.zone
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        let path = parts.uri.path().to_owned();
        let next = parts.uri.path_and_query().map_or_else(|| path.clone(), ToString::to_string);
        let back = if parts.method == axum::http::Method::GET { next } else { "/desk".to_owned() };
        let jar = CookieJar::from_headers(&parts.headers);
        let Some(secret) = jar.get(COOKIE) else { return Err(WebError::SignIn(back)) };
        let Some(session) = state.engine.session(secret.value()).await? else {
            return Err(WebError::SignIn(back));
        };
        let caller = session.account.caller();
        let menu = menu::groups(state, &caller);
        let now = state.engine.now();
        Ok(Self { state: state.clone(), account: session.account, caller, now, path, menu })
    }
}

/// The cookie that carries a session's secret; ends with the browser's session at the latest after a week.
pub fn cookie(secret: String, secure: bool) -> Cookie<'static> {
    let mut cookie = Cookie::new(COOKIE, secret);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(secure);
    cookie.set_path("/");
    cookie
}

/// Randomness for secrets: seeded from the thread's generator, and fit to be held across an await.
pub fn random() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

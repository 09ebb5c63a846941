//! Who is asking: the session cookie, and the extractor that every page for signed-in people takes.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use jiff::tz::TimeZone;
use proofdesk_engine::{Account, Act, Caller, Door, Engine, Error, Session, Visitor};
use proofdesk_model::Registry;
use proofdesk_model::access::Scope;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::error::WebError;
use crate::limits::Found;
use crate::menu::{self, Group};
use crate::security::Logged;
use crate::state::AppState;

/// Name of the session cookie without TLS.
pub const COOKIE: &str = "proofdesk_session";
/// Its name with TLS: a browser takes it from this host alone, for the whole of it, and over TLS only.
const COOKIE_OF_HOST: &str = "__Host-proofdesk_session";

/// Name of the session cookie; `secure` where the desk is reached by TLS.
pub fn cookie_name(secure: bool) -> &'static str {
    if secure { COOKIE_OF_HOST } else { COOKIE }
}

/// A signed-in person asking for a page: everything that rendering needs.
#[derive(Clone)]
pub struct Visit {
    /// Shared state.
    pub state: AppState,
    /// Whose session it is.
    pub account: Account,
    /// He proves who he is by a password, of the desk or of a directory.
    pub asks_password: bool,
    /// The session's secret, from the cookie.
    pub(crate) secret: String,
    /// Where the request comes from.
    pub visitor: Visitor,
    /// Who that is to the engine.
    pub caller: Caller,
    /// The instant of the request, microseconds UTC.
    pub now: i64,
    /// The zone of the desk at that instant.
    pub(crate) zone: TimeZone,
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

    /// Whether the portal is all that this person has: he holds the role of customers and users, and no other.
    pub fn is_customer(&self) -> bool {
        self.caller.is_mere_requester()
    }

    /// The declared types.
    pub fn registry(&self) -> &Registry {
        self.state.engine.registry()
    }

    /// The zone in which times are shown and read.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, WebError> {
        let path = parts.uri.path().to_owned();
        let next = parts.uri.path_and_query().map_or_else(|| path.clone(), ToString::to_string);
        let sent = parts.method != axum::http::Method::GET;
        let back = if sent { page_of_form(parts) } else { next };
        let sign_in = || WebError::SignIn { next: back.clone(), sent };
        let jar = CookieJar::from_headers(&parts.headers);
        let Some(secret) = jar.get(cookie_name(state.settings.secure)) else {
            return Err(sign_in());
        };
        let Some(session) = session_of(parts, secret.value(), state).await? else {
            return Err(sign_in());
        };
        Logged::tell(parts, &session.account);
        let caller = session.account.caller();
        let menu = menu::groups(state, &caller);
        let now = state.engine.now();
        let visitor = visitor_of(parts, state);
        let asks_password = state.engine.proves_by_password(&session.account).await?;
        let (account, secret) = (session.account, secret.value().to_owned());
        Ok(Self {
            state: state.clone(),
            account,
            asks_password,
            secret,
            visitor,
            caller,
            now,
            zone: state.zone(),
            path,
            menu,
        })
    }
}

/// The session of a cookie: as it was found when the request was counted, else asked for now.
pub(crate) async fn session_of(
    parts: &Parts,
    secret: &str,
    state: &AppState,
) -> Result<Option<Session>, Error> {
    match parts.extensions.get::<Found>() {
        Some(Found::Session(session)) => Ok(session.clone()),
        _ => state.engine.session(secret).await,
    }
}

/// The account of a token, as [`session_of`].
pub(crate) async fn account_of(
    parts: &Parts,
    token: &str,
    state: &AppState,
) -> Result<Option<(Account, Option<Scope>)>, Error> {
    match parts.extensions.get::<Found>() {
        Some(Found::Token(found)) => Ok(found.clone()),
        _ => state.engine.account_of_token(token).await,
    }
}

/// The page that a form was sent from; the first one where the browser does not say.
fn page_of_form(parts: &Parts) -> String {
    let from = parts.headers.get(axum::http::header::REFERER).and_then(|from| from.to_str().ok());
    let page = from.and_then(|from| from.parse::<axum::http::Uri>().ok());
    let page = page.and_then(|page| page.path_and_query().map(ToString::to_string));
    page.unwrap_or_else(|| "/".to_owned())
}

/// Where a request comes from, for sign-in.
#[derive(Debug, Clone)]
pub struct Guest(pub Visitor);

impl FromRequestParts<AppState> for Guest {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Self(visitor_of(parts, state)))
    }
}

/// The address of the connection; that of the last station before our own proxies, where one of these is the other
/// end. Whoever else sends `X-Forwarded-For` is not believed, and of several such lines the last stations are in the last
/// one: a proxy may add a line of its own below that of whoever asks. Source: RFC 9110, 5.3.
fn visitor_of(parts: &Parts, state: &AppState) -> Visitor {
    let text = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
    let proxies = &state.settings.trusted_proxies;
    let mut address = peer;
    if peer.is_some_and(|peer| proxies.contains(&peer)) {
        let lines = parts.headers.get_all("x-forwarded-for").iter().map(|v| v.to_str().unwrap_or_default());
        let lines: Vec<&str> = lines.collect();
        let stations = lines.iter().rev().flat_map(|line| line.rsplit(','));
        let stations = stations.map_while(|s| s.trim().parse::<IpAddr>().ok());
        let outside = stations.map(|s| s.to_canonical()).find(|s| !proxies.contains(s));
        address = outside.or(peer);
    }
    Visitor { address, agent: text("user-agent").to_owned() }
}

/// The cookie that carries a session's secret; ends with the browser's session at the latest after a week.
pub fn cookie(secret: String, secure: bool) -> Cookie<'static> {
    let mut cookie = Cookie::new(cookie_name(secure), secret);
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

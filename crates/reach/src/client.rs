//! The client: rule, limits and TLS around one request.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;

use crate::tls::tls;
use crate::{Answer, Error, Request, Rule};

/// How long and how large an exchange may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first step to the last byte of the answer.
    pub time: Duration,
    /// Body of the answer, bytes.
    pub body: usize,
}

impl Default for Limits {
    /// Ten seconds and one mebibyte.
    fn default() -> Self {
        Self { time: Duration::from_secs(10), body: 1 << 20 }
    }
}

/// Sends requests. Cheap to copy; connections are shared and kept open for a while.
#[derive(Debug, Clone)]
pub struct Reach {
    client: reqwest::Client,
    rule: Arc<Rule>,
    limits: Limits,
}

impl Reach {
    /// A client that asks the public internet and what the rule allows beside it.
    ///
    /// Servers prove themselves by Mozilla's roots, or by the certificates of the PEM file `roots` in their place.
    /// Proxies of the environment are not used: behind a proxy the rule could not see where a request goes.
    ///
    /// # Errors
    /// [`Error::Setup`] where the certificates cannot be read.
    pub fn new(rule: Rule, limits: Limits, roots: Option<&Path>) -> Result<Self, Error> {
        let rule = Arc::new(rule);
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(roots)?)
            .dns_resolver(Names(Arc::clone(&rule)))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(limits.time)
            .user_agent(concat!("Proofdesk/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::Setup(innermost(&error)))?;
        Ok(Self { client, rule, limits })
    }

    /// Sends one request and reads the whole answer. An answer that tells an error is an answer.
    ///
    /// # Errors
    /// Any of [`Error`]; [`Error::is_passing`] says whether to try again.
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let host = self.judge(request.uri())?;
        let request = reqwest::Request::try_from(request).map_err(|_| Error::Address(host.clone()))?;
        let mut response = self.client.execute(request).await.map_err(|error| said(&host, &error))?;
        let large = || Error::Large { host: host.clone(), limit: self.limits.body };
        if response.content_length().is_some_and(|length| length > self.limits.body as u64) {
            return Err(large());
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| said(&host, &error))? {
            if body.len() + part.len() > self.limits.body {
                return Err(large());
            }
            body.extend_from_slice(&part);
        }
        let mut answer = Answer::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }

    /// The host of an address that may be asked as far as is known before its name is resolved.
    ///
    /// # Errors
    /// [`Error::Address`] and [`Error::Private`]; useful to judge a setting when it is written.
    pub fn judge(&self, uri: &http::Uri) -> Result<String, Error> {
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let Some(host) = uri.host().filter(|host| is_web && !host.is_empty()) else {
            return Err(Error::Address(uri.host().unwrap_or("the address").to_owned()));
        };
        // the client reads addresses as browsers do: 127.1 and 0x7f000001 are 127.0.0.1
        let read = reqwest::Url::parse(&uri.to_string()).map_err(|_| Error::Address(host.to_owned()))?;
        let bare = read.host_str().unwrap_or(host).trim_matches(['[', ']']).to_owned();
        match bare.parse::<IpAddr>() {
            Ok(address) if !self.rule.allows(address) => Err(Error::Private(bare)),
            _ => Ok(bare),
        }
    }
}

/// Resolves names, and leaves out every address that the rule refuses: what is connected to is what was judged.
#[derive(Debug)]
struct Names(Arc<Rule>);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let is_named = rule.allows_name(&host);
            let taken: Vec<_> = found.iter().copied().filter(|a| is_named || rule.allows(a.ip())).collect();
            if taken.is_empty() && !found.is_empty() {
                return Err(Box::new(Refused) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(taken.into_iter()) as Addrs)
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("not a public address")]
struct Refused;

/// What went wrong, without the address that the client's own messages hold.
fn said(host: &str, error: &reqwest::Error) -> Error {
    let host = host.to_owned();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<Refused>() {
            return Error::Private(host);
        }
        let is_late = inner.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::TimedOut);
        if is_late {
            return Error::Late(host);
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        return Error::Late(host);
    }
    Error::Unreachable { host, reason: innermost(error) }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner.to_string()
}

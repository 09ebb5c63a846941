//! How a provider is reached: handed in, so that the one outgoing client of the program is used, and tests need no network.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use openidconnect::AsyncHttpClient;
pub use openidconnect::{HttpRequest, HttpResponse};

/// Why a request got no answer, for people.
#[derive(Debug, Clone)]
pub struct Unreached(pub String);

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreached {}

/// An answer on its way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, Unreached>> + Send + 'a>>;

/// Sends a request and gives the answer. Redirects are not followed: a provider answers itself.
pub trait Http: Send + Sync {
    /// Sends it.
    fn call(&self, request: HttpRequest) -> Answering<'_>;
}

/// The form in which `openidconnect` takes it.
pub(crate) struct Through<'h>(pub &'h dyn Http);

impl<'c> AsyncHttpClient<'c> for Through<'_> {
    type Error = Unreached;
    type Future = Answering<'c>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        self.0.call(request)
    }
}

impl Http for proofdesk_reach::Reach {
    fn call(&self, request: HttpRequest) -> Answering<'_> {
        Box::pin(async move { self.send(request).await.map_err(|error| Unreached(format!("{error}."))) })
    }
}

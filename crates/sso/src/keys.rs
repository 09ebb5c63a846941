//! What a provider publishes of itself: addresses and keys. Kept for an hour; fetched anew when a signature names a key
//! that is not among them, since providers change their keys without notice.

use std::sync::Arc;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::url::Url;
use openidconnect::{AdditionalProviderMetadata, DiscoveryError, IssuerUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::error::Error;
use crate::http::{Http, Through};
use crate::settings::ProviderSettings;

/// So long it is kept, microseconds.
const KEPT: i64 = 3_600_000_000;
/// It is not fetched again within this time, microseconds: a forged key name must not make us ask and ask.
const AT_MOST: i64 = 30_000_000;

/// What is read beside the usual.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct More {
    pub end_session_endpoint: Option<Url>,
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

pub(crate) type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What was published when it was last asked for.
#[derive(Default)]
pub(crate) struct Published(Mutex<Option<(i64, Arc<Metadata>)>>);

impl Published {
    /// What is known, fetched where nothing is or it is old.
    pub async fn load(
        &self,
        of: &ProviderSettings,
        http: &dyn Http,
        now: i64,
    ) -> Result<Arc<Metadata>, Error> {
        self.fetch_after(KEPT, of, http, now).await
    }

    /// What is known, fetched anew unless that was just done.
    pub async fn renew(
        &self,
        of: &ProviderSettings,
        http: &dyn Http,
        now: i64,
    ) -> Result<Arc<Metadata>, Error> {
        self.fetch_after(AT_MOST, of, http, now).await
    }

    async fn fetch_after(
        &self,
        age: i64,
        of: &ProviderSettings,
        http: &dyn Http,
        now: i64,
    ) -> Result<Arc<Metadata>, Error> {
        let mut held = self.0.lock().await;
        if let Some((_, known)) = held.as_ref().filter(|(at, _)| now - at < age) {
            return Ok(known.clone());
        }
        let unreached = |why: String| Error::Unreached { provider: of.shown().to_owned(), why };
        let issuer = IssuerUrl::new(of.issuer.clone()).map_err(|e| unreached(e.to_string()))?;
        let found = Metadata::discover_async(issuer, &Through(http)).await.map_err(|error| match error {
            DiscoveryError::Request(why) => unreached(why.to_string()),
            DiscoveryError::Response(status, ..) => {
                unreached(format!("Its description was answered with {}.", status.as_u16()))
            }
            other => unreached(format!("Its description cannot be read: {other}.")),
        })?;
        let found = Arc::new(found);
        *held = Some((now, found.clone()));
        Ok(found)
    }
}

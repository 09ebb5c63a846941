//! How servers prove who they are: by Mozilla's authorities, or by those of a file in their place. And how we do, where one
//! asks for it.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::Error;

/// TLS for connections that go out. With the PEM file `roots` its authorities alone are believed.
///
/// # Errors
/// [`Error::Setup`] where the certificates cannot be read.
pub fn tls(roots: Option<&Path>) -> Result<ClientConfig, Error> {
    tls_proving(roots, None)
}

/// As [`tls`]; with PEM files of a certificate and its key, we prove by them who we are.
///
/// # Errors
/// [`Error::Setup`] where a file cannot be read, or certificate and key do not fit.
pub fn tls_proving(roots: Option<&Path>, own: Option<(&Path, &Path)>) -> Result<ClientConfig, Error> {
    let mut store = RootCertStore::empty();
    match roots {
        None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in authorities(path)? {
                store.add(certificate).map_err(|e| Error::Setup(format!("{}: {e}", path.display())))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Setup(error.to_string()))?;
    let believing = versions.with_root_certificates(store);
    let Some((certificate, key)) = own else { return Ok(believing.with_no_client_auth()) };
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|e| Error::Setup(format!("{}: {e}", key.display())))?;
    let named = format!("{} with {}", certificate.display(), key.display());
    let proving = believing.with_client_auth_cert(authorities(certificate)?, secret);
    proving.map_err(|e| Error::Setup(format!("{named}: {e}")))
}

/// The certificates of a PEM file, at least one: for a library that sets TLS up by itself.
///
/// # Errors
/// [`Error::Setup`] where they cannot be read, or there is none.
pub fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let bad = |e: &dyn std::fmt::Display| Error::Setup(format!("{}: {e}", path.display()));
    let read = CertificateDer::pem_file_iter(path).map_err(|e| bad(&e))?;
    let found = read.collect::<Result<Vec<_>, _>>().map_err(|e| bad(&e))?;
    if found.is_empty() {
        return Err(bad(&"the file holds no certificate"));
    }
    Ok(found)
}

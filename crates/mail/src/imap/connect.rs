//! Connections to a mailbox: plain to this machine, TLS from the first byte, or TLS after STARTTLS.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::client::Client;
use crate::error::Error;
use crate::lmtp::Stream;
use crate::settings::{Server, Tls};

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connects and signs in.
pub(super) async fn sign_in(server: &Server) -> Result<Client, Error> {
    let away = |why: String| Error::Away(format!("mail.imap: {}: {why}", server.host));
    let port = server.port.unwrap_or(if server.tls == Tls::Tls { 993 } else { 143 });
    let connecting = tokio::time::timeout(PATIENCE, TcpStream::connect((server.host.as_str(), port)));
    let stream = connecting.await.map_err(|_| away("it does not answer".to_owned()))?;
    let stream = stream.map_err(|e| away(e.to_string()))?;
    let mut client = match server.tls {
        Tls::None => Client::new(Box::new(stream)),
        Tls::Tls => Client::new(secure(server, Box::new(stream)).await?),
        Tls::Starttls => {
            let mut plain = Client::new(Box::new(stream));
            plain.greeting().await?;
            plain.starttls().await?;
            Client::new(secure(server, plain.into_stream()).await?)
        }
    };
    if server.tls != Tls::Starttls {
        client.greeting().await?;
    }
    let password = server.password()?.unwrap_or_default();
    client.login(server.user.as_deref().unwrap_or_default(), &password).await?;
    Ok(client)
}

async fn secure(server: &Server, stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, Error> {
    let wrong = |why: String| Error::Settings(format!("mail.imap: {why}"));
    let config = proofdesk_reach::tls(server.ca_file.as_deref()).map_err(|e| wrong(e.to_string()))?;
    let name =
        ServerName::try_from(server.host.clone()).map_err(|e| wrong(format!("{}: {e}", server.host)))?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let away = |why: String| Error::Away(format!("mail.imap: {}: {why}", server.host));
    let connected = tokio::time::timeout(PATIENCE, connecting).await;
    let connected = connected.map_err(|_| away("it does not answer".to_owned()))?;
    Ok(Box::new(connected.map_err(|e| away(e.to_string()))?))
}

//! In by LMTP: a small server for an own mail server on this machine, on a port or a socket.
//!
//! Source: RFC 2033, RFC 5321, RFC 2034 (enhanced codes), RFC 1870 (size), RFC 6152 (8 bit).
//! Invariants: each recipient gets an answer of his own, and `250` only when what the mail wrote is durable. The end of
//! a mail is a line of its own with CRLF before and after it, nothing else.

mod overheard;
mod session;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};

use crate::desk::Mail;
use crate::error::Error;
pub use overheard::{Overheard, Taken, overheard};

/// Connections at a time; further ones wait.
const CONNECTIONS: usize = 16;
/// A connection without a word is closed after this.
const PATIENCE: Duration = Duration::from_secs(300);

/// A door that listens.
pub enum Door {
    /// On a port.
    Port(TcpListener),
    /// On a socket of the file system.
    Socket(UnixListener),
}

impl Door {
    /// Listens where the settings say.
    ///
    /// # Errors
    /// `Settings` when somebody else listens there.
    pub async fn open(listen: &str) -> Result<Self, Error> {
        let wrong =
            |e: std::io::Error| Error::Settings(format!("mail.lmtp: {listen} cannot be listened on: {e}"));
        if !listen.contains('/') {
            return Ok(Self::Port(TcpListener::bind(listen).await.map_err(wrong)?));
        }
        let path = Path::new(listen);
        // a socket that an earlier program left behind, on which nobody answers; nothing else is taken away
        use std::os::unix::fs::FileTypeExt as _;
        let is_socket = std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket());
        let refused = |e: std::io::Error| e.kind() == std::io::ErrorKind::ConnectionRefused;
        if is_socket && tokio::net::UnixStream::connect(path).await.err().is_some_and(refused) {
            std::fs::remove_file(path).map_err(wrong)?;
        }
        let listener = UnixListener::bind(path).map_err(wrong)?;
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(wrong)?;
        Ok(Self::Socket(listener))
    }

    /// The port, where it is one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Port(listener) => listener.local_addr().ok().map(|a| a.port()),
            Self::Socket(_) => None,
        }
    }

    /// Serves until told to stop.
    pub async fn serve(self, mail: Mail, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        mail.note(|w| &mut w.lmtp, Ok(()));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = self.accept() => accepted,
                _ = stop.changed() => return,
            };
            let (mail, until) = (mail.clone(), stop.clone());
            match accepted {
                Ok(stream) => {
                    tokio::spawn(async move {
                        let ended = session::serve(&mail, stream, PATIENCE, until).await;
                        if let Err(error) = ended {
                            tracing::debug!(%error, "a connection by LMTP ended early");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection by LMTP could not be taken");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    async fn accept(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Port(listener) => Box::new(listener.accept().await?.0),
            Self::Socket(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

/// Tries whether the door can be opened, or is open: then the desk runs and greets.
///
/// # Errors
/// `Settings` when something else listens there.
pub async fn check(listen: &str) -> Result<(), Error> {
    let opened = Door::open(listen).await;
    let Err(error) = opened else {
        if listen.contains('/') {
            // what was made by trying goes again
            let _ = std::fs::remove_file(listen);
        }
        return Ok(());
    };
    let mut greeting = [0_u8; 256];
    let reading = async {
        use tokio::io::AsyncReadExt as _;
        let read = if listen.contains('/') {
            tokio::net::UnixStream::connect(listen).await?.read(&mut greeting).await?
        } else {
            tokio::net::TcpStream::connect(listen).await?.read(&mut greeting).await?
        };
        std::io::Result::Ok(String::from_utf8_lossy(&greeting[..read]).contains("Proofdesk LMTP"))
    };
    match tokio::time::timeout(Duration::from_secs(5), reading).await {
        Ok(Ok(true)) => Ok(()),
        _ => Err(error),
    }
}

/// Both directions of a connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::Door;

    #[tokio::test]
    async fn only_a_socket_on_which_nobody_answers_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let open = async |name: &str| Door::open(path(name).to_str().unwrap()).await;
        std::fs::write(path("file"), "precious").unwrap();
        assert!(open("file").await.is_err());
        assert_eq!(std::fs::read_to_string(path("file")).unwrap(), "precious");
        let first = open("socket").await.unwrap();
        assert!(open("socket").await.is_err(), "somebody answers");
        drop(first);
        assert!(path("socket").exists() && open("socket").await.is_ok());
    }
}

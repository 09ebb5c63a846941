//! The scanner that looks at every file on its way in: ClamAV's daemon, by its own protocol (`INSTREAM`, clamd(8)).
//!
//! Invariant: of a file that the scanner did not call clean nothing is kept, neither where it found something nor where it
//! gave no answer.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use clamav_client::tokio::{Socket, Tcp, scan_stream};
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Engine;
use crate::error::Error;

/// How long the scanner may take for one piece, and for its answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pieces of a file that wait for the scanner.
const WAITING: usize = 8;
/// A MiB has so many of these pieces, of which a file is made up to try the scanner.
const PIECES: u64 = 16;
const ZEROS: &[u8] = &[0; 65_536];
/// The code of a problem of a file in which something was found.
const HARMFUL: &str = "harmful";

/// Where a scanner listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanner {
    /// At a socket of this machine.
    Socket(PathBuf),
    /// At a host and port. The files go there as they are, without TLS, which clamd has not.
    Tcp(String),
}

/// What a scanner says of a file.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Clean,
    /// The name of what was found.
    Found(String),
}

/// A file that is being looked at. Dropped, the scanner is left alone.
pub(super) struct Scan {
    pieces: mpsc::Sender<Bytes>,
    answer: JoinSet<io::Result<Vec<u8>>>,
}

impl Engine {
    /// Has a scanner look at every file from now on; said once.
    pub fn scan_files(&self, scanner: Scanner) {
        // a second call would come from the same configuration
        let _ = self.inner.scanner.set(scanner);
    }

    /// Begins to show a file to the scanner, where there is one.
    pub(super) fn scan(&self) -> Option<Scan> {
        self.inner.scanner.get().map(Scanner::begin)
    }
}

impl Scanner {
    /// Reads what a configuration says: a path of a socket, or `host:port`.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn parse(written: &str) -> Result<Self, String> {
        if written.contains('/') {
            return Ok(Self::Socket(written.into()));
        }
        match written.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => {
                Ok(Self::Tcp(written.to_owned()))
            }
            _ => Err(format!(
                "`{written}` is neither a socket, such as /run/clamav/clamd.ctl, nor a host with a port, such as 127.0.0.1:3310"
            )),
        }
    }

    /// Has the scanner look at a file of zeros.
    ///
    /// # Errors
    /// A sentence that says why it does not take a file of so many MiB.
    pub async fn try_out(&self, size_mib: u64) -> Result<(), String> {
        let mut scan = self.begin();
        for _ in 0..size_mib * PIECES {
            scan.send(Bytes::from_static(ZEROS)).await?;
        }
        match scan.verdict().await? {
            Verdict::Clean => Ok(()),
            Verdict::Found(name) => Err(format!("it finds {name} in a file of zeros")),
        }
    }

    fn begin(&self) -> Scan {
        let (pieces, mut coming) = mpsc::channel(WAITING);
        let scanner = self.clone();
        let mut answer = JoinSet::new();
        answer.spawn(async move {
            scanner
                .ask(stream::poll_fn(move |context| coming.poll_recv(context).map(|piece| piece.map(Ok))))
                .await
        });
        Scan { pieces, answer }
    }

    async fn ask(&self, pieces: impl Stream<Item = io::Result<Bytes>>) -> io::Result<Vec<u8>> {
        match self {
            Self::Socket(path) => scan_stream(pieces, Socket { socket_path: path }, None).await,
            Self::Tcp(address) => scan_stream(pieces, Tcp { host_address: address }, None).await,
        }
    }
}

impl Scan {
    /// Shows further bytes.
    ///
    /// # Errors
    /// `NotScanned` where the scanner takes no more.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.send(Bytes::copy_from_slice(bytes)).await.map_err(not_scanned)
    }

    /// Says that these were all, and hears the scanner.
    ///
    /// # Errors
    /// `Invalid` where it found something, `NotScanned` where it gave no answer.
    pub(super) async fn finish(self) -> Result<(), Error> {
        match self.verdict().await.map_err(not_scanned)? {
            Verdict::Clean => Ok(()),
            Verdict::Found(name) => {
                tracing::warn!(found = name, "a file with harmful content was refused");
                let said = format!(
                    "The virus scanner found harmful content in this file ({name}). Nothing of it was kept."
                );
                Err(Error::invalid("file", HARMFUL, said))
            }
        }
    }

    async fn send(&mut self, piece: Bytes) -> Result<(), String> {
        match timeout(PATIENCE, self.pieces.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            // it went away, or has spoken before it heard all
            Ok(Err(_)) => match self.heard().await {
                Ok(said) => Err(format!("it says `{said}`")),
                Err(why) => Err(why),
            },
            Err(_) => Err(format!("it took nothing for {} s", PATIENCE.as_secs())),
        }
    }

    async fn verdict(mut self) -> Result<Verdict, String> {
        let (ended, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.pieces, ended));
        judge(&self.heard().await?)
    }

    async fn heard(&mut self) -> Result<String, String> {
        match timeout(PATIENCE, self.answer.join_next()).await {
            Ok(Some(Ok(Ok(said)))) => {
                Ok(String::from_utf8_lossy(&said).trim_end_matches(['\0', '\n']).to_owned())
            }
            Ok(Some(Ok(Err(error)))) => Err(error.to_string()),
            Ok(Some(Err(error))) => Err(error.to_string()),
            Ok(None) => Err("it was heard before".to_owned()),
            Err(_) => Err(format!("it said nothing for {} s", PATIENCE.as_secs())),
        }
    }
}

impl Error {
    /// Whether a file was refused for what the scanner found in it.
    pub fn is_harmful(&self) -> bool {
        matches!(self, Self::Invalid(problems) if problems.0.iter().any(|problem| problem.code == HARMFUL))
    }

    /// For a page, which says beside the file what a program is told by its status: that the scanner gave no answer.
    #[must_use]
    pub fn beside_file(self) -> Self {
        match self {
            Self::NotScanned => Self::invalid("file", "not_scanned", self.to_string()),
            other => other,
        }
    }
}

fn not_scanned(why: String) -> Error {
    tracing::error!(why, "the virus scanner gave no answer: the file is not taken");
    Error::NotScanned
}

/// What an answer means. Whatever is not one of two sentences is none.
fn judge(said: &str) -> Result<Verdict, String> {
    let of = said.strip_prefix("stream: ");
    match (of, of.and_then(|of| of.strip_suffix(" FOUND"))) {
        (Some("OK"), _) => Ok(Verdict::Clean),
        (_, Some(name)) => Ok(Verdict::Found(name.to_owned())),
        _ if said.is_empty() => Err("it said nothing".to_owned()),
        _ => Err(format!("it says `{said}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Scanner, Verdict, judge};

    #[test]
    fn only_clean_is_clean() {
        assert_eq!(judge("stream: OK"), Ok(Verdict::Clean));
        assert_eq!(judge("stream: A.Name FOUND"), Ok(Verdict::Found("A.Name".to_owned())));
        assert_eq!(judge("stream: OK FOUND"), Ok(Verdict::Found("OK".to_owned())));
        for said in
            ["", "OK", "stream: ", "stream: OK ERROR", "INSTREAM size limit exceeded. ERROR", "stream:OK"]
        {
            assert!(judge(said).is_err(), "{said}");
        }
    }

    #[test]
    fn an_address_is_a_socket_or_has_a_port() {
        assert_eq!(Scanner::parse("/run/clamd"), Ok(Scanner::Socket("/run/clamd".into())));
        assert_eq!(Scanner::parse("[::1]:3310"), Ok(Scanner::Tcp("[::1]:3310".to_owned())));
        for wrong in ["", "clamd", ":3310", "clamd:", "clamd:0", "clamd:99999"] {
            assert!(Scanner::parse(wrong).is_err_and(|said| said.contains("clamd.ctl")), "{wrong}");
        }
    }
}

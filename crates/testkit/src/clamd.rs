//! ClamAV's daemon of the distribution, at a socket and a port of this machine, with one signature of our own; ended with
//! the test.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

/// What a file has in which the scanner finds something.
pub const HARM: &str = "PROOFDESK-HARMFUL-CONTENT";
/// Largest file that it takes, bytes.
pub const MOST: u64 = 1_048_576;

/// A scanner.
pub struct Clamd {
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

impl Clamd {
    /// Starts one.
    ///
    /// # Errors
    /// What it said, where it does not listen within half a minute.
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("proofdesk-clamd").tempdir()?;
        let at = folder.path().display().to_string();
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        std::fs::create_dir(folder.path().join("db"))?;
        let hex: String = HARM.bytes().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(folder.path().join("db/own.ndb"), format!("Proofdesk.Test:0:*:{hex}\n"))?;
        let settings = format!(
            "DatabaseDirectory {at}/db\nTemporaryDirectory {at}\nLocalSocket {at}/socket\nTCPAddr 127.0.0.1\nTCPSocket {port}\n\
             Foreground yes\nBytecode no\nStreamMaxLength {MOST}\n"
        );
        std::fs::write(folder.path().join("clamd.conf"), settings)?;
        let mut started = Self { folder, port, child: None };
        started.go_on()?;
        Ok(started)
    }

    /// Starts it again.
    ///
    /// # Errors
    /// As [`Clamd::start`].
    pub fn go_on(&mut self) -> anyhow::Result<()> {
        let log = self.folder.path().join("log");
        let said = std::fs::File::create(&log)?;
        let child = Command::new("/usr/sbin/clamd")
            .arg("--config-file")
            .arg(self.folder.path().join("clamd.conf"))
            .stdin(Stdio::null())
            .stderr(said.try_clone()?)
            .stdout(said)
            .spawn()
            .context("clamd cannot be started: run .ci/install")?;
        let child = self.child.insert(child);
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            // where the log cannot be read, the test fails with what is known without it
            let said = || std::fs::read_to_string(&log).unwrap_or_default();
            if let Some(ended) = child.try_wait()? {
                bail!("clamd ended, {ended}:\n{}", said());
            }
            ensure!(Instant::now() < until, "clamd does not listen:\n{}", said());
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Ends it for a while.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // it may have ended by itself
            let _ = child.kill();
            // it is a child of ours that nobody waited for: it is there to be waited for
            let _ = child.wait();
        }
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.stop();
    }
}

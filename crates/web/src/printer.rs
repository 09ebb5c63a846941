//! `proofdesk-render` as a child process: a paper to its standard input, a PDF from its standard output, within limits.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use proofdesk_paper::Paper;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::error::WebError;

/// Longest that a paper may take, the waiting for others included.
const LONGEST: Duration = Duration::from_secs(45);
/// Largest file, bytes.
const LARGEST: u64 = 64 << 20;
/// Papers laid out at the same time.
const AT_ONCE: usize = 2;

/// Makes PDFs, where the program for it is there.
#[derive(Clone)]
pub struct Printer {
    program: Option<PathBuf>,
    turns: Arc<Semaphore>,
}

impl Printer {
    /// A printer by this program; without one there are print forms only.
    pub fn new(program: Option<PathBuf>) -> Self {
        Self { program, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Whether PDFs can be made.
    pub fn is_there(&self) -> bool {
        self.program.is_some()
    }

    /// The PDF of a paper.
    ///
    /// # Errors
    /// `NotFound` where the program is absent; a fault with its words where it fails or takes too long.
    pub async fn pdf(&self, paper: &Paper) -> Result<Vec<u8>, WebError> {
        let Some(program) = &self.program else {
            return Err(WebError::NotFound(
                "PDF here, because proofdesk-render is not installed; print the page".to_owned(),
            ));
        };
        let fault = |what: &str, error: &dyn std::fmt::Display| WebError::Fault(format!("{what}: {error}"));
        let words = serde_json::to_vec(paper).map_err(|e| fault("the paper cannot be written", &e))?;
        let work = async {
            let _turn = self.turns.acquire().await.map_err(|e| fault("no turn", &e))?;
            let mut child = Command::new(program)
                .env_clear()
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .map_err(|e| fault("proofdesk-render cannot be started", &e))?;
            let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
            let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
                return Err(WebError::Fault("proofdesk-render has no standard streams".to_owned()));
            };
            let (mut pdf, mut said) = (Vec::new(), String::new());
            let (mut out, mut err) = (stdout.take(LARGEST), stderr.take(16 << 10));
            // a program that ends early closes its input: what it said counts, not the broken pipe
            let sent = async move { stdin.write_all(&words).await };
            let (_, read, _) = tokio::join!(sent, out.read_to_end(&mut pdf), err.read_to_string(&mut said));
            read.map_err(|e| fault("the PDF cannot be read", &e))?;
            let ended = child.wait().await.map_err(|e| fault("proofdesk-render", &e))?;
            if ended.success() { Ok(pdf) } else { Err(WebError::Fault(format!("{} ({ended})", said.trim()))) }
        };
        tokio::time::timeout(LONGEST, work)
            .await
            .map_err(|_| WebError::Fault(format!("the PDF took longer than {} s", LONGEST.as_secs())))?
    }
}

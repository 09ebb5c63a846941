//! A session with no network and no desk: for trying hostile mail programs (`fuzz/`).

use std::io::Cursor;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;

use super::session::{Behind, serve};
use crate::error::Error;
use crate::intake::Outcome;

/// The one domain whose addresses are taken.
const DOMAIN: &str = "desk.example";
/// Largest mail, bytes.
const LARGEST: u64 = 10_000;
/// Most bytes that are answered to one byte: a greeting of five is answered with a hundred.
const ANSWERS: usize = 64;

/// A mail that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// As it came, without the dots of the protocol.
    pub raw: Vec<u8>,
    /// To whom, in the order in which they were named.
    pub recipients: Vec<String>,
}

/// What became of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overheard {
    /// The mails that were taken in.
    pub mails: Vec<Taken>,
    /// What we answered.
    pub answers: String,
}

/// Hears a mail program out to the end, however little it says commands, for a desk that takes every mail of at most
/// 10,000 bytes to any address at `desk.example`.
pub async fn overheard(said: &[u8]) -> Overheard {
    let recorder = Recorder::default();
    let (near, mut far) = tokio::io::duplex(4_096 + ANSWERS * said.len());
    let stream = Box::new(tokio::io::join(Cursor::new(said.to_vec()), near));
    // nobody stops it: whoever could is here until the end
    let (running, stop) = watch::channel(false);
    // how a broken session ends is for the program's log alone; what it brought about is told below
    let _ = serve(&recorder, stream, Duration::from_secs(1), stop).await;
    drop(running);
    let mut answers = Vec::new();
    // from memory: what was written is there, and the other end is closed
    let _ = far.read_to_end(&mut answers).await;
    let mails = recorder.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    Overheard { mails, answers: String::from_utf8_lossy(&answers).into_owned() }
}

/// A desk that keeps what it gets.
#[derive(Default)]
struct Recorder(Mutex<Vec<Taken>>);

impl Behind for Recorder {
    fn domain(&self) -> &str {
        DOMAIN
    }

    fn largest(&self) -> u64 {
        LARGEST
    }

    fn takes(&self, address: &str) -> bool {
        address.rsplit_once('@').is_some_and(|(_, domain)| domain == DOMAIN)
    }

    async fn take_in(&self, raw: Vec<u8>, recipients: &[String]) -> Vec<Result<Outcome, Error>> {
        let outcomes = recipients.iter().map(|_| Ok(Outcome::Known)).collect();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(Taken { raw, recipients: recipients.to_vec() });
        outcomes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::overheard;

    #[tokio::test]
    async fn a_session_is_heard_out() {
        let said = "LHLO there\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<Help@desk.example>\r\nRCPT TO:<b@x.example>\r\nRCPT TO:<two@desk.example>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n.\r\nDATA\r\nQUIT\r\nNOOP\r\n";
        let heard = overheard(said.as_bytes()).await;
        let [mail] = &heard.mails[..] else { panic!("{heard:?}") };
        assert_eq!(mail.raw, b"Subject: x\r\n\r\n.\r\n");
        assert_eq!(mail.recipients, ["help@desk.example", "two@desk.example"]);
        let codes: Vec<&str> = heard.answers.lines().filter_map(|line| line.get(..4)).collect();
        let greeting = ["220 ", "250-", "250-", "250-", "250-", "250-", "250 "];
        assert_eq!(codes[..7], greeting);
        let rest = ["250 ", "250 ", "550 ", "250 ", "354 ", "250 ", "250 ", "503 ", "221 "];
        assert_eq!(codes[7..], rest, "an answer for each recipient, and nothing after the end");
    }

    #[tokio::test]
    async fn what_is_no_session_takes_nothing_in() {
        for said in [
            "",
            "LHLO",
            "DATA\r\n.\r\n",
            "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@desk.example>\r\nDATA\r\ncut off",
        ] {
            assert_eq!(overheard(said.as_bytes()).await.mails, [], "{said:?}");
        }
        let wrong = overheard("WRONG\r\n".repeat(40).as_bytes()).await;
        assert_eq!(wrong.answers.lines().last(), Some("421 4.7.0 Too many wrong commands"));
    }
}

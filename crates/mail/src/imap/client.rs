//! The few commands of IMAP that are needed, over any stream. Not a parser of IMAP: answers are lines with literals.
//!
//! Invariant: no answer is read beyond a limit.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::watch;

use crate::address::masked;
use crate::error::Error;
use crate::lmtp::Stream;

/// How long a server may take to answer a command.
const PATIENCE: Duration = Duration::from_secs(90);
/// Longest line of an answer, bytes.
const LINE: u64 = 1 << 24;
/// Longest literal where no size is known, bytes.
const LITERAL: u64 = 1 << 16;

/// One answer: its text, and the literals in it.
#[derive(Debug, Default)]
struct Answer {
    text: String,
    literals: Vec<Vec<u8>>,
}

/// A connection.
pub(super) struct Client {
    stream: BufReader<Box<dyn Stream>>,
    tag: u32,
    can: Vec<String>,
    has_news: bool,
}

fn away(error: impl std::fmt::Display) -> Error {
    Error::Away(format!("mail.imap: {}", masked(&error.to_string())))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Client {
    /// A connection whose greeting, where there is one to come, is not yet read.
    pub fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream: BufReader::new(stream), tag: 0, can: Vec::new(), has_news: false }
    }

    /// The stream, to begin TLS on it.
    pub fn into_stream(self) -> Box<dyn Stream> {
        self.stream.into_inner()
    }

    /// Reads the greeting.
    pub async fn greeting(&mut self) -> Result<(), Error> {
        let answer = self.patiently(LITERAL).await?;
        if answer.text.to_ascii_uppercase().starts_with("* OK") { Ok(()) } else { Err(away(answer.text)) }
    }

    async fn patiently(&mut self, literal: u64) -> Result<Answer, Error> {
        let read = tokio::time::timeout(PATIENCE, self.answer(literal)).await;
        read.map_err(|_| away("the server does not answer"))?
    }

    async fn answer(&mut self, longest: u64) -> Result<Answer, Error> {
        let mut answer = Answer::default();
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.stream).take(LINE).read_until(b'\n', &mut bytes).await.map_err(away)?;
            if read == 0 || bytes.last() != Some(&b'\n') {
                return Err(away("the connection ended, or a line is too long"));
            }
            let line = String::from_utf8_lossy(&bytes);
            let line = line.trim_end_matches(['\r', '\n']);
            answer.text.push_str(line);
            let Some(length) = literal_of(line) else {
                // a server says it with the answer to any command, and says it once
                self.has_news |= is_news(&answer.text);
                return Ok(answer);
            };
            if length > longest || answer.literals.len() > 16 {
                return Err(away("an answer is longer than asked for"));
            }
            let mut literal = vec![0_u8; usize::try_from(length).unwrap_or_default()];
            self.stream.read_exact(&mut literal).await.map_err(away)?;
            answer.literals.push(literal);
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes).await.map_err(away)?;
        stream.flush().await.map_err(away)
    }

    /// Begins a command; gives its tag.
    async fn begin(&mut self, command: &str) -> Result<String, Error> {
        self.tag += 1;
        let tag = format!("d{}", self.tag);
        self.send(format!("{tag} {command}\r\n").as_bytes()).await?;
        Ok(tag)
    }

    /// Reads up to the end of a command.
    async fn end(&mut self, tag: &str, literal: u64) -> Result<Vec<Answer>, Error> {
        let mut answers = Vec::new();
        let mut size = 0;
        loop {
            let answer = self.patiently(literal).await?;
            size += 64 + answer.text.len() as u64;
            if size > 2 * LINE {
                return Err(away("an answer does not end"));
            }
            let Some(said) = answer.text.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) else {
                answers.push(answer);
                continue;
            };
            if said.to_ascii_uppercase().starts_with("OK") {
                return Ok(answers);
            }
            return Err(Error::Refused(format!("mail.imap: {}", masked(said))));
        }
    }

    async fn command(&mut self, command: &str) -> Result<Vec<Answer>, Error> {
        let tag = self.begin(command).await?;
        self.end(&tag, LITERAL).await
    }

    /// Waits for the word that the server wants more.
    async fn goes_on(&mut self, tag: &str) -> Result<(), Error> {
        loop {
            let answer = self.patiently(LITERAL).await?;
            if answer.text.starts_with('+') {
                return Ok(());
            }
            if answer.text.starts_with(tag) {
                return Err(Error::Refused(format!("mail.imap: {}", masked(&answer.text))));
            }
        }
    }

    /// Asks for TLS.
    pub async fn starttls(&mut self) -> Result<(), Error> {
        self.command("STARTTLS").await.map(|_| ())
    }

    /// Signs in, and asks what the server can.
    pub async fn login(&mut self, user: &str, password: &str) -> Result<(), Error> {
        let tag = self.begin(&format!("LOGIN {{{}}}", user.len())).await?;
        self.goes_on(&tag).await?;
        self.send(format!("{user} {{{}}}\r\n", password.len()).as_bytes()).await?;
        self.goes_on(&tag).await?;
        self.send(format!("{password}\r\n").as_bytes()).await?;
        self.end(&tag, LITERAL).await?;
        let answers = self.command("CAPABILITY").await?;
        let lines = answers.iter().map(|a| a.text.to_ascii_uppercase());
        let lines = lines.filter_map(|text| text.strip_prefix("* CAPABILITY ").map(str::to_owned));
        self.can = lines.flat_map(|l| l.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect();
        Ok(())
    }

    /// Whether the server can do something.
    pub fn has(&self, what: &str) -> bool {
        self.can.iter().any(|c| c == what)
    }

    /// Opens a folder; gives the number by which a server says that its mails are numbered anew.
    pub async fn select(&mut self, folder: &str) -> Result<u64, Error> {
        let answers = self.command(&format!("SELECT {}", quoted(folder))).await?;
        Ok(answers.iter().find_map(|a| number_after(&a.text, "[UIDVALIDITY ")).unwrap_or_default())
    }

    /// Makes a folder, where it is not there.
    pub async fn create(&mut self, folder: &str) -> Result<(), Error> {
        match self.command(&format!("CREATE {}", quoted(folder))).await {
            Ok(_) | Err(Error::Refused(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Says that we are still there.
    pub async fn noop(&mut self) -> Result<(), Error> {
        self.command("NOOP").await.map(|_| ())
    }

    /// The numbers of all mails in the folder, oldest first.
    pub async fn uids(&mut self) -> Result<Vec<u32>, Error> {
        self.has_news = false;
        let answers = self.command("UID SEARCH UNDELETED").await?;
        let mut found: Vec<u32> = Vec::new();
        for answer in answers {
            if let Some(numbers) = answer.text.strip_prefix("* SEARCH") {
                found.extend(numbers.split_whitespace().filter_map(|n| n.parse::<u32>().ok()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The size of a mail; none where it is gone.
    pub async fn size(&mut self, uid: u32) -> Result<Option<u64>, Error> {
        let answers = self.command(&format!("UID FETCH {uid} (UID RFC822.SIZE)")).await?;
        Ok(answers.iter().filter(|a| is_of(&a.text, uid)).find_map(|a| number_after(&a.text, "RFC822.SIZE ")))
    }

    /// A whole mail, without marking it as read; none where it is gone.
    pub async fn body(&mut self, uid: u32, size: u64) -> Result<Option<Vec<u8>>, Error> {
        let tag = self.begin(&format!("UID FETCH {uid} (UID BODY.PEEK[])")).await?;
        // some servers count sizes loosely
        let answers = self.end(&tag, size.saturating_mul(2) + LITERAL).await?;
        Ok(answers.into_iter().find(|a| is_of(&a.text, uid)).and_then(|mut a| a.literals.pop()))
    }

    /// Moves a mail to another folder.
    pub async fn move_to(&mut self, uid: u32, folder: &str) -> Result<(), Error> {
        let folder = quoted(folder);
        if self.has("MOVE") {
            return self.command(&format!("UID MOVE {uid} {folder}")).await.map(|_| ());
        }
        self.command(&format!("UID COPY {uid} {folder}")).await?;
        self.command(&format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)")).await?;
        if self.has("UIDPLUS") {
            self.command(&format!("UID EXPUNGE {uid}")).await?;
        }
        Ok(())
    }

    /// Waits until something comes that came not before the last question for all mails, at most so long; gives whether
    /// to stop.
    pub async fn idle(&mut self, most: Duration, stop: &mut watch::Receiver<bool>) -> Result<bool, Error> {
        if self.has_news {
            return Ok(*stop.borrow());
        }
        let tag = self.begin("IDLE").await?;
        self.goes_on(&tag).await?;
        let until = tokio::time::Instant::now() + most;
        let mut is_over = false;
        let stopped = loop {
            if self.has_news || is_over {
                break *stop.borrow();
            }
            tokio::select! {
                answer = self.answer(LITERAL) => drop(answer?),
                () = tokio::time::sleep_until(until) => is_over = true,
                _ = stop.changed() => break true,
            }
        };
        self.send(b"DONE\r\n").await?;
        self.end(&tag, LITERAL).await?;
        Ok(stopped)
    }

    /// Says goodbye.
    pub async fn logout(&mut self) {
        // the connection ends either way
        let _ = self.command("LOGOUT").await;
    }
}

/// Whether an answer says that there are new mails.
fn is_news(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    text.starts_with("* ") && (text.ends_with(" EXISTS") || text.ends_with(" RECENT"))
}

/// Length of the literal that a line announces at its end.
fn literal_of(line: &str) -> Option<u64> {
    let digits = line.strip_suffix('}')?.rsplit_once('{')?.1;
    digits.trim_end_matches('+').parse().ok()
}

/// Whether an answer is about a mail.
fn is_of(text: &str, uid: u32) -> bool {
    text.contains(" FETCH ") && number_after(text, "UID ") == Some(u64::from(uid))
}

fn number_after(text: &str, word: &str) -> Option<u64> {
    let at = text.find(word)? + word.len();
    let digits: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use tokio::io::AsyncWriteExt as _;

    use super::{Client, is_news, literal_of, number_after, quoted};

    #[test]
    fn answers_are_read_by_their_words() {
        assert_eq!(literal_of("* 1 FETCH (BODY[] {12}"), Some(12));
        assert_eq!(literal_of("* 1 FETCH {x}"), None);
        assert!(
            is_news("* 23 EXISTS")
                && is_news("* 1 Recent")
                && !is_news("d1 OK EXISTS")
                && !is_news("* 3 EXPUNGE")
        );
        assert_eq!(number_after("* 3 FETCH (UID 17 RFC822.SIZE 900)", "RFC822.SIZE "), Some(900));
        assert_eq!(quoted("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
    }

    /// A server that says what it says before it is asked, then listens.
    async fn saying(text: &str) -> (Client, tokio::io::DuplexStream) {
        let (mut near, far) = tokio::io::duplex(1 << 16);
        near.write_all(text.as_bytes()).await.unwrap();
        (Client::new(Box::new(far)), near)
    }

    #[tokio::test]
    async fn what_came_with_another_answer_is_not_waited_for() {
        let (_tell, mut stop) = tokio::sync::watch::channel(false);
        let hour = std::time::Duration::from_secs(3_600);
        // with the answer to a FETCH, and between IDLE and the word that it began
        let (mut client, _near) =
            saying("* SEARCH 7\r\nd1 OK\r\n* 2 EXISTS\r\n* 1 FETCH (UID 7 RFC822.SIZE 5)\r\nd2 OK\r\n").await;
        assert_eq!(client.uids().await.unwrap(), [7]);
        assert_eq!(client.size(7).await.unwrap(), Some(5));
        assert!(!client.idle(hour, &mut stop).await.unwrap(), "without a question to the server");
        let (mut client, _near) = saying("* SEARCH\r\nd1 OK\r\n* 1 EXISTS\r\n+ idling\r\nd2 OK\r\n").await;
        assert!(client.uids().await.unwrap().is_empty());
        assert!(!client.idle(hour, &mut stop).await.unwrap());
    }

    #[tokio::test]
    async fn an_answer_that_does_not_end_is_cut_off() {
        let (mut near, far) = tokio::io::duplex(1 << 16);
        let talks = tokio::spawn(async move {
            let line = format!("* OK {}\r\n", "x".repeat(60_000));
            while near.write_all(line.as_bytes()).await.is_ok() {}
        });
        let mut client = Client::new(Box::new(far));
        let said = client.noop().await.unwrap_err().to_string();
        assert!(said.contains("does not end"), "{said}");
        drop(client);
        talks.await.unwrap();
    }

    #[tokio::test]
    async fn a_mail_is_taken_out_of_an_answer_and_endless_ones_are_refused() {
        for (answer, kept) in [
            ("* 1 FETCH (UID 7 BODY[] {5}\r\nhello)\r\nd1 OK done\r\n", Some(Some(b"hello".to_vec()))),
            (
                "* 2 EXISTS\r\n* 1 FETCH (BODY[] {5}\r\nhello UID 7)\r\nd1 OK done\r\n",
                Some(Some(b"hello".to_vec())),
            ),
            ("* 1 FETCH (UID 8 BODY[] {5}\r\nhello)\r\nd1 OK done\r\n", Some(None)),
            ("* 1 FETCH (UID 7 BODY[] {99999999999}\r\n", None),
            ("d1 NO gone\r\n", None),
            ("* 1 FETCH (UID 7 BODY[] {50}\r\nhello", None),
        ] {
            let (mut near, far) = tokio::io::duplex(1 << 16);
            near.write_all(answer.as_bytes()).await.unwrap();
            near.shutdown().await.unwrap();
            let read = Client::new(Box::new(far)).body(7, 5).await;
            match kept {
                Some(kept) => assert_eq!(read.unwrap(), kept, "{answer}"),
                None => assert!(read.is_err(), "{answer}"),
            }
        }
    }
}

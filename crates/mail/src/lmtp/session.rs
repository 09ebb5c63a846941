//! One connection: commands, recipients, data, an answer for each recipient.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::watch;

use super::Stream;
use crate::address::normal;
use crate::desk::Mail;
use crate::error::Error;
use crate::intake::{Arrival, Outcome};

/// Longest command line, bytes.
const LINE: u64 = 4_096;
/// Recipients of one mail.
const RECIPIENTS: usize = 100;
/// Wrong commands after which the connection is closed.
const WRONG: u32 = 20;

/// What a session asks of the desk behind the door, so that a session can be tried without one.
pub(super) trait Behind: Sync {
    /// The name in the greeting.
    fn domain(&self) -> &str;
    /// Largest mail, bytes.
    fn largest(&self) -> u64;
    /// Whether mails to an address are taken in at all.
    fn takes(&self, address: &str) -> bool;
    /// Takes a mail in for some recipients: an outcome for each, in their order.
    fn take_in(
        &self,
        raw: Vec<u8>,
        recipients: &[String],
    ) -> impl Future<Output = Vec<Result<Outcome, Error>>> + Send;
}

impl Behind for Mail {
    fn domain(&self) -> &str {
        self.settings().domain()
    }

    fn largest(&self) -> u64 {
        self.settings().size_max_mib * 1_048_576
    }

    fn takes(&self, address: &str) -> bool {
        Self::takes(self, address)
    }

    async fn take_in(&self, raw: Vec<u8>, recipients: &[String]) -> Vec<Result<Outcome, Error>> {
        let arrival = Arrival::new(raw, "lmtp");
        let mut outcomes = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            outcomes.push(Self::take_in(self, &arrival, recipient).await);
        }
        self.note(|w| &mut w.lmtp, Ok(()));
        outcomes
    }
}

struct Session<'b, B> {
    behind: &'b B,
    greeted: bool,
    sender: bool,
    recipients: Vec<String>,
    wrong: u32,
}

/// What comes next on the connection.
enum Next {
    Answer(String),
    Data,
    Close(String),
}

/// Serves one connection to its end.
pub(super) async fn serve(
    behind: &impl Behind,
    stream: Box<dyn Stream>,
    patience: Duration,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let size = behind.largest();
    let mut session = Session { behind, greeted: false, sender: false, recipients: Vec::new(), wrong: 0 };
    say(&mut stream, &format!("220 {} Proofdesk LMTP", behind.domain())).await?;
    loop {
        let line = tokio::select! {
            read = tokio::time::timeout(patience, line(&mut stream)) => match read {
                Ok(line) => line?,
                Err(_) => return say(&mut stream, "421 4.4.2 You said nothing for too long").await,
            },
            _ = stop.changed() => return say(&mut stream, "421 4.3.2 The desk is being stopped; come again").await,
        };
        let Some(line) = line else { return Ok(()) };
        match session.command(&line, size) {
            Next::Answer(answer) => say(&mut stream, &answer).await?,
            Next::Close(answer) => return say(&mut stream, &answer).await,
            Next::Data => {
                say(&mut stream, "354 End with a dot on a line of its own").await?;
                let raw = match tokio::time::timeout(patience, data(&mut stream, size)).await {
                    Ok(raw) => raw?,
                    Err(_) => return say(&mut stream, "421 4.4.2 You said nothing for too long").await,
                };
                for answer in session.deliver(raw).await {
                    say(&mut stream, &answer).await?;
                }
            }
        }
    }
}

async fn say(stream: &mut BufReader<Box<dyn Stream>>, text: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).await?;
    stream.get_mut().flush().await
}

/// A command line without its end; none at the end of the connection.
async fn line(stream: &mut BufReader<Box<dyn Stream>>) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = (&mut *stream).take(LINE).read_until(b'\n', &mut bytes).await?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.last() != Some(&b'\n') {
        return Err(std::io::Error::other("a command line is too long"));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()))
}

/// Reads a mail up to its end; none where it is larger than allowed.
async fn data(stream: &mut BufReader<Box<dyn Stream>>, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut raw: Vec<u8> = Vec::new();
    let (mut fits, mut begins) = (true, true);
    loop {
        let mut part = Vec::new();
        // a line may be long: it is read in pieces
        let read = (&mut *stream).take(1 << 16).read_until(b'\n', &mut part).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if begins && part == b".\r\n" {
            return Ok(fits.then_some(raw));
        }
        let kept = if begins && part.first() == Some(&b'.') { &part[1..] } else { &part[..] };
        fits = fits && (raw.len() + kept.len()) as u64 <= most;
        if fits {
            raw.extend_from_slice(kept);
        } else {
            raw = Vec::new();
        }
        begins = part.ends_with(b"\r\n");
    }
}

impl<B: Behind> Session<'_, B> {
    fn command(&mut self, line: &str, size: u64) -> Next {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "LHLO" => {
                self.reset();
                self.greeted = true;
                let domain = self.behind.domain();
                format!(
                    "250-{domain}\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {size}"
                )
            }
            "HELO" | "EHLO" => return self.mistake("500 5.5.1 This is LMTP: say LHLO"),
            "NOOP" => "250 2.0.0 Fine".to_owned(),
            "RSET" => {
                self.reset();
                "250 2.0.0 Forgotten".to_owned()
            }
            "VRFY" => "252 2.5.0 Send it, and see".to_owned(),
            "QUIT" => return Next::Close("221 2.0.0 Goodbye".to_owned()),
            _ if !self.greeted => return self.mistake("503 5.5.1 Say LHLO first"),
            "MAIL" => return self.from(rest, size),
            "RCPT" => return self.to(rest),
            "DATA" if self.recipients.is_empty() => return self.mistake("503 5.5.1 There is no recipient"),
            "DATA" => return Next::Data,
            _ => return self.mistake("500 5.5.2 This is no command"),
        };
        Next::Answer(answer)
    }

    fn mistake(&mut self, answer: &str) -> Next {
        self.wrong += 1;
        if self.wrong > WRONG {
            return Next::Close("421 4.7.0 Too many wrong commands".to_owned());
        }
        Next::Answer(answer.to_owned())
    }

    fn reset(&mut self) {
        self.sender = false;
        self.recipients.clear();
    }

    fn from(&mut self, rest: &str, size: u64) -> Next {
        if self.sender {
            return self.mistake("503 5.5.1 The sender is known already");
        }
        let Some((_, parameters)) = path(rest, "FROM:") else {
            return self.mistake("501 5.5.4 Say MAIL FROM:<address>");
        };
        let declared = parameters.split_whitespace().find_map(|p| {
            let (name, value) = p.split_once('=')?;
            name.eq_ignore_ascii_case("SIZE").then(|| value.parse::<u64>().ok()).flatten()
        });
        if declared.is_some_and(|declared| declared > size) {
            return Next::Answer(format!("552 5.3.4 A mail has at most {size} bytes"));
        }
        self.sender = true;
        Next::Answer("250 2.1.0 Fine".to_owned())
    }

    fn to(&mut self, rest: &str) -> Next {
        if !self.sender {
            return self.mistake("503 5.5.1 Say MAIL FROM first");
        }
        let Some((address, _)) = path(rest, "TO:") else {
            return self.mistake("501 5.5.4 Say RCPT TO:<address>");
        };
        if self.recipients.len() >= RECIPIENTS {
            return Next::Answer("452 4.5.3 Too many recipients".to_owned());
        }
        let Some(address) = normal(&address).filter(|a| self.behind.takes(a)) else {
            return Next::Answer("550 5.1.1 This address takes no mail".to_owned());
        };
        self.recipients.push(address);
        Next::Answer("250 2.1.5 Fine".to_owned())
    }

    /// Takes a mail in, and gives the answers in the order of the recipients.
    async fn deliver(&mut self, raw: Option<Vec<u8>>) -> Vec<String> {
        let recipients = std::mem::take(&mut self.recipients);
        self.reset();
        let Some(raw) = raw else {
            return recipients.iter().map(|_| "552 5.3.4 The mail is too large".to_owned()).collect();
        };
        self.behind.take_in(raw, &recipients).await.into_iter().map(answer).collect()
    }
}

fn answer(outcome: Result<Outcome, Error>) -> String {
    match outcome {
        Ok(Outcome::Record(_) | Outcome::Comment(_)) => "250 2.0.0 Taken".to_owned(),
        Ok(Outcome::Known) => "250 2.0.0 Taken before".to_owned(),
        Ok(Outcome::Ignored(_)) => "250 2.0.0 Taken, and left alone".to_owned(),
        Ok(Outcome::Refused(why)) => {
            let words: Vec<&str> = why.split_whitespace().collect();
            format!(
                "550 5.7.1 {}",
                words.join(" ").chars().filter(char::is_ascii).take(300).collect::<String>()
            )
        }
        Err(error) => {
            tracing::warn!(%error, "a mail could not be taken in; its server tries again");
            "451 4.3.0 Not now; try again".to_owned()
        }
    }
}

/// The address of `FROM:<a@b> SIZE=1`, and what follows it.
fn path(rest: &str, word: &str) -> Option<(String, String)> {
    let rest = rest.trim_start();
    let begin = rest.get(..word.len()).filter(|begin| begin.eq_ignore_ascii_case(word))?;
    let rest = rest[begin.len()..].trim_start().strip_prefix('<')?;
    let (address, parameters) = rest.split_once('>')?;
    // a route before the address is of other times
    let address = address.rsplit_once(':').map_or(address, |(_, last)| last);
    Some((address.to_owned(), parameters.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use tokio::io::BufReader;

    use super::{Stream, data, path};

    async fn read(text: &str, most: u64) -> std::io::Result<Option<Vec<u8>>> {
        let (mut near, far) = tokio::io::duplex(1 << 20);
        tokio::io::AsyncWriteExt::write_all(&mut near, text.as_bytes()).await.unwrap();
        drop(near);
        let far: Box<dyn Stream> = Box::new(far);
        data(&mut BufReader::new(far), most).await
    }

    #[tokio::test]
    async fn a_mail_ends_by_a_dot_between_two_whole_ends_of_line_only() {
        for (sent, kept) in [
            ("a\r\n.\r\n", "a\r\n"),
            (".\r\n", ""),
            ("..\r\n.a\r\n.\r\n", ".\r\na\r\n"),
            ("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n"),
            ("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n"),
        ] {
            assert_eq!(read(sent, 1_000).await.unwrap(), Some(kept.as_bytes().to_vec()), "{sent:?}");
        }
        assert!(read("a\r\n", 1_000).await.is_err(), "cut off before its end");
        assert_eq!(read(&format!("{}\r\n.\r\n", "x".repeat(200_000)), 1_000).await.unwrap(), None);
        let long = format!("{}\r\n.\r\n", "x".repeat(200_000));
        assert_eq!(read(&long, 1 << 20).await.unwrap().unwrap().len(), 200_002);
    }

    #[test]
    fn paths_are_read_with_their_parameters() {
        assert_eq!(path("from:<a@b> SIZE=1", "FROM:"), Some(("a@b".to_owned(), " SIZE=1".to_owned())));
        assert_eq!(path("FROM:<>", "FROM:"), Some((String::new(), String::new())));
        assert_eq!(path("TO:<@x,@y:a@b>", "TO:").map(|p| p.0), Some("a@b".to_owned()));
        for wrong in ["TO:a@b", "T", "TO:<a@b", "ÄÖ:<a@b>"] {
            assert_eq!(path(wrong, "TO:"), None, "{wrong}");
        }
    }
}

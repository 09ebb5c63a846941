//! A browser of a few lines: one request a connection, over a socket, to a program that was started.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Context as _;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Heading, as it came.
    pub head: String,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A line of the heading.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// Sends a request to `127.0.0.1`. A body is sent as a form.
///
/// # Errors
/// When nobody listens, or the answer is none.
pub fn send(port: u16, method: &str, path: &str, cookie: &str, body: &str) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nCookie: {cookie}\r\n\
         Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    read(bytes).context("the answer is not HTTP")
}

fn read(mut bytes: Vec<u8>) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head, body })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::read;

    #[test]
    fn an_answer_is_cut_into_status_heading_and_body() {
        let answer = read(b"HTTP/1.1 303 See Other\r\nSet-Cookie: a=b\r\n\r\nbody".to_vec()).unwrap();
        assert_eq!((answer.status, answer.header("set-cookie")), (303, Some("a=b")));
        assert_eq!(answer.body, b"body");
        assert!(read(b"garbage".to_vec()).is_none());
    }
}

//! The rows of a delimited file, plain or gzipped: a stream in which a broken row breaks only itself.
//!
//! Quoting as in RFC 4180. A quotation mark that is never closed would swallow the rest of the file: after
//! [`MOST_LINES`] lines the row in which it was opened is refused, and reading goes on with the line after it.
//! Source: RFC 4180; RFC 1952 for gzip.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// Longest row in bytes.
const MOST_BYTES: usize = 1 << 20;
/// Most lines of one row.
const MOST_LINES: usize = 200;

/// A row: its fields as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Line on which it begins, from 1.
    pub line: usize,
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has no fields.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A field by position; empty beyond the last.
    pub fn field(&self, at: usize) -> &str {
        let from = at.checked_sub(1).map_or(0, |before| self.ends.get(before).copied().unwrap_or(usize::MAX));
        let to = self.ends.get(at).copied().unwrap_or_default();
        self.text.get(from..to).unwrap_or_default()
    }

    /// All fields in order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.field(at))
    }
}

/// What stands in the way of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// Only this row cannot be read.
    Row {
        /// Its line.
        line: usize,
        /// Why.
        reason: String,
    },
    /// Nothing more can be read.
    File(String),
}

/// The rows of a file.
pub struct Rows {
    from: Box<dyn BufRead + Send>,
    delimiter: u8,
    /// Lines read so far.
    line: usize,
    /// Lines that were read ahead and given back.
    ahead: VecDeque<(usize, Vec<u8>)>,
    ended: bool,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("line", &self.line).finish_non_exhaustive()
    }
}

enum Split {
    Fields(String, Vec<usize>),
    Unclosed,
    Bad(String),
}

impl Rows {
    /// Opens a stream; gzip is known by its first bytes. A byte order mark is skipped.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(input: impl Read + Send + 'static, delimiter: u8) -> std::io::Result<Self> {
        let mut plain = BufReader::with_capacity(1 << 16, input);
        let is_gzip = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let mut from: Box<dyn BufRead + Send> = if is_gzip {
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(plain)))
        } else {
            Box::new(plain)
        };
        if let Ok(start) = from.fill_buf()
            && start.starts_with(b"\xef\xbb\xbf")
        {
            from.consume(3);
        }
        Ok(Self { from, delimiter, line: 0, ahead: VecDeque::new(), ended: false })
    }

    /// The next line with its number; none at the end.
    fn next_line(&mut self) -> Result<Option<(usize, Vec<u8>)>, Broken> {
        if let Some(ahead) = self.ahead.pop_front() {
            return Ok(Some(ahead));
        }
        let mut bytes = Vec::new();
        let limit = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        let read = self.from.by_ref().take(limit).read_until(b'\n', &mut bytes).map_err(|e| self.torn(&e))?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        let line = self.line;
        if bytes.len() >= MOST_BYTES && bytes.last() != Some(&b'\n') {
            self.skip_line()?;
            let reason = format!("the line is longer than {MOST_BYTES} bytes");
            return Err(Broken::Row { line, reason });
        }
        Ok(Some((line, bytes)))
    }

    fn skip_line(&mut self) -> Result<(), Broken> {
        loop {
            let (used, done) = match self.from.fill_buf() {
                Ok([]) => return Ok(()),
                Ok(bytes) => match bytes.iter().position(|b| *b == b'\n') {
                    Some(at) => (at + 1, true),
                    None => (bytes.len(), false),
                },
                Err(e) => return Err(self.torn(&e)),
            };
            self.from.consume(used);
            if done {
                return Ok(());
            }
        }
    }

    fn torn(&self, error: &std::io::Error) -> Broken {
        let line = self.line;
        Broken::File(match error.kind() {
            std::io::ErrorKind::UnexpectedEof => format!(
                "the file ends in the middle of its compressed data after line {line}: it was not copied whole"
            ),
            std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData => {
                format!("the compressed data is damaged after line {line}: {error}")
            }
            _ => format!("the file cannot be read after line {line}: {error}"),
        })
    }

    fn read(&mut self) -> Result<Option<Row>, Broken> {
        let Some((line, mut bytes)) = self.next_line()? else { return Ok(None) };
        let mut others: Vec<(usize, Vec<u8>)> = Vec::new();
        loop {
            let reason = match split(&bytes, self.delimiter) {
                Split::Fields(text, ends) => return Ok(Some(Row { line, text, ends })),
                Split::Bad(reason) => reason,
                Split::Unclosed => {
                    let room = others.len() < MOST_LINES && bytes.len() < MOST_BYTES;
                    match if room { self.next_line()? } else { None } {
                        Some((number, more)) => {
                            bytes.extend_from_slice(&more);
                            others.push((number, more));
                            continue;
                        }
                        None => "a quotation mark is opened and never closed".to_owned(),
                    }
                }
            };
            for other in others.into_iter().rev() {
                self.ahead.push_front(other);
            }
            return Err(Broken::Row { line, reason });
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        loop {
            match self.read() {
                Ok(Some(row)) if row.len() == 1 && row.field(0).is_empty() => {}
                Ok(Some(row)) => return Some(Ok(row)),
                Ok(None) => {
                    self.ended = true;
                    return None;
                }
                Err(broken) => {
                    self.ended = matches!(broken, Broken::File(_));
                    return Some(Err(broken));
                }
            }
        }
    }
}

/// Splits one row into its fields.
fn split(bytes: &[u8], delimiter: u8) -> Split {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let mut text: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut ends = Vec::with_capacity(40);
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            at += 1;
            loop {
                match (bytes.get(at), bytes.get(at + 1)) {
                    (None, _) => return Split::Unclosed,
                    (Some(b'"'), Some(b'"')) => {
                        text.push(b'"');
                        at += 2;
                    }
                    (Some(b'"'), _) => break,
                    (Some(byte), _) => {
                        text.push(*byte);
                        at += 1;
                    }
                }
            }
            at += 1;
            if bytes.get(at).is_some_and(|b| *b != delimiter) {
                let field = ends.len() + 1;
                return Split::Bad(format!("field {field} goes on after its closing quotation mark"));
            }
        } else {
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest.iter().position(|b| *b == delimiter).unwrap_or(rest.len());
            text.extend_from_slice(rest.get(..length).unwrap_or_default());
            at += length;
        }
        ends.push(text.len());
        if at >= bytes.len() {
            break;
        }
        at += 1;
    }
    match String::from_utf8(text) {
        Ok(text) if text.contains('\0') => Split::Bad("it contains a NUL character".to_owned()),
        Ok(text) if ends.iter().all(|end| text.is_char_boundary(*end)) => Split::Fields(text, ends),
        Ok(_) => Split::Bad("it is not UTF-8 text".to_owned()),
        Err(error) => {
            let place = error.utf8_error().valid_up_to();
            let field = ends.iter().position(|end| *end > place).map_or(ends.len(), |i| i + 1);
            Split::Bad(format!("field {field} is not UTF-8 text; convert the file to UTF-8 first"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use std::io::{Cursor, Write as _};

    use super::{Broken, Rows};

    fn rows(bytes: &[u8]) -> Vec<Result<(usize, Vec<String>), String>> {
        let rows = Rows::open(Cursor::new(bytes.to_vec()), b',').unwrap();
        rows.map(|row| match row {
            Ok(row) => Ok((row.line, row.fields().map(str::to_owned).collect())),
            Err(Broken::Row { line, reason }) => Err(format!("{line}: {reason}")),
            Err(Broken::File(reason)) => Err(reason),
        })
        .collect()
    }

    fn ok(line: usize, fields: &[&str]) -> Result<(usize, Vec<String>), String> {
        Ok((line, fields.iter().map(|f| (*f).to_owned()).collect()))
    }

    #[test]
    fn fields_are_split_as_rfc_4180_says() {
        let text = b"\xef\xbb\xbfa,b\r\n\"x \"\"y\"\"\",\"1,\n2\"\n\n,\n";
        assert_eq!(rows(text), [ok(1, &["a", "b"]), ok(2, &["x \"y\"", "1,\n2"]), ok(5, &["", ""])]);
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_refuses_only_its_row() {
        let found = rows(b"a,b\n\"open,1\nc,d\ne,f\n");
        assert!(found[1].as_ref().unwrap_err().starts_with("2: a quotation mark"), "{found:?}");
        assert_eq!(found[2..], [ok(3, &["c", "d"]), ok(4, &["e", "f"])]);
    }

    #[test]
    fn bytes_that_are_not_text_refuse_only_their_row() {
        let found = rows(b"a,b\n1,\xff\n2,\0\n\"q\"x,1\n3,4\n");
        assert!(found[1].as_ref().unwrap_err().contains("field 2 is not UTF-8"), "{found:?}");
        assert!(found[2].as_ref().unwrap_err().contains("NUL"), "{found:?}");
        assert!(found[3].as_ref().unwrap_err().contains("closing quotation mark"), "{found:?}");
        assert_eq!(found[4], ok(5, &["3", "4"]));
    }

    #[test]
    fn a_truncated_gzip_file_gives_what_it_has_and_says_so() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        for i in 0..5_000 {
            writeln!(gzip, "{i},some words that take room").unwrap();
        }
        let whole = gzip.finish().unwrap();
        assert_eq!(rows(&whole).len(), 5_000);
        let found = rows(&whole[..whole.len() / 2]);
        assert!(found.len() > 1_000);
        assert!(
            found.last().unwrap().as_ref().unwrap_err().contains("not copied whole"),
            "{:?}",
            found.last()
        );
    }

    #[test]
    fn a_line_without_end_is_refused_and_not_kept_in_memory() {
        let mut text = b"a,b\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 << 20));
        text.extend(b"\n1,2\n");
        let found = rows(&text);
        assert!(found[1].as_ref().unwrap_err().contains("longer than"), "line");
        assert_eq!(found[2], ok(3, &["1", "2"]));
    }
}

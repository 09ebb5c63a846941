//! A small reader of protocol buffers' text format, as far as the vectors of the Common Expression Language use
//! it: messages, strings with escapes, words and numbers.

/// A value in the text.
#[derive(Debug, Clone, PartialEq)]
pub enum Proto {
    /// A string's bytes as text; what is not UTF-8 is replaced.
    Text(String),
    /// A number or a word as written.
    Word(String),
    /// Fields in order.
    Message(Vec<(String, Proto)>),
}

impl Proto {
    /// Gives the first field of a name.
    pub fn get(&self, name: &str) -> Option<&Proto> {
        let Self::Message(fields) = self else { return None };
        fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Gives all fields of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Proto> {
        let fields = if let Self::Message(fields) = self { fields.as_slice() } else { &[] };
        fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value)
    }

    /// Gives the text of a string or a word; empty for a message.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Word(text) => text,
            Self::Message(_) => "",
        }
    }
}

/// Reads a whole file as one message.
pub fn read(source: &str) -> Proto {
    let mut reader = Reader { bytes: source.as_bytes(), at: 0 };
    let message = reader.fields();
    assert_eq!(reader.peek(), None, "rest of the file at byte {}", reader.at);
    message
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte == b'#' {
                while self.bytes.get(self.at).is_some_and(|b| *b != b'\n') {
                    self.at += 1;
                }
            } else if byte.is_ascii_whitespace() || matches!(byte, b',' | b';') {
                self.at += 1;
            } else {
                return Some(byte);
            }
        }
        None
    }

    fn word(&mut self) -> String {
        let start = self.at;
        let part = |b: &u8| b.is_ascii_alphanumeric() || b"_.+-/".contains(b);
        while self.bytes.get(self.at).is_some_and(part) {
            self.at += 1;
        }
        assert!(self.at > start, "a word at byte {start}");
        String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned()
    }

    /// Reads fields up to a closing brace or the end.
    fn fields(&mut self) -> Proto {
        let mut fields = Vec::new();
        while let Some(byte) = self.peek() {
            if byte == b'}' {
                break;
            }
            let name = if byte == b'[' {
                self.at += 1;
                let name = self.word();
                assert_eq!(self.peek(), Some(b']'));
                self.at += 1;
                name
            } else {
                self.word()
            };
            if self.peek() == Some(b':') {
                self.at += 1;
            }
            let value = self.value();
            fields.push((name, value));
        }
        Proto::Message(fields)
    }

    fn value(&mut self) -> Proto {
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                let message = self.fields();
                assert_eq!(self.peek(), Some(b'}'), "a closing brace at byte {}", self.at);
                self.at += 1;
                message
            }
            Some(b'"' | b'\'') => {
                let mut bytes = Vec::new();
                while let Some(quote @ (b'"' | b'\'')) = self.peek() {
                    self.at += 1;
                    self.string(quote, &mut bytes);
                }
                Proto::Text(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => Proto::Word(self.word()),
        }
    }

    fn string(&mut self, quote: u8, out: &mut Vec<u8>) {
        loop {
            let byte = self.bytes[self.at];
            self.at += 1;
            if byte == quote {
                return;
            }
            if byte == b'\\' {
                self.escape(out);
            } else {
                out.push(byte);
            }
        }
    }

    fn digits(&mut self, most: usize, radix: u32) -> u32 {
        let mut number = 0;
        for _ in 0..most {
            let Some(digit) = (self.bytes[self.at] as char).to_digit(radix) else { break };
            number = number * radix + digit;
            self.at += 1;
        }
        number
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let byte = self.bytes[self.at];
        self.at += 1;
        let code = match byte {
            b'x' | b'X' => self.digits(2, 16),
            b'u' | b'U' => {
                let code = self.digits(if byte == b'u' { 4 } else { 8 }, 16);
                let c = char::from_u32(code).unwrap();
                out.extend(c.to_string().bytes());
                return;
            }
            b'0'..=b'7' => {
                self.at -= 1;
                self.digits(3, 8)
            }
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'v' => 11,
            other => u32::from(other),
        };
        out.push(u8::try_from(code).unwrap());
    }
}

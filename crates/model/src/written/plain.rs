//! The plain reader: bare words, texts on one line, whole numbers, `#true`, properties, marks, children, and comments to
//! the end of a line. At anything else it gives up, and the library reads the text from its beginning.

use super::{Entry, Node, Span, Written};

/// Nodes of a text; none for what is not plain.
pub(super) fn read(text: &str) -> Option<Vec<Node>> {
    if !text.chars().all(is_plain) {
        return None;
    }
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    let nodes = reader.nodes(0)?;
    (reader.at == text.len()).then_some(nodes)
}

/// Characters that end lines in their own way, or that KDL does not allow, are left to the library.
fn is_plain(c: char) -> bool {
    match c {
        '\n' | '\t' | ' '..='~' => true,
        '\0'..='\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' => false,
        '\u{205f}' | '\u{2060}'..='\u{2069}' | '\u{3000}' | '\u{feff}' => false,
        _ => true,
    }
}

/// Deepest nesting that it follows.
const DEPTH: usize = 32;

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Blanks of one line.
    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// A comment to the end of its line, whose end is left.
    fn comment(&mut self) -> bool {
        let found = self.bytes[self.at..].starts_with(b"//");
        if found {
            let rest = &self.bytes[self.at..];
            self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        }
        found
    }

    /// Blanks, comments and ends of lines before a node.
    fn between(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some(b'\n') => self.at += 1,
                _ if self.comment() => {}
                _ => return,
            }
        }
    }

    /// Nodes up to the end or to a closing brace, which is left.
    fn nodes(&mut self, depth: usize) -> Option<Vec<Node>> {
        if depth > DEPTH {
            return None;
        }
        let mut nodes = Vec::new();
        loop {
            self.between();
            match self.peek() {
                None | Some(b'}') => return Some(nodes),
                _ => nodes.push(self.node(depth)?),
            }
            if self.peek() == Some(b';') {
                self.at += 1;
            }
        }
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        let (word, word_span) = self.word()?;
        let mut node = Node { word, word_span, entries: Vec::new(), children: Vec::new(), span: word_span };
        loop {
            let before = self.at;
            self.blanks();
            let apart = self.at > before;
            match self.peek() {
                None | Some(b'\n' | b';' | b'}') => {
                    // the library counts the blanks behind a node to it
                    node.span.end = self.at;
                    break;
                }
                Some(b'/') => {
                    node.span.end = self.at;
                    if !apart || !self.comment() {
                        return None;
                    }
                    break;
                }
                Some(b'{') if apart => {
                    self.at += 1;
                    node.children = self.nodes(depth + 1)?;
                    if self.peek() != Some(b'}') {
                        return None;
                    }
                    self.at += 1;
                    self.blanks();
                    node.span = Span { start, end: self.at };
                    self.end()?;
                    return Some(node);
                }
                Some(_) if apart => {
                    let entry = self.entry()?;
                    node.span = Span { start, end: entry.span.end };
                    node.entries.push(entry);
                }
                Some(_) => return None,
            }
        }
        Some(node)
    }

    /// What may follow closing braces: the end of the line or of the node.
    fn end(&mut self) -> Option<()> {
        match self.peek() {
            None | Some(b'\n' | b';' | b'}') => Some(()),
            Some(b'/') => self.comment().then_some(()),
            Some(_) => None,
        }
    }

    fn entry(&mut self) -> Option<Entry> {
        let start = self.at;
        if self.peek().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') {
            let name = self.word()?;
            if self.peek() != Some(b'=') {
                // a bare word
                let span = name.1;
                return Some(Entry { name: None, mark: None, value: Written::Text(name.0), span });
            }
            self.at += 1;
            let (mark, value) = self.marked()?;
            return Some(Entry { name: Some(name), mark, value, span: Span { start, end: self.at } });
        }
        let (mark, value) = self.marked()?;
        Some(Entry { name: None, mark, value, span: Span { start, end: self.at } })
    }

    fn marked(&mut self) -> Option<(Option<String>, Written)> {
        let mut mark = None;
        if self.peek() == Some(b'(') {
            self.at += 1;
            mark = Some(self.word()?.0);
            if self.peek() != Some(b')') {
                return None;
            }
            self.at += 1;
        }
        let value = match self.peek()? {
            b'"' => Written::Text(self.quoted()?),
            b'#' => self.keyword()?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => Written::Text(self.word()?.0),
        };
        Some((mark, value))
    }

    /// A bare word of letters, digits, `_`, `-` and `.`, which is none of those that KDL keeps for itself.
    fn word(&mut self) -> Option<(String, Span)> {
        let start = self.at;
        if !self.peek().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') {
            return None;
        }
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
            self.at += 1;
        }
        let word = self.text.get(start..self.at)?;
        let kept = ["true", "false", "null", "inf", "nan"].contains(&word);
        let ended = matches!(self.peek(), None | Some(b' ' | b'\t' | b'\n' | b';' | b'=' | b')' | b'}'));
        (ended && !kept).then(|| (word.to_owned(), Span { start, end: self.at }))
    }

    fn quoted(&mut self) -> Option<String> {
        self.at += 1;
        if self.bytes[self.at..].starts_with(b"\"\"") {
            return None;
        }
        let start = self.at;
        let mut escaped: Option<String> = None;
        loop {
            match self.peek()? {
                b'\n' => return None,
                b'"' => break,
                b'\\' => {
                    let so_far = self.text.get(start..self.at)?;
                    let mut own = escaped.unwrap_or_else(|| so_far.to_owned());
                    own.push(match self.bytes.get(self.at + 1)? {
                        b'"' => '"',
                        b'\\' => '\\',
                        b'n' => '\n',
                        b't' => '\t',
                        _ => return None,
                    });
                    escaped = Some(own);
                    self.at += 2;
                }
                _ => {
                    let c = self.text.get(self.at..)?.chars().next()?;
                    if let Some(own) = &mut escaped {
                        own.push(c);
                    }
                    self.at += c.len_utf8();
                }
            }
        }
        let plain = self.text.get(start..self.at)?;
        self.at += 1;
        self.apart()?;
        Some(escaped.unwrap_or_else(|| plain.to_owned()))
    }

    fn keyword(&mut self) -> Option<Written> {
        let words =
            [("#true", Written::Bool(true)), ("#false", Written::Bool(false)), ("#null", Written::Null)];
        let rest = self.text.get(self.at..)?;
        let (word, value) = words.into_iter().find(|(word, _)| rest.starts_with(word))?;
        self.at += word.len();
        self.apart()?;
        Some(value)
    }

    /// A whole number, or digits on both sides of a point.
    fn number(&mut self) -> Option<Written> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        self.digits()?;
        let whole = self.peek() != Some(b'.');
        if !whole {
            self.at += 1;
            self.digits()?;
        }
        let number = self.text.get(start..self.at)?;
        self.apart()?;
        if whole { number.parse().ok().map(Written::Int) } else { number.parse().ok().map(Written::Float) }
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// A value ends here.
    fn apart(&self) -> Option<()> {
        matches!(self.peek(), None | Some(b' ' | b'\t' | b'\n' | b';' | b'}')).then_some(())
    }
}

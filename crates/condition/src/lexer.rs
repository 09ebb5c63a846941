//! Source text to tokens.
//! Source: the lexical part of the Common Expression Language specification, without bytes literals.

use crate::condition::Mistake;
use crate::tree::Span;

/// A token's content.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum TokenKind {
    /// A whole number without its sign.
    Int(u64),
    /// A decimal number as written.
    Decimal(String),
    /// A text without its quotes, escapes resolved.
    Text(String),
    /// A name or a word.
    Word(String),
    /// An operator or a bracket.
    Symbol(&'static str),
    /// The end of the source.
    End,
}

/// A token and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Token {
    pub(crate) span: Span,
    pub(crate) kind: TokenKind,
}

const SYMBOLS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}",
    ",", ".", "?", ":",
];

/// Makes a mistake about a stretch of the source.
pub(crate) fn mistake(span: Span, message: impl Into<String>) -> Mistake {
    Mistake { start: span.start, end: span.end, message: message.into() }
}

/// Cuts the source into tokens; the last one is the end.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, Mistake> {
    let mut lexer = Lexer { source, at: 0 };
    let mut found = Vec::new();
    loop {
        let token = lexer.token()?;
        let end = token.kind == TokenKind::End;
        found.push(token);
        if end {
            return Ok(found);
        }
    }
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !keep(c)).unwrap_or(rest.len());
    }

    fn span_from(&self, start: usize) -> Span {
        Span { start, end: self.at }
    }

    fn skip_blank(&mut self) {
        loop {
            self.skip_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}'));
            if !self.rest().starts_with("//") {
                return;
            }
            self.skip_while(|c| c != '\n');
        }
    }

    fn token(&mut self) -> Result<Token, Mistake> {
        self.skip_blank();
        let start = self.at;
        let Some(first) = self.peek() else {
            return Ok(Token { span: self.span_from(start), kind: TokenKind::End });
        };
        let second = self.rest().chars().nth(1);
        let kind = if first.is_ascii_digit() || (first == '.' && second.is_some_and(|c| c.is_ascii_digit())) {
            self.number()?
        } else if matches!(first, '"' | '\'') {
            self.text(false)?
        } else if matches!(first, 'r' | 'R') && matches!(second, Some('"' | '\'')) {
            self.at += 1;
            self.text(true)?
        } else if first.is_ascii_alphabetic() || first == '_' {
            self.skip_while(|c| c.is_ascii_alphanumeric() || c == '_');
            let word = &self.source[start..self.at];
            if matches!(self.peek(), Some('"' | '\'')) && word.eq_ignore_ascii_case("b") {
                return Err(mistake(
                    self.span_from(start),
                    "bytes are not part of the language; write a text",
                ));
            }
            TokenKind::Word(word.to_owned())
        } else if let Some(symbol) = SYMBOLS.iter().copied().find(|s| self.rest().starts_with(s)) {
            self.at += symbol.len();
            TokenKind::Symbol(symbol)
        } else {
            return Err(self.stray(first));
        };
        Ok(Token { span: self.span_from(start), kind })
    }

    fn stray(&self, c: char) -> Mistake {
        let span = Span { start: self.at, end: self.at + c.len_utf8() };
        let message = match c {
            '=' => "`=` alone means nothing here; compare with `==`".to_owned(),
            '&' => "write `&&` for \"and\"".to_owned(),
            '|' => "write `||` for \"or\"".to_owned(),
            '“' | '”' | '„' | '‘' | '’' => "put text in straight quotes: \"…\"".to_owned(),
            '`' => "names are written without backquotes".to_owned(),
            c if c.is_alphabetic() => format!("`{c}` cannot stand in a name; text goes in quotes"),
            c => format!("{c:?} means nothing here"),
        };
        mistake(span, message)
    }

    fn number(&mut self) -> Result<TokenKind, Mistake> {
        let start = self.at;
        if self.rest().starts_with("0x") || self.rest().starts_with("0X") {
            self.at += 2;
            self.skip_while(|c| c.is_ascii_hexdigit());
            let number = u64::from_str_radix(&self.source[start + 2..self.at], 16);
            return self.whole(start, number.ok());
        }
        self.skip_while(|c| c.is_ascii_digit());
        let mut whole = true;
        if self.rest().starts_with('.') && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) {
            self.at += 1;
            self.skip_while(|c| c.is_ascii_digit());
            whole = false;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let digits = self.rest()[1..].trim_start_matches(['+', '-']);
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                self.at = self.source.len() - digits.len();
                self.skip_while(|c| c.is_ascii_digit());
                whole = false;
            }
        }
        let text = &self.source[start..self.at];
        if whole {
            let number = text.parse().ok();
            return self.whole(start, number);
        }
        let text = text.to_owned();
        self.end_of_number(start)?;
        Ok(TokenKind::Decimal(text))
    }

    fn whole(&mut self, start: usize, number: Option<u64>) -> Result<TokenKind, Mistake> {
        if matches!(self.peek(), Some('u' | 'U')) {
            self.at += 1;
            return Err(mistake(self.span_from(start), "write the number without `u`"));
        }
        self.end_of_number(start)?;
        number.map(TokenKind::Int).ok_or_else(|| mistake(self.span_from(start), "this number is too large"))
    }

    fn end_of_number(&mut self, start: usize) -> Result<(), Mistake> {
        if !self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return Ok(());
        }
        self.skip_while(|c| c.is_alphanumeric() || c == '_');
        let text = &self.source[start..self.at];
        Err(mistake(
            self.span_from(start),
            format!("`{text}` is not a number; a length of time is written `hours(4)` or `duration(\"4h\")`"),
        ))
    }

    fn text(&mut self, raw: bool) -> Result<TokenKind, Mistake> {
        let start = self.at;
        let quote = if self.rest().starts_with('"') { "\"" } else { "'" };
        let triple = quote.repeat(3);
        let close = if self.rest().starts_with(&triple) { triple.as_str() } else { quote };
        self.at += close.len();
        let mut text = String::new();
        loop {
            if self.rest().starts_with(close) {
                self.at += close.len();
                return Ok(TokenKind::Text(text));
            }
            let Some(c) = self.peek() else {
                return Err(mistake(self.span_from(start), format!("this text has no closing {close}")));
            };
            if close.len() == 1 && matches!(c, '\n' | '\r') {
                return Err(mistake(
                    self.span_from(start),
                    format!("this text has no closing {close} on its line"),
                ));
            }
            let c = if c == '\\' && !raw {
                self.escape()?
            } else {
                self.at += c.len_utf8();
                c
            };
            if c == '\0' {
                return Err(mistake(self.span_from(start), "a text cannot hold the character U+0000"));
            }
            text.push(c);
        }
    }

    /// Reads an escape such as `\n`, `\x41`, `\101` or `\u00e4`; the position is at the backslash.
    fn escape(&mut self) -> Result<char, Mistake> {
        let start = self.at;
        let letter = self.rest().chars().nth(1).unwrap_or(' ');
        self.at = (self.at + 1 + letter.len_utf8()).min(self.source.len());
        let simple = match letter {
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            '\\' | '"' | '\'' | '`' | '?' => Some(letter),
            _ => None,
        };
        if let Some(c) = simple {
            return Ok(c);
        }
        let (digits, radix) = match letter {
            'x' | 'X' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            '0'..='3' => {
                self.at -= 1;
                (3, 8)
            }
            _ => (0, 16),
        };
        let code = self.rest().get(..digits).filter(|d| d.chars().all(|c| c.is_digit(radix)));
        let c = code.and_then(|d| u32::from_str_radix(d, radix).ok()).and_then(char::from_u32);
        self.at = (self.at + if code.is_some() { digits } else { 0 }).min(self.source.len());
        c.ok_or_else(|| {
            mistake(self.span_from(start), "unknown escape; a backslash itself is written `\\\\`")
        })
    }
}

//! A look at a text before the library reads it: how deep its braces go, in one pass.
//!
//! The library's time grows with the square of the depth: twelve thousand open braces cost it many seconds. Texts that
//! are closed wrongly are refused here too, so that no brace can hide in what only looks like a text or a comment.
//! Invariant: the look takes one pass, and never calls itself.

use super::{Slip, Span};

/// Deepest nesting that is read; the deepest declaration of the house has seven.
pub(super) const DEPTH: usize = 32;

/// The first thing that forbids handing a text to the library; none where there is nothing.
pub(super) fn slip(text: &str) -> Option<Slip> {
    let mut look = Look { text, at: 0, before: '\n' };
    let mut depth = 0_usize;
    while let Some(c) = look.peek() {
        let start = look.at;
        match c {
            '/' if look.starts("//") => look.skip_line(),
            '/' if look.starts("/*") => {
                if !look.skip_comment() {
                    return Some(said(start, "this comment is not closed", "end it with */"));
                }
            }
            '/' if look.starts("/-") => {
                look.skip(2);
                look.before = ' ';
            }
            '#' if look.quotes().is_none() => {
                while look.peek() == Some('#') {
                    look.step();
                }
            }
            '"' | '#' => {
                if !is_border(look.before) {
                    return Some(said(
                        start,
                        "a text begins in the middle of a word",
                        "put a blank before it",
                    ));
                }
                if !look.skip_text() {
                    return Some(said(
                        start,
                        "this text is not closed",
                        "end it on its line; one of several lines begins and ends with three quotes on lines of their own",
                    ));
                }
            }
            '{' => {
                depth += 1;
                if depth > DEPTH {
                    let says = format!("braces are nested deeper than {DEPTH}");
                    return Some(said(start, &says, "nothing that is declared here needs that"));
                }
                look.step();
            }
            '}' => {
                depth = depth.saturating_sub(1);
                look.step();
            }
            _ => look.step(),
        }
    }
    None
}

fn said(at: usize, message: &str, help: &str) -> Slip {
    let span = Span { start: at, end: at + 1 };
    Slip { span, message: message.to_owned(), help: Some(help.to_owned()) }
}

/// Characters that end a line.
fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What may stand before a text.
fn is_border(c: char) -> bool {
    c.is_whitespace() || is_newline(c) || matches!(c, '=' | '(' | ')' | '{' | '}' | ';' | '\u{feff}')
}

struct Look<'a> {
    text: &'a str,
    at: usize,
    /// The character before the present one.
    before: char,
}

impl Look<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn starts(&self, with: &str) -> bool {
        self.rest().starts_with(with)
    }

    fn step(&mut self) {
        if let Some(c) = self.peek() {
            self.before = c;
            self.at += c.len_utf8();
        }
    }

    /// Goes on by some bytes, all of them ASCII.
    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
        self.before = self.text.as_bytes().get(self.at - 1).map_or('\n', |b| char::from(*b));
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| !is_newline(c)) {
            self.step();
        }
    }

    /// A comment with those inside it; whether it is closed.
    fn skip_comment(&mut self) -> bool {
        let mut open = 0_usize;
        while self.peek().is_some() {
            if self.starts("/*") {
                open += 1;
                self.skip(2);
            } else if self.starts("*/") {
                open -= 1;
                self.skip(2);
            } else {
                self.step();
            }
            if open == 0 {
                // what follows a comment follows a blank
                self.before = ' ';
                return true;
            }
        }
        false
    }

    /// How many `#` and quotes begin a text here; none where no text begins.
    fn quotes(&self) -> Option<(usize, usize)> {
        let marks = self.rest().bytes().take_while(|b| *b == b'#').count();
        let quoted = self.rest().get(marks..).unwrap_or_default();
        match quoted {
            _ if quoted.starts_with("\"\"\"") => Some((marks, 3)),
            _ if quoted.starts_with('"') => Some((marks, 1)),
            _ => None,
        }
    }

    /// A text with its quotes; whether it is closed as it must be.
    fn skip_text(&mut self) -> bool {
        let Some((marks, quotes)) = self.quotes() else { return false };
        self.skip(marks + quotes);
        if quotes == 3 && !self.peek().is_some_and(is_newline) {
            return false;
        }
        let close = "\"".repeat(quotes) + &"#".repeat(marks);
        while let Some(c) = self.peek() {
            if self.starts(&close) {
                self.skip(close.len());
                return true;
            }
            match c {
                '\\' if marks == 0 => self.escape(),
                _ if is_newline(c) && quotes == 1 => return false,
                _ => self.step(),
            }
        }
        false
    }

    /// A backslash and what it escapes: one character, or all blanks up to the next word.
    fn escape(&mut self) {
        self.step();
        if !self.peek().is_some_and(|c| c.is_whitespace() || is_newline(c)) {
            self.step();
            return;
        }
        while self.peek().is_some_and(|c| c.is_whitespace() || is_newline(c)) {
            self.step();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH, slip};

    fn says(text: &str) -> String {
        slip(text).map(|s| s.message).unwrap_or_default()
    }

    #[test]
    fn depth_counts_braces_outside_texts_and_comments() {
        let deep = |n: usize| "a {".repeat(n) + &"}".repeat(n);
        assert_eq!(says(&deep(DEPTH)), "");
        assert_eq!(says(&deep(DEPTH + 1)), "braces are nested deeper than 32");
        assert_eq!(says(&"a { b; }\n".repeat(500)), "");
        for quiet in [
            format!("a \"{}\"", "{".repeat(99)),
            format!("a #\"{}\"#", "{\"".repeat(99)),
            format!("a \"\"\"\n{}\n\"\"\"", "{ \" ".repeat(99)),
            format!("a ##\"\"\"\n{}\n\"\"\"##", "{ \"\"\"# ".repeat(99)),
            format!("a // {}\nb", "{".repeat(99)),
            format!("a /* /* {} */ { } */ b", "{".repeat(99), "{"),
            format!("a \"\\\"{}\" \"\\  \n  {0}\"", "{".repeat(99)),
            "a /-\"x\" (t)\"y\" b=\"z\"; \"c\" #true".to_owned(),
        ] {
            assert_eq!(says(&quiet), "", "{quiet}");
        }
    }

    #[test]
    fn no_brace_hides_in_what_is_not_closed() {
        let deep = "a {".repeat(9_000);
        for (hidden, wanted) in [
            (format!("a \"\n{deep}\""), "this text is not closed"),
            (format!("a \"x\u{2028}{deep}\""), "this text is not closed"),
            (format!("a \"\"\"{deep}\"\"\""), "this text is not closed"),
            (format!("a \"\"\"\n{deep}"), "this text is not closed"),
            (format!("a /* {deep}"), "this comment is not closed"),
            (format!("abc\"{deep}\""), "a text begins in the middle of a word"),
            (format!("abc-\"{deep}\""), "a text begins in the middle of a word"),
            (format!("a \\\"{deep}\""), "a text begins in the middle of a word"),
            (format!("a // x\u{85}{deep}"), "braces are nested deeper than 32"),
            (deep.clone(), "braces are nested deeper than 32"),
        ] {
            assert_eq!(says(&hidden), wanted, "{}", hidden.get(..12).unwrap_or_default());
        }
    }
}

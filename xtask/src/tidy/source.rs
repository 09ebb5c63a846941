//! Just enough of Rust's surface to tell its text literals from its code and its comments.
//!
//! It is not a parser: it knows strings, raw strings, characters, lifetimes and nested comments, and that a
//! test module stands at the end of a file.

/// A text literal of a source file.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Its text between the quotes, escapes as written.
    pub text: String,
}

/// The text literals of a source file, without comments and without the test module at its end.
pub fn literals(source: &str) -> Vec<Literal> {
    let code: Vec<char> = without_tests(source).chars().collect();
    let (mut at, mut line, mut found) = (0, 1, Vec::new());
    while at < code.len() {
        let end = match (code[at], code.get(at + 1).copied()) {
            ('/', Some('/')) => line_end(&code, at),
            ('/', Some('*')) => comment_end(&code, at),
            ('"', _) => text_end(&code, at),
            ('r', Some('"' | '#')) if !follows_name(&code, at) => raw_end(&code, at).unwrap_or(at + 1),
            ('\'', _) => character_end(&code, at),
            _ => at + 1,
        };
        let piece = &code[at..end];
        if matches!(piece.first(), Some('"')) || (piece.len() > 2 && piece.ends_with_quote()) {
            let text: String = piece.iter().collect();
            let text = text.trim_start_matches('r').trim_matches('#');
            found.push(Literal { line, text: text.trim_matches('"').to_owned() });
        }
        line += piece.iter().filter(|one| **one == '\n').count();
        at = end;
    }
    found
}

/// The source without a test module at its end (`#[cfg(test)]` followed by `mod`).
pub fn without_tests(source: &str) -> &str {
    let mut from = 0;
    while let Some(found) = source[from..].find("#[cfg(test)]\n") {
        let start = from + found;
        let after = &source[start + "#[cfg(test)]\n".len()..];
        let next = after.lines().find(|line| !line.trim_start().starts_with("#[")).unwrap_or_default();
        if next.starts_with("mod ") {
            return &source[..start];
        }
        from = start + 1;
    }
    source
}

trait EndsWithQuote {
    fn ends_with_quote(&self) -> bool;
}

impl EndsWithQuote for [char] {
    /// Whether a piece that begins with `r` is a raw string (a plain `r` of a name is one character long).
    fn ends_with_quote(&self) -> bool {
        self.first() == Some(&'r') && self.iter().rev().find(|one| **one != '#') == Some(&'"')
    }
}

fn line_end(code: &[char], at: usize) -> usize {
    (at..code.len()).find(|&index| code[index] == '\n').unwrap_or(code.len())
}

fn comment_end(code: &[char], at: usize) -> usize {
    let (mut index, mut depth) = (at, 0);
    while index < code.len() {
        match (code[index], code.get(index + 1)) {
            ('/', Some('*')) => (index, depth) = (index + 2, depth + 1),
            ('*', Some('/')) => (index, depth) = (index + 2, depth - 1),
            _ => index += 1,
        }
        if depth == 0 {
            break;
        }
    }
    index.min(code.len())
}

fn text_end(code: &[char], at: usize) -> usize {
    let mut index = at + 1;
    while index < code.len() {
        match code[index] {
            '\\' => index += 2,
            '"' => return index + 1,
            _ => index += 1,
        }
    }
    code.len()
}

fn raw_end(code: &[char], at: usize) -> Option<usize> {
    let hashes = code[at + 1..].iter().take_while(|one| **one == '#').count();
    let open = at + 1 + hashes;
    if code.get(open) != Some(&'"') {
        return None;
    }
    let closes = |index: &usize| {
        code[*index] == '"'
            && code[index + 1..].iter().take(hashes).filter(|one| **one == '#').count() == hashes
    };
    Some((open + 1..code.len()).find(closes).map_or(code.len(), |index| index + 1 + hashes))
}

/// A character literal's end, or the next place where the quote begins a lifetime.
fn character_end(code: &[char], at: usize) -> usize {
    match (code.get(at + 1), code.get(at + 2)) {
        (Some('\\'), _) => {
            (at + 3..code.len()).find(|&index| code[index] == '\'').map_or(code.len(), |index| index + 1)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at + 1,
    }
}

fn follows_name(code: &[char], at: usize) -> bool {
    at > 0 && (code[at - 1].is_alphanumeric() || code[at - 1] == '_')
}

#[cfg(test)]
mod tests {
    use super::literals;

    fn texts(source: &str) -> Vec<(usize, String)> {
        literals(source).into_iter().map(|literal| (literal.line, literal.text)).collect()
    }

    #[test]
    fn plain_and_raw_texts_are_found_with_their_line() {
        let source = "let a = \"one\";\nlet b = r#\"two \" 2\"#;\nlet c = r\"three\";";
        let expected = [(1, "one".to_owned()), (2, "two \" 2".to_owned()), (3, "three".to_owned())];
        assert_eq!(texts(source), expected);
    }

    #[test]
    fn comments_characters_and_lifetimes_are_not_texts() {
        let source = "// \"no\"\n/* \"no /* nested */ \" */ fn f<'a>(x: &'a str) { g('\"', '\\'', \"yes\") }";
        assert_eq!(texts(source), [(2, "yes".to_owned())]);
    }

    #[test]
    fn an_escaped_quote_does_not_end_a_text() {
        assert_eq!(texts(r#"f("a \" b"); g("c")"#).len(), 2);
    }

    #[test]
    fn a_text_over_two_lines_counts_both() {
        assert_eq!(texts("f(\"a\nb\");\ng(\"c\")"), [(1, "a\nb".to_owned()), (3, "c".to_owned())]);
    }

    #[test]
    fn the_test_module_at_the_end_is_left_out() {
        let source = "f(\"kept\");\n#[cfg(test)]\nmod tests {\n f(\"dropped\");\n}\n";
        assert_eq!(texts(source), [(1, "kept".to_owned())]);
    }

    #[test]
    fn a_function_for_tests_only_does_not_end_the_file() {
        let source = "#[cfg(test)]\nfn f() {}\ng(\"kept\");";
        assert_eq!(texts(source), [(3, "kept".to_owned())]);
    }

    #[test]
    fn a_name_that_ends_with_r_before_a_text_is_no_raw_text() {
        assert_eq!(texts("for\"a\""), [(1, "a".to_owned())]);
    }
}

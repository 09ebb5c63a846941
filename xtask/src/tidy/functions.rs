//! Functions have at most 70 lines, comments and blank lines aside.
//!
//! Reads what rustfmt wrote: a function's body ends on the line that closes at the indentation of its `fn`.

use super::Problem;
use super::source::without_tests;
use super::tree::{Tree, is_test_file};

const MOST_LINES: usize = 70;

/// Measures every function outside tests.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut found = Vec::new();
    for (path, text) in tree.texts(".rs").filter(|(path, _)| !is_test_file(path)) {
        for (line, name, length) in long(without_tests(text)) {
            let message = format!("`{name}` has {length} lines, {MOST_LINES} at most: give its parts names");
            found.push(Problem { amount: length, ..Problem::new("function-length", path, line, message) });
        }
    }
    found
}

/// Line, name and length of each function that is too long.
fn long(text: &str) -> Vec<(usize, &str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let close = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let Some(end) = lines[start..].iter().position(|later| *later == close) else { continue };
        let counts = |line: &&&str| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with("//")
        };
        // A declaration in a trait has no body: what closes then belongs to the trait, at a smaller indentation.
        let length = lines[start..=start + end].iter().filter(counts).count();
        if length > MOST_LINES {
            found.push((start + 1, name, length));
        }
    }
    found
}

/// The name of the function that a line begins.
fn function_name(line: &str) -> Option<&str> {
    let mut words = line.trim_start();
    for word in ["pub(crate) ", "pub(super) ", "pub ", "const ", "async ", "unsafe "] {
        words = words.strip_prefix(word).unwrap_or(words);
    }
    if line.trim_end().ends_with(';') || line.trim_end().ends_with('}') {
        return None;
    }
    words.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::long;

    fn function(indent: &str, lines: usize) -> String {
        let body = format!("{indent}    step();\n").repeat(lines - 2);
        format!("{indent}pub async fn walk<T>(it: T) {{\n{body}{indent}}}\n")
    }

    #[test]
    fn seventy_lines_are_good_and_one_more_is_too_long() {
        assert!(long(&function("", 70)).is_empty());
        assert_eq!(long(&function("    ", 71)), [(1, "walk", 71)]);
    }

    #[test]
    fn comments_and_blank_lines_do_not_count() {
        let text = function("", 70).replacen("    step();\n", "    // why\n\n    step();\n", 30);
        assert!(long(&text).is_empty());
    }

    #[test]
    fn a_function_on_one_line_does_not_swallow_what_follows() {
        let text = format!("fn short() {{}}\n{}", "// note\nconst A: u8 = 1;\n".repeat(80));
        assert!(long(&format!("{text}{}", function("", 10))).is_empty());
    }
}

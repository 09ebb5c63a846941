//! The shape of files: length, first line, names, size, and nothing left undone.

use super::source::without_tests;
use super::tree::{Tree, is_test_file};
use super::{Problem, source};

const MOST_LINES: usize = 600;
const MOST_LINES_OF_TESTS: usize = 1000;
const MOST_BYTES: u64 = 400_000;
const MOST_BYTES_OF_A_PICTURE: u64 = 300_000;
/// A paper that the program writes is as long as there is to say; it is read as a diff.
const MOST_BYTES_OF_A_GENERATED_PAPER: u64 = 8_000_000;

/// All checks of this file.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut found = Vec::new();
    for (path, text) in tree.texts(".rs") {
        found.extend(length(path, text));
        found.extend(header(path, text));
        found.extend(unfinished(path, text));
        if path.ends_with("/mod.rs") {
            found.push(Problem::new(
                "file-name",
                path,
                0,
                "name the file after its module: `name.rs` beside `name/`",
            ));
        }
        if !["crates/", "xtask/", "fuzz/targets/"].iter().any(|place| path.starts_with(place)) {
            found.push(Problem::new("file-name", path, 0, "Rust lies in crates/, xtask/ or fuzz/targets/"));
        }
    }
    for (path, text) in tree.texts(".kdl") {
        if !text.starts_with("//") {
            found.push(Problem::new(
                "file-header",
                path,
                1,
                "begin with a comment: what it is, and its clause",
            ));
        }
    }
    for end in [".js", ".mjs", ".css"] {
        for (path, text) in tree.texts(end) {
            if !text.starts_with("//") && !text.starts_with("/*") {
                found.push(Problem::new("file-header", path, 1, "begin with a comment: what it is"));
            }
        }
    }
    found.extend(sizes(tree));
    found
}

fn length(path: &str, text: &str) -> Option<Problem> {
    let lines = text.lines().count();
    let most = if is_test_file(path) { MOST_LINES_OF_TESTS } else { MOST_LINES };
    (lines > most).then(|| Problem {
        amount: lines,
        ..Problem::new(
            "file-length",
            path,
            0,
            format!("{lines} lines, {most} at most: split on the second reason to change"),
        )
    })
}

fn header(path: &str, text: &str) -> Option<Problem> {
    (!text.starts_with("//!"))
        .then(|| Problem::new("file-header", path, 1, "begin with `//!`: what this is, and what it is not"))
}

/// Marks of work that is not done; spelled in pieces here, so that this file does not find itself.
fn unfinished(path: &str, text: &str) -> Vec<Problem> {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[ig", "nore"),
        concat!("todo", "!("),
        concat!("unimple", "mented!("),
    ];
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for mark in marks.iter().filter(|mark| line.contains(**mark)) {
            found.push(Problem::new(
                "unfinished",
                path,
                index + 1,
                format!("`{mark}`: finish it or take it out"),
            ));
        }
    }
    found
}

fn sizes(tree: &Tree) -> Vec<Problem> {
    let mut found = Vec::new();
    for (path, file) in tree.files() {
        let picture = [".png", ".jpg", ".webp"].iter().any(|end| path.ends_with(end));
        let most = match path {
            _ if picture => MOST_BYTES_OF_A_PICTURE,
            _ if path.starts_with("generated/") => MOST_BYTES_OF_A_GENERATED_PAPER,
            _ => MOST_BYTES,
        };
        if file.size_bytes > most {
            let message =
                format!("{} bytes, {most} at most: nothing built or bought is checked in", file.size_bytes);
            found.push(Problem::new("file-size", path, 0, message));
        }
        if file.text.is_none() && !picture && !path.ends_with(".ico") && !path.ends_with(".woff2") {
            found.push(Problem::new("file-size", path, 0, "not text: build it in the test, or describe it"));
        }
    }
    found
}

/// Whether a text of the code (comments and tests left out) satisfies `is`.
pub fn texts_in_code<'a>(
    path: &'a str,
    text: &'a str,
    is: impl Fn(&str) -> bool + 'a,
) -> Vec<(usize, String)> {
    if is_test_file(path) {
        return Vec::new();
    }
    source::literals(without_tests(text))
        .into_iter()
        .filter(|literal| is(&literal.text))
        .map(|literal| (literal.line, literal.text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn names(files: &[(&str, &str)]) -> Vec<&'static str> {
        check(&Tree::of(files)).into_iter().map(|problem| problem.check).collect()
    }

    #[test]
    fn a_good_file_has_no_problem() {
        assert!(names(&[("crates/a/src/lib.rs", "//! What it is.\n")]).is_empty());
    }

    #[test]
    fn a_file_without_a_first_line_is_found() {
        assert_eq!(names(&[("crates/a/src/lib.rs", "fn f() {}\n")]), ["file-header"]);
        assert_eq!(names(&[("records/incident.kdl", "record \"incident\"\n")]), ["file-header"]);
    }

    #[test]
    fn the_six_hundred_and_first_line_is_too_many() {
        let lines = |count: usize| format!("//! A.\n{}", "\n".repeat(count - 1));
        assert!(names(&[("crates/a/src/lib.rs", &lines(600))]).is_empty());
        assert_eq!(names(&[("crates/a/src/lib.rs", &lines(601))]), ["file-length"]);
        assert!(names(&[("crates/a/src/tests.rs", &lines(601))]).is_empty());
    }

    #[test]
    fn a_module_file_named_mod_is_found() {
        assert_eq!(names(&[("crates/a/src/b/mod.rs", "//! A.\n")]), ["file-name"]);
    }

    #[test]
    fn an_ignored_test_is_found() {
        let text = format!("//! A.\n{}]\nfn f() {{}}\n", concat!("#[ig", "nore"));
        assert_eq!(names(&[("crates/a/src/lib.rs", &text)]), ["unfinished"]);
    }

    #[test]
    fn a_file_over_four_hundred_thousand_bytes_is_found() {
        assert_eq!(names(&[("docs/a.md", &"a".repeat(400_001))]), ["file-size"]);
        assert_eq!(names(&[("docs/a.png", &"a".repeat(300_001))]), ["file-size"]);
    }
}

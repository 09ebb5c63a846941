//! Words that belong to one place: record types' names to declarations and rules, SQL to the store.

use std::collections::BTreeSet;

use super::Problem;
use super::shape::texts_in_code;
use super::tree::Tree;

/// Crates that treat every record type alike.
const NAMELESS: &[&str] = &["crates/engine/src/", "crates/store/src/", "crates/model/src/"];

/// Names of record types that are also words of the engine, and as what.
const ALSO_WORDS: &[(&str, &str)] = &[
    ("person", "the kind of a field, and who acts"),
    ("team", "the kind of a field"),
    ("change", "what a write does to a record"),
    ("customer", "whom a comment is for"),
    ("target", "a column that a clock brings"),
    ("agreement", "a column that a clock brings"),
    ("action", "what an entry did, and what a caller may do"),
    ("risk", "the tone of an option that is about to go wrong"),
];

/// The list of the declarations that are built in: their names are its content.
const SHIPPED: &str = "crates/model/src/shipped.rs";

/// All checks of this file.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let names = record_names(tree);
    let mut found = Vec::new();
    for (path, text) in tree.texts(".rs") {
        if path != SHIPPED && NAMELESS.iter().any(|place| path.starts_with(place)) {
            let is_name =
                |text: &str| names.contains(text) && !ALSO_WORDS.iter().any(|(word, _)| *word == text);
            for (line, word) in texts_in_code(path, text, is_name) {
                let message =
                    format!("\"{word}\" is a record type: say it in a declaration, or in crates/rules");
                found.push(Problem::new("record-name", path, line, message));
            }
        }
        // The bench measures against SQL written by hand.
        let may_speak_sql =
            ["crates/store/", "crates/testkit/", "crates/bench/"].iter().any(|place| path.starts_with(place));
        if path.starts_with("crates/") && !may_speak_sql {
            for (line, _) in texts_in_code(path, text, is_sql) {
                found.push(Problem::new(
                    "sql",
                    path,
                    line,
                    "SQL belongs to crates/store: give it a method there",
                ));
            }
        }
    }
    found
}

/// The names after `record` in the declarations.
fn record_names(tree: &Tree) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (path, text) in tree.texts(".kdl") {
        if path.starts_with("records/") {
            for line in text.lines() {
                let Some(rest) = line.strip_prefix("record ") else { continue };
                let name = rest.trim_start().trim_start_matches('"');
                names.insert(name.split(['"', ' ', '{']).next().unwrap_or_default().to_owned());
            }
        }
    }
    names
}

fn is_sql(text: &str) -> bool {
    let pairs = [
        ("SELECT ", " FROM "),
        ("INSERT ", "INTO "),
        ("UPDATE ", " SET "),
        ("DELETE ", "FROM "),
        ("CREATE ", "TABLE "),
    ];
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    pairs.iter().any(|(verb, then)| flat.find(verb).is_some_and(|at| flat[at..].contains(then)))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    const DECLARED: (&str, &str) =
        ("records/incident.kdl", "// Incident.\nrecord \"incident\" reference=\"INC\" {\n}\n");

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[DECLARED, (path, text)])).len()
    }

    #[test]
    fn the_engine_names_no_record_type() {
        assert_eq!(count("crates/engine/src/apply.rs", "if name == \"incident\" {}"), 1);
        assert_eq!(count("crates/rules/src/priority.rs", "if name == \"incident\" {}"), 0);
        assert_eq!(count("crates/engine/src/apply.rs", "// an \"incident\"\nf(\"incidental\")"), 0);
    }

    #[test]
    fn tests_of_the_engine_may_name_one() {
        assert_eq!(count("crates/engine/src/apply.rs", "#[cfg(test)]\nmod tests {\nf(\"incident\")\n}"), 0);
        assert_eq!(count("crates/engine/src/apply/tests.rs", "f(\"incident\")"), 0);
    }

    #[test]
    fn sql_is_found_outside_the_store() {
        assert_eq!(count("crates/web/src/desk.rs", "f(\"SELECT number\n FROM incident\")"), 1);
        assert_eq!(count("crates/store/src/list.rs", "f(\"SELECT number FROM incident\")"), 0);
    }

    #[test]
    fn a_sentence_is_not_sql() {
        assert_eq!(count("crates/web/src/desk.rs", "f(\"Select a record from the list\")"), 0);
    }
}

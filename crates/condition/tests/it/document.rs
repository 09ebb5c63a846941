//! The examples of `docs/conditions.md` are true.

use std::path::PathBuf;

use proofdesk_condition::{Outcome, check};

use crate::evaluator::incident;
use crate::world::{CONTEXT, Desk};

/// Lists the lines of all code blocks with these words after the fence.
pub fn lines(words: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/conditions.md");
    let document = std::fs::read_to_string(path).unwrap();
    let mut found = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        match line.strip_prefix("```") {
            Some(fence) => inside = !inside && fence == words,
            None if inside => found.push(line.to_owned()),
            None => {}
        }
    }
    found
}

#[test]
fn examples_are_accepted() {
    let lines = lines("cel");
    assert!(lines.len() > 40);
    for line in lines {
        check(&line, "incident", &Desk).unwrap_or_else(|mistakes| panic!("{line}: {mistakes:?}"));
    }
}

#[test]
fn examples_with_an_outcome_have_it() {
    let lines = lines("cel outcomes");
    assert!(lines.len() > 10);
    for line in lines {
        let (source, outcome) = line.split_once("  // ").unwrap();
        let expected = match outcome.trim() {
            "true" => Outcome::True,
            "false" => Outcome::False,
            _ => Outcome::Error,
        };
        let condition = check(source, "incident", &Desk).unwrap();
        assert_eq!(condition.evaluate(&incident(), &CONTEXT), expected, "{line}");
    }
}

#[test]
fn examples_of_mistakes_are_refused_in_these_words() {
    let lines = lines("cel refused");
    assert!(lines.len() > 10);
    for line in lines {
        let (source, words) = line.split_once("  // ").unwrap();
        let mistakes = check(source.trim_end(), "incident", &Desk).expect_err(&line);
        assert!(mistakes[0].message.contains(words.trim()), "{line}: {}", mistakes[0].message);
    }
}

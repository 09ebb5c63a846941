//! The security page stays true: every requirement of OWASP ASVS 5.0.0, levels 1 and 2, is answered once, and the files and
//! tests that answers name are there.
//!
//! Not here: whether an answer is right; that is for who reads the file or the test that it names.

use std::collections::BTreeMap;

use super::Problem;
use super::tree::Tree;

const PAGE: &str = "docs/security.md";
const CHECK: &str = "security";
/// What the number of a requirement begins with.
const EDITION: &str = "v5.0.0-";

/// The requirements of levels 1 and 2: section, first and last number. Source: OWASP ASVS 5.0.0.
const SECTIONS: &str = "\
    1.1 1-2, 1.2 1-9, 1.3 1-11, 1.4 1-3, 1.5 1-2, \
    2.1 1-3, 2.2 1-3, 2.3 1-4, 2.4 1-1, \
    3.2 1-2, 3.3 1-4, 3.4 1-6, 3.5 1-5, 3.7 1-2, \
    4.1 1-3, 4.2 1-1, 4.3 1-2, 4.4 1-4, \
    5.1 1-1, 5.2 1-3, 5.3 1-2, 5.4 1-3, \
    6.1 1-3, 6.2 1-12, 6.3 1-4, 6.4 1-4, 6.5 1-5, 6.6 1-3, 6.8 1-4, \
    7.1 1-3, 7.2 1-4, 7.3 1-2, 7.4 1-5, 7.5 1-2, 7.6 1-2, \
    8.1 1-2, 8.2 1-3, 8.3 1-1, 8.4 1-1, \
    9.1 1-3, 9.2 1-4, \
    10.1 1-2, 10.2 1-2, 10.3 1-4, 10.4 1-11, 10.5 1-5, 10.6 1-2, 10.7 1-3, \
    11.1 1-2, 11.2 1-3, 11.3 1-3, 11.4 1-4, 11.5 1-1, 11.6 1-1, \
    12.1 1-3, 12.2 1-2, 12.3 1-4, \
    13.1 1-1, 13.2 1-5, 13.3 1-2, 13.4 1-5, \
    14.1 1-2, 14.2 1-4, 14.3 1-3, \
    15.1 1-3, 15.2 1-3, 15.3 1-7, \
    16.1 1-1, 16.2 1-5, 16.3 1-4, 16.4 1-3, 16.5 1-3, \
    17.1 1-1, 17.2 1-4, 17.3 1-2";

/// All checks of this file.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let Some(text) = tree.text(PAGE) else {
        return vec![Problem::new(CHECK, PAGE, 0, "the page is gone: it tells what holds the product safe")];
    };
    let mut found = answers(text);
    for (line, part) in text.lines().enumerate() {
        for name in part.split('`').skip(1).step_by(2) {
            if let Some(message) = missing(tree, name) {
                found.push(Problem::new(CHECK, PAGE, line + 1, message));
            }
        }
    }
    found
}

/// The numbers of the requirements.
fn numbers() -> Vec<String> {
    let mut all = Vec::new();
    for section in SECTIONS.split(',') {
        let mut words = section.split_whitespace();
        let (Some(name), Some((first, last))) = (words.next(), words.next().and_then(|w| w.split_once('-')))
        else {
            continue;
        };
        let range = first.parse::<u32>().unwrap_or(1)..=last.parse::<u32>().unwrap_or(0);
        all.extend(range.map(|number| format!("{EDITION}{name}.{number}")));
    }
    all
}

/// What is wrong with the rows that answer requirements.
fn answers(text: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut answered: BTreeMap<String, usize> = numbers().into_iter().map(|number| (number, 0)).collect();
    for (line, row) in text.lines().enumerate() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, number, _, answer, ..] = cells.as_slice() else { continue };
        if !number.starts_with(EDITION) {
            continue;
        }
        match answered.get_mut(*number) {
            Some(times) => *times += 1,
            None => {
                found.push(Problem::new(CHECK, PAGE, line + 1, format!("{number} is none of levels 1 and 2")))
            }
        }
        let is_said =
            ["Met", "Not applicable", "NOT MET", "Operator"].iter().any(|way| answer.starts_with(way));
        if !is_said {
            let message = format!("{number}: begin the answer with Met, Operator, Not applicable or NOT MET");
            found.push(Problem::new(CHECK, PAGE, line + 1, message));
        }
        if answer.starts_with("Met") && !answer.contains('`') && !answer.contains("](") {
            let message = format!("{number}: name the file, the test or the paper that meets it");
            found.push(Problem::new(CHECK, PAGE, line + 1, message));
        }
    }
    for (number, times) in answered.iter().filter(|(_, times)| **times != 1) {
        found.push(Problem::new(
            CHECK,
            PAGE,
            0,
            format!("{number} is answered {times} times; once is right"),
        ));
    }
    found
}

/// What is wrong with a name in code marks: a path must be there, a word of three or more parts must be a function.
fn missing(tree: &Tree, name: &str) -> Option<String> {
    let is_path = name.contains('/') && name.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
    let begins = name.split('/').next().unwrap_or_default();
    if is_path && !begins.is_empty() && tree.contains(&format!("{begins}/")) {
        return (!tree.contains(name)).then(|| format!("`{name}` is not in the checkout"));
    }
    let is_test = name.matches('_').count() >= 2
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let call = format!("fn {name}(");
    if is_test && !tree.texts(".rs").any(|(_, text)| text.contains(&call)) {
        return Some(format!("there is no test and no function `{name}`"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{PAGE, check, missing, numbers};
    use crate::tidy::tree::Tree;

    #[test]
    fn both_levels_have_253_requirements() {
        let all = numbers();
        assert_eq!(all.len(), 253);
        assert!(all.contains(&"v5.0.0-6.2.12".to_owned()) && !all.contains(&"v5.0.0-1.2.10".to_owned()));
    }

    #[test]
    fn each_is_answered_once_in_words_that_are_known() {
        let row = |number: &String| format!("| {number} | x | Met: `crates/a.rs` |\n");
        let good: String = numbers().iter().map(row).collect();
        let count = |page: &str| check(&Tree::of(&[(PAGE, page), ("crates/a.rs", "")])).len();
        assert_eq!(count(&good), 0);
        assert_eq!(count(&(good.clone() + "| v5.0.0-1.1.1 | x | Met: `crates/a.rs` |\n")), 1, "twice");
        assert_eq!(count(&good.replace("| v5.0.0-1.1.1 | x | Met", "| v5.0.0-1.1.1 | x | Perhaps")), 1);
        assert_eq!(count(&good.replacen("Met: `crates/a.rs`", "Met by us", 1)), 1, "says by what");
        assert_eq!(count(&good.replacen("crates/a.rs", "crates/b.rs", 1)), 1, "the file is gone");
        assert_eq!(count(&good.lines().skip(1).flat_map(|l| [l, "\n"]).collect::<String>()), 1, "left out");
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }

    #[test]
    fn a_test_that_is_named_is_there() {
        let tree = Tree::of(&[("crates/a/tests/it.rs", "fn it_works_well() {}")]);
        assert_eq!(missing(&tree, "it_works_well"), None);
        assert!(missing(&tree, "it_works_badly").is_some());
        assert_eq!(missing(&tree, "Cache-Control: no-store"), None);
        assert_eq!(missing(&tree, "secure_cookies"), None, "a setting");
    }
}

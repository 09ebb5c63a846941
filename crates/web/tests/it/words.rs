//! Every text of the portal stands in every language and is used; nothing that a customer reads is written in Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proofdesk_testkit::registry;
use proofdesk_web::language::{Language, Words};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// The sources below a folder: path and text.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The texts of a language without labels of record types, which in English are declared.
fn texts(language: Language) -> BTreeMap<String, String> {
    let of_type = |key: &str| {
        let first = key.split('-').next().unwrap_or_default();
        registry().unwrap().get(first).is_some()
            && !["notice-from", "notice-until", "notice-next"].contains(&key)
    };
    language.keys().into_iter().filter(|(key, _)| !of_type(key)).collect()
}

/// What is filled into a text.
fn filled(text: &str) -> BTreeSet<String> {
    let name =
        |piece: &str| piece.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    text.split('$').skip(1).map(name).collect()
}

#[test]
fn every_text_stands_in_every_language_with_the_same_things_filled_in() {
    let (english, german) = (texts(Language::English), texts(Language::German));
    assert!(english.len() > 120, "{}", english.len());
    let (of_english, of_german): (BTreeSet<_>, BTreeSet<_>) =
        (english.keys().collect(), german.keys().collect());
    let alone: Vec<_> = of_english.symmetric_difference(&of_german).collect();
    assert!(alone.is_empty(), "in one language only: {alone:?}");
    for (key, text) in &english {
        assert_eq!(filled(text), filled(&german[key]), "{key}");
    }
}

#[test]
fn every_text_is_used() {
    let mut found = Vec::new();
    sources(Path::new(SOURCES), &mut found);
    let all: String = found.into_iter().map(|(_, text)| text).collect();
    // the five ratings are named by their number
    let unused: Vec<String> = texts(Language::English)
        .into_keys()
        .filter(|key| !all.contains(&format!("\"{key}\"")) && !key.starts_with("rating-"))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
    for number in 1..=5 {
        assert!(texts(Language::English).contains_key(&format!("rating-{number}")));
    }
}

/// Words within quotes that read like a sentence or a label.
fn literals(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
        let pieces: Vec<&str> = line.split('"').collect();
        for piece in pieces.iter().skip(1).step_by(2) {
            let mut letters = piece.chars();
            let capital = letters.next().is_some_and(char::is_uppercase)
                && letters.next().is_some_and(char::is_lowercase);
            let words = piece.split_whitespace();
            let plain = words.filter(|w| w.len() > 2 && w.chars().all(char::is_alphabetic)).count();
            let is_code = ["==", "!=", "/portal", "changed delay", " in [", "> now", "<= now"];
            if (capital || plain > 1) && !is_code.iter().any(|mark| piece.contains(mark)) {
                found.push((*piece).to_owned());
            }
        }
    }
    found
}

#[test]
fn no_text_of_the_portal_is_written_in_its_sources() {
    assert_eq!(literals("h1 { \"What do you need?\" }\np { \"Send\" }"), ["What do you need?", "Send"]);
    let mut found = Vec::new();
    sources(&Path::new(SOURCES).join("pages/portal"), &mut found);
    found.push(("portal.rs".to_owned(), include_str!("../../src/pages/portal.rs").to_owned()));
    assert!(found.len() > 10);
    // as whom figures of services are computed: read by nobody
    let known = ["Portal"];
    for (path, text) in found {
        let literal: Vec<String> =
            literals(&text).into_iter().filter(|l| !known.contains(&l.as_str())).collect();
        assert!(literal.is_empty(), "{path}: {literal:?}");
    }
}

/// What customers send and read: types whose fields, states and options the portal names.
const SHOWN: [&str; 4] = ["incident", "service_request", "complaint", "notice"];

#[test]
fn everything_of_records_that_the_portal_shows_has_a_german_label() {
    let (german, mut missing) = (Language::German.keys(), Vec::new());
    let mut wanted = BTreeSet::new();
    for name in SHOWN {
        let registry = registry().unwrap();
        let of = registry.get(name).unwrap();
        wanted.insert(name.to_owned());
        for state in &of.states {
            wanted.insert(format!("{name}-state-{}", state.name));
        }
        for field in of.fields.values().filter(|f| f.public && !f.hidden && !f.retired) {
            wanted.insert(format!("{name}-field-{}", field.name));
            for option in field.options() {
                wanted.insert(format!("{name}-option-{}-{}", field.name, option.name));
            }
        }
        let words = Words(Language::German);
        assert_eq!(words.of_type(of), german[name]);
    }
    missing.extend(wanted.iter().filter(|key| !german.contains_key(*key)));
    assert!(missing.is_empty(), "{missing:?}");
    let stale: Vec<&String> = german
        .keys()
        .filter(|key| key.split('-').next().is_some_and(|first| SHOWN.contains(&first)))
        .filter(|key| {
            !wanted.contains(*key) && !["notice-from", "notice-until", "notice-next"].contains(&key.as_str())
        })
        .collect();
    assert!(stale.is_empty(), "no longer declared: {stale:?}");
}

//! The shipped declarations hold; mistakes are said with their line.
#![allow(clippy::unwrap_used, reason = "tests")]

use proofdesk_model::SourceFile;

use super::{Declared, FALLBACK, Text, Values, shipped};

fn values(pairs: &[(&str, &str)]) -> Values {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_is_shipped_holds_and_is_there_in_both_languages() {
    let registry = proofdesk_testkit::registry().unwrap();
    let declared = Declared::read(&shipped(), &registry).unwrap();
    assert!(declared.intake("incident").is_some() && declared.intake("service_request").is_some());
    let names: Vec<&str> = declared.texts().filter(|(_, l)| *l == FALLBACK).map(|(name, _)| name).collect();
    assert!(names.len() >= 11, "{names:?}");
    for name in names {
        let (english, german) = (declared.text(name, "en").unwrap(), declared.text(name, "de-AT").unwrap());
        assert_ne!(english, german, "{name}");
        let mut places: Vec<&str> = english.places().collect();
        let mut other: Vec<&str> = german.places().collect();
        places.sort_unstable();
        other.sort_unstable();
        assert_eq!(places, other, "{name}: both languages say the same");
        assert_eq!(declared.text(name, "fr"), Some(english));
    }
}

#[test]
fn no_text_about_notes_has_a_place_for_words() {
    let registry = proofdesk_testkit::registry().unwrap();
    let declared = Declared::read(&shipped(), &registry).unwrap();
    for tell in declared.tells.iter().filter(|t| t.audience.as_deref() == Some("staff")) {
        for language in ["en", "de"] {
            let text = declared.text(&tell.text, language).unwrap();
            assert!(text.places().all(|place| place != "comment"), "{}", tell.text);
        }
    }
}

#[test]
fn mistakes_are_said_all_at_once_with_their_lines() {
    let registry = proofdesk_testkit::registry().unwrap();
    let mut files = shipped();
    files.push(SourceFile::new(
        "site/mail/own.kdl",
        "tell \"nothing\" of=\"incident\" on=\"explode\" to=\"nobody\"\nintake \"unicorn\"\ntell \"received\" to=\"own\"\n",
    ));
    files.push(SourceFile::new("site/mail/received.en.txt", "Subject\nno empty line {unknown}\n"));
    files.push(SourceFile::new("site/mail/readme", "x"));
    let said = Declared::read(&files, &registry).unwrap_err().to_string();
    for part in [
        "own.kdl:1: there is no act `explode`",
        "own.kdl:1: there is no field `nobody`",
        "own.kdl:2: there is no record type `unicorn`",
        "own.kdl:3: `tell` names",
        "mail/nothing.en.txt is not there",
        "received.en.txt:1:",
        "there is no `{unknown}`",
        "NAME.LANGUAGE.txt",
    ] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
}

#[test]
fn lines_whose_places_are_empty_are_left_out() {
    let text = Text::read("a", "[{reference}] {title}\n\nHello {name},\n\nsee {link}\n\n{comment}\n\nBye\n")
        .unwrap();
    let given = values(&[
        ("reference", "INC-1"),
        ("title", "a\r\nBcc: x"),
        ("name", "Ida"),
        ("comment", "one {link}\ntwo"),
    ]);
    let (subject, body) = text.fill(&given);
    assert_eq!(subject, "[INC-1] a Bcc: x");
    assert_eq!(body, "Hello Ida,\n\none {link}\ntwo\n\nBye\n");
}

#[test]
fn what_a_mail_sets_is_held_against_the_types_when_it_is_read() {
    let registry = proofdesk_testkit::registry().unwrap();
    let mut files = shipped();
    files.push(SourceFile::new(
        "own.kdl",
        "people \"person\" mail=\"phone\" name=\"external\" language=\"language\" zone=\"zone\" {\n    set \"external\" \"perhaps\"\n    set \"nothing\" \"1\"\n}\n\
         intake \"incident\" title=\"description\" text=\"impact\" by=\"service\" copy=\"customer name\" {\n    set \"channel\" \"pigeon\"\n    set \"resolved_by\" \"PER-1\"\n    set \"service\" \"INC-1\"\n    set \"urgency\" \"high\"\n}\n",
    ));
    let said = Declared::read(&files, &registry).unwrap_err().to_string();
    for part in [
        "own.kdl:1: `external` of person is of another kind",
        "own.kdl:1: accounts belong to `person`, whose field `mail` is their address",
        "own.kdl:2: From outside takes yes or no",
        "own.kdl:3: person has no field `nothing`",
        "own.kdl:5: `description` of incident is of another kind",
        "own.kdl:5: `impact` of incident is of another kind",
        "own.kdl:5: `service` of incident names no person",
        "own.kdl:5: incident has no field `name`",
        "own.kdl:6: Channel has no option `pigeon`",
        "own.kdl:7: `resolved_by` of incident is written by steps and rules alone",
        "own.kdl:8: Service takes a reference",
    ] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
    assert!(!said.contains("own.kdl:9"), "{said}");
}

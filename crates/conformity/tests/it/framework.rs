//! The shipped framework against the table of counts in the catalogue's notes.

use std::collections::BTreeSet;

use proofdesk_conformity::framework::Answer;
use proofdesk_conformity::{Framework, Source};

/// Clause, obligations, of these for a person alone.
const TABLE: [(&str, usize, usize); 63] = [
    ("4.1", 2, 0),
    ("4.2", 2, 0),
    ("4.3", 4, 0),
    ("4.4", 2, 0),
    ("5.1", 12, 3),
    ("5.2.1", 4, 2),
    ("5.2.2", 3, 0),
    ("5.3", 4, 0),
    ("6.1.1", 2, 0),
    ("6.1.2", 6, 0),
    ("6.1.3", 3, 0),
    ("6.2.1", 8, 1),
    ("6.2.2", 5, 0),
    ("6.3", 11, 1),
    ("7.1", 1, 0),
    ("7.2", 4, 0),
    ("7.3", 5, 0),
    ("7.4", 2, 0),
    ("7.5.1", 2, 0),
    ("7.5.2", 3, 1),
    ("7.5.3.1", 2, 1),
    ("7.5.3.2", 5, 0),
    ("7.5.4", 12, 0),
    ("7.6", 2, 0),
    ("8.1", 6, 0),
    ("8.2.1", 2, 0),
    ("8.2.2", 5, 0),
    ("8.2.3.1", 8, 0),
    ("8.2.3.2", 3, 0),
    ("8.2.4", 3, 0),
    ("8.2.5", 2, 0),
    ("8.2.6", 11, 0),
    ("8.3.1", 1, 0),
    ("8.3.2", 10, 0),
    ("8.3.3", 6, 0),
    ("8.3.4.1", 13, 0),
    ("8.3.4.2", 3, 0),
    ("8.4.1", 4, 0),
    ("8.4.2", 2, 0),
    ("8.4.3", 7, 0),
    ("8.5.1.1", 4, 0),
    ("8.5.1.2", 9, 0),
    ("8.5.1.3", 14, 0),
    ("8.5.2.1", 12, 0),
    ("8.5.2.2", 8, 0),
    ("8.5.2.3", 4, 0),
    ("8.5.3", 13, 0),
    ("8.6.1", 11, 0),
    ("8.6.2", 6, 0),
    ("8.6.3", 13, 0),
    ("8.7.1", 6, 0),
    ("8.7.2", 16, 0),
    ("8.7.3.1", 6, 0),
    ("8.7.3.2", 4, 0),
    ("8.7.3.3", 7, 0),
    ("9.1", 7, 0),
    ("9.2.1", 3, 0),
    ("9.2.2", 6, 0),
    ("9.3", 17, 0),
    ("9.4", 5, 0),
    ("10.1.1", 7, 0),
    ("10.1.2", 2, 0),
    ("10.2", 9, 0),
];

fn shipped() -> Framework {
    Framework::load(&folder()).unwrap()
}

fn folder() -> Vec<Source> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../standards/iso-20000-1-2018");
    let files = std::fs::read_dir(root).unwrap().map(|f| f.unwrap().path());
    files.map(|p| Source::new(p.display().to_string(), std::fs::read_to_string(&p).unwrap())).collect()
}

#[test]
fn every_clause_has_its_obligations() {
    let framework = shipped();
    let found: Vec<(&str, usize, usize)> = framework
        .clauses
        .values()
        .map(|c| {
            let person = |id: &&String| framework.obligations[id.as_str()].judgement == Answer::Person;
            (c.number.as_str(), c.obligations.len(), c.obligations.iter().filter(person).count())
        })
        .collect();
    assert_eq!(found, TABLE);
}

#[test]
fn the_totals_are_those_of_the_catalogue() {
    let framework = shipped();
    let all = framework.obligations.values();
    let count = |test: &dyn Fn(&&proofdesk_conformity::Obligation) -> bool| all.clone().filter(test).count();
    assert_eq!(framework.obligations.len(), 381);
    assert_eq!(count(&|o| o.tested.is_some()), 372);
    assert_eq!(count(&|o| o.judgement == Answer::Person), 9);
    assert_eq!(count(&|o| o.judgement == Answer::Presence), 37);
    assert_eq!(count(&|o| o.applies_when.is_some()), 74);
    let kinds = ["process", "documented-information", "record", "decision", "interval", "responsibility"];
    let by_kind: Vec<usize> = kinds.iter().map(|k| count(&|o| o.kind.as_str() == *k)).collect();
    assert_eq!(by_kind, [114, 100, 92, 33, 22, 20]);
    let statements: BTreeSet<&str> = all.clone().map(|o| o.statement.as_str()).collect();
    assert_eq!(statements.len(), 214);
    let person: Vec<&str> = all.filter(|o| o.judgement == Answer::Person).map(|o| o.id.as_str()).collect();
    let wanted =
        ["5.1-f", "5.1-j", "5.1-l", "5.2.1-c", "5.2.1-d", "6.2.1-d", "6.3-h", "7.5.2-b", "7.5.3.1-a"];
    assert_eq!(person, wanted);
}

#[test]
fn letters_follow_one_another_and_chapters_hold_every_clause() {
    let framework = shipped();
    for clause in framework.clauses.values() {
        for (i, id) in clause.obligations.iter().enumerate() {
            let letter = char::from(b'a' + u8::try_from(i).unwrap());
            assert_eq!(*id, format!("{}-{letter}", clause.number));
        }
    }
    let held: usize = framework.chapters.iter().map(|c| c.clauses.len()).sum();
    assert_eq!(held, framework.clauses.len());
    assert_eq!(framework.chapter_of("8.6.1").unwrap().title, "Resolution and fulfilment");
    assert_eq!(framework.chapter_of("10.2").unwrap().title, "Improvement");
    assert_eq!(framework.chapters.last().unwrap().number, "10");
}

#[test]
fn all_mistakes_are_named_with_file_and_line() {
    let text = r#"framework "x" title="X" edition="1" colour="red"
chapter "1" title="One" group="G"
clause "1.1" title="T" {
    obligation "1.1-a" kind="proces" judgement="machine" {
        says "A"
    }
    obligation "1.1-a" kind="process" judgement="person" {
        says "A"
        sings "B"
    }
    obligation "2-b" kind="process" judgement="person" { says "A"; }
}
clause "7" title="T" { obligation "7-a" kind="record" judgement="person" { says "A"; } }
"#;
    let error = Framework::load(&[Source::new("x.kdl", text)]).unwrap_err().to_string();
    for wanted in [
        "x.kdl:1: `framework` has no option `colour`",
        "x.kdl:4: kind=\"proces\" is not known; known are: process, documented-information",
        "x.kdl:4: 1.1-a: `tested` is left out exactly where only a person can judge",
        "x.kdl:9: `sings` is not known here",
        "x.kdl:7: 1.1-a is declared twice, first at x.kdl:4",
        "x.kdl:11: the id `2-b` must be `1.1-` and a letter",
        "clause 7 lies in no declared chapter",
    ] {
        assert!(error.contains(wanted), "{wanted}\nnot in\n{error}");
    }
    let broken = Framework::load(&[Source::new("y.kdl", "clause \"1\" {\n  obligation \"")]).unwrap_err();
    assert!(broken.0.iter().any(|m| m.file == "y.kdl" && m.line >= 1 && !m.message.is_empty()), "{broken}");
}

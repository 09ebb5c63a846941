//! The program as it is started: a paper in, a PDF out, the same every time; what is wrong is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn render(paper: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_proofdesk-render"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(paper).unwrap();
    child.wait_with_output().unwrap()
}

fn paper(blocks: &Value) -> Value {
    json!({
        "title": "Minutes of the management review", "subtitle": "Second half of 2026", "organization": "Nordwind",
        "reference": "MRV-3", "language": "en", "date": "2026-11-23", "classification": "Internal",
        "seal": "Log of 5,402 entries", "blocks": blocks
    })
}

fn everything() -> Value {
    paper(&json!([
        {"kind": "heading", "level": 3, "text": "Inputs"},
        {"kind": "facts", "facts": [{"name": "Chair", "runs": [{"text": "Clara"}]}]},
        {"kind": "paragraph", "runs": [
            {"text": "See "}, {"text": "there", "link": "https://example.org"}, {"text": "code", "code": true},
            {"text": "not there", "link": "javascript:alert(1)"}, {"text": "bold", "strong": true, "emphasis": true}
        ]},
        {"kind": "list", "ordered": true, "items": [[{"kind": "paragraph", "runs": [{"text": "#set page(width: 1pt)"}]}]]},
        {"kind": "table", "caption": "Actions", "columns": [{"label": "What"}, {"label": "Hours", "figures": true}],
            "rows": [[[{"text": "Fix"}], [{"text": "12"}]], [[{"text": "Grüße, 漢字 \u{7}"}], []]]},
        {"kind": "chart", "alt": "a bar of 60", "caption": "Bars",
            "svg": "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 30'><rect x='5' y='5' width='60' height='10'/></svg>"},
        {"kind": "quote", "blocks": [{"kind": "paragraph", "runs": [{"text": "so"}]}]},
        {"kind": "code", "text": "a\n  b"}
    ]))
}

#[test]
fn a_paper_with_every_kind_of_part_becomes_an_archivable_and_accessible_file() {
    let made = render(&serde_json::to_vec(&everything()).unwrap());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = String::from_utf8_lossy(&made.stdout);
    assert!(text.starts_with("%PDF-1."));
    for mark in [
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>A</pdfaid:conformance>",
        "<pdfuaid:part>1</pdfuaid:part>",
    ] {
        assert!(text.contains(mark), "the file does not claim {mark}");
    }
    assert!(text.contains("/FontFile"), "no font is embedded");
    assert!(text.contains("https://example.org") && !text.contains("javascript:"));
}

#[test]
fn equal_papers_give_equal_bytes_and_others_do_not() {
    let first = render(&serde_json::to_vec(&everything()).unwrap()).stdout;
    assert_eq!(first, render(&serde_json::to_vec(&everything()).unwrap()).stdout);
    let mut other = everything();
    other["title"] = json!("Minutes of another review");
    assert_ne!(first, render(&serde_json::to_vec(&other).unwrap()).stdout);
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let mut wrong_day = everything();
    wrong_day["date"] = json!("23.11.2026");
    let mut language = everything();
    language["language"] = json!("English, please");
    let ragged =
        paper(&json!([{"kind": "table", "caption": "T", "columns": [{"label": "a"}], "rows": [[[], []]]}]));
    let unknown = paper(&json!([{"kind": "video"}]));
    for (given, said) in [
        (wrong_day.to_string(), "`23.11.2026` is not a day"),
        (language.to_string(), "is not a language"),
        (ragged.to_string(), "does not fit its columns"),
        (unknown.to_string(), "unknown variant `video`"),
        ("{".to_owned(), "is not a paper"),
    ] {
        let made = render(given.as_bytes());
        assert_eq!(made.status.code(), Some(2), "{said}");
        assert!(made.stdout.is_empty());
        let words = String::from_utf8_lossy(&made.stderr);
        assert!(words.contains(said), "{words}");
    }
    let broken = paper(&json!([{"kind": "chart", "svg": "<svg", "alt": "x", "caption": ""}]));
    let made = render(broken.to_string().as_bytes());
    assert_eq!(made.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&made.stderr).contains("cannot be laid out"));
}

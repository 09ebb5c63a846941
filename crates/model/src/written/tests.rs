//! Both readers beside each other: on every declaration of the house, on what they need not take, on altered texts.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Node, by_library, nesting, plain, read};

/// Every declaration of the house.
fn shipped() -> Vec<(String, String)> {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut files = Vec::new();
    for folder in ["records", "controls", "standards/iso-20000-1-2018"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    files
}

fn library(text: &str) -> Option<Vec<Node>> {
    by_library(text).unwrap().ok()
}

#[test]
fn both_readers_read_every_declaration_as_the_same() {
    let mut plain_files = 0;
    let files = shipped();
    for (file, text) in &files {
        let Some(own) = plain::read(text) else {
            println!("not plain: {file}");
            continue;
        };
        plain_files += 1;
        let theirs = library(text).unwrap();
        for (a, b) in own.iter().zip(&theirs) {
            assert_eq!(a, b, "{file}");
        }
        assert_eq!(own.len(), theirs.len(), "{file}");
    }
    assert_eq!(plain_files, files.len(), "every declaration of the house is plain");
}

#[test]
fn what_the_plain_reader_takes_the_library_takes_too() {
    let samples = [
        "a",
        "a;b",
        "a { b; }",
        "a { b }",
        "a {b}",
        "a{ b; }",
        "a { b; } c",
        "a \"x\" y=1 #true",
        "a \"x\"y",
        "a (m)\"x\"",
        "a (m) \"x\"",
        "(m)a",
        "a k =1",
        "a k= 1",
        "a k=(m)1",
        "a -1",
        "a +1",
        "a 1.5",
        "a 0x1f",
        "a 1_000",
        "a -",
        "a true",
        "a #tru",
        "a \"\\\"\"",
        "a \"\\u{41}\"",
        "a \"\"\"\nx\n\"\"\"",
        "a #\"x\"#",
        "a \\\n b",
        "// c\na // d",
        "a//d",
        "/- a",
        "a /* x */ b",
        "a }",
        "a {",
        "a \"x",
        "\"a\" b",
        "a.b-c_d",
        "1a",
        "a=1",
        "a b=1 b=2",
        "a { b \"x\" } // c\nd",
        "a\u{a0}b",
        "a \"\u{2028}\"",
        "a é",
        "é",
        "a \"é\"",
        "a;;b",
        ";",
        "a { ; }",
        "a {}",
        "a {} ;",
        "a { b; }; c",
        "a #null",
        "a 12345678901234567890",
        "a \"\"",
        "a \"x\" \"\"",
    ];
    for text in samples {
        let theirs = library(text);
        if theirs.is_some() {
            assert_eq!(nesting::slip(text), None, "{text:?}");
        }
        if let Some(own) = plain::read(text) {
            assert_eq!(Some(own), theirs, "{text:?}");
        }
    }
    assert!(plain::read("a { b \"x\" k=1 #true (m)\"y\"; } // c\n").is_some());
}

#[test]
fn a_text_with_one_byte_changed_is_read_as_the_library_reads_it() {
    let (_, text) = shipped().into_iter().find(|(file, _)| file.ends_with("records/team.kdl")).unwrap();
    let others = [b' ', b'"', b'{', b'}', b';', b'\\', b'/', b'=', b'(', b'#', b'0', b'-', b'\n', b'x'];
    let mut taken = 0;
    for (i, at) in (0..text.len()).step_by(7).enumerate() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = others[i % others.len()];
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        if let Some(own) = plain::read(&changed) {
            taken += 1;
            assert_eq!(Some(own), library(&changed), "byte {at}");
        }
    }
    assert!(taken > 50, "{taken}");
}

#[test]
fn a_text_that_is_nested_deeply_is_refused_before_the_library_sees_it() {
    let shut = |n: usize| "a {".repeat(n) + &"}".repeat(n);
    let begun = std::time::Instant::now();
    for text in
        [shut(33), shut(12_000), "a {".repeat(12_000), format!("a \"\"\"\nx\n\"\"\" {{{}", shut(9_000))]
    {
        let slips = read(&text).unwrap().unwrap_err();
        assert_eq!(slips[0].message, "braces are nested deeper than 32");
    }
    // the library needs some ten seconds for one of them
    assert!(begun.elapsed() < std::time::Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(read(&shut(32)).unwrap().is_ok());
    for (file, text) in shipped() {
        assert_eq!(nesting::slip(&text), None, "{file}");
    }
}

#[test]
fn a_slip_is_explained_by_the_library() {
    let slips = read("a \"x").unwrap().unwrap_err();
    assert!(!slips[0].message.is_empty());
}

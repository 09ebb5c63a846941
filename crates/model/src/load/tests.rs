//! Tests of the reader: what is shipped, the blocks of `docs/records.md`, a table of mistakes, and rubbish.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests

use proptest::prelude::{ProptestConfig, any, prop, proptest};

use crate::Registry;
use crate::field::{Computed, Kind};
use crate::load::{Mistake, SourceFile, load};
use crate::rule::RuleSet;

const RULES: [&str; 13] = [
    "acknowledgement",
    "clocks",
    "controlled",
    "exclusion",
    "form_text",
    "lifecycle",
    "ordered",
    "reporter",
    "service_hours",
    "target",
    "timed",
    "underpinning",
    "version",
];

fn show(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|m| format!("{m}\n")).collect()
}

/// The shipped types with one more file.
fn with(text: &str) -> Result<crate::Registry, Vec<Mistake>> {
    let mut files = crate::shipped();
    files.push(SourceFile::new("example.kdl", text));
    load(&files, &RULES)
}

fn messages(text: &str) -> Vec<String> {
    let mistakes = with(text).map(|_| ()).expect_err("mistakes were expected");
    mistakes.iter().map(|m| format!("{}:{}: {}", m.file, m.line, m.message)).collect()
}

/// Runs the examples of all types that compute nothing by a rule; the others are run where the rules are.
fn run_examples(registry: &Registry) -> Vec<Mistake> {
    let ruled = |m: &Mistake| registry.types().any(|t| t.file == m.file && !t.rules.is_empty());
    let failed = crate::examples::run(registry, &RuleSet::default());
    failed.into_iter().filter(|m| !ruled(m)).collect()
}

#[test]
fn everything_shipped_loads_and_its_examples_hold() {
    let registry = load(&crate::shipped(), &RULES).unwrap_or_else(|m| panic!("{}", show(&m)));
    let failed = run_examples(&registry);
    assert!(failed.is_empty(), "{}", show(&failed));
    for of in registry.types() {
        assert!(of.examples.len() >= 2, "{} has too few examples", of.name);
        assert!(!of.doc.is_empty() && !of.clauses.is_empty(), "{} cites no clause", of.name);
        assert!(of.permissions.contains_key("auditor"), "{} is closed to auditors", of.name);
    }
}

#[test]
fn every_file_of_the_folder_is_shipped() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../records");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| format!("records/{}", f.unwrap().file_name().into_string().unwrap()))
        .collect();
    let mut shipped: Vec<String> = crate::shipped().into_iter().map(|f| f.name).collect();
    found.sort();
    shipped.sort();
    assert_eq!(found, shipped);
}

#[test]
fn a_clock_brings_its_columns_and_its_rule() {
    let registry = load(&crate::shipped(), &RULES).unwrap();
    let incident = registry.get("incident").unwrap();
    let due = incident.field("resolution_due_at").unwrap();
    assert_eq!(due.kind, Kind::Instant);
    assert_eq!(due.computed, Some(Computed::Clock("resolution".to_owned())));
    assert!(incident.field("resolution_clock").unwrap().hidden);
    assert_eq!(incident.rules, ["lifecycle", "reporter", "clocks", "timed"]);
    assert!(incident.aspects.contains("timed"));
    let clock = &incident.clocks[1];
    assert_eq!((clock.name.as_str(), clock.at_risk_percent), ("resolution", 80));
    assert!(clock.pause_when.is_some());
    assert_eq!(incident.transition("resolve").unwrap().guards.len(), 4);
    assert!(incident.views.iter().filter(|v| v.name != "all").all(|v| v.condition.is_some()));
    assert_eq!(registry.get("change").unwrap().inverses["caused"].from, "incident");
}

#[test]
fn a_type_without_states_is_active_or_retired() {
    let registry = with("// A desk.\nrecord \"desk\" reference=\"DSK\" { text \"name\"; }").unwrap();
    let desk = registry.get("desk").unwrap();
    assert_eq!(desk.initial_state(), "active");
    assert!(desk.transition("retire").is_some() && desk.transition("restore").is_some());
    assert_eq!(desk.doc, "A desk.");
    assert_eq!(desk.declaration.len(), 64);
}

#[test]
fn an_extension_changes_the_version_of_the_declaration() {
    let plain = load(&crate::shipped(), &RULES).unwrap();
    let extended = with("extend \"team\" { text \"room\"; }").unwrap();
    let version = |r: &crate::Registry, name: &str| r.get(name).unwrap().declaration.clone();
    assert_ne!(version(&plain, "team"), version(&extended, "team"));
    assert_eq!(version(&plain, "person"), version(&extended, "person"));
    assert!(extended.get("team").unwrap().column_index("room").is_some());
}

/// Fenced blocks of the guide: the word after the fence, first line, text.
fn blocks() -> Vec<(String, usize, String)> {
    let guide = include_str!("../../../../docs/records.md");
    let mut found = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (i, line) in guide.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(word)) => open = Some((word.to_owned(), i + 1, String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, _, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[test]
fn the_guide_is_right() {
    let blocks = blocks();
    let mut run = 0;
    for (i, (word, line, text)) in blocks.iter().enumerate() {
        if word == "kdl" {
            let registry = with(text).unwrap_or_else(|m| panic!("docs/records.md:{line}\n{}", show(&m)));
            let failed = run_examples(&registry);
            assert!(failed.is_empty(), "docs/records.md:{line}\n{}", show(&failed));
            run += 1;
        } else if word == "kdl,mistakes" {
            let expected = blocks.get(i + 1).expect("the messages follow");
            assert_eq!(expected.0, "text");
            let found: String = messages(text).iter().map(|m| format!("{m}\n")).collect();
            assert_eq!(found, expected.2, "docs/records.md:{line}");
            run += 1;
        }
    }
    assert!(run >= 8, "only {run} blocks were run");
}

#[test]
fn a_mistake_underlines_its_spot() {
    let mistakes = with(
        "record \"visit\" reference=\"VIS\" {\n    text \"title\"\n    link \"änderung\" to=\"chnage\"\n}\n",
    )
    .map(|_| ())
    .expect_err("mistakes");
    let shown = mistakes.last().unwrap().to_string();
    let expected = "example.kdl:3: there is no record type `chnage`; did you mean `change`?\n  \
                    3 |     link \"änderung\" to=\"chnage\"\n    \
                    |                         ^^^^^^";
    assert_eq!(shown, expected);
}

#[test]
fn a_torn_file_does_not_hide_mistakes_of_others() {
    let files = [
        SourceFile::new("a.kdl", "record \"a\" reference=\"AA\" {\n  text \"title\n}"),
        SourceFile::new(
            "b.kdl",
            "record \"b\" reference=\"BB\" {\n  txt \"title\"\n  text \"name\"\n  link \"a\" to=\"a\"\n}",
        ),
    ];
    let mistakes = load(&files, &RULES).map(|_| ()).expect_err("mistakes");
    assert_eq!((mistakes[0].file.as_str(), mistakes[0].line), ("a.kdl", 2));
    assert!(mistakes[0].message.starts_with("this is not KDL: "), "{}", mistakes[0].message);
    let of_b: Vec<&str> = mistakes.iter().filter(|m| m.file == "b.kdl").map(|m| m.message.as_str()).collect();
    assert_eq!(of_b, ["unknown word `txt`; did you mean `text`?"]);
}

#[test]
fn mistakes_name_their_line_and_what_to_write() {
    let table = include_str!("mistakes.txt");
    let mut cases = 0;
    for case in table.split("=====\n").skip(1) {
        let (text, expected) = case.split_once("-----\n").expect("a case has its messages");
        let found: String = messages(text)
            .iter()
            .map(|m| m.strip_prefix("example.kdl:").unwrap_or(m).to_owned() + "\n")
            .collect();
        assert_eq!(found, expected, "for\n{text}");
        cases += 1;
    }
    assert!(cases > 20);
}

#[test]
fn an_example_that_does_not_hold_is_a_mistake() {
    let text = "record \"desk\" reference=\"DSK\" {\n text \"name\" required=#true\n example \"wrong\" {\n given name=\"A\"\n \
                refuse because=\"name\"\n }\n example \"wrong too\" {\n given name=\"A\"\n expect name=\"B\"\n }\n \
                example \"not so\" {\n refuse because=\"colour\"\n }\n}";
    let registry = with(text).unwrap_or_else(|m| panic!("{}", show(&m)));
    let failed = run_examples(&registry);
    let found: Vec<String> = failed.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "example.kdl:3: the example \"wrong\" does not hold: it is accepted, though `name` should refuse it",
            "example.kdl:7: the example \"wrong too\" does not hold: `name` is `A`, not `B`",
            "example.kdl:11: the example \"not so\" does not hold: it is refused, but not because of `colour`: \
             name: Name is needed.",
        ]
    );
}

#[test]
fn slips_without_end_are_refused_without_a_crash() {
    for text in ["a{", "/*", "(a)", "=", ")", "a=", "\"", "{", "a "] {
        let text = text.repeat(2_000);
        let mistakes = load(&[SourceFile::new("deep.kdl", text)], &RULES).map(|_| ()).expect_err("mistakes");
        assert!(!mistakes.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rubbish_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for mistake in load(&[SourceFile::new("x.kdl", text)], &RULES).err().unwrap_or_default() {
            assert!(mistake.to_string().starts_with("x.kdl:"));
        }
    }

    #[test]
    fn words_of_the_format_in_any_order_never_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "record", "extend", "\"incident\"", "\"x\"", "reference=", "\"XX\"", "{", "}", ";", "text", "choice",
            "option", "row", "table=", "\"a b\"", "state", "kind=", "\"open\"", "transition", "from=", "to=", "guard",
            "says=", "clock", "start=", "stop=", "pause=", "when=", "list", "(spare)", "view", "where", "permit",
            "example", "given", "take", "refuse", "because=", "expect", "#true", "7", "/-", "//", "\n", "\"", "#\"",
        ]), 0..60)
    ) {
        let text = words.join(" ");
        let _ = load(&[SourceFile::new("x.kdl", text)], &RULES);
    }

    #[test]
    fn a_truncated_or_altered_shipped_file_never_panics(
        file in 0_usize..14, at in any::<prop::sample::Index>(), insert in "[\"{}#=a-z ;()\\\\]{0,3}", cut in any::<bool>()
    ) {
        let shipped = crate::shipped();
        let chars: Vec<char> = shipped[file].text.chars().collect();
        let at = at.index(chars.len());
        let mut text: String = chars[..at].iter().collect();
        text.push_str(&insert);
        if !cut {
            text.extend(&chars[at + 1..]);
        }
        let _ = load(&[SourceFile::new("x.kdl", text)], &RULES);
    }
}

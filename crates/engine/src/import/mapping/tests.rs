//! All mistakes of a mapping are told at once, each with its line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use proofdesk_model::{Registry, SourceFile, load::load};

use super::Mapping;

const TYPES: &str = r#"
record "fault" reference="FLT" label="Fault" plural="Faults" {
    clause "8.6.1"
    title "title"
    section "Report" {
        text "title" required=#true
        choice "impact" { option "high"; option "low"; }
        instant "seen_at"
        choice "reason" { option "parts"; option "people"; }
    }
    state "new" label="New" kind="new"
    state "waiting" label="Waiting" kind="waiting"
    state "closed" label="Closed" kind="closed"
    permit "agent" "read create update"
}
"#;

fn registry() -> Registry {
    load(&[SourceFile::new("fault", TYPES)], &[]).unwrap()
}

const GOOD: &str = r#"name = "plant"
record_type = "fault"
time_zone = "Europe/Rome"
case = "id"
time = "when"
dates = ["%d.%m.%Y"]
missing = ["?"]

[fixed]
title = "Fault of {machine}"

[column.status.state]
"open" = "new"
"parts" = { state = "waiting", set = { reason = "parts" } }
"-100" = { same = true }

[column.weight]
field = "impact"
map = { "1" = "high", "2" = "low" }

[column.count]
keep = true

[ignore]
active = "follows from the status"
"#;

#[test]
fn a_good_mapping_is_read_as_it_is_written() {
    let mapping = Mapping::parse("plant.toml", GOOD, &registry()).unwrap();
    assert_eq!(mapping.state_fields(), ["reason"]);
    assert_eq!(mapping.zone.iana_name(), Some("Europe/Rome"));
    let header: Vec<String> =
        ["id", "when", "machine", "status", "weight", "count", "active"].map(str::to_owned).to_vec();
    let mistakes = mapping.check_header("plant.csv", &header).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert!(mistakes[0].message.contains("`machine` is neither mapped nor ignored"), "{mistakes:?}");
}

#[test]
fn a_zone_is_never_assumed() {
    let text = GOOD.replace("time_zone = \"Europe/Rome\"\n", "");
    let mistakes = Mapping::parse("plant.toml", &text, &registry()).unwrap_err();
    assert!(mistakes.iter().any(|m| m.message.contains("`time_zone` is missing")), "{mistakes:?}");
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    let text = GOOD
        .replace("missing = [\"?\"]", "missng = [\"?\"]")
        .replace("\"new\"", "\"fresh\"")
        .replace("\"2\" = \"low\"", "\"2\" = \"small\"")
        .replace("set = { reason = \"parts\" }", "set = { reason = \"nobody\" }")
        .replace("keep = true", "keep = 3")
        .replace("%d.%m.%Y", "%d.%m.%!");
    let mistakes = Mapping::parse("plant.toml", &text, &registry()).unwrap_err();
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    for (line, says) in [
        (7, "`missng` is not known"),
        (13, "`fresh` is not a state"),
        (14, "no option `nobody`"),
        // the line on which its column names the field
        (18, "no option `small`"),
        (22, "`keep` takes true or false"),
    ] {
        let start = format!("plant.toml:{line}: ");
        assert!(told.iter().any(|t| t.starts_with(&start) && t.contains(says)), "{line} {says}: {told:#?}");
    }
    assert!(told.iter().any(|t| t.contains("date form")), "{told:#?}");
}

#[test]
fn toml_that_is_torn_is_told_with_its_line() {
    let mistakes = Mapping::parse("plant.toml", "name = \"plant\"\ntime_zone = \n", &registry()).unwrap_err();
    assert_eq!(mistakes[0].line, 2, "{mistakes:?}");
}

#[test]
fn columns_that_the_file_does_not_have_are_named() {
    let mapping = Mapping::parse("plant.toml", GOOD, &registry()).unwrap();
    let header: Vec<String> = ["id", "status", "status"].map(str::to_owned).to_vec();
    let mistakes = mapping.check_header("plant.csv", &header).unwrap_err();
    let told: Vec<&str> = mistakes.iter().map(|m| m.message.as_str()).collect();
    for name in
        ["`status` is there twice", "the column `when`", "the column `machine`", "the column `weight`"]
    {
        assert!(told.iter().any(|t| t.contains(name)), "{name}: {told:#?}");
    }
}

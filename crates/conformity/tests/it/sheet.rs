//! Frameworks from spreadsheets: a good one, and mistakes with sheet, row and column.

use std::io::Write as _;

use proofdesk_conformity::framework::Answer;
use proofdesk_conformity::{Format, SheetMapping, Source, Upload};

use crate::book::{book, parts_of, sheet_of, stored};

const HEADINGS: [&str; 6] = ["Chapter", "No.", "Requirement", "How it is shown", "Answered by", "Comment"];

fn mapping() -> SheetMapping {
    let text = include_str!("../../../../mappings/framework.toml");
    SheetMapping::parse(&Source::new("framework.toml", text)).unwrap_or_else(|m| panic!("{m}"))
}

#[test]
fn a_sheet_becomes_a_framework() {
    let rows: [&[&str]; 6] = [
        &HEADINGS,
        &["Service desk", "1.1", "Calls are  answered.", "Every call has a time.", "System", "x"],
        &["", "1.2", "People are polite.", "", "Person", ""],
        &["", "", "", "", "", ""],
        &["Cellar", "2.1", "Things are in order.", "", "", ""],
        &["", "2.2", "Lamps burn.", "", "Somebody", ""],
    ];
    let framework =
        mapping().read("rules.xlsx", book("Requirements", &rows)).unwrap_or_else(|m| panic!("{m}"));
    assert_eq!((framework.id.as_str(), framework.edition.as_str()), ("house-rules", "2026"));
    let chapters: Vec<(&str, &str, usize)> = framework
        .chapters
        .iter()
        .map(|c| (c.number.as_str(), c.title.as_str(), framework.clauses[&c.clauses[0]].obligations.len()))
        .collect();
    assert_eq!(chapters, [("service-desk", "Service desk", 2), ("Cellar", "Cellar", 2)]);
    let judged: Vec<Answer> = framework.obligations.values().map(|o| o.judgement).collect();
    assert_eq!(judged, [Answer::Machine, Answer::Person, Answer::Presence, Answer::Presence]);
    assert_eq!(framework.obligations["1.1"].says, "Calls are answered.");
    assert_eq!(framework.obligations["1.1"].tested.as_deref(), Some("Every call has a time."));
}

#[test]
fn mistakes_name_sheet_row_and_column() {
    let rows: [&[&str]; 6] = [
        &["Chapter", "No.", "Requirement", "How it is shown", "Answered by", "Price"],
        &["A", "1.1", "", "", "", ""],
        &["A", "a b", "X", "", "", ""],
        &["A", "", "Without a number", "", "", ""],
        &["A", "1.2", "Good", "", "", ""],
        &["B", "1.2", "Again", "", "", ""],
    ];
    let error = mapping().read("rules.xlsx", book("Requirements", &rows)).unwrap_err().to_string();
    for wanted in [
        "rules.xlsx:1: sheet `Requirements`, row 1, column F: the column `Price` is neither mapped nor ignored",
        "rules.xlsx:2: sheet `Requirements`, row 2, column C (Requirement): 1.1 does not say what is required",
        "rules.xlsx:3: sheet `Requirements`, row 3, column B (No.): `a b` is no id",
        "rules.xlsx:4: sheet `Requirements`, row 4, column B (No.): a requirement needs an id",
        "rules.xlsx:6: sheet `Requirements`, row 6, column B (No.): 1.2 is there twice, first in row 5",
    ] {
        assert!(error.contains(wanted), "{wanted}\nnot in\n{error}");
    }
    let other = mapping().read("rules.xlsx", book("Other", &[&HEADINGS])).unwrap_err().to_string();
    assert!(other.contains("there is no sheet `Requirements`; there are: Other"), "{other}");
    let empty = mapping().read("rules.xlsx", book("Requirements", &[&HEADINGS])).unwrap_err().to_string();
    assert!(empty.contains("no requirement stands below the headings"), "{empty}");
    let none = mapping().read("rules.xlsx", b"no archive".to_vec()).unwrap_err().to_string();
    assert!(none.contains("this is no XLSX file"), "{none}");
}

#[test]
fn mistakes_of_a_mapping_have_lines() {
    for (text, wanted) in [
        ("framework = \"x\"\ncolour = 1\n", "m.toml:2: unknown field `colour`"),
        (
            "framework = \"x\"\ntitle = \"X\"\nedition = \"1\"\norigin = \"o\"\n[column.A]\nfield = \"name\"\n",
            "there is no field `name`",
        ),
        (
            "framework = \"x\"\ntitle = \"X\"\nedition = \"1\"\norigin = \"o\"\n[column.A]\nfield = \"id\"\n",
            "exactly one column must have field = \"says\"",
        ),
    ] {
        let error = SheetMapping::parse(&Source::new("m.toml", text)).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted} not in {error}");
    }
}

/// What a sheet is refused for, given its cells as XML.
fn refused(cells: &str) -> String {
    mapping().read("rules.xlsx", sheet_of("Requirements", cells)).unwrap_err().to_string()
}

#[test]
fn texts_that_are_only_claimed_take_no_memory() {
    let claimed = |text: &str| {
        let mut parts = parts_of("Requirements", "");
        parts.push(("xl/sharedStrings.xml", text.to_owned()));
        mapping().read("rules.xlsx", stored(&parts)).unwrap_err().to_string()
    };
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    for count in ["444444444444", " 18446744073709551615", "5120001"] {
        let said = claimed(&format!("<sst xmlns=\"{main}\" uniqueCount = '{count}'/>"));
        assert!(said.contains("says that it holds"), "{count}: {said}");
    }
    let wide: String =
        format!("<sst uniqueCount=\"{}\"/>", "9".repeat(15)).chars().flat_map(|c| [c, '\0']).collect();
    assert!(claimed(&wide).contains("says that it holds"), "however it is written");
    let said = claimed(&format!("<sst xmlns=\"{main}\" uniqueCount=\"5120000\"/>"));
    assert!(!said.contains("says that it holds"), "{said}");
}

#[test]
fn a_cell_far_away_costs_nothing() {
    let far = |at: &str, row: u32| {
        format!("<row r=\"{row}\"><c r=\"{at}\" t=\"inlineStr\"><is><t>x</t></is></c></row>")
    };
    for (at, row, wanted) in [
        (
            "XFD1048576",
            1_048_576,
            "sheet `Requirements` has something in row 1048576; at most 20000 rows are read",
        ),
        ("A20001", 20_001, "has something in row 20001"),
        ("XFD1", 1, "sheet `Requirements` has something in column XFD; at most 256 columns are read"),
        ("IW1", 1, "has something in column IW"),
    ] {
        let said = refused(&far(at, row));
        assert!(said.contains(wanted), "{wanted} not in {said}");
    }
    // the last cell within is read, and an empty one far away is nothing
    let said = refused(&(far("IV1", 1) + "<row r=\"1048576\"><c r=\"XFD1048576\" s=\"1\"/></row>"));
    assert!(said.contains("row 1, column IV: the column `x` is neither mapped nor ignored"), "{said}");
    for broken in ["<row r=\"1\"><c r=\"ZZZZZZZZZZZZZZ1\"><v>1</v></c></row>", "<row r=\"99999999999999\"/>"]
    {
        assert!(mapping().read("rules.xlsx", sheet_of("Requirements", broken)).is_err(), "{broken}");
    }
}

#[test]
fn texts_and_archives_have_limits() {
    let long = "x".repeat(9_000);
    let rows: [&[&str]; 2] = [&HEADINGS, &["A", "1.1", &long, "", "", ""]];
    let said = mapping().read("rules.xlsx", book("Requirements", &rows)).unwrap_err().to_string();
    assert!(
        said.contains("row 2, column C (Requirement): a cell may have at most 8000 characters"),
        "{said}"
    );
    // 80 MiB of blanks pack to a few kilobytes
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
    for _ in 0..80 {
        archive.write_all(&vec![b' '; 1_048_576]).unwrap();
    }
    let bomb = archive.finish().unwrap().into_inner();
    assert!(bomb.len() < 1_048_576, "{}", bomb.len());
    let said = mapping().read("rules.xlsx", bomb).unwrap_err().to_string();
    assert!(said.contains("larger than 67108864 bytes when it is unpacked"), "{said}");
    let parts: Vec<(String, String)> = (0..2_001).map(|i| (format!("p{i}"), String::new())).collect();
    let parts: Vec<(&str, String)> = parts.iter().map(|(n, t)| (n.as_str(), t.clone())).collect();
    let said = mapping().read("rules.xlsx", stored(&parts)).unwrap_err().to_string();
    assert!(said.contains("the file has 2001 parts; at most 2000 are read"), "{said}");
}

#[tokio::test]
async fn a_file_is_read_as_what_its_name_says() {
    let rows: [&[&str]; 2] = [&HEADINGS, &["A", "1.1", "Calls are answered.", "", "", ""]];
    let upload =
        Upload { name: "Rules.XLSX".to_owned(), bytes: book("Requirements", &rows), ..Upload::default() };
    let read = upload.clone().read(Format::of(&upload.name)).await.unwrap();
    assert_eq!((read.id.as_str(), read.obligations.len()), ("house-rules", 1));
    let own = include_str!("../../../../mappings/framework.toml").replace("house-rules", "cellar");
    let upload = Upload { mapping: Some(Source::new("own.toml", own)), ..upload };
    assert_eq!(upload.clone().read(Format::Sheet).await.unwrap().id, "cellar");
    let said = upload.clone().read(Format::Kdl).await.unwrap_err().to_string();
    assert!(said.contains("Rules.XLSX:1: this file is not UTF-8 text"), "{said}");
    let wrong = Upload { mapping: Some(Source::new("own.toml", "colour = 1")), ..upload };
    let said = wrong.read(Format::Sheet).await.unwrap_err().to_string();
    assert!(said.contains("own.toml:1: unknown field `colour`"), "{said}");
}

/// A text of some megabytes is read while others go on: on one thread for all requests, the pauses of a task beside it
/// stay far below the time that the reading takes.
#[tokio::test]
async fn a_long_text_holds_up_nobody() {
    let clause = |i: usize| {
        format!(
            "clause \"A.{i}\" title=\"T\" chapter=\"A\" {{ obligation \"o{i}\" kind=\"record\" judgement=\"person\" {{ says \"\"\"\n  Said\n  \"\"\"; }}\n}}\n"
        )
    };
    let head = "framework \"house\" title=\"H\" edition=\"1\" { origin \"O\"; }\nchapter \"A\" title=\"D\" group=\"W\"\n";
    let text = head.to_owned() + &(0..1_500).map(clause).collect::<String>();
    let upload = Upload { name: "h.kdl".to_owned(), bytes: text.into_bytes(), ..Upload::default() };
    let begun = std::time::Instant::now();
    let reading = tokio::spawn(upload.read(Format::Kdl));
    let mut last = begun;
    let mut longest = std::time::Duration::ZERO;
    while !reading.is_finished() {
        tokio::task::yield_now().await;
        longest = longest.max(last.elapsed());
        last = std::time::Instant::now();
    }
    assert_eq!(reading.await.unwrap().unwrap().obligations.len(), 1_500);
    let whole = begun.elapsed();
    assert!(longest < whole / 2, "a pause of {longest:?} in {whole:?}");
}

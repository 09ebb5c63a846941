//! Frameworks from spreadsheets: a good one, and mistakes with sheet, row and column.

use std::fmt::Write as _;

use proofdesk_conformity::framework::Answer;
use proofdesk_conformity::{SheetMapping, Source};

/// A part of an archive: its name and its bytes, stored as they are.
fn stored(parts: &[(&str, String)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in parts {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let size = u32::try_from(text.len()).unwrap().to_le_bytes();
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        head.extend(crc.sum().to_le_bytes());
        head.extend([size, size].concat());
        head.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        head.extend([0, 0]);
        let offset = u32::try_from(file.len()).unwrap();
        file.extend(b"PK\x03\x04");
        file.extend(&head);
        file.extend(name.as_bytes());
        file.extend(text.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
    let (start, size) = (u32::try_from(file.len()).unwrap(), u32::try_from(directory.len()).unwrap());
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count, count].concat());
    file.extend(size.to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

/// An XLSX file with one sheet of texts.
fn book(sheet: &str, rows: &[&[&str]]) -> Vec<u8> {
    let mut cells = String::new();
    for (r, row) in rows.iter().enumerate() {
        let _ = write!(cells, "<row r=\"{}\">", r + 1);
        for (c, text) in row.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
            let at = format!("{}{}", char::from(b'A' + u8::try_from(c).unwrap()), r + 1);
            let _ = write!(cells, "<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
        }
        cells.push_str("</row>");
    }
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    stored(&[
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"{sheet}\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{cells}</sheetData></worksheet>"),
        ),
    ])
}

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

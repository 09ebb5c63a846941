//! A framework from a spreadsheet under the shipped mapping: any bytes as an XLSX file where they begin like an archive, else
//! as the texts of sheet, shared strings and styles, parted by lines of `----`, which are put into one.
#![no_main]

use std::sync::{LazyLock, Once};

use libfuzzer_sys::fuzz_target;
use proofdesk_conformity::{SheetMapping, Source};

static MAPPING: LazyLock<SheetMapping> = LazyLock::new(|| {
    let text = include_str!("../../mappings/framework.toml");
    let text: String =
        text.lines().filter(|line| !line.starts_with("sheet =")).flat_map(|l| [l, "\n"]).collect();
    SheetMapping::parse(&Source::new("framework.toml", text)).expect("the shipped mapping")
});

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// CRC-32 as archives have it.
fn crc(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

/// An archive whose parts are stored as they are.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in parts {
        let size = (bytes.len() as u32).to_le_bytes();
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        head.extend(crc(bytes).to_le_bytes());
        head.extend([size, size].concat());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend([0, 0]);
        let offset = (file.len() as u32).to_le_bytes();
        file.extend([b"PK\x03\x04", &head[..], name.as_bytes(), bytes].concat());
        directory.extend([b"PK\x01\x02\x14\x00", &head[..], &[0; 10], &offset, name.as_bytes()].concat());
    }
    let count = (parts.len() as u16).to_le_bytes();
    let (start, size) = ((file.len() as u32).to_le_bytes(), (directory.len() as u32).to_le_bytes());
    file.extend([&directory[..], b"PK\x05\x06\0\0\0\0", &count, &count, &size, &start, &[0, 0]].concat());
    file
}

fn book(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut parts = text.split("\n----\n");
    let mut part = || parts.next().unwrap_or_default().as_bytes();
    let relation = |id: u8, kind: &str, target: &str| {
        format!("<Relationship Id=\"r{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
    };
    let within = |all: String| format!("<Relationships xmlns=\"{PACKAGE}\">{all}</Relationships>");
    let root = within(relation(1, "officeDocument", "xl/workbook.xml"));
    let of_book = within(
        relation(1, "worksheet", "worksheets/sheet1.xml")
            + &relation(2, "sharedStrings", "sharedStrings.xml")
            + &relation(3, "styles", "styles.xml"),
    );
    let sheets = format!(
        "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    archive(&[
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", sheets.as_bytes()),
        ("xl/_rels/workbook.xml.rels", of_book.as_bytes()),
        ("xl/worksheets/sheet1.xml", part()),
        ("xl/sharedStrings.xml", part()),
        ("xl/styles.xml", part()),
    ])
}

/// The product catches what the reader of spreadsheets panics at; the fuzzer's own hook would end the run before that.
static CAUGHT: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    CAUGHT.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let file = if bytes.starts_with(b"PK") { bytes.to_vec() } else { book(bytes) };
    match MAPPING.read("fuzz.xlsx", file) {
        Ok(framework) => drop(framework.digest()),
        Err(mistakes) => drop(mistakes.to_string()),
    }
});

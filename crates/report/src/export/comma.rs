//! A table as CSV: commas, CRLF, quotes where they are needed, UTF-8.
//!
//! Source: RFC 4180; OWASP, CSV injection. A text that a spreadsheet would take for a formula gets an apostrophe before
//! it: one that begins with `=`, `+`, `-`, `@`, their full-width forms, a tabulator or a line break. So does each such
//! sign after a semicolon, a tabulator or a line break within a text, where a spreadsheet that parts by these would begin
//! another cell. Values that are numbers by their type stay as they are.

use super::Cell;

/// Tells a spreadsheet that the file is UTF-8. Programs do not expect it, so only people's downloads begin with it.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A line of headings.
///
/// # Errors
/// None in practice: the bytes are written to memory.
pub fn headings(headings: &[&str]) -> std::io::Result<Vec<u8>> {
    lines(&[headings.iter().map(|h| Cell::Text((*h).to_owned())).collect()])
}

/// Rows as lines.
///
/// # Errors
/// None in practice: the bytes are written to memory.
pub fn lines(rows: &[Vec<Cell>]) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .has_headers(false)
        .from_writer(Vec::with_capacity(rows.len() * 200));
    for row in rows {
        writer.write_record(row.iter().map(harmless))?;
    }
    writer.into_inner().map_err(|e| std::io::Error::other(e.to_string()))
}

/// Whether a spreadsheet takes what begins with this for a formula; some take the full-width forms for the plain ones.
fn begins_formula(sign: char) -> bool {
    matches!(sign, '=' | '+' | '-' | '@' | '\u{FF1D}' | '\u{FF0B}' | '\u{FF0D}' | '\u{FF20}')
}

/// Whether a spreadsheet may end a cell here, whatever parts the cells for us.
fn parts_cells(sign: char) -> bool {
    matches!(sign, ';' | '\t' | '\r' | '\n')
}

fn harmless(cell: &Cell) -> String {
    let written = cell.written();
    if !matches!(cell, Cell::Text(_)) {
        return written;
    }
    let mut safe = String::with_capacity(written.len() + 1);
    let mut before = None;
    for sign in written.chars() {
        let is_first = before.is_none_or(parts_cells) && begins_formula(sign);
        if is_first || (before.is_none() && sign != ';' && parts_cells(sign)) {
            safe.push('\'');
        }
        safe.push(sign);
        before = Some(sign);
    }
    safe
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Cell, lines};

    #[test]
    fn formulas_are_defused_and_numbers_kept() {
        for (cell, line) in [
            (Cell::Text("=1+1".to_owned()), "'=1+1\r\n"),
            (Cell::Text("+49 30 1".to_owned()), "'+49 30 1\r\n"),
            (Cell::Text("-2+3".to_owned()), "'-2+3\r\n"),
            (Cell::Text("@SUM(A1)".to_owned()), "'@SUM(A1)\r\n"),
            (Cell::Text("\t=1".to_owned()), "'\t'=1\r\n"),
            (Cell::Text("\nx".to_owned()), "\"'\nx\"\r\n"),
            (Cell::Text("a;=1+1".to_owned()), "a;'=1+1\r\n"),
            (Cell::Text("a\t@SUM(A1);+1".to_owned()), "a\t'@SUM(A1);'+1\r\n"),
            (Cell::Text("a\n-1\r\n=2".to_owned()), "\"a\n'-1\r\n'=2\"\r\n"),
            (Cell::Text("a\r=2".to_owned()), "\"a\r'=2\"\r\n"),
            (Cell::Text("\u{FF1D}1;\u{FF0B}1".to_owned()), "'\u{FF1D}1;'\u{FF0B}1\r\n"),
            (Cell::Text("\u{FF20}SUM(A1)".to_owned()), "'\u{FF20}SUM(A1)\r\n"),
            (Cell::Text("\u{FF0D}1".to_owned()), "'\u{FF0D}1\r\n"),
            (Cell::Text("a; b = c - d".to_owned()), "a; b = c - d\r\n"),
            (Cell::Text("a, \"b\"\nc".to_owned()), "\"a, \"\"b\"\"\nc\"\r\n"),
            (Cell::Text("ä = b".to_owned()), "ä = b\r\n"),
            (Cell::Int(-5), "-5\r\n"),
            (Cell::Decimal("-1.5".to_owned(), true), "-1.5\r\n"),
            (Cell::Duration(-90_000_000), "-90\r\n"),
            (Cell::Instant(1_772_442_000_000_000), "2026-03-02T09:00:00Z\r\n"),
            (Cell::Day(20_514), "2026-03-02\r\n"),
            (Cell::Bool(true), "true\r\n"),
        ] {
            let made = String::from_utf8(lines(&[vec![cell.clone()]]).unwrap()).unwrap();
            assert_eq!(made, line, "{cell:?}");
        }
    }
}

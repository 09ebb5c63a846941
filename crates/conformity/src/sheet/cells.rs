//! The texts of a sheet of an XLSX file, taken in cell by cell within limits.
//!
//! Invariant: memory grows with what is written in cells, never with where they stand: two cells in opposite corners are
//! two cells. Nothing is unpacked whose size was not seen first.

use std::collections::HashMap;
use std::io::{self, Cursor, Read as _};

use calamine::{Data, DataRef, Reader as _, Xlsx};

/// The last row that may have something in it, from 1.
const ROWS_MAX: usize = 20_000;
/// The last column that may have something in it, from 1.
const COLUMNS_MAX: usize = 256;
/// The longest text of a cell, characters; a longer one is cut one character behind, so that the reader can object.
pub(super) const CELL_MAX: usize = 8_000;
/// The largest file, unpacked, bytes.
const UNPACKED_MAX: u64 = 64 * 1_048_576;
/// The largest sum of all texts, bytes: a text that is kept once in the file may stand in many cells.
const TEXT_MAX: usize = 64 * 1_048_576;
/// Different texts that a file may claim to hold: one for each cell.
const TEXTS_MAX: usize = ROWS_MAX * COLUMNS_MAX;
/// Parts of the file at most; a spreadsheet has some ten.
const PARTS_MAX: usize = 2_000;

/// The texts of a sheet.
pub(super) struct Cells {
    /// Its name.
    pub sheet: String,
    /// Rows up to the last one with something in it.
    pub height: usize,
    /// Columns up to the last one with something in it.
    pub width: usize,
    texts: HashMap<(usize, usize), String>,
}

impl Cells {
    /// Takes in a sheet; the first where none is named.
    ///
    /// # Errors
    /// In words: what is no spreadsheet, has no such sheet, or goes beyond a limit.
    pub fn read(bytes: Vec<u8>, named: Option<&str>) -> Result<Self, String> {
        measure(&bytes)?;
        // the reader counts rows and columns without a look at how large they get
        let read = std::panic::AssertUnwindSafe(|| Self::take(bytes, named));
        let broken = |_| Err("this is no XLSX file that can be read: a cell stands nowhere".to_owned());
        std::panic::catch_unwind(read).unwrap_or_else(broken)
    }

    fn take(bytes: Vec<u8>, named: Option<&str>) -> Result<Self, String> {
        let mut book = Xlsx::new(Cursor::new(bytes))
            .map_err(|e| format!("this is no XLSX file that can be read: {e}"))?;
        let sheets = book.sheet_names();
        let sheet = named.map_or_else(|| sheets.first().cloned().unwrap_or_default(), str::to_owned);
        if !sheets.contains(&sheet) {
            return Err(format!("there is no sheet `{sheet}`; there are: {}", sheets.join(", ")));
        }
        let unreadable = |e: calamine::XlsxError| format!("sheet `{sheet}` cannot be read: {e}");
        let mut found = Self { sheet: sheet.clone(), height: 0, width: 0, texts: HashMap::new() };
        let mut size = 0;
        let mut reader = book.worksheet_cells_reader(&sheet).map_err(unreadable)?;
        while let Some(cell) = reader.next_cell().map_err(unreadable)? {
            let (row, column) = cell.get_position();
            let text = text_of(cell.get_value());
            if text.is_empty() {
                continue;
            }
            size += text.len();
            found.keep(row as usize, column as usize, text)?;
            if size > TEXT_MAX {
                return Err(format!("the texts of sheet `{sheet}` are larger than {TEXT_MAX} bytes"));
            }
        }
        Ok(found)
    }

    fn keep(&mut self, row: usize, column: usize, text: String) -> Result<(), String> {
        if row >= ROWS_MAX {
            return Err(format!(
                "sheet `{}` has something in row {}; at most {ROWS_MAX} rows are read",
                self.sheet,
                row + 1
            ));
        }
        if column >= COLUMNS_MAX {
            return Err(format!(
                "sheet `{}` has something in column {}; at most {COLUMNS_MAX} columns are read",
                self.sheet,
                super::letters(column)
            ));
        }
        self.height = self.height.max(row + 1);
        self.width = self.width.max(column + 1);
        self.texts.insert((row, column), text);
        Ok(())
    }

    /// The text of a cell, row and column from 0; empty where nothing stands.
    pub fn text(&self, row: usize, column: usize) -> &str {
        self.texts.get(&(row, column)).map_or("", String::as_str)
    }
}

/// Unpacks all parts to nowhere and counts: what an archive says about its own sizes is not believed.
fn measure(bytes: &[u8]) -> Result<(), String> {
    let broken = |e: &dyn std::fmt::Display| format!("this is no XLSX file that can be read: {e}");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
    if archive.len() > PARTS_MAX {
        return Err(format!("the file has {} parts; at most {PARTS_MAX} are read", archive.len()));
    }
    let mut left = UNPACKED_MAX;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|e| broken(&e))?;
        let ends = |name: std::borrow::Cow<str>| name.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let keeps_texts = part.name().map_or(true, ends);
        let (mut part, mut texts) = (part.take(left + 1), Vec::new());
        let size =
            if keeps_texts { io::copy(&mut part, &mut texts) } else { io::copy(&mut part, &mut io::sink()) };
        left = left
            .checked_sub(size.map_err(|e| broken(&e))?)
            .ok_or_else(|| format!("the file is larger than {UNPACKED_MAX} bytes when it is unpacked"))?;
        if claims_too_many(&texts) {
            return Err(format!("the file says that it holds more than {TEXTS_MAX} different texts"));
        }
    }
    Ok(())
}

/// Whether the part with the shared texts claims more of them than a sheet could show: the reader makes room for as many as
/// it says, and a claim that no memory holds would end the program. Zeros are passed over: they are half of UTF-16.
fn claims_too_many(part: &[u8]) -> bool {
    let text: Vec<u8> = part.iter().copied().filter(|byte| *byte != 0).collect();
    let name = b"uniqueCount";
    text.windows(name.len()).enumerate().filter(|(_, window)| window == name).any(|(at, _)| {
        let value =
            text.iter().skip(at + name.len()).skip_while(|c| c.is_ascii_whitespace() || b"='\"+".contains(c));
        let digits = value.take_while(|c| c.is_ascii_digit());
        let claimed = digits.fold(0_usize, |n, c| n.saturating_mul(10).saturating_add(usize::from(c - b'0')));
        claimed > TEXTS_MAX
    })
}

/// A value as text with single blanks, cut where it is too long.
fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::SharedString(text) => squeezed(text),
        DataRef::String(text) => squeezed(text),
        DataRef::Error(error) => format!("#{error:?}"),
        other => squeezed(&Data::from(other.clone()).to_string()),
    }
}

fn squeezed(text: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        if length > 0 {
            out.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length > CELL_MAX {
                return out;
            }
            out.push(c);
            length += 1;
        }
    }
    out
}

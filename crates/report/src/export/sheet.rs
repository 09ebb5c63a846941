//! A table as a spreadsheet (XLSX): numbers, days, instants, durations and amounts keep their types.
//!
//! Rows go to a temporary file one by one, so memory does not grow with the table. A second sheet says what the table
//! is: type, condition, order, zone, who took it and when.
//! Source: ISO/IEC 29500. A spreadsheet knows no time zone: instants are written in the zone of the desk.
//! Invariant: text is written as text, never as a formula.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proofdesk_model::format;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{Cell, Table};

/// Records that a sheet holds under its line of headings.
pub const ROWS_MAX: usize = 1_048_575;
/// Characters that a cell holds.
const TEXT_MAX: usize = 32_767;
/// What a spreadsheet's numbers hold without loss.
const DIGITS_MAX: usize = 15;
/// 1 January 1900 and the end of 9999: the days that a spreadsheet knows.
const DAYS: std::ops::Range<i32> = -25_567..2_932_897;

/// A spreadsheet under construction.
pub struct Sheet {
    book: Workbook,
    zone: TimeZone,
    formats: Formats,
    about: Vec<(String, String)>,
    rows: u32,
    cut: usize,
}

struct Formats {
    head: Format,
    instant: Format,
    day: Format,
    duration: Format,
    money: Format,
}

fn wrong(error: &XlsxError) -> std::io::Error {
    std::io::Error::other(format!("the spreadsheet cannot be written: {error}"))
}

impl Sheet {
    /// Begins a spreadsheet with the headings of a table.
    ///
    /// # Errors
    /// Where the temporary file cannot be written.
    pub fn new(table: &Table) -> std::io::Result<Self> {
        let wanted = table.wanted();
        let zone = wanted.zone.clone();
        let mut book = Workbook::new();
        let at = Timestamp::from_microsecond(table.now()).unwrap_or_default();
        let made = ExcelDateTime::from_timestamp(at.as_second()).map_err(|e| wrong(&e))?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made).set_title(&wanted.of.plural));
        let zone_name = zone.iana_name().unwrap_or("UTC").to_owned();
        let order = if wanted.sort.is_empty() { "number" } else { wanted.sort.as_str() };
        let direction = if wanted.descending { "largest first" } else { "smallest first" };
        let filter = wanted.filter.as_ref().map_or("all that the reader may see", |c| c.source());
        let about = [
            ("Records", wanted.of.plural.clone()),
            ("Condition", filter.to_owned()),
            ("Order", format!("{order}, {direction}")),
            ("Taken by", table.caller().name.clone()),
            ("Taken at", format!("{} ({zone_name})", format::show_instant(table.now(), &zone))),
            ("Time zone of times", zone_name),
        ];
        let formats = Formats {
            head: Format::new().set_bold(),
            instant: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            day: Format::new().set_num_format("yyyy-mm-dd"),
            duration: Format::new().set_num_format("[h]:mm:ss"),
            money: Format::new().set_num_format("#,##0.00"),
        };
        let sheet = book.add_worksheet_with_constant_memory().map_err(|e| wrong(&e))?;
        let begun = head(sheet, &wanted.of.plural, &table.headings(), &formats.head);
        begun.map_err(|e| wrong(&e))?;
        let about = about.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        Ok(Self { book, zone, formats, about, rows: 0, cut: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Where the temporary file cannot be written, or the sheet is full.
    pub fn add(&mut self, rows: &[Vec<Cell>]) -> std::io::Result<()> {
        let sheet = self.book.worksheet_from_index(0).map_err(|e| wrong(&e))?;
        for row in rows {
            self.rows += 1;
            for (column, cell) in (0_u16..).zip(row) {
                let at = (self.rows, column);
                self.cut += put(sheet, at, cell, &self.formats, &self.zone).map_err(|e| wrong(&e))?;
            }
        }
        Ok(())
    }

    /// Ends the spreadsheet and gives it as a temporary file, to be read from its beginning.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn finish(mut self) -> std::io::Result<File> {
        self.about.push(("Rows".to_owned(), self.rows.to_string()));
        if self.cut > 0 {
            let says = format!("{} are longer than {TEXT_MAX} characters and end in …", self.cut);
            self.about.push(("Texts cut".to_owned(), says));
        }
        let ended = self.end();
        ended.map_err(|e| wrong(&e))?;
        let mut out = BufWriter::new(tempfile::tempfile()?);
        self.book.save_to_writer(&mut out).map_err(|e| wrong(&e))?;
        out.flush()?;
        let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }

    fn end(&mut self) -> Result<(), XlsxError> {
        let sheet = self.book.add_worksheet();
        sheet.set_name("About")?;
        sheet.set_column_width(0, 22)?;
        sheet.set_column_width(1, 60)?;
        for (row, (name, value)) in (0_u32..).zip(&self.about) {
            sheet.write_string_with_format(row, 0, name, &self.formats.head)?;
            sheet.write_string(row, 1, shortened(value).0)?;
        }
        Ok(())
    }
}

/// The name of the sheet, widths, and the line of headings, which stays in sight.
fn head(sheet: &mut Worksheet, plural: &str, headings: &[&str], bold: &Format) -> Result<(), XlsxError> {
    // what a sheet's name may not hold
    let name: String = plural.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect();
    sheet.set_name(if name.is_empty() || name == "About" { "Records" } else { &name })?;
    for (column, heading) in (0_u16..).zip(headings) {
        let width = u16::try_from(heading.chars().count().clamp(12, 40)).unwrap_or(12);
        sheet.set_column_width(column, f64::from(width))?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (column, heading) in (0_u16..).zip(headings) {
        sheet.write_string_with_format(0, column, *heading, bold)?;
    }
    Ok(())
}

/// Writes a cell and says how many texts were cut.
fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    formats: &Formats,
    zone: &TimeZone,
) -> Result<usize, XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Bool(yes) => drop(sheet.write_boolean(row, column, *yes)?),
        Cell::Int(n) => match exact(&n.to_string()) {
            Some(number) => drop(sheet.write_number(row, column, number)?),
            None => drop(sheet.write_string(row, column, n.to_string())?),
        },
        Cell::Decimal(text, is_amount) => match (exact(text), is_amount) {
            (Some(number), true) => {
                sheet.write_number_with_format(row, column, number, &formats.money)?;
            }
            (Some(number), false) => drop(sheet.write_number(row, column, number)?),
            (None, _) => drop(sheet.write_string(row, column, text)?),
        },
        Cell::Instant(at) => match local(*at, zone) {
            Some(number) => drop(sheet.write_number_with_format(row, column, number, &formats.instant)?),
            None => drop(sheet.write_string(row, column, cell.written())?),
        },
        Cell::Day(day) if DAYS.contains(day) => {
            sheet.write_number_with_format(row, column, serial(*day), &formats.day)?;
        }
        // a spreadsheet shows a negative time as hashes
        Cell::Duration(length) if *length >= 0 => {
            let days = *length as f64 / 86_400_000_000.0;
            sheet.write_number_with_format(row, column, days, &formats.duration)?;
        }
        Cell::Duration(length) => drop(sheet.write_string(row, column, format::write_duration(*length))?),
        Cell::Day(_) => drop(sheet.write_string(row, column, cell.written())?),
        Cell::Text(text) => {
            let (text, cut) = shortened(text);
            sheet.write_string(row, column, text)?;
            return Ok(usize::from(cut));
        }
    }
    Ok(0)
}

/// A number that a spreadsheet holds as it is.
fn exact(written: &str) -> Option<f64> {
    let digits = written.chars().filter(char::is_ascii_digit).count();
    (digits <= DIGITS_MAX).then(|| written.parse().ok()).flatten()
}

/// A day as spreadsheets count: from 1900, in which they believe in a 29 February.
fn serial(day: i32) -> f64 {
    let since = day + 25_569;
    f64::from(if since < 61 { since - 1 } else { since })
}

/// An instant as local days since 1900; none where a spreadsheet has no such day.
fn local(at: i64, zone: &TimeZone) -> Option<f64> {
    let time = Timestamp::from_microsecond(at).ok()?.to_zoned(zone.clone()).datetime();
    let day = (time.date() - jiff::civil::date(1970, 1, 1)).get_days();
    let of_day = time.time().duration_since(jiff::civil::Time::midnight()).as_micros();
    // to the millisecond: all that a spreadsheet shows
    let millis = i32::try_from(of_day / 1_000).ok()?;
    DAYS.contains(&day).then(|| serial(day) + f64::from(millis) / 86_400_000.0)
}

/// A text that fits into a cell, and whether it was cut.
fn shortened(text: &str) -> (String, bool) {
    // counted as spreadsheets do: in units of UTF-16
    if text.len() <= TEXT_MAX || text.encode_utf16().count() <= TEXT_MAX {
        return (text.to_owned(), false);
    }
    let mut kept = String::with_capacity(TEXT_MAX);
    let mut units = 1;
    for c in text.chars() {
        units += c.len_utf16();
        if units > TEXT_MAX {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    (kept, true)
}

#[cfg(test)]
mod tests {
    use super::{TEXT_MAX, exact, serial, shortened};

    #[test]
    fn days_are_counted_as_spreadsheets_do() {
        for (day, written) in
            [(0, 25_569.0), (20_514, 46_083.0), (-25_567, 1.0), (-25_509, 59.0), (-25_508, 61.0)]
        {
            assert!((serial(day) - written).abs() < f64::EPSILON, "{day}: {}", serial(day));
        }
    }

    #[test]
    fn what_does_not_fit_is_said_and_not_lost_in_silence() {
        assert_eq!(exact("123456789012345"), Some(123_456_789_012_345.0));
        assert_eq!(exact("1234567890123456"), None);
        assert_eq!(exact("-12.5"), Some(-12.5));
        let long = "ä".repeat(TEXT_MAX + 1);
        let (kept, cut) = shortened(&long);
        assert!(cut && kept.encode_utf16().count() == TEXT_MAX && kept.ends_with('…'));
        let astral = "😀".repeat(TEXT_MAX);
        assert!(shortened(&astral).0.encode_utf16().count() <= TEXT_MAX);
        assert_eq!(shortened("ok"), ("ok".to_owned(), false));
    }
}

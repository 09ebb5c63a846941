//! Printing: tables and colours on a terminal, plain text elsewhere.

use std::io::IsTerminal as _;

/// Whether standard error is a terminal that wants colours (`NO_COLOR` is honoured).
pub fn is_terminal() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Colours of a word by its tone, on a terminal only.
pub fn tone(text: &str, tone: Tone) -> String {
    if !std::io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some() {
        return text.to_owned();
    }
    let code = match tone {
        Tone::Good => "32",
        Tone::Risk => "33",
        Tone::Bad => "31",
        Tone::Faint => "2",
        Tone::Strong => "1",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// What a colour means; the word beside it says the same.
#[derive(Debug, Clone, Copy)]
pub enum Tone {
    /// In order.
    Good,
    /// About to go wrong.
    Risk,
    /// Wrong.
    Bad,
    /// Beside the point.
    Faint,
    /// A heading.
    Strong,
}

/// Prints an error to standard error.
pub fn error(text: &str) {
    if is_terminal() {
        eprintln!("\u{1b}[31merror:\u{1b}[0m {text}");
    } else {
        eprintln!("error: {text}");
    }
}

/// Prints rows as a table with a heading; columns as wide as their widest cell, the last one free.
pub fn table(heading: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = heading.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String]| {
        let last = cells.len().saturating_sub(1);
        let mut text = String::new();
        for (i, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            text.push_str(cell);
            if i < last {
                text.push_str(&" ".repeat(width - cell.chars().count() + 2));
            }
        }
        text
    };
    let heading: Vec<String> = heading.iter().map(|h| (*h).to_owned()).collect();
    println!("{}", tone(&line(&heading), Tone::Strong));
    for row in rows {
        println!("{}", line(row));
    }
}

//! What is printed: minutes, policies, reports. One description, from which the print form (HTML, in `web`) and the PDF
//! (`proofdesk-render`) are made.
//!
//! It holds words, never markup: text of people cannot become commands of a typesetter or tags of a page. Not here:
//! what a paper of a record says (`report`), and how it looks.

mod markdown;

use serde::{Deserialize, Serialize};

pub use markdown::from_markdown;

/// Deepest nesting of blocks (lists in lists) that a paper may have; deeper ones are refused.
pub const DEEPEST: usize = 24;

/// A whole paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Stands on the first page and in the properties of the file; never empty.
    pub title: String,
    /// Below the title, such as the kind of the paper and its period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// Whose paper it is.
    pub organization: String,
    /// Reference of the record, such as `MRV-3`; repeated on every page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Language of the text, a BCP 47 tag such as `en`.
    pub language: String,
    /// Day on which the content stood so, `YYYY-MM-DD`. The only time in the file: equal papers give equal bytes.
    pub date: String,
    /// Who may read it, such as `Internal`; repeated on every page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// Where the content can be checked, such as the log's size and root hash; on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    /// The content.
    pub blocks: Vec<Block>,
}

/// One part of a paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Block {
    /// A heading; level 1 stands below the title of the paper.
    Heading {
        /// 1 to 6; a level that was left out is closed up.
        level: u8,
        /// Its words.
        text: String,
    },
    /// A paragraph.
    Paragraph {
        /// Its words.
        runs: Vec<Run>,
    },
    /// A list; each item is a small paper of its own.
    List {
        /// Numbered or not.
        ordered: bool,
        /// The items.
        items: Vec<Vec<Block>>,
    },
    /// Words of somebody else.
    Quote {
        /// What is quoted.
        blocks: Vec<Block>,
    },
    /// Text in which every space counts.
    Code {
        /// Lines, divided by line feeds.
        text: String,
    },
    /// A table with a head that is repeated on every page.
    Table {
        /// What the table shows, for who cannot see it; also its caption.
        caption: String,
        /// Heads of the columns.
        columns: Vec<Column>,
        /// Rows of cells, each as long as `columns`.
        rows: Vec<Vec<Vec<Run>>>,
    },
    /// Names with values, such as the fields of a record.
    Facts {
        /// In the order of reading.
        facts: Vec<Fact>,
    },
    /// A drawing.
    Chart {
        /// SVG with plain presentation attributes; no styles, scripts or references to elsewhere.
        svg: String,
        /// The same in words.
        alt: String,
        /// Below the drawing.
        caption: String,
    },
}

/// Head of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its words.
    pub label: String,
    /// Figures stand at the right.
    #[serde(default)]
    pub figures: bool,
}

/// A name with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// The value.
    pub runs: Vec<Run>,
}

/// Words of one look.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The words; a line feed begins a new line.
    pub text: String,
    /// Bold.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strong: bool,
    /// Italic.
    #[serde(default, skip_serializing_if = "is_false")]
    pub emphasis: bool,
    /// Of fixed width.
    #[serde(default, skip_serializing_if = "is_false")]
    pub code: bool,
    /// Where the words lead: an address of `http`, `https` or `mailto`; anything else is printed as plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Run {
    /// Plain words.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Bold words.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: true, ..Self::default() }
    }

    /// Words that lead somewhere.
    pub fn to(text: impl Into<String>, link: impl Into<String>) -> Self {
        Self { text: text.into(), link: Some(link.into()), ..Self::default() }
    }
}

impl Block {
    /// A heading.
    pub fn heading(level: u8, text: impl Into<String>) -> Self {
        Self::Heading { level, text: text.into() }
    }

    /// A paragraph of plain words.
    pub fn words(text: impl Into<String>) -> Self {
        Self::Paragraph { runs: vec![Run::plain(text)] }
    }
}

/// What makes a paper unprintable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The title has no words.
    NoTitle,
    /// Lists or quotes lie deeper in each other than [`DEEPEST`].
    TooDeep,
    /// A row of the table with this caption has more or fewer cells than there are columns.
    Ragged(String),
    /// The table with this caption has no columns.
    NoColumns(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoTitle => write!(f, "the paper has no title; give it one"),
            Self::TooDeep => write!(f, "lists lie more than {DEEPEST} deep in each other; make them flatter"),
            Self::Ragged(caption) => write!(f, "a row of the table `{caption}` does not fit its columns"),
            Self::NoColumns(caption) => write!(f, "the table `{caption}` has no columns"),
        }
    }
}

impl std::error::Error for Fault {}

impl Paper {
    /// Says what would keep it from being printed, and closes gaps between levels of headings, which readers that
    /// speak rely on.
    ///
    /// # Errors
    /// The first fault found.
    pub fn proofread(mut self) -> Result<Self, Fault> {
        if self.title.trim().is_empty() {
            return Err(Fault::NoTitle);
        }
        let mut last = 0;
        tidy(&mut self.blocks, &mut last, 0)?;
        Ok(self)
    }
}

fn tidy(blocks: &mut [Block], last: &mut u8, depth: usize) -> Result<(), Fault> {
    if depth > DEEPEST {
        return Err(Fault::TooDeep);
    }
    for block in blocks {
        match block {
            Block::Heading { level, .. } => {
                *level = (*level).clamp(1, last.saturating_add(1)).min(6);
                *last = *level;
            }
            Block::List { items, .. } => {
                for item in items {
                    tidy(item, last, depth + 1)?;
                }
            }
            Block::Quote { blocks } => tidy(blocks, last, depth + 1)?,
            Block::Table { caption, columns, .. } if columns.is_empty() => {
                return Err(Fault::NoColumns(caption.clone()));
            }
            Block::Table { caption, columns, rows } if rows.iter().any(|row| row.len() != columns.len()) => {
                return Err(Fault::Ragged(caption.clone()));
            }
            _ => {}
        }
    }
    Ok(())
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Block, Column, Fault, Paper, Run};

    fn paper(blocks: Vec<Block>) -> Paper {
        Paper {
            title: "Minutes".to_owned(),
            subtitle: None,
            organization: "Example".to_owned(),
            reference: None,
            language: "en".to_owned(),
            date: "2026-11-23".to_owned(),
            classification: None,
            seal: None,
            blocks,
        }
    }

    #[test]
    fn gaps_between_headings_are_closed() {
        let read =
            paper(vec![Block::heading(3, "a"), Block::heading(6, "b"), Block::heading(1, "c")]).proofread();
        let levels: Vec<u8> = read
            .unwrap()
            .blocks
            .iter()
            .map(|b| match b {
                Block::Heading { level, .. } => *level,
                _ => 0,
            })
            .collect();
        assert_eq!(levels, [1, 2, 1]);
    }

    #[test]
    fn what_cannot_be_printed_is_said() {
        let empty = Paper { title: " ".to_owned(), ..paper(Vec::new()) };
        assert_eq!(empty.proofread(), Err(Fault::NoTitle));
        let column = |label: &str| Column { label: label.to_owned(), figures: false };
        let ragged = Block::Table {
            caption: "Actions".to_owned(),
            columns: vec![column("a"), column("b")],
            rows: vec![vec![vec![Run::plain("1")]]],
        };
        assert_eq!(paper(vec![ragged]).proofread(), Err(Fault::Ragged("Actions".to_owned())));
        let mut deep = vec![Block::words("x")];
        for _ in 0..40 {
            deep = vec![Block::Quote { blocks: deep }];
        }
        assert_eq!(paper(deep).proofread(), Err(Fault::TooDeep));
    }

    #[test]
    fn a_paper_is_its_own_json() {
        let whole = paper(vec![Block::words("Hello"), Block::heading(1, "x")]);
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Paper>(&text).unwrap(), whole);
        assert!(serde_json::from_str::<Paper>(&text.replace("\"title\"", "\"titel\"")).is_err());
    }
}

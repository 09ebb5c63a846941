//! Markdown of people as parts of a paper. Raw HTML and images stay words.

use comrak::nodes::{AstNode, ListType, NodeValue, TableAlignment};
use comrak::{Arena, parse_document};

use crate::{Block, Column, DEEPEST, Run};

/// Reads Markdown into blocks. `below` is the level of the heading under which the text stands: its own headings
/// begin one level deeper. Text that is nested too deep to print is kept as it was written.
pub fn from_markdown(source: &str, below: u8) -> Vec<Block> {
    let marks =
        |line: &str| line.chars().take_while(|c| " \t>*-+".contains(*c)).filter(|c| *c != ' ').count();
    if source.lines().map(marks).max().unwrap_or_default() >= DEEPEST {
        return vec![Block::Code { text: source.to_owned() }];
    }
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.tasklist = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    let arena = Arena::new();
    blocks(parse_document(&arena, source, &options), below)
}

fn blocks<'a>(parent: &'a AstNode<'a>, below: u8) -> Vec<Block> {
    parent.children().filter_map(|node| block(node, below)).collect()
}

fn block<'a>(node: &'a AstNode<'a>, below: u8) -> Option<Block> {
    let data = node.data.borrow();
    Some(match &data.value {
        NodeValue::Heading(heading) => Block::Heading {
            level: heading.level.saturating_add(below),
            text: runs(node).into_iter().map(|run| run.text).collect(),
        },
        NodeValue::Paragraph => Block::Paragraph { runs: runs(node) },
        NodeValue::List(list) => Block::List {
            ordered: list.list_type == ListType::Ordered,
            items: node.children().map(|item| item_of(item, below)).collect(),
        },
        NodeValue::BlockQuote | NodeValue::MultilineBlockQuote(_) => {
            Block::Quote { blocks: blocks(node, below) }
        }
        NodeValue::CodeBlock(code) => Block::Code { text: code.literal.trim_end().to_owned() },
        NodeValue::HtmlBlock(html) => Block::Code { text: html.literal.trim_end().to_owned() },
        NodeValue::Table(table) => table_of(node, &table.alignments),
        _ => return None,
    })
}

/// An item of a list; a task begins with its box.
fn item_of<'a>(item: &'a AstNode<'a>, below: u8) -> Vec<Block> {
    let mut inside = blocks(item, below);
    if let NodeValue::TaskItem(task) = &item.data.borrow().value {
        let mark = if task.symbol.is_some() { "[x] " } else { "[ ] " };
        if let Some(Block::Paragraph { runs }) = inside.first_mut() {
            let rest = std::mem::replace(runs, vec![Run::plain(mark)]);
            for run in rest {
                push(runs, run);
            }
        }
    }
    inside
}

fn table_of<'a>(node: &'a AstNode<'a>, alignments: &[TableAlignment]) -> Block {
    let mut rows: Vec<Vec<Vec<Run>>> =
        node.children().map(|row| row.children().map(|cell| runs(cell)).collect()).collect();
    let head = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
    let columns: Vec<Column> = head
        .into_iter()
        .zip(alignments)
        .map(|(cell, align)| Column {
            label: cell.into_iter().map(|run| run.text).collect(),
            figures: *align == TableAlignment::Right,
        })
        .collect();
    for row in &mut rows {
        row.resize(columns.len(), Vec::new());
    }
    Block::Table { caption: String::new(), columns, rows }
}

fn runs<'a>(node: &'a AstNode<'a>) -> Vec<Run> {
    let mut found = Vec::new();
    for child in node.children() {
        inline(child, &Run::default(), &mut found);
    }
    found
}

fn inline<'a>(node: &'a AstNode<'a>, look: &Run, found: &mut Vec<Run>) {
    let with = |text: &str| Run { text: text.to_owned(), ..look.clone() };
    let mut inner = look.clone();
    match &node.data.borrow().value {
        NodeValue::Text(text) => return push(found, with(text)),
        NodeValue::Code(code) => return push(found, Run { code: true, ..with(&code.literal) }),
        NodeValue::HtmlInline(html) => return push(found, with(html)),
        NodeValue::SoftBreak => return push(found, with(" ")),
        NodeValue::LineBreak => return push(found, with("\n")),
        NodeValue::Strong => inner.strong = true,
        NodeValue::Emph => inner.emphasis = true,
        NodeValue::Link(link) => inner.link = Some(link.url.clone()),
        _ => {}
    }
    for child in node.children() {
        inline(child, &inner, found);
    }
}

/// Adds words; those of the same look are joined.
fn push(found: &mut Vec<Run>, run: Run) {
    if let Some(last) = found.last_mut() {
        let same = Run { text: String::new(), ..last.clone() } == Run { text: String::new(), ..run.clone() };
        if same {
            last.text.push_str(&run.text);
            return;
        }
    }
    found.push(run);
}

#[cfg(test)]
#[allow(clippy::panic, reason = "tests")]
mod tests {
    use super::from_markdown;
    use crate::{Block, Run};

    #[test]
    fn looks_and_links_are_kept() {
        let read = from_markdown("Say **it** and *[there](https://example.org)*, `so`.\nNext", 2);
        let link = Run { emphasis: true, ..Run::to("there", "https://example.org") };
        let code = Run { code: true, ..Run::plain("so") };
        let expected = vec![
            Run::plain("Say "),
            Run::strong("it"),
            Run::plain(" and "),
            link,
            Run::plain(", "),
            code,
            Run::plain(". Next"),
        ];
        assert_eq!(read, [Block::Paragraph { runs: expected }]);
    }

    #[test]
    fn headings_stand_below_the_one_they_are_under() {
        assert_eq!(from_markdown("# A\n\n## B", 2), [Block::heading(3, "A"), Block::heading(4, "B")]);
    }

    #[test]
    fn tables_lists_and_tasks_are_read() {
        let read = from_markdown("| a | b |\n|---|--:|\n| 1 | 2 |\n\n1. x\n   - [x] y\n", 1);
        let [Block::Table { columns, rows, .. }, Block::List { ordered, items }] = read.as_slice() else {
            panic!("{read:?}");
        };
        assert!(!columns[0].figures && columns[1].figures && *ordered);
        assert_eq!(rows[0][1], [Run::plain("2")]);
        let Block::List { items: inner, .. } = &items[0][1] else { panic!("{items:?}") };
        assert_eq!(inner[0][0], Block::words("[x] y"));
    }

    #[test]
    fn commands_and_tags_stay_words() {
        let read = from_markdown("<script>alert(1)</script>\n\n#set page(width: 1pt) $x$ @ref <b>b</b>", 1);
        assert_eq!(read[0], Block::Code { text: "<script>alert(1)</script>".to_owned() });
        assert_eq!(read[1], Block::words("#set page(width: 1pt) $x$ @ref <b>b</b>"));
    }

    #[test]
    fn hostile_nesting_is_printed_as_written() {
        let source = ">".repeat(5_000);
        assert_eq!(from_markdown(&source, 1), [Block::Code { text: source }]);
    }
}

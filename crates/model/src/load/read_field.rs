//! From a KDL node to the tree of one field.

use crate::load::node::Node;
use crate::load::text::{Book, Word, hint};
use crate::load::tree::{FieldTree, OptionTree};

/// Words that open a field.
pub(crate) const KINDS: [&str; 16] = [
    "text", "markdown", "int", "decimal", "money", "duration", "instant", "day", "choice", "choices",
    "yesno", "link", "links", "person", "team", "file",
];

const FIELD_PROPS: [&str; 13] = [
    "label",
    "help",
    "clause",
    "required",
    "search",
    "public",
    "index",
    "retired",
    "hidden",
    "default",
    "was",
    "rule",
    "written_by",
];

/// Reads a field with its options and the rows of its value table.
pub(crate) fn field(node: Node<'_>, book: &mut Book<'_>) -> Option<FieldTree> {
    let kind = node.word();
    let own: &[&str] = match kind {
        "text" | "int" => &["min", "max"],
        "link" | "links" => &["to", "inverse"],
        "choice" => &["table", "override_reason"],
        "person" | "team" => &["inverse"],
        _ => &[],
    };
    let known: Vec<&str> = FIELD_PROPS.iter().chain(own).copied().collect();
    let props = node.props(&known, book);
    let [name] = node.args(["name"], book)?;
    let mut tree = FieldTree {
        kind: kind.to_owned(),
        name,
        label: props.text("label", book),
        help: props.text("help", book),
        clause: props.text("clause", book),
        required: props.yes("required", book),
        search: props.yes("search", book),
        public: props.yes("public", book),
        index: props.yes("index", book),
        retired: props.yes("retired", book),
        hidden: props.yes("hidden", book),
        written_by: props.text("written_by", book),
        default: props.written("default", book),
        was: props.text("was", book),
        rule: props.text("rule", book),
        to: props.text("to", book),
        inverse: props.text("inverse", book),
        min: props.int("min", book),
        max: props.int("max", book),
        table: props.text("table", book),
        override_reason: props.text("override_reason", book),
        ..FieldTree::default()
    };
    if matches!(kind, "choice" | "choices") {
        for child in node.children() {
            match child.word() {
                "option" => tree.options.extend(option(child, book)),
                "row" if tree.table.is_some() => {
                    child.props(&[], book);
                    child.childless(book);
                    let cells: Vec<Word> = child.marked_args(book).into_iter().map(|(w, _)| w).collect();
                    if cells.is_empty() {
                        book.mistake(child.spot(), "a row names an option and then its results");
                    } else {
                        tree.rows.push(cells);
                    }
                }
                other => {
                    let hint = hint(other, ["option", "row"]);
                    book.mistake(child.spot(), format!("a choice has no `{other}`{hint}"));
                }
            }
        }
    } else {
        node.childless(book);
    }
    Some(tree)
}

fn option(node: Node<'_>, book: &mut Book<'_>) -> Option<OptionTree> {
    let props = node.props(&["label", "tone", "help"], book);
    node.childless(book);
    let [name] = node.args(["name"], book)?;
    let (label, tone, help) = (props.text("label", book), props.text("tone", book), props.text("help", book));
    Some(OptionTree { name, label, tone, help })
}

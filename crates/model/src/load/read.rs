//! From KDL text to the tree of declarations: knows which words may stand where, resolves nothing.

use crate::load::node::{Node, Props};
use crate::load::read_field::{KINDS, field};
use crate::load::reading;
use crate::load::text::{Book, Spot, Word, hint};
use crate::load::tree::{
    ClockTree, ExampleTree, FieldTree, GuardTree, SectionTree, StateTree, TransitionTree, TypeTree, ViewTree,
};
use crate::load::{collect, draw, fixed};
use crate::written::{self, Slip};

const INSIDE: [&str; 22] = [
    "section",
    "clause",
    "family",
    "title",
    "aspect",
    "rule",
    "state",
    "transition",
    "clock",
    "list",
    "view",
    "collect",
    "narrow",
    "version_of",
    "readers",
    "fixed",
    "requesters_enter",
    "chart",
    "timeline",
    "permit",
    "example",
    "guard",
];
/// Longest text of one file, in bytes.
const FILE_MAX: usize = 64 << 10;
/// Deepest nesting of braces.
const DEPTH_MAX: usize = 16;

/// Reads every declaration of one file.
pub(crate) fn file(at: usize, book: &mut Book<'_>) -> Vec<TypeTree> {
    let source = &book.files[at];
    let top = Spot { file: at, start: 0, end: 0 };
    if source.text.len() > FILE_MAX {
        book.torn = true;
        book.mistake(top, "a file of declarations may have at most 64 KiB; divide it");
        return Vec::new();
    }
    if let Some(deep) = too_deep(&source.text) {
        book.torn = true;
        book.mistake(Spot { start: deep, end: deep + 1, ..top }, "braces are nested too deeply");
        return Vec::new();
    }
    let nodes = match written::read(&source.text) {
        Some(Ok(nodes)) => nodes,
        Some(Err(slips)) => {
            syntax(at, &slips, book);
            return Vec::new();
        }
        None => {
            book.torn = true;
            book.mistake(top, "there is not enough memory to read this file");
            return Vec::new();
        }
    };
    let mut types = Vec::new();
    for raw in &nodes {
        let node = Node::new(raw, at);
        match node.word() {
            "record" => types.extend(record(node, book)),
            "extend" => types.extend(extend(node, book)),
            other => {
                let hint = hint(other, ["record", "extend"]);
                book.mistake(node.spot(), format!("`{other}` cannot stand at the top of a file{hint}"));
            }
        }
    }
    types
}

fn syntax(at: usize, slips: &[Slip], book: &mut Book<'_>) {
    book.torn = true;
    // one slip makes the parser say several things: the first of each line is the useful one
    let text = &book.files[at].text;
    let mut lines = Vec::new();
    let mut said = Vec::new();
    for slip in slips {
        let start = slip.span.start.min(text.len());
        let line = text.as_bytes()[..start].iter().filter(|b| **b == b'\n').count();
        if lines.contains(&line) || lines.len() >= 5 {
            continue;
        }
        lines.push(line);
        let help = slip.help.as_ref().map_or(String::new(), |h| format!(". {h}"));
        let end = slip.span.end.max(start + 1);
        said.push((Spot { file: at, start, end }, format!("this is not KDL: {}{help}", slip.message)));
    }
    for (spot, message) in said {
        book.mistake(spot, message);
    }
}

/// The place where braces or comments stand deeper in each other than any declaration needs: the parser calls
/// itself for each, and would run out of stack. Those in texts count too; there are none worth mentioning.
fn too_deep(text: &str) -> Option<usize> {
    let (mut braces, mut comments) = (0_usize, 0_usize);
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let mut width = 1;
        match (bytes[i], bytes.get(i + 1)) {
            (b'{', _) => braces += 1,
            (b'}', _) => braces = braces.saturating_sub(1),
            (b'/', Some(b'*')) => (comments, width) = (comments + 1, 2),
            (b'*', Some(b'/')) => (comments, width) = (comments.saturating_sub(1), 2),
            _ => {}
        }
        if braces > DEPTH_MAX || comments > DEPTH_MAX {
            return Some(i);
        }
        i += width;
    }
    None
}

fn record(node: Node<'_>, book: &mut Book<'_>) -> Option<TypeTree> {
    let props = node.props(&["reference", "label", "plural", "menu"], book);
    let [name] = node.args(["name"], book)?;
    let mut tree = TypeTree {
        name,
        reference: props.text("reference", book),
        label: props.text("label", book),
        plural: props.text("plural", book),
        menu: props.yes("menu", book),
        ..common(node, book)
    };
    if tree.reference.is_none() {
        book.mistake(node.spot(), "a record needs `reference`, such as reference=\"INC\"");
    }
    children(node, &mut tree, book);
    Some(tree)
}

fn extend(node: Node<'_>, book: &mut Book<'_>) -> Option<TypeTree> {
    node.props(&[], book);
    let [name] = node.args(["name"], book)?;
    let mut tree = TypeTree { name, extends: true, ..common(node, book) };
    children(node, &mut tree, book);
    Some(tree)
}

fn common(node: Node<'_>, book: &Book<'_>) -> TypeTree {
    let spot = node.stretch();
    let file = &book.files[spot.file];
    let source = file.text.get(spot.start..spot.end).unwrap_or_default().to_owned();
    TypeTree {
        doc: comment_above(&file.text, spot.start),
        sources: vec![source],
        file: file.name.clone(),
        ..TypeTree::default()
    }
}

/// The lines of comment directly above a position, without their marks.
fn comment_above(text: &str, at: usize) -> String {
    let above = text.get(..at).unwrap_or_default();
    let above = &above[..above.rfind('\n').map_or(0, |i| i + 1)];
    let mut lines: Vec<&str> = above
        .lines()
        .rev()
        .map(str::trim)
        .take_while(|l| l.starts_with("//"))
        .map(|l| l[2..].trim())
        .collect();
    lines.reverse();
    lines.join("\n")
}

fn children(node: Node<'_>, tree: &mut TypeTree, book: &mut Book<'_>) {
    for child in node.children() {
        match child.word() {
            "section" => section(child, tree, book),
            kind if KINDS.contains(&kind) => {
                if let Some(field) = field(child, book) {
                    loose(tree, field);
                }
            }
            "clause" => tree.clauses.extend(words(child, book)),
            "aspect" => tree.aspects.extend(words(child, book)),
            "rule" => tree.rules.extend(words(child, book)),
            "family" => once(child, &mut tree.family, book),
            "title" => once(child, &mut tree.title, book),
            "state" => tree.states.extend(state(child, book)),
            "transition" => tree.transitions.extend(transition(child, book)),
            "guard" if tree.extends => {
                child.childless(book);
                if let Some([name, condition]) = child.args(["transition", "condition"], book) {
                    tree.guards.push((name, guard(child, condition, book)));
                }
            }
            "clock" => tree.clocks.extend(clock(child, book)),
            "list" => list(child, tree, book),
            "view" => tree.views.extend(view(child, book)),
            "collect" => tree.collections.extend(collect::read(child, book)),
            "narrow" => again(child, &mut tree.narrow, reading::narrow(child, book), book),
            "version_of" => again(child, &mut tree.version_of, reading::version_of(child, book), book),
            "readers" => again(child, &mut tree.readers, reading::readers(child, book), book),
            "fixed" => tree.fixed.extend(fixed::read(child, book)),
            "requesters_enter" => tree.requesters_enter.extend(words(child, book)),
            "chart" => tree.charts.extend(draw::chart(child, book)),
            "timeline" => tree.timelines.extend(draw::timeline(child, book)),
            "permit" => {
                child.props(&[], book);
                child.childless(book);
                if let Some([role, actions]) = child.args(["role", "what it may do"], book) {
                    tree.permits.push((role, actions));
                }
            }
            "example" => tree.examples.extend(example(child, book)),
            other => {
                let hint = hint(other, INSIDE.iter().chain(&KINDS).copied());
                book.mistake(child.spot(), format!("unknown word `{other}`{hint}"));
            }
        }
    }
}

/// Takes what may stand once.
fn again<T>(node: Node<'_>, slot: &mut Option<T>, found: Option<T>, book: &mut Book<'_>) {
    if slot.is_some() {
        book.mistake(node.spot(), format!("`{}` is given twice", node.word()));
    }
    *slot = found.or(slot.take());
}

/// Fields outside a section stand under a heading of their own.
fn loose(tree: &mut TypeTree, field: FieldTree) {
    match tree.sections.iter_mut().find(|s| s.label == "General") {
        Some(section) => section.fields.push(field),
        None => tree.sections.push(SectionTree { label: "General".to_owned(), fields: vec![field] }),
    }
}

fn words(node: Node<'_>, book: &mut Book<'_>) -> Vec<Word> {
    node.props(&[], book);
    node.childless(book);
    let given: Vec<Word> = node.marked_args(book).iter().flat_map(|(w, _)| w.split()).collect();
    if given.is_empty() {
        book.mistake(node.spot(), format!("`{0}` is written `{0} \"name\"`", node.word()));
    }
    given
}

fn once(node: Node<'_>, slot: &mut Option<Word>, book: &mut Book<'_>) {
    node.props(&[], book);
    node.childless(book);
    let Some([word]) = node.args(["name"], book) else { return };
    if slot.is_some() {
        book.mistake(node.spot(), format!("`{}` is given twice", node.word()));
    }
    *slot = Some(word);
}

fn section(node: Node<'_>, tree: &mut TypeTree, book: &mut Book<'_>) {
    node.props(&[], book);
    let Some([label]) = node.args(["heading"], book) else { return };
    let mut fields = Vec::new();
    for child in node.children() {
        if KINDS.contains(&child.word()) {
            fields.extend(field(child, book));
        } else {
            let hint = hint(child.word(), KINDS);
            book.mistake(child.spot(), format!("`{}` is not a kind of field{hint}", child.word()));
        }
    }
    match tree.sections.iter_mut().find(|s| s.label == label.text) {
        Some(section) => section.fields.extend(fields),
        None => tree.sections.push(SectionTree { label: label.text, fields }),
    }
}

fn state(node: Node<'_>, book: &mut Book<'_>) -> Option<StateTree> {
    let props = node.props(&["label", "kind", "requires", "aside"], book);
    node.childless(book);
    let [name] = node.args(["name"], book)?;
    Some(StateTree {
        name,
        label: props.text("label", book),
        kind: props.text("kind", book),
        requires: props.words("requires", book),
        aside: props.yes("aside", book),
    })
}

fn guard(node: Node<'_>, condition: Word, book: &mut Book<'_>) -> GuardTree {
    let props = node.props(&["clause", "says", "apart_from", "two_hands"], book);
    GuardTree {
        condition,
        clause: props.text("clause", book),
        says: props.text("says", book),
        apart_from: props.text("apart_from", book),
        two_hands: props.yes("two_hands", book),
    }
}

fn transition(node: Node<'_>, book: &mut Book<'_>) -> Option<TransitionTree> {
    let known = ["label", "from", "to", "role", "requires", "offers", "key", "primary", "at"];
    let props = node.props(&known, book);
    let [name] = node.args(["name"], book)?;
    let mut tree = TransitionTree {
        name,
        label: props.text("label", book),
        from: props.words("from", book),
        to: props.text("to", book),
        roles: props.words("role", book),
        requires: props.words("requires", book),
        offers: props.words("offers", book),
        key: props.text("key", book),
        primary: props.yes("primary", book),
        guards: Vec::new(),
        sets: Vec::new(),
        at: props.text("at", book),
    };
    for child in node.children() {
        child.childless(book);
        match child.word() {
            "guard" => {
                if let Some([condition]) = child.args(["condition"], book) {
                    tree.guards.push(guard(child, condition, book));
                }
            }
            "set" => {
                child.props(&[], book);
                tree.sets.extend(child.args(["field", "value"], book).map(|[f, v]| (f, v)));
            }
            other => {
                let hint = hint(other, ["guard", "set"]);
                book.mistake(child.spot(), format!("a transition has no `{other}`{hint}"));
            }
        }
    }
    Some(tree)
}

fn clock(node: Node<'_>, book: &mut Book<'_>) -> Option<ClockTree> {
    let known = [
        "label", "start", "pause", "when", "stop", "until", "retarget", "reopen", "at_risk", "holder",
        "while",
    ];
    let props: Props<'_> = node.props(&known, book);
    node.childless(book);
    let [name] = node.args(["name"], book)?;
    Some(ClockTree {
        name,
        label: props.text("label", book),
        start: props.text("start", book),
        pause: props.words("pause", book),
        when: props.text("when", book),
        stop: props.words("stop", book),
        until: props.text("until", book),
        retarget: props.text("retarget", book),
        reopen: props.text("reopen", book),
        at_risk: props.int("at_risk", book),
        holder: props.text("holder", book),
        held_while: props.text("while", book),
    })
}

fn list(node: Node<'_>, tree: &mut TypeTree, book: &mut Book<'_>) {
    node.props(&[], book);
    node.childless(book);
    for (word, mark) in node.marked_args(book) {
        if let Some(mark) = mark.as_deref().filter(|m| *m != "spare") {
            let hint = hint(mark, ["spare"]);
            book.mistake(word.spot, format!("unknown mark `({mark})`{hint}"));
        }
        tree.list.push((word, mark.is_some()));
    }
}

fn view(node: Node<'_>, book: &mut Book<'_>) -> Option<ViewTree> {
    let props = node.props(&["label", "sort", "descending", "needs"], book);
    let [name] = node.args(["name"], book)?;
    let (label, sort) = (props.text("label", book), props.text("sort", book));
    let (descending, needs) = (props.yes("descending", book), props.yes("needs", book));
    let mut condition = None;
    for child in node.children() {
        if child.word() == "where" {
            once(child, &mut condition, book);
        } else {
            let hint = hint(child.word(), ["where"]);
            book.mistake(child.spot(), format!("a view has no `{}`{hint}", child.word()));
        }
    }
    Some(ViewTree { name, label, sort, descending, needs, condition })
}

fn example(node: Node<'_>, book: &mut Book<'_>) -> Option<ExampleTree> {
    node.props(&[], book);
    let [title] = node.args(["what it shows"], book)?;
    let mut tree = ExampleTree { title, ..ExampleTree::default() };
    for child in node.children() {
        child.childless(book);
        match child.word() {
            "given" => tree.given.extend(child.pairs(book)),
            "change" => tree.change.extend(child.pairs(book)),
            "expect" => tree.expect.extend(child.pairs(book)),
            "take" => {
                tree.change.extend(child.pairs(book));
                tree.transition = child.args(["transition"], book).map(|[t]| t);
            }
            "refuse" => {
                let props = child.props(&["because"], book);
                let mut names = child.marked_args(book).into_iter().map(|(w, _)| w);
                tree.transition = names.next().or(tree.transition.take());
                if let Some(extra) = names.next() {
                    book.mistake(extra.spot, "`refuse` names one transition");
                }
                tree.because = props.text("because", book);
                if tree.because.is_none() {
                    book.mistake(child.spot(), "`refuse` says why: because=\"the field, clause or a word\"");
                }
            }
            other => {
                let hint = hint(other, ["given", "change", "take", "refuse", "expect"]);
                book.mistake(child.spot(), format!("an example has no `{other}`{hint}"));
            }
        }
    }
    Some(tree)
}

//! Puts declarations and their extensions together: one tree for each type. An extension adds, it never changes.

use indexmap::IndexMap;

use crate::load::text::{Book, Word, hint};
use crate::load::tree::{StateTree, TransitionTree, TypeTree};
use crate::registry::{RESERVED, RESERVED_PREFIXES};

/// One tree for each declared name, in order of declaration.
pub(crate) fn merge(trees: Vec<TypeTree>, book: &mut Book<'_>) -> IndexMap<String, TypeTree> {
    let mut types: IndexMap<String, TypeTree> = IndexMap::new();
    let (extensions, records): (Vec<TypeTree>, Vec<TypeTree>) = trees.into_iter().partition(|t| t.extends);
    for mut tree in records {
        let name = tree.name.text.clone();
        name_of_type(&tree.name, book);
        if let Some(first) = types.get(&name) {
            let message = format!(
                "`{name}` is already declared in {}; to add to it write extend \"{name}\" {{ … }}",
                first.file
            );
            book.mistake(tree.name.spot, message);
            continue;
        }
        if tree.states.is_empty() && tree.transitions.is_empty() {
            implicit_workflow(&mut tree);
        }
        types.insert(name, tree);
    }
    for extension in extensions {
        let name = &extension.name;
        if types.contains_key(&name.text) {
            if let Some(tree) = types.get_mut(&name.text) {
                extend(tree, extension, book);
            }
        } else {
            let hint = hint(&name.text, types.keys().map(String::as_str));
            book.mistake(name.spot, format!("there is no record type `{}` to extend{hint}", name.text));
        }
    }
    types
}

fn name_of_type(name: &Word, book: &mut Book<'_>) {
    let text = name.text.as_str();
    if !is_name(text) {
        book.mistake(name.spot, format!("`{text}` is not a name: small letters, digits and _, at most 40"));
    }
    let taken = RESERVED.contains(&text) || RESERVED_PREFIXES.iter().any(|p| text.starts_with(p));
    if taken {
        book.mistake(name.spot, format!("`{text}` is a name of the engine's own tables; choose another"));
    }
}

/// Whether a text can be the name of a type, field, state, option and so on.
pub(crate) fn is_name(text: &str) -> bool {
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    starts
        && text.len() <= 40
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A type that declares no states is in use or retired.
fn implicit_workflow(tree: &mut TypeTree) {
    let word = |text: &str| Word { text: text.to_owned(), spot: tree.name.spot };
    let state = |name: &str, label: &str, kind: &str, aside| StateTree {
        name: word(name),
        label: Some(word(label)),
        kind: Some(word(kind)),
        requires: Vec::new(),
        aside,
    };
    let transition = |name: &str, label: &str, from: &str, to: &str| TransitionTree {
        name: word(name),
        label: Some(word(label)),
        from: vec![word(from)],
        to: Some(word(to)),
        roles: Vec::new(),
        requires: Vec::new(),
        offers: Vec::new(),
        key: None,
        primary: false,
        guards: Vec::new(),
        sets: Vec::new(),
        at: None,
    };
    let states = vec![state("active", "Active", "open", false), state("retired", "Retired", "closed", true)];
    let transitions = vec![
        transition("retire", "Retire", "active", "retired"),
        transition("restore", "Restore", "retired", "active"),
    ];
    tree.states = states;
    tree.transitions = transitions;
}

fn extend(tree: &mut TypeTree, added: TypeTree, book: &mut Book<'_>) {
    let fixed = added.family.iter().chain(&added.title).chain(added.permits.iter().map(|(role, _)| role));
    let narrow = added.narrow.iter().map(|n| &n.condition);
    let asks = added.version_of.iter().map(|v| &v.link).chain(added.readers.iter().map(|r| &r.ask));
    for word in fixed.chain(narrow).chain(asks) {
        let message = "an extension adds fields, states, transitions, guards, views, list columns and examples; \
                       family, title and permissions stay as declared";
        book.mistake(word.spot, message);
    }
    for section in added.sections {
        match tree.sections.iter_mut().find(|s| s.label == section.label) {
            Some(present) => present.fields.extend(section.fields),
            None => tree.sections.push(section),
        }
    }
    tree.clauses.extend(added.clauses);
    tree.aspects.extend(added.aspects);
    tree.rules.extend(added.rules);
    tree.states.extend(added.states);
    tree.transitions.extend(added.transitions);
    tree.clocks.extend(added.clocks);
    tree.list.extend(added.list);
    tree.views.extend(added.views);
    tree.collections.extend(added.collections);
    tree.charts.extend(added.charts);
    tree.timelines.extend(added.timelines);
    tree.fixed.extend(added.fixed);
    tree.requesters_enter.extend(added.requesters_enter);
    tree.examples.extend(added.examples);
    tree.sources.extend(added.sources);
    for (name, guard) in added.guards {
        match tree.transitions.iter_mut().find(|t| t.name.text == name.text) {
            Some(transition) => transition.guards.push(guard),
            None => {
                let hint = hint(&name.text, tree.transitions.iter().map(|t| t.name.text.as_str()));
                let message = format!("`{}` has no transition `{}`{hint}", tree.name.text, name.text);
                book.mistake(name.spot, message);
            }
        }
    }
}

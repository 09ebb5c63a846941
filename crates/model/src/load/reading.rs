//! Who sees which records (`narrow`), what records are versions of (`version_of`), and who is asked to acknowledge
//! them (`readers`).

use indexmap::IndexMap;
use proofdesk_condition::check;

use crate::access::ROLES;
use crate::field::Kind;
use crate::load::conditions::checked;
use crate::load::node::{Node, Props};
use crate::load::text::{Book, Word, hint};
use crate::load::tree::{NarrowTree, ReadersTree, TypeTree, VersionTree};
use crate::record_type::{Narrow, ReaderGroup, Readers, RecordType, VersionOf};
use crate::registry::Registry;

/// Type of those who are asked.
const PERSON: &str = "person";

/// Reads `narrow`.
pub(crate) fn narrow(node: Node<'_>, book: &mut Book<'_>) -> Option<NarrowTree> {
    let props = node.props(&["except"], book);
    node.args([], book)?;
    let mut condition = None;
    for child in node.children() {
        if child.word() == "where" {
            condition = condition_of(child, book);
        } else {
            unknown(child, "a narrowing", &["where"], book);
        }
    }
    if condition.is_none() {
        book.mistake(node.spot(), "a narrowing says who sees a record: where \"condition\"");
    }
    Some(NarrowTree { except: props.words("except", book), condition: condition? })
}

/// Reads `version_of`.
pub(crate) fn version_of(node: Node<'_>, book: &mut Book<'_>) -> Option<VersionTree> {
    let props = node.props(&["content", "file", "edition", "digest", "follows", "template", "changed"], book);
    node.childless(book);
    let [link] = node.args(["link"], book)?;
    let (content, edition) = (needed(node, &props, "content", book)?, needed(node, &props, "edition", book)?);
    Some(VersionTree {
        link,
        content,
        file: props.text("file", book),
        edition,
        digest: props.text("digest", book),
        follows: props.text("follows", book),
        template: props.text("template", book),
        changed: props.text("changed", book),
    })
}

/// Reads `readers`.
pub(crate) fn readers(node: Node<'_>, book: &mut Book<'_>) -> Option<ReadersTree> {
    let props = node.props(&["at", "person", "due", "done", "since", "digest", "seen_by"], book);
    let [ask] = node.args(["record type"], book)?;
    let (mut condition, mut groups) = (None, Vec::new());
    for child in node.children() {
        match child.word() {
            "where" => condition = condition_of(child, book),
            "people" => {
                let when = child.props(&["when"], book).text("when", book);
                child.childless(book);
                let people = child.args(["condition over people"], book);
                if when.is_none() {
                    book.mistake(child.spot(), "say for which records these people are: when=\"condition\"");
                }
                groups.extend(people.zip(when).map(|([people], when)| (people, when)));
            }
            _ => unknown(child, "`readers`", &["where", "people"], book),
        }
    }
    if condition.is_none() || groups.is_empty() {
        book.mistake(node.spot(), "`readers` says which records ask (where) and whom (people)");
    }
    Some(ReadersTree {
        ask,
        at: needed(node, &props, "at", book)?,
        person: needed(node, &props, "person", book)?,
        due: needed(node, &props, "due", book)?,
        done: needed(node, &props, "done", book)?,
        since: needed(node, &props, "since", book)?,
        digest: props.text("digest", book),
        seen_by: props.words("seen_by", book),
        condition: condition?,
        groups,
    })
}

fn condition_of(node: Node<'_>, book: &mut Book<'_>) -> Option<Word> {
    node.props(&[], book);
    node.childless(book);
    node.args(["condition"], book).map(|[c]| c)
}

fn unknown(child: Node<'_>, whose: &str, known: &[&'static str], book: &mut Book<'_>) {
    let hint = hint(child.word(), known.iter().copied());
    book.mistake(child.spot(), format!("{whose} has no `{}`{hint}", child.word()));
}

fn needed(node: Node<'_>, props: &Props<'_>, name: &str, book: &mut Book<'_>) -> Option<Word> {
    let found = props.text(name, book);
    if found.is_none() {
        book.mistake(node.spot(), format!("`{}` needs `{name}`", node.word()));
    }
    found
}

/// Builds all three for every type, once all types are there.
pub(crate) fn place(trees: &IndexMap<String, TypeTree>, registry: &mut Registry, book: &mut Book<'_>) {
    for (name, tree) in trees {
        let Some(of) = registry.get(name).cloned() else { continue };
        let narrow = tree.narrow.as_ref().and_then(|n| narrowing(n, name, registry, book));
        let version_of = tree.version_of.as_ref().and_then(|v| version(v, &of, registry, book));
        let readers = tree.readers.as_ref().and_then(|r| asked(r, &of, registry, book));
        drop(of);
        if narrow.is_some() || version_of.is_some() || readers.is_some() {
            registry.amend(name, |of| {
                of.narrow = narrow;
                of.version_of = version_of;
                of.readers = readers;
            });
        }
    }
}

fn narrowing(tree: &NarrowTree, name: &str, registry: &Registry, book: &mut Book<'_>) -> Option<Narrow> {
    roles(&tree.except, book);
    let condition = checked(&tree.condition, name, registry, book)?;
    Some(Narrow { except: tree.except.iter().map(|r| r.text.clone()).collect(), condition })
}

fn roles(named: &[Word], book: &mut Book<'_>) {
    for role in named.iter().filter(|role| !ROLES.contains(&role.text.as_str())) {
        let hint = hint(&role.text, ROLES);
        book.mistake(role.spot, format!("there is no role `{}`{hint}", role.text));
    }
}

fn is_of(of: &RecordType, word: &Word, what: &str, fits: fn(&Kind) -> bool, book: &mut Book<'_>) -> bool {
    let found = of.field(&word.text).is_some_and(|f| fits(&f.kind));
    if !found {
        book.mistake(word.spot, format!("`{}` is no {what} of {}", word.text, of.name));
    }
    found
}

fn is_person(kind: &Kind) -> bool {
    matches!(kind, Kind::Person) || matches!(kind, Kind::Link { to, .. } if to == PERSON)
}

fn version(
    tree: &VersionTree,
    of: &RecordType,
    registry: &Registry,
    book: &mut Book<'_>,
) -> Option<VersionOf> {
    let link = |kind: &Kind| matches!(kind, Kind::Link { .. });
    let mut fits = is_of(of, &tree.link, "link", link, book);
    fits &= is_of(of, &tree.content, "formatted text", |k| matches!(k, Kind::Markdown), book);
    fits &= is_of(of, &tree.edition, "line of text", |k| matches!(k, Kind::Text { .. }), book);
    if let Some(file) = &tree.file {
        fits &= is_of(of, file, "file", |k| matches!(k, Kind::File), book);
    }
    if let Some(digest) = &tree.digest {
        fits &= is_of(of, digest, "line of text", |k| matches!(k, Kind::Text { .. }), book);
    }
    if let Some(follows) = &tree.follows {
        fits &= is_of(of, follows, "link", link, book);
    }
    if let Some(changed) = &tree.changed {
        fits &= is_of(of, changed, "formatted text", |k| matches!(k, Kind::Markdown), book);
    }
    let whole = of.field(&tree.link.text).and_then(|f| f.target())?.to_owned();
    if let (Some(template), Some(whole)) = (&tree.template, registry.get(&whole)) {
        fits &= is_of(whole, template, "line of text", |k| matches!(k, Kind::Text { .. }), book);
    }
    let text = |word: &Option<Word>| word.as_ref().map(|w| w.text.clone());
    fits.then(|| VersionOf {
        link: tree.link.text.clone(),
        whole,
        content: tree.content.text.clone(),
        file: text(&tree.file),
        edition: tree.edition.text.clone(),
        digest: text(&tree.digest),
        follows: text(&tree.follows),
        template: text(&tree.template),
        changed: text(&tree.changed),
    })
}

fn asked(tree: &ReadersTree, of: &RecordType, registry: &Registry, book: &mut Book<'_>) -> Option<Readers> {
    let Some(ask) = registry.get(&tree.ask.text) else {
        let hint = hint(&tree.ask.text, registry.types().map(|t| t.name.as_str()));
        book.mistake(tree.ask.spot, format!("there is no record type `{}`{hint}", tree.ask.text));
        return None;
    };
    let mut fits = is_of(ask, &tree.at, "link", |k| matches!(k, Kind::Link { .. }), book);
    fits &= is_of(ask, &tree.person, "person", is_person, book);
    fits &= is_of(ask, &tree.due, "instant", |k| matches!(k, Kind::Instant), book);
    fits &= is_of(of, &tree.since, "instant", |k| matches!(k, Kind::Instant), book);
    if let Some(digest) = &tree.digest {
        fits &= is_of(ask, digest, "line of text", |k| matches!(k, Kind::Text { .. }), book);
    }
    let done = ask.transition(&tree.done.text);
    if done.is_none() {
        book.mistake(tree.done.spot, format!("{} has no transition `{}`", ask.name, tree.done.text));
    }
    roles(&tree.seen_by, book);
    let condition = checked(&tree.condition, &of.name, registry, book)?;
    let mut groups = Vec::new();
    for (people, when) in &tree.groups {
        let when = checked(when, &of.name, registry, book)?;
        people_of(people, of, registry, book)?;
        groups.push(ReaderGroup { when, people: people.text.clone() });
    }
    fits.then_some(())?;
    Some(Readers {
        ask: ask.name.clone(),
        at: tree.at.text.clone(),
        person: tree.person.text.clone(),
        due: tree.due.text.clone(),
        done: tree.done.text.clone(),
        given: done?.to.clone(),
        since: tree.since.text.clone(),
        digest: tree.digest.as_ref().map(|w| w.text.clone()),
        seen_by: tree.seen_by.iter().map(|r| r.text.clone()).collect(),
        condition,
        groups,
    })
}

/// Checks a condition over people, with some record in the place of each `{link}`.
fn people_of(people: &Word, of: &RecordType, registry: &Registry, book: &mut Book<'_>) -> Option<()> {
    let sample = |field: &str| {
        let to = of.field(field).and_then(|f| f.target())?;
        registry.get(to).map(|t| t.reference(1))
    };
    let Some(source) = filled(&people.text, sample) else {
        let message = format!("`{{…}}` in it names a link of {}", of.name);
        book.mistake(people.spot, message);
        return None;
    };
    if let Err(mistakes) = check(&source, PERSON, registry) {
        for mistake in mistakes {
            book.mistake(people.spot, mistake.message);
        }
        return None;
    }
    Some(())
}

/// A condition over people with each `{link}` replaced; none where one of them is no link.
pub(crate) fn filled(people: &str, reference: impl Fn(&str) -> Option<String>) -> Option<String> {
    let (mut made, mut rest) = (String::new(), people);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        made.push_str(before);
        made.push_str(&reference(name)?);
        rest = after;
    }
    made.push_str(rest);
    Some(made)
}

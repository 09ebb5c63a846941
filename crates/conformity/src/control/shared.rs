//! What frameworks share: existing tests that serve further requirements (`use`), and requirements set beside each
//! other (`mapping`).

use crate::control::load::{Known, Served, read_serves};
use crate::control::{Controls, Serves};
use crate::mapping::{Mapping, Strength};
use crate::reader::{Mistake, Node};

/// Reads `use "incident.recorded" { serves "nist-csf" "RS.MA-03" partial="…"; }`. All tests are read before.
pub(super) fn read_use(
    node: Node<'_>,
    known: &Known<'_>,
    controls: &mut Controls,
    mistakes: &mut Vec<Mistake>,
) {
    node.only(&[], mistakes);
    let Some([id]) = node.exactly(["test"], mistakes) else { return };
    let mut found: Vec<Serves> = Vec::new();
    for child in node.children() {
        match child.word() {
            "serves" => match read_serves(child, known, mistakes) {
                Served::Here(serves) => found.push(serves),
                Served::Dormant | Served::Wrong => {}
            },
            _ => child.unknown(&["serves"], mistakes),
        }
    }
    let Some(test) = controls.tests.get_mut(&id) else {
        if !controls.dormant.contains(&id) {
            node.mistake(format!("there is no test `{id}`"), mistakes);
        }
        return;
    };
    for serves in found {
        let same = |s: &&Serves| s.framework == serves.framework && s.obligation == serves.obligation;
        if test.serves.iter().any(|s| same(&s)) {
            node.mistake(format!("test {id} serves {} already", serves.obligation), mistakes);
        } else {
            test.serves.push(serves);
        }
    }
}

/// Reads `mapping from="a" to="b" { maps "1" "subset" "2" says="…"; }`.
pub(super) fn read_mapping(
    node: Node<'_>,
    known: &Known<'_>,
    controls: &mut Controls,
    mistakes: &mut Vec<Mistake>,
) {
    node.only(&["from", "to"], mistakes);
    let (Some(from), Some(to)) = (node.required("from", mistakes), node.required("to", mistakes)) else {
        return;
    };
    if from == to {
        node.mistake("a mapping goes from one framework to another", mistakes);
    }
    for child in node.children() {
        if child.word() != "maps" {
            child.unknown(&["maps"], mistakes);
            continue;
        }
        child.only(&["says"], mistakes);
        let says = child.text_of("says", mistakes);
        let Some([source, strength, target]) = child.exactly(["source", "strength", "target"], mistakes)
        else {
            continue;
        };
        let words: Vec<&str> = Strength::ALL.iter().map(|(word, _)| *word).collect();
        let strength = Strength::ALL.iter().find(|(word, _)| *word == strength).map(|(_, s)| *s);
        let Some(strength) = strength else {
            child.mistake(format!("the strength is one of: {}", words.join(", ")), mistakes);
            continue;
        };
        let ends = [(&from, source), (&to, target)]
            .map(|(framework, id)| known.require(child, framework, &id, mistakes).of(framework.clone(), id));
        let [Served::Here(source), Served::Here(target)] = ends else { continue };
        let mapping = Mapping { source, target, strength, says, place: child.place() };
        let same = |m: &&Mapping| m.source == mapping.source && m.target == mapping.target;
        if let Some(first) = controls.mappings.iter().find(same) {
            let message = format!("this pair is mapped already, at {}", first.place);
            child.mistake(message, mistakes);
            continue;
        }
        controls.mappings.push(mapping);
    }
}

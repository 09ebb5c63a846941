//! The second pass: conditions need the whole registry as their schema.

use indexmap::IndexMap;
use proofdesk_condition::{Condition, check};

use crate::field::Field;
use crate::load::fields::clause_form;
use crate::load::node::inside;
use crate::load::text::{Book, Word};
use crate::load::tree::TypeTree;
use crate::registry::Registry;
use crate::workflow::Guard;

/// What belongs into one type once its conditions are checked.
struct Found {
    name: String,
    /// By position of the transition.
    guards: Vec<Vec<Guard>>,
    /// By position of the view.
    views: Vec<Option<Condition>>,
    /// By position of the clock: when it pauses, and when its holder has the record.
    pauses: Vec<(Option<Condition>, Option<Condition>)>,
}

/// Checks every condition and puts it in its place.
pub(crate) fn place(trees: &IndexMap<String, TypeTree>, registry: &mut Registry, book: &mut Book<'_>) {
    let mut all = Vec::new();
    for (name, tree) in trees {
        all.push(conditions(name, tree, registry, book));
    }
    for found in all {
        registry.amend(&found.name, |of| {
            for (transition, guards) in of.transitions.iter_mut().zip(found.guards) {
                transition.guards = guards;
            }
            for (view, condition) in of.views.iter_mut().zip(found.views) {
                view.condition = condition;
            }
            for (clock, condition) in of.clocks.iter_mut().zip(found.pauses) {
                (clock.pause_when, clock.held_while) = condition;
            }
        });
    }
}

fn conditions(name: &str, tree: &TypeTree, registry: &Registry, book: &mut Book<'_>) -> Found {
    let mut guards = Vec::new();
    for transition in &tree.transitions {
        let mut of_transition = Vec::new();
        for written in &transition.guards {
            if let Some(clause) = &written.clause {
                clause_form(clause, book);
            }
            let Some(says) = &written.says else {
                book.mistake(written.condition.spot, "a guard says what is missing: says=\"…\"");
                continue;
            };
            if let Some(condition) = checked(&written.condition, name, registry, book) {
                in_memory(&condition, &written.condition, name, registry, book);
                let text = |word: &Option<Word>| word.as_ref().map(|w| w.text.clone());
                if let Some(from) = &written.apart_from {
                    apart_from(from, name, registry, book);
                }
                of_transition.push(Guard {
                    condition,
                    clause: text(&written.clause),
                    says: says.text.clone(),
                    apart_from: text(&written.apart_from),
                    two_hands: written.two_hands,
                });
            }
        }
        guards.push(of_transition);
    }
    let own = |word: &Option<Word>, book: &mut Book<'_>| {
        let word = word.as_ref()?;
        let condition = checked(word, name, registry, book)?;
        if condition.fields().iter().any(|f| !f.steps.is_empty()) {
            let message = "a clock goes by the record's own fields; links cannot be followed here";
            book.mistake(word.spot, message);
        }
        Some(condition)
    };
    for holder in tree.clocks.iter().filter_map(|c| c.holder.as_ref()) {
        let target = registry.get(name).and_then(|of| of.field(&holder.text)?.target());
        let of = target.and_then(|to| registry.get(to));
        if of.is_some_and(|of| !of.aspects.contains("holder")) {
            let message = format!("`{}` leads to no type with the aspect `holder`", holder.text);
            book.mistake(holder.spot, message);
        }
    }
    let pauses = tree.clocks.iter().map(|c| (own(&c.when, book), own(&c.held_while, book))).collect();
    let views = tree
        .views
        .iter()
        .map(|view| view.condition.as_ref().and_then(|c| checked(c, name, registry, book)))
        .collect();
    Found { name: name.to_owned(), guards, views, pauses }
}

pub(super) fn checked(
    word: &Word,
    name: &str,
    registry: &Registry,
    book: &mut Book<'_>,
) -> Option<Condition> {
    match check(&word.text, name, registry) {
        Ok(condition) => Some(condition),
        Err(mistakes) => {
            for mistake in mistakes {
                book.mistake(inside(word, mistake.start, mistake.end), mistake.message);
            }
            None
        }
    }
}

/// Who takes a step is apart from a person whom the record names.
fn apart_from(word: &Word, name: &str, registry: &Registry, book: &mut Book<'_>) {
    let field = registry.get(name).and_then(|of| of.field(&word.text));
    if field.is_none_or(|f| f.columns().is_empty() || f.target() != Some("person")) {
        book.mistake(
            word.spot,
            format!("`{}` is no person of the record, from whom one could be apart", word.text),
        );
    }
}

/// A guard is evaluated on one record in memory, with the records that it is linked to: two single links in a row, or one
/// relation, and none beyond.
fn in_memory(condition: &Condition, word: &Word, name: &str, registry: &Registry, book: &mut Book<'_>) {
    let single = |steps: &[String]| {
        let first = registry.get(name).and_then(|of| of.field(&steps[0]));
        let second = first.and_then(Field::target).and_then(|to| registry.get(to)?.field(&steps[1]));
        [first, second].iter().all(|f| f.is_some_and(|f| !f.columns().is_empty()))
    };
    let is_far = |steps: &[String]| steps.len() > 2 || (steps.len() == 2 && !single(steps));
    if let Some(far) = condition.fields().iter().find(|f| is_far(&f.steps)) {
        let message = format!("a guard follows two single links or one relation, not as far as `{far}` does");
        let at = word.text.find(far.steps[0].as_str()).unwrap_or(0);
        book.mistake(inside(word, at, word.text.len()), message);
    }
}

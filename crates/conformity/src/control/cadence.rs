//! How often a duty "at planned intervals" is done: written in the test, or kept as a record that the organization
//! sets. Which record type keeps it, and in which fields, is said by the node `cadences` of a control file.

use proofdesk_condition::{Condition, Schema, Type};

use crate::control::kinds::checked;
use crate::control::load::Known;
use crate::reader::{Mistake, Node, Page};

/// How old the newest record of a duty may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interval {
    /// So long, microseconds.
    Every(i64),
    /// As the cadence record of a duty says.
    Cadence {
        /// The option of the field that names the duty.
        duty: String,
        /// What people read.
        label: String,
    },
}

/// The record type that keeps the intervals of duties.
#[derive(Debug, Clone)]
pub struct Cadences {
    /// The record type.
    pub record_type: String,
    /// The choice that names the duty.
    pub duty: String,
    /// The length of time.
    pub every: String,
    /// The day on which the duty was done last; kept up to date by runs.
    pub done: String,
    /// The day by which it is due again; kept up to date by runs.
    pub due: String,
    /// Which records are in force; none for all of them.
    pub active: Option<Condition>,
    /// The condition as text.
    pub source: String,
    /// `file:line`.
    pub place: String,
}

impl Cadences {
    /// The interval of a duty, with the duty's label; none with a mistake where it is no option.
    pub(super) fn interval(
        &self,
        node: Node<'_>,
        duty: &str,
        known: &Known<'_>,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Interval> {
        let of = known.registry.get(&self.record_type)?;
        let options = of.field(&self.duty).map_or(&[][..], |f| f.options());
        let Some(option) = options.iter().find(|o| o.name == duty) else {
            let names: Vec<&str> = options.iter().map(|o| o.name.as_str()).collect();
            node.mistake(
                format!(
                    "cadence=\"{duty}\" is no option of `{}` of {}; known are: {}",
                    self.duty,
                    self.record_type,
                    names.join(", ")
                ),
                mistakes,
            );
            return None;
        };
        Some(Interval::Cadence { duty: duty.to_owned(), label: option.label.clone() })
    }
}

/// Finds the one node `cadences` of all files and reads it.
pub(super) fn find(pages: &[Page<'_>], known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Cadences> {
    let nodes: Vec<Node<'_>> =
        pages.iter().flat_map(Page::nodes).filter(|n| n.word() == "cadences").collect();
    let (first, more) = nodes.split_first()?;
    for node in more {
        node.mistake(format!("`cadences` is declared twice, first at {}", first.place()), mistakes);
    }
    read(*first, known, mistakes)
}

fn read(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Cadences> {
    node.only(&["where", "duty", "every", "done", "due"], mistakes);
    let [record_type] = node.exactly(["record type"], mistakes)?;
    let Some(of) = known.registry.get(&record_type) else {
        node.mistake(format!("there is no record type `{record_type}`"), mistakes);
        return None;
    };
    let mut field = |name: &str, is: fn(&Type) -> bool, what: &str| {
        let given = node.required(name, mistakes)?;
        if of.field(&given).is_none() || !known.registry.field(&record_type, &given).as_ref().is_some_and(is)
        {
            node.mistake(format!("{name}=\"{given}\": {record_type} has no such {what} field"), mistakes);
        }
        Some(given)
    };
    let duty = field("duty", |t| matches!(t, Type::Choice(_)), "choice");
    let every = field("every", |t| matches!(t, Type::Duration), "duration");
    let done = field("done", |t| matches!(t, Type::Day), "day");
    let due = field("due", |t| matches!(t, Type::Day), "day");
    let source = node.text_of("where", mistakes).unwrap_or_default();
    let active = match source.as_str() {
        "" => None,
        text => Some(checked(node, text, &record_type, known, mistakes)?),
    };
    let place = node.place();
    Some(Cadences { duty: duty?, every: every?, done: done?, due: due?, record_type, active, source, place })
}

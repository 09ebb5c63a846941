//! Values worth trying for a field: what the conditions at hand name, a little less and a little more, and a few
//! ordinary ones.

use std::collections::BTreeSet;

use proofdesk_condition::{Decimal, Node, NodeKind, Operand};
use proofdesk_model::{Kind, Value};

use super::graph::{Graph, Id, link};
use super::{MORNING, TODAY};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A value to try.
#[derive(Debug, Clone, PartialEq)]
pub enum Try {
    Value(Value),
    /// A link to a record that is yet to be made.
    New(String),
}

/// What conditions name.
#[derive(Debug, Clone, Default)]
pub struct Named {
    lengths: BTreeSet<i64>,
    ints: BTreeSet<i64>,
    texts: BTreeSet<String>,
    days: BTreeSet<i32>,
    instants: BTreeSet<i64>,
    /// Fields that a type requires may be empty, too, as in imported history.
    pub imported: bool,
}

impl Named {
    pub fn of<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> Self {
        let mut named = Self::default();
        nodes.into_iter().for_each(|node| named.node(node));
        named
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Const(_) | NodeKind::HasOption(..) => {}
            NodeKind::Flag(a) => self.operand(a),
            NodeKind::Not(inner) | NodeKind::Related(_, _, inner) => self.node(inner),
            NodeKind::And(parts) | NodeKind::Or(parts) => parts.iter().for_each(|p| self.node(p)),
            NodeKind::Compare(_, a, b) | NodeKind::Text(_, a, b) => {
                [a, b].into_iter().for_each(|o| self.operand(o))
            }
            NodeKind::In(a, list) => list.iter().chain([a]).for_each(|o| self.operand(o)),
        }
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Value(Value::Duration(n)) => drop(self.lengths.insert(*n)),
            Operand::Value(Value::Int(n)) => drop(self.ints.insert(*n)),
            Operand::Value(Value::Decimal(n)) => drop(self.ints.insert(n.scaled() / 1_000_000)),
            Operand::Value(Value::Text(t)) => drop(self.texts.insert(t.clone())),
            Operand::Value(Value::Day(d)) => drop(self.days.insert(*d)),
            Operand::Value(Value::Instant(t)) => drop(self.instants.insert(*t)),
            Operand::Add(a, b) | Operand::Subtract(a, b) => [a, b].into_iter().for_each(|o| self.operand(o)),
            Operand::ToDecimal(a) | Operand::Length(a) | Operand::Lower(a) | Operand::Upper(a) => {
                self.operand(a)
            }
            Operand::Count(_, Some(condition)) => self.node(condition),
            _ => {}
        }
    }

    /// Distances from now, the past and the small ones first.
    fn distances(&self) -> Vec<i64> {
        let mut all = vec![-HOUR, -DAY, -2 * HOUR, -MINUTE, 0, HOUR, DAY, -2 * DAY, 2 * DAY];
        for length in &self.lengths {
            let near = [*length, length - HOUR, length + HOUR, length + DAY, length - DAY, length / 2];
            all.extend(near.iter().flat_map(|n| [-n, *n]));
        }
        for days in [5, 10, 20, 40, 100, 200, 400, 800] {
            all.extend([-days * DAY, days * DAY]);
        }
        let mut seen = BTreeSet::new();
        all.retain(|n| seen.insert(*n));
        all
    }

    fn whole(&self) -> Vec<i64> {
        let near = self.ints.iter().flat_map(|n| [*n, n + 1, n - 1]);
        let mut all: Vec<i64> = [1, 0, 2, 3, 5, 10, 50, 100].into_iter().chain(near).collect();
        let mut seen = BTreeSet::new();
        all.retain(|n| *n >= 0 && seen.insert(*n));
        all
    }

    /// What to try for a field of a record; the ordinary values first, nothing at all last.
    pub fn values(&self, graph: &Graph, id: Id, field: &str) -> Vec<Try> {
        let of = graph.items[id].of.clone();
        let instants = || self.distances().into_iter().map(|d| Value::Instant(MORNING + d));
        let Some(declared) = of.field(field) else { return self.common(graph, id, field) };
        let mut tries: Vec<Value> = match &declared.kind {
            Kind::Text { max } => self.texts(*max),
            Kind::Markdown => self.texts(5_000),
            Kind::Int { min, max } => {
                let fits = |n: &i64| min.is_none_or(|m| *n >= m) && max.is_none_or(|m| *n <= m);
                let bounds = min.iter().chain(max).copied();
                self.whole().into_iter().chain(bounds).filter(fits).map(Value::Int).collect()
            }
            Kind::File => vec![Value::Text("01890a5d-ac96-774b-bcce-b302099a8057".to_owned())],
            Kind::Decimal | Kind::Money => {
                self.whole().into_iter().filter_map(Decimal::from_int).map(Value::Decimal).collect()
            }
            Kind::Duration => {
                let named = self.lengths.iter().flat_map(|n| [*n, n + HOUR, n - HOUR]);
                let usual = [DAY, HOUR, 2 * DAY, 30 * DAY, 400 * DAY];
                usual.into_iter().chain(named).filter(|n| *n > 0).map(Value::Duration).collect()
            }
            Kind::Instant => self.instants.iter().copied().map(Value::Instant).chain(instants()).collect(),
            Kind::Day => {
                let days = self.distances().into_iter().map(|d| TODAY + i32::try_from(d / DAY).unwrap());
                let near = self.days.iter().flat_map(|d| [*d, d + 1, d - 1]);
                days.chain(near).map(Value::Day).collect()
            }
            Kind::Choice(options) => options.iter().map(|o| Value::Text(o.name.clone())).collect(),
            Kind::Choices(options) => {
                let names: Vec<String> = options.iter().map(|o| o.name.clone()).collect();
                let ones = names.iter().map(|n| Value::Choices(vec![n.clone()]));
                let twos = names.windows(2).map(|two| Value::Choices(two.to_vec()));
                let without = |out: &String| names.iter().filter(|n| *n != out).cloned().collect();
                let most = names.iter().map(|out| Value::Choices(without(out)));
                ones.chain(twos).chain([Value::Choices(names.clone())]).chain(most).map(sorted).collect()
            }
            Kind::YesNo => vec![Value::Bool(true), Value::Bool(false)],
            Kind::Link { .. } | Kind::Person | Kind::Team => {
                return links(graph, declared.target().unwrap(), !declared.required || self.imported);
            }
            Kind::Links { .. } => Vec::new(),
        };
        if !declared.required || declared.computed.is_some() || self.imported {
            tries.push(Value::Null);
        }
        let mut kept: Vec<Value> = Vec::new();
        tries.into_iter().for_each(|t| {
            if !kept.contains(&t) {
                kept.push(t)
            }
        });
        kept.into_iter().map(Try::Value).collect()
    }

    fn texts(&self, max: usize) -> Vec<Value> {
        let longest = self.ints.iter().max().copied().unwrap_or(0).clamp(0, 5_000);
        let long = "word ".repeat(usize::try_from(longest).unwrap() / 5 + 2);
        let parts =
            self.texts.iter().flat_map(|t| [t.clone(), format!("{t} and more"), format!("more of {t}")]);
        let all = ["words".to_owned(), "other words".to_owned(), long].into_iter().chain(parts);
        all.map(|t| Value::Text(t.chars().take(max).collect())).collect()
    }

    fn common(&self, graph: &Graph, id: Id, field: &str) -> Vec<Try> {
        let of = &graph.items[id].of;
        let all: Vec<Value> = match field {
            "state" => of.states.iter().map(|s| Value::Text(s.name.clone())).collect(),
            "created_at" | "updated_at" => {
                let past = self.distances().into_iter().filter(|d| *d <= 0);
                past.map(|d| Value::Instant(MORNING + d)).collect()
            }
            "version" => self.whole().into_iter().filter(|n| (1..=20).contains(n)).map(Value::Int).collect(),
            "created_by" | "updated_by" => return links(graph, "person", true),
            name if name.ends_with("_currency") => ["EUR", "CHF"].map(|c| Value::Text(c.to_owned())).to_vec(),
            _ => Vec::new(),
        };
        all.into_iter().map(Try::Value).collect()
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Choices(mut chosen) => {
            chosen.sort();
            Value::Choices(chosen)
        }
        other => other,
    }
}

fn links(graph: &Graph, to: &str, may_be_empty: bool) -> Vec<Try> {
    let known = graph.of_type(to).into_iter().map(|id| Try::Value(link(id)));
    let none = may_be_empty.then_some(Try::Value(Value::Null));
    [Try::New(to.to_owned())].into_iter().chain(known).chain(none).collect()
}

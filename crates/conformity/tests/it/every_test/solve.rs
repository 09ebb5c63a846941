//! Makes up records for which conditions hold or do not: a search with steps back over the parts of the conditions.
//! A step decides one thing (a value, a link, one more related record, one side of an "or") and never takes it back
//! on its own way; where nothing is left to decide, the search goes back.

use proofdesk_condition::{Comparison, Context, Node, NodeKind, Operand, Path, Quantifier, Related};

use super::domain::{Named, Try};
use super::eval::{Names, holder, others, outcome, value, within};
use super::graph::{Graph, Id, id_of, link};

/// Most records of one scenario.
const MOST_ITEMS: usize = 60;
/// Most ways tried at one step.
const MOST_WAYS: usize = 10;

/// What must hold, or must not.
#[derive(Clone)]
pub struct Goal<'n> {
    pub node: &'n Node,
    pub names: Names,
    pub want: bool,
}

/// A state of the search.
#[derive(Clone)]
pub struct State<'n> {
    pub graph: Graph,
    goals: Vec<Goal<'n>>,
    /// Goals that other goals turned into.
    decided: Vec<Goal<'n>>,
}

/// The search: what the conditions name, and how many steps are left.
pub struct Search<'a> {
    pub named: &'a Named,
    pub context: Context,
    steps: usize,
    /// Zero keeps the order of ways; other numbers shuffle them.
    seed: u64,
}

/// Makes the records, or none where the search found no way: first in the order of ordinary values, then in others.
pub fn solve(start: &Graph, goals: &[Goal<'_>], named: &Named, context: Context) -> Option<Graph> {
    for seed in 0..8 {
        let mut state = State { graph: start.clone(), goals: Vec::new(), decided: Vec::new() };
        goals.iter().cloned().for_each(|goal| state.put(goal));
        let mut search = Search { named, context, steps: if seed == 0 { 1_500 } else { 400 }, seed };
        if let Some(graph) = search.go(state) {
            return Some(graph);
        }
    }
    None
}

impl Goal<'_> {
    fn same(&self, other: &Self) -> bool {
        std::ptr::eq(self.node, other.node) && self.names == other.names && self.want == other.want
    }
}

impl<'n> State<'n> {
    /// Adds a goal, taken apart as far as there is nothing to choose.
    fn put(&mut self, goal: Goal<'n>) {
        let Goal { node, names, want } = goal;
        match &node.kind {
            NodeKind::Not(inner) => self.put(Goal { node: inner, names, want: !want }),
            NodeKind::And(parts) if want => self.put_all(parts, &names, want),
            NodeKind::Or(parts) if !want => self.put_all(parts, &names, want),
            _ => self.goals.push(Goal { node, names, want }),
        }
    }

    fn put_all(&mut self, parts: &'n [Node], names: &Names, want: bool) {
        parts.iter().for_each(|node| self.put(Goal { node, names: names.clone(), want }));
    }

    /// Decides for a goal; `instead` is the one that it stands for.
    fn decide(&self, goal: Goal<'n>, instead: Option<&Goal<'n>>) -> Self {
        let mut next = self.clone();
        next.goals.retain(|g| instead.is_none_or(|i| !i.same(g)));
        next.decided.push(goal.clone());
        next.put(goal);
        next
    }

    fn on(&self, graph: Graph) -> Self {
        Self { graph, goals: self.goals.clone(), decided: self.decided.clone() }
    }

    /// Whether it was decided that a part holds, or does not, for some names.
    fn decided(&self, node: &Node, names: &Names) -> Option<bool> {
        self.decided.iter().find(|g| std::ptr::eq(g.node, node) && g.names == *names).map(|g| g.want)
    }
}

impl Search<'_> {
    fn go(&mut self, state: State<'_>) -> Option<Graph> {
        if self.steps == 0 {
            return None;
        }
        self.steps -= 1;
        let open = |g: &&Goal<'_>| outcome(&state.graph, g.node, &g.names, &self.context) != Some(g.want);
        let open: Vec<Goal<'_>> = state.goals.iter().filter(open).cloned().collect();
        if open.is_empty() {
            return Some(state.graph);
        }
        // the goal with the fewest ways first: what cannot be met is seen at once
        let mut fewest: Option<Vec<State<'_>>> = None;
        for goal in &open {
            let Some(ways) = self.ways(&state, goal) else { continue };
            if fewest.as_ref().is_none_or(|few| ways.len() < few.len()) {
                let decided = ways.len() <= 1;
                fewest = Some(ways);
                if decided {
                    break;
                }
            }
        }
        let mut ways = fewest?;
        self.shuffle(&mut ways);
        ways.into_iter().find_map(|way| self.go(way))
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.seed >> 33).unwrap() % sides.max(1)
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        if self.seed == 0 {
            return;
        }
        for i in (1..list.len()).rev() {
            let j = self.roll(i + 1);
            list.swap(i, j);
        }
    }

    /// The next decisions that may bring a goal nearer; none while it waits for what was decided.
    fn ways<'n>(&mut self, state: &State<'n>, goal: &Goal<'n>) -> Option<Vec<State<'n>>> {
        let Goal { node, names, want } = goal;
        Some(match &node.kind {
            NodeKind::Const(_) | NodeKind::Not(_) => Vec::new(),
            NodeKind::And(parts) | NodeKind::Or(parts) => {
                let part = |node| Goal { node, names: names.clone(), want: *want };
                parts.iter().map(|node| state.decide(part(node), Some(goal))).collect()
            }
            NodeKind::Flag(operand) => self.by_values(state, goal, &[operand]),
            NodeKind::Compare(comparison, left, right) => {
                let mut ways = self.by_values(state, goal, &[left, right]);
                for (at, operand) in [left, right].into_iter().enumerate() {
                    ways.extend(self.by_count(state, goal, *comparison, operand, at == 0)?);
                }
                ways
            }
            NodeKind::In(operand, _) => self.by_values(state, goal, &[operand]),
            NodeKind::Text(_, a, b) => self.by_values(state, goal, &[a, b]),
            NodeKind::HasOption(path, _) => self.by_paths(state, goal, &[path]),
            NodeKind::Related(quantifier, related, inner) => {
                if let Some(ways) = reached(state, related.scope, &related.links, names) {
                    return Some(ways);
                }
                let known = others(&state.graph, related, names).unwrap_or_default();
                let inside = |id| Goal { node: inner, names: within(names, related, id), want: *want };
                // `exists` is true, and `all` is false, by one record
                if (*quantifier == Quantifier::Exists) == *want {
                    let kept = known.into_iter().map(|id| (tied(state, related, names, id), id));
                    let all = kept.chain(related_anew(state, related, names));
                    return Some(all.map(|(next, id)| next.decide(inside(id), Some(goal))).collect());
                }
                let wrong = |id: &Id| {
                    let inner_names = within(names, related, *id);
                    outcome(&state.graph, inner, &inner_names, &self.context) != Some(*want)
                };
                let next = known.into_iter().find(wrong)?;
                match state.decided(inner, &within(names, related, next)) {
                    None => vec![state.decide(inside(next), None)],
                    Some(decided) if decided == *want => return None,
                    Some(_) => Vec::new(),
                }
            }
        })
    }

    /// Decides values of fields that the goal reads.
    fn by_values<'n>(
        &mut self,
        state: &State<'n>,
        goal: &Goal<'n>,
        operands: &[&'n Operand],
    ) -> Vec<State<'n>> {
        let mut paths = Vec::new();
        operands.iter().for_each(|operand| paths_of(operand, &mut paths));
        self.by_paths(state, goal, &paths)
    }

    fn by_paths<'n>(&mut self, state: &State<'n>, goal: &Goal<'n>, paths: &[&'n Path]) -> Vec<State<'n>> {
        for path in paths {
            if let Some(ways) = reached(state, path.scope, &path.links, &goal.names) {
                return ways;
            }
        }
        let mut slots: Vec<(Id, &str)> = Vec::new();
        for path in paths {
            let Some(id) = holder(&state.graph, path, &goal.names) else { continue };
            let slot = (id, path.field.as_str());
            let given = matches!(path.field.as_str(), "number" | "origin");
            if !given && !state.graph.is_fixed(id, &path.field) && !slots.contains(&slot) {
                slots.push(slot);
            }
        }
        let mut ways = match slots.as_slice() {
            [] => Vec::new(),
            [one] => self.one_value(state, goal, *one),
            [one, other, ..] => self.two_values(state, goal, *one, *other),
        };
        ways.extend(paths.iter().flat_map(|path| linked_anew(state, path, &goal.names)));
        ways
    }

    fn holds(&self, graph: &Graph, goal: &Goal<'_>) -> bool {
        outcome(graph, goal.node, &goal.names, &self.context) == Some(goal.want)
    }

    fn tries(&mut self, graph: &Graph, (id, field): (Id, &str)) -> Vec<Try> {
        let mut tries = self.named.values(graph, id, field);
        self.shuffle(&mut tries);
        tries
    }

    fn one_value<'n>(&mut self, state: &State<'n>, goal: &Goal<'n>, slot: (Id, &str)) -> Vec<State<'n>> {
        let mut ways = Vec::new();
        let others: Vec<&Goal<'n>> = state.goals.iter().filter(|g| hangs_on(&state.graph, g, slot)).collect();
        for attempt in self.tries(&state.graph, slot) {
            let Some(graph) = put(&state.graph, slot, &attempt) else { continue };
            if self.holds(&graph, goal) && others.iter().all(|other| self.holds(&graph, other)) {
                ways.push(state.on(graph));
            }
            if ways.len() == MOST_WAYS {
                break;
            }
        }
        ways
    }

    /// Pairs of values: for each of the first, one or two of the second.
    fn two_values<'n>(
        &mut self,
        state: &State<'n>,
        goal: &Goal<'n>,
        one: (Id, &str),
        other: (Id, &str),
    ) -> Vec<State<'n>> {
        let mut ways = Vec::new();
        for first in self.tries(&state.graph, one) {
            let Some(graph) = put(&state.graph, one, &first) else { continue };
            let mut found = 0;
            for second in self.tries(&graph, other) {
                let Some(graph) = put(&graph, other, &second) else { continue };
                if self.holds(&graph, goal) {
                    ways.push(state.on(graph));
                    found += 1;
                }
                if found == 2 {
                    break;
                }
            }
            if ways.len() >= MOST_WAYS {
                break;
            }
        }
        ways
    }

    /// Decides how many records a relation has, or how many of them meet a condition.
    fn by_count<'n>(
        &mut self,
        state: &State<'n>,
        goal: &Goal<'n>,
        comparison: Comparison,
        operand: &'n Operand,
        left: bool,
    ) -> Option<Vec<State<'n>>> {
        let operand = match operand {
            Operand::ToDecimal(inner) => inner,
            other => other,
        };
        let Operand::Count(related, condition) = operand else { return Some(Vec::new()) };
        if let Some(ways) = reached(state, related.scope, &related.links, &goal.names) {
            return Some(ways);
        }
        let known = others(&state.graph, related, &goal.names).unwrap_or_default();
        let inside = |id, want| {
            condition.as_ref().map(|node| Goal { node, names: within(&goal.names, related, id), want })
        };
        for id in &known {
            let Some(node) = condition.as_deref() else { break };
            let names = within(&goal.names, related, *id);
            let decided = state.decided(node, &names);
            if decided.is_some() && outcome(&state.graph, node, &names, &self.context) != decided {
                return None;
            }
        }
        let counted = value(&state.graph, operand, &goal.names, &self.context);
        let mut ways = Vec::new();
        if more_helps(comparison, goal.want, left) || counted.is_none() {
            for (next, id) in related_anew(state, related, &goal.names) {
                ways.push(inside(id, true).map_or_else(|| next.clone(), |g| next.decide(g, None)));
            }
        }
        for id in known {
            for goal in [inside(id, true), inside(id, false)].into_iter().flatten() {
                if state.decided(goal.node, &goal.names).is_none() {
                    ways.push(state.decide(goal, None));
                }
            }
        }
        Some(ways)
    }
}

fn counts(operand: &Operand) -> bool {
    match operand {
        Operand::Count(..) => true,
        Operand::Add(a, b) | Operand::Subtract(a, b) => counts(a) || counts(b),
        Operand::ToDecimal(inner) => counts(inner),
        _ => false,
    }
}

/// Whether a goal is decided by one value alone, as all else that it reads is fixed.
fn hangs_on(graph: &Graph, goal: &Goal<'_>, (id, field): (Id, &str)) -> bool {
    let mut paths = Vec::new();
    match &goal.node.kind {
        NodeKind::Flag(a) | NodeKind::In(a, _) => paths_of(a, &mut paths),
        NodeKind::Compare(_, a, b) | NodeKind::Text(_, a, b) if !counts(a) && !counts(b) => {
            paths_of(a, &mut paths);
            paths_of(b, &mut paths);
        }
        NodeKind::HasOption(path, _) => paths.push(path),
        _ => return false,
    }
    let slots: Option<Vec<(Id, &str)>> = paths
        .iter()
        .map(|path| holder(graph, path, &goal.names).map(|id| (id, path.field.as_str())))
        .collect();
    let Some(slots) = slots else { return false };
    let settled = |(at, name): &(Id, &str)| *name == "number" || graph.is_fixed(*at, name);
    slots.contains(&(id, field)) && slots.iter().all(|slot| *slot == (id, field) || settled(slot))
}

/// Whether a larger number can help a comparison.
fn more_helps(comparison: Comparison, want: bool, left: bool) -> bool {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    match comparison {
        Equal | NotEqual => true,
        Greater | GreaterOrEqual => want == left,
        Less | LessOrEqual => want != left,
    }
}

fn paths_of<'n>(operand: &'n Operand, paths: &mut Vec<&'n Path>) {
    match operand {
        Operand::Field(path) | Operand::CountOptions(path) => paths.push(path),
        Operand::Add(a, b) | Operand::Subtract(a, b) => {
            paths_of(a, paths);
            paths_of(b, paths);
        }
        Operand::ToDecimal(a) | Operand::Length(a) | Operand::Lower(a) | Operand::Upper(a) => {
            paths_of(a, paths)
        }
        Operand::Value(_) | Operand::Now | Operand::Today | Operand::Me | Operand::Count(..) => {}
    }
}

/// Sets a value for a reason; none where there are too many records.
fn put(graph: &Graph, (id, field): (Id, &str), attempt: &Try) -> Option<Graph> {
    let mut graph = graph.clone();
    let value = match attempt {
        Try::Value(value) => value.clone(),
        Try::New(record_type) => link(made(&mut graph, record_type)?),
    };
    graph.fix(id, field, value);
    Some(graph)
}

fn made(graph: &mut Graph, record_type: &str) -> Option<Id> {
    (graph.items.len() < MOST_ITEMS).then(|| graph.add(record_type))
}

/// The ways to fill the first empty link on a way; none where all of it is there.
fn reached<'n>(
    state: &State<'n>,
    scope: usize,
    links: &[proofdesk_condition::Step],
    names: &Names,
) -> Option<Vec<State<'n>>> {
    let mut at = *names.get(scope)?;
    for step in links {
        let value = state.graph.value(at, &step.field);
        let Some(next) = id_of(&value) else {
            if state.graph.is_fixed(at, &step.field) {
                return Some(Vec::new());
            }
            let known = state.graph.of_type(&step.to).into_iter().map(|id| Try::Value(link(id)));
            let tries = [Try::New(step.to.clone())].into_iter().chain(known);
            let graphs = tries.filter_map(|t| put(&state.graph, (at, &step.field), &t));
            return Some(graphs.map(|graph| state.on(graph)).collect());
        };
        at = next;
    }
    None
}

/// Lets a link on a path that is only there lead to a new record instead.
fn linked_anew<'n>(state: &State<'n>, path: &Path, names: &Names) -> Vec<State<'n>> {
    let mut ways = Vec::new();
    let Some(mut at) = names.get(path.scope).copied() else { return ways };
    for step in &path.links {
        if !state.graph.is_fixed(at, &step.field)
            && let Some(graph) = put(&state.graph, (at, &step.field), &Try::New(step.to.clone()))
        {
            ways.push(state.on(graph));
        }
        let Some(next) = id_of(&state.graph.value(at, &step.field)) else { break };
        at = next;
    }
    ways
}

/// Keeps a related record related: a link that is only there becomes one for a reason.
fn tied<'n>(state: &State<'n>, related: &Related, names: &Names, id: Id) -> State<'n> {
    let mut next = state.clone();
    if let proofdesk_condition::LinkPath::Column { column } = &related.path
        && let Some(from) = owner(state, related, names)
    {
        next.graph.fix(id, column, link(from));
    }
    next
}

/// The record whose relation it is.
fn owner(state: &State<'_>, related: &Related, names: &Names) -> Option<Id> {
    let start = *names.get(related.scope)?;
    let follow = |at: Id, step: &proofdesk_condition::Step| id_of(&state.graph.value(at, &step.field));
    related.links.iter().try_fold(start, follow)
}

/// Relates one more record: a new one first, then those that are there.
fn related_anew<'n>(state: &State<'n>, related: &Related, names: &Names) -> Vec<(State<'n>, Id)> {
    let mut ways = Vec::new();
    let Some(from) = owner(state, related, names) else { return ways };
    let mut graph = state.graph.clone();
    if let Some(id) = made(&mut graph, &related.to)
        && graph.relate(from, related, id).is_some()
    {
        ways.push((state.on(graph), id));
    }
    for id in state.graph.of_type(&related.to) {
        let mut graph = state.graph.clone();
        let already = state.graph.related(from, related).contains(&id);
        if id != from && !already && graph.relate(from, related, id).is_some() {
            ways.push((state.on(graph), id));
        }
    }
    ways
}

//! Writes made-up records as history, through the store's own writes, all of a type at once.

use std::collections::BTreeMap;

use proofdesk_conformity::Declarations;
use proofdesk_conformity::control::{Interval, Kind};
use proofdesk_engine::{Caller, Change, Door, Reference};
use proofdesk_model::{Action, Draft, Facts, RuleSet, Stamp, Value};
use proofdesk_store::Extra;

use super::graph::{Graph, Id, id_of};
use super::scenario::Scenario;
use crate::world::{DAY, MORNING, World};

/// The numbers that the records of a scenario got, of those that its test is to look at.
pub struct Written {
    pub numbers: BTreeMap<String, Vec<i64>>,
}

/// Gives every record a number and writes them, with one cadence in force for each duty that a test names; these come
/// back as a graph.
pub async fn write_all(
    world: &World,
    declarations: &Declarations,
    scenarios: &[Scenario],
) -> (Vec<Written>, Graph) {
    let parts: Vec<&(Graph, Id)> = scenarios.iter().flat_map(|s| &s.parts).collect();
    let mut wanted: BTreeMap<String, i64> = BTreeMap::new();
    let mut numbers: Vec<Vec<i64>> = Vec::new();
    for (graph, _) in &parts {
        let number = |item: &std::sync::Arc<super::graph::Item>| {
            let next = wanted.entry(item.of.name.clone()).or_default();
            *next += 1;
            *next
        };
        numbers.push(graph.items.iter().map(number).collect());
    }
    let mut firsts: BTreeMap<String, i64> = BTreeMap::new();
    for (name, count) in &wanted {
        let first = world.engine.store().allocate(name, usize::try_from(*count).unwrap()).await.unwrap();
        firsts.insert(name.clone(), first);
    }
    let mut writes = Vec::new();
    for ((graph, _), numbers) in parts.iter().zip(&mut numbers) {
        for (item, number) in graph.items.iter().zip(numbers.iter_mut()) {
            *number += firsts[&item.of.name] - 1;
        }
        writes.extend((0..graph.items.len()).flat_map(|id| writes_of(graph, id, numbers)));
    }
    for some in chunked(writes, 500) {
        world.engine.store().write_many(some, &world.registry).await.unwrap();
    }
    let duties = cadences(world, declarations).await;
    let mut numbers = numbers.into_iter();
    let written = |scenario: &Scenario| {
        let mut own: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for ((graph, subject), numbers) in scenario.parts.iter().zip(numbers.by_ref()) {
            own.entry(graph.items[*subject].of.name.clone()).or_default().push(numbers[*subject]);
        }
        Written { numbers: own }
    };
    (scenarios.iter().map(written).collect(), duties)
}

fn chunked<T>(all: Vec<T>, size: usize) -> Vec<Vec<T>> {
    let mut chunks = Vec::new();
    let mut rest = all.into_iter();
    loop {
        let some: Vec<T> = rest.by_ref().take(size).collect();
        if some.is_empty() {
            return chunks;
        }
        chunks.push(some);
    }
}

type Write = (proofdesk_model::Permit, proofdesk_model::Checked, Extra);

fn writes_of(graph: &Graph, id: Id, numbers: &[i64]) -> Vec<Write> {
    let item = &graph.items[id];
    let of = &item.of;
    let instant = |name: &str| match graph.value(id, name) {
        Value::Instant(at) => at,
        _ => MORNING,
    };
    let person = |name: &str| id_of(&graph.value(id, name)).map(|id| numbers[id]);
    let caller = |person| Caller { person, ..Caller::system("history") };
    let text = |name: &str| match graph.value(id, name) {
        Value::Text(text) => Some(text),
        _ => None,
    };
    let mut change = Change { state: text("state"), ..Change::default() };
    for column in of.columns() {
        let value = match graph.value(id, &column.name) {
            Value::Link(local) => Value::Link(numbers[usize::try_from(local).unwrap()]),
            Value::Null if matches!(column.shape, proofdesk_model::record_type::Shape::Choices) => continue,
            other => other,
        };
        change = change.with(&column.name, value);
    }
    for (relation, from, to) in &graph.pairs {
        let (_, field) = relation.split_once('.').unwrap();
        if *from == id {
            change = change.link(field, Reference::new(graph.items[*to].of.name.clone(), numbers[*to]));
        }
    }
    let (created, updated) = (instant("created_at"), instant("updated_at"));
    let write = |change, before: Option<proofdesk_model::Record>, at, person| {
        let caller = caller(person);
        let stamp = Stamp { at: MORNING, occurred_at: at, door: Door::Import };
        let action = if before.is_some() { Action::Update } else { Action::Create };
        let permit = of.permit(&caller, action, None).unwrap();
        let draft =
            Draft::new(of, before, change, &caller, stamp).unwrap_or_else(|p| panic!("{}: {p}", of.name));
        let checked = draft.check(&RuleSet::default(), &Facts::default()).unwrap().numbered(numbers[id]);
        (permit, checked, Extra { id: uuid::Uuid::now_v7(), ..Extra::default() })
    };
    let mut writes: Vec<Write> = vec![write(change, None, created, person("created_by"))];
    let same = updated == created && person("updated_by") == person("created_by");
    let versions = match graph.value(id, "version") {
        Value::Int(n) => usize::try_from(n).unwrap(),
        _ => 1,
    };
    while writes.len() < versions.max(if same { 1 } else { 2 }) {
        let before = writes.last().map(|(_, checked, _)| checked.after().clone());
        writes.push(write(Change::default(), before, updated, person("updated_by")));
    }
    writes
}

/// One cadence of 100 days for each duty that a test names.
async fn cadences(world: &World, declarations: &Declarations) -> Graph {
    let mut graph = Graph::new(&world.registry);
    let Some(declared) = &declarations.controls.cadences else { return graph };
    let duty = |test: &proofdesk_conformity::Test| match &test.kind {
        Kind::Fresh(fresh) => match &fresh.every {
            Interval::Cadence { duty, .. } => Some(duty.clone()),
            Interval::Every(_) => None,
        },
        _ => None,
    };
    let duties: std::collections::BTreeSet<String> =
        declarations.controls.tests.values().filter_map(duty).collect();
    let mut goals = Vec::new();
    for duty in duties {
        let id = graph.add(&declared.record_type);
        graph.fix(id, &declared.duty, Value::Text(duty));
        graph.fix(id, &declared.every, Value::Duration(100 * DAY));
        goals.extend(declared.active.as_ref().map(|c| super::solve::Goal {
            node: c.tree(),
            names: vec![id],
            want: true,
        }));
    }
    let named = super::domain::Named::of(declared.active.iter().map(proofdesk_condition::Condition::tree));
    let graph = super::solve::solve(&graph, &goals, &named, super::scenario::CONTEXT).unwrap();
    let mut numbers = Vec::new();
    for item in &graph.items {
        numbers.push(world.engine.store().allocate(&item.of.name, 1).await.unwrap());
    }
    let writes = (0..graph.items.len()).flat_map(|id| writes_of(&graph, id, &numbers)).collect();
    world.engine.store().write_many(writes, &world.registry).await.unwrap();
    graph
}

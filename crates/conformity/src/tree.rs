//! Records with whatever they are linked to, in memory, as far as conditions read it. For explaining exceptions
//! and for testing one record; whole populations are asked in the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use proofdesk_condition::{Condition, FieldPath, Row, Value};
use proofdesk_engine::Engine;
use proofdesk_model::{Record, Reference};

use crate::error::Error;

/// A record with the records that it is linked to. What many records are linked to is there once.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub record: Arc<Record>,
    one: BTreeMap<String, Arc<Tree>>,
    many: BTreeMap<String, Vec<Arc<Tree>>>,
}

impl Row for Tree {
    fn value(&self, field: &str) -> Value {
        self.record.get(field)
    }

    fn follow(&self, link: &str) -> Option<&dyn Row> {
        self.one.get(link).map(|tree| &**tree as &dyn Row)
    }

    fn related(&self, links: &str) -> Vec<&dyn Row> {
        self.many.get(links).map_or_else(Vec::new, |trees| trees.iter().map(|t| &**t as &dyn Row).collect())
    }
}

/// The links and relations that conditions follow, step by step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Steps(BTreeMap<String, Steps>);

impl Steps {
    /// What these conditions follow.
    pub fn of<'a>(conditions: impl IntoIterator<Item = &'a Condition>) -> Self {
        let mut steps = Self::default();
        for condition in conditions {
            for path in condition.fields() {
                steps.add(&path);
            }
        }
        steps
    }

    fn add(&mut self, path: &FieldPath) {
        let mut at = self;
        for step in path.steps.iter().chain(std::iter::once(&path.field)) {
            at = at.0.entry(step.clone()).or_default();
        }
    }
}

/// Loads what the steps follow from records of one type, a question for each step, not for each record.
pub(crate) async fn grow(engine: &Engine, records: Vec<Record>, steps: &Steps) -> Result<Vec<Tree>, Error> {
    let mut trees: Vec<Tree> = records
        .into_iter()
        .map(|r| Tree { record: Arc::new(r), one: BTreeMap::new(), many: BTreeMap::new() })
        .collect();
    let Some(of) = trees.first().map(|t| t.record.of.clone()) else { return Ok(trees) };
    let relations: BTreeSet<String> = of.relations().into_iter().collect();
    for (step, below) in &steps.0 {
        if relations.contains(step) {
            let numbers: Vec<i64> = trees.iter().map(|t| t.record.number).collect();
            // a record that was rewound brings its relations with it
            let given = |t: &Tree| t.record.links.get(step).cloned();
            let mut found = match trees.iter().all(|t| given(t).is_some()) {
                true => HashMap::new(),
                false => engine.store().links_of_many(&of, &numbers, step).await?,
            };
            let wanted: Vec<Vec<Reference>> = trees
                .iter()
                .map(|t| given(t).or_else(|| found.remove(&t.record.number)).unwrap_or_default())
                .collect();
            let loaded = load(engine, wanted.iter().flatten(), below).await?;
            for (tree, references) in trees.iter_mut().zip(wanted) {
                let many = references.iter().filter_map(|r| loaded.get(r).cloned()).collect();
                tree.many.insert(step.clone(), many);
            }
        } else if !below.0.is_empty() {
            let Some(to) = of.field(step).and_then(|f| f.target()).or_else(|| common_target(step)) else {
                continue;
            };
            let link = |t: &Tree| match t.record.get(step) {
                Value::Link(number) => Some(Reference::new(to, number)),
                _ => None,
            };
            let wanted: Vec<Option<Reference>> = trees.iter().map(link).collect();
            let loaded = load(engine, wanted.iter().flatten(), below).await?;
            for (tree, reference) in trees.iter_mut().zip(wanted) {
                if let Some(found) = reference.and_then(|r| loaded.get(&r).cloned()) {
                    tree.one.insert(step.clone(), found);
                }
            }
        }
    }
    Ok(trees)
}

fn common_target(step: &str) -> Option<&'static str> {
    matches!(step, "created_by" | "updated_by").then_some(proofdesk_condition::PERSON)
}

async fn load(
    engine: &Engine,
    references: impl Iterator<Item = &Reference>,
    steps: &Steps,
) -> Result<HashMap<Reference, Arc<Tree>>, Error> {
    let mut numbers: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    for reference in references {
        numbers.entry(&reference.record_type).or_default().insert(reference.number);
    }
    let mut found = HashMap::new();
    for (name, numbers) in numbers {
        let Some(of) = engine.registry().get(name) else { continue };
        let numbers: Vec<i64> = numbers.into_iter().collect();
        let records = engine.store().load_many(of, &numbers).await?;
        for tree in Box::pin(grow(engine, records, steps)).await? {
            found.insert(Reference::new(name, tree.record.number), Arc::new(tree));
        }
    }
    Ok(found)
}

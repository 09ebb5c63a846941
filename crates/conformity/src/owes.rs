//! What one record still owes to be evidence: the assertions of all tests about it, said before they are missed.

use std::collections::BTreeSet;

use proofdesk_condition::{Context, Outcome};
use proofdesk_model::Record;
use serde::Serialize;

use crate::conformity::Conformity;
use crate::control::{Each, Kind, Must, Severity, Test};
use crate::error::Error;
use crate::live::stand;
use crate::tree::{Steps, Tree, grow};

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OwedState {
    /// It is missing now.
    Missing,
    /// It is missing and will be asked at a later stage, or it cannot be told yet.
    Later,
    /// It is there.
    Met,
}

/// One thing that an obligation asks of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owed {
    /// The framework.
    pub framework: String,
    /// The obligation, `8.5.1.3-j`.
    pub obligation: String,
    /// Its clause, `8.5.1.3`.
    pub clause: String,
    /// What the obligation says, in our own words.
    pub text: String,
    /// The test that asks.
    pub test: String,
    /// Whether it is there.
    pub state: OwedState,
    /// What is missing where it is missing.
    pub says: String,
    /// When it will be asked, for what is asked later: `when it is closed`.
    pub when: Option<String>,
    /// The field to fill, where there is one.
    pub field: Option<String>,
    /// How grave it is.
    pub severity: Severity,
    /// It comes later because it cannot be evaluated yet.
    pub cannot_be_evaluated: bool,
}

impl Conformity {
    /// Lists what obligations ask of a record: what is missing, what will be asked later, what is there; in this
    /// order, each by clause. The record need not be stored. Relations that it does not carry are loaded.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn owes(&self, record: &Record) -> Result<Vec<Owed>, Error> {
        let tests = self.declarations().controls.tests.values();
        let sides: Vec<(&Test, &Each)> = tests
            .flat_map(|test| test.sides().into_iter().map(move |each| (test, each)))
            .filter(|(_, each)| each.population.record_type == record.of.name)
            .collect();
        let conditions = sides.iter().flat_map(|(_, each)| {
            let population = &each.population;
            let once = population.once.as_ref().map(|(c, _)| c);
            each.musts.iter().map(|m| &m.condition).chain(&population.concerned).chain(once)
        });
        let steps = Steps::of(conditions);
        let Some(tree) = grow(self.engine(), vec![record.clone()], &steps).await?.pop() else {
            return Ok(Vec::new());
        };
        let context = self.context(self.engine().now());
        let mut owed: Vec<Owed> = Vec::new();
        let met = self.met_by_others(&sides).await?;
        for (test, each) in sides {
            let Some(when) = asked(each, &tree, &context) else { continue };
            // nobody owes what others have done
            let enough = each.all.evaluate(&tree, &context) == Outcome::True;
            if test.counts_only() && !enough && met.contains(test.id.as_str()) {
                continue;
            }
            for must in &each.musts {
                let outcome = must.condition.evaluate(&tree, &context);
                for item in self.owed(test, must, outcome, when.as_deref()) {
                    let same = |o: &Owed| o.obligation == item.obligation && o.says == item.says;
                    if !owed.iter().any(same) {
                        owed.push(item);
                    }
                }
            }
        }
        let rank = |o: &Owed| {
            let framework = self.declarations().framework(&o.framework);
            let place = self.declarations().frameworks.iter().position(|f| f.id == o.framework);
            (place, framework.and_then(|f| f.obligations.get_index_of(&o.obligation)))
        };
        owed.sort_by_key(|o| (o.state, rank(o)));
        Ok(owed)
    }

    /// The tests of `some` that other records meet already, as far as the last run and its moves tell.
    async fn met_by_others<'a>(&self, sides: &[(&'a Test, &Each)]) -> Result<BTreeSet<&'a str>, Error> {
        let some: Vec<&Test> = sides.iter().map(|(test, _)| *test).filter(|t| t.counts_only()).collect();
        if some.is_empty() {
            return Ok(BTreeSet::new());
        }
        let Some(base) = self.base().await? else { return Ok(BTreeSet::new()) };
        let met = |test: &&&Test| {
            let moves = base.moves.get(&test.id).map_or(&[][..], Vec::as_slice);
            let holds = base.results.get(&test.id).map_or(0, |r| stand(test, r, moves).1.holds);
            matches!(&test.kind, Kind::AtLeast(some) if holds >= some.at_least)
        };
        Ok(some.iter().filter(met).map(|test| test.id.as_str()).collect())
    }

    fn owed(&self, test: &Test, must: &Must, outcome: Outcome, when: Option<&str>) -> Vec<Owed> {
        let state = match (outcome, when) {
            (Outcome::True, _) => OwedState::Met,
            // what cannot be told yet is asked of nobody yet
            (Outcome::Error, None) | (_, Some(_)) => OwedState::Later,
            _ => OwedState::Missing,
        };
        let one = |serves: &crate::control::Serves| {
            let obligation =
                self.declarations().framework(&serves.framework)?.obligations.get(&serves.obligation)?;
            Some(Owed {
                framework: serves.framework.clone(),
                obligation: serves.obligation.clone(),
                clause: obligation.clause.clone(),
                text: obligation.says.clone(),
                test: test.id.clone(),
                state,
                says: must.says.clone(),
                when: when.filter(|_| state == OwedState::Later).map(str::to_owned),
                field: must.field.clone(),
                severity: test.severity,
                cannot_be_evaluated: when.is_none() && outcome == Outcome::Error,
            })
        };
        test.serves.iter().filter_map(one).collect()
    }
}

/// Whether a test asks about the record: none when not, else the later stage in words, where it is one.
fn asked(each: &Each, tree: &Tree, context: &Context) -> Option<Option<String>> {
    let population = &each.population;
    let says = |c: &proofdesk_condition::Condition| c.evaluate(tree, context);
    if population.concerned.as_ref().is_some_and(|c| says(c) == Outcome::False) {
        return None;
    }
    match &population.once {
        Some((once, when)) if says(once) == Outcome::False => Some(Some(when.clone())),
        _ if population.members.as_ref().is_some_and(|m| says(m) == Outcome::False) => None,
        _ => Some(None),
    }
}

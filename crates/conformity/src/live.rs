//! How tests stand now: the last full run, and what changed of records that were tested again since.

use std::collections::BTreeMap;

use crate::conformity::Conformity;
use crate::control::{Kind, Test};
use crate::error::Error;
use crate::scope::Scope;
use crate::state::{Counts, SourceState, State, of_counts, of_number, of_opinion, of_ratio};
use crate::tables::{self, JudgementRow, ResultRow, RunRow};
use crate::why::Standing;

/// A test as it stands now.
#[derive(Debug, Clone)]
pub(crate) struct LiveTest {
    pub state: State,
    pub counts: Counts,
    pub result: ResultRow,
}

/// All tests as they stand now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live {
    pub run: Option<RunRow>,
    pub tests: BTreeMap<String, LiveTest>,
    /// Of all frameworks.
    pub judgements: Vec<JudgementRow>,
}

/// How many records moved from one standing to another, by test.
pub(crate) type Moves = BTreeMap<String, Vec<(Standing, Standing, u64)>>;

/// Adjusts counts by moves; a count never falls below zero.
pub(crate) fn moved(mut counts: Counts, moves: &[(Standing, Standing, u64)]) -> Counts {
    fn slot(counts: &mut Counts, standing: Standing) -> Option<&mut u64> {
        match standing {
            Standing::Outside => None,
            Standing::Holds => Some(&mut counts.holds),
            Standing::Fails => Some(&mut counts.fails),
            Standing::Error => Some(&mut counts.errors),
        }
    }
    for (was, is, n) in moves {
        if let Some(from) = slot(&mut counts, *was) {
            *from = from.saturating_sub(*n);
        }
        if let Some(to) = slot(&mut counts, *is) {
            *to += n;
        }
    }
    counts
}

/// Notes that one record moved.
pub(crate) fn add_move(moves: &mut Moves, test: &str, was: Standing, is: Standing) {
    let list = moves.entry(test.to_owned()).or_default();
    match list.iter_mut().find(|(from, to, _)| *from == was && *to == is) {
        Some((_, _, n)) => *n += 1,
        None => list.push((was, is, 1)),
    }
}

/// How a test stands after moves since its result.
pub(crate) fn stand(test: &Test, result: &ResultRow, moves: &[(Standing, Standing, u64)]) -> (State, Counts) {
    if moves.is_empty() {
        return (result.state, result.counts);
    }
    let counts = moved(result.counts, moves);
    // a question that failed is not answered by one record; an empty source has a record now
    let failed = result.state == State::NotProven && result.counts.total() > 0;
    let source = if failed { SourceState::Failed } else { SourceState::Present };
    if let Kind::AtLeast(some) = &test.kind {
        return of_number(counts.holds, some, source);
    }
    let state = match &test.kind {
        Kind::Ratio(ratio) => of_ratio(counts, ratio.at_least_millipercent, test.tolerance, source),
        Kind::Each(_) | Kind::Reconcile(_) => of_counts(counts, test.tolerance, source),
        Kind::AtLeast(_) | Kind::Fresh(_) | Kind::Attest(_) => result.state,
    };
    (state, counts)
}

impl Conformity {
    /// All tests as they stand now in a scope. Judgements since the run count at once.
    pub(crate) async fn live(&self, scope: &Scope) -> Result<Live, Error> {
        let engine = self.engine();
        let judgements = self.all_judgements().await?;
        let Some(run) = tables::runs(engine, &scope.id, 1).await?.pop() else {
            return Ok(Live { judgements, ..Live::default() });
        };
        let results = tables::results(engine, run.id).await?;
        let moves = self.moves(scope, run.id).await?;
        let now = engine.now();
        let mut tests = BTreeMap::new();
        for result in results {
            let Some(test) = self.declarations().test(&result.test) else { continue };
            let none = Vec::new();
            let (mut state, counts) = stand(test, &result, moves.get(&result.test).unwrap_or(&none));
            if let Kind::Attest(attest) = &test.kind {
                let own = judgements.iter().filter(|j| j.test.as_deref() == Some(test.id.as_str()));
                let held = crate::judgement::in_force(own, Some(attest.every), now);
                state = of_opinion(held.map(|j| j.opinion));
            }
            tests.insert(result.test.clone(), LiveTest { state, counts, result });
        }
        Ok(Live { run: Some(run), tests, judgements })
    }

    /// What moved since the last full run.
    pub(crate) async fn moves(&self, scope: &Scope, run: i64) -> Result<Moves, Error> {
        let mut moves = Moves::new();
        for (test, was, is, n) in self.engine().store().retest_counts(&scope.id, run).await? {
            moves.entry(test).or_default().push((Standing::parse(&was), Standing::parse(&is), n));
        }
        Ok(moves)
    }
}

#[cfg(test)]
mod tests {
    use super::moved;
    use crate::state::Counts;
    use crate::why::Standing::{Error, Fails, Holds, Outside};

    #[test]
    fn moves_adjust_the_counts() {
        let start = Counts { holds: 5, fails: 2, errors: 1 };
        for (moves, wanted) in [
            (vec![(Fails, Holds, 1)], Counts { holds: 6, fails: 1, errors: 1 }),
            (vec![(Outside, Fails, 2)], Counts { holds: 5, fails: 4, errors: 1 }),
            (vec![(Error, Outside, 1), (Holds, Error, 3)], Counts { holds: 2, fails: 2, errors: 3 }),
            (vec![(Fails, Fails, 2)], start),
            (vec![(Fails, Outside, 9)], Counts { holds: 5, fails: 0, errors: 1 }),
        ] {
            assert_eq!(moved(start, &moves), wanted, "{moves:?}");
        }
    }
}

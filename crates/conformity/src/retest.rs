//! One record tested again after its change: its counts move from what it was in the last full run to what it is.
//!
//! Not here: records that look at this one over a link (the next full run asks them), and tests of `fresh`. A test
//! that reads nothing of what changed since the run is not asked: it would say the same.
//! Invariant: what a record was is never guessed: it is in the stored exceptions, or the record is rewound by its
//! log entries to the instant of the run and judged as of then. What was found is told to the log in the same
//! transaction, because pages count by it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join5;
use proofdesk_condition::{Condition, FieldPath, Outcome};
use proofdesk_model::format::from_json;
use proofdesk_model::record_type::COMMON;
use proofdesk_model::{Caller, Door, Permit, Record, Reference, Stamp, Value};
use proofdesk_store::{Statement, StoredEntry};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::conformity::{Base, Conformity, EXCEPTIONS_KEPT};
use crate::control::{Each, Test};
use crate::error::Error;
use crate::live::{Moves, stand};
use crate::run::{last_states, sealed, turn};
use crate::scope::Scope;
use crate::state::State;
use crate::tables::{self, ResultRow, RetestRow, RunRow, StateRow};
use crate::tree::{Steps, Tree, grow};
use crate::why::{Standing, Why, judge, stored};

/// Entries that are looked through to rewind a record; one changed more often since the run waits for the next.
const REWIND_LIMIT: usize = 200;

/// Word in the log for obligations that turned after the change of a record.
pub(crate) const TURN: &str = "conformity_state";

/// Word in the log for a record that was tested again and turned no obligation.
pub(crate) const AGAIN: &str = "conformity_retest";

/// One side of a test that asks about the record.
struct Asked<'a> {
    test: &'a Test,
    side: i64,
    each: &'a Each,
}

impl Asked<'_> {
    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.each.musts.iter().map(|m| &m.condition).chain(&self.each.population.members)
    }

    /// Whether it reads one of these columns or relations of the record.
    fn reads(&self, names: &BTreeSet<String>) -> bool {
        let own = |path: &FieldPath| names.contains(path.steps.first().unwrap_or(&path.field));
        self.conditions().any(|c| c.fields().iter().any(own))
    }

    /// Whether the stored exceptions tell what the record was, given whether it belonged to the population: all of
    /// them are kept, and it is clear of which side they are.
    fn told_by_exceptions(&self, result: &ResultRow) -> bool {
        let same = |side: &&Each| side.population.record_type == self.each.population.record_type;
        let one_sided = self.test.sides().into_iter().filter(same).count() == 1;
        one_sided && result.counts.exceptions() <= EXCEPTIONS_KEPT as u64 && !self.test.counts_only()
    }

    /// A record that is not enough for a test of `some` is no exception: it is not counted.
    fn counted(&self, standing: Standing) -> Standing {
        if self.test.counts_only() && standing != Standing::Holds { Standing::Outside } else { standing }
    }
}

impl Conformity {
    /// Tests one record again by the tests of its type, after it changed, and notes what that changes. Gives the
    /// obligations that turned. Nothing happens before the first full run.
    ///
    /// # Errors
    /// A fault of the database; nothing is stored then.
    pub async fn retest(&self, reference: &Reference) -> Result<Vec<StateRow>, Error> {
        let engine = self.engine();
        let scope = Scope::all();
        let mut asked = self.asked_about(&reference.record_type);
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let Some(base) = self.base().await? else { return Ok(Vec::new()) };
        let (run, results) = (&base.run, &base.results);
        let of = engine.require_type(&reference.record_type)?;
        let (record, links, known, named, entries) = join5(
            engine.store().load(&of, reference.number),
            engine.store().links(reference, &of, None),
            tables::retests(engine, &scope.id, run.id, &of.name, reference.number),
            tables::exceptions_of(engine, &of.name, reference.number),
            engine.store().entries(reference, None, REWIND_LIMIT),
        )
        .await;
        let (links, known, named, entries) = (links?, known?, named?, entries?);
        let Some(mut record) = record? else { return Ok(Vec::new()) };
        record.links = links;
        if let Some(changed) = changed_since(&entries, run) {
            let known = |a: &Asked<'_>| known.iter().any(|k| k.test == a.test.id && k.side == a.side);
            asked.retain(|a| known(a) || a.reads(&changed));
        }
        let steps = Steps::of(asked.iter().flat_map(Asked::conditions));
        let before_steps = Steps::of(asked.iter().flat_map(|a| match results.get(&a.test.id) {
            Some(result) if a.told_by_exceptions(result) => Vec::from_iter(&a.each.population.members),
            _ => a.conditions().collect(),
        }));
        let before = match self.rewound(&record, &entries, run) {
            Rewound::Unknown => return Ok(Vec::new()),
            Rewound::NotThere => None,
            Rewound::At(record) => grow(engine, vec![*record], &before_steps).await?.pop(),
        };
        let version = record.version;
        let Some(after) = grow(engine, vec![record], &steps).await?.pop() else { return Ok(Vec::new()) };
        let now = engine.now();
        let (then_context, now_context) = (self.context(run.at), self.context(now));
        let mut changed = Vec::new();
        for a in &asked {
            let Some(result) = results.get(&a.test.id) else { continue };
            let (standing, why) = judge(a.each, a.each.population.members.as_ref(), &after, &now_context);
            let standing = a.counted(standing);
            let old = known.iter().find(|k| k.test == a.test.id && k.side == a.side);
            let was = match old {
                Some(old) => old.was,
                None => was(a, result, &named, before.as_ref(), &then_context),
            };
            if is_known(old, was, standing, &why) {
                continue;
            }
            let row = RetestRow {
                test: a.test.id.clone(),
                side: a.side,
                record_type: of.name.clone(),
                number: reference.number,
                was,
                standing,
                why,
                at: now,
                version,
                run: run.id,
            };
            changed.push((old.map_or(was, |o| o.standing), row));
        }
        self.note_retest(&scope, &base, changed, &of.reference(reference.number), now).await
    }

    fn asked_about(&self, record_type: &str) -> Vec<Asked<'_>> {
        let tests = self.declarations().controls.tests.values();
        let sides = tests.flat_map(|test| {
            test.sides().into_iter().enumerate().map(move |(i, each)| Asked {
                test,
                side: i64::try_from(i).unwrap_or(0),
                each,
            })
        });
        sides.filter(|a| a.each.population.record_type == record_type).collect()
    }

    /// Stores the moves and the states of obligations that turn with them.
    async fn note_retest(
        &self,
        scope: &Scope,
        base: &Base,
        changed: Vec<(Standing, RetestRow)>,
        reference: &str,
        now: i64,
    ) -> Result<Vec<StateRow>, Error> {
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        let mut statements: Vec<_> =
            changed.iter().map(|(_, row)| tables::put_retest(&scope.id, row)).collect();
        let mut moves = base.moves.clone();
        for (from, row) in changed.iter().filter(|(from, row)| *from != row.standing) {
            moves.entry(row.test.clone()).or_default().push((*from, row.standing, 1));
        }
        let mut turned = Vec::new();
        let stands = |id: &String, moves: &Moves| {
            let test = self.declarations().test(id)?;
            let moves = moves.get(id).map_or(&[][..], Vec::as_slice);
            base.results.get(id).map(|result| stand(test, result, moves).0)
        };
        let differs =
            |(_, row): &(Standing, RetestRow)| stands(&row.test, &base.moves) != stands(&row.test, &moves);
        if changed.iter().any(differs) {
            let before = self.stand_all(base, &base.moves);
            let after = self.stand_all(base, &moves);
            turned = self.turned(scope, &after, &before, base.run.id, reference, now).await?;
            for (framework, row) in &turned {
                statements.push(tables::add_state(framework, &scope.id, row));
            }
        }
        let rows = changed.iter().map(|(_, row)| row);
        self.store_retest(scope, &turned, statements, rows, now).await?;
        if let Some(kept) = self.kept().as_mut().filter(|kept| kept.run.id == base.run.id) {
            for (from, row) in changed.iter().filter(|(from, row)| *from != row.standing) {
                crate::live::add_move(&mut kept.moves, &row.test, *from, row.standing);
            }
        }
        Ok(turned.into_iter().map(|(_, row)| row).collect())
    }

    /// Stores what a change moved. The log tells of each row, and of obligations that turned.
    async fn store_retest<'a>(
        &self,
        scope: &Scope,
        turned: &[(String, StateRow)],
        statements: Vec<Statement>,
        rows: impl Iterator<Item = &'a RetestRow> + Clone,
        now: i64,
    ) -> Result<(), Error> {
        let Some(about) = rows.clone().next() else { return Ok(()) };
        let tests = rows.map(|row| {
            json!([row.test, row.side, row.was.as_str(), row.standing.as_str(), mark(&stored(&row.why))])
        });
        let mut note = json!({
            "scope": scope.id,
            "record": [about.record_type, about.number, about.version],
            "tests": tests.collect::<Vec<_>>(),
        });
        let kind = match turned.first() {
            Some((_, first)) => {
                note["cause"] = json!(first.cause);
                note["turned"] = turned.iter().map(|(framework, row)| turn(framework, row)).collect();
                TURN
            }
            None => AGAIN,
        };
        let program = Caller::system("conformity");
        let stamp = Stamp::now(now, Door::Rule);
        let entry = sealed(Reference::new(kind, about.run), "RUN", &program, stamp, note);
        let permit = Permit::of_conformity(kind, &program, &[]).map_err(Error::Forbidden)?;
        self.engine().store().note(&permit, vec![entry], statements, Uuid::now_v7()).await?;
        Ok(())
    }

    fn stand_all<'a>(&'a self, base: &Base, moves: &Moves) -> BTreeMap<&'a str, State> {
        let one = |(id, result): (&String, &ResultRow)| {
            let test = self.declarations().test(id)?;
            let moves = moves.get(id).map_or(&[][..], Vec::as_slice);
            Some((test.id.as_str(), stand(test, result, moves).0))
        };
        base.results.iter().filter_map(one).collect()
    }

    /// The obligations whose state is another than the last one noted.
    async fn turned(
        &self,
        scope: &Scope,
        after: &BTreeMap<&str, State>,
        before: &BTreeMap<&str, State>,
        run: i64,
        reference: &str,
        now: i64,
    ) -> Result<Vec<(String, StateRow)>, Error> {
        let engine = self.engine();
        let differs = |test: &&Test| before.get(test.id.as_str()) != after.get(test.id.as_str());
        let tests = self.declarations().controls.tests.values().filter(differs);
        let mut touched: BTreeSet<(&String, &String)> =
            tests.flat_map(|t| &t.serves).map(|s| (&s.framework, &s.obligation)).collect();
        let mappings = &self.declarations().controls.mappings;
        let spoken = mappings.iter().filter(|m| touched.contains(&(&m.source.0, &m.source.1)));
        let spoken: Vec<_> = spoken.map(|m| (&m.target.0, &m.target.1)).collect();
        touched.extend(spoken);
        let mut turned = Vec::new();
        for framework in &self.declarations().frameworks {
            let own = touched.iter().filter(|(f, _)| **f == framework.id).map(|(_, o)| *o);
            let mut judgements = Vec::new();
            let mut last = BTreeMap::new();
            for id in own.clone() {
                judgements.extend(tables::judgements(engine, &framework.id, Some(id)).await?);
                for mapping in self.declarations().controls.mapped_to(&framework.id, id) {
                    let (source, of) = (&mapping.source.0, Some(mapping.source.1.as_str()));
                    judgements.extend(tables::judgements(engine, source, of).await?);
                }
                last.extend(last_states(&tables::states(engine, &framework.id, &scope.id, Some(id)).await?));
            }
            for (obligation, state) in self.states_of_some(framework, own, after, &judgements, now) {
                if last.get(&obligation) != Some(&state) {
                    let cause = format!("{reference} after run {run}");
                    let row = StateRow { obligation, since: now, state, run: None, cause };
                    turned.push((framework.id.clone(), row));
                }
            }
        }
        Ok(turned)
    }

    /// The record as it was when the run looked at it.
    fn rewound(&self, record: &Record, entries: &[StoredEntry], run: &RunRow) -> Rewound {
        let mut record = record.clone();
        for entry in entries {
            if entry.at <= run.at {
                return Rewound::At(Box::new(record));
            }
            let Ok(body) = serde_json::from_slice::<Json>(&entry.body) else { return Rewound::Unknown };
            if body.get("action").and_then(Json::as_str) == Some("create") {
                return Rewound::NotThere;
            }
            self.undo(&mut record, &body);
        }
        if entries.len() < REWIND_LIMIT { Rewound::NotThere } else { Rewound::Unknown }
    }

    fn undo(&self, record: &mut Record, body: &Json) {
        let set = body.get("set").and_then(Json::as_object);
        for (column, pair) in set.into_iter().flatten() {
            let old = pair.get(0).unwrap_or(&Json::Null);
            let common = COMMON.iter().find(|(name, _)| name == column).map(|(_, shape)| *shape);
            let declared = record.of.columns().iter().find(|c| c.name == *column).map(|c| c.shape);
            let Some(value) = common.or(declared).and_then(|shape| from_json(shape, old)) else { continue };
            match (column.as_str(), &value) {
                ("state", Value::Text(state)) => record.state.clone_from(state),
                ("updated_at", Value::Instant(at)) => record.updated_at = *at,
                _ => {
                    record.set(column, value);
                }
            }
        }
        if set.is_some() || body.get("links").is_some() {
            record.version -= 1;
        }
        let links = body.get("links").and_then(Json::as_array);
        for link in links.into_iter().flatten() {
            let text = |name: &str| link.get(name).and_then(Json::as_str).unwrap_or_default();
            let Some(to) = self.engine().registry().parse_reference(text("to")) else { continue };
            let list = record.links.entry(text("relation").to_owned()).or_default();
            list.retain(|r| *r != to);
            if link.get("add").and_then(Json::as_bool) == Some(false) {
                list.push(to);
            }
        }
    }
}

/// Columns and relations that changed since the run, with those that change at every write; none for a record that is
/// newer than the run, whose entries do not reach back, or that did not change: then others around it did.
fn changed_since(entries: &[StoredEntry], run: &RunRow) -> Option<BTreeSet<String>> {
    let mut names: BTreeSet<String> =
        ["version", "updated_at", "updated_by"].into_iter().map(str::to_owned).collect();
    for (i, entry) in entries.iter().enumerate() {
        if entry.at <= run.at {
            return (i > 0).then_some(names);
        }
        let body = serde_json::from_slice::<Json>(&entry.body).ok()?;
        if body.get("action").and_then(Json::as_str) == Some("create") {
            return None;
        }
        names.extend(
            body.get("set").and_then(Json::as_object).into_iter().flatten().map(|(name, _)| name.clone()),
        );
        let links = body.get("links").and_then(Json::as_array).into_iter().flatten();
        names.extend(links.filter_map(|link| link.get("relation")?.as_str().map(str::to_owned)));
    }
    None
}

/// The first 16 bytes of the SHA-256 of a text, hexadecimal.
pub(crate) fn mark(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}

enum Rewound {
    /// As it was.
    At(Box<Record>),
    /// It did not exist.
    NotThere,
    /// Its entries do not reach back.
    Unknown,
}

/// Whether a verdict is what is noted already, or, where nothing is noted, a good one that did not change.
fn is_known(old: Option<&RetestRow>, was: Standing, standing: Standing, why: &[Why]) -> bool {
    match old {
        Some(old) => old.standing == standing && old.why == why,
        None => was == standing && matches!(standing, Standing::Holds | Standing::Outside),
    }
}

/// What the record was to a test in the last full run.
fn was(
    asked: &Asked<'_>,
    result: &ResultRow,
    named: &[(i64, String, Standing)],
    before: Option<&Tree>,
    then: &proofdesk_model::Context,
) -> Standing {
    let Some(before) = before else { return Standing::Outside };
    let stored = named.iter().find(|(run, test, _)| *run == result.exceptions_run && *test == asked.test.id);
    let members = asked.each.population.members.as_ref();
    let outside = members.map(|m| m.evaluate(before, then)) == Some(Outcome::False);
    // an exception does not say its side: where both sides are of one type, the record is judged
    let told = asked.told_by_exceptions(result);
    if let Some((_, _, standing)) = stored.filter(|_| told) {
        return *standing;
    }
    if outside {
        Standing::Outside
    } else if told {
        Standing::Holds
    } else {
        asked.counted(judge(asked.each, members, before, then).0)
    }
}

//! What is to be shown of each test: records that meet it, and for each assertion records that break it alone.

use std::sync::Arc;

use proofdesk_condition::{Condition, Context, Node, check};
use proofdesk_conformity::control::{AtLeast, Each, Fresh, Kind, Population, Ratio, Test};
use proofdesk_conformity::{Declarations, State};
use proofdesk_model::Registry;

use super::domain::Named;
use super::eval::outcome;
use super::graph::{Graph, Id};
use super::solve::{Goal, solve};
use super::{MORNING, TODAY};

/// Records, the ones of them that the test is to look at, and what it is to say.
pub struct Scenario {
    pub test: String,
    pub parts: Vec<(Graph, Id)>,
    pub state: State,
    /// Records that hold and that fail.
    pub counts: [u64; 2],
    /// What the exceptions say, each; for `some` and `fresh` what was seen.
    pub says: Option<String>,
}

/// A test of which something could not be shown.
pub struct Unproven {
    pub place: String,
    pub message: String,
}

pub const CONTEXT: Context = Context { now: MORNING, today: TODAY, user: None };

struct Maker<'a> {
    registry: &'a Arc<Registry>,
    test: &'a Test,
    named: Named,
    found: Vec<Scenario>,
    unproven: Vec<Unproven>,
}

/// Makes all scenarios, and says what could not be made.
pub fn scenarios(
    declarations: &Declarations,
    registry: &Arc<Registry>,
    wanted: &str,
) -> (Vec<Scenario>, Vec<Unproven>) {
    let tests: Vec<&Test> = declarations
        .controls
        .tests
        .values()
        .filter(|t| t.id.starts_with(wanted) || t.place.contains(wanted))
        .collect();
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let make = |tests: &[&Test]| {
        let (mut found, mut unproven) = (Vec::new(), Vec::new());
        for test in tests {
            let mut maker =
                Maker { registry, test, named: named(test), found: Vec::new(), unproven: Vec::new() };
            maker.make();
            found.extend(maker.found);
            unproven.extend(maker.unproven);
        }
        (found, unproven)
    };
    let (mut found, mut unproven) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let size = tests.len().div_ceil(threads).max(1);
        let handles: Vec<_> = tests.chunks(size).map(|some| scope.spawn(move || make(some))).collect();
        for handle in handles {
            let (some, not) = handle.join().unwrap();
            found.extend(some);
            unproven.extend(not);
        }
    });
    (found, unproven)
}

fn named(test: &Test) -> Named {
    let populations = test.populations().into_iter().filter_map(|p| p.members.as_ref());
    let musts = test.sides().into_iter().map(|s| &s.all);
    Named::of(populations.chain(musts).map(Condition::tree))
}

impl Maker<'_> {
    fn make(&mut self) {
        match &self.test.kind {
            Kind::Each(each) => self.each(each, 0),
            Kind::AtLeast(some) => self.at_least(some),
            Kind::Fresh(fresh) => self.fresh(fresh),
            Kind::Ratio(ratio) => self.ratio(ratio),
            Kind::Reconcile(both) => self.reconcile(&both.sides),
            Kind::Attest(_) => {}
        }
    }

    fn fault(&mut self, message: String) {
        let place = format!("{}: {}", self.test.place, self.test.id);
        self.unproven.push(Unproven { place, message });
    }

    fn record(&self, population: &Population, goals: &[(&Node, bool)]) -> Option<(Graph, Id)> {
        let mut graph = Graph::new(self.registry);
        let id = graph.add(&population.record_type);
        let members = population.members.as_ref().map(|m| (m.tree(), true));
        let goals: Vec<Goal<'_>> = members
            .into_iter()
            .chain(goals.iter().copied())
            .map(|(node, want)| Goal { node, names: vec![id], want })
            .collect();
        solve(&graph, &goals, &self.named, CONTEXT).map(|graph| (graph, id))
    }

    /// A record of the population that meets all assertions.
    fn met(&mut self, each: &Each) -> Option<(Graph, Id)> {
        let goals: Vec<(&Node, bool)> = each.musts.iter().map(|m| (m.condition.tree(), true)).collect();
        let found = self.record(&each.population, &goals);
        if found.is_none() {
            let why = if self.record(&each.population, &[]).is_none() {
                "no record can belong to its population".to_owned()
            } else {
                let alone = |i: &usize| self.record(&each.population, &goals[*i..=*i]).is_none();
                let never: Vec<&str> =
                    (0..goals.len()).filter(alone).map(|i| each.musts[i].says.as_str()).collect();
                format!("no record can meet it; never met by itself: {never:?}")
            };
            self.fault(why);
        }
        found
    }

    /// A record of the population that fails one assertion and meets all others.
    fn broken(&mut self, each: &Each, at: usize) -> Option<(Graph, Id)> {
        let goals = |others: bool| -> Vec<(&Node, bool)> {
            let musts = each.musts.iter().enumerate();
            let wanted = musts.filter(|(i, _)| others || *i == at);
            wanted.map(|(i, m)| (m.condition.tree(), i != at)).collect()
        };
        let mut found = self.record(&each.population, &goals(true));
        if found.is_none() {
            self.named.imported = true;
            found = self.record(&each.population, &goals(true));
            self.named.imported = false;
        }
        if found.is_none() {
            let says = &each.musts[at].says;
            let why = match self.record(&each.population, &goals(false)) {
                None => format!("no record can fail \"{says}\""),
                Some((graph, id)) => {
                    let fails = |i: &usize| {
                        outcome(&graph, each.musts[*i].condition.tree(), &vec![id], &CONTEXT) != Some(true)
                    };
                    let with: Vec<&str> = (0..each.musts.len())
                        .filter(|i| *i != at)
                        .filter(fails)
                        .map(|i| each.musts[i].says.as_str())
                        .collect();
                    format!("no record can fail \"{says}\" without failing {with:?}")
                }
            };
            self.fault(why);
        }
        found
    }

    fn show(&mut self, parts: Vec<(Graph, Id)>, state: State, counts: [u64; 2], says: Option<&str>) {
        let says = says.map(str::to_owned);
        self.found.push(Scenario { test: self.test.id.clone(), parts, state, counts, says });
    }

    /// All hold, and for each assertion so many fail that no tolerance covers it.
    fn each(&mut self, each: &Each, at_least: u64) {
        if let Some(met) = self.met(each) {
            self.show(vec![met], State::Conforming, [1, 0], None);
        }
        let tolerated = self.test.tolerance.count.unwrap_or(0);
        let of_share = ((tolerated + 1) * 100_000).checked_div(at_least);
        let number = of_share.map_or(tolerated + 1, |n| n + 1);
        for (at, must) in each.musts.iter().enumerate() {
            if let Some(broken) = self.broken(each, at) {
                let parts = vec![broken; usize::try_from(number).unwrap()];
                self.show(parts, State::Nonconforming, [0, number], Some(&must.says));
            }
        }
    }

    fn ratio(&mut self, ratio: &Ratio) {
        self.each(&ratio.each, ratio.at_least_millipercent);
    }

    /// As many as are wanted, one fewer for each assertion, and one more than may be.
    fn at_least(&mut self, some: &AtLeast) {
        let AtLeast { each, at_least, says, at_most } = some;
        let at_least = *at_least;
        let number = usize::try_from(at_least).unwrap();
        let Some(met) = self.met(each) else { return };
        self.show(vec![met.clone(); number], State::Conforming, [at_least, 0], None);
        if let Some((most, says)) = at_most {
            let many = vec![met.clone(); usize::try_from(*most).unwrap()];
            self.show(many.clone(), State::Conforming, [*most, 0], None);
            let many = many.into_iter().chain([met.clone()]).collect();
            self.show(many, State::Nonconforming, [*most + 1, 1], Some(says));
        }
        for at in 0..each.musts.len() {
            if let Some(broken) = self.broken(each, at) {
                let parts = vec![met.clone(); number - 1].into_iter().chain([broken]).collect();
                self.show(parts, State::Nonconforming, [at_least - 1, 1], Some(says));
            }
        }
    }

    /// Done an hour ago or today, and more than ten years ago: no cadence is shorter or longer.
    fn fresh(&mut self, fresh: &Fresh) {
        let Fresh { population, at, says, .. } = fresh;
        let day = matches!(
            proofdesk_condition::Schema::field(self.registry.as_ref(), &population.record_type, at),
            Some(proofdesk_condition::Type::Day)
        );
        let (new, old) = if day {
            (format!("{at} == today"), format!("{at} < today - days(4000)"))
        } else {
            (format!("{at} >= now - hours(1)"), format!("{at} < now - days(4000)"))
        };
        for (text, state, counts) in [(new, State::Conforming, [1, 0]), (old, State::Nonconforming, [0, 1])] {
            let condition = check(&text, &population.record_type, self.registry.as_ref()).unwrap();
            let parts = self.test.populations().into_iter().filter_map(|p| p.members.as_ref());
            self.named = Named::of(parts.chain([&condition]).map(Condition::tree));
            match self.record(population, &[(condition.tree(), true)]) {
                Some(part) => {
                    let says = (state == State::Nonconforming).then_some(says.as_str());
                    self.show(vec![part], state, counts, says);
                }
                None => self.fault(format!("no record can have `{text}`")),
            }
        }
    }

    /// One record of either side that is matched; then one of them is not. A record may belong to both sides.
    fn reconcile(&mut self, sides: &[Each; 2]) {
        let met: Vec<Option<(Graph, Id)>> = sides.iter().map(|side| self.met(side)).collect();
        let [Some(one), Some(other)] = met.as_slice() else { return };
        let parts = vec![one.clone(), other.clone()];
        let counts = counted(sides, &parts);
        self.show(parts, State::Conforming, counts, None);
        for (at, side) in sides.iter().enumerate() {
            for (i, must) in side.musts.iter().enumerate() {
                if let Some(broken) = self.broken(side, i) {
                    let kept = if at == 0 { other } else { one };
                    let parts = vec![broken, kept.clone()];
                    let counts = counted(sides, &parts);
                    self.show(parts, State::Nonconforming, counts, Some(&must.says));
                }
            }
        }
    }
}

/// How many records hold and fail, over both sides.
fn counted(sides: &[Each; 2], parts: &[(Graph, Id)]) -> [u64; 2] {
    let mut counts = [0, 0];
    for (graph, id) in parts {
        let own = sides.iter().filter(|s| s.population.record_type == graph.items[*id].of.name);
        for side in own {
            let says = |c: &Condition| outcome(graph, c.tree(), &vec![*id], &CONTEXT) == Some(true);
            if side.population.members.as_ref().is_none_or(says) {
                counts[usize::from(!says(&side.all))] += 1;
            }
        }
    }
    counts
}

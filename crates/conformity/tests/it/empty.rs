//! No shipped test holds only because there is nothing to look at: where it says something of all records of a
//! relation, it also says what follows when there are none.

use proofdesk_conformity::{Declarations, Scope};
use proofdesk_engine::Change;
use proofdesk_model::Value;

use crate::world::{World, on_both, registry};

/// Relations that may be empty while a test holds, and why.
const FREE: [(&str, &str, &str); 13] = [
    ("audit.competent", "team", "the lead auditor may audit alone"),
    ("audit.impartial", "team", "the lead auditor may audit alone"),
    ("audit.reported", "processes", "the report was sent to somebody in any case"),
    ("catalogue.agreed", "services", "an agreement that names none is about all"),
    ("change.reviewed", "follow_up_actions", "a review may find nothing to do"),
    ("continuity.retested", "affected_continuity_plans", "a test or a reason is there in any case"),
    ("contract.reviewed", "service_requirements", "the review is there in any case"),
    (
        "management_review.decided",
        "actions",
        "the decision is there in any case, also that nothing is needed",
    ),
    ("management_review.issues", "context_issues", "the input is a text"),
    ("management_review.nonconformities", "nonconformities", "the input is a text"),
    ("party.evaluated", "contracts", "its agreement may be an internal one"),
    ("party.evaluated", "internal_agreements", "its agreement may be a contract"),
    ("requirement.approved", "changes", "not every service changed"),
];

/// The relations of the records themselves of which a condition says something for all.
fn all_of(condition: &str) -> Vec<&str> {
    let before = |at: usize| condition.get(..at).unwrap_or_default();
    let word = |at: usize| {
        let start = before(at).rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
        (start, condition.get(start..at).unwrap_or_default())
    };
    let found = condition.match_indices(".all(").map(|(at, _)| word(at));
    found.filter(|(start, _)| !before(*start).ends_with('.')).map(|(_, name)| name).collect()
}

#[test]
fn what_is_said_of_all_says_what_follows_of_none() {
    assert_eq!(all_of("a.all(x, x.b.all(y, true)) && (c == null || d_2.all(z, false))"), ["a", "d_2"]);
    let declared = Declarations::shipped(&registry()).unwrap_or_else(|m| panic!("{m}"));
    let mut hollow = Vec::new();
    let mut free: Vec<(&str, &str)> = Vec::new();
    for test in declared.controls.tests.values() {
        for side in test.sides() {
            let words: Vec<&str> = side.musts.iter().map(|m| m.condition.source()).collect();
            let texts = [side.population.source.as_str()].into_iter().chain(words.iter().copied());
            let texts: Vec<&str> = texts.collect();
            for relation in words.iter().flat_map(|w| all_of(w)) {
                let asked = [format!("size({relation}) > 0"), format!("{relation}.exists(")];
                if texts.iter().any(|t| asked.iter().any(|a| t.contains(a.as_str()))) {
                    continue;
                }
                match FREE.iter().find(|(id, name, _)| *id == test.id && *name == relation) {
                    Some((id, name, _)) => free.push((id, name)),
                    None => hollow.push(format!("{}: {} holds of no {relation}", test.place, test.id)),
                }
            }
        }
    }
    assert!(hollow.is_empty(), "{}", hollow.join("\n"));
    let stale: Vec<_> = FREE.iter().filter(|(id, name, _)| !free.contains(&(id, name))).collect();
    assert!(stale.is_empty(), "no longer needed: {stale:?}");
}

async fn nothing_is_no_proof(world: World) {
    let declared = Declarations::shipped(&registry()).unwrap_or_else(|m| panic!("{m}"));
    let conformity = world.conformity(declared);
    let put = |of: &'static str, state: &'static str, change: Change| world.put(of, state, change);
    let person = put("person", "active", Change::default().with_text("name", "Ida")).await;
    let role = Change::default()
        .with_text("name", "Leads")
        .with("kind", Value::Text("other".to_owned()))
        .with("person", Value::Link(person.number));
    let role = put("role_assignment", "active", role).await;
    let service = Change::default().with_text("name", "Tills").with("in_scope", Value::Bool(true));
    let service = put("service", "live", service).await;
    let objective = put("objective", "active", Change::default().with_text("title", "Faster")).await;
    for (test, record, says) in [
        ("competence.met", &role, "No competence in force is asked for"),
        ("service.dependencies", &service, "names none and does not say that there are none"),
        ("objective.due", &objective, "No action leads to it"),
    ] {
        let trial = conformity.try_out(test, &Scope::all()).await.unwrap();
        assert_eq!((trial.counts.holds, trial.counts.fails), (0, 1), "{test}");
        let (found, why) = &trial.exceptions[0];
        assert_eq!(found, record, "{test}");
        assert!(why.iter().any(|w| w.says.contains(says)), "{test}: {why:?}");
    }
    // a competence that is asked for, and of which nobody has a record
    let asked = Change::default().with_text("title", "Reads tills");
    let asked = put("competence_requirement", "active", asked).await;
    world.alter(&role, Change::default().link("competences", asked)).await;
    let trial = conformity.try_out("competence.met", &Scope::all()).await.unwrap();
    assert!(trial.exceptions[0].1.iter().any(|w| w.says.contains("is not shown")), "{:?}", trial.exceptions);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_without_anything_meets_nothing() {
    on_both(nothing_is_no_proof).await;
}

//! One suite over all declarations and both databases.

use std::collections::BTreeMap;

use proofdesk_engine::{Action, Caller, Change, Door, Error, ListRequest, Reference, Target};
use proofdesk_model::{RecordType, Value, access::ROLES};
use proofdesk_testkit::{BOTH, Database, TestDesk};

use crate::samples::{full, minimal, one_of_each, value};

fn list_of(of: &RecordType) -> ListRequest {
    ListRequest {
        record_type: of.name.clone(),
        filter: None,
        sort: String::new(),
        descending: true,
        after: None,
        limit: 50,
    }
}

fn problems(error: Error) -> Vec<(String, String)> {
    match error {
        Error::Invalid(p) | Error::Forbidden(p) => p.0.into_iter().map(|p| (p.field, p.code)).collect(),
        other => panic!("not a refusal: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_created_refused_listed_found_and_proved() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let known = one_of_each(&desk).await;
        let types: Vec<_> = desk.engine.registry().types().cloned().collect();
        for of in &types {
            refuses_each_missing_field(&desk, of, &known).await;
            let made = desk.create(&of.name, full(of, &known)).await.unwrap();
            let reference = Reference::new(of.name.clone(), made.record.number);
            let loaded = desk.engine.require(&desk.setup(), &reference).await.unwrap();
            assert_eq!(
                loaded.values, made.record.values,
                "{database:?} {}: stored is what was written",
                of.name
            );
            for relation in full(of, &known).links {
                let there = loaded.links.get(&relation.relation).is_some_and(|l| l.contains(&relation.to));
                assert!(there, "{database:?} {}.{} is stored", of.name, relation.relation);
            }
            let page = desk.engine.list(&desk.setup(), &list_of(of)).await.unwrap();
            assert_eq!(page.records[0].number, reference.number, "{database:?} {}: newest first", of.name);
            is_found(&desk, of, &reference).await;
            let history = desk.engine.history(&reference, 10).await.unwrap();
            assert_eq!(history.len(), 1);
            desk.engine.sequence().await.unwrap();
            let proof = desk.engine.prove(made.entry).await.unwrap();
            is_proved(&proof);
        }
        let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(report.is_good(), "{database:?}: {:?}", report.findings);
        assert_eq!(report.records as usize, types.len() * 2);
    }
}

/// Entries of the log, sealed or not.
async fn entries(desk: &TestDesk) -> u64 {
    while desk.engine.sequence().await.unwrap() > 0 {}
    desk.engine.store().log_size().await.unwrap()
}

async fn refuses_each_missing_field(desk: &TestDesk, of: &RecordType, known: &BTreeMap<String, Reference>) {
    let size = entries(desk).await;
    for field in of.fields.values().filter(|f| f.required && f.default.is_none()) {
        let mut change = minimal(of, known);
        change.set.shift_remove(&field.name);
        let target = Target::New(of.name.clone());
        let refused = desk.engine.apply(&desk.setup(), target, change, Door::Api).await.unwrap_err();
        assert_eq!(problems(refused), [(field.name.clone(), "required".to_owned())], "{}", of.name);
    }
    let unknown = minimal(of, known).with_text("no_such_field", "x");
    let refused = desk.engine.apply(&desk.setup(), Target::New(of.name.clone()), unknown, Door::Api).await;
    assert_eq!(problems(refused.unwrap_err()), [("no_such_field".to_owned(), "unknown".to_owned())]);
    assert_eq!(entries(desk).await, size, "a refusal leaves no entry");
}

async fn is_found(desk: &TestDesk, of: &RecordType, reference: &Reference) {
    let Some(field) = of.fields.values().find(|f| f.search) else { return };
    let words = format!("sample of {}", field.name.replace('_', " "));
    let hits = desk.engine.search(&desk.setup(), &words, Some(&of.name), 50).await.unwrap();
    let there = hits.iter().any(|h| h.record.number == reference.number);
    assert!(there, "{} is found at once by `{words}`", of.name);
}

fn is_proved(proof: &proofdesk_engine::InclusionProof) {
    let hash = |text: &str| proofdesk_tlog::hash_from(&hex::decode(text).unwrap()).unwrap();
    let path: Vec<_> = proof.path.iter().map(|h| hash(h)).collect();
    let leaf = proofdesk_tlog::leaf_hash(proof.body.as_bytes());
    proofdesk_tlog::verify_inclusion(proof.leaf_index, proof.tree_size, &leaf, &path, &hash(&proof.root))
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transition_is_taken_and_refused() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let known = one_of_each(&desk).await;
        let approver = desk.person("Ilse Brandt", &["sms_manager"]).await.unwrap();
        let types: Vec<_> = desk.engine.registry().types().cloned().collect();
        let (mut taken, mut guarded) = (0, Vec::new());
        for of in &types {
            for transition in &of.transitions {
                let mut change = full(of, &known);
                change.state = Some(transition.from[0].clone());
                let made = desk.create(&of.name, change).await.unwrap();
                let target = || Target::Existing(Reference::new(of.name.clone(), made.record.number), None);
                let role_less = Caller::person(1, "Nobody", ["no_role"]);
                let refused = desk.engine.apply(
                    &role_less,
                    target(),
                    Change::default().take(&transition.name),
                    Door::Api,
                );
                assert_eq!(problems(refused.await.unwrap_err())[0].1, "permission");
                let mut step = Change::default().take(&transition.name);
                // what steps alone write the sample has not
                for field in transition.requires.iter().filter_map(|f| of.field(f)).filter(|f| f.by_steps) {
                    if let Some(value) = value(field, &known) {
                        step = step.with(&field.name, value);
                    }
                }
                match desk.engine.apply(&approver, target(), step, Door::Api).await {
                    Ok(applied) => {
                        assert_eq!(applied.record.state, transition.to);
                        taken += 1;
                    }
                    Err(Error::Forbidden(_)) => {
                        assert!(!approver.may(of, &Action::Transition(transition.name.clone())))
                    }
                    Err(error) => {
                        let found = problems(error);
                        assert!(
                            found.iter().all(|(_, code)| code == "guard" || code == "apart"),
                            "{} {}: {found:?}",
                            of.name,
                            transition.name
                        );
                        guarded.push(format!("{}.{}", of.name, transition.name));
                    }
                }
                refuses_wrong_states(&desk, of, &transition.name, &known).await;
                refuses_missing(&desk, of, &transition.name, &known).await;
            }
        }
        assert!(taken * 5 > guarded.len() * 20, "{taken} taken, guarded: {guarded:?}");
    }
}

async fn refuses_wrong_states(
    desk: &TestDesk,
    of: &RecordType,
    name: &str,
    known: &BTreeMap<String, Reference>,
) {
    let transition = of.transition(name).unwrap();
    let Some(wrong) = of.states.iter().find(|s| !transition.from.contains(&s.name)) else { return };
    let mut change = full(of, known);
    change.state = Some(wrong.name.clone());
    let made = desk.create(&of.name, change).await.unwrap();
    let target = Target::Existing(Reference::new(of.name.clone(), made.record.number), None);
    let refused = desk.engine.apply(&desk.setup(), target, Change::default().take(name), Door::Api).await;
    assert_eq!(
        problems(refused.unwrap_err()),
        [("state".to_owned(), "state".to_owned())],
        "{} {name}",
        of.name
    );
}

async fn refuses_missing(desk: &TestDesk, of: &RecordType, name: &str, known: &BTreeMap<String, Reference>) {
    let transition = of.transition(name).unwrap();
    for field in &transition.requires {
        let sets = transition.sets.iter().any(|(f, _)| f == field);
        let Some(declared) = of.field(field).filter(|f| !sets && !f.required && value(f, known).is_some())
        else {
            continue;
        };
        let mut change = full(of, known);
        change.set.insert(declared.name.clone(), Value::Null);
        change.state = Some(transition.from[0].clone());
        let Ok(made) = desk.create(&of.name, change).await else { continue };
        let target = Target::Existing(Reference::new(of.name.clone(), made.record.number), None);
        let refused = desk.engine.apply(&desk.setup(), target, Change::default().take(name), Door::Api).await;
        let found = problems(refused.unwrap_err());
        assert!(
            found.contains(&(field.clone(), "required".to_owned())),
            "{} {name} {field}: {found:?}",
            of.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_and_action_is_decided_as_declared() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    let known = one_of_each(&desk).await;
    let types: Vec<_> = desk.engine.registry().types().cloned().collect();
    for of in &types {
        for role in ROLES {
            let caller = Caller::person(known["person"].number, "Somebody", [role]);
            let says = |action: &Action| of.permissions.get(role).is_some_and(|w| w.contains(action.word()));
            let reads = desk.engine.list(&caller, &list_of(of)).await;
            assert_eq!(reads.is_ok(), says(&Action::Read), "{role} reads {}", of.name);
            let mut new = minimal(of, &known);
            new.set.retain(|name, _| caller.enters(of, name, None));
            let makes = desk.engine.apply(&caller, Target::New(of.name.clone()), new, Door::Api).await;
            assert_eq!(makes.is_ok(), says(&Action::Create), "{role} creates {}", of.name);
            let target = Target::Existing(known[&of.name].clone(), None);
            let change = minimal(of, &known);
            let writes = desk.engine.apply(&caller, target, change, Door::Api).await;
            assert_eq!(writes.is_ok(), says(&Action::Update), "{role} updates {}", of.name);
        }
    }
}

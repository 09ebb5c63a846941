//! Duties stay apart by the log, whatever the record says meanwhile.

use proofdesk_engine::{Caller, Change, Door, Error, Reference, Target};
use proofdesk_model::Value;
use proofdesk_testkit::{BOTH, TestDesk};

async fn made(desk: &TestDesk, by: &Caller, record_type: &str, change: Change) -> Reference {
    let target = Target::New(record_type.to_owned());
    let made = desk.engine.apply(by, target, change, Door::Api).await.unwrap().record;
    Reference::new(record_type, made.number)
}

async fn write(desk: &TestDesk, by: &Caller, on: &Reference, change: Change) -> Result<(), String> {
    match desk.engine.apply(by, Target::Existing(on.clone(), None), change, Door::Api).await {
        Ok(_) => Ok(()),
        Err(Error::Invalid(problems)) => Err(problems.to_string()),
        Err(other) => panic!("{other}"),
    }
}

fn named(field: &str, person: &Caller) -> Change {
    Change::default().with(field, Value::Link(person.person.unwrap()))
}

fn emergency() -> Change {
    Change::default()
        .with_text("title", "Patch the gateway")
        .with_text("category", "emergency")
        .with_text("reason", "Attacks")
        .with_text("back_out_plan", "Snapshot")
        .with_text("priority", "p1")
}

/// A risk that somebody owns, to be reviewed on a day.
fn risk(owner: &Caller, (likelihood, consequence): (&str, &str), day: i32) -> Change {
    named("owner", owner)
        .with_text("title", "The till provider fails")
        .with_text("category", "other_party")
        .with_text("likelihood", likelihood)
        .with_text("consequence", consequence)
        .with_text("customer_impact", "No store can sell")
        .with("review_on", Value::Day(day))
}

fn accept(day: i32) -> Change {
    let change = Change::default().with_text("acceptance_reason", "No other provider");
    change.with("accepted_until", Value::Day(day)).take("accept")
}

#[tokio::test]
async fn nobody_takes_his_own_name_out_to_approve() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let priya = desk.person("Priya Nair", &["agent", "process_owner"]).await.unwrap();
        let victor = desk.person("Victor Lang", &["agent", "process_owner"]).await.unwrap();
        let approve = || Change::default().take("approve_emergency");
        let on = made(&desk, &priya, "change", emergency()).await;
        let refused = write(&desk, &priya, &on, approve()).await.unwrap_err();
        assert!(refused.contains("Somebody else than the requester"), "{database:?}: {refused}");
        // nor in the same write
        let refused =
            write(&desk, &priya, &on, named("requested_by", &victor).take("approve_emergency")).await;
        assert!(refused.unwrap_err().contains("It named you under “Requested by”"), "{database:?}");
        write(&desk, &priya, &on, named("requested_by", &victor)).await.unwrap();
        let refused = write(&desk, &priya, &on, approve()).await.unwrap_err();
        assert!(refused.contains("It named you under “Requested by”"), "{database:?}: {refused}");
        // what a page says before the step is the same
        let target = Target::Existing(on.clone(), None);
        let said = desk.engine.rehearse(&priya, target, approve(), Door::Page).await.unwrap();
        assert!(said.to_string().contains("It named you under"), "{said}");
        // whom she named is refused while he is named, and puts it right
        assert!(write(&desk, &victor, &on, approve()).await.is_err());
        write(&desk, &victor, &on, named("requested_by", &priya)).await.unwrap();
        write(&desk, &victor, &on, approve()).await.unwrap();
    }
}

#[tokio::test]
async fn who_names_another_one_first_still_needs_a_colleague() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let priya = desk.person("Priya Nair", &["agent", "process_owner"]).await.unwrap();
        let victor = desk.person("Victor Lang", &["agent", "process_owner"]).await.unwrap();
        // named before it was recorded, not in her own place
        let mut change = emergency();
        change.set.extend(named("requested_by", &victor).set);
        let on = made(&desk, &priya, "change", change).await;
        let refused = write(&desk, &priya, &on, Change::default().take("approve_emergency")).await;
        let refused = refused.unwrap_err();
        assert!(refused.contains("You alone have worked on it. Ask a colleague"), "{database:?}: {refused}");
        assert_eq!(refused.matches("colleague").count(), 1, "each is said once: {refused}");
        // a high risk that names another owner is accepted by somebody else, a low one by whoever owns it
        let day = proofdesk_model::format::day_of(desk.engine.now()) + 90;
        let mut outcomes = Vec::new();
        for weight in [("likely", "major"), ("unlikely", "minor")] {
            let on = made(&desk, &priya, "risk", risk(&victor, weight, day)).await;
            write(&desk, &priya, &on, Change::default().take("assess")).await.unwrap();
            outcomes.push(write(&desk, &priya, &on, accept(day)).await);
        }
        let high = outcomes.remove(0).unwrap_err();
        assert!(high.contains("You alone have worked on it"), "{database:?}: {high}");
        assert_eq!(outcomes.remove(0), Ok(()), "{database:?}");
    }
}

#[tokio::test]
async fn who_alone_worked_on_a_record_does_not_approve_it() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let priya = desk.person("Priya Nair", &["agent", "process_owner"]).await.unwrap();
        let victor = desk.person("Victor Lang", &["agent", "process_owner"]).await.unwrap();
        let service =
            desk.create("service", Change::default().with_text("name", "Till")).await.unwrap().record;
        let request = named("requested_by", &victor)
            .with_text("title", "Access to payroll")
            .with("service", Value::Link(service.number));
        let on = made(&desk, &priya, "service_request", request).await;
        write(&desk, &priya, &on, Change::default().take("ask_approval")).await.unwrap();
        let approve = || named("assignee", &victor).take("approve");
        let refused = write(&desk, &priya, &on, approve()).await.unwrap_err();
        assert!(refused.contains("You alone have worked on it. Ask a colleague"), "{database:?}: {refused}");
        // to watch it is no work on it
        desk.engine.watch(&victor, &on, true, Door::Page).await.unwrap();
        assert!(write(&desk, &priya, &on, approve()).await.is_err());
        write(&desk, &victor, &on, Change::default().with_text("location", "Hall 3")).await.unwrap();
        write(&desk, &priya, &on, approve()).await.unwrap();
        // what was approved is not what somebody makes of it later
        let refused = write(&desk, &victor, &on, Change::default().with_text("title", "Access to all")).await;
        assert!(refused.unwrap_err().contains("locked"), "{database:?}");
    }
}

#[tokio::test]
async fn neither_ones_own_clock_nor_many_edits_make_a_second_hand() {
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let priya = desk.person("Priya Nair", &["agent", "process_owner"]).await.unwrap();
    let victor = desk.person("Victor Lang", &["agent", "process_owner"]).await.unwrap();
    let service = desk.create("service", Change::default().with_text("name", "Till")).await.unwrap().record;
    let request = named("requested_by", &victor)
        .with_text("title", "Access to payroll")
        .with("service", Value::Link(service.number))
        .with("assignee", Value::Link(priya.person.unwrap()));
    let on = made(&desk, &priya, "service_request", request).await;
    write(&desk, &priya, &on, Change::default().take("start")).await.unwrap();
    let resume_at = desk.engine.now() + 60_000_000;
    let wait =
        Change::default().with_text("hold_reason", "supplier").with("resume_at", Value::Instant(resume_at));
    write(&desk, &priya, &on, wait.take("wait")).await.unwrap();
    desk.time.advance(120_000_000);
    let (clock, target) = (Caller::system("clock"), Target::Existing(on.clone(), None));
    desk.engine.apply(&clock, target, Change::default().take("resume"), Door::Clock).await.unwrap();
    let record = desk.engine.require(&priya, &on).await.unwrap();
    assert_eq!(record.state, "in_progress", "the clock resumed it");
    write(&desk, &priya, &on, named("assignee", &priya).take("assign")).await.unwrap();
    write(&desk, &priya, &on, Change::default().take("ask_approval")).await.unwrap();
    let approve = || named("assignee", &victor).take("approve");
    let refused = write(&desk, &priya, &on, approve()).await.unwrap_err();
    assert!(refused.contains("You alone have worked on it. Ask a colleague"), "{refused}");

    // what was done more than a page of entries ago is not forgotten
    let on = made(&desk, &priya, "change", emergency()).await;
    write(&desk, &priya, &on, named("requested_by", &victor)).await.unwrap();
    for n in 0..501 {
        write(&desk, &priya, &on, Change::default().with_text("benefit", &format!("b{n}"))).await.unwrap();
    }
    write(&desk, &victor, &on, Change::default().with_text("benefit", "mine")).await.unwrap();
    let approve = Change::default().take("approve_emergency");
    let refused = write(&desk, &priya, &on, approve).await.unwrap_err();
    assert!(refused.contains("It named you under “Requested by”. Ask a colleague"), "{refused}");
}

#[tokio::test]
async fn what_was_approved_is_altered_only_on_the_way_back() {
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let priya = desk.person("Priya Nair", &["agent", "process_owner"]).await.unwrap();
    let victor = desk.person("Victor Lang", &["agent", "process_owner"]).await.unwrap();
    let today = proofdesk_model::format::day_of(desk.engine.now());
    let model = named("owner", &priya)
        .with_text("title", "Normal change")
        .with_text("category", "normal")
        .with_text("handling", "Assess, approve, build")
        .with_text("approvers", "Change board")
        .with("review_on", Value::Day(today + 90));
    let on = made(&desk, &priya, "change_model", model).await;
    write(&desk, &victor, &on, Change::default().take("approve")).await.unwrap();
    let standard = || Change::default().with_text("category", "standard").with_text("risk", "none");
    let refused = write(&desk, &priya, &on, standard()).await.unwrap_err();
    assert!(refused.contains("Revise it first"), "{refused}");
    write(&desk, &priya, &on, Change::default().take("revise")).await.unwrap();
    write(&desk, &priya, &on, standard()).await.unwrap();
    assert!(write(&desk, &priya, &on, Change::default().take("approve")).await.is_err());

    let day = today + 90;
    let on = made(&desk, &priya, "risk", risk(&priya, ("unlikely", "minor"), day)).await;
    write(&desk, &priya, &on, Change::default().take("assess")).await.unwrap();
    write(&desk, &priya, &on, accept(day)).await.unwrap();
    let grave =
        Change::default().with_text("likelihood", "almost_certain").with_text("consequence", "severe");
    let refused = write(&desk, &priya, &on, grave.clone()).await.unwrap_err();
    assert!(refused.contains("Assess it again"), "{refused}");
    write(&desk, &priya, &on, grave.take("assess")).await.unwrap();
    assert!(write(&desk, &priya, &on, accept(day)).await.is_err(), "by somebody else than its owner");
    write(&desk, &victor, &on, accept(day)).await.unwrap();
}

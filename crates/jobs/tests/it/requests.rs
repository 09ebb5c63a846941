//! A request of a model gets the model's tasks, once, and is not fulfilled while one of them is open; its clock takes the
//! target that is for its model.

use proofdesk_engine::{Caller, Change, Door, Reference, Target};
use proofdesk_model::{Record, Value};
use proofdesk_testkit::{BOTH, TestDesk};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

async fn made(desk: &TestDesk, of: &str, state: Option<&str>, set: &[(&str, Value)]) -> i64 {
    let mut change = set.iter().fold(Change::default(), |c, (name, value)| c.with(name, value.clone()));
    change.state = state.map(str::to_owned);
    desk.create(of, change).await.unwrap().record.number
}

async fn tasks(desk: &TestDesk) -> Vec<Record> {
    while proofdesk_jobs::work(&desk.engine).await.unwrap() > 0 {}
    let setup = Caller::system("Test");
    let request = desk.engine.require(&setup, &Reference::new("service_request", 1)).await.unwrap();
    desk.engine.related(&setup, &request, "tasks").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_gets_the_tasks_of_its_model_once() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let team = made(&desk, "team", None, &[("name", text("Desk"))]).await;
        let set = [
            ("title", text("New starter")),
            ("request_type", text("account")),
            ("team", Value::Link(team)),
            ("tasks", text("- Make the account\n- Order the badge")),
        ];
        let model = made(&desk, "request_model", Some("in_use"), &set).await;
        let request = [("title", text("Mara starts")), ("model", Value::Link(model))];
        made(&desk, "service_request", None, &request).await;
        let found = tasks(&desk).await;
        let titles: Vec<String> = found.iter().map(Record::title).collect();
        assert_eq!(titles, ["Make the account", "Order the badge"]);
        let first = &found[0];
        assert_eq!((first.int("team"), first.int("position")), (Some(team), Some(1)));
        let history = desk.engine.history(&Reference::new("request_task", 1), 5).await.unwrap();
        assert_eq!((history[0].by.as_str(), history[0].door.as_str()), ("RQM-1 New starter", "rule"));
        // the same job again makes nothing twice
        let payload = serde_json::json!({
            "type": "request_task", "link": "request", "number": 1, "by": "RQM-1 New starter",
            "records": [{"title": "Make the account"}, {"title": "Order the badge"}],
        });
        let again = proofdesk_engine::make::Made::read(&payload).unwrap();
        assert_eq!(desk.engine.make(&again).await.unwrap(), 0);
        assert_eq!(tasks(&desk).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_not_fulfilled_while_a_task_is_open() {
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let model = [("title", text("Badge")), ("tasks", text("Print it"))];
    let model = made(&desk, "request_model", Some("in_use"), &model).await;
    let service = made(&desk, "service", None, &[("name", text("Doors"))]).await;
    let set = [
        ("title", text("A badge")),
        ("model", Value::Link(model)),
        ("service", Value::Link(service)),
        ("request_type", text("access")),
    ];
    made(&desk, "service_request", Some("in_progress"), &set).await;
    tasks(&desk).await;
    let mara = desk.person("Mara", &["agent"]).await.unwrap();
    let step = async |of: &str, change: Change| {
        let target = Target::Existing(Reference::new(of, 1), None);
        desk.engine.apply(&mara, target, change, Door::Page).await
    };
    let fulfil = || Change::default().take("fulfil").with_text("resolution", "Handed over");
    let refused = step("service_request", fulfil()).await.unwrap_err();
    assert!(refused.to_string().contains("Some of its tasks are still open."), "{refused}");
    step("request_task", Change::default().take("finish")).await.unwrap();
    step("service_request", fulfil()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_for_a_model_goes_before_the_general_one() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let model = made(&desk, "request_model", Some("in_use"), &[("title", text("Badge"))]).await;
        let set = [("name", text("Gold")), ("valid_from", Value::Day(0))];
        let agreement = made(&desk, "agreement", Some("in_force"), &set).await;
        for (name, of, duration) in [("General", None, "40h"), ("Badges", Some(model), "4h")] {
            let set = [
                ("name", text(name)),
                ("agreement", Value::Link(agreement)),
                ("applies_to", text("service_request")),
                ("duration", text(duration)),
                ("model", of.map_or(Value::Null, Value::Link)),
            ];
            made(&desk, "target", None, &set).await;
        }
        let due = async |of: Option<i64>| {
            let set = [("title", text("A")), ("model", of.map_or(Value::Null, Value::Link))];
            let number = made(&desk, "service_request", None, &set).await;
            let reference = Reference::new("service_request", number);
            let record = desk.engine.require(&Caller::system("Test"), &reference).await.unwrap();
            record.instant("resolution_due_at").unwrap() - record.instant("reported_at").unwrap()
        };
        const HOUR: i64 = 3_600_000_000;
        assert_eq!((due(None).await, due(Some(model)).await), (40 * HOUR, 4 * HOUR));
    }
}

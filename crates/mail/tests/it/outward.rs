//! Who is told what, and what becomes of the queue, on both databases.

use proofdesk_engine::{Act, Audience, Change, Link, Reference, Target};
use proofdesk_mail::{Pace, Preference};
use proofdesk_model::{Door, Value};
use proofdesk_testkit::{BOTH, Database};
use rand::SeedableRng as _;

use crate::office::{Office, settings};

async fn report(office: &Office, title: &str) -> Reference {
    let target = Target::New("incident".to_owned());
    let change = Change::default().with_text("title", title);
    let made = office.desk.engine.apply(&office.ida, target, change, Door::Page).await.unwrap();
    Reference::new("incident", made.record.number)
}

async fn told(office: &Office) -> Vec<(String, i64)> {
    office.follow().await;
    office.queue(&["event", "person"]).await.iter().map(|r| (r.text(0).to_owned(), r.int(1))).collect()
}

fn number(caller: &proofdesk_engine::Caller) -> i64 {
    caller.person.unwrap()
}

#[tokio::test]
async fn each_act_is_told_once_to_those_whom_it_concerns() {
    for database in BOTH {
        let office = Office::open(database).await;
        let engine = &office.desk.engine;
        let about = report(&office, "Till").await;
        assert_eq!(told(&office).await, [("received".to_owned(), number(&office.ida))]);
        office.later();
        let assign = Change::default().take("assign").with("assignee", Value::Link(number(&office.mara)));
        engine.apply(&office.alex, Target::Existing(about.clone(), None), assign, Door::Page).await.unwrap();
        assert_eq!(told(&office).await.last().unwrap(), &("assigned".to_owned(), number(&office.mara)));
        office.later();
        engine.comment(&office.alex, &about, Audience::Customer, "Which till?", Door::Page).await.unwrap();
        let all = told(&office).await;
        assert_eq!(
            all[2..],
            [("answered".to_owned(), number(&office.ida)), ("answered".to_owned(), number(&office.mara))]
        );
        // looked at again nothing is told twice
        assert_eq!(told(&office).await.len(), 4);
        let rows = office.queue(&["event", "person", "subject", "body", "language", "reply_to"]).await;
        let german = rows.iter().find(|r| r.text(0) == "assigned").unwrap();
        assert!(german.text(2).contains("Jetzt bei Ihnen") && german.text(4) == "de", "{}", german.text(2));
        let answer =
            rows.iter().find(|r| r.text(0) == "answered" && r.int(1) == number(&office.ida)).unwrap();
        assert!(
            answer.text(3).contains("Which till?")
                && answer.text(3).contains("https://desk.example/incident/INC-")
        );
        assert!(answer.text(5).starts_with("desk+inc-"));
    }
}

#[tokio::test]
async fn notes_of_staff_never_leave_by_mail() {
    for database in BOTH {
        let office = Office::open(database).await;
        let engine = &office.desk.engine;
        let about = report(&office, "Till").await;
        engine.watch(&office.mara, &about, true, Door::Page).await.unwrap();
        engine.watch(&office.ida, &about, true, Door::Page).await.unwrap();
        // the customer's person is named, too
        let words = format!("@PER-{} @mara kumquat", number(&office.ida));
        engine.comment(&office.alex, &about, Audience::Staff, &words, Door::Page).await.unwrap();
        let all = told(&office).await;
        assert_eq!(
            all,
            [("noted".to_owned(), number(&office.mara)), ("received".to_owned(), number(&office.ida))]
        );
        for row in office.queue(&["subject", "body"]).await {
            assert!(!row.text(0).contains("kumquat") && !row.text(1).contains("kumquat"));
        }
    }
}

#[tokio::test]
async fn a_customer_never_gets_what_belongs_to_another() {
    for database in BOTH {
        let office = Office::open(database).await;
        let engine = &office.desk.engine;
        let about = report(&office, "Secret of the North").await;
        let words = format!("@PER-{} look", number(&office.otto));
        engine.comment(&office.alex, &about, Audience::Customer, &words, Door::Page).await.unwrap();
        let all = told(&office).await;
        assert!(all.iter().all(|(_, person)| *person != number(&office.otto)), "{all:?}");
        assert!(all.contains(&("answered".to_owned(), number(&office.ida))));
    }
}

#[tokio::test]
async fn history_and_old_entries_are_not_told() {
    let office = Office::open(Database::Sqlite).await;
    let target = Target::New("incident".to_owned());
    let change =
        || Change::default().with_text("title", "Old").with("reported_by", Value::Link(number(&office.ida)));
    office.desk.engine.apply(&office.desk.setup(), target.clone(), change(), Door::Import).await.unwrap();
    assert!(told(&office).await.is_empty());
    office.desk.engine.apply(&office.desk.setup(), target, change(), Door::Page).await.unwrap();
    office.desk.time.advance(2 * 86_400_000_000);
    assert!(told(&office).await.is_empty(), "mail was off for two days");
}

#[tokio::test]
async fn approvals_go_to_those_who_may_decide() {
    let office = Office::open(Database::Sqlite).await;
    let engine = &office.desk.engine;
    let owner = Change::default().with_text("name", "Olga Own").with_text("mail", "olga@desk.example");
    let olga = office.desk.create("person", owner).await.unwrap().record.number;
    let olga = proofdesk_engine::Caller::person(olga, "Olga Own", ["service_owner"]);
    office.desk.account(&olga, "olga", "correct horse battery").await.unwrap();
    let change = Change::default().with_text("title", "Access");
    let made = engine
        .apply(&office.alex, Target::New("service_request".to_owned()), change, Door::Page)
        .await
        .unwrap();
    let about = Reference::new("service_request", made.record.number);
    let ask = Change::default().take("ask_approval");
    engine.apply(&office.alex, Target::Existing(about, None), ask, Door::Page).await.unwrap();
    let wanted = Preference { pace: Pace::Urgent, ..Preference::default() };
    office.mail.set_preference(number(&olga), &wanted).await.unwrap();
    let asked: Vec<_> = told(&office).await.into_iter().filter(|(event, _)| event == "approval").collect();
    assert_eq!(asked, [("approval".to_owned(), number(&olga))]);
}

#[tokio::test]
async fn preferences_hold_mails_back() {
    for database in BOTH {
        let office = Office::open(database).await;
        let daily = Preference { pace: Pace::Daily, digest_at: 8 * 60, quiet: None };
        office.mail.set_preference(number(&office.ida), &daily).await.unwrap();
        assert_eq!(office.mail.preference(number(&office.ida)).await.unwrap(), daily);
        report(&office, "Till").await;
        office.follow().await;
        let rows = office.queue(&["state", "due_at"]).await;
        // it is nine o'clock: the next digest is tomorrow at eight
        assert_eq!(
            (rows[0].text(0), rows[0].int(1)),
            ("digest", office.desk.engine.now() + 23 * 3_600_000_000)
        );
        let none = Preference { pace: Pace::Urgent, ..daily };
        office.mail.set_preference(number(&office.ida), &none).await.unwrap();
        report(&office, "Till again").await;
        assert_eq!(told(&office).await.len(), 1);
        let wrong = Preference { digest_at: 9_999, ..daily };
        assert!(office.mail.set_preference(number(&office.ida), &wrong).await.is_err());
    }
}

#[tokio::test]
async fn links_go_by_mail_in_the_transaction_that_makes_them() {
    for database in BOTH {
        let server = toml_server();
        let office =
            Office::with(database, proofdesk_mail::Settings { smtp: Some(server), ..settings() }).await;
        let engine = &office.desk.engine;
        let account = engine.account_named("mara").await.unwrap().unwrap();
        let letter = office.mail.link_letter(&account).await.unwrap().expect("Mara has an address");
        let mut random = rand::rngs::StdRng::seed_from_u64(1);
        let rows = |link: &Link, secret: &str| letter.row(link, secret).into_iter().collect();
        let (_, secret) =
            engine.make_link_with(&Act::operator(), account.id, &mut random, rows).await.unwrap();
        let queue = office.queue(&["event", "body", "secret", "give_up_at", "reply_to", "id"]).await;
        assert_eq!(queue.len(), 1);
        assert_eq!(queue[0].text(0), "reset");
        assert!(queue[0].text(1).contains(&format!("https://desk.example/link/{secret}")));
        assert!(queue[0].bool(2) && queue[0].is_null(4));
        assert_eq!(queue[0].int(3), engine.now() + 86_400_000_000, "it ends with the link");
        assert!(!queue[0].text(5).contains(&secret));
        // who has no address gets the link from hand to hand
        let nobody = office.desk.person("No Mail", &["agent"]).await.unwrap();
        let account = office.desk.account(&nobody, "nomail", "correct horse battery").await.unwrap();
        assert!(office.mail.link_letter(&account).await.unwrap().is_none());
    }
}

fn toml_server() -> proofdesk_mail::settings::Server {
    serde_json::from_value(serde_json::json!({"host": "127.0.0.1", "port": 1, "tls": "none"})).unwrap()
}

#[tokio::test]
async fn a_server_that_is_away_loses_nothing_and_is_given_up_at_last() {
    for database in BOTH {
        let office =
            Office::with(database, proofdesk_mail::Settings { smtp: Some(toml_server()), ..settings() })
                .await;
        report(&office, "Till").await;
        office.follow().await;
        for attempt in 1..4 {
            assert!(office.mail.send_due().await.is_err(), "nobody listens");
            let rows = office.queue(&["state", "attempts", "error"]).await;
            assert_eq!((rows[0].text(0), rows[0].int(1)), ("waiting", attempt));
            assert!(!rows[0].text(2).contains('@'), "{}", rows[0].text(2));
            office.desk.time.advance(600_000_000);
        }
        assert!(office.mail.ways().smtp.error.is_some());
        office.desk.time.advance(6 * 86_400_000_000);
        let _ = office.mail.send_due().await;
        let dead = office.mail.queue(&["dead"], 10).await.unwrap();
        assert_eq!(dead.len(), 1);
        office.mail.send_again(&dead[0].id).await.unwrap();
        assert!(office.mail.send_again(&dead[0].id).await.is_err(), "it waits already");
        let again = office.mail.queued(&dead[0].id).await.unwrap();
        assert_eq!((again.state.as_str(), again.attempts), ("waiting", 0));
        // one whose words were cleared away is not sent empty
        let store = office.desk.engine.store();
        let row = proofdesk_store::Statement::update("mail_out").set("state", "bounced").set("body", "");
        store.execute(vec![row.when("id", dead[0].id.clone())]).await.unwrap();
        assert!(office.mail.send_again(&dead[0].id).await.is_err());
        let row = proofdesk_store::Statement::update("mail_out").set("state", "waiting");
        store.execute(vec![row.when("id", dead[0].id.clone())]).await.unwrap();
        office.mail.withdraw(&dead[0].id).await.unwrap();
        assert_eq!(office.mail.queued(&dead[0].id).await.unwrap().state, "withdrawn");
        assert!(office.mail.withdraw(&dead[0].id).await.is_err());
    }
}

#[tokio::test]
async fn what_an_inbox_sets_is_checked_when_the_program_starts() {
    let desk = proofdesk_testkit::TestDesk::open(Database::Sqlite).await.unwrap();
    for (field, value, says) in [
        ("channel", "pigeon", "no option `pigeon`"),
        ("service", "INC-1", "takes a reference"),
        ("resolved_by", "PER-1", "written by steps and rules alone"),
        ("wings", "2", "no field `wings`"),
    ] {
        let mut wrong = settings();
        wrong.inbox[0].set.insert(field.to_owned(), value.to_owned());
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let said = ("Example Ltd".to_owned(), None);
        let opened =
            proofdesk_mail::Mail::open(desk.engine.clone(), wrong, Vec::new(), said, &mut random).await;
        let error = opened.err().expect("a mistake").to_string();
        assert!(
            error.starts_with("mail.inbox.set of desk@desk.example: ") && error.contains(says),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_place_in_the_log_that_cannot_be_read_tells_nothing_twice() {
    for database in BOTH {
        let office = Office::open(database).await;
        report(&office, "Till").await;
        office.desk.engine.store().sequence_once().await.unwrap();
        let place = |value: &str| {
            proofdesk_store::Statement::update("setting")
                .set("value", value.to_owned())
                .when("name", "mail_place")
        };
        let store = office.desk.engine.store();
        for value in ["", "x", "-1", "1e3"] {
            store.execute(vec![place(value)]).await.unwrap();
            let said = office.mail.follow().await.unwrap_err().to_string();
            assert!(said.contains("no place in the log"), "{said}");
            assert!(office.queue(&["id"]).await.is_empty());
        }
    }
}

/// A service of Ida's customer, followed by her and by Otto, who does not see it.
async fn followed(office: &Office) -> Reference {
    let engine = &office.desk.engine;
    let ida =
        engine.require(&office.desk.setup(), &Reference::new("person", number(&office.ida))).await.unwrap();
    let mut change =
        Change::default().with_text("name", "Card terminals").with("published", Value::Bool(true));
    if let Some(customer) = ida.int("customer") {
        change = change.link("customers", Reference::new("customer", customer));
    }
    change.state = Some("live".to_owned());
    let made = office.desk.create("service", change).await.unwrap();
    let service = Reference::new("service", made.record.number);
    engine.watch(&office.ida, &service, true, Door::Page).await.unwrap();
    engine.watch(&office.mara, &service, true, Door::Page).await.unwrap();
    service
}

#[tokio::test]
async fn who_follows_a_service_hears_of_its_outages_without_a_word_of_them() {
    for database in BOTH {
        let office = Office::open(database).await;
        let engine = &office.desk.engine;
        let service = followed(&office).await;
        let refused = engine.watch(&office.otto, &service, true, Door::Page).await;
        assert!(refused.is_err(), "another customer's service is not there for him");
        told(&office).await;
        let outage = |title: &str| {
            Change::default().with_text("title", title).with("service", Value::Link(service.number))
        };
        let made = engine
            .apply(&office.alex, Target::New("outage".to_owned()), outage("kumquat in the rack"), Door::Api)
            .await
            .unwrap();
        let hears = |event: &str| {
            vec![(event.to_owned(), number(&office.ida)), (event.to_owned(), number(&office.mara))]
        };
        let sorted = |mut all: Vec<(String, i64)>| {
            all.sort();
            all
        };
        assert_eq!(sorted(told(&office).await), sorted(hears("service_down")));
        let rows = office.queue(&["subject", "body", "reply_to", "person"]).await;
        for row in &rows {
            assert!(row.text(0).contains("Card terminals"), "{}", row.text(0));
            assert!(!row.text(1).contains("kumquat") && !row.text(1).contains("OUT-"), "{}", row.text(1));
            assert!(row.text(1).contains("https://desk.example/service/SVC-"), "{}", row.text(1));
        }
        let own = rows.iter().find(|r| r.int(3) == number(&office.ida)).unwrap();
        assert_eq!(own.opt_text(2), None, "a customer cannot answer to a service");
        let on = Reference::new("outage", made.record.number);
        office.later();
        let over = Change::default().take("restore").with("ended_at", Value::Instant(engine.now()));
        engine.apply(&office.alex, Target::Existing(on, None), over, Door::Page).await.unwrap();
        let all = told(&office).await;
        assert_eq!(all.iter().filter(|(event, _)| event == "service_up").count(), 2, "{all:?}");
        // one that is written down afterwards interrupts nothing now
        let mut late = outage("kumquat of last week");
        late.state = Some("restored".to_owned());
        let late = late.with("ended_at", Value::Instant(engine.now()));
        office.desk.create("outage", late).await.unwrap();
        assert_eq!(told(&office).await.len(), all.len());
    }
}

#[tokio::test]
async fn who_follows_a_service_gets_the_notices_that_name_it() {
    for database in BOTH {
        let office = Office::open(database).await;
        let engine = &office.desk.engine;
        let service = followed(&office).await;
        let change = Change::default()
            .with_text("title", "Cards are declined")
            .with_text("body", "We know why.")
            .link("services", service.clone());
        let made =
            engine.apply(&office.alex, Target::New("notice".to_owned()), change, Door::Page).await.unwrap();
        let on = Reference::new("notice", made.record.number);
        assert!(told(&office).await.is_empty(), "a draft is told to nobody");
        let step = async |change: Change| {
            office.later();
            engine.apply(&office.alex, Target::Existing(on.clone(), None), change, Door::Page).await.unwrap();
            told(&office).await
        };
        let all = step(Change::default().take("publish")).await;
        assert_eq!(all.iter().filter(|(event, _)| event == "service_news").count(), 2, "{all:?}");
        let rows = office.queue(&["subject", "body", "person"]).await;
        let own = rows.iter().find(|r| r.int(2) == number(&office.ida)).unwrap();
        assert!(
            own.text(0).contains("Cards are declined") && own.text(1).contains("We know why."),
            "{}",
            own.text(1)
        );
        let all = step(Change::default().take("tell").with_text("body", "Half are back.")).await;
        assert_eq!(all.iter().filter(|(event, _)| event == "service_news").count(), 4, "{all:?}");
        let end = Change::default().take("end").with("ends_at", Value::Instant(engine.now()));
        let all = step(end).await;
        assert_eq!(all.iter().filter(|(event, _)| event == "service_over").count(), 2, "{all:?}");
        engine.watch(&office.ida, &service, false, Door::Page).await.unwrap();
        let all = step(Change::default().take("reopen")).await;
        assert_eq!(
            all.iter().filter(|(event, _)| event == "service_news").count(),
            5,
            "only Mara follows: {all:?}"
        );
    }
}

#[tokio::test]
async fn a_request_that_is_sent_into_its_approval_asks_the_person_who_is_named() {
    for database in BOTH {
        let office = Office::open(database).await;
        let model = Change::default()
            .with_text("title", "Badge")
            .with("approval_needed", Value::Bool(true))
            .with("approver_person", Value::Link(number(&office.mara)));
        let mut model = model;
        model.state = Some("in_use".to_owned());
        let model = office.desk.create("request_model", model).await.unwrap().record.number;
        let change = Change::default().with_text("title", "A badge").with("model", Value::Link(model));
        let target = Target::New("service_request".to_owned());
        office.desk.engine.apply(&office.ida, target, change, Door::Page).await.unwrap();
        let all = told(&office).await;
        assert!(all.contains(&("approval".to_owned(), number(&office.mara))), "{all:?}");
        assert!(all.contains(&("received".to_owned(), number(&office.ida))), "{all:?}");
        assert_eq!(all.len(), 2, "{all:?}");
    }
}

#[tokio::test]
async fn a_letter_about_another_record_has_no_words_of_the_first() {
    let office = Office::open(Database::Sqlite).await;
    let engine = &office.desk.engine;
    let service = followed(&office).await;
    told(&office).await;
    let own = "tell \"answered\" of=\"outage\" on=\"comment\" audience=\"customer\" about=\"service\" to=\"watchers\"\n";
    let own = vec![proofdesk_model::SourceFile::new("own.kdl", own)];
    let mut random = rand::rngs::StdRng::seed_from_u64(7);
    let said = ("Example Ltd".to_owned(), Some("https://desk.example".to_owned()));
    let mail = proofdesk_mail::Mail::open(engine.clone(), settings(), own, said, &mut random).await.unwrap();
    let change = Change::default().with_text("title", "Rack").with("service", Value::Link(service.number));
    let made = engine.apply(&office.alex, Target::New("outage".to_owned()), change, Door::Api).await.unwrap();
    told(&office).await;
    let on = Reference::new("outage", made.record.number);
    engine.comment(&office.desk.setup(), &on, Audience::Customer, "kumquat", Door::Page).await.unwrap();
    engine.store().sequence_once().await.unwrap();
    while mail.follow().await.unwrap() > 0 {}
    let rows = office.queue(&["event", "body"]).await;
    assert_eq!(rows.iter().filter(|row| row.text(0) == "answered").count(), 2);
    assert!(rows.iter().all(|row| !row.text(1).contains("kumquat")));
}

//! A desk with mail for tests: two customers with a person each, two agents, and ways to write to it.

use proofdesk_engine::{Caller, Change, Record, Reference};
use proofdesk_mail::intake::{Arrival, Outcome};
use proofdesk_mail::settings::{Inbox, Strangers};
use proofdesk_mail::{Mail, Settings};
use proofdesk_model::Value;
use proofdesk_store::{Row, Select};
use proofdesk_testkit::{Database, TestDesk};
use rand::SeedableRng as _;

/// A desk with people who write and read mail.
pub struct Office {
    pub desk: TestDesk,
    pub mail: Mail,
    /// Of the first customer.
    pub ida: Caller,
    /// Of the second customer.
    pub otto: Caller,
    /// An agent with an account.
    pub alex: Caller,
    /// Another agent with an account; reads German.
    pub mara: Caller,
}

/// Settings with two inboxes and no server.
pub fn settings() -> Settings {
    let inbox = |address: &str, record: &str, strangers| Inbox {
        address: address.to_owned(),
        record: record.to_owned(),
        strangers,
        set: std::collections::BTreeMap::new(),
    };
    Settings {
        address: "desk@desk.example".to_owned(),
        name: Some("Service Desk".to_owned()),
        reply: None,
        language: "en".to_owned(),
        size_max_mib: 2,
        mails_per_hour: 5,
        give_up_days: 5,
        keep_days: 30,
        smtp: None,
        lmtp: None,
        imap: None,
        inbox: vec![
            inbox("desk@desk.example", "incident", Strangers::Refuse),
            inbox("wishes@desk.example", "service_request", Strangers::Refuse),
            inbox("open@desk.example", "incident", Strangers::Accept),
        ],
    }
}

impl Office {
    pub async fn open(database: Database) -> Self {
        Self::with(database, settings()).await
    }

    pub async fn with(database: Database, settings: Settings) -> Self {
        let desk = TestDesk::open(database).await.unwrap();
        let mail = mail(&desk, settings).await;
        assert_eq!(mail.follow().await.unwrap(), 0, "the place is set");
        let mut customers = Vec::new();
        for name in ["North", "South"] {
            let made = desk.create("customer", Change::default().with_text("name", name)).await.unwrap();
            customers.push(Value::Link(made.record.number));
        }
        let ida = person(&desk, "Ida Voß", "Ida@Customer.example", Some(customers[0].clone())).await;
        let otto = person(&desk, "Otto Rehn", "otto@south.example", Some(customers[1].clone())).await;
        let alex = agent(&desk, "Alex Kern", "alex").await;
        let mara = agent(&desk, "Mara Ohm", "mara").await;
        let german = Change::default().with_text("language", "de");
        let about = Reference::new("person", mara.person.unwrap());
        let target = proofdesk_engine::Target::Existing(about, None);
        desk.engine.apply(&desk.setup(), target, german, proofdesk_model::Door::Cli).await.unwrap();
        let office = Self { desk, mail, ida, otto, alex, mara };
        office.follow().await;
        office
    }

    /// Follows the log to its end.
    pub async fn follow(&self) {
        loop {
            self.desk.engine.store().sequence_once().await.unwrap();
            if self.mail.follow().await.unwrap() == 0 {
                return;
            }
        }
    }

    /// Takes a mail in by its headers and text.
    pub async fn write(&self, to: &str, headers: &str, text: &str) -> Outcome {
        let raw = format!("To: {to}\n{headers}\n\n{text}\n").replace('\n', "\r\n");
        self.take(to, raw.into_bytes()).await
    }

    pub async fn take(&self, to: &str, raw: Vec<u8>) -> Outcome {
        self.mail.take_in(&Arrival::new(raw, "lmtp"), to).await.unwrap()
    }

    pub async fn records(&self, of: &str) -> Vec<Record> {
        let request = proofdesk_engine::ListRequest {
            record_type: of.to_owned(),
            filter: None,
            sort: String::new(),
            descending: false,
            after: None,
            limit: 100,
        };
        let mut found = self.desk.engine.list(&self.desk.setup(), &request).await.unwrap().records;
        found.sort_by_key(|r| r.number);
        found
    }

    /// Bodies of comments with their author, as staff sees them.
    pub async fn comments(&self, about: &Reference) -> Vec<(String, String)> {
        let found = self.desk.engine.comments(&self.desk.setup(), about).await.unwrap();
        found.into_iter().map(|c| (c.by, c.body)).collect()
    }

    /// Columns of the queue, oldest first.
    pub async fn queue(&self, columns: &[&'static str]) -> Vec<Row> {
        let question = Select::from("mail_out", columns).order("at").order("event").order("person");
        self.desk.engine.store().select(question).await.unwrap()
    }

    /// The signed address of the newest mail to somebody.
    pub async fn reply_to(&self, person: &Caller) -> String {
        let question =
            Select::from("mail_out", &["reply_to"]).when("person", person.person).order_descending("at");
        let rows = self.desk.engine.store().select(question.order_descending("id").limit(1)).await.unwrap();
        rows.first().expect("a mail to this person").text(0).to_owned()
    }

    /// The Message-ID of the newest mail to somebody.
    pub async fn sent_to(&self, person: &Caller) -> String {
        let question =
            Select::from("mail_out", &["message_id"]).when("person", person.person).order_descending("at");
        let rows = self.desk.engine.store().select(question.order_descending("id").limit(1)).await.unwrap();
        rows.first().expect("a mail to this person").text(0).to_owned()
    }

    /// Lets a minute pass.
    pub fn later(&self) {
        self.desk.time.advance(60_000_000);
    }
}

/// Mail over a desk.
pub async fn mail(desk: &TestDesk, settings: Settings) -> Mail {
    let mut random = rand::rngs::StdRng::seed_from_u64(7);
    let said = ("Example Ltd".to_owned(), Some("https://desk.example".to_owned()));
    Mail::open(desk.engine.clone(), settings, Vec::new(), said, &mut random).await.unwrap()
}

async fn person(desk: &TestDesk, name: &str, address: &str, customer: Option<Value>) -> Caller {
    let mut change = Change::default().with_text("name", name).with_text("mail", address);
    if let Some(customer) = customer {
        change = change.with("customer", customer);
    }
    let made = desk.create("person", change).await.unwrap();
    Caller::person(made.record.number, name, ["requester"])
}

async fn agent(desk: &TestDesk, name: &str, sign_in: &str) -> Caller {
    let person = person(desk, name, &format!("{sign_in}@desk.example"), None).await;
    let caller = Caller::person(person.person.unwrap(), name, ["agent"]);
    desk.account(&caller, sign_in, "correct horse battery").await.unwrap();
    caller
}

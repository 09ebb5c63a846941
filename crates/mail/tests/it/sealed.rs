//! What was sent is told to the log: a row that says otherwise is found, on both databases.

use proofdesk_engine::verify::{FindingKind, Report};
use proofdesk_engine::{Act, Change, Link, Reference};
use proofdesk_mail::decide::Decision;
use proofdesk_mail::{Mail, Settings, verify};
use proofdesk_store::{Select, Statement};
use proofdesk_testkit::BOTH;
use rand::SeedableRng as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::office::{Office, settings};

/// A server that takes every mail, and its port.
async fn taker() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                stream.write_all(b"220 taker\r\n").await.unwrap();
                let (mut line, mut in_data) = (String::new(), false);
                while stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {
                    let answer = match (in_data, line.trim_end()) {
                        (true, ".") => "250 taken\r\n",
                        (true, _) => "",
                        (false, "DATA") => "354 go on\r\n",
                        (false, "QUIT") => "221 bye\r\n",
                        (false, _) => "250 yes\r\n",
                    };
                    in_data = answer.starts_with("354") || (in_data && answer.is_empty());
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                    line.clear();
                }
            });
        }
    });
    port
}

async fn verified(office: &Office) -> Report {
    let engine = &office.desk.engine;
    while engine.sequence().await.unwrap() > 0 {}
    let mut report = engine.verify(&[], |_, _| {}).await.unwrap();
    verify(engine, &mut report).await.unwrap();
    report
}

async fn past_the_log(office: &Office, statement: Statement) {
    office.desk.engine.store().execute(vec![statement]).await.unwrap();
}

async fn mails(mail: &Mail, state: &str) -> Vec<String> {
    mail.queue(&[state], 100).await.unwrap().into_iter().map(|mail| mail.id).collect()
}

/// A link for a decision, as the mail would have it; what it says is signed anew by each key.
fn link(office: &Office) -> String {
    let about = Reference::new("service_request", 1);
    let ends_at = office.desk.engine.now() + 90 * 86_400_000_000;
    let decision = Decision { person: 1, about, version: 1, ends_at };
    let address = office.mail.decision_address(&decision).unwrap();
    address.rsplit_once('/').unwrap().1.to_owned()
}

#[tokio::test]
async fn a_renewed_key_is_in_the_log_and_those_of_before_are_believed_till_their_end() {
    let day = 86_400_000_000;
    for database in BOTH {
        let office = Office::open(database).await;
        let raw = b"From: ida@customer.example\r\nSubject: Till\r\nMessage-ID: <k1@customer.example>\r\n\r\nStuck.\r\n";
        let made = office.take("desk@desk.example", raw.to_vec()).await;
        let proofdesk_mail::intake::Outcome::Record(about) = made else { panic!("{made:?}") };
        office.follow().await;
        let (first, first_link) = (office.reply_to(&office.ida).await, link(&office));
        // another program renews the key; this one takes it on when it looks at the log
        let other = crate::office::mail(&office.desk, settings()).await;
        let mut random = rand::rngs::StdRng::seed_from_u64(41);
        let until = other.renew_key(&Act::operator(), 30, &mut random).await.unwrap();
        assert_eq!(until, office.desk.engine.now() + 30 * day);
        office.follow().await;
        let second_link = link(&office);
        assert_ne!(first_link, second_link, "signed by the new key");
        assert!(office.mail.decision(&first_link).is_some() && office.mail.decision(&second_link).is_some());
        assert!(office.mail.takes(&first), "an address of before is taken");
        let headers = "From: ida@customer.example\nMessage-ID: <k2@customer.example>";
        let answer = office.write(&first, headers, "Still stuck.").await;
        assert_eq!(answer, proofdesk_mail::intake::Outcome::Comment(about));
        // after its time it is worth nothing; the present one is
        office.desk.time.advance(30 * day);
        assert!(!office.mail.takes(&first) && office.mail.decision(&first_link).is_none());
        assert!(office.mail.decision(&second_link).is_some());
        // one that leaked ends at once, and takes with it what was still believed
        office.mail.renew_key(&Act::operator(), 5, &mut random).await.unwrap();
        let third_link = link(&office);
        office.mail.renew_key(&Act::operator(), 0, &mut random).await.unwrap();
        assert!([second_link, third_link].iter().all(|link| office.mail.decision(link).is_none()));
        assert!(office.mail.decision(&link(&office)).is_some());
        assert!(office.mail.renew_key(&Act::operator(), 366, &mut random).await.is_err());
        let report = verified(&office).await;
        assert!(report.is_good(), "{:?}", report.findings);
        let rows = Select::from("setting", &["value"]).when("name", "mail_key").limit(1);
        let key = office.desk.engine.store().select(rows).await.unwrap()[0].text(0).to_owned();
        let entries = office.desk.engine.believed_about("mail_out").await.unwrap();
        let told: Vec<String> =
            entries.iter().map(|entry| String::from_utf8_lossy(&entry.body).into_owned()).collect();
        assert_eq!(told.iter().filter(|told| told.contains("renew_key")).count(), 3, "{told:?}");
        assert!(told.iter().all(|told| told.contains("Operator") && !told.contains(&key)), "{told:?}");
        // a key of before that somebody put there, would be believed: it is found
        let planted = format!("{}:{}", "cd".repeat(32), office.desk.engine.now() + 400 * day);
        let old =
            |value: String| Statement::update("setting").set("value", value).when("name", "mail_keys_before");
        past_the_log(&office, old(planted)).await;
        let report = verified(&office).await;
        let found = report.findings.iter().find(|found| found.kind == FindingKind::ChangedRow).unwrap();
        assert!(found.message.contains("mail_keys_before"), "{found:?}");
        past_the_log(&office, old(String::new())).await;
        assert!(verified(&office).await.is_good());
        // so is a later end of one that is believed
        let until = office.mail.renew_key(&Act::operator(), 5, &mut random).await.unwrap();
        assert!(verified(&office).await.is_good());
        let rows = Select::from("setting", &["value"]).when("name", "mail_keys_before").limit(1);
        let kept = office.desk.engine.store().select(rows).await.unwrap()[0].text(0).to_owned();
        past_the_log(&office, old(kept.replace(&until.to_string(), &(until + day).to_string()))).await;
        assert!(!verified(&office).await.is_good());
        past_the_log(&office, old(kept)).await;
        // a key that somebody put in place of the present one is found
        let forged = Statement::update("setting").set("value", "ab".repeat(32)).when("name", "mail_key");
        past_the_log(&office, forged).await;
        let report = verified(&office).await;
        let found = report.findings.iter().find(|found| found.kind == FindingKind::ChangedRow).unwrap();
        assert!(found.message.contains("mail_key"), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_was_sent_otherwise_is_found() {
    let port = taker().await;
    let smtp = serde_json::json!({"host": "127.0.0.1", "port": port, "tls": "none"});
    for database in BOTH {
        let smtp = Some(serde_json::from_value(smtp.clone()).unwrap());
        let office = Office::with(database, Settings { smtp, ..settings() }).await;
        let customer = proofdesk_model::Value::Link(office.ida.person.unwrap());
        let change = Change::default().with_text("title", "Till is down").with("reported_by", customer);
        office.desk.create("incident", change).await.unwrap();
        office.follow().await;
        // a link is a secret: its words leave the queue with it
        let engine = &office.desk.engine;
        let account = engine.account_named("mara").await.unwrap().unwrap();
        let letter = office.mail.link_letter(&account).await.unwrap().unwrap();
        let rows = |link: &Link, secret: &str| letter.row(link, secret).into_iter().collect();
        let mut random = rand::rngs::StdRng::seed_from_u64(1);
        engine.make_link_with(&Act::operator(), account.id, &mut random, rows).await.unwrap();
        office.mail.send_due().await.unwrap();
        let sent = mails(&office.mail, "sent").await;
        assert!(sent.len() >= 2, "{database:?}: {sent:?}");
        let good = verified(&office).await;
        assert!(good.is_good() && good.mails as usize == sent.len(), "{database:?} {good:?}");

        let columns = ["id", "person", "subject", "body", "event", "sent_at", "message_id", "audience"];
        let told = Select::from("mail_out", &columns).when("secret", false).when("state", "sent").limit(1);
        let row = office.desk.engine.store().select(told).await.unwrap().remove(0);
        let one = || Statement::update("mail_out").when("id", row.text(0));
        let text = |column: &'static str, at: usize| {
            (one().set(column, "another"), one().set(column, row.text(at).to_owned()))
        };
        let number =
            |column: &'static str, at: usize| (one().set(column, 3_i64), one().set(column, row.int(at)));
        let cases = [
            text("subject", 2),
            text("body", 3),
            text("event", 4),
            text("message_id", 6),
            text("audience", 7),
            number("sent_at", 5),
            number("person", 1),
            (one().set("state", "bounced"), one().set("state", "sent")),
            (one().set("state", "waiting"), one().set("state", "sent")),
        ];
        for (at, (damage, mend)) in cases.into_iter().enumerate() {
            past_the_log(&office, damage).await;
            let found = verified(&office).await.findings;
            assert_eq!(found.len(), 1, "{database:?} case {at}: {found:?}");
            assert!(found[0].message.contains(row.text(0)), "{found:?}");
            past_the_log(&office, mend).await;
        }
        assert!(verified(&office).await.is_good(), "{database:?}");

        // words that are old go; the digests stay, and the row goes on being what was told
        office.desk.time.advance(40 * 86_400_000_000);
        office.mail.sweep().await.unwrap();
        assert!(verified(&office).await.is_good(), "{database:?}");
        let never = Statement::insert("mail_out")
            .set("id", "0")
            .set("at", office.desk.engine.now())
            .set("event", "received")
            .set("audience", "customer")
            .set("person", 1_i64)
            .set("message_id", "0@desk.example")
            .set("language", "en")
            .set("subject", "We told you")
            .set("body", "So")
            .set("state", "sent")
            .set("due_at", 1_i64)
            .set("give_up_at", 1_i64)
            .set("sent_at", office.desk.engine.now());
        past_the_log(&office, never).await;
        past_the_log(&office, Statement::delete("mail_out").when("id", row.text(0))).await;
        let found = verified(&office).await.findings;
        let kinds: Vec<FindingKind> = found.iter().map(|f| f.kind).collect();
        assert_eq!(kinds, [FindingKind::MissingRow; 2], "{database:?} {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_came_in_is_what_it_became() {
    for database in BOTH {
        let office = Office::open(database).await;
        let headers = "From: ida@customer.example\nMessage-ID: <a@customer.example>\nSubject: Till";
        office.write("desk@desk.example", headers, "It is dead.").await;
        let good = verified(&office).await;
        assert!(good.is_good() && good.mails == 1, "{database:?} {good:?}");
        let made = office.records("incident").await.remove(0);
        assert!(good.files >= 1, "the mail itself is a file of {}", made.reference());
        past_the_log(&office, Statement::update("mail_in").set("number", 77_i64)).await;
        let found = verified(&office).await.findings;
        assert!(found.len() == 1 && found[0].record.as_deref() == Some("INC-77"), "{database:?} {found:?}");
    }
}

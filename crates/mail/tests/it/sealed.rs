//! What was sent is told to the log: a row that says otherwise is found, on both databases.

use proofdesk_engine::verify::{FindingKind, Report};
use proofdesk_engine::{Act, Change, Link};
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

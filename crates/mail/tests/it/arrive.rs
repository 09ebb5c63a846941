//! What mails become, on both databases.

use proofdesk_engine::{Audience, Change, Reference, Target};
use proofdesk_mail::intake::Outcome;
use proofdesk_model::{Door, Value};
use proofdesk_testkit::{BOTH, Database};

use crate::office::Office;

const WITH_FILE: &str = "From: \"Ida V.\" <ida@CUSTOMER.example>\r\nTo: desk@desk.example\r\nSubject: Re: The till does not print\r\nMessage-ID: <m1@customer.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nNo paper comes out.\r\nSince Monday.\r\n--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"till.log\"\r\n\r\npaper jam\r\n--x--\r\n";

fn reference(outcome: &Outcome) -> Reference {
    match outcome {
        Outcome::Record(about) | Outcome::Comment(about) => about.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_mail_becomes_one_record_with_its_files_however_often_it_comes() {
    for database in BOTH {
        let office = Office::open(database).await;
        let about = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
        for to in ["desk@desk.example", "wishes@desk.example", "open@desk.example"] {
            assert_eq!(office.take(to, WITH_FILE.into()).await, Outcome::Known);
        }
        assert_eq!(
            (office.records("incident").await.len(), office.records("service_request").await.len()),
            (1, 0)
        );
        let record = office.desk.engine.load(&office.desk.setup(), &about).await.unwrap().unwrap();
        assert_eq!(record.title(), "The till does not print");
        assert_eq!(record.text("description"), Some("No paper comes out.  \nSince Monday."));
        assert_eq!(record.text("channel"), Some("mail"));
        assert_eq!(record.created_by, office.ida.person);
        assert_eq!(record.get("reported_by"), Value::Link(office.ida.person.unwrap()));
        assert!(!record.get("customer").is_null(), "taken from the person");
        assert_eq!(record.origin, "mail");
        let all = office.desk.engine.attachments(&office.desk.setup(), &about).await.unwrap();
        let named: Vec<(&str, Audience)> = all.iter().map(|a| (a.name.as_str(), a.audience)).collect();
        assert_eq!(named.len(), 2, "{named:?}");
        assert!(
            named.contains(&("till.log", Audience::Customer))
                && named.contains(&("message.eml", Audience::Staff))
        );
        let whole = all.iter().find(|a| a.name == "message.eml").unwrap();
        assert_eq!(whole.size_bytes, WITH_FILE.len() as u64);
        let seen = office.desk.engine.attachments(&office.ida, &about).await.unwrap();
        assert_eq!(seen.len(), 1, "the whole mail is for staff");
        office.desk.engine.store().sequence_once().await.unwrap();
        let history = office.desk.engine.history(&about, 10).await.unwrap();
        assert!(history.iter().all(|item| item.door == "mail" && item.by == "Ida Voß"), "{history:?}");
    }
}

#[tokio::test]
async fn the_same_mail_at_the_same_instant_becomes_one_record() {
    for database in BOTH {
        let office = Office::open(database).await;
        let deliver = || office.mail.clone();
        let tries: Vec<_> = (0..8)
            .map(|_| {
                let mail = deliver();
                tokio::spawn(async move {
                    let arrival = proofdesk_mail::intake::Arrival::new(WITH_FILE.into(), "lmtp");
                    mail.take_in(&arrival, "desk@desk.example").await
                })
            })
            .collect();
        let mut made = 0;
        for one in tries {
            match one.await.unwrap() {
                Ok(Outcome::Record(_)) => made += 1,
                Ok(Outcome::Known) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(made, 1);
        assert_eq!(office.records("incident").await.len(), 1);
    }
}

#[tokio::test]
async fn a_reply_becomes_a_comment_of_its_writer() {
    for database in BOTH {
        let office = Office::open(database).await;
        let about = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
        office.follow().await;
        let address = office.reply_to(&office.ida).await;
        let headers = "From: ida@customer.example\nSubject: Re: x\nMessage-ID: <m2@customer.example>";
        let text = "It prints again.\n\nOn 02/03/2026 09:00, Service Desk wrote:\n> we have what you sent";
        let outcome = office.write(&address, headers, text).await;
        assert_eq!(outcome, Outcome::Comment(about.clone()));
        assert_eq!(office.write(&address, headers, text).await, Outcome::Known);
        assert_eq!(office.comments(&about).await, [("Ida Voß".to_owned(), "It prints again.".to_owned())]);
        // by Message-ID alone, to the desk's address
        let headers = "From: ida@customer.example\nMessage-ID: <m3@customer.example>\nIn-Reply-To: <m2@customer.example>";
        assert_eq!(
            office.write("desk@desk.example", headers, "And the other one?").await,
            Outcome::Comment(about.clone())
        );
        // a number in the subject is guessed by anybody
        let headers = "From: ida@customer.example\nMessage-ID: <m4@customer.example>\nSubject: [INC-1] x";
        assert!(matches!(office.write("desk@desk.example", headers, "More").await, Outcome::Record(_)));
        // both addresses of one mail: one comment
        let headers = format!("From: ida@customer.example\nMessage-ID: <m5@customer.example>\nCc: {address}");
        assert_eq!(
            office.write("desk@desk.example", &headers, "Twice").await,
            Outcome::Comment(about.clone())
        );
        assert_eq!(office.write(&address, &headers, "Twice").await, Outcome::Known);
        assert_eq!(office.comments(&about).await.len(), 3);
    }
}

#[tokio::test]
async fn who_may_not_read_a_record_does_not_answer_on_it() {
    for database in BOTH {
        let office = Office::open(database).await;
        let about = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
        office.follow().await;
        let address = office.reply_to(&office.ida).await;
        // another customer to whom the mail was forwarded
        let headers = "From: otto@south.example\nSubject: Fwd: till\nMessage-ID: <f1@south.example>\nIn-Reply-To: <m1@customer.example>";
        let outcome = office.write(&address, headers, "I have this, too.").await;
        let other = reference(&outcome);
        assert_ne!(other, about);
        assert!(office.comments(&about).await.is_empty());
        assert!(office.desk.engine.load(&office.otto, &about).await.unwrap().is_none());
        assert!(office.desk.engine.load(&office.ida, &other).await.unwrap().is_none());
        // somebody whom nobody knows
        let headers = "From: who@elsewhere.example\nMessage-ID: <f2@elsewhere.example>";
        assert!(matches!(office.write(&address, headers, "Me, too.").await, Outcome::Refused(_)));
        assert!(office.comments(&about).await.is_empty());
        // a forged address
        let forged = address.replace("inc-1.", "inc-2.");
        assert!(!office.mail.takes(&forged) && office.mail.takes(&address));
    }
}

#[tokio::test]
async fn an_answer_to_a_note_is_a_note_and_only_of_staff() {
    for database in BOTH {
        let office = Office::open(database).await;
        let about = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
        let engine = &office.desk.engine;
        engine
            .comment(&office.alex, &about, Audience::Staff, "@mara the printer is old", Door::Page)
            .await
            .unwrap();
        office.follow().await;
        let address = office.reply_to(&office.mara).await;
        let headers = "From: mara@desk.example\nMessage-ID: <n1@desk2.example>";
        assert_eq!(
            office.write(&address, headers, "Then we replace it.").await,
            Outcome::Comment(about.clone())
        );
        let seen = engine.comments(&office.ida, &about).await.unwrap();
        assert!(seen.is_empty(), "{seen:?}");
        // the customer got hold of the address
        let headers = "From: ida@customer.example\nMessage-ID: <n2@customer.example>";
        let outcome = office.write(&address, headers, "I read your note").await;
        assert_ne!(outcome, Outcome::Comment(about.clone()));
        assert_eq!(office.comments(&about).await.len(), 2);
    }
}

#[tokio::test]
async fn strangers_become_people_only_where_that_is_set() {
    for database in BOTH {
        let office = Office::open(database).await;
        let headers = "From: Nora Neu <Nora@new.example>\nMessage-ID: <s1@new.example>\nSubject: Hello";
        assert!(matches!(office.write("desk@desk.example", headers, "Help").await, Outcome::Refused(_)));
        assert!(office.records("incident").await.is_empty());
        let people = office.records("person").await.len();
        let about = reference(&office.write("open@desk.example", headers, "Help").await);
        let after = office.records("person").await;
        assert_eq!(after.len(), people + 1);
        let nora = after.last().unwrap();
        assert_eq!(
            (nora.title(), nora.text("mail"), nora.is_yes("external")),
            ("Nora Neu".to_owned(), Some("nora@new.example"), true)
        );
        let record = office.desk.engine.load(&office.desk.setup(), &about).await.unwrap().unwrap();
        assert_eq!(record.created_by, Some(nora.number));
        // she is known now
        let headers = "From: nora@new.example\nMessage-ID: <s2@new.example>\nSubject: Again";
        assert!(matches!(office.write("desk@desk.example", headers, "Help").await, Outcome::Record(_)));
        assert_eq!(office.records("person").await.len(), people + 1);
        // a retired person is none
        let target = Target::Existing(Reference::new("person", nora.number), None);
        let retire = Change::default().take("retire");
        office.desk.engine.apply(&office.desk.setup(), target, retire, Door::Cli).await.unwrap();
        let headers = "From: nora@new.example\nMessage-ID: <s3@new.example>\nSubject: Again";
        assert!(matches!(office.write("desk@desk.example", headers, "Help").await, Outcome::Refused(_)));
    }
}

#[tokio::test]
async fn programs_open_records_quietly_and_loops_end() {
    let office = Office::open(Database::Sqlite).await;
    for (at, header) in
        ["Auto-Submitted: auto-replied", "X-Proofdesk: other.example", "Subject: Abwesenheitsnotiz: Ida"]
            .iter()
            .enumerate()
    {
        let headers = format!("From: ida@customer.example\nMessage-ID: <p{at}@customer.example>\n{header}");
        assert!(
            matches!(office.write("desk@desk.example", &headers, "I am away").await, Outcome::Ignored(_)),
            "{header}"
        );
    }
    let own = "From: wishes@desk.example\nMessage-ID: <own@desk.example>\nSubject: x";
    assert!(matches!(office.write("desk@desk.example", own, "loop").await, Outcome::Ignored(_)));
    assert!(office.records("incident").await.is_empty());
    let monitor = "From: ida@customer.example\nMessage-ID: <mon@customer.example>\nSubject: Disk full\nAuto-Submitted: auto-generated";
    assert!(matches!(office.write("desk@desk.example", monitor, "92 %").await, Outcome::Record(_)));
    office.follow().await;
    assert!(office.queue(&["event"]).await.is_empty(), "a program is not answered");
    // more than five an hour is too much
    for at in 0..4 {
        let headers =
            format!("From: ida@customer.example\nMessage-ID: <r{at}@customer.example>\nSubject: {at}");
        assert!(matches!(office.write("desk@desk.example", &headers, "x").await, Outcome::Record(_)));
    }
    let headers = "From: ida@customer.example\nMessage-ID: <r9@customer.example>\nSubject: 9";
    assert!(matches!(office.write("desk@desk.example", headers, "x").await, Outcome::Refused(_)));
    office.desk.time.advance(3_700_000_000);
    assert!(matches!(office.write("desk@desk.example", headers, "x").await, Outcome::Record(_)));
}

#[tokio::test]
async fn the_worst_mails_become_records_or_are_refused_and_never_fail() {
    let office = Office::open(Database::Sqlite).await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mime");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let raw = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        // each with an id of its own
        let name = path.file_name().unwrap().display().to_string();
        let raw = raw.replace("<m1@customer.example>", &format!("<{name}@worst.example>")).into_bytes();
        office.desk.time.advance(3_700_000_000);
        let outcome = office.take("desk@desk.example", raw).await;
        assert!(!matches!(outcome, Outcome::Known), "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 15, "{seen}");
    for record in office.records("incident").await {
        assert!(!record.title().is_empty());
    }
}

#[tokio::test]
async fn proof_holds_for_what_mail_wrote() {
    for database in BOTH {
        let office = Office::open(database).await;
        office.take("desk@desk.example", WITH_FILE.into()).await;
        office.desk.engine.store().sequence_once().await.unwrap();
        let found = office.desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(found.findings.is_empty(), "{:?}", found.findings);
    }
}

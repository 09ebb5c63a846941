//! What mails become, on both databases.

use proofdesk_engine::{Audience, Change, Reference, Target};
use proofdesk_mail::intake::Outcome;
use proofdesk_model::{Door, Value};
use proofdesk_testkit::{BOTH, Database};

use crate::office::{Office, mail, settings};

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
        // somebody who has got hold of the address, in the name of staff: not to the customer
        let headers =
            "From: alex@desk.example\nMessage-ID: <f3@elsewhere.example>\nIn-Reply-To: <m1@customer.example>";
        assert_eq!(office.write(&address, headers, "Kumquat.").await, Outcome::Comment(about.clone()));
        assert!(office.desk.engine.comments(&office.ida, &about).await.unwrap().is_empty());
        assert_eq!(office.comments(&about).await, [("Alex Kern".to_owned(), "Kumquat.".to_owned())]);
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
        // by Message-ID alone: to the mail that told of the note, and to the answer of a colleague
        let told = office.sent_to(&office.mara).await;
        for (at, answered) in
            [told.as_str(), "n1@desk2.example", &format!("m1@customer.example> <{told}")].iter().enumerate()
        {
            let headers = format!(
                "From: mara@desk.example\nMessage-ID: <k{at}@desk2.example>\nReferences: <{answered}>"
            );
            let outcome = office.write("desk@desk.example", &headers, "Kumquat").await;
            assert_eq!(outcome, Outcome::Comment(about.clone()), "{answered}");
            let headers = format!(
                "From: alex@desk.example\nMessage-ID: <a{at}@desk2.example>\nReferences: <{answered}>"
            );
            let outcome = office.write("desk@desk.example", &headers, "Kumquat").await;
            assert_eq!(outcome, Outcome::Comment(about.clone()), "{answered}");
        }
        // the customer's own address stands beside: still a note
        let public = office.reply_to(&office.ida).await;
        let headers = format!("From: mara@desk.example\nMessage-ID: <k9@desk2.example>\nCc: {address}");
        assert_eq!(office.write(&public, &headers, "Kumquat").await, Outcome::Comment(about.clone()));
        let seen = engine.comments(&office.ida, &about).await.unwrap();
        assert!(seen.is_empty(), "{seen:?}");
        let seen = engine.attachments(&office.ida, &about).await.unwrap();
        assert!(seen.iter().all(|file| file.name == "till.log"), "{seen:?}");
        // the customer got hold of the address
        let headers = "From: ida@customer.example\nMessage-ID: <n2@customer.example>";
        let outcome = office.write(&address, headers, "I read your note").await;
        assert_ne!(outcome, Outcome::Comment(about.clone()));
        assert_eq!(office.comments(&about).await.len(), 9);
    }
}

#[tokio::test]
async fn the_audience_is_kept_when_addresses_are_signed_otherwise() {
    for database in BOTH {
        let office = Office::open(database).await;
        let about = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
        let engine = &office.desk.engine;
        engine.comment(&office.alex, &about, Audience::Staff, "@mara old", Door::Page).await.unwrap();
        office.follow().await;
        let told = office.sent_to(&office.mara).await;
        // another form of address is set meanwhile: the old ones are not read any more
        let other = proofdesk_mail::Settings { reply: Some("{tag}@reply.example".to_owned()), ..settings() };
        let mail = mail(&office.desk, other).await;
        let raw = format!(
            "From: mara@desk.example\r\nMessage-ID: <o1@desk2.example>\r\nIn-Reply-To: <{told}>\r\n\r\nKumquat\r\n"
        );
        let arrival = proofdesk_mail::intake::Arrival::new(raw.into_bytes(), "lmtp");
        let outcome = mail.take_in(&arrival, "desk@desk.example").await.unwrap();
        assert_eq!(outcome, Outcome::Comment(about.clone()));
        assert!(engine.comments(&office.ida, &about).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_answer_of_staff_to_their_own_mail_reaches_the_customer() {
    for database in BOTH {
        let office = Office::open(database).await;
        let about = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
        let engine = &office.desk.engine;
        engine.watch(&office.alex, &about, true, Door::Page).await.unwrap();
        office.later();
        engine.comment(&office.ida, &about, Audience::Customer, "Still no paper", Door::Page).await.unwrap();
        office.follow().await;
        let headers = "From: alex@desk.example\nMessage-ID: <y1@desk2.example>";
        let address = office.reply_to(&office.alex).await;
        assert_eq!(office.write(&address, headers, "Somebody comes.").await, Outcome::Comment(about.clone()));
        office.later();
        let headers = format!(
            "From: alex@desk.example\nMessage-ID: <y2@desk2.example>\nIn-Reply-To: <{}>",
            office.sent_to(&office.alex).await
        );
        assert_eq!(
            office.write("desk@desk.example", &headers, "Today.").await,
            Outcome::Comment(about.clone())
        );
        let seen = engine.comments(&office.ida, &about).await.unwrap();
        assert_eq!(
            seen.iter().map(|c| c.body.as_str()).collect::<Vec<_>>(),
            ["Still no paper", "Somebody comes.", "Today."]
        );
    }
}

#[tokio::test]
async fn an_answer_to_a_summary_lands_on_no_wrong_record() {
    for database in BOTH {
        let office = Office::open(database).await;
        let first = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
        let raw = WITH_FILE.replace("m1@customer", "m2@customer").into_bytes();
        let second = reference(&office.take("desk@desk.example", raw).await);
        office.follow().await;
        let store = office.desk.engine.store();
        let row = proofdesk_store::Statement::update("mail_out").set("digest", "summary@desk.example");
        store.execute(vec![row.when("person", office.ida.person)]).await.unwrap();
        let headers = "From: ida@customer.example\nMessage-ID: <z1@customer.example>\nIn-Reply-To: <summary@desk.example>";
        assert!(matches!(office.write("desk@desk.example", headers, "Yes").await, Outcome::Refused(_)));
        for about in [&first, &second] {
            assert!(office.comments(about).await.is_empty());
        }
        assert_eq!(office.records("incident").await.len(), 2);
        // where all of it is about one record, that is what is answered
        let row = proofdesk_store::Statement::update("mail_out").set("digest", None::<String>);
        store.execute(vec![row.when("number", second.number)]).await.unwrap();
        assert_eq!(office.write("desk@desk.example", headers, "Yes").await, Outcome::Comment(first.clone()));
        // a summary that comes back says so of all that was in it
        let row = proofdesk_store::Statement::update("mail_out")
            .set("digest", "summary@desk.example")
            .set("state", "sent");
        store.execute(vec![row.when("person", office.ida.person)]).await.unwrap();
        let bounce = "From: MAILER-DAEMON@mx.example\nMessage-ID: <b1@mx.example>\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary=z\n\n--z\nContent-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n\n--z\nContent-Type: text/rfc822-headers\n\nMessage-ID: <summary@desk.example>\n\n--z--";
        assert!(matches!(
            office.take("desk@desk.example", bounce.replace('\n', "\r\n").into_bytes()).await,
            Outcome::Ignored(_)
        ));
        assert_eq!(office.mail.queue(&["bounced"], 10).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_mail_without_one_writer_is_refused_and_kept() {
    for database in BOTH {
        let office = Office::open(database).await;
        for (at, headers) in [
            "Sender: ida@customer.example",
            "From: ida@customer.example, otto@south.example",
            "From: otto@south.example\nFrom: ida@customer.example",
            "From: alex@desk.example <ida@customer.example>",
            "From: Everybody: ida@customer.example;",
        ]
        .into_iter()
        .enumerate()
        {
            let headers = format!("{headers}\nMessage-ID: <w{at}@x.example>\nSubject: Till");
            for to in ["desk@desk.example", "open@desk.example"] {
                let outcome = office.write(to, &headers, "Help").await;
                assert!(
                    matches!(&outcome, Outcome::Refused(why) if why.contains("exactly one writer")),
                    "{headers}: {outcome:?}"
                );
            }
        }
        assert!(office.records("incident").await.is_empty());
        let kept = office.mail.arrived(10).await.unwrap();
        assert_eq!(kept.len(), 5);
        assert!(kept.iter().all(|mail| mail.outcome == "refused" && mail.person.is_none()), "{kept:?}");
    }
}

#[tokio::test]
async fn anothers_message_id_neither_hides_a_mail_nor_catches_its_answers() {
    for database in BOTH {
        let office = Office::open(database).await;
        let about = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
        office.later();
        // Otto got a copy of Ida's mail and uses its id
        let headers = "From: otto@south.example\nMessage-ID: <m1@customer.example>\nSubject: Mine";
        let other = reference(&office.write("desk@desk.example", headers, "x").await);
        assert_ne!(other, about);
        assert_eq!(office.write("desk@desk.example", headers, "x").await, Outcome::Known);
        let headers = "From: ida@customer.example\nMessage-ID: <v1@customer.example>\nIn-Reply-To: <m1@customer.example>";
        assert_eq!(office.write("desk@desk.example", headers, "More").await, Outcome::Comment(about.clone()));
        // the id that all mails about a record share
        office.later();
        let thread = format!("incident-{}.thread@desk.example", about.number);
        let headers = format!("From: otto@south.example\nMessage-ID: <{thread}>\nSubject: Trap");
        reference(&office.write("desk@desk.example", &headers, "x").await);
        let headers = format!(
            "From: alex@desk.example\nMessage-ID: <v2@desk2.example>\nReferences: <{thread}>\nSubject: Re"
        );
        let outcome = office.write("desk@desk.example", &headers, "Kumquat").await;
        assert!(matches!(&outcome, Outcome::Record(_)), "{outcome:?}");
        for record in office.records("incident").await {
            let on = Reference::new("incident", record.number);
            assert!(office.comments(&on).await.iter().all(|(_, body)| body != "Kumquat"));
        }
    }
}

#[tokio::test]
async fn whoever_was_shut_out_neither_writes_nor_reads_by_mail() {
    for database in BOTH {
        let office = Office::open(database).await;
        let about = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
        let engine = &office.desk.engine;
        engine.watch(&office.mara, &about, true, Door::Page).await.unwrap();
        engine.comment(&office.alex, &about, Audience::Customer, "One", Door::Page).await.unwrap();
        office.follow().await;
        let address = office.reply_to(&office.mara).await;
        let account = engine.account_named("mara").await.unwrap().unwrap();
        engine.set_active(&proofdesk_engine::Act::operator(), account.id, false).await.unwrap();
        for (at, to) in [address.as_str(), "desk@desk.example", "open@desk.example"].into_iter().enumerate() {
            let headers = format!("From: mara@desk.example\nMessage-ID: <c{at}@desk2.example>");
            let outcome = office.write(to, &headers, "Kumquat").await;
            assert!(matches!(&outcome, Outcome::Refused(why) if why.contains("closed")), "{to}: {outcome:?}");
        }
        assert_eq!(office.comments(&about).await.len(), 1);
        let told = office.queue(&["person"]).await.len();
        office.later();
        engine.comment(&office.alex, &about, Audience::Customer, "Two", Door::Page).await.unwrap();
        office.follow().await;
        let rows = office.queue(&["person"]).await;
        assert_eq!(rows.len(), told + 1, "Ida alone is told");
        // two people with one address are nobody
        let twin = Change::default().with_text("name", "Ida II").with_text("mail", "IDA@customer.example");
        office.desk.create("person", twin).await.unwrap();
        let headers = "From: ida@customer.example\nMessage-ID: <c9@customer.example>";
        let outcome = office.write("open@desk.example", headers, "x").await;
        assert!(matches!(&outcome, Outcome::Refused(why) if why.contains("Several")), "{outcome:?}");
    }
}

#[tokio::test]
async fn strangers_who_write_twice_at_once_are_one_person() {
    for database in BOTH {
        let office = Office::open(database).await;
        let people = office.records("person").await.len();
        let tries: Vec<_> = (0..6)
            .map(|at| {
                let mail = office.mail.clone();
                let raw = format!(
                    "From: nora@new.example\r\nMessage-ID: <t{at}@new.example>\r\nSubject: {at}\r\n\r\nx\r\n"
                );
                tokio::spawn(async move {
                    let arrival = proofdesk_mail::intake::Arrival::new(raw.into_bytes(), "lmtp");
                    mail.take_in(&arrival, "open@desk.example").await
                })
            })
            .collect();
        for one in tries {
            one.await.unwrap().unwrap();
        }
        assert_eq!(office.records("person").await.len(), people + 1);
    }
}

#[tokio::test]
async fn programs_that_answer_each_other_on_a_record_are_stopped() {
    let office = Office::open(Database::Sqlite).await;
    let about = reference(&office.take("desk@desk.example", WITH_FILE.into()).await);
    office.follow().await;
    let address = office.reply_to(&office.ida).await;
    let mut taken = 0;
    for at in 0..20 {
        let headers = format!("From: ida@customer.example\nMessage-ID: <l{at}@customer.example>");
        match office.write(&address, &headers, "Thank you for your message").await {
            Outcome::Comment(_) => taken += 1,
            Outcome::Refused(why) => assert!(why.starts_with("Too many"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(taken, 4, "with the record five an hour");
    office.desk.time.advance(3_700_000_000);
    let headers = "From: ida@customer.example\nMessage-ID: <l99@customer.example>";
    assert_eq!(office.write(&address, headers, "Later").await, Outcome::Comment(about));
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
    for (at, header) in [
        "Auto-Submitted: auto-replied",
        "X-Proofdesk: other.example",
        "Subject: Abwesenheitsnotiz: Ida\nIn-Reply-To: <o@desk.example>",
    ]
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

/// What each file of `tests/mime` becomes: the title of a record, or why it becomes none.
const WORST: [(&str, &str); 17] = [
    ("bounce-delayed.eml", "It is a report of delivery."),
    ("bounce-headers-only.eml", "It is a report of delivery."),
    ("bounce-opensmtpd.eml", "It is a report of delivery."),
    ("boundary-in-no-part.eml", "Till"),
    ("calendar.eml", "Till"),
    ("eight-bit-utf8-headers.eml", "Your address is not known here. Ask the service desk to add it."),
    ("empty-body.eml", "Please call me"),
    ("html-only.eml", "Till"),
    ("html-reply.eml", "Till"),
    ("nested-and-broken.eml", "Till"),
    ("nested.eml", "Till"),
    ("no-boundary.eml", "Till"),
    ("rfc2231.eml", "Till"),
    ("says-nothing-is-1252.eml", "Till"),
    ("shift-jis.eml", "Till"),
    ("unclosed-boundary.eml", "Till"),
    ("winmail.eml", "Till"),
];

#[tokio::test]
async fn the_worst_mails_become_records_or_are_refused_and_never_fail() {
    let office = Office::open(Database::Sqlite).await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mime");
    let mut left: std::collections::BTreeMap<&str, &str> = WORST.into_iter().collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let raw = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        // each with an id of its own
        let name = path.file_name().unwrap().display().to_string();
        let raw = raw.replace("<m1@customer.example>", &format!("<{name}@worst.example>")).into_bytes();
        office.desk.time.advance(3_700_000_000);
        let is = left.remove(name.as_str()).unwrap_or_else(|| panic!("say in WORST what becomes of {name}"));
        match office.take("desk@desk.example", raw).await {
            Outcome::Record(about) => {
                let record =
                    office.desk.engine.load(&office.ida, &about).await.unwrap().expect("Ida's record");
                assert_eq!(record.title(), is, "{name}");
            }
            Outcome::Ignored(why) | Outcome::Refused(why) => assert_eq!(why, is, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(left.is_empty(), "{left:?}");
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

//! Mails with harmful files, on both databases, with ClamAV's own daemon.

use proofdesk_engine::Scanner;
use proofdesk_mail::intake::{Arrival, Outcome};
use proofdesk_testkit::BOTH;
use proofdesk_testkit::clamd::{Clamd, HARM};

use crate::office::Office;

/// A mail with two files, of which one is harmful.
fn mail(id: &str, more: &str) -> Vec<u8> {
    let file = |name: &str, content: &str| {
        format!(
            "--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{content}\r\n"
        )
    };
    let head = format!(
        "From: ida@customer.example\r\nTo: desk@desk.example\r\nSubject: The till\r\nMessage-ID: <{id}@customer.example>\r\n{more}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    );
    let text = "--x\r\nContent-Type: text/plain\r\n\r\nNo paper.\r\n";
    [&head, text, &file("till.log", "paper jam"), &file("bill.txt", HARM), "--x--\r\n"].concat().into_bytes()
}

#[tokio::test]
async fn a_harmful_file_is_named_and_not_kept_and_a_mail_waits_for_the_scanner() {
    let mut clamd = Clamd::start().unwrap();
    for database in BOTH {
        let office = Office::open(database).await;
        office.desk.engine.scan_files(Scanner::Socket(clamd.socket()));
        clamd.stop();
        let arrival = Arrival::new(mail("s1", ""), "lmtp");
        let waits = office.mail.take_in(&arrival, "desk@desk.example").await;
        assert!(waits.is_err_and(|error| error.to_string().contains("virus scanner")));
        assert!(office.records("incident").await.is_empty());
        clamd.go_on().unwrap();
        let Outcome::Record(about) = office.take("desk@desk.example", mail("s1", "")).await else {
            panic!("a record")
        };
        let record = office.desk.engine.load(&office.desk.setup(), &about).await.unwrap().unwrap();
        let refused = "Not kept, since the virus scanner found harmful content: bill.txt";
        assert_eq!(record.text("description"), Some(format!("No paper.\n\n{refused}").as_str()));
        let names = async || {
            let files = office.desk.engine.attachments(&office.desk.setup(), &about).await.unwrap();
            files.into_iter().map(|file| file.name).collect::<Vec<_>>()
        };
        assert_eq!(names().await, ["till.log"], "neither the harmful file nor the mail that has it");
        office.follow().await;
        let answer = format!("In-Reply-To: <{}>\r\n", office.sent_to(&office.ida).await);
        let outcome = office.take("desk@desk.example", mail("s2", &answer)).await;
        assert_eq!(outcome, Outcome::Comment(about.clone()));
        let said = office.comments(&about).await.remove(0).1;
        assert_eq!(said, format!("No paper.\n\n{refused}"));
        assert_eq!(names().await, ["till.log", "till.log"]);
    }
}

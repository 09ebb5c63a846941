//! The whole way with real servers: in by LMTP behind OpenSMTPD, in by IMAP IDLE from Dovecot, out by SMTP into Dovecot.

use std::time::{Duration, Instant};

use proofdesk_engine::{Audience, Reference};
use proofdesk_mail::message::{Message, Nature};
use proofdesk_mail::settings::{Lmtp, Server};
use proofdesk_mail::{Mail, Settings};
use proofdesk_model::Door;
use proofdesk_testkit::Database;
use tokio::sync::watch;

use crate::office::{Office, mail, settings};
use crate::servers::{Servers, talk};

fn server(port: u16, more: serde_json::Value) -> Server {
    let mut json = serde_json::json!({"host": "127.0.0.1", "port": port, "tls": "none"});
    for (name, value) in more.as_object().unwrap() {
        json[name] = value.clone();
    }
    serde_json::from_value(json).unwrap()
}

pub fn with(servers: &Servers) -> Settings {
    let sign_in = serde_json::json!({"user": "desk@box.example", "password_file": servers.password});
    Settings {
        smtp: Some(server(servers.smtp, serde_json::json!({}))),
        lmtp: Some(Lmtp { listen: format!("127.0.0.1:{}", servers.lmtp) }),
        imap: Some(server(servers.imap, sign_in)),
        ..settings()
    }
}

/// Mail running over an office; ends with it.
struct Run {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Run {
    async fn begin(mail: &Mail) -> Self {
        let (stop, stopped) = watch::channel(false);
        let door = mail.door().await.unwrap();
        Self { stop, task: tokio::spawn(mail.clone().run(door, stopped)) }
    }

    async fn end(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(10), self.task).await.expect("mail ends in time").unwrap();
    }
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(40);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_goes_out_and_comes_back_through_real_servers() {
    for database in [Database::Sqlite, Database::Postgres] {
        let servers = Servers::start();
        let office = Office::with(database, with(&servers)).await;
        proofdesk_mail::send::check(office.mail.settings().smtp.as_ref().unwrap()).await.unwrap();
        let run = Run::begin(&office.mail).await;
        let raw = "From: Ida <ida@customer.example>\r\nTo: desk@desk.example\r\nSubject: The till\r\nMessage-ID: <w1@customer.example>\r\n\r\nNo paper.\r\n";
        servers.hand_over("ida@customer.example", &["desk@desk.example"], raw).await;
        let record = until("a record", async || office.records("incident").await.pop()).await;
        assert_eq!(record.title(), "The till");
        // the confirmation arrives in Ida's mailbox
        let got = servers.mails("ida@customer.example", 1).await;
        let first = Message::read(&got[0]);
        assert_eq!(first.nature, Nature::Desk);
        assert_eq!(first.subject, format!("[{}] Received: The till", record.reference()));
        assert!(first.references.contains(&"w1@customer.example".to_owned()), "{:?}", first.references);
        // she answers it with her program, to the address that it names
        let reply_to = address_of(&got[0]);
        let raw = format!(
            "From: ida@customer.example\r\nTo: {reply_to}\r\nSubject: Re: {}\r\nMessage-ID: <w2@customer.example>\r\nIn-Reply-To: <{}>\r\n\r\nIt is the one in room 12.\r\n\r\nOn 02/03/2026 09:00, Service Desk wrote:\r\n> we have\r\n",
            first.subject, first.id
        );
        servers.hand_over("ida@customer.example", &[&reply_to], &raw).await;
        let about = Reference::new("incident", record.number);
        let said = until("a comment", async || office.comments(&about).await.pop()).await;
        assert_eq!(said, ("Ida Voß".to_owned(), "It is the one in room 12.".to_owned()));
        // staff answers in the page
        office
            .desk
            .engine
            .comment(&office.alex, &about, Audience::Customer, "Somebody comes.", Door::Page)
            .await
            .unwrap();
        let got = servers.mails("ida@customer.example", 2).await;
        let second = got
            .iter()
            .map(|raw| Message::read(raw))
            .find(|m| m.text.contains("Somebody comes."))
            .expect("the answer");
        assert!(second.references.contains(&"w2@customer.example".to_owned()), "{:?}", second.references);
        let sent = until("all sent", async || {
            let sent = office.mail.queue(&["sent"], 10).await.unwrap();
            (sent.len() == 2).then_some(sent)
        })
        .await;
        assert!(sent.iter().all(|m| m.attempts == 1 && m.error.is_none()));
        run.end().await;
    }
}

/// The address for replies that a mail names.
fn address_of(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw).replace("\r\n ", " ");
    let line = text.lines().find(|l| l.starts_with("Reply-To:")).expect("a signed address").to_owned();
    let from = line.rfind('<').map_or(9, |at| at + 1);
    line[from..].trim().trim_end_matches('>').to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_is_read_by_idle_and_emptied_into_folders() {
    for database in [Database::Sqlite, Database::Postgres] {
        let servers = Servers::start();
        let only = Settings { lmtp: None, smtp: None, ..with(&servers) };
        let office = Office::with(database, only).await;
        proofdesk_mail::imap::check(office.mail.settings().imap.as_ref().unwrap()).await.unwrap();
        // one is there before the desk starts
        let raw = |id: u32, from: &str| {
            format!(
                "From: {from}\r\nTo: wishes@desk.example\r\nSubject: Wish {id}\r\nMessage-ID: <i{id}@x.example>\r\n\r\nPlease.\r\n"
            )
        };
        servers.put("desk@box.example", &raw(1, "ida@customer.example")).await;
        let run = Run::begin(&office.mail).await;
        until("the first", async || (office.records("service_request").await.len() == 1).then_some(())).await;
        until("waiting", async || office.mail.ways().imap.worked_at).await;
        // IDLE tells of the next: far sooner than any look at intervals
        let began = Instant::now();
        servers.put("desk@box.example", &raw(2, "otto@south.example")).await;
        until("the second", async || (office.records("service_request").await.len() == 2).then_some(()))
            .await;
        assert!(began.elapsed() < Duration::from_secs(20));
        // the same mail again, a stranger, one that is too large
        servers.put("desk@box.example", &raw(2, "otto@south.example")).await;
        servers.put("desk@box.example", &raw(3, "who@nowhere.example")).await;
        let large = format!("{}{}", raw(4, "ida@customer.example"), "x".repeat(70).repeat(45_000));
        servers.put("desk@box.example", &large).await;
        let in_folder = async |folder: &str, many: usize| {
            let found = servers.mails(&format!("desk@box.example/.{folder}"), many).await.len();
            assert_eq!(found, many, "{folder}");
        };
        in_folder("Proofdesk", 3).await;
        in_folder("Proofdesk-refused", 2).await;
        until("nothing is left", async || {
            servers.mails("desk@box.example", 0).await.is_empty().then_some(())
        })
        .await;
        assert_eq!(office.records("service_request").await.len(), 2);
        run.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_stays_in_the_mailbox_until_it_is_durable() {
    let servers = Servers::start();
    let office = Office::with(Database::Sqlite, Settings { lmtp: None, smtp: None, ..with(&servers) }).await;
    // the disk is full: nothing can be written
    let health = office.desk.engine.store().health().await.unwrap();
    office.desk.engine.store().limit_pages(Some(health.size_bytes / 4_096)).await.unwrap();
    let run = Run::begin(&office.mail).await;
    let file = "A".repeat(76) + "\r\n";
    let raw = format!(
        "From: ida@customer.example\r\nTo: desk@desk.example\r\nSubject: Till\r\nMessage-ID: <full@x.example>\r\n\r\n{}",
        file.repeat(15_000)
    );
    servers.put("desk@box.example", &raw).await;
    let said = until("a try that failed", async || office.mail.ways().imap.error).await;
    assert!(said.starts_with("1 mails"), "{said}");
    assert!(office.records("incident").await.is_empty());
    assert_eq!(servers.mails("desk@box.example", 1).await.len(), 1, "it is where it was");
    office.desk.engine.store().limit_pages(None).await.unwrap();
    until("the record", async || (office.records("incident").await.len() == 1).then_some(())).await;
    until("no fault", async || office.mail.ways().imap.error.is_none().then_some(())).await;
    assert!(servers.mails("desk@box.example", 0).await.is_empty());
    run.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_mailbox_is_emptied_with_what_comes_meanwhile() {
    let servers = Servers::start();
    let settings = Settings { lmtp: None, smtp: None, mails_per_hour: 1_000, ..with(&servers) };
    let office = Office::with(Database::Sqlite, settings).await;
    let raw = |id: usize| {
        format!(
            "From: ida@customer.example\r\nTo: wishes@desk.example\r\nSubject: Wish {id}\r\nMessage-ID: <full{id}@x.example>\r\n\r\nPlease.\r\n"
        )
    };
    for id in 0..210 {
        servers.put("desk@box.example", &raw(id)).await;
    }
    let run = Run::begin(&office.mail).await;
    until("the first", async || (!office.records("service_request").await.is_empty()).then_some(())).await;
    servers.put("desk@box.example", &raw(210)).await;
    until("an empty mailbox", async || servers.mails("desk@box.example", 0).await.is_empty().then_some(()))
        .await;
    let made = servers.mails("desk@box.example/.Proofdesk", 211).await;
    let mut ids: Vec<String> = made.iter().map(|raw| Message::read(raw).id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 211, "each once");
    run.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_waits_while_the_server_is_gone_and_goes_when_it_is_back() {
    let mut servers = Servers::start();
    let office = Office::with(Database::Sqlite, Settings { lmtp: None, imap: None, ..with(&servers) }).await;
    servers.stop_smtpd();
    let change = proofdesk_engine::Change::default().with_text("title", "Till");
    let target = proofdesk_engine::Target::New("incident".to_owned());
    office.desk.engine.apply(&office.ida, target, change, Door::Page).await.unwrap();
    office.follow().await;
    assert!(office.mail.send_due().await.is_err());
    // the program is started anew meanwhile: what waits is in the database
    let mail = mail(&office.desk, with(&servers)).await;
    servers.start_smtpd();
    assert_eq!(mail.send_due().await.unwrap(), 0, "it waits for its time");
    office.desk.time.advance(300_000_000);
    assert_eq!(mail.send_due().await.unwrap(), 1);
    assert_eq!(servers.mails("ida@customer.example", 1).await.len(), 1);
    assert_eq!(mail.send_due().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_is_one_mail() {
    let servers = Servers::start();
    let office = Office::with(Database::Sqlite, Settings { lmtp: None, imap: None, ..with(&servers) }).await;
    let hourly = proofdesk_mail::Preference { pace: proofdesk_mail::Pace::Hourly, ..Default::default() };
    office.mail.set_preference(office.ida.person.unwrap(), &hourly).await.unwrap();
    for title in ["One", "Two", "Three"] {
        let change = proofdesk_engine::Change::default().with_text("title", title);
        let target = proofdesk_engine::Target::New("incident".to_owned());
        office.desk.engine.apply(&office.ida, target, change, Door::Page).await.unwrap();
    }
    office.follow().await;
    assert_eq!(office.mail.send_due().await.unwrap(), 0);
    office.desk.time.advance(3_600_000_000);
    assert_eq!(office.mail.send_due().await.unwrap(), 3);
    let got = servers.mails("ida@customer.example", 1).await;
    assert_eq!(got.len(), 1);
    let read = Message::read(&got[0]);
    assert_eq!(read.subject, "3 messages of Example Ltd");
    for title in ["One", "Two", "Three"] {
        assert!(read.text.contains(&format!("Received: {title}")), "{}", read.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_nobody_takes_comes_back_and_is_shown() {
    let servers = Servers::start();
    let office = Office::with(Database::Sqlite, Settings { imap: None, ..with(&servers) }).await;
    let run = Run::begin(&office.mail).await;
    let change = proofdesk_engine::Change::default().with_text("title", "Till");
    let target = proofdesk_engine::Target::New("incident".to_owned());
    office.desk.engine.apply(&office.ida, target, change, Door::Page).await.unwrap();
    let sent = until("sent", async || office.mail.queue(&["sent"], 1).await.unwrap().pop()).await;
    let question = proofdesk_store::Select::from("mail_out", &["message_id"]).when("id", sent.id.clone());
    let id = office.desk.engine.store().select(question).await.unwrap()[0].text(0).to_owned();
    let raw = format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: desk@desk.example\r\nSubject: failed\r\nMessage-ID: <dsn1@mx.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=z\r\n\r\n--z\r\nContent-Type: text/plain\r\n\r\nNo.\r\n--z\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; ida@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 <ida@customer.example> unknown\r\n\r\n--z\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{id}>\r\n\r\n--z--\r\n"
    );
    servers.hand_over("", &["desk@desk.example"], &raw).await;
    let back = until("bounced", async || office.mail.queue(&["bounced"], 1).await.unwrap().pop()).await;
    assert_eq!(back.id, sent.id);
    let error = back.error.unwrap();
    assert!(error.starts_with("5.1.1") && !error.contains("ida@"), "{error}");
    run.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_recipient_gets_an_answer_of_his_own_by_lmtp() {
    let port = crate::servers::free_port();
    let lmtp = Some(Lmtp { listen: format!("127.0.0.1:{port}") });
    let office = Office::with(Database::Sqlite, Settings { lmtp, ..settings() }).await;
    let run = Run::begin(&office.mail).await;
    let raw = "From: who@nowhere.example\r\nSubject: Hello\r\nMessage-ID: <e1@nowhere.example>\r\n\r\n.hidden dot\r\n";
    let to = ["nobody@desk.example", "desk@desk.example", "open@desk.example", "wishes@desk.example"];
    let answers = talk(port, "LHLO test", "who@nowhere.example", &to, raw).await;
    let codes: Vec<&str> = answers.iter().map(|a| &a[..3]).collect();
    assert_eq!(codes, ["550", "550", "250", "250"], "{answers:?}");
    assert!(answers[3].contains("before"), "one mail makes one record: {answers:?}");
    let record = office.records("incident").await.pop().unwrap();
    assert_eq!(record.text("description"), Some(".hidden dot"));
    assert!(office.records("service_request").await.is_empty());
    let large =
        format!("From: ida@customer.example\r\nMessage-ID: <e2@x.example>\r\n\r\n{}", "x".repeat(3 << 20));
    let answers = talk(port, "LHLO test", "a@b.example", &["desk@desk.example"], &large).await;
    assert!(answers[0].starts_with("552"), "{answers:?}");
    run.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_is_read_over_tls_and_unknown_servers_are_not_trusted() {
    let servers = Servers::start_secure();
    let imaps = servers.secure.unwrap();
    let password = &servers.password;
    let wrong = password.with_file_name("wrong");
    std::fs::write(&wrong, "guess").unwrap();
    let known = |port: u16, tls: &str, user: &str| {
        let more = serde_json::json!({"tls": tls, "user": user, "password_file": password, "ca_file": servers.authority()});
        server(port, more)
    };
    for (port, tls) in [(servers.imap, "starttls"), (imaps, "tls")] {
        let good = known(port, tls, "desk@box.example");
        proofdesk_mail::imap::check(&good).await.unwrap_or_else(|e| panic!("{tls}: {e}"));
        let said = proofdesk_mail::imap::check(&Server { ca_file: None, ..good.clone() })
            .await
            .unwrap_err()
            .to_string();
        assert!(said.to_lowercase().contains("certificate"), "{said}");
        let guess = Server { password_file: Some(wrong.clone()), ..good };
        let said = proofdesk_mail::imap::check(&guess).await.unwrap_err().to_string();
        assert!(!said.contains("guess"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_goes_out_over_tls_and_to_no_server_that_cannot_prove_itself() {
    let servers = Servers::start_secure();
    let (starttls, tls) = servers.submission.unwrap();
    let stranger = tempfile::tempdir().unwrap();
    crate::servers::certify(stranger.path());
    let known = |port: u16, tls: &str| {
        let more = serde_json::json!({
            "tls": tls, "user": "desk@box.example", "password_file": servers.password, "ca_file": servers.authority(),
        });
        server(port, more)
    };
    for (at, (port, how)) in [(starttls, "starttls"), (tls, "tls")].into_iter().enumerate() {
        let good = known(port, how);
        proofdesk_mail::send::check(&good).await.unwrap_or_else(|e| panic!("{how}: {e}"));
        let office =
            Office::with(Database::Sqlite, Settings { smtp: Some(good.clone()), ..settings() }).await;
        let change = proofdesk_engine::Change::default().with_text("title", "Till");
        let target = proofdesk_engine::Target::New("incident".to_owned());
        office.desk.engine.apply(&office.ida, target, change, Door::Page).await.unwrap();
        office.follow().await;
        // a server whose authority is another, or none of Mozilla's, gets neither password nor mail
        for ca_file in [None, Some(stranger.path().join("ca.pem"))] {
            let bad = Server { ca_file, ..good.clone() };
            let said = proofdesk_mail::send::check(&bad).await.unwrap_err().to_string();
            assert!(said.to_lowercase().contains("certificate"), "{how}: {said}");
            let mail = mail(&office.desk, Settings { smtp: Some(bad), ..settings() }).await;
            let said = mail.send_due().await.unwrap_err().to_string();
            assert!(said.to_lowercase().contains("certificate"), "{how}: {said}");
            assert_eq!(office.mail.queue(&["waiting"], 10).await.unwrap().len(), 1);
            office.desk.time.advance(600_000_000);
        }
        // nor does one whose certificate is of the right authority, but for another host
        let elsewhere = Server { host: "0.0.0.0".to_owned(), ..good.clone() };
        let said = proofdesk_mail::send::check(&elsewhere).await.unwrap_err().to_string();
        assert!(said.contains("not valid for name"), "{how}: {said}");
        assert_eq!(office.mail.send_due().await.unwrap(), 1, "{how}");
        assert_eq!(servers.mails("ida@customer.example", at + 1).await.len(), at + 1, "{how}");
        // nor does the word of the settings give way: a server without TLS is none
        for plain in ["starttls", "tls"] {
            let said = proofdesk_mail::send::check(&known(servers.smtp, plain)).await.unwrap_err();
            assert!(!said.to_string().contains("secret"), "{said}");
        }
        let empty = stranger.path().join("empty.pem");
        std::fs::write(&empty, "no certificate\n").unwrap();
        let said = proofdesk_mail::send::check(&Server { ca_file: Some(empty), ..good }).await.unwrap_err();
        assert!(said.to_string().contains("holds no certificate"), "{said}");
    }
}

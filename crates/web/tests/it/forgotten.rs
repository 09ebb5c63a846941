//! A forgotten password: a link that goes by mail, with a real mail server, and what nobody learns by it.

use axum::http::{Request, StatusCode, header};
use proofdesk_engine::{Act, Change, Door, NewAccount, Reference, Target};
use proofdesk_mail::Mail;
use proofdesk_store::Select;
use proofdesk_testkit::{Database, TestDesk};

use crate::client::{Answer, Browser, PASSWORD};
use crate::servers::Servers;

const FORM: &str = "/sign-in/forgotten";

/// A desk that sends mail by a server on this port: `mara` with an address, `ida` without a password.
async fn desk(port: u16) -> (TestDesk, Mail, axum::Router) {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    let setup = Act::new(&desk.setup(), Door::Cli);
    for (name, sign_in) in [("Mara Rehn", "mara"), ("Ida Voss", "ida")] {
        let person = desk.person(name, &["agent"]).await.unwrap();
        let target = Target::Existing(Reference::new("person", person.person.unwrap()), None);
        let address = Change::default().with_text("mail", &format!("{sign_in}@box.example"));
        desk.engine.apply(&desk.setup(), target, address, Door::Cli).await.unwrap();
        let new = NewAccount {
            person: person.person.unwrap(),
            sign_in: sign_in.to_owned(),
            name: name.to_owned(),
            roles: vec!["agent".to_owned()],
            password: (sign_in == "mara").then(|| PASSWORD.to_owned()),
            program: false,
        };
        desk.engine.create_account(&setup, new).await.unwrap();
    }
    let (mail, router) = crate::mail::sending(&desk, port).await;
    (desk, mail, router)
}

/// The letters of forgotten passwords, once there are so many.
async fn letters(desk: &TestDesk, many: usize) -> usize {
    for _ in 0..500 {
        let question = Select::from("mail_out", &["id"]).when("event", "forgotten");
        let found = desk.engine.store().select(question).await.unwrap().len();
        if found >= many {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no letter was written within ten seconds")
}

/// Where the newest of the mails leads.
fn link(mails: &[Vec<u8>], but: &[String]) -> String {
    let read = |raw: &Vec<u8>| {
        let text = String::from_utf8_lossy(raw).replace("=\r\n", "").replace("=\n", "");
        let link = text.split("https://desk.example").nth(1).unwrap().split_whitespace().next().unwrap();
        link.to_owned()
    };
    mails.iter().map(read).find(|link| !but.contains(link)).expect("another link")
}

async fn ask(router: &axum::Router, name: &str) -> Answer {
    Browser::of(router).post(FORM, &[("sign_in", name)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_set_anew_by_a_link_that_goes_by_mail() {
    let servers = Servers::start();
    let (desk, mail, router) = desk(servers.smtp).await;
    let browser = Browser::of(&router);
    assert!(browser.get("/sign-in").await.body.contains(FORM));
    let mut before = Browser::of(&router);
    let entered = before.post("/sign-in", &[("sign_in", "mara"), ("password", PASSWORD)]).await;
    let cookie = entered.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap().to_owned();
    before.keep(cookie.split(';').next().unwrap());

    let answer = ask(&router, "Mara").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(letters(&desk, 1).await, 1);
    mail.send_due().await.unwrap();
    let mails = servers.mails("mara@box.example", 1).await;
    let first = link(&mails, &[]);
    assert!(String::from_utf8_lossy(&mails[0]).contains("for an hour"));
    assert!(!answer.body.contains(&first) && first.starts_with("/link/"), "{first}");
    assert_eq!(browser.post(&first, &[("password", "short")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = browser.post(&first, &[("password", "another horse battery")]).await;
    assert_eq!(done.location(), "/sign-in?said=set");
    assert_eq!(browser.get(&first).await.status, StatusCode::GONE, "it works once");
    assert_eq!(before.get("/desk").await.status, StatusCode::SEE_OTHER, "sessions end with the password");
    let old = browser.post("/sign-in", &[("sign_in", "mara"), ("password", PASSWORD)]).await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    let new = browser.post("/sign-in", &[("sign_in", "mara"), ("password", "another horse battery")]).await;
    assert_eq!(new.status, StatusCode::SEE_OTHER);

    // by the address, in any case; and the link ends by itself
    assert_eq!(ask(&router, "MARA@box.example").await.status, StatusCode::OK);
    letters(&desk, 2).await;
    mail.send_due().await.unwrap();
    let second = link(&servers.mails("mara@box.example", 2).await, &[first]);
    assert_eq!(browser.get(&second).await.status, StatusCode::OK);
    desk.time.advance(61 * 60_000_000);
    assert_eq!(browser.get(&second).await.status, StatusCode::GONE, "it holds an hour");
    assert_eq!(desk.engine.verify(&[], |_, _| {}).await.unwrap().findings, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_learns_by_it_who_has_an_account() {
    let (desk, _mail, router) = desk(1).await;
    let mut said = Vec::new();
    // nobody; somebody without a password, who comes in another way; somebody
    for name in ["nobody", "nobody@box.example", "ida", "ida@box.example", "mara"] {
        let answer = ask(&router, name).await;
        said.push((answer.status, answer.body));
    }
    assert!(said.iter().all(|one| *one == said[0]), "the same answer for all");
    assert!(!said[0].1.contains("nobody"));
    assert_eq!(letters(&desk, 1).await, 1, "and a mail to one of them");
    for name in ["nobody", "mara"] {
        let mut waits = None;
        for _ in 0..6 {
            waits = Some(ask(&router, name).await);
        }
        let waits = waits.unwrap();
        assert_eq!(waits.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(waits.body.contains("Too many attempts"), "{}", waits.body);
    }
    assert_eq!(ask(&router, " ").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let cross = Browser::of(&router).post_from("cross-site", FORM, &[("sign_in", "mara")]).await;
    assert_eq!(cross.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_page_speaks_the_language_of_who_reads_and_is_there_only_with_mail() {
    let (_desk, _mail, router) = desk(1).await;
    let german = Request::get(FORM).header(header::ACCEPT_LANGUAGE, "de").body(axum::body::Body::empty());
    let page = Browser::of(&router).send(german.unwrap()).await.body;
    assert!(page.contains("Ein vergessenes Passwort") && page.contains("lang=\"de\""), "{page}");
    let without = crate::client::Desk::open().await;
    assert_eq!(without.browser().get(FORM).await.status, StatusCode::NOT_FOUND);
    assert_eq!(without.browser().post(FORM, &[("sign_in", "mara")]).await.status, StatusCode::NOT_FOUND);
    assert!(!without.browser().get("/sign-in").await.body.contains(FORM));
}

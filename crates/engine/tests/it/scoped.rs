//! A token that reaches only a part, however much of it, changes nothing about who gets in; and a closed account has no way in.

use std::future::Future;
use std::pin::Pin;

use proofdesk_engine::account::provision::Provisioned;
use proofdesk_engine::{
    Account, Act, Caller, Direction, Door, Engine, Error, NewAccount, NewPasskey, NewToken, Outside, Visitor,
    Webhook,
};
use proofdesk_model::access::Scope;
use proofdesk_testkit::{BOTH, Database, TestDesk};
use rand::SeedableRng;
use rand::rngs::StdRng;

const PASSWORD: &str = "correct horse battery";

fn random() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

fn new(person: i64, sign_in: &str, program: bool) -> NewAccount {
    NewAccount {
        person,
        sign_in: sign_in.to_owned(),
        name: sign_in.to_owned(),
        roles: vec!["agent".to_owned()],
        password: None,
        program,
    }
}

fn hook(account: i64) -> Webhook {
    Webhook {
        id: 0,
        account,
        direction: Direction::In,
        label: "alerts".to_owned(),
        url: String::new(),
        door: "alertmanager".to_owned(),
        record_type: String::new(),
        condition: String::new(),
        actions: String::new(),
        created_at: 0,
        seen: 0,
    }
}

fn passkey() -> NewPasskey {
    let credential = "{\"cred\":{\"cred_id\":\"k\",\"cred\":{\"x\":7},\"counter\":0}}".to_owned();
    NewPasskey { label: "laptop".to_owned(), credential_id: b"k".to_vec(), credential }
}

type Done<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;
type Doing = for<'a> fn(&'a Engine, &'a Act, &'a Account, i64) -> Done<'a>;

/// Every act on accounts by which somebody gets in, or is kept in. The account is that of who asks; the number is an own
/// passkey, or a webhook.
const ACTS: [(&str, Doing); 22] = [
    ("create_account", |e, act, of, _| {
        Box::pin(async move { e.create_account(act, new(of.person, "another", false)).await.map(|_| ()) })
    }),
    ("set_roles", |e, act, of, _| {
        Box::pin(async move {
            e.set_roles(act, of.id, &["administrator".to_owned(), "agent".to_owned()]).await.map(|_| ())
        })
    }),
    ("open", |e, act, of, _| Box::pin(async move { e.set_active(act, of.id + 1, true).await.map(|_| ()) })),
    ("close", |e, act, of, _| Box::pin(async move { e.set_active(act, of.id + 1, false).await.map(|_| ()) })),
    ("change_password", |e, act, of, _| {
        Box::pin(async move { e.change_password(act, of.id, PASSWORD, "another horse battery").await })
    }),
    ("set_password", |e, act, of, _| {
        Box::pin(async move { e.set_password(act, of, "another horse battery", true).await })
    }),
    ("make_link", |e, act, of, _| {
        Box::pin(async move { e.make_link(act, of.id, &mut random()).await.map(|_| ()) })
    }),
    ("reset_factor", |e, act, of, _| Box::pin(async move { e.reset_factor(act, of.id, "lost").await })),
    ("remove_factor", |e, act, of, _| Box::pin(async move { e.remove_factor(act, of.id, PASSWORD).await })),
    ("second_factor_roles", |e, act, _, _| {
        Box::pin(async move { e.set_second_factor_roles(act, &[]).await })
    }),
    ("create_token", |e, act, of, _| {
        Box::pin(async move {
            let token = NewToken { label: "all".to_owned(), ..NewToken::default() };
            e.create_token(act, of.id, &token, &mut random()).await.map(|_| ())
        })
    }),
    ("calendar_link", |e, act, of, _| {
        Box::pin(async move { e.create_calendar_link(act, of.id, "x", &mut random()).await.map(|_| ()) })
    }),
    ("add_passkey", |e, act, of, _| {
        Box::pin(async move {
            let other = NewPasskey { credential_id: b"l".to_vec(), ..passkey() };
            e.add_passkey(act, of.id, &other, &mut random()).await.map(|_| ())
        })
    }),
    ("end_passkey", |e, act, of, key| Box::pin(async move { e.end_passkey(act, of.id, key).await })),
    ("unbind", |e, act, of, _| {
        Box::pin(async move { e.unbind_outside(act, of.id, "https://login.example").await })
    }),
    ("create_webhook", |e, act, of, _| {
        Box::pin(async move { e.create_webhook(act, &hook(of.id + 2), &mut random()).await.map(|_| ()) })
    }),
    ("end_webhook", |e, act, _, hook| Box::pin(async move { e.end_webhook(act, hook).await })),
    ("send_again", |e, act, _, _| {
        Box::pin(async move {
            match e.send_again(act, 7).await {
                // allowed, but there is none
                Err(Error::NotFound(_)) => Ok(()),
                other => other,
            }
        })
    }),
    ("rename", |e, act, of, _| {
        Box::pin(async move { e.together(act).rename_account(of.id, "renamed", "Renamed").await })
    }),
    ("follow_roles", |e, act, of, _| {
        Box::pin(async move { e.together(act).follow_roles(of.id, &["administrator".to_owned()]).await })
    }),
    ("remove", |e, act, of, _| Box::pin(async move { e.together(act).remove_account(of.id + 1).await })),
    ("provisioned", |e, act, _, _| {
        Box::pin(async move { e.together(act).keep_provisioned("user", "1", &Provisioned::default()).await })
    }),
];

/// An administrator `ada`, a closed account, and that of a program with a webhook; a passkey of `ada`'s.
async fn desk(database: Database) -> (TestDesk, Account, i64) {
    let desk = TestDesk::open(database).await.unwrap();
    let setup = Act::new(&desk.setup(), Door::Cli);
    let people = ["Ada Byron", "Ida Voss", "Alerts"];
    let mut numbers = Vec::new();
    for name in people {
        numbers.push(desk.person(name, &["administrator"]).await.unwrap());
    }
    let ada = desk.account(&numbers[0], "ada", PASSWORD).await.unwrap();
    let engine = &desk.engine;
    let ida = engine.create_account(&setup, new(numbers[1].person.unwrap(), "ida", false)).await.unwrap();
    engine.set_active(&setup, ida.id, false).await.unwrap();
    let program =
        engine.create_account(&setup, new(numbers[2].person.unwrap(), "alerts", true)).await.unwrap();
    assert_eq!((ida.id, program.id), (ada.id + 1, ada.id + 2));
    let (hook, _) = engine.create_webhook(&setup, &hook(program.id), &mut random()).await.unwrap();
    engine.add_passkey(&setup, ada.id, &passkey(), &mut random()).await.unwrap();
    let key = engine.passkeys(ada.id).await.unwrap()[0].id;
    assert_eq!(hook, key, "one number serves for both");
    (desk, ada, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_reaches_a_part_gives_nobody_access() {
    let (desk, ada, number) = desk(Database::Sqlite).await;
    let engine = &desk.engine;
    for scope in ["account:update", "account:*", "*:*", "*:update provisioning:*"] {
        let part = Caller { scope: Scope::read(scope), ..ada.caller() };
        let act = Act::new(&part, Door::Api);
        for (name, doing) in ACTS {
            let done = doing(engine, &act, &ada, number).await;
            assert!(matches!(done, Err(Error::Forbidden(_))), "{name} by {scope}: {done:?}");
        }
    }
    assert!(!engine.account(ada.id + 1).await.unwrap().active);
    let report = engine.verify(&[], |_, _| {}).await.unwrap();
    assert_eq!(report.findings, []);
    // without a scope each of them is allowed: the refusals above are because of it
    for (name, doing) in ACTS {
        let (desk, ada, number) = self::desk(Database::Sqlite).await;
        let act = Act::new(&ada.caller(), Door::Api);
        let done = doing(&desk.engine, &act, &ada, number).await;
        assert!(!matches!(done, Err(Error::Forbidden(_))), "{name}: {done:?}");
    }
}

/// Who asks for a permit elsewhere may forget the scope.
#[test]
fn every_act_on_accounts_asks_in_one_place() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![folder.join("account.rs"), folder.join("together.rs")];
    files.extend(std::fs::read_dir(folder.join("account")).unwrap().map(|entry| entry.unwrap().path()));
    let mut seen = 0;
    for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        let asks = text.matches("Permit::of_account(").count();
        let name = path.file_name().unwrap().to_str().unwrap();
        let allowed = usize::from(["sealed.rs", "account.rs"].contains(&name));
        assert!(asks <= allowed, "{name} asks for a permit past `Act`");
        seen += asks;
    }
    assert_eq!(seen, 2, "the one of `Act`, and the question whether somebody is an administrator");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_account_has_no_way_in() {
    for database in BOTH {
        let (desk, ada, _) = desk(database).await;
        let (engine, visitor, own) = (&desk.engine, Visitor::default(), Act::new(&ada.caller(), Door::Page));
        let setup = Act::new(&desk.setup(), Door::Cli);
        let ida = engine.account(ada.id + 1).await.unwrap();
        engine.set_active(&setup, ida.id, true).await.unwrap();
        engine.set_roles(&setup, ida.id, &["administrator".to_owned()]).await.unwrap();
        engine.set_password(&setup, &ida, PASSWORD, false).await.unwrap();
        let who =
            Outside { issuer: "https://login.example".into(), subject: "a-1".into(), ..Outside::default() };
        engine.bind_outside(&who, ada.id).await.unwrap();
        let token = NewToken { label: "ci".into(), ..NewToken::default() };
        let (_, token) = engine.create_token(&own, ada.id, &token, &mut random()).await.unwrap();
        let (_, calendar) = engine.create_calendar_link(&own, ada.id, "phone", &mut random()).await.unwrap();
        let (_, link) = engine.make_link(&setup, ada.id, &mut random()).await.unwrap();
        let full = engine.sign_in_from_outside(&who, ada.id, &visitor, &mut random()).await.unwrap().secret;
        let half = engine.sign_in("ada", PASSWORD, &visitor, &mut random()).await.unwrap().secret;
        let (key, of) = engine.passkey_named(b"k").await.unwrap().unwrap();
        let program = engine.account(ada.id + 2).await.unwrap();
        engine.set_active(&setup, program.id, false).await.unwrap();
        engine.set_active(&setup, ada.id, false).await.unwrap();

        assert!(engine.session(&full).await.unwrap().is_none());
        assert!(engine.session_stays(&full).await.unwrap().is_none());
        assert!(engine.session_on_its_way(&half).await.unwrap().is_none());
        assert!(engine.account_of_token(&token).await.unwrap().is_none());
        assert!(engine.account_of_calendar(&calendar).await.unwrap().is_none());
        assert!(engine.link(&link).await.is_err());
        assert!(engine.sign_in("ada", PASSWORD, &visitor, &mut random()).await.is_err());
        assert!(engine.passkey_named(b"k").await.unwrap().is_none());
        let late = engine.sign_in_by_passkey((&key, of), None, &visitor, &mut random()).await;
        assert!(late.is_err(), "closed while the device was asked: {late:?}");
        assert!(engine.sign_in_from_outside(&who, ada.id, &visitor, &mut random()).await.is_err());
        assert!(engine.bind_outside(&who, ada.id).await.is_err());
        assert!(engine.make_link(&setup, ada.id, &mut random()).await.is_err());
        assert!(engine.forgotten_account("ada", None).await.unwrap().is_none());
        assert!(
            engine.caller_of_account(program.id, "").await.unwrap().is_none(),
            "its webhooks speak for nobody"
        );
        assert!(engine.caller_of(ada.person, "Ada").await.unwrap().is_none(), "nor by mail");
    }
}

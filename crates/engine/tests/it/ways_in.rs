//! Ways in beside the password: identities of other providers, passkeys, steps that are taken once; and accounts that a
//! directory keeps. All on both databases, and all of it known to the log.

use proofdesk_engine::account::provision::Provisioned;
use proofdesk_engine::{
    Account, Act, Caller, Door, Engine, Error, NewAccount, NewPasskey, NewToken, Outside, Stage, Visitor,
};
use proofdesk_store::Statement;
use proofdesk_testkit::{BOTH, TestDesk};
use rand::SeedableRng;
use rand::rngs::StdRng;

const PASSWORD: &str = "correct horse battery";

fn random() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

fn who(subject: &str, roles: Option<&[&str]>) -> Outside {
    Outside {
        provider: "example".to_owned(),
        label: "Example".to_owned(),
        subject: subject.to_owned(),
        roles: roles.map(|all| all.iter().map(|role| (*role).to_owned()).collect()),
        token: "ey.token".to_owned(),
    }
}

fn new(person: &Caller, sign_in: &str, roles: &[&str]) -> NewAccount {
    NewAccount {
        person: person.person.unwrap(),
        sign_in: sign_in.to_owned(),
        name: person.name.clone(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        password: None,
        program: false,
    }
}

fn key(name: &str) -> NewPasskey {
    let credential = format!("{{\"cred\":{{\"cred_id\":\"{name}\",\"cred\":{{\"x\":7}},\"counter\":0}}}}");
    NewPasskey { label: name.to_owned(), credential_id: name.as_bytes().to_vec(), credential }
}

async fn findings(engine: &Engine) -> Vec<String> {
    let report = engine.verify(&[], |_, _| {}).await.unwrap();
    report.findings.into_iter().map(|found| found.message).collect()
}

fn code<T: std::fmt::Debug>(found: Result<T, Error>) -> String {
    match found {
        Err(Error::Invalid(problems)) => problems.0[0].code.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_by_a_provider_is_bound_and_follows_his_groups() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let (engine, visitor) = (&desk.engine, Visitor::default());
        let mara = desk.person("Mara Rehn", &[]).await.unwrap();
        let first = who("m-7", Some(&["agent"]));
        assert!(engine.account_of_outside(&first).await.unwrap().is_none());
        let account = engine.create_outside_account(&first, new(&mara, "mara", &["agent"])).await.unwrap();
        assert_eq!(engine.account_of_outside(&first).await.unwrap().unwrap().id, account.id);
        assert!(engine.account_of_outside(&who("m-8", None)).await.unwrap().is_none(), "another subject");
        let enter =
            async |who: &Outside| engine.sign_in_from_outside(who, account.id, &visitor, &mut random()).await;
        let signed = enter(&first).await.unwrap();
        let session = engine.session(&signed.secret).await.unwrap().unwrap();
        assert_eq!(
            (session.method.as_str(), session.account.roles.as_slice()),
            ("example", &["agent".to_owned()][..])
        );
        let (provider, token) = engine.outside_of_session(&signed.secret).await.unwrap().unwrap();
        assert_eq!((provider.as_str(), token.as_str()), ("example", "ey.token"));
        let wrong = engine.sign_in("mara", "", &visitor, &mut random()).await;
        assert_eq!(code(wrong), "sign_in", "there is no password");

        enter(&who("m-7", Some(&["auditor"]))).await.unwrap();
        let session = engine.session(&signed.secret).await.unwrap().unwrap();
        assert_eq!(session.account.roles, ["auditor"], "the open session speaks with the new roles");
        assert!(session.account.ends.contains_key("auditor"), "an auditor's role ends by itself");
        assert_eq!(code(enter(&who("m-7", Some(&[]))).await), "none");
        enter(&who("m-7", Some(&["administrator"]))).await.unwrap();
        enter(&who("m-7", Some(&["agent"]))).await.unwrap();
        let now = engine.account(account.id).await.unwrap();
        assert_eq!(now.roles, ["agent", "administrator"], "the last administrator stays one");
        let entries = engine.store().entries_about("account", 0, 100).await.unwrap();
        let last = String::from_utf8(entries.last().unwrap().body.clone()).unwrap();
        assert!(last.contains("Sign-in by Example") && last.contains("by_groups_of"), "{last}");
        assert!(entries.iter().all(|e| !String::from_utf8_lossy(&e.body).contains("m-7")), "no subject");
        assert_eq!(findings(engine).await, Vec::<String>::new());

        let planted = Statement::insert("outside_identity")
            .set("provider", "example")
            .set("subject", "evil")
            .set("account", account.id);
        engine.store().execute(vec![planted]).await.unwrap();
        assert!(findings(engine).await[0].contains("identity"), "a binding made past the log");
        let setup = Act::new(&desk.setup(), Door::Cli);
        engine.unbind_outside(&setup, account.id, "example").await.unwrap();
        assert!(engine.account_of_outside(&first).await.unwrap().is_none());
        assert!(engine.session(&signed.secret).await.unwrap().is_none(), "its sessions end with it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_is_taken_once_and_ends() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let engine = &desk.engine;
        let step = engine.keep_step("sso", "body", &mut random()).await.unwrap();
        assert!(engine.take_step("passkey_in", &step).await.unwrap().is_none(), "for something else");
        let (one, other) = tokio::join!(engine.take_step("sso", &step), engine.take_step("sso", &step));
        let taken = [one.unwrap(), other.unwrap()];
        assert_eq!(taken.iter().flatten().count(), 1, "of two at once one gets it: {taken:?}");
        assert!(engine.take_step("sso", &step).await.unwrap().is_none());
        let late = engine.keep_step("sso", "body", &mut random()).await.unwrap();
        desk.time.advance(11 * 60_000_000);
        assert!(engine.take_step("sso", &late).await.unwrap().is_none());
    }
}

async fn with_mara(desk: &TestDesk) -> (Account, Act) {
    let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
    let account = desk.account(&mara, "mara", PASSWORD).await.unwrap();
    let act = Act::new(&account.caller(), Door::Page);
    (account, act)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_signs_in_and_is_asked_for_after_the_password() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let (engine, visitor) = (&desk.engine, Visitor::default());
        let (account, own) = with_mara(&desk).await;
        let codes = engine.add_passkey(&own, account.id, &key("laptop"), &mut random()).await.unwrap();
        assert_eq!(codes.len(), 10, "the first one comes with recovery codes");
        let more = engine.add_passkey(&own, account.id, &key("phone"), &mut random()).await.unwrap();
        assert!(more.is_empty());
        assert_eq!(code(engine.add_passkey(&own, account.id, &key("phone"), &mut random()).await), "taken");
        let half = engine.sign_in("mara", PASSWORD, &visitor, &mut random()).await.unwrap();
        assert_eq!(half.stage, Stage::Code, "the password alone is not enough any more");
        let (found, of) = engine.passkey_named(b"laptop").await.unwrap().unwrap();
        assert_eq!(of.id, account.id);
        let counted = found.credential.replace("\"counter\":0", "\"counter\":1");
        let full = engine
            .second_step_by_passkey(&half.secret, &found, Some(counted), &visitor, &mut random())
            .await
            .unwrap();
        assert!(engine.session(&full.secret).await.unwrap().is_some());
        assert!(engine.session_on_its_way(&half.secret).await.unwrap().is_none(), "under another secret");
        let at_once = engine.sign_in_by_passkey((&found, of), None, &visitor, &mut random()).await.unwrap();
        assert_eq!(at_once.stage, Stage::Full);
        assert_eq!(findings(engine).await, Vec::<String>::new(), "a counter that goes on is no finding");

        let other = desk.person("Ida Voss", &["agent"]).await.unwrap();
        let stranger = Act::new(&other, Door::Page);
        let id = engine.passkeys(account.id).await.unwrap()[1].id;
        let refused = engine.end_passkey(&stranger, account.id, id).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        engine.end_passkey(&own, account.id, id).await.unwrap();
        let forged = found.credential.replace("\"x\":7", "\"x\":8");
        let row = Statement::update("passkey").set("credential", forged).when("id", found.id);
        engine.store().execute(vec![row]).await.unwrap();
        assert!(findings(engine).await[0].contains("passkey"), "another key in its place");
        let setup = Act::new(&desk.setup(), Door::Cli);
        engine.reset_factor(&setup, account.id, "laptop lost").await.unwrap();
        assert!(engine.passkeys(account.id).await.unwrap().is_empty());
        let alone = engine.sign_in("mara", PASSWORD, &visitor, &mut random()).await.unwrap();
        assert_eq!(alone.stage, Stage::Full);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_taken_with_a_passkey_and_the_only_way_in_stays() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let (engine, visitor) = (&desk.engine, Visitor::default());
        let setup = Act::new(&desk.setup(), Door::Cli);
        let ida = desk.person("Ida Voss", &[]).await.unwrap();
        let account = engine.create_account(&setup, new(&ida, "ida", &["agent"])).await.unwrap();
        let (_, link) = engine.make_link(&setup, account.id, &mut random()).await.unwrap();
        let signed =
            engine.use_link_with_passkey(&link, &key("laptop"), &visitor, &mut random()).await.unwrap();
        assert!(engine.session(&signed.secret).await.unwrap().is_some());
        let again = engine.use_link_with_passkey(&link, &key("other"), &visitor, &mut random()).await;
        assert!(matches!(again, Err(Error::NotFound(_))), "the link works once");
        let own = Act::new(&signed.account.caller(), Door::Page);
        let id = engine.passkeys(account.id).await.unwrap()[0].id;
        assert_eq!(code(engine.end_passkey(&own, account.id, id).await), "last");
        assert!(
            engine.prove_anew(&own, account.id, None, Some(&signed.secret)).await.is_ok(),
            "a young sign-in"
        );
        desk.time.advance(11 * 60_000_000);
        let old = engine.prove_anew(&own, account.id, None, Some(&signed.secret)).await;
        assert_eq!(code(old), "sign_in");
        engine.set_active(&setup, account.id, false).await.unwrap();
        assert!(engine.passkey_named(b"laptop").await.unwrap().is_none(), "a closed account has no way in");
        assert_eq!(findings(engine).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_renames_closes_and_places_and_all_of_it_is_told() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let (engine, visitor) = (&desk.engine, Visitor::default());
        let (account, own) = with_mara(&desk).await;
        let boss = desk.person("Bo Sand", &["administrator"]).await.unwrap();
        let of_boss = desk.account(&boss, "boss", PASSWORD).await.unwrap();
        let directory = Act::new(&boss, Door::Api);
        let refused = engine.rename_account(&own, account.id, "mara2", "Mara").await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        assert_eq!(code(engine.rename_account(&directory, account.id, "BOSS", "Mara").await), "taken");
        let renamed = engine.rename_account(&directory, account.id, "Mara.Rehn", "Mara R.").await.unwrap();
        assert_eq!((renamed.sign_in.as_str(), renamed.name.as_str()), ("mara.rehn", "Mara R."));
        let roles = ["auditor".to_owned(), "agent".to_owned()];
        let placed = engine.follow_roles(&directory, account.id, &roles).await.unwrap();
        assert_eq!(placed.roles, ["agent", "auditor"]);
        let token = NewToken { label: "ci".into(), ..NewToken::default() };
        let (_, token) = engine.create_token(&own, account.id, &token, &mut random()).await.unwrap();
        let session = engine.sign_in("mara.rehn", PASSWORD, &visitor, &mut random()).await.unwrap().secret;
        let closed = engine.close_account(&directory, account.id).await.unwrap();
        assert!(!closed.active);
        assert!(engine.session(&session).await.unwrap().is_none());
        assert!(engine.account_of_token(&token).await.unwrap().is_none());
        assert!(engine.tokens(account.id).await.unwrap().is_empty(), "ended, not resting");
        assert_eq!(code(engine.close_account(&directory, of_boss.id).await), "last");
        assert_eq!(code(engine.follow_roles(&directory, of_boss.id, &[]).await), "last");
        let said = Provisioned { external_id: Some("d-1".to_owned()), removed: true };
        engine.keep_provisioned(&directory, "user", "7", &said).await.unwrap();
        assert_eq!(engine.provisioned("user").await.unwrap().get("7"), Some(&said));
        assert_eq!(findings(engine).await, Vec::<String>::new());
    }
}

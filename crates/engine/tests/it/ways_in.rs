//! Ways in beside the password: identities of other providers, passkeys, steps that are taken once; and accounts that a
//! directory keeps. All on both databases, and all of it known to the log.

use proofdesk_engine::account::provision::Provisioned;
use proofdesk_engine::account::second::code_at;
use proofdesk_engine::{
    Account, Act, Caller, Change, Door, Engine, Error, NewAccount, NewPasskey, NewToken, Outside, Reference,
    Stage, Target, Visitor,
};
use proofdesk_model::Value;
use proofdesk_store::Statement;
use proofdesk_testkit::{BOTH, TestDesk};
use rand::SeedableRng;
use rand::rngs::StdRng;

const PASSWORD: &str = "correct horse battery";
const ISSUER: &str = "https://login.example";

fn random() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

fn who(subject: &str, roles: Option<&[&str]>) -> Outside {
    Outside {
        provider: "example".to_owned(),
        label: "Example".to_owned(),
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        roles: roles.map(|all| all.iter().map(|role| (*role).to_owned()).collect()),
        token: "ey.token".to_owned(),
        sid: Some(format!("s-{subject}")),
        second_factor: false,
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

/// An account that is bound from its beginning.
async fn made(engine: &Engine, who: &Outside, new: NewAccount) -> Account {
    let mut together = engine.together(&who.act());
    let id = together.create_account(new, true, Some(who)).await.unwrap();
    together.commit().await.unwrap();
    engine.account(id).await.unwrap()
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
        let account = made(engine, &first, new(&mara, "mara", &["agent"])).await;
        assert_eq!(engine.account_of_outside(&first).await.unwrap().unwrap().id, account.id);
        assert!(engine.account_of_outside(&who("m-8", None)).await.unwrap().is_none(), "another subject");
        let elsewhere = Outside { issuer: "https://evil.example".to_owned(), ..first.clone() };
        let found = engine.account_of_outside(&elsewhere).await.unwrap();
        assert!(found.is_none(), "the same word in the configuration names another provider now");
        let renamed = Outside { provider: "other-word".to_owned(), ..first.clone() };
        let found = engine.account_of_outside(&renamed).await.unwrap();
        assert_eq!(
            found.map(|a| a.id),
            Some(account.id),
            "the provider got another word in the configuration"
        );
        let enter =
            async |who: &Outside| engine.sign_in_from_outside(who, account.id, &visitor, &mut random()).await;
        let signed = enter(&first).await.unwrap();
        let session = engine.session(&signed.secret).await.unwrap().unwrap();
        assert_eq!(
            (session.method.as_str(), session.account.roles.as_slice()),
            ("example", &["agent".to_owned()][..])
        );
        let (provider, token) = engine.outside_of_session(&signed.secret).await.unwrap().unwrap();
        assert_eq!((provider.as_str(), token.as_str()), (ISSUER, "ey.token"));
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
            .set("issuer", ISSUER)
            .set("subject", "evil")
            .set("account", account.id);
        engine.store().execute(vec![planted]).await.unwrap();
        assert!(findings(engine).await[0].contains("identity"), "a binding made past the log");
        let setup = Act::new(&desk.setup(), Door::Cli);
        engine.unbind_outside(&setup, account.id, ISSUER).await.unwrap();
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
        let (found, of) = engine.passkey_named(b"laptop").await.unwrap().unwrap();
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
        assert_eq!(code(old), "fresh");
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
        let rename = async |act: &Act, to: &str| {
            let mut together = engine.together(act);
            together.rename_account(account.id, to, "Mara R.").await?;
            together.commit().await
        };
        let refused = rename(&own, "mara2").await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        assert_eq!(code(rename(&directory, "BOSS").await), "taken");
        rename(&directory, "Mara.Rehn").await.unwrap();
        let renamed = engine.account(account.id).await.unwrap();
        assert_eq!((renamed.sign_in.as_str(), renamed.name.as_str()), ("mara.rehn", "Mara R."));
        let follow = async |id: i64, roles: &[&str]| {
            let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
            let mut together = engine.together(&directory);
            together.follow_roles(id, &roles).await?;
            together.commit().await
        };
        follow(account.id, &["auditor", "agent"]).await.unwrap();
        assert_eq!(engine.account(account.id).await.unwrap().roles, ["agent", "auditor"]);
        let token = NewToken { label: "ci".into(), ..NewToken::default() };
        let (_, token) = engine.create_token(&own, account.id, &token, &mut random()).await.unwrap();
        let session = engine.sign_in("mara.rehn", PASSWORD, &visitor, &mut random()).await.unwrap().secret;
        let (_, calendar) =
            engine.create_calendar_link(&own, account.id, "phone", &mut random()).await.unwrap();
        let close = async |id: i64| {
            let mut together = engine.together(&directory);
            together.close_account(id).await?;
            together.commit().await
        };
        close(account.id).await.unwrap();
        assert!(!engine.account(account.id).await.unwrap().active);
        assert!(engine.session(&session).await.unwrap().is_none());
        assert!(engine.account_of_token(&token).await.unwrap().is_none());
        assert!(engine.account_of_calendar(&calendar).await.unwrap().is_none());
        assert!(engine.tokens(account.id).await.unwrap().is_empty(), "ended, not resting");
        assert!(engine.calendar_links(account.id).await.unwrap().is_empty());
        assert_eq!(code(close(of_boss.id).await), "last");
        assert_eq!(code(follow(of_boss.id, &[]).await), "last");
        assert_eq!(findings(engine).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_factor_that_a_role_needs_is_asked_for_after_a_provider_that_asked_for_none() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let (engine, visitor) = (&desk.engine, Visitor::default());
        let setup = Act::new(&desk.setup(), Door::Cli);
        let (account, _) = with_mara(&desk).await;
        let weak = Outside { sid: Some("s-1".to_owned()), ..who("m-7", None) };
        let strong = Outside { second_factor: true, ..weak.clone() };
        engine.bind_outside(&weak, account.id).await.unwrap();
        let enter =
            async |who: &Outside| engine.sign_in_from_outside(who, account.id, &visitor, &mut random()).await;
        let is_open = async |secret: &str| engine.session(secret).await.unwrap().is_some();
        let before = enter(&weak).await.unwrap();
        assert_eq!(before.stage, Stage::Full, "no role needs one yet");
        engine.set_second_factor_roles(&setup, &["agent".to_owned()]).await.unwrap();
        assert!(!is_open(&before.secret).await, "a session that began there ends");
        let full = enter(&strong).await.unwrap();
        assert!(full.stage == Stage::Full && is_open(&full.secret).await, "the provider asked for one");
        engine.set_second_factor_roles(&setup, &["agent".to_owned(), "auditor".to_owned()]).await.unwrap();
        assert!(is_open(&full.secret).await, "nothing new is demanded of an agent");

        // without a factor here one is set up, and the session stays one of the provider's
        let half = enter(&weak).await.unwrap();
        assert!(half.stage == Stage::Enrol && !is_open(&half.secret).await);
        let new = engine.begin_factor(&half.secret, "Desk", &mut random()).await.unwrap();
        let right = code_at(&new.secret, engine.now() / 30_000_000).unwrap();
        let done = engine.confirm_factor(Door::Page, &half.secret, &right, &visitor, &mut random()).await;
        let done = done.unwrap().1.unwrap().secret;
        let session = engine.session(&done).await.unwrap().unwrap();
        assert_eq!(session.method, "example");
        assert_eq!(engine.outside_of_session(&done).await.unwrap().unwrap().1, "ey.token");

        // with one the code is asked for, or a passkey
        desk.time.advance(60_000_000);
        let half = enter(&weak).await.unwrap();
        assert!(half.stage == Stage::Code && !is_open(&half.secret).await);
        let wrong = engine.second_step(&half.secret, "000000", &visitor, &mut random()).await;
        assert_eq!(code(wrong.map(|_| ())), "sign_in");
        let right = code_at(&new.secret, engine.now() / 30_000_000).unwrap();
        let done = engine.second_step(&half.secret, &right, &visitor, &mut random()).await.unwrap().secret;
        assert!(is_open(&done).await);
        let ended = engine.end_outside_sessions("Example", ISSUER, (None, Some("s-1"))).await.unwrap();
        assert!(ended >= 3 && !is_open(&done).await, "the provider ends it still");

        // a role that needs one is given later
        engine.set_second_factor_roles(&setup, &["auditor".to_owned()]).await.unwrap();
        let open = enter(&weak).await.unwrap();
        assert_eq!(open.stage, Stage::Full);
        let both = ["agent".to_owned(), "auditor".to_owned()];
        engine.set_roles(&setup, account.id, &both).await.unwrap();
        assert!(!is_open(&open.secret).await);
        assert_eq!(findings(engine).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_has_no_way_in_left_also_when_he_is_opened_again() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let (engine, visitor) = (&desk.engine, Visitor::default());
        let setup = Act::new(&desk.setup(), Door::Cli);
        let (account, own) = with_mara(&desk).await;
        let id = account.id;
        engine.bind_outside(&who("m-7", None), id).await.unwrap();
        engine.add_passkey(&own, id, &key("laptop"), &mut random()).await.unwrap();
        let token = NewToken { label: "ci".into(), ..NewToken::default() };
        let (_, token) = engine.create_token(&own, id, &token, &mut random()).await.unwrap();
        let (_, calendar) = engine.create_calendar_link(&own, id, "phone", &mut random()).await.unwrap();
        let (_, link) = engine.make_link(&setup, id, &mut random()).await.unwrap();
        let by_provider =
            engine.sign_in_from_outside(&who("m-7", None), id, &visitor, &mut random()).await.unwrap().secret;
        let mut together = engine.together(&setup);
        together.remove_account(id).await.unwrap();
        let said = Provisioned { external_id: Some("d-1".to_owned()), removed: true };
        together.keep_provisioned("user", &id.to_string(), &said).await.unwrap();
        together.commit().await.unwrap();
        assert_eq!(engine.provisioned("user").await.unwrap().get(&id.to_string()), Some(&said));
        for opened in [false, true] {
            if opened {
                engine.set_active(&setup, id, true).await.unwrap();
            }
            assert!(engine.session(&by_provider).await.unwrap().is_none());
            assert!(engine.account_of_token(&token).await.unwrap().is_none());
            assert!(engine.account_of_calendar(&calendar).await.unwrap().is_none());
            assert!(engine.link(&link).await.is_err());
            assert!(engine.passkey_named(b"laptop").await.unwrap().is_none());
            assert!(engine.account_of_outside(&who("m-7", None)).await.unwrap().is_none());
            assert!(engine.sign_in("mara", PASSWORD, &visitor, &mut random()).await.is_err());
            let now = engine.account(id).await.unwrap();
            assert!(now.roles.is_empty() && !now.has_password && !now.second_factor);
            assert_eq!(engine.recovery_codes_left(id).await.unwrap(), 0);
        }
        assert_eq!(findings(engine).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_together_is_written_whole_or_not_at_all() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let engine = &desk.engine;
        let (account, _) = with_mara(&desk).await;
        let boss = desk.person("Bo Sand", &["administrator"]).await.unwrap();
        let of_boss = desk.account(&boss, "boss", PASSWORD).await.unwrap();
        let act = Act::new(&boss, Door::Api);
        let size = async || {
            engine.store().sequence_once().await.unwrap();
            engine.store().log_size().await.unwrap()
        };
        let before = size().await;
        // the last of four cannot be: the only administrator would go
        let mut together = engine.together(&act);
        let team = Change::default().with_text("name", "Front desk");
        let team = together.change(Target::New("team".to_owned()), team).await.unwrap();
        let person = Target::Existing(Reference::new("person", account.person), None);
        let into = Change::default().with("team", Value::Link(team.number));
        together.change(person, into).await.unwrap();
        together.rename_account(account.id, "mara.rehn", "Mara R.").await.unwrap();
        together.close_account(of_boss.id).await.unwrap();
        assert_eq!(code(together.commit().await), "last");
        assert!(engine.load(&desk.setup(), &team).await.unwrap().is_none());
        assert_eq!(engine.account(account.id).await.unwrap().sign_in, "mara");
        assert_eq!(size().await, before, "and nothing was sealed");
        // two administrators who go at once: neither does
        let ida = desk.person("Ida Voss", &["administrator"]).await.unwrap();
        let of_ida = desk.account(&ida, "ida", PASSWORD).await.unwrap();
        let mut together = engine.together(&act);
        together.follow_roles(of_ida.id, &[]).await.unwrap();
        together.follow_roles(of_boss.id, &[]).await.unwrap();
        assert_eq!(code(together.commit().await), "last");
        assert_eq!(engine.account(of_ida.id).await.unwrap().roles, ["administrator"]);
        // the same without what cannot be
        let mut together = engine.together(&act);
        let team = Change::default().with_text("name", "Front desk");
        let team = together.change(Target::New("team".to_owned()), team).await.unwrap();
        let person = Target::Existing(Reference::new("person", account.person), None);
        let into = Change::default().with("team", Value::Link(team.number));
        together.change(person, into).await.unwrap();
        together.commit().await.unwrap();
        let mara =
            engine.load(&desk.setup(), &Reference::new("person", account.person)).await.unwrap().unwrap();
        assert_eq!(mara.value("team"), Some(&Value::Link(team.number)));
        assert_eq!(findings(engine).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_at_the_provider_ends_the_sessions_that_began_there() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let (engine, visitor) = (&desk.engine, Visitor::default());
        let (account, _) = with_mara(&desk).await;
        engine.bind_outside(&who("m-7", None), account.id).await.unwrap();
        let enter = async |sid: &str| {
            let who = Outside { sid: Some(sid.to_owned()), ..who("m-7", None) };
            engine.sign_in_from_outside(&who, account.id, &visitor, &mut random()).await.unwrap().secret
        };
        let (one, two, three) = (enter("s-1").await, enter("s-2").await, enter("s-2").await);
        let local = engine.sign_in("mara", PASSWORD, &visitor, &mut random()).await.unwrap().secret;
        let lives = async |secret: &str| engine.session(secret).await.unwrap().is_some();
        let end = async |issuer: &str, subject: Option<&str>, sid: Option<&str>| {
            engine.end_outside_sessions("Example", issuer, (subject, sid)).await.unwrap()
        };
        assert_eq!(end(ISSUER, None, None).await, 0);
        assert_eq!(end("https://evil.example", Some("m-7"), None).await, 0);
        assert_eq!(end(ISSUER, Some("m-8"), Some("s-1")).await, 0);
        assert_eq!(end(ISSUER, Some("m-7"), Some("s-1")).await, 1);
        assert!(!lives(&one).await && lives(&two).await);
        assert_eq!(end(ISSUER, Some("m-7"), None).await, 2, "without a session all of somebody");
        assert!(!lives(&two).await && !lives(&three).await && lives(&local).await);
        assert_eq!(findings(engine).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_that_are_begun_wait_by_address() {
    let desk = TestDesk::open(BOTH[0]).await.unwrap();
    let engine = &desk.engine;
    let from = |address: &str| Visitor { address: Some(address.parse().unwrap()), agent: String::new() };
    let mut begun = 0;
    while engine.begin_step("sso", "body", &from("10.0.0.1"), &mut random()).await.is_ok() {
        begun += 1;
        assert!(begun < 100, "there is an end");
    }
    assert_eq!(begun, 60);
    assert_eq!(code(engine.begin_step("sso", "body", &from("10.0.0.1"), &mut random()).await), "wait");
    assert!(engine.begin_step("sso", "body", &from("10.0.0.2"), &mut random()).await.is_ok());
    assert!(
        engine
            .sign_in("nobody", "x", &from("10.0.0.1"), &mut random())
            .await
            .is_err_and(|e| { matches!(e, Error::Invalid(problems) if problems.0[0].code == "sign_in") }),
        "passwords are counted apart"
    );
    engine.forget_begun(&from("10.0.0.1")).await.unwrap();
    assert!(engine.begin_step("sso", "body", &from("10.0.0.1"), &mut random()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_of_a_passkey_is_marked_whole_and_its_counter_only_goes_on() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let (engine, visitor) = (&desk.engine, Visitor::default());
        let (account, own) = with_mara(&desk).await;
        let credential = "{\"cred\":{\"cred_id\":\"a\",\"cred\":{\"x\":7},\"counter\":1,\"user_verified\":true,\"backup_state\":false}}";
        let new = NewPasskey { credential: credential.to_owned(), ..key("laptop") };
        engine.add_passkey(&own, account.id, &new, &mut random()).await.unwrap();
        let put = async |credential: String| {
            let row = Statement::update("passkey").set("credential", credential);
            engine.store().execute(vec![row.when("account", account.id)]).await.unwrap();
            findings(engine).await.len()
        };
        let counted =
            credential.replace("\"counter\":1", "\"counter\":2").replace("state\":false", "state\":true");
        assert_eq!(put(counted).await, 0, "what its use changes is no finding");
        assert_eq!(put(credential.replace("verified\":true", "verified\":false")).await, 1);
        assert_eq!(put("no json".to_owned()).await, 1);
        assert_eq!(put("neither".to_owned()).await, 1, "what cannot be read is not all the same");
        assert_eq!(put(credential.to_owned()).await, 0);
        // two answers that were held against the same counter
        let (found, of) = engine.passkey_named(b"laptop").await.unwrap().unwrap();
        let next = Some(credential.replace("\"counter\":1", "\"counter\":5"));
        let enter = async || {
            engine.sign_in_by_passkey((&found, of.clone()), next.clone(), &visitor, &mut random()).await
        };
        enter().await.unwrap();
        assert_eq!(code(enter().await), "stale");
        engine.passkey_went_back(&found).await.unwrap();
        let entries = engine.store().entries_about("account", 0, 100).await.unwrap();
        let last = String::from_utf8(entries.last().unwrap().body.clone()).unwrap();
        assert!(last.contains("passkey_went_back"), "{last}");
        assert_eq!(findings(engine).await, Vec::<String>::new());
    }
}

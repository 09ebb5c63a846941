//! Sign-in: throttling, equal time, renewed sessions, second factors, one-time links, scopes of tokens.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use proofdesk_engine::account::second::code_at;
use proofdesk_engine::account::session::{SESSION_IDLE, SESSION_MOST};
use proofdesk_engine::{
    Account, Act, Action, Caller, Change, Door, Engine, Error, Link, NewAccount, NewToken, SignedIn, Stage,
    Target, Visitor,
};
use proofdesk_testkit::{BOTH, Database, TestDesk};
use rand::SeedableRng;
use rand::rngs::StdRng;

const PASSWORD: &str = "correct horse battery";

fn random() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

fn at(address: &str) -> Visitor {
    Visitor { address: Some(address.parse::<IpAddr>().unwrap()), agent: "test".to_owned() }
}

async fn enter(engine: &Engine, name: &str, password: &str, from: &Visitor) -> Result<SignedIn, Error> {
    engine.sign_in(name, password, from, &mut random()).await
}

fn code(error: Result<SignedIn, Error>) -> String {
    match error {
        Err(Error::Invalid(problems)) => problems.0[0].code.clone(),
        other => panic!("{other:?}"),
    }
}

async fn with_mara(database: Database) -> (TestDesk, Account) {
    let desk = TestDesk::open(database).await.unwrap();
    let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
    let account = desk.account(&mara, "mara", PASSWORD).await.unwrap();
    (desk, account)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_waits_after_five_failures_whether_somebody_has_it_or_not() {
    for database in BOTH {
        let (desk, _) = with_mara(database).await;
        for name in ["mara", "nobody"] {
            let mut from = 0..;
            let mut next = || at(&format!("10.0.0.{}", from.next().unwrap()));
            for _ in 0..5 {
                assert_eq!(code(enter(&desk.engine, name, "wrong horse", &next()).await), "sign_in");
            }
            assert_eq!(
                code(enter(&desk.engine, name, PASSWORD, &next()).await),
                "wait",
                "also the right one"
            );
        }
        desk.time.advance(16_000_000);
        assert!(enter(&desk.engine, "mara", PASSWORD, &at("10.0.0.99")).await.is_ok(), "the wait is over");
        assert_eq!(
            code(enter(&desk.engine, "mara", "wrong horse", &at("10.0.0.1")).await),
            "sign_in",
            "counts anew"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_waits_after_thirty_failures_on_any_names() {
    for database in BOTH {
        let (desk, _) = with_mara(database).await;
        for i in 0..29 {
            // signing in to the own account in between does not clear the address
            if i % 10 == 9 {
                enter(&desk.engine, "mara", PASSWORD, &at("2001:db8::1")).await.unwrap();
            }
            let from = at(&format!("2001:db8::{i:x}"));
            assert_eq!(code(enter(&desk.engine, &format!("name{i}"), "wrong horse", &from).await), "sign_in");
        }
        assert_eq!(code(enter(&desk.engine, "last", "wrong horse", &at("2001:db8::ffff")).await), "sign_in");
        assert_eq!(code(enter(&desk.engine, "mara", PASSWORD, &at("2001:db8::7")).await), "wait");
        assert!(
            enter(&desk.engine, "mara", PASSWORD, &at("2001:db8:0:1::7")).await.is_ok(),
            "another network"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attempts_at_the_same_time_all_count() {
    let (desk, _) = with_mara(Database::Sqlite).await;
    let tries = (0..12).map(|_| {
        let engine = desk.engine.clone();
        tokio::spawn(async move { code(enter(&engine, "mara", "wrong horse", &Visitor::default()).await) })
    });
    let mut judged = 0;
    for attempt in tries.collect::<Vec<_>>() {
        judged += i32::from(attempt.await.unwrap() == "sign_in");
    }
    assert_eq!(judged, 5, "no more than five were judged at all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let (desk, _) = with_mara(Database::Sqlite).await;
    let mut shortest = [Duration::MAX; 2];
    // the first one makes the hash that nobody has
    assert_eq!(code(enter(&desk.engine, "warm", "wrong horse", &Visitor::default()).await), "sign_in");
    for i in 0..4 {
        for (shortest, name) in shortest.iter_mut().zip(["mara".to_owned(), format!("nobody{i}")]) {
            let start = Instant::now();
            assert_eq!(code(enter(&desk.engine, &name, "wrong horse", &Visitor::default()).await), "sign_in");
            *shortest = start.elapsed().min(*shortest);
        }
    }
    let [known, unknown] = shortest.map(|d| d.as_secs_f64());
    assert!((0.5..2.0).contains(&(unknown / known)), "known {known} s, unknown {unknown} s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_and_ended_by_their_owner_and_by_administrators() {
    for database in BOTH {
        let (desk, account) = with_mara(database).await;
        let boss = desk.person("Bo Sand", &["administrator"]).await.unwrap();
        let other = desk.person("Ida Voss", &["agent"]).await.unwrap();
        let engine = &desk.engine;
        let first = enter(engine, "mara", PASSWORD, &at("10.0.0.1")).await.unwrap().secret;
        let second = enter(engine, "mara", PASSWORD, &at("10.0.0.2")).await.unwrap().secret;
        assert_ne!(first, second, "each sign-in has a secret of its own");
        let listed = engine.sessions(account.id, Some(&second)).await.unwrap();
        assert_eq!(listed.len(), 2);
        let of_first = listed.iter().find(|s| !s.current).unwrap();
        assert_eq!((of_first.address.as_str(), of_first.agent.as_str()), ("10.0.0.1", "test"));
        assert!(!format!("{listed:?}").contains(&first));
        let by = |caller: &Caller| Act::new(caller, Door::Page);
        let refused = engine.end_session(&by(&other), account.id, &of_first.id).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        engine.end_session(&by(&account.caller()), account.id, &of_first.id).await.unwrap();
        assert!(engine.session(&first).await.unwrap().is_none());
        assert!(engine.session(&second).await.unwrap().is_some());
        assert!(matches!(
            engine.end_session(&by(&boss), account.id, &of_first.id).await,
            Err(Error::NotFound(_))
        ));
        engine.end_sessions(&by(&boss), account.id, None).await.unwrap();
        assert!(engine.session(&second).await.unwrap().is_none());

        let idle = enter(engine, "mara", PASSWORD, &Visitor::default()).await.unwrap().secret;
        desk.time.advance(SESSION_IDLE + 1);
        assert!(engine.session(&idle).await.unwrap().is_none(), "idle too long");
        let used = enter(engine, "mara", PASSWORD, &Visitor::default()).await.unwrap().secret;
        for _ in 0..SESSION_MOST / (SESSION_IDLE - 1) {
            desk.time.advance(SESSION_IDLE - 1);
            assert!(engine.session(&used).await.unwrap().is_some());
        }
        desk.time.advance(SESSION_IDLE - 1);
        assert!(engine.session(&used).await.unwrap().is_none(), "no use makes it longer than a week");
    }
}

/// Sets a second factor up and gives its secret and the recovery codes.
async fn with_factor(desk: &TestDesk, session: &str) -> (String, Vec<String>) {
    let engine = &desk.engine;
    let new = engine.begin_factor(session, "Desk & Co", &mut random()).await.unwrap();
    assert!(new.address.starts_with("otpauth://totp/Desk%20%26%20Co:mara?secret="), "{}", new.address);
    let right = code_at(&new.secret, engine.now() / 30_000_000).unwrap();
    let from = Visitor::default();
    let wrong = engine.confirm_factor(Door::Page, session, "000000", &from, &mut random()).await;
    assert!(wrong.is_err() || right == "000000");
    let (codes, _) = engine.confirm_factor(Door::Page, session, &right, &from, &mut random()).await.unwrap();
    (new.secret, codes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_is_asked_for_and_no_code_is_taken_twice() {
    for database in BOTH {
        let (desk, account) = with_mara(database).await;
        let (engine, from) = (&desk.engine, Visitor::default());
        let session = enter(engine, "mara", PASSWORD, &from).await.unwrap().secret;
        let (secret, codes) = with_factor(&desk, &session).await;
        assert_eq!(codes.len(), 10);
        assert!(engine.account(account.id).await.unwrap().second_factor);
        desk.time.advance(60_000_000);
        let now = |desk: &TestDesk| code_at(&secret, desk.engine.now() / 30_000_000).unwrap();

        let half = enter(engine, "mara", PASSWORD, &from).await.unwrap();
        assert_eq!(half.stage, Stage::Code);
        assert!(engine.session(&half.secret).await.unwrap().is_none(), "half a sign-in opens nothing");
        assert!(engine.begin_factor(&half.secret, "x", &mut random()).await.is_err());
        let right = now(&desk);
        let full = engine.second_step(&half.secret, &right, &from, &mut random()).await.unwrap();
        assert_ne!(full.secret, half.secret, "the session is renewed");
        assert!(engine.session(&full.secret).await.unwrap().is_some());
        assert!(engine.session_on_its_way(&half.secret).await.unwrap().is_none());

        let again = enter(engine, "mara", PASSWORD, &from).await.unwrap();
        let replayed = engine.second_step(&again.secret, &right, &from, &mut random()).await;
        assert_eq!(code(replayed), "sign_in", "a code is taken once");
        let recovered =
            engine.second_step(&again.secret, &codes[3].to_lowercase(), &from, &mut random()).await;
        assert!(recovered.is_ok());
        let third = enter(engine, "mara", PASSWORD, &from).await.unwrap();
        assert_eq!(code(engine.second_step(&third.secret, &codes[3], &from, &mut random()).await), "sign_in");
        assert_eq!(engine.recovery_codes_left(account.id).await.unwrap(), 9);
        for _ in 0..4 {
            assert_eq!(code(engine.second_step(&third.secret, "123", &from, &mut random()).await), "sign_in");
        }
        desk.time.advance(30_000_000);
        let right = now(&desk);
        let waits = engine.second_step(&third.secret, &right, &from, &mut random()).await;
        assert!(matches!(waits, Err(Error::Invalid(_)) | Ok(_)));
        let report = engine.verify(&[], |_, _| {}).await.unwrap();
        assert_eq!(report.findings, []);
        let bodies = engine.store().entries_about("account", 0, 100).await.unwrap();
        let log: String = bodies.iter().map(|e| String::from_utf8_lossy(&e.body).into_owned()).collect();
        assert!(!log.contains(&secret) && !log.contains(&codes[0]), "no secret is in the log");
        let gone = proofdesk_store::Statement::update("account").set("second_factor", None::<String>);
        engine.store().execute(vec![gone.when("id", account.id)]).await.unwrap();
        let report = engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(report.findings[0].message.contains("second_factor"), "{:?}", report.findings);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_may_need_a_second_factor() {
    for database in BOTH {
        let (desk, account) = with_mara(database).await;
        let (engine, from) = (&desk.engine, Visitor::default());
        let setup = Act::new(&desk.setup(), Door::Cli);
        engine.set_second_factor_roles(&setup, &["agent".to_owned()]).await.unwrap();
        let half = enter(engine, "mara", PASSWORD, &from).await.unwrap();
        assert_eq!(half.stage, Stage::Enrol);
        assert!(engine.session(&half.secret).await.unwrap().is_none());
        let new = engine.begin_factor(&half.secret, "Desk", &mut random()).await.unwrap();
        let right = code_at(&new.secret, engine.now() / 30_000_000).unwrap();
        let (_, full) =
            engine.confirm_factor(Door::Page, &half.secret, &right, &from, &mut random()).await.unwrap();
        assert!(engine.session(&full.unwrap().secret).await.unwrap().is_some());
        let own = Act::new(&account.caller(), Door::Page);
        let refused = engine.remove_factor(&own, account.id, PASSWORD).await;
        assert!(matches!(refused, Err(Error::Invalid(p)) if p.0[0].code == "demanded"));
        let refused = engine.reset_factor(&own, account.id, "lost").await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let silent = engine.reset_factor(&setup, account.id, "  ").await;
        assert!(matches!(silent, Err(Error::Invalid(p)) if p.0[0].field == "reason"));
        engine.reset_factor(&setup, account.id, "phone lost, seen in person").await.unwrap();
        let said = engine.store().entries_about("account", 0, 100).await.unwrap();
        let last = String::from_utf8(said.last().unwrap().body.clone()).unwrap();
        assert!(last.contains("second_factor_end") && last.contains("phone lost, seen in person"), "{last}");
        engine.set_second_factor_roles(&setup, &[]).await.unwrap();
        assert_eq!(enter(engine, "mara", PASSWORD, &from).await.unwrap().stage, Stage::Full);
        assert_eq!(engine.verify(&[], |_, _| {}).await.unwrap().findings, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_works_once_and_ends() {
    for database in BOTH {
        let (desk, account) = with_mara(database).await;
        let engine = &desk.engine;
        let setup = Act::new(&desk.setup(), Door::Cli);
        let own = Act::new(&account.caller(), Door::Page);
        assert!(matches!(engine.make_link(&own, account.id, &mut random()).await, Err(Error::Forbidden(_))));
        let session = enter(engine, "mara", PASSWORD, &Visitor::default()).await.unwrap().secret;
        let (link, earlier) = engine.make_link(&setup, account.id, &mut random()).await.unwrap();
        assert_eq!(link, Link::Reset(account.clone()));
        let (_, secret) = engine.make_link(&setup, account.id, &mut random()).await.unwrap();
        assert!(engine.link(&earlier).await.is_err(), "only the last one works");
        assert!(matches!(engine.use_link(&secret, "short").await, Err(Error::Invalid(_))));
        engine.use_link(&secret, "another horse battery").await.unwrap();
        assert!(matches!(engine.use_link(&secret, "a third horse battery").await, Err(Error::NotFound(_))));
        assert!(engine.session(&session).await.unwrap().is_none(), "sessions end with the old password");
        assert!(enter(engine, "mara", "another horse battery", &Visitor::default()).await.is_ok());
        let (_, late) = engine.make_link(&setup, account.id, &mut random()).await.unwrap();
        desk.time.advance(25 * 3_600_000_000);
        assert!(matches!(engine.use_link(&late, "a third horse battery").await, Err(Error::NotFound(_))));
        assert!(engine.make_first_link(&mut random()).await.unwrap().is_none(), "there is an account");
        assert_eq!(engine.verify(&[], |_, _| {}).await.unwrap().findings, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_reaches_no_further_than_its_scope() {
    for database in BOTH {
        let (desk, account) = with_mara(database).await;
        let (engine, own) = (&desk.engine, Act::new(&account.caller(), Door::Api));
        let token = |scope: &str| NewToken { label: "ci".into(), scope: scope.into(), expires_at: None };
        for wrong in ["incident", "spaceship:read", "incident:fly", "*"] {
            let refused = engine.create_token(&own, account.id, &token(wrong), &mut random()).await;
            assert!(matches!(refused, Err(Error::Invalid(p)) if p.0[0].field == "scope"), "{wrong}");
        }
        let scope = token("incident:create incident:read, service:*");
        let (_, secret) = engine.create_token(&own, account.id, &scope, &mut random()).await.unwrap();
        let (found, scope) = engine.account_of_token(&secret).await.unwrap().unwrap();
        let caller = Caller { scope, ..found.caller() };
        let may = |name: &str, action: Action| caller.may(engine.registry().get(name).unwrap(), &action);
        assert!(may("incident", Action::Read) && may("incident", Action::Create));
        assert!(!may("incident", Action::Update) && !may("problem", Action::Read));
        assert!(may("service", Action::Read));
        let new = Change::default().with_text("title", "x");
        let refused = engine.apply(&caller, Target::New("problem".to_owned()), new, Door::Api).await;
        assert!(matches!(refused, Err(Error::Forbidden(p)) if p.0[0].message.contains("problem:create")));
        let wider =
            engine.create_token(&Act::new(&caller, Door::Api), account.id, &token(""), &mut random()).await;
        assert!(matches!(wider, Err(Error::Forbidden(_))), "no token makes a wider one");
        let ended = NewToken { expires_at: Some(engine.now() + 1_000_000), ..token("") };
        let (_, short) = engine.create_token(&own, account.id, &ended, &mut random()).await.unwrap();
        desk.time.advance(2_000_000);
        assert!(engine.account_of_token(&short).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_that_is_demanded_stops_open_sessions() {
    for database in BOTH {
        let (desk, account) = with_mara(database).await;
        let (engine, from) = (&desk.engine, Visitor::default());
        let setup = Act::new(&desk.setup(), Door::Cli);
        let open = |secret: String| async move { engine.session(&secret).await.unwrap().is_some() };
        let first = enter(engine, "mara", PASSWORD, &from).await.unwrap();
        assert_eq!(first.stage, Stage::Full);
        engine.set_second_factor_roles(&setup, &["auditor".to_owned()]).await.unwrap();
        assert!(open(first.secret.clone()).await, "an agent is no auditor");
        let both = ["agent".to_owned(), "auditor".to_owned()];
        engine.set_roles(&setup, account.id, &both).await.unwrap();
        assert!(!open(first.secret.clone()).await, "a role that needs one stops the session");
        let waits = engine.session_on_its_way(&first.secret).await.unwrap().unwrap();
        assert_eq!(waits.stage, Stage::Enrol);

        engine.set_second_factor_roles(&setup, &[]).await.unwrap();
        let second = enter(engine, "mara", PASSWORD, &from).await.unwrap();
        assert!(open(second.secret.clone()).await);
        engine.set_second_factor_roles(&setup, &["agent".to_owned()]).await.unwrap();
        assert!(!open(second.secret.clone()).await, "a demand stops the session");
        let new = engine.begin_factor(&second.secret, "Desk", &mut random()).await.unwrap();
        let right = code_at(&new.secret, engine.now() / 30_000_000).unwrap();
        let (_, full) =
            engine.confirm_factor(Door::Page, &second.secret, &right, &from, &mut random()).await.unwrap();
        assert!(open(full.unwrap().secret).await, "it goes on where it was set up");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_password_ends_tokens_and_a_changed_one_does_not() {
    for database in BOTH {
        let (desk, account) = with_mara(database).await;
        let engine = &desk.engine;
        let (setup, own) = (Act::new(&desk.setup(), Door::Cli), Act::new(&account.caller(), Door::Page));
        let new = NewToken { label: "ci".into(), ..NewToken::default() };
        let make = || async { engine.create_token(&own, account.id, &new, &mut random()).await.unwrap().1 };
        let lives = |token: String| async move { engine.account_of_token(&token).await.unwrap().is_some() };
        let first = make().await;
        engine.change_password(&own, account.id, PASSWORD, "another horse battery").await.unwrap();
        assert!(lives(first.clone()).await, "who knows the password knows the tokens");
        let (_, link) = engine.make_link(&setup, account.id, &mut random()).await.unwrap();
        engine.use_link(&link, "a third horse battery").await.unwrap();
        assert!(!lives(first).await, "by a link");
        let second = make().await;
        engine.set_password(&setup, &account, "a fourth horse battery", true).await.unwrap();
        assert!(lives(second.clone()).await, "the operator said so");
        engine.set_password(&setup, &account, "a fifth horse battery", false).await.unwrap();
        assert!(!lives(second).await);
        assert_eq!(engine.verify(&[], |_, _| {}).await.unwrap().findings, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_asks_who_makes_it() {
    for database in BOTH {
        let (desk, account) = with_mara(database).await;
        let engine = &desk.engine;
        let (page, api) = (Act::new(&account.caller(), Door::Page), Act::new(&account.caller(), Door::Api));
        let field = |found: Result<(), Error>| match found {
            Err(Error::Invalid(problems)) => problems.0[0].field.to_string(),
            other => panic!("{other:?}"),
        };
        assert!(engine.prove_anew(&page, account.id, Some(PASSWORD), None).await.is_ok());
        assert!(engine.prove_anew(&api, account.id, Some(PASSWORD), None).await.is_ok());
        assert_eq!(field(engine.prove_anew(&page, account.id, Some("wrong"), None).await), "present");
        assert_eq!(field(engine.prove_anew(&api, account.id, None, None).await), "password");
        let boss = desk.person("Bo Sand", &["administrator"]).await.unwrap();
        let program = NewAccount {
            person: boss.person.unwrap(),
            sign_in: "robot".to_owned(),
            name: "Robot".to_owned(),
            roles: vec!["administrator".to_owned()],
            password: None,
            program: true,
        };
        let robot = engine.create_account(&Act::new(&desk.setup(), Door::Cli), program).await.unwrap();
        let act = Act::new(&robot.caller(), Door::Api);
        let refused = engine.prove_anew(&act, robot.id, None, None).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "a program makes no tokens");
    }
}

/// Two at once with the same secret: how many came through.
async fn taken<T, F: Future<Output = Result<T, Error>>>(one: F, other: F) -> usize {
    let (one, other) = tokio::join!(one, other);
    usize::from(one.is_ok()) + usize::from(other.is_ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_at_once_one_takes_a_code_or_a_link() {
    for database in BOTH {
        let (desk, account) = with_mara(database).await;
        let (engine, from) = (&desk.engine, Visitor::default());
        let session = enter(engine, "mara", PASSWORD, &from).await.unwrap().secret;
        let (secret, codes) = with_factor(&desk, &session).await;
        let now = || code_at(&secret, engine.now() / 30_000_000).unwrap();

        let half = enter(engine, "mara", PASSWORD, &from).await.unwrap().secret;
        let confirmed = engine.second_step(&half, &now(), &from, &mut random()).await;
        assert_eq!(code(confirmed), "sign_in", "the code that set the factor up signs nobody in");
        desk.time.advance(60_000_000);
        for right in [now(), codes[0].clone()] {
            let (a, b) = (
                enter(engine, "mara", PASSWORD, &from).await.unwrap().secret,
                enter(engine, "mara", PASSWORD, &from).await.unwrap().secret,
            );
            let step = async |half: String| engine.second_step(&half, &right, &from, &mut random()).await;
            assert_eq!(taken(step(a), step(b)).await, 1, "{right}");
        }
        let setup = Act::new(&desk.setup(), Door::Cli);
        let (_, link) = engine.make_link(&setup, account.id, &mut random()).await.unwrap();
        let used = async |password: &'static str| engine.use_link(&link, password).await;
        assert_eq!(taken(used("another horse battery"), used("a third horse battery")).await, 1);
        assert_eq!(engine.verify(&[], |_, _| {}).await.unwrap().findings, []);
    }
}

/// Whatever stands behind a name, a refusal takes the work of one password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_tells_by_its_time_nothing_of_the_account() {
    let (desk, account) = with_mara(Database::Sqlite).await;
    let setup = Act::new(&desk.setup(), Door::Cli);
    let of = |name: &str, program: bool, password: Option<&str>| proofdesk_engine::NewAccount {
        person: account.person,
        sign_in: name.to_owned(),
        name: name.to_owned(),
        roles: vec!["agent".to_owned()],
        password: password.map(str::to_owned),
        program,
    };
    let made = async |new| desk.engine.create_account(&setup, new).await.unwrap();
    made(of("pipeline", true, None)).await;
    made(of("invited", false, None)).await;
    let gone = made(of("gone", false, Some(PASSWORD))).await;
    desk.engine.set_active(&setup, gone.id, false).await.unwrap();
    let names = ["mara", "nobody", "pipeline", "invited", "gone"];
    assert_eq!(code(enter(&desk.engine, "warm", "wrong horse", &Visitor::default()).await), "sign_in");
    let mut shortest = [Duration::MAX; 5];
    for _ in 0..4 {
        for (shortest, name) in shortest.iter_mut().zip(names) {
            // also the right password of one who may not sign in
            let start = Instant::now();
            let password = if name == "gone" { PASSWORD } else { "wrong horse" };
            assert_eq!(code(enter(&desk.engine, name, password, &Visitor::default()).await), "sign_in");
            *shortest = start.elapsed().min(*shortest);
        }
    }
    let seconds = shortest.map(|took| took.as_secs_f64());
    for (name, took) in names.iter().zip(seconds) {
        // without the work it would be a twentieth; a busy machine is not that uneven
        assert!((0.3..3.0).contains(&(took / seconds[0])), "{name}: {seconds:?}");
    }
}

#[tokio::test]
async fn who_signed_in_from_a_network_lately_is_not_locked_out_by_others() {
    for database in BOTH {
        let (desk, _) = with_mara(database).await;
        let engine = &desk.engine;
        let (home, away, far) = (at("10.0.0.1"), at("10.0.0.2"), at("203.0.113.9"));
        enter(engine, "mara", PASSWORD, &home).await.unwrap();
        let lock = async || {
            for _ in 0..5 {
                assert_eq!(code(enter(engine, "mara", "wrong horse", &far).await), "sign_in");
            }
            assert_eq!(code(enter(engine, "mara", PASSWORD, &far).await), "wait");
        };
        lock().await;
        assert_eq!(code(enter(engine, "mara", PASSWORD, &away).await), "wait", "a network that is new waits");
        enter(engine, "mara", PASSWORD, &home).await.unwrap();
        assert_eq!(
            code(enter(engine, "mara", PASSWORD, &away).await),
            "wait",
            "that opens nothing for others"
        );
        // who shares the network has no more attempts than anybody
        for _ in 0..5 {
            assert_eq!(code(enter(engine, "mara", "wrong horse", &home).await), "sign_in");
        }
        assert_eq!(code(enter(engine, "mara", PASSWORD, &home).await), "wait");
        desk.time.advance(2 * 3_600_000_000);
        enter(engine, "mara", PASSWORD, &home).await.unwrap();
        // the next day it is known still, and a month later no more
        desk.time.advance(25 * 3_600_000_000);
        lock().await;
        enter(engine, "mara", PASSWORD, &home).await.unwrap();
        desk.time.advance(31 * 24 * 3_600_000_000);
        lock().await;
        assert_eq!(code(enter(engine, "mara", PASSWORD, &home).await), "wait");
    }
}

//! Accounts, roles and tokens: who may change them, and that the log tells of every act.

use proofdesk_engine::verify::FindingKind;
use proofdesk_engine::{Act, Caller, Door, Error, NewAccount, NewToken, Visitor};
use proofdesk_store::{Arg, Select, Statement};
use proofdesk_testkit::{BOTH, TestDesk};
use rand::SeedableRng;
use rand::rngs::StdRng;

const PASSWORD: &str = "correct horse battery";

fn random() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn named(label: &str) -> NewToken {
    NewToken { label: label.to_owned(), ..NewToken::default() }
}

async fn findings(desk: &TestDesk) -> Vec<(FindingKind, String)> {
    let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
    report.findings.into_iter().map(|f| (f.kind, f.message)).collect()
}

/// Does by the database what no act may do.
async fn past_the_log(desk: &TestDesk, statement: Statement) {
    desk.engine.store().execute(vec![statement]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_act_on_an_account_is_in_the_log_without_secrets() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let boss = desk.person("Bo Sand", &["administrator"]).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        desk.account(&boss, "boss", PASSWORD).await.unwrap();
        let account = desk.account(&mara, "mara", PASSWORD).await.unwrap();
        let (by_boss, by_mara) = (Act::new(&boss, Door::Page), Act::new(&mara, Door::Api));
        let engine = &desk.engine;
        let roles = ["sms_manager".to_owned(), "agent".to_owned()];
        assert_eq!(
            engine.set_roles(&by_boss, account.id, &roles).await.unwrap().roles.join(" "),
            "agent sms_manager"
        );
        let (token, secret) =
            engine.create_token(&by_mara, account.id, &named("ci"), &mut random()).await.unwrap();
        engine.change_password(&by_mara, account.id, PASSWORD, "another horse battery").await.unwrap();
        engine.revoke_token(&by_boss, account.id, token).await.unwrap();
        engine.set_active(&by_boss, account.id, false).await.unwrap();
        engine.set_active(&by_boss, account.id, true).await.unwrap();

        let entries = engine.store().entries_about("account", 0, 100).await.unwrap();
        let bodies: Vec<String> =
            entries.iter().map(|e| String::from_utf8(e.body.clone()).unwrap()).collect();
        let told: Vec<(String, String, String)> = bodies
            .iter()
            .map(|b| serde_json::from_str::<serde_json::Value>(b).unwrap())
            .filter(|b| b["number"] == account.id)
            .map(|b| {
                let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
                (text(&b["action"]), text(&b["by"]["name"]), text(&b["door"]))
            })
            .collect();
        let told: Vec<(&str, &str, &str)> =
            told.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
        assert_eq!(
            told,
            [
                ("create", "Setup", "cli"),
                ("roles", "Bo Sand", "page"),
                ("token", "Mara Rehn", "api"),
                ("password", "Mara Rehn", "api"),
                ("token_end", "Bo Sand", "page"),
                ("disable", "Bo Sand", "page"),
                ("enable", "Bo Sand", "page"),
            ]
        );
        let all = bodies.join("\n");
        for hidden in [PASSWORD, "another horse", secret.as_str(), "argon2", "$"] {
            assert!(!all.contains(hidden), "`{hidden}` is in the log");
        }
        assert_eq!(findings(&desk).await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_by_hand_is_found_and_named() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let account = desk.account(&mara, "mara", PASSWORD).await.unwrap();
        let act = Act::new(&desk.setup(), Door::Cli);
        let (token, _) =
            desk.engine.create_token(&act, account.id, &named("ci"), &mut random()).await.unwrap();
        assert_eq!(findings(&desk).await, []);
        let roles = |roles: &str| Statement::update("account").set("roles", roles).when("id", account.id);

        past_the_log(&desk, roles("agent administrator")).await;
        let found = findings(&desk).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, FindingKind::ChangedRow);
        for part in ["mara", "roles", "`agent`", "`agent administrator`"] {
            assert!(found[0].1.contains(part), "{part}: {}", found[0].1);
        }
        past_the_log(&desk, roles("agent")).await;
        assert_eq!(findings(&desk).await, []);

        let select = Select::from("account", &["password"]).when("id", account.id);
        let hash = desk.engine.store().select(select).await.unwrap()[0].text(0).to_owned();
        let password =
            |hash: String| Statement::update("account").set("password", hash).when("id", account.id);
        past_the_log(&desk, password(hash.replace('a', "b"))).await;
        assert!(findings(&desk).await[0].1.contains("password"));
        past_the_log(&desk, password(hash)).await;

        let late = Statement::update("api_token").set("token_hash", vec![7_u8; 32]).when("id", token);
        past_the_log(&desk, late).await;
        assert!(findings(&desk).await[0].1.contains(&format!("token {token} of ACCOUNT-{}", account.id)));
        past_the_log(&desk, Statement::delete("api_token").when("id", token)).await;
        assert_eq!(findings(&desk).await[0].0, FindingKind::MissingRow);

        let intruder = Statement::insert("account")
            .set("id", 4_711_i64)
            .set("person", mara.person)
            .set("sign_in", "intruder")
            .set("name", "Mara Rehn")
            .set("roles", "administrator")
            .set("active", Arg::Bool(true))
            .set("created_at", 0_i64);
        past_the_log(&desk, intruder).await;
        assert_eq!(desk.engine.adopt_accounts().await.unwrap(), 0, "the log tells of accounts already");
        let found = findings(&desk).await;
        assert!(found.iter().any(|(_, m)| m.contains("intruder") && m.contains("no entry")), "{found:?}");
        past_the_log(&desk, Statement::delete("account").when("id", account.id)).await;
        let found = findings(&desk).await;
        assert!(found.iter().any(|(_, m)| m.contains("(mara), but its row is gone")), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_of_an_earlier_version_are_taken_in_once() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let old = Statement::insert("account")
            .set("id", 1_i64)
            .set("person", 1_i64)
            .set("sign_in", "old")
            .set("name", "Old Hand")
            .set("roles", "agent")
            .set("active", Arg::Bool(true))
            .set("created_at", 0_i64);
        past_the_log(&desk, old).await;
        assert_eq!(findings(&desk).await.len(), 1);
        assert_eq!(desk.engine.adopt_accounts().await.unwrap(), 1);
        assert_eq!(findings(&desk).await, []);
        assert_eq!(desk.engine.adopt_accounts().await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_administrators_change_the_accounts_of_others_and_one_is_always_left() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let boss = desk.person("Bo Sand", &["administrator"]).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let of_boss = desk.account(&boss, "boss", PASSWORD).await.unwrap();
        let of_mara = desk.account(&mara, "mara", PASSWORD).await.unwrap();
        let engine = &desk.engine;
        let (by_boss, by_mara) = (Act::new(&boss, Door::Page), Act::new(&mara, Door::Page));
        let new = |caller: &Caller, roles: &[&str]| NewAccount {
            person: caller.person.unwrap(),
            sign_in: "second".to_owned(),
            name: caller.name.clone(),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
            password: None,
            program: false,
        };
        let administrator = ["administrator".to_owned()];
        let refused = [
            engine.create_account(&by_mara, new(&mara, &["administrator"])).await.err(),
            engine.set_roles(&by_mara, of_mara.id, &administrator).await.err(),
            engine.set_active(&by_mara, of_boss.id, false).await.err(),
            engine.set_password(&by_mara, &of_boss, "a third horse battery", false).await.err(),
            engine.create_token(&by_mara, of_boss.id, &named("x"), &mut random()).await.err(),
            engine.revoke_token(&by_mara, of_boss.id, 1).await.err(),
        ];
        for error in refused {
            assert!(matches!(error, Some(Error::Forbidden(_))), "{error:?}");
        }
        let code = |result: Result<_, Error>| match result {
            Err(Error::Invalid(problems)) => problems.0[0].code.to_string(),
            other => format!("{:?}", other.map(|_: proofdesk_engine::Account| ())),
        };
        assert_eq!(code(engine.set_active(&by_boss, of_boss.id, false).await), "last");
        assert_eq!(code(engine.set_roles(&by_boss, of_boss.id, &["agent".to_owned()]).await), "last");
        assert_eq!(code(engine.create_account(&by_boss, new(&mara, &["emperor"])).await), "option");
        engine.set_roles(&by_boss, of_mara.id, &administrator).await.unwrap();
        engine.set_active(&by_boss, of_boss.id, false).await.unwrap();
        let nobody = engine.sign_in("boss", PASSWORD, &Visitor::default(), &mut random()).await;
        assert!(matches!(nobody, Err(Error::Invalid(_))), "a disabled account does not sign in");
        assert_eq!(findings(&desk).await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_administrators_who_take_each_other_away_at_once_leave_one() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let operator = Act::new(&desk.setup(), Door::Cli);
        let (first, second) = (
            desk.person("Bo Sand", &["administrator"]).await.unwrap(),
            desk.person("Ada Byron", &["administrator"]).await.unwrap(),
        );
        let one = desk.account(&first, "bo", PASSWORD).await.unwrap();
        let two = desk.account(&second, "ada", PASSWORD).await.unwrap();
        let take = async |by: &Caller, from: i64, disable: bool| {
            let act = Act::new(by, Door::Page);
            match disable {
                true => desk.engine.set_active(&act, from, false).await,
                false => desk.engine.set_roles(&act, from, &["agent".to_owned()]).await,
            }
        };
        for (i, (disable_one, disable_two)) in
            [(false, false), (true, false), (false, true), (true, true)].repeat(4).into_iter().enumerate()
        {
            let (a, b) = tokio::join!(take(&first, two.id, disable_two), take(&second, one.id, disable_one));
            assert!(a.is_ok() != b.is_ok(), "{database:?} {i}: {a:?} {b:?}");
            let refused = a.err().or(b.err()).unwrap();
            assert!(matches!(&refused, Error::Invalid(p) if p.0[0].code == "last"), "{refused:?}");
            for id in [one.id, two.id] {
                desk.engine.set_active(&operator, id, true).await.unwrap();
                desk.engine.set_roles(&operator, id, &["administrator".to_owned()]).await.unwrap();
            }
        }
        // an invitation is no administrator yet, a program is none that signs in
        desk.engine.set_roles(&operator, two.id, &["agent".to_owned()]).await.unwrap();
        for (sign_in, program) in [("invited", false), ("robot", true)] {
            let new = NewAccount {
                person: second.person.unwrap(),
                sign_in: sign_in.to_owned(),
                name: sign_in.to_owned(),
                roles: vec!["administrator".to_owned()],
                password: None,
                program,
            };
            desk.engine.create_account(&operator, new).await.unwrap();
        }
        let refused = take(&first, one.id, true).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid(p) if p.0[0].code == "last"), "{database:?}: {refused:?}");
        assert_eq!(findings(&desk).await, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditors_access_ends_by_itself() {
    const DAY: i64 = 86_400_000_000;
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let engine = &desk.engine;
        let ida = desk.person("Ida Voss", &["requester", "auditor"]).await.unwrap();
        let account = desk.account(&ida, "ida", PASSWORD).await.unwrap();
        assert_eq!(account.written_roles(), "requester auditor:2027-04-06", "400 days where none are said");
        let operator = || Act::new(&Caller::system("Setup"), Door::Cli);
        let roles = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let short = roles(&["auditor:2026-03-04", "requester"]);
        engine.set_roles(&operator(), account.id, &short).await.unwrap();
        let kept = engine
            .set_roles(&operator(), account.id, &roles(&["agent", "auditor", "requester"]))
            .await
            .unwrap();
        assert_eq!(kept.written_roles(), "requester agent auditor:2026-03-04", "the day stays");
        engine.set_roles(&operator(), account.id, &short).await.unwrap();
        let own = Act::new(&ida, Door::Page);
        let (_, token) = engine.create_token(&own, account.id, &named("reads"), &mut random()).await.unwrap();
        let view = engine.require_type("risk").unwrap();
        let reads = async |seed: u64| {
            let mut random = StdRng::seed_from_u64(seed);
            let session = engine.sign_in("ida", PASSWORD, &Visitor::default(), &mut random).await.unwrap();
            let session = engine.session(&session.secret).await.unwrap().unwrap().account.caller();
            let (token, _) = engine.account_of_token(&token).await.unwrap().unwrap();
            let may = |caller: &Caller| caller.may(&view, &proofdesk_engine::Action::Read);
            (may(&session), may(&token.caller()))
        };
        assert_eq!(reads(11).await, (true, true));
        desk.time.advance(2 * DAY);
        assert_eq!(reads(12).await, (true, true), "the last day is one of them");
        desk.time.advance(DAY);
        assert_eq!(reads(13).await, (false, false), "without anybody doing anything");
        assert_eq!(findings(&desk).await, [], "the log tells the same roles");
        let without_day = engine.set_roles(&operator(), account.id, &roles(&["auditor", "requester"])).await;
        assert!(matches!(without_day, Err(Error::Invalid(_))), "it does not come back by itself");
        let anew = roles(&["auditor:2027-04-09", "requester"]);
        let again = engine.set_roles(&operator(), account.id, &anew).await.unwrap();
        assert_eq!(again.written_roles(), "requester auditor:2027-04-09", "given anew");
    }
}

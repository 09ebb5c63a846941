//! What somebody meets at the pages who signs in by a directory.

use axum::Router;
use axum::http::{StatusCode, header};
use proofdesk_engine::account::second::code_at;
use proofdesk_engine::{Act, Change, Door, Error, NewAccount, NewPasskey, Visitor};
use proofdesk_sso::DirectorySettings;
use proofdesk_store::Statement;
use proofdesk_testkit::{BOTH, Database, TestDesk};
use proofdesk_web::session::random;
use proofdesk_web::{AppState, Settings};

use crate::client::{Answer, Browser, PASSWORD};
use crate::slapd::{SECRET, SUFFIX, Slapd};

/// The settings: who is in the group `desk` is an agent; accounts are made.
fn settings(slapd: &Slapd) -> DirectorySettings {
    DirectorySettings {
        groups_attribute: Some("memberOf".into()),
        groups_base: Some(format!("ou=groups,{SUFFIX}")),
        roles: [("desk".to_owned(), vec!["agent".to_owned()])].into(),
        make_accounts: true,
        ..slapd.settings()
    }
}

/// A directory in which Mara is in the group `desk`.
fn slapd() -> Slapd {
    let slapd = Slapd::start();
    slapd.group("desk", &format!("uid=mara,ou=people,{SUFFIX}"));
    slapd
}

/// A desk with an administrator `boss` of its own.
async fn desk(database: Database, slapd: &Slapd, all: Vec<DirectorySettings>) -> (TestDesk, Router) {
    let desk = TestDesk::open(database).await.unwrap();
    let boss = desk.person("Bo Sand", &["administrator"]).await.unwrap();
    desk.account(&boss, "boss", PASSWORD).await.unwrap();
    let state = AppState::new(desk.engine.clone(), Settings::default());
    let directories = all.into_iter().map(|settings| slapd.directory(settings)).collect();
    let router = proofdesk_web::router(state.with_directories(directories));
    (desk, router)
}

async fn sign_in(router: &Router, name: &str, password: &str) -> Answer {
    let fields = [("sign_in", name), ("password", password), ("next", "/desk")];
    Browser::of(router).post("/sign-in", &fields).await
}

fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn signed_in<'r>(router: &'r Router, name: &str, password: &str) -> Browser<'r> {
    let answer = sign_in(router, name, password).await;
    assert_eq!(answer.location(), "/desk", "{}", answer.body);
    let mut browser = Browser::of(router);
    browser.keep(&cookie_of(&answer));
    browser
}

async fn refused(router: &Router, name: &str, password: &str, why: &str) {
    let answer = sign_in(router, name, password).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
    assert!(answer.body.contains(why), "{name}: {why} is missing: {}", answer.body);
    assert!(answer.headers.get(header::SET_COOKIE).is_none());
}

const WRONG: &str = "The name or the password is not right.";

#[tokio::test]
async fn somebody_comes_by_the_directory_and_its_groups_say_as_what() {
    for database in BOTH {
        let mut slapd = slapd();
        let (desk, router) = desk(database, &slapd, vec![settings(&slapd)]).await;
        let mara = signed_in(&router, " Mara ", SECRET).await;
        let made = desk.engine.account_named("mara").await.unwrap().unwrap();
        assert_eq!((made.name.as_str(), made.has_password), ("mara of people", false));
        assert_eq!(made.roles, ["agent"]);
        assert!(mara.get("/account").await.body.contains("agent"));
        for (name, password) in [("mara", "wrong"), ("mara", ""), ("twin", SECRET), ("gone", SECRET)] {
            refused(&router, name, password, WRONG).await;
        }
        refused(&router, "*)(uid=*", SECRET, WRONG).await;
        refused(&router, "boss", SECRET, WRONG).await;
        refused(&router, "ida", SECRET, "None of your groups gives you a role here.").await;
        assert!(desk.engine.account_named("ida").await.unwrap().is_none());

        // renamed there, the account stays hers
        let dn = format!("uid=mara,ou=people,{SUFFIX}");
        slapd.change(&format!("dn: {dn}\nchangetype: modrdn\nnewrdn: uid=mara.lind\ndeleteoldrdn: 1\n"));
        signed_in(&router, "mara.lind", SECRET).await;
        refused(&router, "mara", SECRET, WRONG).await;
        assert_eq!(desk.engine.accounts().await.unwrap().len(), 2);

        // the group ends, and its role with it, also in sessions that are open
        slapd.change(&format!(
            "dn: cn=desk,ou=groups,{SUFFIX}\nchangetype: modify\nreplace: member\nmember: uid=ida,ou=people,{SUFFIX}\n"
        ));
        refused(&router, "mara.lind", SECRET, "None of your groups gives you a role here.").await;
        assert_eq!(desk.engine.account(made.id).await.unwrap().roles, Vec::<String>::new());
        signed_in(&router, "ida", SECRET).await;

        // away: who has a password here goes on
        slapd.stop();
        refused(&router, "ida", SECRET, "cannot be reached at present").await;
        signed_in(&router, "boss", PASSWORD).await;
        slapd.go_on();
        slapd.change(&format!("dn: uid=ida,ou=people,{SUFFIX}\nchangetype: delete\n"));
        refused(&router, "ida", SECRET, WRONG).await;
        let report = desk.engine.verify(&[], |_, _| {}).await.unwrap();
        assert!(report.is_good());
    }
}

#[tokio::test]
async fn attempts_are_counted_by_name_and_by_who_it_is_and_said_at_whole_steps() {
    for database in BOTH {
        let mut slapd = slapd();
        let (desk, router) = desk(database, &slapd, vec![settings(&slapd)]).await;
        // without an answer nothing was tried
        slapd.stop();
        for _ in 0..6 {
            refused(&router, "mara", "wrong", "cannot be reached at present").await;
        }
        slapd.go_on();
        for name in ["mara", "mara@example.com", "MARA", "mara", "mara@example.com"] {
            let begun = std::time::Instant::now();
            refused(&router, name, "wrong", WRONG).await;
            assert!(begun.elapsed().as_millis() >= 500, "said before a whole step: {:?}", begun.elapsed());
        }
        for name in ["mara", "mara@example.com"] {
            refused(&router, name, SECRET, "Too many attempts").await;
        }
        desk.time.advance(16 * 60_000_000);
        signed_in(&router, "mara", SECRET).await;
        for name in ["nobody", "boss"] {
            for _ in 0..5 {
                refused(&router, name, "wrong", WRONG).await;
            }
            refused(&router, name, "wrong", "Too many attempts").await;
        }
    }
}

#[tokio::test]
async fn who_it_is_is_asked_of_the_directory_again() {
    for database in BOTH {
        let slapd = slapd();
        let (desk, router) = desk(database, &slapd, vec![settings(&slapd)]).await;
        let mara = signed_in(&router, "mara", SECRET).await;
        let page = mara.get("/account").await.body;
        assert!(page.contains("id=\"token-present\""), "the password is asked for");
        assert!(!page.contains("Change the password"), "which is none of the desk's");
        let make = |present: &'static str| [("label", "monitoring"), ("days", "30"), ("present", present)];
        for wrong in ["", "wrong"] {
            let answer = mara.post("/account/token", &make(wrong)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
        }
        // renamed there: found by who she is
        let dn = format!("uid=mara,ou=people,{SUFFIX}");
        slapd.change(&format!("dn: {dn}\nchangetype: modrdn\nnewrdn: uid=mara.lind\ndeleteoldrdn: 1\n"));
        let answer = mara.post("/account/token", &make(SECRET)).await;
        assert!(answer.body.contains("The token is made"), "{}", answer.body);
        slapd.change(&format!("dn: uid=mara.lind,ou=people,{SUFFIX}\nchangetype: delete\n"));
        let answer = mara.post("/account/token", &make(SECRET)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "gone there, she proves nothing here");
        assert_eq!(desk.engine.accounts().await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_after_the_password_of_a_directory() {
    let slapd = slapd();
    let (desk, router) = desk(Database::Sqlite, &slapd, vec![settings(&slapd)]).await;
    let boss = signed_in(&router, "boss", PASSWORD).await;
    boss.post("/accounts/second-factor", &[("role", "agent")]).await;
    let half = sign_in(&router, "mara", SECRET).await;
    assert_eq!(half.location(), "/sign-in/factor?next=/desk", "{}", half.body);
    let mut mara = Browser::of(&router);
    mara.keep(&cookie_of(&half));
    assert_eq!(mara.get("/desk").await.status, StatusCode::SEE_OTHER, "half a sign-in opens no page");
    let page = mara.get("/sign-in/factor").await.body;
    let secret = page.split("type this secret: <span class=\"mono\">").nth(1).unwrap();
    let secret = secret.split("</span>").next().unwrap().replace(' ', "");
    let code = code_at(&secret, desk.engine.now() / 30_000_000).unwrap();
    let done = mara.post("/sign-in/factor", &[("code", &code)]).await;
    mara.keep(&cookie_of(&done));
    assert_eq!(mara.get("/desk").await.status, StatusCode::OK);

    desk.time.advance(60_000_000);
    let half = sign_in(&router, "mara", SECRET).await;
    assert_eq!(half.location(), "/sign-in/code?next=/desk");
    let mut again = Browser::of(&router);
    again.keep(&cookie_of(&half));
    assert_eq!(
        again.post("/sign-in/code", &[("code", "000000")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let code = code_at(&secret, desk.engine.now() / 30_000_000).unwrap();
    let full = again.post("/sign-in/code", &[("code", &code)]).await;
    again.keep(&cookie_of(&full));
    assert!(again.get("/account").await.body.contains("example"), "the session says by what it began");
    // the codes are hers to renew by the password of the directory alone
    for (present, status) in [("wrong", StatusCode::UNPROCESSABLE_ENTITY), (SECRET, StatusCode::OK)] {
        let answer = again.post("/account/factor/codes", &[("present", present)]).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    // unbound, what is open ends, after the second step too
    let account = desk.engine.account_named("mara").await.unwrap().unwrap();
    let issuer = settings(&slapd).issuer();
    boss.post(&format!("/accounts/{}/identity/end", account.id), &[("issuer", &issuer)]).await;
    for browser in [&mara, &again] {
        assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn an_account_that_is_here_is_taken_over_only_where_that_is_said() {
    let slapd = slapd();
    let mara = |password: Option<&str>, person: i64| NewAccount {
        person,
        sign_in: "mara".to_owned(),
        name: "Mara Rehn".to_owned(),
        roles: vec!["agent".to_owned()],
        password: password.map(str::to_owned),
        program: false,
    };
    for (links, password, own, theirs) in [
        (false, None, None, Some("not bound to Example AG")),
        (true, None, None, None),
        (false, Some(PASSWORD), Some(()), Some(WRONG)),
        (true, Some(PASSWORD), Some(()), None),
    ] {
        let all = vec![DirectorySettings { link_accounts: links, ..settings(&slapd) }];
        let (desk, router) = desk(Database::Sqlite, &slapd, all).await;
        let act = Act::new(&desk.setup(), Door::Cli);
        let person = Change::default().with_text("name", "Mara Rehn");
        let person = desk.create("person", person).await.unwrap().record.number;
        let made = desk.engine.create_account(&act, mara(password, person)).await.unwrap();
        match theirs {
            Some(why) => refused(&router, "mara", SECRET, why).await,
            None => {
                signed_in(&router, "mara", SECRET).await;
                let bound = desk.engine.outside_identities(made.id).await.unwrap();
                assert_eq!(bound.len(), 1, "{bound:?}");
            }
        }
        if own.is_some() {
            signed_in(&router, "mara", PASSWORD).await;
        }
        assert_eq!(desk.engine.accounts().await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn which_directory_is_asked_only_where_there_are_several() {
    let slapd = slapd();
    let one = settings(&slapd);
    let other = DirectorySettings {
        name: "branch".into(),
        label: "The branch".into(),
        base: format!("ou=branch,{SUFFIX}"),
        roles: std::collections::BTreeMap::new(),
        groups_attribute: None,
        groups_base: None,
        everybody: vec!["requester".into()],
        ..one.clone()
    };
    let (_desk, router) = desk(Database::Sqlite, &slapd, vec![one.clone()]).await;
    assert!(!Browser::of(&router).get("/sign-in").await.body.contains("name=\"directory\""));
    let (desk, router) = self::desk(Database::Sqlite, &slapd, vec![one, other]).await;
    let page = Browser::of(&router).get("/sign-in").await.body;
    assert!(page.contains("<option value=\"branch\">The branch</option>"), "{page}");
    let by = |directory: &'static str| [("sign_in", "twin"), ("password", SECRET), ("directory", directory)];
    for (word, status) in [
        ("example", StatusCode::UNPROCESSABLE_ENTITY),
        ("nowhere", StatusCode::UNPROCESSABLE_ENTITY),
        ("branch", StatusCode::SEE_OTHER),
    ] {
        let answer = Browser::of(&router).post("/sign-in", &by(word)).await;
        assert_eq!(answer.status, status, "{word}: {}", answer.body);
    }
    let twin = desk.engine.account_named("twin").await.unwrap().unwrap();
    assert_eq!(twin.roles, ["requester"]);
    let own = [("sign_in", "boss"), ("password", PASSWORD), ("directory", "branch")];
    assert_eq!(Browser::of(&router).post("/sign-in", &own).await.status, StatusCode::SEE_OTHER);
}

/// What was asked in the rounds: asked, ended, away.
async fn rounds(desk: &TestDesk) -> Vec<(usize, usize, bool)> {
    desk.time.advance(16 * 60_000_000);
    let rounds = desk.engine.recheck_directories().await.unwrap();
    rounds.iter().map(|round| (round.asked, round.ended, round.is_away)).collect()
}

#[tokio::test]
async fn who_is_gone_from_a_directory_loses_what_is_open_and_nobody_while_it_is_away() {
    for database in BOTH {
        let mut slapd = slapd();
        let (desk, router) = desk(database, &slapd, vec![settings(&slapd)]).await;
        let boss = signed_in(&router, "boss", PASSWORD).await;
        let mara = signed_in(&router, "mara", SECRET).await;
        let account = desk.engine.account_named("mara").await.unwrap().unwrap();
        let token = [("label", "monitoring"), ("days", "30"), ("present", SECRET)];
        assert!(mara.post("/account/token", &token).await.body.contains("The token is made"));
        assert_eq!(rounds(&desk).await, [(1, 0, false)], "the administrator did not come by it");
        assert_eq!(desk.engine.recheck_directories().await.unwrap(), [], "its interval is not over");
        // an instant that is still to come puts nothing off
        let later = desk.engine.now() + 400 * 86_400_000_000;
        let row = Statement::upsert("setting").key("name", "directory_looked/example");
        let row = row.set("value", later.to_string()).set("updated_at", later);
        desk.engine.store().execute(vec![row]).await.unwrap();
        assert_eq!(desk.engine.recheck_directories().await.unwrap().len(), 1, "it is asked all the same");

        // another group, another role, also in the session that is open
        let group = format!("dn: cn=desk,ou=groups,{SUFFIX}\nchangetype: modify\nreplace: member\n");
        slapd.change(&format!("{group}member: uid=ida,ou=people,{SUFFIX}\n"));
        slapd.stop();
        assert_eq!(rounds(&desk).await, [(0, 0, true)]);
        assert_eq!(mara.get("/desk").await.status, StatusCode::OK, "nothing ends while it is away");
        assert_eq!(desk.engine.account(account.id).await.unwrap().roles, ["agent"]);
        slapd.go_on();
        // at once: a round that heard nothing was none
        let heard = desk.engine.recheck_directories().await.unwrap();
        assert_eq!((heard[0].ended, heard[0].is_away), (1, false), "no group, no role, no way in");
        assert_eq!(desk.engine.account(account.id).await.unwrap().roles, Vec::<String>::new());
        assert_eq!(mara.get("/desk").await.status, StatusCode::SEE_OTHER);
        assert_eq!(desk.engine.tokens(account.id).await.unwrap(), []);
        assert_eq!(rounds(&desk).await, [(0, 0, false)], "nothing is open any more");

        // back in the group she comes in; shut out by the filter, she does not
        slapd.change(&format!("{group}member: uid=mara,ou=people,{SUFFIX}\n"));
        let mara = signed_in(&router, "mara", SECRET).await;
        let dn = format!("uid=mara,ou=people,{SUFFIX}");
        slapd.change(&format!("dn: {dn}\nchangetype: modify\nadd: employeeType\nemployeeType: ended\n"));
        assert_eq!(rounds(&desk).await, [(1, 1, false)]);
        assert_eq!(mara.get("/desk").await.status, StatusCode::SEE_OTHER);
        assert_eq!(boss.get("/desk").await.status, StatusCode::OK);
        assert_eq!(desk.engine.account(account.id).await.unwrap().roles, ["agent"], "her account rests");
        let entries = desk.engine.store().entries_about("account", 0, 500).await.unwrap();
        let bodies = entries.iter().map(|entry| String::from_utf8_lossy(&entry.body).into_owned());
        let told: Vec<String> = bodies.filter(|body| body.contains("\"gone\"")).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|body| body.contains("Directory Example AG")), "{told:?}");
        assert!(desk.engine.verify(&[], |_, _| {}).await.unwrap().is_good());
    }
}

#[tokio::test]
async fn who_has_another_way_in_loses_only_what_began_at_the_directory() {
    let slapd = slapd();
    let (desk, router) = desk(Database::Sqlite, &slapd, vec![settings(&slapd)]).await;
    let theirs = signed_in(&router, "mara", SECRET).await;
    let account = desk.engine.account_named("mara").await.unwrap().unwrap();
    desk.engine.set_password(&Act::operator(), &account, PASSWORD, true).await.unwrap();
    let own = signed_in(&router, "mara", PASSWORD).await;
    let theirs_again = signed_in(&router, "mara", SECRET).await;
    assert_eq!(theirs.get("/desk").await.status, StatusCode::SEE_OTHER, "a new password ends all");
    slapd.change(&format!("dn: uid=mara,ou=people,{SUFFIX}\nchangetype: delete\n"));
    assert_eq!(rounds(&desk).await, [(1, 1, false)]);
    assert_eq!(theirs_again.get("/desk").await.status, StatusCode::SEE_OTHER);
    assert_eq!(own.get("/desk").await.status, StatusCode::OK, "the desk vouches for her, too");
    assert_eq!(rounds(&desk).await, [(1, 0, false)]);
}

#[tokio::test]
async fn who_is_gone_from_the_directory_does_not_come_in_by_a_passkey() {
    let mut slapd = slapd();
    let (desk, router) = desk(Database::Sqlite, &slapd, vec![settings(&slapd)]).await;
    signed_in(&router, "mara", SECRET).await;
    let account = desk.engine.account_named("mara").await.unwrap().unwrap();
    let credential = "{\"cred\":{\"cred_id\":\"k\",\"cred\":{\"x\":7},\"counter\":0}}".to_owned();
    let key = NewPasskey { label: "laptop".into(), credential_id: b"k".to_vec(), credential };
    desk.engine.add_passkey(&Act::operator(), account.id, &key, &mut random()).await.unwrap();
    let comes = async || {
        let (key, of) = desk.engine.passkey_named(b"k").await.unwrap().unwrap();
        desk.engine.sign_in_by_passkey((&key, of), None, &Visitor::default(), &mut random()).await
    };
    comes().await.unwrap();
    slapd.change(&format!("dn: uid=mara,ou=people,{SUFFIX}\nchangetype: delete\n"));
    let refused = comes().await.map(|signed| signed.stage);
    assert!(matches!(&refused, Err(Error::Invalid(p)) if p.0[0].code == "gone"), "{refused:?}");
    // away, it judges nobody; what began meanwhile ends when it answers
    slapd.stop();
    let meanwhile = comes().await.unwrap();
    assert_eq!(rounds(&desk).await, [(0, 0, true)]);
    assert!(desk.engine.session(&meanwhile.secret).await.unwrap().is_some());
    slapd.go_on();
    assert_eq!(rounds(&desk).await, [(1, 1, false)]);
    assert!(desk.engine.session(&meanwhile.secret).await.unwrap().is_none());
}

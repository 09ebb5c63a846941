//! Sessions, second factors, links and accounts as people meet them: pages and forms.

use axum::http::{StatusCode, header};
use proofdesk_engine::account::second::code_at;
use proofdesk_testkit::{Database, TestDesk};
use proofdesk_web::{AppState, Settings};

use crate::client::{Answer, Browser, Desk, PASSWORD};

/// What stands in a page between two marks.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let from = page.split_once(start).unwrap_or_else(|| panic!("no {start} in {page}")).1;
    from.split_once(end).unwrap().0
}

fn cookie_of(answer: &Answer) -> String {
    let set = answer.headers.get(header::SET_COOKIE).expect("a cookie").to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn boss(desk: &Desk) -> Browser<'_> {
    let ada = desk.desk.person("Ada Byron", &["administrator", "sms_manager"]).await.unwrap();
    desk.desk.account(&ada, "ada", PASSWORD).await.unwrap();
    desk.signed_in("ada").await
}

#[tokio::test]
async fn a_session_planted_before_sign_in_is_worth_nothing() {
    let desk = Desk::open().await;
    let planted = desk.signed_in("mara").await.cookie().to_owned();
    let mut browser = desk.browser();
    browser.keep("proofdesk_session=chosen-by-somebody-else");
    let answer = browser.post("/sign-in", &[("sign_in", "ida"), ("password", PASSWORD)]).await;
    assert_ne!(cookie_of(&answer), "proofdesk_session=chosen-by-somebody-else");
    assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER, "the planted one opens nothing");
    browser.keep(&planted);
    let answer = browser.post("/sign-in", &[("sign_in", "ida"), ("password", PASSWORD)]).await;
    assert_ne!(cookie_of(&answer), planted);
    assert_eq!(
        browser.get("/desk").await.status,
        StatusCode::SEE_OTHER,
        "who was signed in before is not any more"
    );
}

#[tokio::test]
async fn a_person_sees_and_ends_the_own_sessions() {
    let desk = Desk::open().await;
    let here = desk.signed_in("mara").await;
    let there = desk.signed_in("mara").await;
    let page = here.get("/account").await.body;
    assert_eq!(page.matches("End it: the session of").count(), 2);
    assert!(page.contains("this one"));
    let asked = here.get("/account/sessions/end").await;
    assert!(asked.body.contains("name=\"present\""), "{}", asked.body);
    for present in ["", "wrong"] {
        let refused = here.post("/account/sessions/end", &[("present", present)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("role=\"alert\""));
    }
    assert_eq!(there.get("/desk").await.status, StatusCode::OK, "who only has the session ends no other");
    let other = between(&page, "href=\"/account/session/", "/end").to_owned();
    let refused = here.post(&format!("/account/session/{other}/end"), &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "nor one alone");
    assert_eq!(here.get(&format!("/account/session/{other}/end")).await.status, StatusCode::OK);
    let by_rest = here.send(
        axum::http::Request::delete(format!("/api/v1/sessions/{other}"))
            .header(header::COOKIE, here.cookie())
            .body(axum::body::Body::empty())
            .unwrap(),
    );
    assert_eq!(by_rest.await.status, StatusCode::UNPROCESSABLE_ENTITY, "nor by the interface");
    here.post("/account/sessions/end", &[("present", PASSWORD)]).await;
    assert_eq!(there.get("/desk").await.status, StatusCode::SEE_OTHER);
    let page = here.get("/account").await.body;
    let own = between(&page, "action=\"/account/session/", "/end");
    let ida = desk.signed_in("ida").await;
    ida.post(&format!("/account/session/{own}/end"), &[]).await;
    assert_eq!(here.get("/desk").await.status, StatusCode::OK, "another's session is not hers to end");
    here.post(&format!("/account/session/{own}/end"), &[]).await;
    assert_eq!(here.get("/desk").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_second_factor_is_set_up_and_asked_for() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let page = mara.get("/account/factor").await.body;
    assert!(page.contains("<svg class=\"qr\"") && page.contains("viewBox"), "{page}");
    let secret = between(&page, "type this secret: <span class=\"mono\">", "</span>").replace(' ', "");
    let code = |desk: &Desk| code_at(&secret, desk.desk.engine.now() / 30_000_000).unwrap();
    let unproved = mara.post("/account/factor", &[("code", &code(&desk))]).await;
    assert_eq!(unproved.status, StatusCode::UNPROCESSABLE_ENTITY, "who only has the session sets none up");
    assert!(!mara.get("/account").await.body.contains("Recovery codes left"));
    let wrong = mara.post("/account/factor", &[("code", "12345"), ("present", PASSWORD)]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains(&secret[..4]), "the same secret is shown again");
    let done = mara.post("/account/factor", &[("code", &code(&desk)), ("present", PASSWORD)]).await;
    assert_eq!(done.status, StatusCode::OK);
    let recovery = between(&done.body, "aria-label=\"Recovery codes\"><li>", "</li>").to_owned();
    assert!(!mara.get("/account/factor").await.body.contains(&recovery), "shown once");
    let sent_again = mara.post("/account/factor", &[("code", &code(&desk))]).await;
    assert_eq!(sent_again.location(), "/account/factor/codes", "{}", sent_again.body);
    let again = mara.get("/account/factor/codes").await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.body.contains("They were shown once") && again.body.contains("<b>10</b> of them are left"));
    assert!(
        again.body.contains("Make new recovery codes") && !again.body.contains(&recovery),
        "{}",
        again.body
    );

    desk.desk.time.advance(60_000_000);
    let mut browser = desk.browser();
    let form = [("sign_in", "mara"), ("password", PASSWORD), ("next", "/incident/INC-1")];
    let half = browser.post("/sign-in", &form).await;
    assert_eq!(half.location(), "/sign-in/code?next=/incident/INC-1");
    browser.keep(&cookie_of(&half));
    assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER, "half a sign-in opens no page");
    assert_eq!(browser.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED, "and no interface");
    assert!(browser.get("/sign-in/code").await.body.contains("one-time-code"));
    let refused = browser.post("/sign-in/code", &[("code", "000 000x")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = [("code", code(&desk)), ("next", "/incident/INC-1".to_owned())];
    let right: Vec<(&str, &str)> = right.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let full = browser.post("/sign-in/code", &right).await;
    assert_eq!(full.location(), "/incident/INC-1", "{}", full.body);
    browser.keep(&cookie_of(&full));
    assert_eq!(browser.get("/desk").await.status, StatusCode::OK);
    assert_eq!(browser.get("/sign-in/code").await.location(), "/sign-in", "nothing waits any more");
    let end = browser.post("/account/factor/end", &[("present", "no")]).await;
    assert_eq!(end.status, StatusCode::UNPROCESSABLE_ENTITY);
    let end = browser.post("/account/factor/end", &[("present", PASSWORD)]).await;
    assert_eq!(end.location(), "/account");
}

#[tokio::test]
async fn an_administrator_demands_a_second_factor_by_role() {
    let desk = Desk::open().await;
    let ada = boss(&desk).await;
    ada.post("/accounts/second-factor", &[("role", "agent"), ("role", "auditor")]).await;
    assert!(ada.get("/accounts").await.body.contains("value=\"agent\" checked"));
    let mut browser = desk.browser();
    let half = browser.post("/sign-in", &[("sign_in", "mara"), ("password", PASSWORD)]).await;
    assert_eq!(half.location(), "/sign-in/factor?next=/");
    browser.keep(&cookie_of(&half));
    let page = browser.get("/sign-in/factor").await.body;
    let secret = between(&page, "type this secret: <span class=\"mono\">", "</span>").replace(' ', "");
    let code = code_at(&secret, desk.desk.engine.now() / 30_000_000).unwrap();
    let done = browser.post("/sign-in/factor", &[("code", &code)]).await;
    assert!(done.body.contains("Recovery codes") && done.body.contains("href=\"/\""), "{}", done.body);
    browser.keep(&cookie_of(&done));
    assert_eq!(browser.get("/desk").await.status, StatusCode::OK);
    assert_eq!(
        browser.get("/sign-in/factor").await.location(),
        "/account/factor/codes",
        "the codes loaded again"
    );
    assert_eq!(browser.post("/sign-in/factor", &[("code", &code)]).await.location(), "/account/factor/codes");
}

#[tokio::test]
async fn an_administrator_invites_and_others_do_not_see_the_page() {
    let desk = Desk::open().await;
    let ada = boss(&desk).await;
    let mara = desk.signed_in("mara").await;
    for page in ["/accounts", "/accounts/new", "/accounts/1"] {
        assert_eq!(mara.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
        assert_eq!(ada.get(page).await.status, StatusCode::OK, "{page}");
    }
    for form in
        ["/accounts", "/accounts/1/roles", "/accounts/1/state", "/accounts/1/link", "/accounts/second-factor"]
    {
        assert_eq!(
            mara.post(form, &[("role", "administrator")]).await.status,
            StatusCode::NOT_FOUND,
            "{form}"
        );
    }
    assert!(!mara.get("/desk").await.body.contains("href=\"/accounts\""));
    let wrong = ada.post("/accounts", &[("name", "Uwe Lang"), ("sign_in", "mara"), ("role", "agent")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("taken") && wrong.body.contains("value=\"Uwe Lang\""));
    let made = ada.post("/accounts", &[("name", "Uwe Lang"), ("sign_in", "uwe"), ("role", "agent")]).await;
    let at = made.location().to_owned();
    assert!(at.starts_with("/accounts/"), "{}", made.body);
    let shown = ada.post(&format!("{at}/link"), &[]).await.body;
    let link = format!("/link/{}", between(&shown, "/link/", "<").trim());
    assert!(!ada.get(&at).await.body.contains("/link/"), "the link is shown once");

    let uwe = desk.browser();
    assert!(uwe.get(&link).await.body.contains("<b>uwe</b>"));
    assert_eq!(uwe.post(&link, &[("password", "short")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(uwe.post(&link, &[("password", PASSWORD)]).await.location(), "/sign-in?said=set");
    assert!(uwe.get("/sign-in?said=set").await.body.contains("Your password is set"));
    assert!(!uwe.get("/sign-in?said=anything").await.body.contains("role=\"status\""));
    let used = uwe.post(&link, &[("password", PASSWORD)]).await;
    assert_eq!(used.status, StatusCode::GONE, "one use");
    for gone in [used, uwe.get(&link).await, uwe.get("/link/never").await] {
        assert!(
            gone.status == StatusCode::GONE && gone.body.contains("ask whoever invited you"),
            "{}",
            gone.body
        );
    }
    let uwe = desk.signed_in("uwe").await;
    assert_eq!(uwe.get("/desk").await.status, StatusCode::OK);
    ada.post(&format!("{at}/roles"), &[("role", "requester"), ("role", "auditor")]).await;
    assert!(uwe.get("/account").await.body.contains("requester, auditor"));
    ada.post(&format!("{at}/state"), &[("active", "no")]).await;
    assert_eq!(uwe.get("/desk").await.status, StatusCode::SEE_OTHER, "a disabled account's sessions end");
    let program = [("name", "Monitoring"), ("sign_in", "monitoring"), ("role", "agent"), ("program", "yes")];
    let at = ada.post("/accounts", &program).await.location().to_owned();
    let token = [("label", "alerts"), ("scope", "incident:create incident:read"), ("days", "30")];
    let refused = ada.post(&format!("{at}/token"), &token).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "a token asks for the password");
    let token = [token[0], token[1], token[2], ("present", PASSWORD)];
    let shown = ada.post(&format!("{at}/token"), &token).await.body;
    let token = format!("pd_{}", between(&shown, "pd_", "<"));
    let ask = |path: &str| {
        let request = axum::http::Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        request.body(axum::body::Body::empty()).unwrap()
    };
    let nobody = desk.browser();
    assert_eq!(nobody.send(ask("/api/v1/incident")).await.status, StatusCode::OK);
    for path in ["/api/v1/problem", "/api/v1/tokens", "/api/v1/log", "/api/v1/sessions", "/api/v1/accounts"] {
        let status = nobody.send(ask(path)).await.status;
        assert!(matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND), "{path}: {status}");
    }
    let sign_in = [("sign_in", "monitoring"), ("password", "")];
    assert_eq!(nobody.post("/sign-in", &sign_in).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.desk.engine.verify(&[], |_, _| {}).await.unwrap().findings, []);
}

#[tokio::test]
async fn the_page_of_an_account_says_and_takes_the_last_day_of_a_role() {
    let desk = Desk::open().await;
    let ada = boss(&desk).await;
    let new = [
        ("name", "Uwe Lang"),
        ("sign_in", "uwe"),
        ("role", "agent"),
        ("role", "auditor"),
        ("until_agent", "2027-03-31"),
        ("until_auditor", ""),
    ];
    let at = ada.post("/accounts", &new).await.location().to_owned();
    let roles = async || {
        let id = at.rsplit('/').next().unwrap().parse().unwrap();
        desk.desk.engine.account(id).await.unwrap().written_roles()
    };
    assert_eq!(roles().await, "agent:2027-03-31 auditor:2027-04-06");
    let page = ada.get(&at).await.body;
    assert!(page.contains("name=\"until_agent\" value=\"2027-03-31\""), "{page}");
    // a form that is refused keeps what was said
    let past = [("role", "agent"), ("until_agent", "2020-01-01"), ("until_auditor", "2027-01-01")];
    let refused = ada.post(&format!("{at}/roles"), &past).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.body.contains("The last day as agent, 2020-01-01, has passed")
            && refused.body.contains("value=\"2020-01-01\"")
    );
    assert_eq!(roles().await, "agent:2027-03-31 auditor:2027-04-06");
    assert!(refused.body.contains("2027-01-01 is to be the last day as auditor, but the role is not ticked"));
    // an emptied day is taken away, but never an auditor's
    let emptied = [("role", "agent"), ("role", "auditor"), ("until_agent", ""), ("until_auditor", "")];
    let kept = ada.post(&format!("{at}/roles"), &emptied).await;
    assert!(ada.get(kept.location()).await.body.contains("The roles are kept."));
    assert_eq!(roles().await, "agent auditor:2027-04-06");
}

#[tokio::test]
async fn the_first_administrator_is_made_by_a_link_that_works_once() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    let router = proofdesk_web::router(AppState::new(desk.engine.clone(), Settings::default()));
    let secret = desk.engine.make_first_link(&mut proofdesk_web::session::random()).await.unwrap().unwrap();
    let earlier = secret;
    let secret = desk.engine.make_first_link(&mut proofdesk_web::session::random()).await.unwrap().unwrap();
    let browser = Browser::of(&router);
    assert_eq!(browser.get(&format!("/link/{earlier}")).await.status, StatusCode::GONE);
    let link = format!("/link/{secret}");
    let form = |password| [("name", "Ada Byron"), ("sign_in", "ada"), ("password", password)];
    assert_eq!(browser.post(&link, &form("short")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.post(&link, &form(PASSWORD)).await.location(), "/sign-in?said=set");
    assert_eq!(browser.post(&link, &form(PASSWORD)).await.status, StatusCode::GONE);
    let accounts = desk.engine.accounts().await.unwrap();
    assert_eq!(accounts.len(), 1);
    assert!(accounts[0].roles.contains(&"administrator".to_owned()));
    let answer = browser.post("/sign-in", &[("sign_in", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(answer.location(), "/");
    assert!(desk.engine.make_first_link(&mut proofdesk_web::session::random()).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_said_at_that_form() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let token = [("label", "ci"), ("scope", ""), ("days", "30"), ("present", "wrong")];
    let page = mara.post("/account/token", &token).await.body;
    let said = "The present password is not right.";
    assert_eq!(page.matches(said).count(), 1, "{page}");
    let password_form = between(&page, "action=\"/account/password\"", "</form>");
    assert!(!password_form.contains(said) && !password_form.contains("aria-invalid"), "{password_form}");
    let form = page.split("action=\"/account/token\"").nth(1).unwrap();
    assert!(form.contains(said));
    // what was typed stays, but for the password
    assert!(form.contains("value=\"ci\"") && form.contains("value=\"30\" selected"), "{form}");
    assert!(!form.contains("value=\"wrong\""), "{form}");
    let page = mara.post("/account/password", &[("present", "wrong"), ("password", PASSWORD)]).await.body;
    assert_eq!(page.matches(said).count(), 1);
    assert!(between(&page, "action=\"/account/password\"", "</form>").contains(said), "{page}");
}

#[tokio::test]
async fn a_passkey_is_removed_only_by_who_proves_again_who_he_is() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let engine = &desk.desk.engine;
    let account = engine.account_named("mara").await.unwrap().unwrap();
    let act = proofdesk_engine::Act::new(&account.caller(), proofdesk_engine::Door::Page);
    let credential = "{\"cred\":{\"cred_id\":\"k\",\"cred\":{\"x\":7},\"counter\":0}}".to_owned();
    let new =
        proofdesk_engine::NewPasskey { label: "laptop".to_owned(), credential_id: b"k".to_vec(), credential };
    engine.add_passkey(&act, account.id, &new, &mut proofdesk_web::session::random()).await.unwrap();
    let at = format!("/account/passkey/{}/end", engine.passkeys(account.id).await.unwrap()[0].id);
    assert!(mara.get("/account").await.body.contains(&at));
    assert!(mara.get(&at).await.body.contains("name=\"present\""));
    for present in ["", "wrong"] {
        let refused = mara.post(&at, &[("present", present)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(engine.passkeys(account.id).await.unwrap().len(), 1);
    }
    assert_eq!(mara.post(&at, &[("present", PASSWORD)]).await.location(), "/account");
    assert!(engine.passkeys(account.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_demanded_factor_is_set_up_in_an_old_session_only_with_the_password() {
    let desk = Desk::open().await;
    let ada = boss(&desk).await;
    let mut mara = desk.signed_in("mara").await;
    desk.desk.time.advance(11 * 60_000_000);
    ada.post("/accounts/second-factor", &[("role", "agent")]).await;
    let page = mara.get("/sign-in/factor").await.body;
    assert!(page.contains("name=\"present\"") && !page.contains("<svg class=\"qr\""), "{page}");
    for given in [("present", "a wrong one"), ("code", "123456")] {
        let refused = mara.post("/sign-in/factor", &[given]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!refused.body.contains("type this secret"), "nobody sees the secret first: {}", refused.body);
    }
    let old = mara.cookie().to_owned();
    let proved = mara.post("/sign-in/factor", &[("present", PASSWORD)]).await;
    assert_eq!(proved.location(), "/sign-in/factor?next=/");
    mara.keep(proved.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap());
    assert_ne!(mara.cookie(), old, "it goes on under another secret");
    let page = mara.get("/sign-in/factor").await.body;
    let secret = between(&page, "type this secret: <span class=\"mono\">", "</span>").replace(' ', "");
    let code = code_at(&secret, desk.desk.engine.now() / 30_000_000).unwrap();
    let done = mara.post("/sign-in/factor", &[("code", &code)]).await;
    assert!(done.body.contains("Recovery codes"), "{}", done.body);
}

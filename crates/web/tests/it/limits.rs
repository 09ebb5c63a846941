//! Whoever asks too often waits: each account for itself, each address where nobody is signed in, and sooner for what
//! costs much.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use proofdesk_store::Select;
use proofdesk_web::Settings;
use proofdesk_web::limits::Limits;
use tower::ServiceExt as _;

use crate::api::rest::token;
use crate::client::{Answer, Browser, Desk};

fn settings(per_minute: u32, costly: u32) -> Settings {
    let number = |n| NonZeroU32::new(n).unwrap();
    let limits = Limits { per_minute: number(per_minute), costly_per_minute: number(costly) };
    Settings { limits: Some(limits), ..Settings::default() }
}

fn seconds(answer: &Answer) -> u64 {
    answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap()
}

/// Asks until it is refused; how often it was answered before.
async fn until_refused(browser: &Browser<'_>, path: &str) -> (u32, Answer) {
    for answered in 0..100 {
        let answer = browser.get(path).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            return (answered, answer);
        }
    }
    panic!("{path} is never refused");
}

#[tokio::test]
async fn whoever_asks_too_often_waits_and_others_do_not() {
    let desk = Desk::with(settings(6, 100)).await;
    let (mara, ida) = (desk.signed_in("mara").await, desk.signed_in("ida").await);
    let (answered, refused) = until_refused(&mara, "/api/v1/me").await;
    assert_eq!(answered, 6);
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    assert!(refused.body.contains("urn:proofdesk:problem:too_often"), "{}", refused.body);
    assert!((1..=11).contains(&seconds(&refused)), "{:?}", refused.headers);
    let page = mara.get("/desk").await;
    assert_eq!((page.status, seconds(&page) > 0), (StatusCode::TOO_MANY_REQUESTS, true));
    assert!(page.body.contains("<html lang=\"en\"") && page.body.contains("Too many requests at once"));
    // page and REST say the wait of the header
    let wait = match seconds(&page) {
        1 => "one second".to_owned(),
        many => format!("{many} seconds"),
    };
    let said: String = page.body.chars().filter(|c| !('\u{2066}'..='\u{2069}').contains(c)).collect();
    assert!(said.contains(&format!("Wait {wait} and try again.")), "{wait}: {said}");
    assert!(
        refused.body.contains(&format!("Wait {} s and try again.", seconds(&refused))),
        "{}",
        refused.body
    );
    let german = Request::get("/desk").header("accept-language", "de").body(Body::empty()).unwrap();
    let page = mara.send(german).await;
    assert!(page.body.contains("<html lang=\"de\"") && page.body.contains("Zu viele Anfragen auf einmal"));
    assert_eq!(ida.get("/api/v1/me").await.status, StatusCode::OK, "another account has its own count");
    // a write is refused before it is done
    let comment = mara.post("/incident/INC-1/comment", &[("body", "heron"), ("audience", "staff")]).await;
    assert_eq!(comment.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!ida.get("/incident/INC-1").await.body.contains("heron"));
}

#[tokio::test]
async fn a_token_counts_as_its_account_and_a_wrong_one_as_its_address() {
    let desk = Desk::with(settings(6, 100)).await;
    let token = token(&desk.desk, "robot", "agent").await;
    let ask = |token: String| {
        let request = Request::get("/api/v1/me").header("authorization", format!("Bearer {token}"));
        let request = request.body(Body::empty()).unwrap();
        async { desk.browser().send(request).await.status }
    };
    for _ in 0..6 {
        assert_eq!(ask(token.clone()).await, StatusCode::OK);
    }
    assert_eq!(ask(token.clone()).await, StatusCode::TOO_MANY_REQUESTS);
    for i in 0..6 {
        assert_eq!(ask(format!("pd_wrong{i}")).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        ask("pd_wrong".to_owned()).await,
        StatusCode::TOO_MANY_REQUESTS,
        "another word is no other caller"
    );
    let scim = Request::get("/scim/v2/Users").header("authorization", format!("Bearer {token}"));
    let scim = desk.browser().send(scim.body(Body::empty()).unwrap()).await;
    assert_eq!((scim.status, seconds(&scim) > 0), (StatusCode::TOO_MANY_REQUESTS, true));
    assert_eq!(scim.headers["content-type"], "application/scim+json");
    assert!(scim.body.contains("\"status\":\"429\""), "{}", scim.body);
}

#[tokio::test]
async fn what_costs_much_is_refused_sooner_and_the_rest_goes_on() {
    let desk = Desk::with(settings(100, 2)).await;
    let boss = desk.signed_in("boss").await;
    let (answered, _) = until_refused(&boss, "/search?q=card").await;
    assert_eq!(answered, 2);
    for path in ["/incident/export?form=csv", "/api/v1/incident/export.csv", "/api/v1/search?q=card"] {
        assert_eq!(boss.get(path).await.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
    assert_eq!(boss.post("/conformity/run", &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(boss.get("/desk").await.status, StatusCode::OK);
}

#[tokio::test]
async fn live_updates_and_files_of_the_pages_are_not_counted() {
    let desk = Desk::with(settings(6, 100)).await;
    let mara = desk.signed_in("mara").await;
    until_refused(&mara, "/api/v1/me").await;
    let asset = proofdesk_web::assets::address("icon.svg").unwrap();
    assert_eq!(mara.get(&asset).await.status, StatusCode::OK);
    let events = Request::get("/events").header(header::COOKIE, mara.cookie()).body(Body::empty()).unwrap();
    let events = desk.router.clone().oneshot(events).await.unwrap();
    assert_eq!(events.status(), StatusCode::OK, "it stays open, so only its head is read");
}

#[tokio::test]
async fn behind_our_own_proxy_each_address_has_its_own_count() {
    let proxy = "10.0.0.1".parse().unwrap();
    let desk = Desk::with(Settings { trusted_proxies: vec![proxy], ..settings(3, 100) }).await;
    let ask = |peer: &str, says: &str| {
        let mut request =
            Request::get("/sign-in").header("x-forwarded-for", says).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4_711)));
        async { desk.browser().send(request).await.status }
    };
    for _ in 0..3 {
        assert_eq!(ask("10.0.0.1", "203.0.113.1").await, StatusCode::OK);
    }
    assert_eq!(ask("10.0.0.1", "203.0.113.1").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask("10.0.0.1", "203.0.113.2").await, StatusCode::OK);
    // one network of version 6 is one caller, and nobody else is believed about where he comes from
    for i in 0..3 {
        assert_eq!(ask("10.0.0.1", &format!("2001:db8:1:2::{i}")).await, StatusCode::OK);
        assert_eq!(ask("198.51.100.9", &format!("203.0.113.{}", 10 + i)).await, StatusCode::OK);
    }
    assert_eq!(ask("10.0.0.1", "2001:db8:1:2:ffff::9").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask("198.51.100.9", "203.0.113.99").await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_line_above_that_of_our_proxy_chooses_no_address() {
    let proxies = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
    let desk = Desk::with(Settings { trusted_proxies: proxies, ..settings(3, 100) }).await;
    let from_proxy = |mut request: Request<Body>, lines: &[&str]| {
        for line in lines {
            request.headers_mut().append("x-forwarded-for", line.parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4_711))));
        async { desk.browser().send(request).await.status }
    };
    let page = || Request::get("/sign-in").body(Body::empty()).unwrap();
    // what whoever asks says of himself comes first, also where the last lines are of two proxies of ours
    for i in 0..3 {
        let (chosen, through) = (format!("198.51.100.{i}"), "203.0.113.1, 10.0.0.2");
        assert_eq!(from_proxy(page(), &[&chosen, through]).await, StatusCode::OK);
    }
    for lines in [
        &["198.51.100.9", "203.0.113.1"][..],
        &["198.51.100.9", "203.0.113.1", "10.0.0.2"],
        &["198.51.100.9, 198.51.100.8", "198.51.100.7", "203.0.113.1, 10.0.0.2", "10.0.0.2"],
    ] {
        assert_eq!(from_proxy(page(), lines).await, StatusCode::TOO_MANY_REQUESTS, "{lines:?}");
    }
    // what cannot be read ends the list: nothing beyond it is believed
    assert_eq!(from_proxy(page(), &["203.0.113.1", "unknown"]).await, StatusCode::OK);
    for i in 0..2 {
        let kind = "application/x-www-form-urlencoded";
        let sent = Request::post("/sign-in").header(header::CONTENT_TYPE, kind);
        let sent = sent.body(Body::from(format!("sign_in=nobody{i}&password=wrong"))).unwrap();
        let chosen = format!("198.51.100.{i}");
        assert_eq!(from_proxy(sent, &[&chosen, "203.0.113.7"]).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let question = Select::from("sign_in_attempt", &["key", "failures"]).order("key");
    let rows = desk.desk.engine.store().select(question).await.unwrap();
    let by_address: Vec<_> = rows.iter().filter(|row| row.text(0).starts_with("address:")).collect();
    assert_eq!(by_address.len(), 1, "sign-in counts one address: {rows:?}");
    assert_eq!((by_address[0].text(0), by_address[0].int(1)), ("address:203.0.113.7", 2));
}

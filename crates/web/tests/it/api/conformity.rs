//! Conformity and figures by REST.

use axum::http::StatusCode;
use proofdesk_conformity::{Conformity, Declarations};
use proofdesk_testkit::Database;
use proofdesk_web::{AppState, Settings};
use serde_json::{Value as Json, json};

use super::rest::Rest;

async fn open(database: Database) -> Rest {
    let mut rest = Rest::open(database).await;
    let declarations = Declarations::shipped(rest.engine().registry()).unwrap();
    let conformity = Conformity::new(rest.engine().clone(), declarations);
    let state = AppState::new(rest.engine().clone(), Settings::default()).with_conformity(conformity);
    rest.router = proofdesk_web::router(state);
    rest
}

#[tokio::test]
async fn a_run_is_asked_for_and_its_results_are_read() {
    for database in proofdesk_testkit::BOTH {
        let rest = open(database).await;
        let before = rest.get("/api/v1/conformity").await;
        assert_eq!(before.json["run"], Json::Null, "{}", before.text);
        assert_eq!(
            before.json["states"]["conforming"].as_u64().unwrap_or_default(),
            0,
            "silence is never green"
        );
        let refused = rest.post("/api/v1/conformity/runs", &Json::Null).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "an agent asks for no run: {}", refused.text);
        let run = rest.ask_as(&rest.auditor, "POST", "/api/v1/conformity/runs", &[], &Json::Null).await;
        assert_eq!(run.status, StatusCode::CREATED, "{}", run.text);
        let results = rest.get(run.header("location")).await;
        assert_eq!(results.json["run"]["digest"], run.json["run"]["digest"], "{}", results.text);
        assert!(results.json["run"]["at"].as_str().unwrap().ends_with('Z'));
        let after = rest.get("/api/v1/conformity").await;
        let total: u64 = after.json["states"].as_object().unwrap().values().filter_map(Json::as_u64).sum();
        assert_eq!(total, 381, "{}", after.json["states"]);
        let one = rest.get("/api/v1/conformity/obligations/8.6.1-g").await;
        assert_eq!(one.json["obligation"]["id"], "8.6.1-g", "{}", one.text);
        assert_eq!(rest.get("/api/v1/conformity/obligations/99").await.status, StatusCode::NOT_FOUND);
        let tests = results.json["results"].as_array().unwrap();
        let failed = tests.iter().filter(|t| t["counts"]["fails"].as_u64() > Some(0));
        let mut named = 0;
        for test in failed {
            let path = format!("/api/v1/conformity/tests/{}/exceptions", test["test"].as_str().unwrap());
            let exceptions = rest.get(&path).await;
            // a test that wants something to exist blames no record
            for item in exceptions.json["items"].as_array().unwrap() {
                assert!(item["why"][0]["says"].is_string(), "{}", exceptions.text);
                named += 1;
            }
        }
        assert!(named > 0, "no record is named: {}", results.text);
        let customer = rest.ask_as(&rest.requester, "GET", "/api/v1/conformity", &[], &Json::Null).await;
        assert_eq!(customer.status, StatusCode::NOT_FOUND);
        let owes = rest.get("/api/v1/incident/INC-1/owes").await;
        assert!(!owes.json["obligations"].as_array().unwrap().is_empty(), "{}", owes.text);
    }
}

#[tokio::test]
async fn a_judgement_is_recorded_with_its_reason() {
    let rest = open(Database::Sqlite).await;
    let path = "/api/v1/conformity/judgements";
    let missing = rest.ask_as(&rest.auditor, "POST", path, &[], &json!({})).await;
    let fields: Vec<String> = missing.problems().into_iter().map(|(f, _)| f).collect();
    assert_eq!(fields, ["framework", "obligation", "opinion", "reason"], "{}", missing.text);
    let good = json!({
        "framework": "iso-20000-1-2018", "obligation": "8.6.1-g", "opinion": "adequate", "reason": "Read ten reports",
    });
    for day in ["", "tomorrow", "2099-01-01"] {
        let mut late = good.clone();
        late["expires_on"] = json!(day);
        let answer = rest.ask_as(&rest.auditor, "POST", path, &[], &late).await;
        assert_eq!(answer.problems()[0].0, "expires_on", "{day}: {}", answer.text);
    }
    let refused = rest.post(path, &good).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    let made = rest.ask_as(&rest.auditor, "POST", path, &[], &good).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let one = rest.get(made.header("location")).await;
    assert_eq!(one.json["judgements"][0]["reason"], "Read ten reports", "{}", one.text);
}

#[tokio::test]
async fn a_run_and_a_judgement_are_made_once() {
    for database in proofdesk_testkit::BOTH {
        let rest = open(database).await;
        let runs = "/api/v1/conformity/runs";
        let key = [("idempotency-key", "r-1")];
        let first = rest.ask_as(&rest.auditor, "POST", runs, &key, &Json::Null).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        let second = rest.ask_as(&rest.auditor, "POST", runs, &key, &Json::Null).await;
        assert_eq!((second.status, &second.text), (first.status, &first.text));
        assert_eq!(rest.get(runs).await.json["runs"].as_array().unwrap().len(), 1);
        let judgement = json!({
            "framework": "iso-20000-1-2018", "obligation": "8.6.1-g", "opinion": "adequate", "reason": "Read them",
        });
        let key = [("idempotency-key", "j-1")];
        for _ in 0..2 {
            let path = "/api/v1/conformity/judgements";
            let made = rest.ask_as(&rest.auditor, "POST", path, &key, &judgement).await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        }
        let one = rest.get("/api/v1/conformity/obligations/8.6.1-g").await;
        assert_eq!(one.json["judgements"].as_array().unwrap().len(), 1, "{}", one.text);
    }
}

#[tokio::test]
async fn a_run_that_was_not_answered_is_told_when_it_is_asked_again() {
    let rest = open(Database::Sqlite).await;
    let declarations = Declarations::shipped(rest.engine().registry()).unwrap();
    let conformity = Conformity::new(rest.engine().clone(), declarations);
    let scope = proofdesk_conformity::Scope::all();
    let door = proofdesk_engine::Door::Api;
    let made = conformity.run_once(&scope, "asked", door, uuid::Uuid::from_u128(7)).await.unwrap();
    assert_eq!(conformity.run_summary(made.run.id).await.unwrap(), made);
    assert!(conformity.run_once(&scope, "asked", door, uuid::Uuid::from_u128(7)).await.is_err());
}

#[tokio::test]
async fn figures_are_counted_from_the_history() {
    for database in proofdesk_testkit::BOTH {
        let rest = open(database).await;
        while rest.engine().log_state().await.unwrap().pending > 0 {
            rest.engine().sequence().await.unwrap();
        }
        let figures = rest.get("/api/v1/figures?type=incident").await;
        assert_eq!(figures.status, StatusCode::OK, "{}", figures.text);
        assert_eq!(figures.json["figures"]["volume"]["records"], 1, "{}", figures.text);
        assert_eq!(rest.get("/api/v1/figures?type=service").await.status, StatusCode::NOT_FOUND);
        assert_eq!(rest.get("/api/v1/figures").await.status, StatusCode::BAD_REQUEST);
    }
}

//! Requests that happen once.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use proofdesk_engine::Begun;
use serde_json::{Value as Json, json};

use super::rest::{Reply, Rest};

async fn count(rest: &Rest) -> usize {
    rest.get("/api/v1/incident?limit=200").await.json["records"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer() {
    for rest in Rest::both().await {
        let body = json!({"title": "Badge printer offline"});
        let key = [("idempotency-key", "a-1")];
        let first = rest.ask("POST", "/api/v1/incident", &key, &body).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        let second = rest.ask("POST", "/api/v1/incident", &key, &body).await;
        assert_eq!((second.status, &second.text), (first.status, &first.text));
        for name in ["location", "etag", "content-type"] {
            assert_eq!(second.header(name), first.header(name));
        }
        assert_eq!(second.header("idempotency-replayed"), "true");
        assert_eq!(count(&rest).await, 2);
        let other = rest.ask("POST", "/api/v1/incident", &key, &json!({"title": "Another"})).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text);
        let theirs = rest.ask_as(&rest.requester, "POST", "/api/v1/incident", &key, &body).await;
        assert_eq!(theirs.status, StatusCode::CREATED, "{}", theirs.text);
        assert_eq!(count(&rest).await, 3);
        let comment = json!({"body": "once"});
        for _ in 0..2 {
            let key = [("idempotency-key", "c-1")];
            let said = rest.ask("POST", "/api/v1/incident/INC-1/comments", &key, &comment).await;
            assert_eq!(said.status, StatusCode::CREATED, "{}", said.text);
        }
        let said = rest.get("/api/v1/incident/INC-1/comments").await;
        assert_eq!(said.json["comments"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_request_frees_its_key() {
    for rest in Rest::both().await {
        let key = [("idempotency-key", "b-1")];
        let refused = rest.ask("POST", "/api/v1/incident", &key, &json!({})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let good = rest.ask("POST", "/api/v1/incident", &key, &json!({"title": "x"})).await;
        assert_eq!(good.status, StatusCode::CREATED, "{}", good.text);
        for key in ["", "with blank", "ä", &"x".repeat(256)] {
            let answer = rest
                .ask("POST", "/api/v1/incident", &[("idempotency-key", key)], &json!({"title": "x"}))
                .await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{key}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn sixteen_at_once_write_once() {
    for rest in Rest::both().await {
        let body = json!({"title": "Storm"});
        let key = [("idempotency-key", "storm")];
        let asks = (0..16).map(|_| rest.ask("POST", "/api/v1/incident", &key, &body));
        let answers = futures_util::future::join_all(asks).await;
        let created: Vec<&str> = answers
            .iter()
            .filter(|a| a.status == StatusCode::CREATED)
            .map(|a| a.header("location"))
            .collect();
        assert!(!created.is_empty() && created.iter().all(|l| *l == created[0]), "{created:?}");
        for answer in &answers {
            assert!(
                answer.status == StatusCode::CREATED
                    || (answer.status == StatusCode::CONFLICT && !answer.header("retry-after").is_empty()),
                "{}",
                answer.text
            );
        }
        assert_eq!(count(&rest).await, 2);
    }
}

#[tokio::test]
async fn a_crash_between_write_and_answer_leaves_one_write() {
    for rest in Rest::both().await {
        let body = json!({"title": "Crash"});
        let key = [("idempotency-key", "crash")];
        let first = rest.ask("POST", "/api/v1/incident", &key, &body).await;
        let account = rest.get("/api/v1/me").await.json["account"].as_i64().unwrap();
        // the answer was never kept: the program died right after the commit
        let row = proofdesk_store::Statement::update("idempotency")
            .set("status", None::<i64>)
            .set("headers", None::<String>)
            .when("scope", format!("account {account}"))
            .when("key", "crash".to_owned());
        rest.engine().store().execute(vec![row]).await.unwrap();
        let busy = rest.ask("POST", "/api/v1/incident", &key, &body).await;
        assert_eq!(busy.status, StatusCode::CONFLICT, "{}", busy.text);
        rest.desk.time.advance(61_000_000);
        let again = rest.ask("POST", "/api/v1/incident", &key, &body).await;
        assert_eq!(
            (again.status, again.header("location")),
            (StatusCode::CREATED, first.header("location")),
            "{}",
            again.text
        );
        assert_eq!(count(&rest).await, 2);
        // also a transition that is no longer possible is answered, not refused
        let step = [("idempotency-key", "step")];
        let path = "/api/v1/incident/INC-1/transitions/start";
        let taken = rest.ask("POST", path, &step, &json!({"assignee": "PER-1"})).await;
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
        let repeated = rest.ask("POST", path, &step, &json!({"assignee": "PER-1"})).await;
        assert_eq!((repeated.status, repeated.json["state"].as_str()), (StatusCode::OK, Some("in_progress")));
        let without: Json = rest.post(path, &json!({"assignee": "PER-1"})).await.json;
        assert_eq!(without["status"], 422, "{without}");
    }
}

#[tokio::test]
async fn keys_are_forgotten_after_a_day() {
    for rest in Rest::both().await {
        let engine = rest.engine();
        let fresh = |begun: &Begun| matches!(begun, Begun::Fresh { written: None, .. });
        assert!(fresh(&engine.begin_once("account 9", "k", b"one").await.unwrap()));
        assert_eq!(engine.begin_once("account 9", "k", b"one").await.unwrap(), Begun::Busy);
        assert_eq!(engine.begin_once("account 9", "k", b"two").await.unwrap(), Begun::Other);
        rest.desk.time.advance(25 * 3_600_000_000);
        assert!(fresh(&engine.begin_once("account 9", "k", b"two").await.unwrap()));
    }
}

/// A form with one file.
async fn attach(rest: &Rest, key: &str, content: &str) -> Reply {
    let body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n{content}\r\n--edge--\r\n"
    );
    let request = Request::post("/api/v1/incident/INC-1/attachments")
        .header("authorization", format!("Bearer {}", rest.agent))
        .header("idempotency-key", key)
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(Body::from(body))
        .unwrap();
    rest.send(request).await
}

#[tokio::test]
async fn files_views_and_tokens_are_made_once() {
    for rest in Rest::both().await {
        let first = attach(&rest, "f-1", "same").await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        let second = attach(&rest, "f-1", "same").await;
        assert_eq!((second.status, &second.text), (first.status, &first.text));
        assert_eq!(second.header("idempotency-replayed"), "true");
        let other = attach(&rest, "f-1", "other").await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text);
        let files = rest.get("/api/v1/incident/INC-1/attachments").await;
        assert_eq!(files.json["attachments"].as_array().unwrap().len(), 1);

        let view = json!({"record_type": "incident", "label": "Mine"});
        let key = [("idempotency-key", "v-1")];
        let first = rest.ask("POST", "/api/v1/views", &key, &view).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        assert_eq!(rest.ask("POST", "/api/v1/views", &key, &view).await.text, first.text);
        let views = rest.get("/api/v1/views?type=incident").await;
        assert_eq!(views.json["views"].as_array().unwrap().len(), 1);

        let token = json!({"label": "nightly", "password": "correct horse battery"});
        let key = [("idempotency-key", "t-1")];
        let first = rest.ask("POST", "/api/v1/tokens", &key, &token).await;
        assert!(first.json["token"].as_str().unwrap().starts_with("pd_"), "{}", first.text);
        let again = rest.ask("POST", "/api/v1/tokens", &key, &token).await;
        assert_eq!((again.status, &again.json["token"]), (StatusCode::CREATED, &Json::Null));
        assert_eq!(again.json["id"], first.json["id"]);
        let tokens = rest.get("/api/v1/tokens").await;
        let made = tokens.json["tokens"].as_array().unwrap();
        assert_eq!(made.iter().filter(|t| t["label"] == "nightly").count(), 1);
    }
}

//! Fields of kind file: named by the id of an attachment of the same record, shown as an object.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value as Json, json};

use super::rest::Rest;

async fn upload(rest: &Rest, record: &str, audience: &str) -> String {
    let body = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"till.txt\"\r\n\r\nbroken\r\n--X--\r\n";
    let request = Request::post(format!("/api/v1/incident/{record}/attachments?audience={audience}"))
        .header("authorization", format!("Bearer {}", rest.agent))
        .header("content-type", "multipart/form-data; boundary=X")
        .body(Body::from(body))
        .unwrap();
    let made = rest.send(request).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_named_by_the_id_of_an_attachment_of_the_record() {
    for rest in Rest::both().await {
        let path = "/api/v1/incident/INC-1";
        let other = rest.post("/api/v1/incident", &json!({"title": "Other"})).await.json["reference"].clone();
        let (own, others) = (
            upload(&rest, "INC-1", "customer").await,
            upload(&rest, other.as_str().unwrap(), "customer").await,
        );
        let set = async |value: Json| rest.ask("PATCH", path, &[], &json!({"picture": value})).await;
        let shown = set(json!(own)).await;
        let wanted = json!({
            "id": own, "name": "till.txt", "media_type": "text/plain", "size_bytes": 6,
            "href": format!("{path}/attachments/{own}"),
        });
        assert_eq!(shown.json["picture"], wanted, "{}", shown.text);
        assert_eq!(rest.get(wanted["href"].as_str().unwrap()).await.text, "broken");
        assert_eq!(rest.get(path).await.json["picture"], wanted);
        let list = rest.get("/api/v1/incident?filter=picture%20!%3D%20null&fields=picture").await;
        assert_eq!(list.json["records"], json!([{"picture": wanted}]), "{}", list.text);
        let same = set(wanted.clone()).await;
        assert_eq!(
            (same.status, &same.json["picture"]),
            (StatusCode::OK, &wanted),
            "what was read is taken back"
        );
        for (value, code) in [
            (json!(others), "file"),
            (json!("01890a5d-ac96-774b-bcce-b302099a8057"), "file"),
            (json!("../../etc/passwd"), "format"),
            (json!(7), "format"),
            (json!({"name": "till.txt"}), "format"),
        ] {
            let refused = set(value.clone()).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{value}: {}", refused.text);
            assert_eq!(refused.problems(), [("picture".to_owned(), code.to_owned())], "{value}");
        }
        let new = json!({"title": "New", "picture": own});
        let refused = rest.post("/api/v1/incident", &new).await;
        assert_eq!(refused.problems(), [("picture".to_owned(), "file".to_owned())], "{}", refused.text);
        let history = rest.get(&format!("{path}/history")).await;
        let told = json!([{"field": "picture", "old": null, "new": own}]);
        let entries = history.json["entries"].as_array().unwrap();
        assert!(entries.iter().any(|e| e["changes"] == told), "{}", history.text);
        let secret = upload(&rest, "INC-1", "staff").await;
        assert_eq!(set(json!(secret)).await.json["picture"]["id"], json!(secret));
        let seen = rest.ask_as(&rest.requester, "GET", path, &[], &Json::Null).await;
        assert_eq!((seen.status, &seen.json["picture"]), (StatusCode::OK, &Json::Null), "only staff see it");
        assert_eq!(set(Json::Null).await.json["picture"], Json::Null);
        while rest.engine().sequence().await.unwrap() > 0 {}
        let report = rest.engine().verify(&[], |_, _| {}).await.unwrap();
        assert!(report.is_good(), "{:?}", report.findings);
    }
}

//! Frameworks by REST: imported, compared, published, frozen, linked, and out again as OSCAL; on both databases.

use axum::http::StatusCode;
use proofdesk_conformity::{Conformity, Declarations};
use proofdesk_testkit::Database;
use proofdesk_web::{AppState, Settings};
use serde_json::{Value as Json, json};

use super::rest::{Rest, token};

const HOUSE: &str = r#"framework "house" title="House rules" edition="1" { origin "Our book"; }
chapter "A" title="Desk" group="Work"
clause "A" title="Desk" chapter="A" {
    obligation "A-1" kind="record" judgement="machine" { says "Incidents are prioritized."; }
    obligation "A-2" kind="record" judgement="machine" { says "Incidents are told."; }
}"#;

async fn open(database: Database) -> (Rest, String) {
    let mut rest = Rest::open(database).await;
    let declarations = Declarations::shipped(rest.engine().registry()).unwrap();
    let conformity = Conformity::new(rest.engine().clone(), declarations);
    let state = AppState::new(rest.engine().clone(), Settings::default()).with_conformity(conformity);
    rest.router = proofdesk_web::router(state);
    let boss = token(&rest.desk, "Bo", "sms_manager").await;
    (rest, boss)
}

#[tokio::test]
async fn a_framework_goes_its_whole_way() {
    for database in proofdesk_testkit::BOTH {
        let (rest, boss) = open(database).await;
        let frameworks = "/api/v1/frameworks";
        let send = |path: String, body: Json, key: &'static str| {
            let (rest, boss) = (&rest, &boss);
            async move { rest.ask_as(boss, "POST", &path, &[("idempotency-key", key)], &body).await }
        };
        let refused = rest.post(frameworks, &json!({"kdl": HOUSE})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
        let neither = send(frameworks.to_owned(), json!({}), "k0").await;
        assert_eq!(neither.problems(), [("catalog".to_owned(), "required".to_owned())], "{}", neither.text);
        let broken = send(frameworks.to_owned(), json!({"kdl": "framework \"x\""}), "k1").await;
        assert_eq!(broken.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", broken.text);
        for _ in 0..2 {
            let made = send(frameworks.to_owned(), json!({"kdl": HOUSE}), "k2").await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
            assert_eq!((made.json["draft"].as_str(), made.json["edition"].as_str()), (Some("1"), None));
            assert_eq!(made.json["editions"].as_array().unwrap().len(), 1, "the same key is one write");
        }
        let draft = rest.get("/api/v1/frameworks/house/draft").await;
        assert_eq!(draft.json["differences"].as_array().unwrap().len(), 5, "{}", draft.text);
        let published = send("/api/v1/frameworks/house/publication".to_owned(), Json::Null, "k3").await;
        assert_eq!(published.json["edition"], "1", "{}", published.text);
        assert_eq!(rest.get("/api/v1/frameworks/house/draft").await.status, StatusCode::NOT_FOUND);
        let changed = HOUSE.replace("are prioritized", "have a priority");
        let frozen = send(frameworks.to_owned(), json!({"kdl": changed}), "k4").await;
        assert!(frozen.text.contains("requirement A-1 changed (says)"), "{}", frozen.text);
        let links = "use \"incident.prioritized\" { serves \"house\" \"A-1\"; }\nmapping from=\"iso-20000-1-2018\" to=\"house\" { maps \"8.6.1-i\" \"intersects\" \"A-2\"; }";
        let linked = send("/api/v1/frameworks/house/links".to_owned(), json!({"kdl": links}), "k5").await;
        assert_eq!(
            (linked.json["tested"].as_u64(), linked.json["mapped"].as_u64()),
            (Some(1), Some(1)),
            "{}",
            linked.text
        );
        let wrong = json!({"kdl": "use \"no.such\" { serves \"house\" \"A-1\"; }"});
        let wrong = send("/api/v1/frameworks/house/links".to_owned(), wrong, "k6").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
        assert!(wrong.text.contains("there is no test `no.such`"), "{}", wrong.text);

        let run = rest.ask_as(&rest.auditor, "POST", "/api/v1/conformity/runs", &[], &Json::Null).await;
        assert_eq!(run.status, StatusCode::CREATED, "{}", run.text);
        let map = rest.get("/api/v1/conformity?framework=house").await;
        assert_eq!(map.json["states"]["conforming"], 1, "{}", map.text);
        let part = rest.get("/api/v1/conformity/obligations/A-2?framework=house").await;
        assert_eq!(part.json["mapped_from"][0]["strength"], "intersects", "{}", part.text);
        assert_ne!(part.json["state"], "conforming", "a part shows no whole");

        let one = rest.get("/api/v1/frameworks/house").await;
        assert_eq!(one.json["content"]["obligations"]["A-1"]["says"], "Incidents are prioritized.");
        for (document, root) in [
            ("catalog", "catalog"),
            ("component-definition", "component-definition"),
            ("mapping-collection", "mapping-collection"),
            ("assessment-results", "assessment-results"),
        ] {
            let oscal = rest.get(&format!("/api/v1/frameworks/house/oscal/{document}")).await;
            assert!(oscal.json[root]["uuid"].is_string(), "{document}: {}", oscal.text);
        }
        // what went out comes in again as another framework
        let catalog = rest.get("/api/v1/frameworks/house/oscal/catalog").await.json;
        let copy = send(frameworks.to_owned(), json!({"catalog": catalog, "id": "copy"}), "k7").await;
        assert_eq!(copy.json["requirements"], 2, "{}", copy.text);
        for missing in [
            "/api/v1/frameworks/no",
            "/api/v1/frameworks/no/oscal/catalog",
            "/api/v1/frameworks/house/oscal/poem",
        ] {
            assert_eq!(rest.get(missing).await.status, StatusCode::NOT_FOUND, "{missing}");
        }
        let customer = rest.ask_as(&rest.requester, "GET", frameworks, &[], &Json::Null).await;
        assert_eq!(customer.status, StatusCode::NOT_FOUND);
    }
}

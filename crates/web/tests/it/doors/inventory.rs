//! Inventories: matched, compared, proposed; nothing is written over and nothing deleted. What differs is an exception of
//! 8.2.6 until somebody corrects it.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use proofdesk_conformity::{Conformity, Declarations, Scope};
use proofdesk_engine::{Act, Change, Door, NewAccount, NewToken, Record, Reference, Target};
use proofdesk_testkit::BOTH;
use rand::SeedableRng;
use serde_json::Value as Json;
use tower::ServiceExt;

use super::Watched;

/// As `fusioninventory-inventory` 2.6-3 of Debian writes it, shortened.
fn agent(at: &str, name: &str, serial: &str, system: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<REQUEST>\n  <CONTENT>\n    <ACCESSLOG>\n      <LOGDATE>{at}</LOGDATE>\n    </ACCESSLOG>\n    \
         <BIOS>\n      <SMANUFACTURER>Dell Inc.</SMANUFACTURER>\n      <SMODEL>R640</SMODEL>\n      <SSN>{serial}</SSN>\n    </BIOS>\n    \
         <CONTROLLERS>\n      <NAME>Host bridge</NAME>\n    </CONTROLLERS>\n    <CONTROLLERS>\n      <NAME>Virtio &amp; memory</NAME>\n    </CONTROLLERS>\n    \
         <HARDWARE>\n      <LASTLOGGEDUSER>wtmp</LASTLOGGEDUSER>\n      <NAME>db1</NAME>\n      <OSNAME>{system}</OSNAME>\n    </HARDWARE>\n    \
         <OPERATINGSYSTEM>\n      <DNS_DOMAIN></DNS_DOMAIN>\n      <FQDN>{name}</FQDN>\n      <FULL_NAME>{system}</FULL_NAME>\n    </OPERATINGSYSTEM>\n  \
         </CONTENT>\n  <DEVICEID>{name}-2026-11-23-09-07-43</DEVICEID>\n  <QUERY>INVENTORY</QUERY>\n</REQUEST>\n"
    )
}

impl Watched {
    async fn inventory_token(&self) -> String {
        let program = self.desk.person("Inventory", &["process_owner"]).await.unwrap();
        let act = Act::new(&self.desk.setup(), Door::Cli);
        let account = NewAccount {
            person: program.person.unwrap(),
            sign_in: "inventory".to_owned(),
            name: "Inventory".to_owned(),
            roles: vec!["process_owner".to_owned()],
            password: None,
            program: true,
        };
        let account = self.desk.engine.create_account(&act, account).await.unwrap();
        let scope = "configuration_item:read configuration_item:create configuration_item:update configuration_item:note";
        let new = NewToken { label: "Inventory".to_owned(), scope: scope.to_owned(), ..NewToken::default() };
        let mut random = rand::rngs::StdRng::from_seed([9; 32]);
        self.desk.engine.create_token(&act, account.id, &new, &mut random).await.unwrap().1
    }

    async fn tell_as(&self, door: &str, token: &str, kind: &str, body: &str) -> (StatusCode, Json) {
        let request = Request::post(format!("/api/v1/doors/{door}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), 16 * 1_048_576).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn item(&self, number: i64) -> Record {
        let reference = Reference::new("configuration_item", number);
        self.desk.engine.require(&self.desk.setup(), &reference).await.unwrap()
    }
}

/// The exceptions of the test that asks whether deviations are corrected.
async fn exceptions(desk: &Watched) -> i64 {
    let declared = Declarations::shipped(desk.desk.engine.registry()).unwrap();
    let conformity = Conformity::new(desk.desk.engine.clone(), declared);
    let trial = conformity.try_out("item.corrected", &Scope::all()).await.unwrap();
    i64::try_from(trial.counts.fails).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_matches_proposes_and_never_writes_over() {
    for database in BOTH {
        let desk = Watched::open(database).await;
        let token = desk.inventory_token().await;
        let on = Target::Existing(Reference::new("configuration_item", 1), None);
        let recorded = Change::default()
            .with_text("serial_number", "SN-1")
            .with_text("version_text", "Debian GNU/Linux 12 (bookworm)")
            .with_text("vendor", "Dell Inc.");
        desk.desk
            .engine
            .apply(&desk.desk.setup(), on.clone(), recorded.take("go_live"), Door::Page)
            .await
            .unwrap();
        let told = async |at: &str, name: &str, serial: &str, system: &str| {
            let body = agent(at, name, serial, system);
            let (status, answer) = desk.tell_as("inventory_fusion", &token, "application/xml", &body).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            answer["results"][0]["outcome"].as_str().unwrap().to_owned()
        };
        let same = "Debian GNU/Linux 12 (bookworm)";
        let version = desk.item(1).await.version;
        assert_eq!(told("t1", "db1.example.com", "SN-1", same).await, "unchanged", "{database:?}");
        assert_eq!(desk.item(1).await.version, version);
        assert_eq!(exceptions(&desk).await, 0);
        // another system than recorded: a deviation, never a new value
        assert_eq!(told("t2", "db1.example.com", "SN-1", "Debian GNU/Linux 13 (trixie)").await, "done");
        let item = desk.item(1).await;
        assert_eq!(item.text("version_text"), Some(same), "{database:?}");
        assert_eq!(item.text("verification_result"), Some("deviating"));
        let says = item.text("discrepancy").unwrap();
        assert!(
            says.contains("Version: recorded Debian GNU/Linux 12 (bookworm), found Debian GNU/Linux 13"),
            "{says}"
        );
        assert_eq!(item.instant("unlinked_at"), None, "a verification alters nothing");
        assert_eq!(exceptions(&desk).await, 1, "{database:?}: an exception of 8.2.6");
        let version = item.version;
        assert_eq!(told("t2", "db1.example.com", "SN-1", "Debian GNU/Linux 13 (trixie)").await, "unchanged");
        assert_eq!(desk.item(1).await.version, version, "{database:?}");
        // what nobody recorded is proposed once, as planned
        assert_eq!(told("t3", "web9.example.com", "SN-9", same).await, "opened");
        let proposed = desk.item(2).await;
        assert_eq!((proposed.state.as_str(), proposed.text("name")), ("planned", Some("web9.example.com")));
        assert_eq!(told("t4", "web9.example.com", "SN-9", same).await, "unchanged", "{database:?}");
        // a serial number finds an item that was renamed; two with the same name are for a person
        assert_eq!(told("t5", "renamed.example.com", "SN-9", same).await, "unchanged");
        for _ in 0..2 {
            let twin = Change::default().with_text("name", "twin.example.com");
            desk.desk.create("configuration_item", twin).await.unwrap();
        }
        let body = agent("t6", "twin.example.com", "", same);
        let (status, _) = desk.tell_as("inventory_fusion", &token, "text/xml", &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{database:?}");
        let all = desk.desk.engine.count(&desk.desk.setup(), "configuration_item", None, None).await.unwrap();
        assert_eq!(all, 4, "{database:?}: nothing was deleted, nothing made twice");
        // as a table
        let table = "name;serial;version\ndb1.example.com;SN-1;Debian GNU/Linux 12 (bookworm)\nnew.example.com;SN-7;1.0\n";
        let (status, answer) = desk.tell_as("inventory_table", &token, "text/csv", table).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let outcomes: Vec<&str> =
            answer["results"].as_array().unwrap().iter().map(|r| r["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["unchanged", "opened"], "{database:?}");
        for hostile in
            ["<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><r><a>&x;</a></r>", "<r><a>", ""]
        {
            let (status, _) = desk.tell_as("inventory_fusion", &token, "application/xml", hostile).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{hostile}");
        }
    }
}

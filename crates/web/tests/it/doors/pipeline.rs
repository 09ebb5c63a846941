//! Delivery pipelines: a deployment takes the step of its change or deployment, once; what may not be is refused.

use axum::http::StatusCode;
use proofdesk_engine::{Act, Change, Door, NewToken, Reference, Target};
use proofdesk_model::Value;
use proofdesk_testkit::BOTH;
use rand::SeedableRng;
use serde_json::{Value as Json, json};

use super::Watched;

impl Watched {
    async fn wide_token(&self) -> String {
        let act = Act::new(&self.desk.setup(), Door::Cli);
        let new = NewToken { label: "Pipeline".to_owned(), ..NewToken::default() };
        let mut random = rand::rngs::StdRng::from_seed([8; 32]);
        self.desk.engine.create_token(&act, 1, &new, &mut random).await.unwrap().1
    }

    async fn change(&self, approved: bool) -> Reference {
        let change = Change::default()
            .with_text("title", "Till software")
            .with_text("category", "standard")
            .with("model", Value::Link(self.standard_model().await));
        let made = self.desk.create("change", change).await.unwrap().record.number;
        let on = Reference::new("change", made);
        if approved {
            let target = Target::Existing(on.clone(), None);
            let approve = Change::default().take("use_standard");
            self.desk.engine.apply(&self.desk.setup(), target, approve, Door::Page).await.unwrap();
        }
        on
    }

    /// A model of standard changes in use.
    pub(super) async fn standard_model(&self) -> i64 {
        let model = Change::default().with_text("title", "Small and known").with_text("category", "standard");
        let model = Change { state: Some("in_use".to_owned()), ..model };
        self.desk.create("change_model", model).await.unwrap().record.number
    }

    async fn state(&self, on: &Reference) -> (String, i64) {
        let record = self.desk.engine.require(&self.desk.setup(), on).await.unwrap();
        (record.state.clone(), record.version)
    }
}

fn told(run: &str, change: &str, status: &str) -> Json {
    json!({"id": run, "change": change, "status": status, "version": "7.2", "result": "412 tests passed", "url": "https://ci/1"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_takes_the_step_of_its_change_once() {
    for database in BOTH {
        let desk = Watched::open(database).await;
        let token = desk.wide_token().await;
        let send = async |body: Json| {
            let (status, answer) = desk.send("/api/v1/doors/pipeline_change", &token, &body).await;
            (status, answer["results"][0]["outcome"].as_str().unwrap_or_default().to_owned(), answer)
        };
        let first = desk.change(true).await;
        assert_eq!(send(told("r1", "CHG-1", "started")).await.1, "done", "{database:?}");
        assert_eq!(desk.state(&first).await.0, "approved");
        let (status, outcome, answer) = send(told("r1", "CHG-1", "deployed")).await;
        assert_eq!((status, outcome.as_str()), (StatusCode::OK, "done"), "{database:?} {answer}");
        let deployed = desk.state(&first).await;
        assert_eq!(deployed.0, "deployed");
        let record = desk.desk.engine.require(&desk.desk.setup(), &first).await.unwrap();
        assert_eq!(record.text("test_result"), Some("412 tests passed"));
        assert!(record.text("verification_result").is_some_and(|t| t.contains("7.2")));
        // sent again, nothing is done again
        assert_eq!(send(told("r1", "CHG-1", "deployed")).await.1, "unchanged", "{database:?}");
        assert_eq!(desk.state(&first).await, deployed);
        let said = desk.desk.engine.comments(&desk.desk.setup(), &first).await.unwrap();
        assert_eq!(said.len(), 2, "{said:?}");
        // what nobody approved is not deployed, and the pipeline is told so
        let draft = desk.change(false).await;
        let (status, _, answer) = send(told("r2", "CHG-2", "deployed")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{database:?}");
        assert!(answer["problems"][0]["message"].as_str().unwrap().contains("not possible"), "{answer}");
        assert_eq!(desk.state(&draft).await.0, "draft");
        assert!(desk.desk.engine.comments(&desk.desk.setup(), &draft).await.unwrap().is_empty());
        // once it is approved the same run may say it again
        let target = Target::Existing(draft.clone(), None);
        let approve = Change::default().take("use_standard");
        desk.desk.engine.apply(&desk.desk.setup(), target, approve, Door::Page).await.unwrap();
        assert_eq!(send(told("r2", "CHG-2", "deployed")).await.1, "done", "{database:?}");
        // a run that failed opens the step again
        let third = desk.change(true).await;
        assert_eq!(send(told("r3", "CHG-3", "failed")).await.1, "done");
        assert_eq!(desk.state(&third).await.0, "assessment", "{database:?}");
        let (status, _, answer) = send(told("r4", "CHG-99", "deployed")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer["problems"][0]["message"].as_str().unwrap().contains("CHG-99"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_the_deployment_from_start_to_result() {
    for database in BOTH {
        let desk = Watched::open(database).await;
        let token = desk.wide_token().await;
        let change = desk.change(true).await;
        let deployment = Change::default()
            .with_text("title", "Tills 7.2")
            .with("change", Value::Link(change.number))
            .link("affects", Reference::new("configuration_item", 1));
        desk.desk.create("deployment", deployment).await.unwrap();
        let on = Reference::new("deployment", 1);
        for (status, state) in [("started", "running"), ("started", "running"), ("rolled_back", "done")] {
            let body = json!({"id": "r1", "deployment": "DPL-1", "status": status, "version": "7.2"});
            let (code, answer) = desk.send("/api/v1/doors/pipeline_deployment", &token, &body).await;
            assert_eq!(code, StatusCode::OK, "{database:?} {answer}");
            assert_eq!(desk.state(&on).await.0, state, "{database:?}");
        }
        let record = desk.desk.engine.require(&desk.desk.setup(), &on).await.unwrap();
        assert_eq!(record.text("result"), Some("backed_out"));
    }
}

//! A run as OSCAL assessment results: an observation a test with what it counted and the records that it names, a finding
//! a requirement, and the log's checkpoint by which the run can be proven.

use std::collections::BTreeMap;

use proofdesk_engine::Checkpoint;
use proofdesk_model::Reference;
use proofdesk_model::format::write_instant;
use serde_json::{Map, Value as Json, json};

use crate::conformity::Conformity;
use crate::control::{Kind, Test};
use crate::error::Error;
use crate::framework::{Framework, Obligation};
use crate::oscal::{Heading, catalog_file, line, metadata, plain, prop, token, uuid_of};
use crate::state::State;
use crate::tables::{self, ExceptionRow, ResultRow, RunRow};

/// Records that an observation names; the rest is counted.
pub const NAMED: usize = 100;

/// Everything that a run found for a framework.
struct Assessed<'a> {
    framework: &'a Framework,
    run: RunRow,
    results: BTreeMap<String, ResultRow>,
    states: BTreeMap<String, State>,
    entry: Option<proofdesk_engine::HistoryItem>,
    checkpoint: Option<Checkpoint>,
    origin: String,
}

impl Conformity {
    /// A stored run as OSCAL assessment results for a framework; the newest run where none is named.
    ///
    /// # Errors
    /// `NotFound` for an unknown framework or run, and before the first run; a fault of the database.
    pub async fn assessment_results(
        &self,
        framework: &str,
        run: Option<i64>,
        heading: &Heading,
    ) -> Result<Json, Error> {
        let assessed = self.assessed(framework, run).await?;
        let mut observations = Vec::new();
        for (id, result) in &assessed.results {
            let Some(test) = self.declarations().test(id) else { continue };
            if !test.serves.iter().any(|s| s.framework == framework) {
                continue;
            }
            let named = tables::exceptions(self.engine(), result.exceptions_run, id, 0, NAMED).await?;
            observations.push(self.observation(&assessed, test, result, &named));
        }
        let findings: Vec<Json> =
            assessed.framework.obligations.values().map(|o| self.finding(&assessed, o)).collect();
        let run = &assessed.run;
        let of = assessed.framework;
        let mut result = json!({
            "uuid": uuid_of(&format!("result {} {} {}", of.id, run.id, run.digest)),
            "title": format!("Run {} of the tests", run.id),
            "description": format!(
                "{} tests were asked over all records at one instant. The run saw {} entries of the log. \
                 A requirement counts as satisfied only where it is conforming: what is at risk, not triggered, not \
                 proven, waits for a judgement or has no test is not satisfied, with its state as the reason.",
                run.tests, run.log_size
            ),
            "start": write_instant(run.at),
            "end": write_instant(run.at + run.duration),
            "props": self.run_props(&assessed),
            "reviewed-controls": {"control-selections": [{"include-all": {}}]},
            "findings": findings,
        });
        if !observations.is_empty() {
            result["observations"] = json!(observations);
        }
        let title = format!("{}: {} by run {}", heading.organization, of.title, run.id);
        let mut head = metadata(heading, &title, &format!("run {}", run.id));
        head.insert("props".to_owned(), json!([prop("framework", &of.id), prop("digest", &of.digest())]));
        let mut results = Map::new();
        results.insert("uuid".to_owned(), json!(uuid_of(&format!("assessment {} {}", of.id, run.id))));
        results.insert("metadata".to_owned(), Json::Object(head));
        results.insert("import-ap".to_owned(), json!({
            "href": format!("#{}", plan_uuid(of)),
            "remarks": "There is no plan of its own: each test runs by its declaration, over every record.",
        }));
        results.insert("results".to_owned(), json!([result]));
        results.insert("back-matter".to_owned(), json!({"resources": resources(&assessed)}));
        Ok(json!({"assessment-results": results}))
    }

    async fn assessed(&self, framework: &str, run: Option<i64>) -> Result<Assessed<'_>, Error> {
        self.look().await?;
        let missing = || Error::NotFound(format!("framework {framework}"));
        let of = self.declarations().framework(framework).ok_or_else(missing)?;
        let engine = self.engine();
        let run = match run {
            Some(id) => tables::run(engine, id).await?.ok_or_else(|| Error::NotFound(format!("run {id}")))?,
            None => {
                let newest = tables::runs(engine, "all", 1).await?.pop();
                newest.ok_or_else(|| Error::NotFound("run of the tests".to_owned()))?
            }
        };
        let results: BTreeMap<String, ResultRow> =
            tables::results(engine, run.id).await?.into_iter().map(|r| (r.test.clone(), r)).collect();
        let by_test: BTreeMap<&str, State> = results.iter().map(|(id, r)| (id.as_str(), r.state)).collect();
        let judgements = self.all_judgements().await?;
        let states = self.states_of(of, &by_test, &judgements, run.at).into_iter().collect();
        let entry = engine.history(&Reference::new("conformity_run", run.id), 1).await?.pop();
        let log = engine.log_state().await?;
        Ok(Assessed {
            framework: of,
            run,
            results,
            states,
            entry,
            checkpoint: log.checkpoint,
            origin: log.origin,
        })
    }

    fn run_props(&self, assessed: &Assessed<'_>) -> Vec<Json> {
        let run = &assessed.run;
        let mut props = vec![
            prop("run", &run.id.to_string()),
            prop("log-size", &run.log_size.to_string()),
            prop("results-sha256", &run.digest),
            prop("log-origin", &assessed.origin),
        ];
        if let Some(entry) = &assessed.entry {
            props.push(prop("sealed-by-leaf-hash", &entry.hash));
            props.extend(entry.leaf.map(|leaf| prop("sealed-by-leaf", &leaf.to_string())));
        }
        props
    }

    fn observation(
        &self,
        assessed: &Assessed<'_>,
        test: &Test,
        result: &ResultRow,
        named: &[ExceptionRow],
    ) -> Json {
        let counts = &result.counts;
        let method = if matches!(test.kind, Kind::Attest(_)) { "INTERVIEW" } else { "TEST" };
        let mut description = format!(
            "{}: {}. Of {} records {} hold, {} fail and {} cannot be evaluated.",
            test.title,
            result.state.label(),
            counts.total(),
            counts.holds,
            counts.fails,
            counts.errors
        );
        if let Some(detail) = &result.detail {
            description.push_str(&format!(" {detail}"));
        }
        let mut evidence: Vec<Json> = named.iter().map(|e| self.evidence(e)).collect();
        evidence.extend(assessed.checkpoint.as_ref().map(|c| {
            json!({
                "href": format!("#{}", checkpoint_uuid(c)),
                "description": "The signed checkpoint of the log in which the run is sealed.",
            })
        }));
        let mut observation = json!({
            "uuid": observation_uuid(&assessed.run, &test.id),
            "title": line(&test.title),
            "description": description,
            "props": [
                prop("test", &test.id),
                prop("state", result.state.as_str()),
                prop("declaration-sha256", &result.declaration),
                prop("exceptions-sha256", &result.exceptions_digest),
                prop("holds", &counts.holds.to_string()),
                prop("fails", &counts.fails.to_string()),
                prop("cannot-be-evaluated", &counts.errors.to_string()),
            ],
            "methods": [method],
            "types": ["control-objective"],
            "collected": write_instant(result.at),
        });
        if !evidence.is_empty() {
            observation["relevant-evidence"] = json!(evidence);
        }
        if counts.exceptions() > named.len() as u64 {
            let more = counts.exceptions() - named.len() as u64;
            observation["remarks"] = json!(format!("{more} more exceptions are counted and not named here."));
        }
        observation
    }

    /// A record that is an exception, by its address in the REST interface.
    fn evidence(&self, exception: &ExceptionRow) -> Json {
        let record = Reference::new(exception.record_type.clone(), exception.number);
        let reference = self.engine().registry().write_reference(&record);
        let why: Vec<&str> = exception.why.iter().map(|w| w.says.as_str()).collect();
        let why = if why.is_empty() { "it does not hold".to_owned() } else { why.join("; ") };
        json!({
            "href": format!("/api/v1/{}/{reference}", exception.record_type),
            "description": format!("{reference}: {why}"),
            "props": [prop("record", &reference), prop("standing", exception.standing.as_str())],
        })
    }

    fn finding(&self, assessed: &Assessed<'_>, o: &Obligation) -> Json {
        let state = assessed.states.get(&o.id).copied().unwrap_or(State::NotProven);
        let (status, reason) = match state {
            State::Conforming => ("satisfied", "pass"),
            State::Nonconforming => ("not-satisfied", "fail"),
            _ => ("not-satisfied", "other"),
        };
        let serving = self.declarations().controls.serving(&assessed.framework.id, &o.id);
        let related: Vec<Json> = serving
            .iter()
            .filter(|(test, _)| assessed.results.contains_key(&test.id))
            .map(|(test, _)| json!({"observation-uuid": observation_uuid(&assessed.run, &test.id)}))
            .collect();
        let open: Vec<&str> = serving.iter().filter_map(|(_, s)| s.partial.as_deref()).collect();
        let mut description = format!("{}: {}.", o.id, state.label());
        for partial in open {
            description.push_str(&format!(" Not looked at: {partial}"));
        }
        for mapping in self.declarations().controls.mapped_to(&assessed.framework.id, &o.id) {
            let (framework, id) = &mapping.source;
            description
                .push_str(&format!(" {id} of {framework} {} this requirement.", mapping.strength.reads()));
        }
        let mut finding = json!({
            "uuid": uuid_of(&format!("finding {} {} {}", assessed.framework.id, assessed.run.id, o.id)),
            "title": line(&format!("{} {}", o.id, o.says)),
            "description": description,
            "props": [plain("label", &o.id), prop("state", state.as_str())],
            "target": {
                "type": "objective-id",
                "target-id": format!("{}_obj", token(&o.id)),
                "title": line(&o.says),
                "status": {"state": status, "reason": reason, "remarks": state.label()},
            },
        });
        if !related.is_empty() {
            finding["related-observations"] = json!(related);
        }
        finding
    }
}

fn observation_uuid(run: &RunRow, test: &str) -> String {
    uuid_of(&format!("observation {} {test}", run.id))
}

fn checkpoint_uuid(checkpoint: &Checkpoint) -> String {
    uuid_of(&format!("checkpoint {}", checkpoint.note))
}

fn plan_uuid(framework: &Framework) -> String {
    uuid_of(&format!("plan {}", framework.id))
}

/// What the results point to: the tests' declarations, the catalog, and the signed checkpoint.
fn resources(assessed: &Assessed<'_>) -> Vec<Json> {
    let of = assessed.framework;
    let mut found = vec![
        json!({
            "uuid": plan_uuid(of),
            "title": "The tests as declared",
            "description": "Each test is a declaration that asks every record of its population; its SHA-256 stands with its observation.",
            "rlinks": [{"href": format!("/api/v1/conformity?framework={}", of.id), "media-type": "application/json"}],
        }),
        json!({
            "uuid": uuid_of(&format!("resource catalog {}", of.id)),
            "title": line(&of.title),
            "rlinks": [{"href": catalog_file(&of.id), "media-type": "application/oscal+json"}],
        }),
    ];
    if let Some(checkpoint) = &assessed.checkpoint {
        found.push(json!({
            "uuid": checkpoint_uuid(checkpoint),
            "title": format!("Checkpoint of the log at {} entries", checkpoint.size),
            "description": format!("A signed note:\n\n```\n{}\n```", checkpoint.note.trim_end()),
            "props": [
                prop("log-size", &checkpoint.size.to_string()),
                prop("signed-at", &write_instant(checkpoint.at)),
            ],
            "rlinks": [{"href": "/log/checkpoint", "media-type": "text/plain"}],
        }));
    }
    found
}

//! Answers as a draft on the desk: kept as they were given, also while something is wrong with them.

use jiff::tz::TimeZone;
use proofdesk_engine::Engine;
use proofdesk_store::{Select, Statement};

use crate::answer::{Answer, Answers, Known};
use crate::error::Error;
use crate::guide::Guide;
use crate::make::Desk;

/// Before the name of a question in the table of settings.
const PREFIX: &str = "setup.answer.";
/// The templates from which set-up began documents.
const ADOPTED: &str = "setup.documents";
/// What the desk is called and in which zone it works; the questions have the same names.
const ORGANIZATION: &str = "organization";
const ZONE: &str = "zone";
/// Before these names in the table of settings.
const DESK: &str = "desk.";
/// The obligations that hold since set-up.
const TURNED: &str = "setup.turned";

impl Answers {
    /// The answers that were kept.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn kept(engine: &Engine, guide: &Guide) -> Result<Self, Error> {
        let names: Vec<String> = guide.questions().map(|q| format!("{PREFIX}{}", q.name)).collect();
        let question = Select::from("setting", &["name", "value"]).when_in("name", names).short();
        let rows = engine.store().select(question).await.map_err(proofdesk_engine::Error::from)?;
        let mut answers = Self::default();
        for row in rows {
            let name = row.text(0).strip_prefix(PREFIX).unwrap_or_default();
            if let Ok(answer) = serde_json::from_str::<Answer>(row.text(1)) {
                answers.0.insert(name.to_owned(), answer);
            }
        }
        Ok(answers)
    }

    /// Keeps these answers; those of other questions stay as they are.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn keep(&self, engine: &Engine) -> Result<(), Error> {
        let now = engine.now();
        let mut rows = Vec::new();
        for (name, answer) in &self.0 {
            let value = serde_json::to_string(answer).map_err(|e| Error::File(e.to_string()))?;
            rows.push(setting(&format!("{PREFIX}{name}"), value, now));
        }
        Ok(engine.store().execute(rows).await.map_err(proofdesk_engine::Error::from)?)
    }
}

/// What set-up was told of the desk itself, once it was carried out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Name of the organization.
    pub organization: Option<String>,
    /// Zone in which it works.
    pub zone: Option<TimeZone>,
}

impl Said {
    /// What a desk was told.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn load(engine: &Engine) -> Result<Self, Error> {
        let text = async |name: &str| -> Result<Option<String>, Error> {
            let name = format!("{DESK}{name}");
            let question = Select::from("setting", &["value"]).when("name", name).limit(1).short();
            let rows = engine.store().select(question).await.map_err(proofdesk_engine::Error::from)?;
            Ok(rows.first().map(|row| row.text(0).trim().to_owned()).filter(|text| !text.is_empty()))
        };
        let zone = text(ZONE).await?.and_then(|name| TimeZone::get(&name).ok());
        Ok(Self { organization: text(ORGANIZATION).await?, zone })
    }

    /// The desk's zone: the operator's where he chose one, else the one that set-up was told.
    pub fn zone_beside(&self, operator: &TimeZone, is_chosen: bool) -> TimeZone {
        self.zone.as_ref().filter(|_| !is_chosen).unwrap_or(operator).clone()
    }

    /// The desk's name: the operator's where he chose one, else the one that set-up was told.
    pub fn organization_beside(&self, operator: &str, is_chosen: bool) -> String {
        self.organization.as_deref().filter(|_| !is_chosen).unwrap_or(operator).to_owned()
    }
}

/// The zone that these answers name; none where nothing is asked about it, or where it is no zone.
pub(crate) fn zone_of(guide: &Guide, answers: &Answers, known: &Known) -> Option<TimeZone> {
    match answers.of(guide.question(ZONE)?, known) {
        Answer::Text(text) => TimeZone::get(text.trim()).ok(),
        _ => None,
    }
}

/// Keeps what these answers say of the desk itself, as far as nothing is wrong with it.
pub(crate) async fn keep_said(
    engine: &Engine,
    guide: &Guide,
    answers: &Answers,
    known: &Known,
) -> Result<(), Error> {
    let wrong = answers.wrong(guide, known);
    let mut rows = Vec::new();
    for name in [ORGANIZATION, ZONE] {
        let Some(question) = guide.question(name) else { continue };
        if wrong.iter().any(|w| w.question == name) {
            continue;
        }
        if let Answer::Text(text) = answers.of(question, known) {
            rows.push(setting(&format!("{DESK}{name}"), text, engine.now()));
        }
    }
    Ok(engine.store().execute(rows).await.map_err(proofdesk_engine::Error::from)?)
}

impl Desk<'_> {
    /// Takes up changed answers about the desk itself, where it was set up before; gives what it was told then.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn hear_again(&self, answers: &Answers, known: &Known) -> Result<Option<Said>, Error> {
        if turned(self.engine).await?.is_none() {
            return Ok(None);
        }
        keep_said(self.engine, self.guide, answers, known).await?;
        Ok(Some(Said::load(self.engine).await?))
    }
}

fn setting(name: &str, value: String, now: i64) -> Statement {
    Statement::upsert("setting").key("name", name.to_owned()).set("value", value).set("updated_at", now)
}

/// Keeps which obligations hold since set-up and did not before.
///
/// # Errors
/// A fault of the database.
pub async fn keep_turned(engine: &Engine, obligations: &[String]) -> Result<(), Error> {
    let row = setting(TURNED, obligations.join(" "), engine.now());
    Ok(engine.store().execute(vec![row]).await.map_err(proofdesk_engine::Error::from)?)
}

/// The templates from which set-up began documents.
pub(crate) async fn adopted(engine: &Engine) -> Result<Vec<String>, Error> {
    Ok(words(engine, ADOPTED).await?.unwrap_or_default())
}

/// Keeps from which templates set-up began documents.
pub(crate) async fn keep_adopted(engine: &Engine, names: &[String]) -> Result<(), Error> {
    let row = setting(ADOPTED, names.join(" "), engine.now());
    Ok(engine.store().execute(vec![row]).await.map_err(proofdesk_engine::Error::from)?)
}

/// The obligations that hold since set-up; none before it.
///
/// # Errors
/// A fault of the database.
pub async fn turned(engine: &Engine) -> Result<Option<Vec<String>>, Error> {
    words(engine, TURNED).await
}

async fn words(engine: &Engine, name: &str) -> Result<Option<Vec<String>>, Error> {
    let question = Select::from("setting", &["value"]).when("name", name.to_owned()).limit(1).short();
    let rows = engine.store().select(question).await.map_err(proofdesk_engine::Error::from)?;
    Ok(rows.first().map(|row| row.text(0).split_whitespace().map(str::to_owned).collect()))
}

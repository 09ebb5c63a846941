//! What people judged: where a machine sees only that something is there, somebody says whether it is good.

use anyhow::Context as _;
use proofdesk_conformity::control::Kind;
use proofdesk_conformity::{Conformity, NewJudgement, Opinion, Scope, State};
use proofdesk_engine::{Caller, Door, FixedTime};

use crate::Login;
use crate::story::{DAY, HOUR};

/// Reasons that an internal auditor writes after reading.
const REASONS: [&str; 4] = [
    "Read ten records of the quarter: the texts say what was done and why.",
    "Compared with the procedure in force; it is followed, and the people know it.",
    "Talked to two owners and read their last reviews; they lead to action.",
    "Sample of five, drawn from the list of the last ninety days; all are clear.",
];

/// Judges two of three obligations that wait for a judgement; the rest still waits.
///
/// # Errors
/// When the engine refuses one.
pub async fn record(
    conformity: &Conformity,
    time: &FixedTime,
    logins: &[Login],
    end: i64,
) -> anyhow::Result<()> {
    let auditor =
        logins.iter().find(|l| l.sign_in == "otto").context("the auditor has an account")?.account.caller();
    for framework in ["iso-20000-1-2018", crate::frameworks::ID] {
        judge(conformity, time, &auditor, framework, end).await?;
    }
    time.set(end);
    conformity.run(&Scope::all(), "schedule", Door::Demo).await?;
    Ok(())
}

async fn judge(
    conformity: &Conformity,
    time: &FixedTime,
    auditor: &Caller,
    framework: &str,
    end: i64,
) -> anyhow::Result<()> {
    let overview = conformity.overview(framework, &Scope::all()).await?;
    let due: Vec<String> = overview
        .chapters
        .iter()
        .flat_map(|c| &c.clauses)
        .flat_map(|c| &c.obligations)
        .filter(|o| o.state == State::JudgementDue)
        .map(|o| o.id.clone())
        .collect();
    for (i, obligation) in due.iter().enumerate().filter(|(i, _)| i % 3 != 2) {
        let at = end - (9 - i as i64 % 7) * DAY + 3 * HOUR;
        time.set(at.min(end));
        let serving = conformity.declarations().controls.serving(framework, obligation);
        let attest = serving.iter().find(|(test, _)| matches!(test.kind, Kind::Attest(_)));
        let judgement = NewJudgement {
            framework: framework.to_owned(),
            obligation: obligation.clone(),
            test: attest.map(|(test, _)| test.id.clone()),
            opinion: Opinion::Adequate,
            reason: REASONS[i % REASONS.len()].to_owned(),
            expires_on: None,
        };
        conformity.record_judgement(auditor, &judgement, Door::Demo).await?;
    }
    Ok(())
}

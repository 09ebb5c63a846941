//! What a record still owes: what stands in the way of its next step, before it becomes a nonconformity.

use std::collections::BTreeSet;

use maud::{Markup, html};
use proofdesk_conformity::OwedState;
use proofdesk_engine::{Problem, Record};
use proofdesk_model::{APART, Transition};

use crate::error::WebError;
use crate::pages::steps::{self, Tried};
use crate::session::Visit;

/// How the ids of the standard begin; clauses of other frameworks stand with its name.
const STANDARD: &str = "iso-20000";

/// One thing that a record owes or has given.
#[derive(Debug, Clone)]
pub struct Owed {
    /// `ok`, `bad` or `wait`.
    pub tone: &'static str,
    /// What it is.
    pub text: String,
    /// Clause that asks for it.
    pub clause: Option<String>,
    /// The framework of the clause, where it is not the standard's own.
    pub framework: Option<String>,
    /// The obligation that asks for it, where one does.
    pub obligation: Option<String>,
    /// The field that would settle it.
    pub field: Option<String>,
}

impl From<Problem> for Owed {
    fn from(problem: Problem) -> Self {
        Self {
            tone: "bad",
            text: problem.message,
            clause: problem.clause,
            framework: None,
            obligation: None,
            field: (!problem.field.is_empty()).then_some(problem.field),
        }
    }
}

/// What a record owes: what stands in the way of its next step, which is among those that were tried, then what
/// obligations ask of it.
///
/// # Errors
/// A fault of the database.
pub async fn of(visit: &Visit, record: &Record, tried: &[Tried]) -> Result<Vec<Owed>, WebError> {
    let mut owed = for_next_step(visit, record, tried);
    if let Some(conformity) = &visit.state.conformity
        && visit.caller.reads_notes(&record.of)
    {
        let mut asked = conformity.owes(record).await?;
        // the standard's own clause speaks for what several frameworks ask
        asked.sort_by_key(|o| !o.framework.starts_with(STANDARD));
        // an obligation is met by a record when nothing of it is missing
        let open: BTreeSet<String> =
            asked.iter().filter(|o| o.state != OwedState::Met).map(|o| o.obligation.clone()).collect();
        for one in asked {
            if one.state == OwedState::Met && open.contains(&one.obligation) {
                continue;
            }
            let known = |o: &Owed| o.field.is_some() && o.field == one.field && o.tone == "bad";
            if one.state == OwedState::Missing && owed.iter().any(known) {
                continue;
            }
            let (tone, text) = match one.state {
                OwedState::Missing => ("bad", one.says),
                OwedState::Later if one.cannot_be_evaluated => {
                    ("wait", format!("{} (it cannot be told yet)", one.says))
                }
                OwedState::Later => {
                    ("wait", one.when.map_or(one.text, |when| format!("{} (asked {when})", one.says)))
                }
                OwedState::Met => ("ok", one.text),
            };
            let found = Owed {
                tone,
                text,
                clause: Some(one.clause),
                framework: conformity
                    .declarations()
                    .framework(&one.framework)
                    .filter(|f| !f.id.starts_with(STANDARD))
                    .map(|f| f.title.clone()),
                obligation: Some(one.obligation),
                field: one.field,
            };
            if !owed.iter().any(|o| o.tone == found.tone && o.text == found.text) {
                owed.push(found);
            }
        }
    }
    owed.sort_by_key(|o| match o.tone {
        "bad" => 0,
        "wait" => 1,
        _ => 2,
    });
    Ok(owed)
}

fn for_next_step(visit: &Visit, record: &Record, tried: &[Tried]) -> Vec<Owed> {
    let Some(step) = steps::next(visit, record) else { return Vec::new() };
    let Some(tried) = tried.iter().find(|t| t.name == step.name) else { return Vec::new() };
    let mut owed: Vec<Owed> = given(record, step, &tried.problems);
    // that somebody else is to take the step is about the reader, not about the record
    let of_record = tried.problems.iter().filter(|p| p.code != APART && !is_told(step, &tried.problems, p));
    owed.extend(of_record.cloned().map(Owed::from));
    owed
}

/// Whether a guard refuses because of a field whose absence is said already.
fn is_told(step: &Transition, problems: &[Problem], problem: &Problem) -> bool {
    let is_missing = |name: &str| problems.iter().any(|p| p.code == "required" && p.field == name);
    let mut guards = step.guards.iter().filter(|g| problem.code == "guard" && g.says == problem.message);
    guards.any(|guard| guard.condition.fields().iter().any(|path| is_missing(&path.field)))
}

/// What the next step asks for and has.
fn given(record: &Record, step: &Transition, missing: &[Problem]) -> Vec<Owed> {
    let asked = step.requires.iter().filter(|name| !missing.iter().any(|p| p.field == **name));
    let fields = asked.filter_map(|name| record.of.field(name));
    let fields = fields.map(|f| Owed {
        tone: "ok",
        text: format!("{} is given", f.label),
        clause: f.clause.clone(),
        framework: None,
        obligation: None,
        field: None,
    });
    fields.collect()
}

/// The list of checks: what is open, what comes later, and behind a fold what is given. Says so when nothing is owed.
pub fn checks(owed: &[Owed], edit: &str) -> Markup {
    let open = || owed.iter().filter(|o| o.tone != "ok");
    let given: Vec<&Owed> = owed.iter().filter(|o| o.tone == "ok").collect();
    html! {
        @if open().next().is_none() { p.small.muted { "Nothing is open for the next step." } }
        @for one in open().filter(|o| o.tone == "bad") { (check(one, edit)) }
        @for one in open().filter(|o| o.tone == "wait").take(6) { (check(one, edit)) }
        @if given.len() <= 3 { @for one in &given { (check(one, edit)) } }
        @else { details.small { summary.muted { (given.len()) " things are given" } @for one in &given { (check(one, edit)) } } }
    }
}

fn check(one: &Owed, edit: &str) -> Markup {
    html! {
        div class={ "check " (one.tone) } {
            span.mark aria-hidden="true" { (match one.tone { "ok" => "✓", "bad" => "!", _ => "·" }) }
            span {
                span.sr { (match one.tone { "ok" => "Done: ", "bad" => "Open: ", _ => "Later: " }) }
                (one.text)
                @if let Some(framework) = &one.framework { " " span.faint { (framework) } }
                @if let Some(field) = one.field.as_ref().filter(|_| one.tone != "ok") { " " a.muted.link href={ (edit) "#f-" (field) } { "Give it" } }
            }
            @match (&one.obligation, &one.clause) {
                (Some(obligation), Some(clause)) => a.faint.key href={ "/conformity/" (obligation) } title={ "Obligation " (obligation) } { (clause) },
                (None, Some(clause)) => span.faint.key { (clause) },
                _ => span {},
            }
        }
    }
}

/// How many are open.
pub fn open(owed: &[Owed]) -> usize {
    owed.iter().filter(|o| o.tone == "bad").count()
}

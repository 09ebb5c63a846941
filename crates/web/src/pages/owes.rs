//! What a record still owes: what stands in the way of its next step, before it becomes a nonconformity.

use maud::{Markup, html};
use proofdesk_engine::Target;
use proofdesk_engine::{Change, Door, Problem, Record, Reference};
use proofdesk_model::Transition;

use crate::error::WebError;
use crate::session::Visit;

/// One thing that a record owes or has given.
#[derive(Debug, Clone)]
pub struct Owed {
    /// `ok`, `bad` or `wait`.
    pub tone: &'static str,
    /// What it is.
    pub text: String,
    /// Clause that asks for it.
    pub clause: Option<String>,
    /// The field that would settle it.
    pub field: Option<String>,
}

/// The next step of a record on its main line: the declared primary transition, or else the first to a state on it.
pub fn next_step<'a>(visit: &Visit, record: &'a Record) -> Option<&'a Transition> {
    let allowed =
        |t: &&Transition| visit.caller.may(&record.of, &proofdesk_engine::Action::Transition(t.name.clone()));
    let from = || record.of.transitions_from(&record.state).filter(allowed);
    let on_line = |t: &&Transition| record.of.state(&t.to).is_some_and(|s| !s.aside);
    from().filter(|t| t.primary).last().or_else(|| from().find(on_line))
}

/// What stands in the way of the next step.
///
/// # Errors
/// A fault of the database.
pub async fn of(visit: &Visit, record: &Record) -> Result<Vec<Owed>, WebError> {
    let Some(step) = next_step(visit, record) else { return Ok(Vec::new()) };
    let reference = Reference::new(record.of.name.clone(), record.number);
    let change = Change::default().take(&step.name);
    let problems =
        visit.engine().rehearse(&visit.caller, Target::Existing(reference, None), change, Door::Page).await?;
    let mut owed: Vec<Owed> = given(record, step, &problems.0);
    owed.extend(problems.0.into_iter().map(|p| Owed {
        tone: "bad",
        text: p.message,
        clause: p.clause,
        field: (!p.field.is_empty()).then_some(p.field),
    }));
    Ok(owed)
}

/// What the next step asks for and has.
fn given(record: &Record, step: &Transition, missing: &[Problem]) -> Vec<Owed> {
    let asked = step.requires.iter().filter(|name| !missing.iter().any(|p| p.field == **name));
    let fields = asked.filter_map(|name| record.of.field(name));
    let fields = fields.map(|f| Owed {
        tone: "ok",
        text: format!("{} is given", f.label),
        clause: f.clause.clone(),
        field: None,
    });
    fields.collect()
}

/// The list of checks; says so when nothing is owed.
pub fn checks(owed: &[Owed], edit: &str) -> Markup {
    html! {
        @if owed.is_empty() { p.small.muted { "Nothing is open for the next step." } }
        @for one in owed {
            div class={ "check " (one.tone) } {
                span.mark aria-hidden="true" { (match one.tone { "ok" => "✓", "bad" => "!", _ => "·" }) }
                span {
                    span.sr { (match one.tone { "ok" => "Done: ", "bad" => "Open: ", _ => "Later: " }) }
                    (one.text)
                    @if let Some(field) = &one.field { " " a.muted.link href={ (edit) "#f-" (field) } { "Give it" } }
                }
                @if let Some(clause) = &one.clause { span.faint.key { (clause) } } @else { span {} }
            }
        }
    }
}

/// How many are open.
pub fn open(owed: &[Owed]) -> usize {
    owed.iter().filter(|o| o.tone == "bad").count()
}

//! The steps of a record as the visitor may take them now: which are open to him, and what stands in the way of the
//! others beyond what their forms ask for. One way for the record's page, its preview, the page of a step and what
//! waits for somebody.
//!
//! Not here: the page of a step (`transition`), and what obligations ask of a record (`owes`).

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use proofdesk_engine::{Action, Change, Door, Problem, Record, Reference, Target};
use proofdesk_model::{APART, Computed, Field, Guard, Transition};

use crate::error::WebError;
use crate::session::Visit;

/// Steps tried at the same time.
const AT_ONCE: usize = 4;

/// A step that was tried without filling anything in.
#[derive(Debug, Clone)]
pub struct Tried {
    /// Its name.
    pub name: String,
    /// Everything that would refuse it, also what its form asks for.
    pub problems: Vec<Problem>,
    /// What stands in its way beyond what its form asks for, each sentence once.
    pub obstacles: Vec<Problem>,
}

/// The steps that the visitor's roles allow in the record's state.
pub fn allowed<'a>(visit: &Visit, record: &'a Record) -> Vec<&'a Transition> {
    let may = |t: &&Transition| visit.caller.may(&record.of, &Action::Transition(t.name.clone()));
    record.of.transitions_from(&record.state).filter(may).collect()
}

/// The next step of a record on its main line: the declared primary transition, or else the first to a state on it.
pub fn next<'a>(visit: &Visit, record: &'a Record) -> Option<&'a Transition> {
    let from = allowed(visit, record);
    let on_line = |t: &&&Transition| record.of.state(&t.to).is_some_and(|s| !s.aside);
    from.iter().rfind(|t| t.primary).or_else(|| from.iter().find(on_line)).copied()
}

/// The fields that the form of a step asks for: required by it or by its state, then offered.
pub fn asked<'a>(record: &'a Record, step: &'a Transition) -> Vec<&'a Field> {
    let state = record.of.state(&step.to).map_or(&[][..], |s| &s.requires);
    let mut found: Vec<&Field> = Vec::new();
    for name in step.requires.iter().chain(state).chain(&step.offers) {
        if let Some(field) = record.of.field(name)
            && (step.asks_for(name) || record.of.is_open_for(record, field))
            && !found.iter().any(|f| f.name == field.name)
        {
            found.push(field);
        }
    }
    found
}

/// Tries a step as the write path would, and writes nothing.
///
/// # Errors
/// A fault of the database.
pub async fn tried(visit: &Visit, record: &Record, step: &Transition) -> Result<Tried, WebError> {
    let target = Target::Existing(Reference::new(record.of.name.clone(), record.number), None);
    let change = Change::default().take(&step.name);
    let problems = visit.engine().rehearse(&visit.caller, target, change, Door::Page).await?.0;
    let fields = asked(record, step);
    let mut obstacles: Vec<Problem> = Vec::new();
    for problem in problems.iter().filter(|p| !is_settled_by(step, record, &fields, p)) {
        if !obstacles.iter().any(|o| o.message == problem.message) {
            obstacles.push(problem.clone());
        }
    }
    Ok(Tried { name: step.name.clone(), problems, obstacles })
}

/// Tries all steps that the visitor's roles allow, in their order.
///
/// # Errors
/// A fault of the database.
pub async fn all(visit: &Visit, record: &Record) -> Result<Vec<Tried>, WebError> {
    let steps = allowed(visit, record);
    let questions: Vec<_> = steps.into_iter().map(|step| tried(visit, record, step)).collect();
    stream::iter(questions).buffered(AT_ONCE).try_collect().await
}

/// Whether filling the form may settle a problem: it is about a field of the form, or a guard that reads one or what
/// is worked out from it.
fn is_settled_by(step: &Transition, record: &Record, form: &[&Field], problem: &Problem) -> bool {
    let in_form = |name: &str| form.iter().any(|f| f.name == name);
    if in_form(&problem.field) {
        return true;
    }
    let is_of = |g: &&Guard| match problem.code.as_str() {
        "guard" => g.says == problem.message,
        APART => g.holds_apart(),
        _ => false,
    };
    // another name in the form settles nothing: who is held apart is so by the log, too
    let mut read = step.guards.iter().filter(is_of).flat_map(|g| {
        let fields = g.condition.fields().into_iter();
        fields.filter(|path| g.apart_from.as_ref() != Some(&path.field) || !path.steps.is_empty())
    });
    read.any(|path| {
        let name = path.steps.first().unwrap_or(&path.field);
        in_form(name)
            || match record.of.field(name).and_then(|f| f.computed.as_ref()) {
                Some(Computed::Table { row_field, column_field, override_reason, .. }) => {
                    let from = [Some(row_field), Some(column_field), override_reason.as_ref()];
                    from.into_iter().flatten().any(|name| in_form(name))
                }
                // what a rule reads is not declared
                Some(Computed::Rule(_)) => !form.is_empty(),
                Some(Computed::Clock(_)) | None => false,
            }
    })
}

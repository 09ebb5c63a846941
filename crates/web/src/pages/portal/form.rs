//! The forms by which something is sent: what is broken, what is asked for (by the form of a model), what was not right.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, PreEscaped, html};
use proofdesk_engine::{Action, Change, Error, Record, Reference, Target, markdown};
use proofdesk_model::form_text::{Asked, AskedKind, FormText, Refused};
use proofdesk_model::{Field, Kind, RecordType, Value};

use crate::error::WebError;
use crate::form::Typed;
use crate::form::sent;
use crate::language::Given;
use crate::menu::slug;
use crate::pages::{change, require_type};
use crate::session::Visit;
use crate::state::AppState;

use super::entry::called;
use super::frame::{Sheet, beside, frame, refused};
use super::names::{COMPLAINT, INCIDENT, MODEL, NOTICE, REQUEST, SENT, SERVICE};
use super::offers::{is_offered, terms};
use super::services::{concerned, is_ahead, is_over};
use super::{Client, nothing, reference_of};

/// Longest summary made of a description.
const SUMMARY: usize = 120;
/// What the choice of a service sends for who does not know.
const UNKNOWN: &str = "unknown";

/// `/portal/{type}/new`.
pub fn router() -> Router<AppState> {
    // texts and files are counted while they are read
    Router::new().route("/portal/{slug}/new", get(ask).post(send).layer(DefaultBodyLimit::disable()))
}

/// What a form is about.
struct Subject {
    of: std::sync::Arc<RecordType>,
    model: Option<Record>,
    form: FormText,
    notice: Option<Record>,
    services: Vec<Record>,
}

/// The type that an address names, if this person may send such a record.
fn type_of(visit: &Visit, slug: &str) -> Result<std::sync::Arc<RecordType>, WebError> {
    let of = require_type(visit, slug)?;
    if !SENT.contains(&of.name.as_str()) {
        return Err(nothing());
    }
    of.permit(&visit.caller, Action::Create, None).map_err(Error::Forbidden)?;
    Ok(of)
}

impl Subject {
    async fn of(client: &Client, of: std::sync::Arc<RecordType>, typed: &Typed) -> Result<Self, WebError> {
        let model = match reference_of(client, MODEL, typed.text("model")).filter(|_| of.name == REQUEST) {
            Some(model) => Some(seen(client, &model).await?).filter(is_offered),
            None => None,
        };
        let notice = match reference_of(client, NOTICE, typed.text("notice")).filter(|_| of.name == INCIDENT)
        {
            // one that is over, or has not begun, explains nothing of today
            Some(notice) => Some(seen(client, &notice).await?)
                .filter(|n| !is_over(n, client.visit.now) && !is_ahead(n, client.visit.now)),
            None => None,
        };
        let text = model.as_ref().and_then(|m| m.text("form")).unwrap_or_default();
        let form = FormText::parse(text).unwrap_or_default();
        let services = match (&model, &notice) {
            (Some(model), _) => {
                client.visit.engine().related(&client.visit.caller, model, "services").await?
            }
            (None, Some(notice)) => concerned(client, notice).await?,
            (None, None) => Vec::new(),
        };
        let services = if services.is_empty() { offered_services(client).await? } else { services };
        Ok(Self { of, model, form, notice, services })
    }

    fn title(&self, client: &Client) -> String {
        match &self.model {
            Some(model) => model.title(),
            None => client.say(match self.of.name.as_str() {
                INCIDENT => "home-broken",
                REQUEST => "home-other",
                _ => "home-complaint",
            }),
        }
    }
}

/// A record that an input names: where the person does not see it, there is none.
async fn seen(client: &Client, reference: &Reference) -> Result<Record, WebError> {
    Ok(client.visit.engine().require(&client.visit.caller, reference).await?)
}

async fn offered_services(client: &Client) -> Result<Vec<Record>, WebError> {
    client.all(&client.visit.caller, SERVICE, "state == 'live' && published == true", "name", false).await
}

async fn ask(
    client: Client,
    Path(slug): Path<String>,
    Query(given): Query<Vec<(String, String)>>,
) -> Result<Markup, WebError> {
    let of = type_of(&client.visit, &slug)?;
    let mut typed = Typed::new(given);
    let subject = Subject::of(&client, of, &typed).await?;
    let text = typed.text("q").unwrap_or_default();
    if !text.is_empty() {
        typed.set("description", text.clone());
        if subject.model.is_none() {
            typed.set("title", summary(&text));
        }
    }
    if let Some(notice) = &subject.notice
        && text.is_empty()
    {
        typed.set("title", notice.title());
    }
    page(&client, &subject, &typed, &[]).await
}

/// The first line or sentence of a description.
fn summary(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    line.chars().take(SUMMARY).collect()
}

async fn send(client: Client, Path(slug): Path<String>, request: Request) -> Result<Response, WebError> {
    let of = type_of(&client.visit, &slug)?;
    let may_attach = client.visit.caller.may(&of, &Action::Attach);
    let fields: Vec<&Field> = of.fields.values().filter(|f| may_attach && is_picture(f)).collect();
    let sent::Sent { typed, files, refused } = sent::read(&client.visit, &of, &fields, request).await?;
    let subject = Subject::of(&client, of.clone(), &typed).await?;
    let outcome = match written(&client, &subject, &typed) {
        Ok(change) => match sent::judged(refused, Ok(change)) {
            Ok(change) => change::apply(&client.visit, Target::New(of.name.clone()), change, files).await,
            Err(error) => Err(error),
        },
        Err(wrong) => {
            let all = [wrong, client.wrong(&of, &refused)].concat();
            return again(&client, &subject, &typed, &all).await;
        }
    };
    match outcome {
        Ok(applied) => {
            let to = format!("/portal/{}/{}?sent=yes", slug_of(&of), applied.record.reference());
            Ok(Redirect::to(&to).into_response())
        }
        Err(WebError::Engine(Error::Invalid(problems))) => {
            let wrong = client.wrong(&of, &problems.0);
            again(&client, &subject, &typed, &wrong).await
        }
        Err(other) => Err(other),
    }
}

fn slug_of(of: &RecordType) -> String {
    slug(of)
}

async fn again(
    client: &Client,
    subject: &Subject,
    typed: &Typed,
    wrong: &[(String, String)],
) -> Result<Response, WebError> {
    let page = page(client, subject, typed, wrong).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn is_picture(field: &Field) -> bool {
    matches!(field.kind, Kind::File) && field.public
}

/// The change that a form asks for, or what is wrong with its answers.
fn written(client: &Client, subject: &Subject, typed: &Typed) -> Result<Change, Vec<(String, String)>> {
    let text = |name: &str| typed.text(name).unwrap_or_default().trim().to_owned();
    let description = text("description");
    let given = text("title");
    let title = match &subject.model {
        Some(model) => model.title(),
        None if given.is_empty() => summary(&description),
        None => given,
    };
    let mut change = Change::default().with_text("title", &title);
    if !description.is_empty() {
        change = change.with_text("description", &description);
    }
    let mut wrong = Vec::new();
    match asked_service(client, subject, typed) {
        Ok(Some(service)) => change = change.with("service", Value::Link(service.number)),
        Ok(None) => {}
        Err(sentence) => wrong.push(("service".to_owned(), sentence)),
    }
    if let Some(category) = typed.text("category").filter(|c| subject.of.name == COMPLAINT && !c.is_empty()) {
        change = change.with_text("category", &category);
    }
    if title.is_empty() {
        wrong.push(("title".to_owned(), client.wrong_required(&subject.of, "title")));
    }
    if let Some(notice) = &subject.notice {
        change = change.with("notice", Value::Link(notice.number));
    }
    if let Some(model) = &subject.model {
        let answers = subject.form.answers(|at| typed.text(&name_of(at)).unwrap_or_default());
        let answers = answers.unwrap_or_else(|refused| {
            let said = |(at, why): (usize, Refused)| (name_of(at), answer_wrong(client, subject, at, why));
            wrong.extend(refused.into_iter().map(said));
            String::new()
        });
        change = change.with("model", Value::Link(model.number));
        if !answers.is_empty() {
            change = change.with_text("answers", &answers);
        }
    }
    if wrong.is_empty() { Ok(change) } else { Err(wrong) }
}

/// The service that it is about: the only one, the chosen one, or none for who says that he does not know. Who chose
/// nothing is asked.
fn asked_service(client: &Client, subject: &Subject, typed: &Typed) -> Result<Option<Reference>, String> {
    let chosen = typed.text("service").unwrap_or_default();
    if let Some(found) = reference_of(client, SERVICE, Some(chosen.clone())) {
        return Ok(Some(found));
    }
    match subject.services.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(Reference::new(SERVICE, one.number))),
        _ if chosen == UNKNOWN || subject.of.name == COMPLAINT => Ok(None),
        _ => Err(client.say("wrong-service")),
    }
}

/// The name of the input of a declared field.
fn name_of(at: usize) -> String {
    format!("answer.{at}")
}

fn answer_wrong(client: &Client, subject: &Subject, at: usize, why: Refused) -> String {
    let label = subject.form.fields.get(at).map_or("", |f| f.label.in_language(client.words.code()));
    let key = match why {
        Refused::Required => "wrong-required",
        Refused::Number => "wrong-number",
        Refused::Day => "wrong-day",
        Refused::Option => "wrong-option",
        Refused::Size => "wrong-size",
    };
    client.words.with(key, &[("field", Given::Text(label))])
}

async fn page(
    client: &Client,
    subject: &Subject,
    typed: &Typed,
    wrong: &[(String, String)],
) -> Result<Markup, WebError> {
    let title = subject.title(client);
    let action = format!("/portal/{}/new", slug_of(&subject.of));
    let code = client.words.code();
    let may_attach = client.visit.caller.may(&subject.of, &Action::Attach);
    let complains = subject.of.name == COMPLAINT;
    let picture = subject.of.fields.values().find(|f| may_attach && is_picture(f));
    let hidden = |name: &str, record: &Option<Record>| {
        html! { @if let Some(record) = record { input type="hidden" name=(name) value=(record.reference()); } }
    };
    let body = html! {
        h1 { (title) }
        @if let Some(model) = &subject.model { (introduction(client, model)) }
        @if let Some(notice) = &subject.notice { p.muted { (client.fill("form-notice", "title", &notice.title())) } }
        (refused(client, wrong))
        form.form method="post" action=(action) enctype=[picture.map(|_| "multipart/form-data")] {
            (hidden("model", &subject.model))
            (hidden("notice", &subject.notice))
            @if subject.model.is_none() { (line(client, "title", &called(client.words, Some(&subject.of), "title"), typed, wrong)) }
            @if complains { (category(client, subject, typed, wrong)) }
            @if !subject.form.intro.in_language(code).is_empty() { p { (subject.form.intro.in_language(code)) } }
            @for (at, field) in subject.form.fields.iter().enumerate() { (answer(client, at, field, typed, wrong)) }
            @let more = if subject.form.fields.is_empty() { called(client.words, Some(&subject.of), "description") } else { client.say("form-more") };
            div.input {
                label for="description" { (more) }
                textarea.field id="description" name="description" rows="5" maxlength="20000" aria-invalid=[is_wrong("description", wrong).then_some("true")] { (typed.text("description").unwrap_or_default()) }
                (beside("description", wrong))
            }
            (service(client, subject, typed, wrong))
            @if let Some(picture) = picture {
                div.input {
                    label for=(picture.name) { (client.say("form-file")) }
                    input.field id=(picture.name) type="file" name=(picture.name);
                    (beside(&picture.name, wrong))
                }
            }
            div.row { button.button.primary.large { (client.say("form-send")) } a.button.large href="/portal" { (client.say("form-leave")) } }
        }
    };
    frame(client, Sheet { title: &title, events: "", body }).await
}

fn introduction(client: &Client, model: &Record) -> Markup {
    let terms = terms(client, model);
    html! {
        @if let Some(text) = model.text("description") { div.prose { (PreEscaped(markdown::to_html(text))) } }
        @if !terms.is_empty() { p.muted { (terms) } }
    }
}

fn is_wrong(name: &str, wrong: &[(String, String)]) -> bool {
    wrong.iter().any(|(field, _)| field == name)
}

fn line(client: &Client, name: &str, label: &str, typed: &Typed, wrong: &[(String, String)]) -> Markup {
    let invalid = is_wrong(name, wrong);
    html! { div.input {
        label for=(name) { (label) " " span.faint { (client.say("form-required")) } }
        input.field id=(name) name=(name) value=(typed.text(name).unwrap_or_default()) maxlength="300" required aria-invalid=[invalid.then_some("true")] aria-describedby=[invalid.then(|| format!("wrong-{name}"))];
        (beside(name, wrong))
    } }
}

/// The service: said where only one comes into question, else chosen; who does not know says so.
fn service(client: &Client, subject: &Subject, typed: &Typed, wrong: &[(String, String)]) -> Markup {
    let chosen = typed.text("service").unwrap_or_default();
    let invalid = is_wrong("service", wrong);
    let must = subject.of.name != COMPLAINT;
    html! {
        @match subject.services.as_slice() {
            [] => {}
            [one] => {
                p.muted { (client.fill("form-about", "service", &one.title())) }
                input type="hidden" name="service" value=(one.reference());
                (beside("service", wrong))
            }
            many => div.input {
                label for="service" { (client.say("form-service")) @if must { " " span.faint { (client.say("form-required")) } } }
                select.field id="service" name="service" required[must] aria-invalid=[invalid.then_some("true")] aria-describedby=[invalid.then_some("wrong-service")] {
                    option value="" { (client.say("form-choose")) }
                    @for service in many { option value=(service.reference()) selected[service.reference() == chosen] { (service.title()) } }
                    @if must { option value=(UNKNOWN) selected[chosen == UNKNOWN] { (client.say("form-service-unknown")) } }
                }
                (beside("service", wrong))
            },
        }
    }
}

/// What a complaint is about, as its type declares it.
fn category(client: &Client, subject: &Subject, typed: &Typed, wrong: &[(String, String)]) -> Markup {
    let Some(field) = subject.of.field("category") else { return html! {} };
    let chosen = typed.text("category").unwrap_or_default();
    html! { div.input {
        label for="category" { (called(client.words, Some(&subject.of), "category")) }
        select.field id="category" name="category" aria-invalid=[is_wrong("category", wrong).then_some("true")] {
            option value="" { (client.say("form-choose")) }
            @for option in field.options() { option value=(option.name) selected[option.name == chosen] { (client.words.option_of(&subject.of, "category", option)) } }
        }
        (beside("category", wrong))
    } }
}

/// The input of a declared field.
fn answer(client: &Client, at: usize, field: &Asked, typed: &Typed, wrong: &[(String, String)]) -> Markup {
    let (name, code) = (name_of(at), client.words.code());
    let value = typed.text(&name).unwrap_or_default();
    let invalid = is_wrong(&name, wrong).then_some("true");
    let told = is_wrong(&name, wrong).then(|| format!("wrong-{name}"));
    let yes_no = [("yes".to_owned(), client.say("form-yes")), ("no".to_owned(), client.say("form-no"))];
    let options: Vec<(String, String)> = match field.kind {
        AskedKind::Choice => {
            let said = field.options.iter().map(|o| o.in_language(code).to_owned());
            said.enumerate().map(|(place, words)| (place.to_string(), words)).collect()
        }
        AskedKind::YesNo => yes_no.to_vec(),
        _ => Vec::new(),
    };
    let (kind, mode) = match field.kind {
        AskedKind::Day => ("date", None),
        AskedKind::Number => ("text", Some("decimal")),
        _ => ("text", None),
    };
    html! { div.input {
        label for=(name) { (field.label.in_language(code)) @if field.required { " " span.faint { (client.say("form-required")) } } }
        @if !options.is_empty() {
            select.field id=(name) name=(name) required[field.required] aria-invalid=[invalid] aria-describedby=[told] {
                option value="" { (client.say("form-choose")) }
                @for (key, words) in &options { option value=(key) selected[*key == value] { (words) } }
            }
        } @else if field.kind == AskedKind::Lines {
            textarea.field id=(name) name=(name) rows="4" maxlength="10000" required[field.required] aria-invalid=[invalid] aria-describedby=[told] { (value) }
        } @else {
            input.field id=(name) name=(name) type=(kind) inputmode=[mode] value=(value) maxlength="500" required[field.required] aria-invalid=[invalid] aria-describedby=[told];
        }
        @if let Some(help) = &field.help { p.help { (help.in_language(code)) } }
        (beside(&name, wrong))
    } }
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn a_summary_is_the_first_line() {
        assert_eq!(summary("  Till 3 is dark\nsince ten"), "Till 3 is dark");
        assert_eq!(summary(&"ä".repeat(300)).chars().count(), 120);
    }
}

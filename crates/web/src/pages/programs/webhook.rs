//! The form that makes a webhook: what is told to another program, or who may tell a door.

use axum::Router;
use axum::extract::RawForm;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_engine::{Account, Direction, Error, Problems, Webhook};

use super::{page, require_administrator};
use crate::api::hooks;
use crate::error::WebError;
use crate::form::{Typed, Wrong};
use crate::layout::{self, Page};
use crate::pages::account::tokens;
use crate::pages::accounts::pairs;
use crate::parts::empty::{empty, notice};
use crate::session::{Visit, random};
use crate::state::AppState;

/// `/programs/webhooks/new` and where its form goes.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/programs/webhooks/new", get(ask)).route("/programs/webhooks", post(make))
}

async fn ask(visit: Visit) -> Result<Markup, WebError> {
    require_administrator(&visit)?;
    form(&visit, &Typed::default(), &Wrong::default()).await
}

async fn form(visit: &Visit, typed: &Typed, wrong: &Wrong) -> Result<Markup, WebError> {
    let accounts = visit.engine().accounts().await?;
    let programs: Vec<&Account> = accounts.iter().filter(|a| a.program && a.active).collect();
    let body = html! {
        h1 { "New webhook" }
        @if programs.is_empty() {
            (empty("A webhook speaks in the name of a program's account, and there is none yet.", &html! {
                a.button.primary href="/accounts/new?program=yes" { "New account of a program" }
            }))
        } @else {
            section.card { div.body { form.form method="post" action="/programs/webhooks" { (fields(visit, &programs, typed, wrong)) } } }
        }
    };
    let crumbs = [("Other programs", Some("/programs")), ("New webhook", None)];
    let crumbs = crumbs.map(|(name, at)| (name.to_owned(), at.map(str::to_owned))).to_vec();
    Ok(layout::frame(visit, Page::new("New webhook", crumbs, body)))
}

/// A field with its label, what helps, and what is wrong with it.
fn field(name: &str, label: &str, help: &str, wrong: &Wrong, input: &Markup) -> Markup {
    html! { div.input {
        label for=(name) { (label) }
        (input)
        @if !help.is_empty() { p.help { (help) } }
        @for sentence in wrong.of(name) { p.wrong role="alert" { (sentence) } }
    } }
}

fn fields(visit: &Visit, programs: &[&Account], typed: &Typed, wrong: &Wrong) -> Markup {
    let said = |name: &str| typed.text(name).unwrap_or_default();
    let line = |name: &str, most: usize, example: &str| {
        html! { input.field id=(name) name=(name) value=(said(name)) maxlength=(most) placeholder=(example) autocomplete="off" autocapitalize="none"; }
    };
    let choice = |name: &str, none: &str, options: Vec<(String, String)>| {
        html! { select.field id=(name) name=(name) {
            @if !none.is_empty() { option value="" { (none) } }
            @for (value, label) in options { option value=(value) selected[said(name) == value] { (label) } }
        } }
    };
    let accounts =
        programs.iter().map(|a| (a.id.to_string(), format!("{} ({})", a.name, a.sign_in))).collect();
    let types = visit.registry().types().map(|of| (of.name.clone(), of.plural.clone())).collect();
    let doors = visit.state.doors.iter().flat_map(|doors| doors.iter());
    let doors = doors.map(|door| (door.name.clone(), door.label.clone())).collect();
    let is_in = said("direction") == "in";
    html! {
        (field("label", "What it is for", "", wrong, &line("label", 100, "Such as: tell the chat of new major incidents")))
        (field("account", "Account", "What goes out is what this account sees; what comes in is done in its name.", wrong, &choice("account", "", accounts)))
        fieldset { legend { "Way" }
            label.choice { input type="radio" name="direction" value="out" checked[!is_in]; span { "Out: tell another program what happens here" } }
            label.choice { input type="radio" name="direction" value="in" checked[is_in]; span { "In: let another program tell a door" } }
        }
        fieldset { legend { "Out" } div.stack {
            (field("url", "Address to send to", "Only public addresses are asked, unless the operator allows others.", wrong, &line("url", 2_000, "https://chat.example/hooks/7")))
            (field("record_type", "About", "", wrong, &choice("record_type", "Choose what it tells of", types)))
            (field("actions", "Acts", "Words with blanks between them: create, update, or names of steps such as resolve. Empty for all.", wrong, &line("actions", 500, "create resolve")))
            (field("condition", "Only where", "A condition that the record meets afterwards. Empty for all.", wrong, &line("condition", 2_000, "priority in ['p1', 'p2']")))
        } }
        fieldset { legend { "In" } div.stack {
            (field("door", "Door", "What its messages mean stands in the door's file.", wrong, &choice("door", "Choose a door", doors)))
        } }
        (tokens::proof_field(visit))
        @for name in ["present", "password"] { @for sentence in wrong.of(name) { p.wrong role="alert" { (sentence) } } }
        div.row { button.button.primary { "Make the webhook" } a.button.quiet href="/programs" { "Cancel" } }
    }
}

/// What the form says; what belongs to the other way does not count.
fn read(typed: &Typed) -> Webhook {
    let text = |name: &str| typed.text(name).unwrap_or_default().trim().to_owned();
    let direction = if text("direction") == "in" { Direction::In } else { Direction::Out };
    let of = |way: Direction, name: &str| if direction == way { text(name) } else { String::new() };
    Webhook {
        id: 0,
        account: text("account").parse().unwrap_or_default(),
        direction,
        label: text("label"),
        url: of(Direction::Out, "url"),
        door: of(Direction::In, "door"),
        record_type: of(Direction::Out, "record_type"),
        condition: of(Direction::Out, "condition"),
        actions: of(Direction::Out, "actions"),
        created_at: 0,
        seen: 0,
    }
}

async fn make(visit: Visit, RawForm(body): RawForm) -> Result<Response, WebError> {
    require_administrator(&visit)?;
    let typed = Typed::new(pairs(&body)?);
    match make_one(&visit, &typed).await {
        Ok((id, new, secret)) => {
            let address = format!("{}/api/v1/hooks/{id}", visit.state.settings.base());
            let message = notice(
                "ok",
                "The webhook is made. Copy its secret now; it is not shown again.",
                &html! {
                    pre.mono { (secret) }
                    @if new.direction == Direction::In { p { "Messages go by POST to " code { (address) } ", signed with it." } }
                    @else { p { "The other program checks the signature of each message with it." } }
                },
            );
            Ok(page(&visit, &message).await?.into_response())
        }
        Err(Error::Invalid(problems)) => {
            let page = form(&visit, &typed, &Wrong::new(&problems.0)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

async fn make_one(visit: &Visit, typed: &Typed) -> Result<(i64, Webhook, String), Error> {
    let (engine, act) = (visit.engine(), visit.act());
    let new = read(typed);
    // before the password, so that a mistake does not ask for it twice
    let mut problems = Problems::default();
    let (doors, reach) = (visit.state.doors.as_deref(), visit.state.reach.as_deref());
    problems.0.extend(hooks::wrong_end(doors, reach, &new));
    match engine.check_webhook(&new).await {
        Err(Error::Invalid(found)) => problems.0.extend(found.0),
        other => other?,
    }
    problems.into_result().map_err(Error::Invalid)?;
    let present = typed.text("present");
    engine.prove_anew(&act, visit.account.id, present.as_deref(), Some(&visit.secret)).await?;
    let (id, secret) = engine.create_webhook(&act, &new, &mut random()).await?;
    Ok((id, new, secret))
}

//! What a person wants by mail: how often, and when not.

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum_extra::extract::Form;
use maud::{Markup, html};
use proofdesk_engine::Error;
use proofdesk_mail::{Pace, Preference};
use serde::Deserialize;

use super::Own;
use crate::error::WebError;
use crate::form::Wrong;
use crate::state::AppState;

/// The form under `/account/mail`.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/account/mail", post(keep))
}

fn label(pace: Pace) -> &'static str {
    match pace {
        Pace::Each => "mailing-each",
        Pace::Hourly => "mailing-hourly",
        Pace::Daily => "mailing-daily",
        Pace::Urgent => "mailing-urgent",
    }
}

fn clock(minutes: i64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Minutes after midnight of `07:30`.
pub(crate) fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.get(..2)?.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 60 + minutes)
}

/// The card of the account page; nothing where the desk sends no mail.
pub(super) async fn card(own: &Own, wrong: &Wrong) -> Result<Markup, WebError> {
    let (visit, words) = (&own.visit, own.words);
    let Some(mail) = &visit.state.mail else { return Ok(html! {}) };
    let wanted = mail.preference(visit.account.person).await.map_err(Error::from)?;
    let time = |name: &str, key: &str, value: String| {
        html! { div.input { label for=(name) { (words.say(key)) } input.field id=(name) name=(name) type="time" value=(value); } }
    };
    let (from, until) = wanted.quiet.map(|(a, b)| (clock(a), clock(b))).unwrap_or_default();
    // what was typed stays after a refusal
    let typed = |name: &str, kept: String| wrong.typed(name).map_or(kept, str::to_owned);
    let chosen = wrong.typed("pace").and_then(Pace::read).unwrap_or(wanted.pace);
    Ok(html! {
        section.card { header { h2 { (words.say("mailing-title")) } } div.body {
            form.form method="post" action="/account/mail" {
                div.input {
                    label for="pace" { (words.say("mailing-how")) }
                    select.field id="pace" name="pace" {
                        @for pace in Pace::ALL { option value=(pace.as_str()) selected[pace == chosen] { (words.say(label(pace))) } }
                    }
                }
                (time("digest_at", "mailing-at", typed("digest_at", clock(wanted.digest_at))))
                (time("quiet_from", "mailing-from", typed("quiet_from", from)))
                (time("quiet_until", "mailing-until", typed("quiet_until", until)))
                @for sentence in wrong.of("quiet") { p.wrong id="quiet" role="alert" { (sentence) } }
                p.help { (words.say("mailing-help")) }
                div { button.button { (words.say("mailing-keep")) } }
            }
        } }
    })
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    pace: String,
    #[serde(default)]
    digest_at: String,
    #[serde(default)]
    quiet_from: String,
    #[serde(default)]
    quiet_until: String,
}

async fn keep(own: Own, Form(given): Form<Given>) -> Result<Response, WebError> {
    let visit = &own.visit;
    let Some(mail) = visit.state.mail.clone() else {
        return Err(WebError::NotFound("page at this address".to_owned()));
    };
    let typed = [
        ("pace", given.pace.as_str()),
        ("digest_at", &given.digest_at),
        ("quiet_from", &given.quiet_from),
        ("quiet_until", &given.quiet_until),
    ];
    let quiet = match (minutes(&given.quiet_from), minutes(&given.quiet_until)) {
        (Some(from), Some(until)) => Some((from, until)),
        (None, None) if given.quiet_from.is_empty() && given.quiet_until.is_empty() => None,
        _ => {
            let message = "Say both times of day, such as 20:00 and 07:00, or none.";
            return own.refused_keeping(Error::invalid("quiet", "format", message), &typed).await;
        }
    };
    let pace = Pace::read(&given.pace).unwrap_or_default();
    let digest_at = minutes(&given.digest_at).unwrap_or_else(|| Preference::default().digest_at);
    let wanted = Preference { pace, digest_at, quiet };
    match mail.set_preference(visit.account.person, &wanted).await.map_err(Error::from) {
        Ok(()) => Ok(Redirect::to(own.home()).into_response()),
        Err(error) => own.refused_keeping(error, &typed).await,
    }
}

#[cfg(test)]
mod tests {
    use super::{clock, minutes};

    #[test]
    fn times_of_day_are_read_and_written() {
        for (text, is) in
            [("07:30", Some(450)), ("00:00", Some(0)), ("23:59", Some(1_439)), ("07:30:00", Some(450))]
        {
            assert_eq!(minutes(text), is, "{text}");
        }
        for wrong in ["", "24:00", "7", "x:y", "10:7", "-1:00", "10:ä"] {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
        assert_eq!(clock(450), "07:30");
    }
}

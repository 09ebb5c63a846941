//! Conformity as of a past instant: the choice of the instant, and which sealed run answers for it.

use maud::{Markup, html};
use proofdesk_conformity::{Before, RunRow};
use proofdesk_model::format::{parse_instant, show_instant};

use crate::error::WebError;
use crate::layout::escape_query;
use crate::pages::conformity::Asked;
use crate::parts::empty::notice;
use crate::parts::number::thousands;
use crate::parts::time;
use crate::session::Visit;

/// Microseconds of a day: the end of today lies ahead, and means now.
const DAY: i64 = 86_400_000_000;

/// The instant that an address means, a day as its end; none for now.
///
/// # Errors
/// `Invalid` for what is no instant and no day.
pub fn read(visit: &Visit, text: &str) -> Result<Option<i64>, WebError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let whole = if text.len() == "2026-11-22".len() { format!("{text}T23:59:59") } else { text.to_owned() };
    let wrong = || -> WebError {
        let message = "Write a day or a time, such as 2026-11-22 or 2026-11-22T14:30.";
        proofdesk_engine::Error::invalid("as_of", "format", message).into()
    };
    let at = parse_instant(&whole, visit.zone()).ok_or_else(wrong)?;
    let is_today = at - visit.now < DAY && whole.len() > text.len();
    if at > visit.now && !is_today {
        let message = "A time that has not come proves nothing: write one that has passed.";
        return Err(proofdesk_engine::Error::invalid("as_of", "future", message).into());
    }
    Ok(Some(at.min(visit.now)))
}

/// The instant in words.
pub fn words(visit: &Visit, at: Option<i64>) -> String {
    at.map_or_else(|| "now".to_owned(), |at| time::absolute(at, visit.now, visit.zone()))
}

/// The instant for the address of the next page.
pub fn query(sign: char, as_of: &str) -> String {
    if as_of.is_empty() { String::new() } else { format!("{sign}as_of={}", escape_query(as_of)) }
}

/// Where another instant is chosen; the one of the page stands in it.
pub fn form(visit: &Visit, action: &str, asked: &Asked, at: Option<i64>) -> Markup {
    let of_day = |at| show_instant(at, visit.zone()).replacen(' ', "T", 1);
    let value =
        if asked.as_of.contains('T') { asked.as_of.clone() } else { at.map(of_day).unwrap_or_default() };
    html! {
        form.row.tight.as-of method="get" action=(action) {
            @if !asked.framework.is_empty() { input type="hidden" name="framework" value=(asked.framework); }
            label.small.muted for="as-of" { "As of" }
            input.field.small id="as-of" type="datetime-local" name="as_of" value=(value);
            button.button { "Show" }
        }
    }
}

/// Which run answers, and what it saw.
pub fn told(visit: &Visit, at: i64, run: &RunRow, stale: bool, back: &str) -> Markup {
    let words = |at| time::absolute(at, visit.now, visit.zone());
    let title = format!("As of {}: what run {} of {} found", words(at), run.id, words(run.at));
    notice(
        if stale { "risk" } else { "" },
        &title,
        &html! {
            p.small {
                "It is the newest run that was made not later. It saw the log up to entry " span.num { (thousands(run.log_size)) } ", and is sealed in it with the digest "
                span.mono title=(run.digest) { (run.digest.get(..16).unwrap_or_default()) "…" } ". "
                @if stale { "It was too old at that time to prove how things stood. " }
                "Nothing is asked again for the past. " a.link href=(back) { "Show how it stands now" }
            }
        },
    )
}

/// Why nothing is known of an instant, and where something is.
pub fn nothing(visit: &Visit, at: i64, before: Before, back: &str) -> Markup {
    let words = |at| time::absolute(at, visit.now, visit.zone());
    let (title, says, since) = match before {
        Before::FirstRun { since } => (
            format!("Nothing was tested by {}", words(at)),
            "The first run that asked its tests was made",
            since,
        ),
        Before::Framework { since } => {
            let title = format!("This framework was not in force by {}", words(at));
            (title, "It was published", since)
        }
    };
    let link = |as_of: &str| format!("{back}{}", query(if back.contains('?') { '&' } else { '?' }, as_of));
    notice(
        "",
        &title,
        &html! {
            p.small {
                "So nothing is known of that time: nothing was conforming, and nothing was not. "
                @match since {
                    Some(since) => { (says) " " (words(since)) ". " @if let Before::FirstRun { .. } = before { a.link href=(link(&instant(visit, since))) { "Show what it found" } " · " } },
                    None => "No run was made since then, either. ",
                }
                a.link href=(back) { "Show how it stands now" }
            }
        },
    )
}

/// An instant as an address writes it, not before it.
fn instant(visit: &Visit, at: i64) -> String {
    let second = at.div_euclid(1_000_000) + 1;
    let found = jiff::Timestamp::from_second(second).map(|t| t.to_zoned(visit.zone().clone()));
    found.map_or_else(|_| String::new(), |t| t.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

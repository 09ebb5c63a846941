//! What helps before anything is sent: what is known to be disturbed, answers, workarounds and forms.
//!
//! Invariant: everything is read as the person who types.

use std::collections::HashMap;

use maud::{Markup, html};
use proofdesk_engine::Record;

use crate::error::WebError;
use crate::layout::escape_query;

use super::Client;
use super::names::{ARTICLE, INCIDENT, KNOWN_ERROR, MODEL, NOTICE, REQUEST};
use crate::language::Given;

/// Most offers of a kind.
const MOST: usize = 4;
/// Most words of a description that are looked for.
const WORDS: usize = 8;

/// What fits a description.
pub struct Offers {
    text: String,
    /// What is disturbed and has a word of the description in it.
    fitting: Vec<Record>,
    /// What else is disturbed at present.
    present: Vec<Record>,
    answers: Vec<Record>,
    workarounds: Vec<Record>,
    forms: Vec<Record>,
}

/// Looks for what fits.
///
/// # Errors
/// A fault of the database.
pub async fn find(client: &Client, text: &str) -> Result<Offers, WebError> {
    let text: String = text.trim().chars().take(500).collect();
    let mut notices =
        client.list(NOTICE, "state == 'published' && kind == 'disturbance'", "begins_at", 20).await?;
    let wanted = words(&text);
    let hits = |record: &Record| {
        let said = [Some(record.title()), record.text("body").map(str::to_owned)];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join(" ").to_lowercase();
        wanted.iter().filter(|word| said.contains(*word)).count()
    };
    notices.sort_by_key(|record| std::cmp::Reverse(hits(record)));
    let (mut fitting, mut present): (Vec<Record>, Vec<Record>) =
        notices.into_iter().partition(|n| hits(n) > 0);
    fitting.truncate(MOST);
    present.truncate(MOST - fitting.len());
    Ok(Offers {
        fitting,
        present,
        answers: closest(client, ARTICLE, &text, &wanted).await?,
        workarounds: closest(client, KNOWN_ERROR, &text, &wanted).await?,
        forms: closest(client, MODEL, &text, &wanted).await?,
        text,
    })
}

/// The words that say something: not the shortest, each once.
fn words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() > 3) {
        let word = word.to_lowercase();
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found.truncate(WORDS);
    found
}

/// Records that have all words, else those that have most of them.
async fn closest(client: &Client, of: &str, text: &str, wanted: &[String]) -> Result<Vec<Record>, WebError> {
    let (engine, caller) = (client.visit.engine(), &client.visit.caller);
    let mut found: Vec<Record> =
        engine.search(caller, text, Some(of), MOST).await?.into_iter().map(|hit| hit.record).collect();
    if found.len() < MOST {
        let mut counted: HashMap<i64, (usize, Record)> = HashMap::new();
        for word in wanted {
            for hit in engine.search(caller, word, Some(of), 20).await? {
                counted.entry(hit.record.number).or_insert((0, hit.record)).0 += 1;
            }
        }
        let mut rest: Vec<(usize, Record)> = counted.into_values().collect();
        rest.sort_by_key(|(count, record)| (std::cmp::Reverse(*count), record.number));
        for (_, record) in rest {
            if !found.iter().any(|f| f.number == record.number) {
                found.push(record);
            }
        }
    }
    // staff finds drafts too, which are no offer to anybody
    found.retain(is_offered);
    found.truncate(MOST);
    Ok(found)
}

/// Whether a record is meant for customers at present.
pub fn is_offered(record: &Record) -> bool {
    let open = record.of.state_kind(&record.state).is_open();
    let drafted = record.state == record.of.initial_state();
    let staff = record.text("audience") == Some("staff");
    let is_model = record.of.name == MODEL;
    // the audience is no public field: who does not see it got only what is for him
    open && !drafted && (is_model || !staff)
}

/// What a form costs in time, and whether somebody approves.
pub fn terms(client: &Client, model: &Record) -> String {
    let mut said = Vec::new();
    if model.is_yes("approval_needed") {
        said.push(client.say("form-approved"));
    }
    if let Some(length) = model.int("fulfil_within") {
        said.push(client.fill("form-within", "length", &client.words.length(length)));
    }
    said.join(" ")
}

impl Offers {
    /// Something was described, and nothing fits it.
    fn is_nothing(&self) -> bool {
        let found = [&self.fitting, &self.answers, &self.workarounds, &self.forms];
        !self.text.is_empty() && found.iter().all(|records| records.is_empty())
    }

    /// The offers as a card; where nothing was typed, only what is disturbed at present.
    pub fn card(&self, client: &Client) -> Markup {
        let query = escape_query(&self.text);
        let to = |slug: &str| format!("/portal/{slug}/new?q={query}");
        html! {
            @if !self.text.is_empty() || !self.present.is_empty() {
                section.card aria-label=(client.say("offers-title")) { div.body.stack.small {
                    @for notice in &self.fitting { (known(client, "offers-known", notice, &to(&slug(INCIDENT)))) }
                    @for answer in &self.answers { (line(client, "offers-answer", answer, &client.address(answer), "")) }
                    @for known in &self.workarounds { (line(client, "offers-workaround", known, &client.address(known), "")) }
                    @for form in &self.forms { (line(client, "offers-form", form, &format!("{}&model={}", to(&slug(REQUEST)), form.reference()), &terms(client, form))) }
                    @if self.is_nothing() { p role="status" { (client.words.with("offers-none", &[("text", Given::Text(&self.text))])) } }
                    @if !self.text.is_empty() {
                        div.row {
                            a.button.primary href=(to(&slug(INCIDENT))) { (client.say("offers-report")) }
                            a.button href=(to(&slug(REQUEST))) { (client.say("offers-ask")) }
                        }
                    }
                    @for notice in &self.present { (known(client, "offers-present", notice, &to(&slug(INCIDENT)))) }
                } }
            }
        }
    }
}

/// A disturbance that is known, and the way to say that one is affected, too.
fn known(client: &Client, words: &str, notice: &Record, report: &str) -> Markup {
    html! {
        div.row.between {
            span { b { (client.say(words)) } " " a.link href=(client.address(notice)) { (notice.title()) }
                @if let Some(at) = notice.instant("next_update_at") { " " span.muted { (client.fill("notice-next", "at", &client.at(at))) } } }
            a.button href={ (report) "&notice=" (notice.reference()) } { (client.say("offers-me-too")) }
        }
    }
}

fn line(client: &Client, kind: &str, record: &Record, address: &str, more: &str) -> Markup {
    html! {
        div.row {
            span.tag.plain { (client.say(kind)) }
            span { a.link href=(address) { (record.title()) } @if !more.is_empty() { " " span.muted { (more) } } }
        }
    }
}

/// The part of an address that names a type.
pub fn slug(of: &str) -> String {
    of.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn short_words_and_repetitions_say_nothing() {
        assert_eq!(words("The card terminal, the CARD is off-line"), ["card", "terminal", "line"]);
        assert!(words("a b c").is_empty());
    }
}

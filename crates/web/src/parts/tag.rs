//! Tags: a state or an option as a word with a tone; the shape says what the colour says.

use maud::{Markup, html};
use proofdesk_model::{Choice, Record, RecordType, StateKind};

/// A word with a tone: `ok`, `risk`, `bad`, `info` or none.
pub fn tag(word: &str, tone: Option<&str>) -> Markup {
    html! { span class={ "tag " (tone_class(tone)) } { (word) } }
}

/// An option of a choice, without the dot.
pub fn option_tag(option: &Choice) -> Markup {
    html! { span class={ "tag plain " (tone_class(option.tone.as_deref())) } { (option.label) } }
}

fn tone_class(tone: Option<&str>) -> &str {
    tone.filter(|known| ["ok", "risk", "bad", "info"].contains(known)).unwrap_or_default()
}

/// The state of a record.
pub fn state(record: &Record) -> Markup {
    let tone = match record.of.state_kind(&record.state) {
        StateKind::New => Some("info"),
        StateKind::Open | StateKind::Done => Some("ok"),
        StateKind::Waiting => Some("risk"),
        StateKind::Closed => None,
    };
    tag(&state_label(&record.of, &record.state), tone)
}

/// What people read for a state.
pub fn state_label(of: &RecordType, name: &str) -> String {
    of.state(name).map_or_else(|| name.replace('_', " "), |s| s.label.clone())
}

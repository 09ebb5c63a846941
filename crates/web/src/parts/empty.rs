//! An empty list says what it is for and how to begin; a notice says what happened.

use maud::{Markup, html};

/// What would be here, and a way to begin.
pub fn empty(what: &str, how: &Markup) -> Markup {
    html! { div.empty { p { (what) } (how) } }
}

/// A notice with a tone (`ok`, `risk`, `bad` or none).
pub fn notice(tone: &str, title: &str, body: &Markup) -> Markup {
    html! { div class={ "notice " (tone) } role="status" { b { (title) } (body) } }
}

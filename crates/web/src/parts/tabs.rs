//! Tabs: links, the present one marked.

use maud::{Markup, html};

/// A longer label is cut by the page, and whole in its title.
const LONG: usize = 24;

/// One tab.
pub struct Tab {
    /// What it says.
    pub label: String,
    /// How many are behind it.
    pub count: Option<u64>,
    /// Where it leads.
    pub address: String,
    /// It is the present one.
    pub current: bool,
}

/// A row of tabs with what stands at its end.
pub fn tabs(label: &str, tabs: &[Tab], end: &Markup) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for tab in tabs {
                a href=(tab.address) aria-current=[tab.current.then_some("page")] {
                    span.label title=[(tab.label.chars().count() > LONG).then_some(&tab.label)] { (tab.label) } @if let Some(count) = tab.count.filter(|c| *c > 0) { " " span.num { (crate::menu::count_words(count)) } }
                }
            }
            (end)
        }
    }
}

//! The frame around every page: rail, bar with crumbs and search, keys overlay; and the gate for who is not in yet.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::assets;
use crate::language::{Language, Words};
use crate::menu;
use crate::parts::person::initials;
use crate::session::Visit;

/// A page to be framed.
pub struct Page<'a> {
    /// Title of the window, without the product's name.
    pub title: &'a str,
    /// Where one is: label and address; the last one is the page itself.
    pub crumbs: Vec<(String, Option<String>)>,
    /// Types or references whose change refreshes the page's live parts, divided by blanks; empty for none.
    pub events: String,
    /// Keys of this page beyond the common ones: key and what it does.
    pub keys: Vec<(String, String)>,
    /// The content of `main`.
    pub body: Markup,
}

impl<'a> Page<'a> {
    /// A page without live parts and keys of its own.
    pub fn new(title: &'a str, crumbs: Vec<(String, Option<String>)>, body: Markup) -> Self {
        Self { title, crumbs, events: String::new(), keys: Vec::new(), body }
    }
}

/// The mark of the product.
pub(crate) const MARK: &str = r##"<svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true"><rect width="20" height="20" rx="5" fill="var(--accent)"/><path d="m5.5 10.4 3 3 6-6.8" fill="none" stroke="var(--accent-ink)" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>"##;

fn head(title: &str) -> Markup {
    head_in(title, "Proofdesk", &["htmx.js", "keyboard.js", "live.js"])
}

/// The head of a page of this site with these scripts.
pub(crate) fn head_in(title: &str, site: &str, scripts: &[&str]) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width,initial-scale=1";
        title { (title) " · " (site) }
        @if let Some(css) = assets::address("proofdesk.css") { link rel="stylesheet" href=(css); }
        @if let Some(icon) = assets::address("icon.svg") { link rel="icon" href=(icon) type="image/svg+xml"; }
        @if assets::has_packages() {
            meta name="htmx-config" content=r#"{"includeIndicatorCSS":false,"history":false}"#;
            @for script in scripts {
                @if let Some(address) = assets::address(script) { script src=(address) defer {} }
            }
        }
    }
}

/// The frame for signed-in people.
pub fn frame(visit: &Visit, page: Page<'_>) -> Markup {
    let current = menu::current(visit.engine(), &visit.caller, &visit.menu, &visit.path);
    let rail = html! {
        div.areas {
            @for group in &visit.menu {
                nav aria-label=(group.label) {
                    h3 { a href={ "/home/" (group.family) } { (group.label) } }
                    @for item in &group.items {
                        a href=(item.address) aria-current=[(current.as_ref() == Some(&item.address)).then_some("page")] {
                            (item.label)
                            @if let Some(count) = item.count.filter(|c| *c > 0) { small { (menu::count_words(count)) span.sr { " open" } } }
                        }
                    }
                }
            }
        }
        div.me {
            span.avatar aria-hidden="true" { (initials(&visit.account.name)) }
            span { a href="/account" { (visit.account.name) } br; span.faint.tiny { (role_words(&visit.account.roles)) } }
            form.inline method="post" action="/sign-out" { button.button.quiet.tiny { "Sign out" } }
        }
    };
    let last = page.crumbs.len().saturating_sub(1);
    html! {
        (DOCTYPE)
        html lang="en" {
            head { (head(page.title)) }
            body data-events=[(!page.events.is_empty()).then_some(&page.events)] {
                a.skip href="#main" { "Go to the content" }
                div.app {
                    aside.rail aria-label="Menu" {
                        a.brand href=(menu::home(&visit.state, &visit.caller)) { (PreEscaped(MARK)) "Proofdesk" }
                        (rail)
                    }
                    div.main {
                        header.bar {
                            details.menu { summary { "Menu" } div { div.rail { (rail) } } }
                            nav aria-label="Where you are" {
                                @for (i, (label, address)) in page.crumbs.iter().enumerate() {
                                    @if i > 0 { span.faint.crumb aria-hidden="true" { "/" } }
                                    @match address {
                                        Some(address) if i < last => a.muted.crumb href=(address) { (label) },
                                        _ if i < last => span.muted.crumb { (label) },
                                        _ => b { (label) },
                                    }
                                }
                            }
                            form.find role="search" action="/search" {
                                input type="search" name="q" aria-label="Search, or jump to a record" placeholder="Search or jump to a record" data-key="/" autocomplete="off";
                                kbd aria-hidden="true" { "/" }
                            }
                        }
                        main.page id="main" tabindex="-1" { (page.body) }
                    }
                }
                (keys(&page.keys))
            }
        }
    }
}

fn keys(own: &[(String, String)]) -> Markup {
    html! {
        dialog.keys id="keys" aria-labelledby="keys-title" {
            form.stack method="dialog" {
                h2 id="keys-title" { "Keys" }
                dl {
                    @for (key, what) in own { dt { kbd { (key) } } dd { (what) } }
                    dt { kbd { "/" } } dd { "Search, or jump to a record" }
                    dt { kbd { "?" } } dd { "These keys" }
                    dt { kbd { "Ctrl" } " " kbd { "Enter" } } dd { "Send the form that one types into" }
                    dt { kbd { "Esc" } } dd { "Leave a field, close this" }
                }
                div { button.button autofocus { "Close" } }
            }
        }
    }
}

/// A page in the middle of nothing: sign-in, first run, errors.
pub fn gate(title: &str, organization: &str, body: &Markup) -> Markup {
    gate_in(Words(Language::English), title, organization, body)
}

/// As [`gate`], in the language of whoever reads.
pub fn gate_in(words: Words, title: &str, organization: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(words.code()) {
            head { (head(title)) }
            body { main.gate { div.stack {
                div.row.between { a.row.brand href="/" { (PreEscaped(MARK)) b { "Proofdesk" } } span.muted.small { (organization) } }
                (body)
            } } }
        }
    }
}

/// A role as words within a line.
pub(crate) fn plain_role(role: &str) -> String {
    role.replace('_', " ").replace("sms ", "SMS ")
}

/// Roles as words within a line.
pub(crate) fn plain_roles(roles: &[String]) -> String {
    plain_role(&roles.join(", "))
}

fn role_words(roles: &[String]) -> String {
    let mut words = plain_roles(roles);
    if let Some(first) = words.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// Writes text so that it can stand as a value in a query.
pub fn escape_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => {
                out.push('%');
                for nibble in [byte >> 4, byte & 15] {
                    out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escape_query, role_words};

    #[test]
    fn queries_are_escaped() {
        assert_eq!(escape_query("/desk?view=a b&ü"), "/desk%3Fview%3Da%20b%26%C3%BC");
    }

    #[test]
    fn roles_read_as_words() {
        assert_eq!(role_words(&["sms_manager".to_owned(), "agent".to_owned()]), "SMS manager, agent");
    }
}

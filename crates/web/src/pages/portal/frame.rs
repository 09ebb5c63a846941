//! The frame around the portal's pages: who provides, where one's requests are, and nothing else.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::error::WebError;
use crate::layout::{MARK, head_in};
use crate::parts::person::initials;

use super::Client;
use super::mine;

/// A page of the portal.
pub struct Sheet<'a> {
    /// Title of the window.
    pub title: &'a str,
    /// References or types whose change refreshes the live parts; empty for none.
    pub events: &'a str,
    /// What is in it.
    pub body: Markup,
}

/// Puts a page into the frame.
///
/// # Errors
/// A fault of the database.
pub async fn frame(client: &Client, sheet: Sheet<'_>) -> Result<Markup, WebError> {
    let (open, asked) = (mine::open_count(client).await?, mine::approval_count(client).await?);
    let visit = &client.visit;
    let here = |path: &str| (visit.path == path).then_some("page");
    let staff = !visit.is_customer();
    let name = client.fill("portal-name", "organization", &visit.state.organization());
    Ok(html! {
        (DOCTYPE)
        html lang=(client.words.code()) {
            head { (head_in(sheet.title, &name, &["htmx.js", "live.js"])) }
            body data-events=[(!sheet.events.is_empty()).then_some(sheet.events)] {
                a.skip href="#main" { (client.say("portal-skip")) }
                div.portal {
                    header.row.between {
                        a.row.brand href="/portal" { (PreEscaped(MARK)) (name) }
                        nav.row.small.muted aria-label=(client.say("portal-menu")) {
                            a href="/portal/requests" aria-current=[here("/portal/requests")] { (client.say("mine-title")) @if open > 0 { " " span.num { (open) } } }
                            @if asked > 0 { a href="/portal/approvals" aria-current=[here("/portal/approvals")] { (client.say("approvals-title")) " " span.num { (asked) } } }
                            a href="/status" aria-current=[here("/status")] { (client.say("status-title")) }
                            a.row.tight href="/portal/me" aria-current=[here("/portal/me")] { span.avatar aria-hidden="true" { (initials(&visit.account.name)) } (client.say("me-title")) }
                        }
                    }
                    main.stack.wide id="main" tabindex="-1" { (sheet.body) }
                    footer.row.small.muted {
                        @if staff { a.link href="/desk" { (client.say("portal-desk")) } }
                        form.inline method="post" action="/sign-out" { button.button.quiet.small { (client.say("portal-sign-out")) } }
                    }
                }
            }
        }
    })
}

/// What is wrong, above a form.
pub fn refused(client: &Client, wrong: &[(String, String)]) -> Markup {
    html! {
        @if !wrong.is_empty() {
            div.notice.bad role="alert" {
                b { (client.say("wrong-title")) }
                @for (field, sentence) in wrong { p { @if field.is_empty() { (sentence) } @else { a.link href={ "#" (field) } { (sentence) } } } }
            }
        }
    }
}

/// What is wrong with an input, beside it.
pub fn beside(name: &str, wrong: &[(String, String)]) -> Markup {
    html! { @for (_, sentence) in wrong.iter().filter(|(field, _)| field == name) { p.wrong id={ "wrong-" (name) } { (sentence) } } }
}

//! The token that a program sends: read in one way, whoever judges it. Source: RFC 6750, 2.1.

use axum::http::{HeaderMap, header};

/// What the header `Authorization` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent<'h> {
    /// There is none.
    Nothing,
    /// It is none of a token, there are several, or it cannot be read.
    Unreadable,
    /// A token.
    Token(&'h str),
}

impl<'h> Sent<'h> {
    /// Reads it.
    pub fn read(headers: &'h HeaderMap) -> Self {
        let mut all = headers.get_all(header::AUTHORIZATION).iter();
        let (first, more) = (all.next(), all.next());
        let Some(value) = first else { return Self::Nothing };
        let text = value.to_str().ok().filter(|_| more.is_none()).unwrap_or_default();
        let token = match text.trim().split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => "",
        };
        if token.is_empty() {
            return Self::Unreadable;
        }
        Self::Token(token)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use axum::http::{HeaderMap, header};

    use super::Sent;

    #[test]
    fn a_token_is_read_in_any_case_and_nothing_else_is_one() {
        for (sent, is) in [
            (&[][..], Sent::Nothing),
            (&["Bearer pd_x"], Sent::Token("pd_x")),
            (&["bearer   pd_x "], Sent::Token("pd_x")),
            (&["BEARER pd_x"], Sent::Token("pd_x")),
            (&["Bearer"], Sent::Unreadable),
            (&["Bearer "], Sent::Unreadable),
            (&["Bearer words of an operator"], Sent::Token("words of an operator")),
            (&["Basic cGQ6eA=="], Sent::Unreadable),
            (&["pd_x"], Sent::Unreadable),
            (&["Bearer \u{e4}"], Sent::Unreadable),
            (&["Bearer pd_x", "Bearer pd_y"], Sent::Unreadable),
        ] {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(
                    header::AUTHORIZATION,
                    axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                );
            }
            assert_eq!(Sent::read(&headers), is, "{sent:?}");
        }
    }
}

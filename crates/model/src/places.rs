//! Places in short texts of declarations, written `{name}`: which there are, and the text with values in them.
//!
//! Not here: the places of starter templates, written `{{name}}`, which people fill (`template`).
//! Invariant: what is filled in is not looked at again, and a brace that is not closed stays as it is.

/// The names in braces, in order.
///
/// ```
/// assert_eq!(proofdesk_model::places::names("{a} and {b c}, {open").collect::<Vec<_>>(), ["a", "b c"]);
/// ```
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

/// The first brace that is not closed before the next one or the end, with what follows it.
///
/// ```
/// assert_eq!(proofdesk_model::places::unclosed("{a} and {b"), Some("{b"));
/// assert_eq!(proofdesk_model::places::unclosed("{a} and b}"), None);
/// ```
pub fn unclosed(text: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        let rest = &text[open + 1..];
        match (rest.find('}'), rest.find('{')) {
            (None, _) => return Some(&text[open..]),
            (Some(close), Some(next)) if next < close => return Some(&text[open..]),
            (Some(close), _) => from = open + 1 + close,
        }
    }
    None
}

/// The text with each place replaced by what `value` gives for its name.
///
/// ```
/// let filled = proofdesk_model::places::filled("{a}, {b} {open", |name| format!("<{name}>{{a}}"));
/// assert_eq!(filled, "<a>{a}, <b>{a} {open");
/// ```
pub fn filled(text: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut parts = text.split('{');
    let mut filled = parts.next().map_or_else(String::new, str::to_owned);
    for part in parts {
        match part.split_once('}') {
            Some((name, rest)) => {
                filled.push_str(&value(name));
                filled.push_str(rest);
            }
            None => {
                filled.push('{');
                filled.push_str(part);
            }
        }
    }
    filled
}

//! People on pages: initials in a circle.

use maud::{Markup, html};

/// Up to two capital letters of a name.
pub fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let first = |word: &&str| word.chars().next();
    let letters: Vec<char> = match words.as_slice() {
        [] => Vec::new(),
        [one] => first(one).into_iter().collect(),
        [one, .., last] => first(one).into_iter().chain(first(last)).collect(),
    };
    letters.into_iter().flat_map(char::to_uppercase).collect()
}

/// A person as initials; the name is the title and is read out.
pub fn avatar(name: &str) -> Markup {
    html! { span.avatar title=(name) { span aria-hidden="true" { (initials(name)) } span.sr { (name) } } }
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_of_names() {
        for (name, letters) in
            [("Mara Rehn", "MR"), ("Store 118", "S1"), ("madonna", "M"), ("Ana de la Cruz", "AC"), ("", "")]
        {
            assert_eq!(initials(name), letters, "{name}");
        }
    }
}

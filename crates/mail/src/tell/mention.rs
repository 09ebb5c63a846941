//! People who are named in words: `@ida`, by the name with which they sign in, or `@PER-12`.

use crate::desk::Mail;
use crate::error::Error;

/// Names that are looked up in one text.
const MOST: usize = 20;

impl Mail {
    /// The numbers of the people who are named.
    pub(super) async fn mentioned(&self, words: &str) -> Result<Vec<i64>, Error> {
        let mut found = Vec::new();
        for name in names(words) {
            let reference = self.engine().registry().parse_reference(&name.to_uppercase());
            match reference.filter(|r| r.record_type == self.declared().people.of) {
                Some(person) => found.push(person.number),
                None => {
                    let account = self.engine().account_named(&name).await?;
                    found.extend(account.filter(|a| a.active && !a.program).map(|a| a.person));
                }
            }
        }
        Ok(found)
    }
}

/// The words after an `@` that stands at the beginning of a word.
fn names(words: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut before = ' ';
    for (at, c) in words.char_indices() {
        if c == '@' && !before.is_alphanumeric() && !".-_+@".contains(before) {
            let rest = &words[at + 1..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && !".-_@".contains(c)).unwrap_or(rest.len());
            let name = rest[..end].trim_end_matches(['.', '-', '_', '@']).to_owned();
            if !name.is_empty() && name.len() <= 120 && !found.contains(&name) {
                found.push(name);
            }
        }
        before = c;
    }
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_begin_a_word() {
        assert_eq!(names("@ida please, and @PER-12. (@jo.k)"), ["ida", "PER-12", "jo.k"]);
        assert_eq!(names("mail ida@desk.example, @@ or a.@b"), Vec::<String>::new());
        assert_eq!(names("@ida @ida\n@ö"), ["ida", "ö"]);
        assert_eq!(names("@ida@desk.example"), ["ida@desk.example"]);
    }
}

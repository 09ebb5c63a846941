//! Words of texts and questions: letters and digits, folded, the same for both databases.

use std::fmt::Write; // into a String, which cannot fail: results are dropped

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest word kept, in characters; the rest of a longer one is not searched.
const LONGEST: usize = 64;
/// Most words kept of one text.
const MOST: usize = 10_000;

/// Cuts a text into folded words: lower case, without marks.
pub(crate) fn cut(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        if c.is_alphanumeric() {
            if length < LONGEST {
                fold(c, &mut word);
                length += 1;
            }
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
            length = 0;
            if words.len() == MOST {
                return words;
            }
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn fold(c: char, word: &mut String) {
    match c {
        'ß' | 'ẞ' => word.push_str("ss"),
        'æ' | 'Æ' => word.push_str("ae"),
        'œ' | 'Œ' => word.push_str("oe"),
        'ø' | 'Ø' => word.push('o'),
        'đ' | 'Đ' => word.push('d'),
        'ł' | 'Ł' => word.push('l'),
        // Lower-casing may add marks (`İ`): they are no letters.
        _ => word.extend(c.to_lowercase().filter(|c| !is_combining_mark(*c))),
    }
}

/// The words as the text of a FTS5 column.
pub(crate) fn fts_text(words: &[String]) -> String {
    words.join(" ")
}

/// A FTS5 question: every word in quotes, so that none is an operator.
pub(crate) fn fts_query(words: &[String], is_prefix: bool, in_title: bool) -> String {
    let mut query = String::from(if in_title { "{title} : (" } else { "(" });
    for (i, word) in words.iter().enumerate() {
        let _ = write!(query, "{}\"{word}\"", if i > 0 { " AND " } else { "" });
    }
    // One letter as a beginning would match half of all words.
    if is_prefix && words.last().is_some_and(|w| w.chars().count() > 1) {
        query.push('*');
    }
    query.push(')');
    query
}

/// A PostgreSQL question about the same. Words are letters and digits only, so quoting is safe.
pub(crate) fn ts_query(words: &[String], is_prefix: bool, in_title: bool) -> String {
    let mut query = String::new();
    let last = words.len().saturating_sub(1);
    for (i, word) in words.iter().enumerate() {
        let begins = is_prefix && i == last && word.chars().count() > 1;
        let weight = match (begins, in_title) {
            (true, true) => ":*A",
            (true, false) => ":*",
            (false, true) => ":A",
            (false, false) => "",
        };
        let _ = write!(query, "{}'{word}'{weight}", if i > 0 { " & " } else { "" });
    }
    query
}

/// The words as the text of a PostgreSQL tsvector: those of the title have weight A.
pub(crate) fn vector(title: &[String], words: &[String]) -> String {
    let mut text = String::new();
    let all = title.iter().map(|word| (word, "A")).chain(words.iter().map(|word| (word, "")));
    for (i, (word, weight)) in all.enumerate() {
        // Places end at 16383; what comes later shares the last one.
        let _ = write!(text, "'{word}':{}{weight} ", (i + 1).min(16_383));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::{cut, fts_query, ts_query, vector};

    #[test]
    fn words_are_folded() {
        for (text, words) in [
            ("Grüße an CAFÉ", vec!["grusse", "an", "cafe"]),
            ("don't", vec!["don", "t"]),
            ("x\" OR 1=1 --", vec!["x", "or", "1", "1"]),
            ("İstanbul ﬁx", vec!["istanbul", "fix"]),
            ("😀 !? \u{0}", vec![]),
            ("日本語", vec!["日本語"]),
        ] {
            assert_eq!(cut(text), words, "{text}");
        }
        assert_eq!(cut(&"a".repeat(500))[0].len(), 64);
    }

    #[test]
    fn questions_quote_every_word() {
        let words = cut("or near");
        assert_eq!(fts_query(&words, true, true), "{title} : (\"or\" AND \"near\"*)");
        assert_eq!(ts_query(&words, true, true), "'or':A & 'near':*A");
        assert_eq!(ts_query(&words, false, false), "'or' & 'near'");
        assert_eq!(vector(&words, &words), "'or':1A 'near':2A 'or':3 'near':4 ");
    }
}

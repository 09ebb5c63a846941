//! What a reader of TOML expects, in the words of who writes the file: ranges of numbers, not the program's types.

use serde::{Deserialize as _, Deserializer, de};

/// How types of the program are called, and what they take.
const TYPES: [(&str, &str); 9] = [
    ("a nonzero u8", "a whole number from 1 to 255"),
    ("a nonzero u16", "a whole number from 1 to 65535"),
    ("a nonzero u32", "a whole number from 1 to 4294967295"),
    ("a nonzero u64", "a whole number, 1 or more"),
    ("u8", "a whole number from 0 to 255"),
    ("u16", "a whole number from 0 to 65535"),
    ("u32", "a whole number from 0 to 4294967295"),
    ("u64", "a whole number, 0 or more"),
    ("usize", "a whole number, 0 or more"),
];

/// A mistake with its types in plain words.
pub(super) fn plain(message: &str) -> String {
    let line = |line: &str| {
        let found = TYPES.iter().find_map(|(name, words)| {
            let begin = line.strip_suffix(name)?.strip_suffix("expected ")?;
            Some(format!("{begin}expected {words}"))
        });
        found.unwrap_or_else(|| line.to_owned())
    };
    message.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Reads a share of a hundred.
///
/// # Errors
/// What is no whole number from 1 to 100.
pub fn percent<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let refused = || de::Error::custom("expected a whole number from 1 to 100");
    let number = i64::deserialize(from).map_err(|_| refused())?;
    u8::try_from(number).ok().filter(|n| (1..=100).contains(n)).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn mistakes_in_numbers_name_the_range() {
        for (text, says) in [
            ("[limits]\ncostly_per_minute = 0", "expected a whole number from 1 to 4294967295"),
            ("[limits]\nper_minute = 0", "expected a whole number from 1 to 4294967295"),
            ("[traces]\npercent = 400", "expected a whole number from 1 to 100"),
            ("[traces]\npercent = 0", "expected a whole number from 1 to 100"),
            ("[traces]\npercent = \"all\"", "expected a whole number from 1 to 100"),
            ("attachment_max_mib = -1", "expected a whole number, 0 or more"),
        ] {
            let said = Config::parse(text).1.join("");
            assert!(said.contains(says) && said.contains("line "), "{text}: {said}");
        }
    }
}

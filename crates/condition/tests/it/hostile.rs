//! Broken and hostile texts: never a panic, always a place in the text, and nothing accepted that the parser of
//! the `cel` crate would refuse.

use proofdesk_condition::check;

use crate::document::lines;
use crate::world::{Desk, Dice};

const PIECES: [&str; 40] = [
    "&&",
    "||",
    "!",
    "(",
    ")",
    "[",
    "]",
    ".",
    ",",
    "==",
    "!=",
    "<",
    "in",
    "-",
    "+",
    "*",
    "null",
    "true",
    "now",
    "1",
    "2.5",
    "0x1F",
    "1e3",
    "\"a\"",
    "'b'",
    "r\"\\\"",
    "\"\\u00e4\"",
    "\"\"\"x\"\"\"",
    "ä",
    "😀",
    "\\",
    "\n",
    "//",
    "{",
    "?",
    "`",
    "=",
    "title",
    "major",
    "changes",
];

#[test]
fn what_we_accept_the_parser_of_cel_accepts() {
    let env = cel::Env::default();
    let sources = lines("cel");
    for source in &sources {
        assert!(env.compile(source).is_ok(), "{source}");
    }
    let mut dice = Dice(11);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..6_000 {
        let mut text: Vec<char> = dice.pick(&sources).chars().collect();
        for _ in 0..=dice.below(2) {
            let at = usize::try_from(dice.below(text.len() as u64 + 1)).unwrap();
            match dice.below(4) {
                0 => drop(text.splice(at..(at + 1).min(text.len()), [])),
                1 => drop(text.splice(at..(at + 4).min(text.len()), [])),
                _ => {
                    let spaced = if dice.chance(50) {
                        format!(" {} ", dice.pick(&PIECES))
                    } else {
                        (*dice.pick(&PIECES)).to_owned()
                    };
                    drop(text.splice(at..at, spaced.chars()));
                }
            }
        }
        let source: String = text.into_iter().collect();
        match check(&source, "incident", &Desk) {
            Ok(_) => {
                accepted += 1;
                assert!(env.compile(&source).is_ok(), "accepted, but not CEL: {source:?}");
            }
            Err(mistakes) => {
                refused += 1;
                assert!(!mistakes.is_empty());
                for mistake in mistakes {
                    assert!(
                        mistake.start <= mistake.end && mistake.end <= source.len(),
                        "{source:?} {mistake:?}"
                    );
                    assert!(source.is_char_boundary(mistake.start) && source.is_char_boundary(mistake.end));
                    assert!(!mistake.message.is_empty());
                }
            }
        }
    }
    assert!(accepted > 300 && refused > 2_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn noise_has_a_place_in_the_text() {
    let mut dice = Dice(12);
    for _ in 0..5_000 {
        let source: String = (0..dice.below(30)).map(|_| *dice.pick(&PIECES)).collect::<Vec<_>>().join("");
        if let Err(mistakes) = check(&source, "incident", &Desk) {
            assert!(mistakes.iter().all(|m| source.get(m.start..m.end).is_some()), "{source:?} {mistakes:?}");
        }
    }
}

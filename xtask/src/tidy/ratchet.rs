//! The numbers of `xtask/ratchet.toml`: how much of a problem a file may still have. They may only shrink.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use toml::Table;

use super::Problem;
use crate::shell;

/// Where the numbers are.
pub const PATH: &str = "xtask/ratchet.toml";

/// Allowed amounts by check and path.
pub type Ratchet = BTreeMap<(String, String), usize>;

/// Reads the file: a table a check, a line a path.
pub fn parse(text: &str) -> Result<Ratchet> {
    let table: Table = toml::from_str(text).context(PATH)?;
    let mut ratchet = Ratchet::new();
    for (check, paths) in &table {
        let paths = paths.as_table().with_context(|| format!("{PATH}: [{check}] is a table of paths"))?;
        for (path, amount) in paths {
            let amount = amount.as_integer().and_then(|amount| usize::try_from(amount).ok());
            let amount = amount.with_context(|| format!("{PATH}: {path} needs a number"))?;
            ratchet.insert((check.clone(), path.clone()), amount);
        }
    }
    Ok(ratchet)
}

/// Writes the file anew.
pub fn render(ratchet: &Ratchet) -> String {
    let mut text = String::from(
        "# What may still be wrong, by check and file. Numbers may only shrink; tidy fails where one grew.\n",
    );
    let mut last = "";
    for ((check, path), amount) in ratchet {
        if check != last {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n[{check}]\n");
            last = check;
        }
        let _ = writeln!(text, "\"{path}\" = {amount}");
    }
    text
}

/// The problems that the ratchet does not excuse, and the numbers in it that are higher than needed.
pub fn apply(ratchet: &Ratchet, found: &[Problem]) -> Vec<Problem> {
    let amounts = amounts(found);
    let excused = |key: &(String, String)| {
        let amount = amounts.get(key).copied().unwrap_or_default();
        ratchet.get(key).is_some_and(|allowed| amount <= *allowed)
    };
    let mut left: Vec<Problem> = found
        .iter()
        .filter(|problem| !excused(&(problem.check.to_owned(), problem.path.clone())))
        .cloned()
        .collect();
    for ((check, path), allowed) in ratchet {
        let amount = amounts.get(&(check.clone(), path.clone())).copied().unwrap_or_default();
        if amount < *allowed {
            let message =
                format!("{path} needs {amount} of {check}, not {allowed}: run `cargo xtask tidy --tighten`");
            left.push(Problem::new("ratchet", PATH, 0, message));
        }
    }
    left
}

/// The numbers of a ratchet that are higher than, or were not in, an earlier one.
pub fn grown(now: &Ratchet, before: &Option<Ratchet>) -> Vec<Problem> {
    let Some(before) = before else { return Vec::new() };
    let higher =
        |key: &(String, String), amount: usize| amount > before.get(key).copied().unwrap_or_default();
    let say = |(check, path): &(String, String)| {
        Problem::new(
            "ratchet",
            PATH,
            0,
            format!("the number of {path} under [{check}] grew: mend the file instead"),
        )
    };
    now.iter().filter(|(key, amount)| higher(key, **amount)).map(|(key, _)| say(key)).collect()
}

/// The smallest numbers that still hold; a file that became good drops out, a new problem does not come in.
pub fn tightened(ratchet: &Ratchet, found: &[Problem]) -> Ratchet {
    let amounts = amounts(found);
    ratchet
        .iter()
        .filter_map(|(key, allowed)| amounts.get(key).map(|amount| (key.clone(), *amount.min(allowed))))
        .collect()
}

/// The ratchet as the commit before says; none where this is its first version, or there is no history.
pub fn before(root: &Path) -> Result<Option<Ratchet>> {
    let Ok(text) = shell::output(root, "git", &["show", &format!("HEAD:{PATH}")]) else { return Ok(None) };
    parse(&text).map(Some)
}

fn amounts(found: &[Problem]) -> BTreeMap<(String, String), usize> {
    let mut amounts = BTreeMap::new();
    for problem in found {
        *amounts.entry((problem.check.to_owned(), problem.path.clone())).or_default() += problem.amount;
    }
    amounts
}

#[cfg(test)]
mod tests {
    // reason: a test says what it expects
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{apply, grown, parse, render, tightened};
    use crate::tidy::Problem;

    fn long(lines: usize) -> Vec<Problem> {
        vec![Problem { amount: lines, ..Problem::new("file-length", "a.rs", 0, "long") }]
    }

    #[test]
    fn a_known_problem_is_excused_up_to_its_number() {
        let ratchet = parse("[file-length]\n\"a.rs\" = 700").unwrap();
        assert!(apply(&ratchet, &long(700)).is_empty());
        assert_eq!(apply(&ratchet, &long(701)).len(), 1);
    }

    #[test]
    fn a_number_higher_than_needed_is_a_problem() {
        let ratchet = parse("[file-length]\n\"a.rs\" = 700").unwrap();
        assert_eq!(apply(&ratchet, &long(650))[0].check, "ratchet");
        assert_eq!(apply(&ratchet, &[])[0].check, "ratchet");
    }

    #[test]
    fn a_number_that_grew_is_a_problem() {
        let before = Some(parse("[file-length]\n\"a.rs\" = 700").unwrap());
        assert!(grown(&parse("[file-length]\n\"a.rs\" = 690").unwrap(), &before).is_empty());
        assert_eq!(grown(&parse("[file-length]\n\"a.rs\" = 701").unwrap(), &before).len(), 1);
        assert_eq!(grown(&parse("[file-length]\n\"b.rs\" = 601").unwrap(), &before).len(), 1);
    }

    #[test]
    fn tightening_lowers_and_never_adds() {
        let ratchet = parse("[file-length]\n\"a.rs\" = 700\n\"b.rs\" = 800").unwrap();
        let mut found = long(650);
        found.push(Problem::new("sql", "c.rs", 1, "sql"));
        assert_eq!(render(&tightened(&ratchet, &found)).lines().last(), Some("\"a.rs\" = 650"));
    }

    #[test]
    fn what_is_written_can_be_read() {
        let ratchet = parse("[file-length]\n\"a.rs\" = 700\n[sql]\n\"b.rs\" = 2").unwrap();
        assert_eq!(parse(&render(&ratchet)).unwrap(), ratchet);
    }
}

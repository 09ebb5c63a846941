//! `cargo xtask generate`: the papers that the program itself writes (OpenAPI, permissions, workflows, schemas,
//! the reference of the command line), checked in under `generated/` and reviewed as diffs.
//!
//! The writing is the program's (`proofdesk generate`); this file only starts it and compares.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::shell;

/// Writes all papers into `generated/`.
pub fn write(root: &Path) -> Result<bool> {
    produce(root, &root.join("generated"))?;
    println!("generate: generated/ is up to date");
    Ok(true)
}

/// Writes the papers to a folder beside and compares; `false` where one differs, is missing or is left over.
pub fn check(root: &Path) -> Result<bool> {
    let fresh = std::env::temp_dir().join(format!("proofdesk-generate-{}", std::process::id()));
    fs::create_dir_all(&fresh)?;
    let outcome = produce(root, &fresh).and_then(|()| compare(&root.join("generated"), &fresh));
    fs::remove_dir_all(&fresh)?;
    let differences = outcome?;
    for difference in &differences {
        println!("{difference}");
    }
    if differences.is_empty() {
        println!("generate: every paper is what the program writes");
    } else {
        println!("generate: run `cargo xtask generate` and read the diff");
    }
    Ok(differences.is_empty())
}

fn produce(root: &Path, folder: &Path) -> Result<()> {
    let out = folder.to_str().context("the folder's path is not UTF-8")?;
    let arguments = ["run", "-q", "--locked", "-p", "proofdesk", "--", "generate", "--out", out];
    ensure!(shell::succeeds(root, &shell::cargo(), &arguments)?, "`proofdesk generate` failed");
    Ok(())
}

/// What differs between two folders of text files: one line a file, with the first line that is not the same.
fn compare(checked_in: &Path, fresh: &Path) -> Result<Vec<String>> {
    let mut differences = Vec::new();
    let names: BTreeSet<String> = names(checked_in)?.union(&names(fresh)?).cloned().collect();
    for name in names {
        let (old, new) = (checked_in.join(&name), fresh.join(&name));
        if !new.exists() {
            differences.push(format!("generated/{name}: the program does not write this file any more"));
        } else if !old.exists() {
            differences.push(format!("generated/{name}: is not checked in"));
        } else if let Some(difference) =
            first_difference(&fs::read_to_string(old)?, &fs::read_to_string(new)?)
        {
            differences.push(format!("generated/{name}:{difference}"));
        }
    }
    Ok(differences)
}

fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            names.insert(entry?.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

fn first_difference(old: &str, new: &str) -> Option<String> {
    if old == new {
        return None;
    }
    let (mut old, mut new) = (old.lines(), new.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (old.next(), new.next()) {
            (None, None) => return Some(format!("{number}: differs in its line ends only")),
            (old, new) if old == new => {}
            (old, new) => {
                let say =
                    |line: Option<&str>| line.map_or("(end of file)".to_owned(), |text| text.to_owned());
                return Some(format!("{number}:\n  checked in: {}\n  written:    {}", say(old), say(new)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    // reason: a test says what it expects
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::first_difference;

    #[test]
    fn equal_papers_have_no_difference() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    }

    #[test]
    fn the_first_differing_line_is_named() {
        let said = first_difference("a\nb\nc\n", "a\nx\nc\n").unwrap();
        assert!(
            said.starts_with("2:") && said.contains("checked in: b") && said.contains("written:    x"),
            "{said}"
        );
    }

    #[test]
    fn a_shorter_paper_differs_where_it_ends() {
        let said = first_difference("a\nb\n", "a\n").unwrap();
        assert!(said.starts_with("2:") && said.contains("(end of file)"), "{said}");
    }

    #[test]
    fn a_lost_line_end_is_a_difference() {
        assert!(first_difference("a\n", "a").unwrap().contains("line ends"));
    }
}

//! For build scripts: the files of a folder of the checkout as a Rust table of names and texts, so that a new file is
//! shipped by being there.
//!
//! Not here: the scripts and styles of pages, which are packed (`web`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Writes the table of a folder, named from the root of the checkout, to `name` in the folder of built files:
/// `[("folder/file.kdl", include_str!(…)), …]` of the files with one of these endings, `risk` before `risk_action`.
///
/// # Errors
/// A folder that cannot be read, or that cargo did not start this.
pub fn list(folder: &str, endings: &[&str], name: &str) -> io::Result<()> {
    let root = cargo("CARGO_MANIFEST_DIR")?.join("../..").canonicalize()?;
    println!("cargo:rerun-if-changed={}", root.join(folder).display());
    fs::write(cargo("OUT_DIR")?.join(name), table(&root, folder, endings)?)
}

fn cargo(variable: &str) -> io::Result<PathBuf> {
    let missing = || io::Error::other(format!("{variable} is not set: build scripts are started by cargo"));
    env::var_os(variable).map(PathBuf::from).ok_or_else(missing)
}

fn table(root: &Path, folder: &str, endings: &[&str]) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(folder))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if endings.iter().any(|ending| name.ends_with(ending)) {
            names.push(name);
        }
    }
    names.sort_by(|a, b| parts(a).cmp(&parts(b)));
    let mut table = String::from("[\n");
    for name in names {
        let path = root.join(folder).join(&name);
        writeln!(table, "    ({:?}, include_str!({path:?})),", format!("{folder}/{name}"))
            .map_err(io::Error::other)?;
    }
    table.push(']');
    Ok(table)
}

/// A name without its ending, and the rest.
fn parts(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::fs;

    use super::table;

    #[test]
    fn files_are_listed_by_name_and_others_left_out() {
        let root = std::env::temp_dir().join(format!("proofdesk-shipped-{}", std::process::id()));
        fs::create_dir_all(root.join("f")).unwrap();
        for name in ["risk_action.kdl", "risk.kdl", "note.txt", "risk.md"] {
            fs::write(root.join("f").join(name), "").unwrap();
        }
        let found = table(&root, "f", &[".kdl", ".md"]).unwrap();
        fs::remove_dir_all(&root).unwrap();
        let names: Vec<&str> = found.lines().filter_map(|line| line.split('"').nth(1)).collect();
        assert_eq!(names, ["f/risk.kdl", "f/risk.md", "f/risk_action.kdl"]);
    }
}

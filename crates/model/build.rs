//! Lists the declarations in `records/` and the texts in `templates/`, so that a new file is shipped by being there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    list("records", &[".kdl"], &out)?;
    list("templates", &[".kdl", ".md"], &out)
}

/// Writes a table of the files of a folder that end so, with their texts.
fn list(folder: &str, endings: &[&str], out: &Path) -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
    let path = root.join(folder).canonicalize()?;
    println!("cargo:rerun-if-changed={}", path.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if endings.iter().any(|ending| name.ends_with(ending)) {
            names.push(name);
        }
    }
    // by name without ending: `risk` before `risk_action`
    let stem = |name: &String| name.split_once('.').map_or(name.clone(), |(stem, _)| stem.to_owned());
    names.sort_by_key(stem);
    let mut table = String::from("[\n");
    for name in names {
        let file = path.join(&name);
        let _ = writeln!(table, "    ({:?}, include_str!({:?})),", format!("{folder}/{name}"), file);
    }
    table.push(']');
    fs::write(out.join(format!("{folder}.rs")), table)
}

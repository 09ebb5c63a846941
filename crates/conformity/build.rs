//! Lists the files of `standards/` and `controls/`, so that a new file is shipped by being there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
    let root = root.canonicalize()?;
    for (folder, name) in [("standards/iso-20000-1-2018", "standard.rs"), ("controls", "controls.rs")] {
        println!("cargo:rerun-if-changed={}", root.join(folder).display());
        fs::write(out.join(name), table(&root, folder)?)?;
    }
    Ok(())
}

/// The files of a folder in order of names, as an array of path and text.
fn table(root: &Path, folder: &str) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(folder))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".kdl") {
            names.push(name);
        }
    }
    names.sort();
    let mut table = String::from("[\n");
    for name in names {
        let path = root.join(folder).join(&name);
        let _ = writeln!(table, "    ({:?}, include_str!({:?})),", format!("{folder}/{name}"), path);
    }
    table.push(']');
    Ok(table)
}

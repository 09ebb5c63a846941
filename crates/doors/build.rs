//! Lists the declarations in `doors/`, so that a new file is shipped by being there.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../doors");
    let folder = folder.canonicalize()?;
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".kdl") {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    let mut table = String::from("[\n");
    for name in names {
        let path = folder.join(format!("{name}.kdl"));
        let _ = writeln!(table, "    ({:?}, include_str!({:?})),", format!("doors/{name}.kdl"), path);
    }
    table.push(']');
    fs::write(out.join("doors.rs"), table)
}

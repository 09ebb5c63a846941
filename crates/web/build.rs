//! Takes the stylesheet, scripts and fonts into the binary: content-hashed names, text also gzipped.
//!
//! Ours come from `static/`; htmx and the fonts from `node_modules/`, which `npm ci --ignore-scripts` fills.
//! Without them the crate builds all the same and the pages work without scripts. Nothing is ever downloaded here.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// From `node_modules`: path and name in the binary.
const PACKAGES: [(&str, &str); 3] = [
    ("htmx.org/dist/htmx.min.js", "htmx.js"),
    ("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", "inter.woff2"),
    (
        "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
        "jetbrains-mono.woff2",
    ),
];
/// From `static`; the stylesheet last, because it names the fonts.
const OURS: [&str; 5] = ["icon.svg", "keyboard.js", "live.js", "passkey.js", "proofdesk.css"];

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
    println!("cargo:rerun-if-changed={}", root.join("static").display());
    // touched by `make` after `npm ci`: a path that may be missing would rebuild the crate every time
    println!("cargo:rerun-if-changed={}", root.join("package.json").display());

    let mut names: Vec<(String, String)> = Vec::new();
    let mut table = String::from("[\n");
    for (path, name) in PACKAGES {
        let path = root.join("node_modules").join(path);
        if path.exists() {
            add(&out, name, fs::read(&path)?, &mut names, &mut table)?;
        }
    }
    for name in OURS {
        let mut bytes = fs::read(root.join("static").join(name))?;
        if name.ends_with(".css") {
            let mut text = String::from_utf8_lossy(&bytes).into_owned();
            for (from, to) in &names {
                text = text.replace(&format!("url(\"{from}\")"), &format!("url(\"/assets/{to}\")"));
            }
            bytes = text.into_bytes();
        }
        add(&out, name, bytes, &mut names, &mut table)?;
    }
    table.push(']');
    fs::write(out.join("assets.rs"), table)
}

fn add(
    out: &Path,
    name: &str,
    bytes: Vec<u8>,
    names: &mut Vec<(String, String)>,
    table: &mut String,
) -> io::Result<()> {
    let digest = Sha256::digest(&bytes);
    let hash = digest.iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let hashed = format!("{stem}-{hash}.{extension}");
    let plain = out.join(&hashed);
    fs::write(&plain, &bytes)?;
    let packed = if extension == "woff2" {
        String::from("None")
    } else {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        let path = out.join(format!("{hashed}.gz"));
        fs::write(&path, encoder.finish()?)?;
        format!("Some(include_bytes!({path:?}))")
    };
    let _ = writeln!(
        table,
        "Asset {{ name: {name:?}, file: {hashed:?}, bytes: include_bytes!({plain:?}), gzip: {packed} }},"
    );
    names.push((name.to_owned(), hashed));
    Ok(())
}

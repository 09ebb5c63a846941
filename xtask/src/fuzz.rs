//! `fuzz`: builds the fuzz targets of `fuzz/` with the stable compiler and runs them one after the other.
//!
//! Not here: what a target does (`fuzz/targets`), how it is read (`fuzz/README.md`). Coverage comes from LLVM's own pass,
//! which the stable compiler offers by `-C passes`; address sanitizers need another compiler and are not used: the
//! product forbids `unsafe`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, output};

/// What the compiler adds to every function, so that the fuzzer sees which input reaches what.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// How long a target runs where nothing is said.
const SECONDS: &str = "600";

/// The targets, each with the places in the checkout whose files it begins with.
const TARGETS: [(&str, &[&str]); 21] = [
    ("condition", &["records", "controls"]),
    ("records", &["records"]),
    ("controls", &["controls", "standards", "templates", "crates/demo/data"]),
    ("mapping", &["mappings"]),
    ("rows", &["fuzz/seeds/rows"]),
    ("log", &["fuzz/seeds/log"]),
    ("mail", &["crates/mail/tests/mime"]),
    ("note", &["fuzz/seeds/note"]),
    ("proof", &[]),
    ("sheet", &["fuzz/seeds/sheet"]),
    ("oscal", &["fuzz/seeds/oscal", "crates/demo/data"]),
    ("setup", &["fuzz/seeds/setup"]),
    ("declared", &["doors", "automation", "mail", "setup"]),
    ("doors", &["fuzz/seeds/doors"]),
    ("form", &["fuzz/seeds/form"]),
    ("imap", &["fuzz/seeds/imap"]),
    ("link", &["fuzz/seeds/link"]),
    ("lmtp", &["fuzz/seeds/lmtp"]),
    ("scim", &["fuzz/seeds/scim"]),
    ("trace", &["fuzz/seeds/trace"]),
    ("text", &["fuzz/seeds/text", "docs", "templates"]),
];

/// Runs one target or, by `all`, each; `false` where one found something.
pub fn run(root: &Path, words: &[&str]) -> Result<bool> {
    let (name, seconds) = match words {
        [] => ("all", SECONDS),
        [name] => (*name, SECONDS),
        [name, seconds] => (*name, *seconds),
        _ => bail!("cargo xtask fuzz [TARGET or all] [SECONDS]"),
    };
    let chosen: Vec<_> = TARGETS.iter().filter(|(target, _)| name == "all" || name == *target).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = TARGETS.iter().map(|(target, _)| *target).collect();
        bail!("there is no target {name}; there are: {}", known.join(", "));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("fuzz");
    let host = host(root)?;
    let names: Vec<&str> = chosen.iter().map(|(target, _)| *target).collect();
    build(root, &folder, &host, &names)?;
    let mut good = true;
    for (target, places) in chosen {
        let corpus = folder.join("corpus").join(target);
        seed(root, &corpus, target, places)?;
        let program = folder.join(&host).join("release").join(target);
        println!("== {target}, {seconds} s; what it learns is kept in {}", corpus.display());
        let status = Command::new(&program)
            .arg(&corpus)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/{target}-", folder.display()))
            .args([
                "-timeout=20",
                "-rss_limit_mb=3000",
                "-max_len=20000",
                "-print_final_stats=1",
                "-verbosity=1",
            ])
            .current_dir(root)
            .status()
            .with_context(|| format!("{} could not be started", program.display()))?;
        println!(
            "== {target}: {}",
            if status.success() { "nothing found" } else { "FOUND SOMETHING, see above" }
        );
        good &= status.success();
    }
    Ok(good)
}

fn host(root: &Path) -> Result<String> {
    let told = output(root, "rustc", &["-vV"])?;
    let line = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc -vV names no host")?.to_owned())
}

fn build(root: &Path, folder: &Path, host: &str, names: &[&str]) -> Result<()> {
    let mut command = Command::new(cargo());
    command.args(["build", "--release", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--target", host]);
    // the web takes longest of all to build, and two targets need it
    if !names.iter().any(|name| ["scim", "trace"].contains(name)) {
        command.args(["--no-default-features", "--features", "whole"]);
    }
    for name in names {
        command.args(["--bin", name]);
    }
    let status =
        command.env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", folder).current_dir(root).status()?;
    if status.success() { Ok(()) } else { bail!("the fuzz targets could not be built") }
}

/// Puts the beginnings of a target into its corpus; what an earlier run learned stays.
fn seed(root: &Path, corpus: &Path, target: &str, places: &[&str]) -> Result<()> {
    std::fs::create_dir_all(corpus)?;
    let mut texts: BTreeSet<Vec<u8>> = BTreeSet::new();
    for place in places {
        for file in files(&root.join(place))? {
            let bytes = std::fs::read(&file)?;
            if target == "condition" {
                texts.extend(conditions(&String::from_utf8_lossy(&bytes)));
            } else {
                texts.insert(bytes);
            }
        }
    }
    if target == "proof" {
        texts.extend(proofs());
    }
    for (number, bytes) in texts.iter().enumerate() {
        std::fs::write(corpus.join(format!("seed-{number:04}")), bytes)?;
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// The texts in quotation marks of a declaration that look like conditions.
fn conditions(text: &str) -> Vec<Vec<u8>> {
    let signs = ["==", "!=", "&&", "||", " < ", " > ", "<=", ">=", "exists", "size("];
    let strings = text.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
    strings.filter(|s| signs.iter().any(|sign| s.contains(sign))).map(|s| s.as_bytes().to_vec()).collect()
}

/// Genuine proofs in the form of the target: sizes, a choice, and the hashes of the genuine proof by their places.
fn proofs() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for (size, index, old, hashes) in
        [(1, 0, 1, 0), (8, 3, 5, 3), (64, 17, 32, 6), (37, 36, 21, 3), (5, 4, 4, 1)]
    {
        for choice in [0, 1] {
            let mut bytes = vec![size, index, old, choice];
            bytes.extend((0..hashes).flat_map(|place| [0xff, place]));
            found.push(bytes);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    // reason: a test says what it expects
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use super::{TARGETS, conditions};

    #[test]
    fn every_target_is_there_and_has_its_beginnings() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let manifest = std::fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        for (target, places) in TARGETS {
            assert!(root.join(format!("fuzz/targets/{target}.rs")).is_file(), "{target}");
            assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
            assert!(places.iter().all(|place| root.join(place).is_dir()), "{target}");
        }
    }

    #[test]
    fn conditions_are_found_in_declarations() {
        let line = "guard \"!major || size(problems) > 0\" clause=\"8.6.3\"";
        assert_eq!(conditions(line), [b"!major || size(problems) > 0".to_vec()]);
    }
}

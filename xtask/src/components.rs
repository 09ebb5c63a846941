//! `components`: holds the times in which components are renewed (docs/security.md, "When a component has a weakness").
//!
//! When all of them were last renewed, and which known weaknesses stay and why, stands in `Cargo.toml`, below
//! `workspace.metadata.components`. RustSec's list is asked by cargo-deny where both are at hand. A renewal that is late fails
//! this command alone: what depends on today's date must not fail the tests of a checkout of long ago.

use std::path::Path;

use anyhow::{Context, Result};
use jiff::Zoned;
use jiff::civil::Date;
use toml::{Table, Value};

use crate::shell;

/// Longest time between two renewals, days.
const QUARTER: i32 = 92;

/// What a late renewal does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// It is said, for who reads.
    Said,
    /// It fails.
    Fails,
}

/// Says what is overdue or not as it is told; `false` where something is.
pub fn check(root: &Path, late: Late) -> Result<bool> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).with_context(|| name.to_owned());
    let (manifest, lock) = (read("Cargo.toml")?, read("Cargo.lock")?);
    let overdue = overdue(&manifest, Zoned::now().date())?;
    let wrong = wrong(&manifest, &lock)?;
    for said in overdue.iter().chain(&wrong) {
        println!("components: {said}");
    }
    let mut good = wrong.is_empty() && (overdue.is_none() || late == Late::Said);
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = home.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let has_list = home.is_some_and(|home| home.join("advisory-dbs").is_dir());
    if has_list && shell::has_cargo_command(root, "deny") {
        good &= shell::succeeds(root, &shell::cargo(), &["deny", "--offline", "check", "advisories"])?;
    } else {
        println!("components: not held against RustSec's list: cargo-deny and that list are not at hand");
    }
    Ok(good)
}

/// What `Cargo.toml` says of the components.
fn told(manifest: &str) -> Result<Value> {
    let manifest: Table = toml::from_str(manifest).context("Cargo.toml")?;
    let said = manifest.get("workspace").and_then(|w| w.get("metadata")).and_then(|m| m.get("components"));
    said.cloned().context("Cargo.toml has no workspace.metadata.components")
}

/// That the renewal is overdue on a day, if it is.
fn overdue(manifest: &str, today: Date) -> Result<Option<String>> {
    let said = told(manifest)?;
    let renewed = said.get("renewed_on").and_then(Value::as_str).and_then(|day| day.parse::<Date>().ok());
    let renewed = renewed.context("components.renewed_on is no day, such as 2026-11-23")?;
    let days = renewed.until(today)?.get_days();
    Ok((days > QUARTER).then(|| {
        format!("they were last renewed {days} days ago: cargo update, npm update, look at what changed, write the day")
    }))
}

/// What is said of components that are not built in, or stay without a reason.
fn wrong(manifest: &str, lock: &str) -> Result<Vec<String>> {
    let said = told(manifest)?;
    let lock: Table = toml::from_str(lock).context("Cargo.lock")?;
    let mut found = Vec::new();
    let packages = lock.get("package").and_then(Value::as_array).context("Cargo.lock lists packages")?;
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    for known in said.get("known").and_then(Value::as_array).into_iter().flatten() {
        let (name, version) = (text(known, "crate"), text(known, "version"));
        if text(known, "why").is_empty() {
            found.push(format!("{} of {name}: say why it stays", text(known, "id")));
        }
        if !packages.iter().any(|p| text(p, "name") == name && text(p, "version") == version) {
            found.push(format!(
                "{} is told of {name} {version}, which is not built in: look at it again",
                text(known, "id")
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    // reason: a test says what it expects
    #![allow(clippy::unwrap_used, reason = "tests")]

    use jiff::ToSpan as _;
    use jiff::civil::{Date, date};

    use super::{overdue, wrong};

    const RENEWED: Date = date(2026, 11, 23);

    fn manifest(more: &str) -> String {
        format!("[workspace.metadata.components]\nrenewed_on = \"{RENEWED}\"\n{more}")
    }

    #[test]
    fn a_late_renewal_is_said() {
        assert_eq!(overdue(&manifest(""), RENEWED + 92.days()).unwrap(), None);
        let late = overdue(&manifest(""), RENEWED + 93.days()).unwrap();
        assert!(late.is_some_and(|said| said.contains("93 days ago")));
        assert!(overdue("[workspace]", RENEWED).is_err());
        assert!(overdue(&manifest("").replace("2026-11-23", "soon"), RENEWED).is_err());
    }

    #[test]
    fn a_weakness_is_told_of_what_is_built_in_and_with_its_reason() {
        let lock = "[[package]]\nname = \"rsa\"\nversion = \"0.9.10\"\n";
        let of = |version: &str, why: &str| {
            let known = format!(
                "known = [{{ id = \"R\", crate = \"rsa\", version = \"{version}\", why = \"{why}\" }}]"
            );
            wrong(&manifest(&known), lock).unwrap()
        };
        assert_eq!(of("0.9.10", "x"), Vec::<String>::new());
        assert!(of("0.9.9", "x")[0].contains("look at it again"));
        assert!(of("0.9.10", "")[0].contains("why"));
    }

    #[test]
    fn what_this_checkout_tells_is_built_in() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
        assert_eq!(wrong(&read("Cargo.toml"), &read("Cargo.lock")).unwrap(), Vec::<String>::new());
    }
}

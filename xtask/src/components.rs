//! `components`: holds the times in which components are renewed (docs/security.md, "When a component has a weakness").
//!
//! When all of them were last renewed, and which known weaknesses stay and why, stands in `Cargo.toml`, below
//! `workspace.metadata.components`. RustSec's list is asked by cargo-deny where both are at hand. Not part of `tidy`: what depends
//! on today's date must not fail a checkout of long ago.

use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::shell;

/// Longest time between two renewals, days.
const QUARTER: i64 = 92;

/// Says what is overdue; `false` where something is.
pub fn check(root: &Path) -> Result<bool> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).with_context(|| name.to_owned());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let today = i64::try_from(now.as_secs() / 86_400)?;
    let found = overdue(&read("Cargo.toml")?, &read("Cargo.lock")?, today)?;
    for said in &found {
        println!("components: {said}");
    }
    let mut good = found.is_empty();
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

/// What is overdue on a day, in days since 1970: the renewal, and what is said of a component that is not there any more.
fn overdue(manifest: &str, lock: &str, today: i64) -> Result<Vec<String>> {
    let manifest: Table = toml::from_str(manifest).context("Cargo.toml")?;
    let lock: Table = toml::from_str(lock).context("Cargo.lock")?;
    let said = manifest.get("workspace").and_then(|w| w.get("metadata")).and_then(|m| m.get("components"));
    let said = said.context("Cargo.toml has no workspace.metadata.components")?;
    let renewed = said.get("renewed_on").and_then(Value::as_str).and_then(day);
    let renewed = renewed.context("components.renewed_on is no day, such as 2026-11-23")?;
    let mut found = Vec::new();
    if today - renewed > QUARTER {
        found.push(format!(
            "they were last renewed {} days ago: cargo update, npm update, look at what changed, write the day",
            today - renewed
        ));
    }
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

/// Days since 1970 of a day of the Gregorian calendar.
fn day(text: &str) -> Option<i64> {
    let parts: Vec<i64> = text.split('-').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [year, month, day] = parts[..] else { return None };
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // years that begin in March end with the leap day
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    Some(year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    // reason: a test says what it expects
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{day, overdue};

    #[test]
    fn days_are_counted() {
        for (text, days) in
            [("1970-01-01", 0), ("2000-02-29", 11_016), ("2000-03-01", 11_017), ("2026-11-23", 20_780)]
        {
            assert_eq!(day(text), Some(days), "{text}");
        }
        for wrong in ["", "2026", "2026-13-01", "2026-00-01", "x-1-1", "2026-11-23-1"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_overdue_is_said() {
        let manifest =
            |more: &str| format!("[workspace.metadata.components]\nrenewed_on = \"2026-11-23\"\n{more}");
        let lock = "[[package]]\nname = \"rsa\"\nversion = \"0.9.10\"\n";
        let of = |more: &str, today: i64| overdue(&manifest(more), lock, today).unwrap();
        let renewed = day("2026-11-23").unwrap();
        assert_eq!(of("", renewed + 92), Vec::<String>::new());
        assert!(of("", renewed + 93)[0].contains("93 days ago"));
        let known = |version: &str, why: &str| {
            format!("known = [{{ id = \"R\", crate = \"rsa\", version = \"{version}\", why = \"{why}\" }}]")
        };
        assert_eq!(of(&known("0.9.10", "x"), renewed), Vec::<String>::new());
        assert!(of(&known("0.9.9", "x"), renewed)[0].contains("look at it again"));
        assert!(of(&known("0.9.10", ""), renewed)[0].contains("why"));
        assert!(overdue("[workspace]", lock, renewed).is_err());
    }

    #[test]
    fn the_day_of_this_checkout_is_a_day() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
        let renewed = day("2026-11-23").unwrap();
        assert_eq!(overdue(&read("Cargo.toml"), &read("Cargo.lock"), renewed).unwrap(), Vec::<String>::new());
    }
}

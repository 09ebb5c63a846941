//! Nothing of one machine: no absolute path of a workshop, no address of a package registry, no lock file that
//! can be installed from one host only.

use super::Problem;
use super::tree::Tree;

/// All checks of this file.
pub fn check(tree: &Tree) -> Vec<Problem> {
    // In pieces, so that this file does not find itself.
    let workshop = concat!("/wo", "rk/");
    let home = concat!("/ro", "ot/");
    let mut found = Vec::new();
    for (path, file) in tree.files() {
        let Some(text) = file.text.as_deref() else { continue };
        for (index, line) in text.lines().enumerate() {
            for place in [workshop, home] {
                if begins_a_path(line, place) {
                    let message =
                        format!("`{place}…` exists on one machine only: use a path inside the checkout");
                    found.push(Problem::new("places", path, index + 1, message));
                }
            }
            if let Some(message) = registry(path, line) {
                found.push(Problem::new("places", path, index + 1, message));
            }
        }
    }
    found
}

/// Whether `place` stands in the line as the start of an absolute path.
fn begins_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|one| {
            one.is_alphanumeric() || matches!(one, '.' | '_' | '-' | '/' | '}' | '>' | '*')
        })
    })
}

fn registry(path: &str, line: &str) -> Option<&'static str> {
    let line = line.trim();
    if path == "Cargo.lock" {
        let other = line.starts_with("source = ") && !line.contains("github.com/rust-lang/crates.io-index");
        return other.then_some("every crate comes from the public index");
    }
    if path.ends_with("package-lock.json") {
        return line
            .starts_with("\"resolved\"")
            .then_some("a lock file names hashes, not hosts: omit-lockfile-registry-resolved");
    }
    if path.ends_with(".npmrc") {
        return line.contains("registry=").then_some("the registry is the machine's choice");
    }
    if path.starts_with(".cargo/") {
        return line.starts_with("[source").then_some("the registry is the machine's choice");
    }
    let pip = path.ends_with(".txt") || path.ends_with(".sh") || path == "Makefile" || path == ".ci/run";
    (pip && line.contains("index-url")).then_some("the registry is the machine's choice")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn an_absolute_path_of_a_workshop_is_found() {
        assert_eq!(count("docs/a.md", concat!("see `/wo", "rk/main/x`")), 1);
        assert_eq!(count("docs/a.md", concat!("see frame", "/wo", "rk/x and net/wo", "rk/")), 0);
    }

    #[test]
    fn a_lock_file_that_names_a_host_is_found() {
        assert_eq!(count("e2e/package-lock.json", "  \"resolved\": \"https://host/a.tgz\","), 1);
        assert_eq!(count("e2e/package-lock.json", "  \"integrity\": \"sha512-x\","), 0);
    }

    #[test]
    fn a_crate_from_another_index_is_found() {
        assert_eq!(count("Cargo.lock", "source = \"registry+https://mirror.example/index\""), 1);
        assert_eq!(
            count("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\""),
            0
        );
    }

    #[test]
    fn a_chosen_registry_is_found() {
        assert_eq!(count("e2e/.npmrc", "registry=https://mirror.example/"), 1);
        assert_eq!(count(".cargo/config.toml", "[source.crates-io]"), 1);
    }
}

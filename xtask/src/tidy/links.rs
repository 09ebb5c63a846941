//! Papers stay true: what a paper links to exists, heading included, and a path that it names in code marks is
//! there.

use std::collections::BTreeSet;

use super::Problem;
use super::tree::Tree;

/// Folders whose paths are checked where a paper names them in code marks.
const FOLDERS: &[&str] = &[
    "crates/",
    "records/",
    "controls/",
    "standards/",
    "static/",
    "locales/",
    "migrations/",
    "demo/",
    "mappings/",
    "generated/",
    "docs/",
    "e2e/",
    "xtask/",
    ".ci/",
];

/// All checks of this file.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut found = Vec::new();
    for (path, text) in tree.texts(".md") {
        for (line, part) in prose(text) {
            for target in links(part) {
                if let Some(message) = broken(tree, path, target) {
                    found.push(Problem::new("links", path, line, message));
                }
            }
            for named in named_paths(part) {
                if !tree.contains(named) {
                    found.push(Problem::new(
                        "links",
                        path,
                        line,
                        format!("`{named}` is not in the checkout"),
                    ));
                }
            }
        }
    }
    found
}

/// The lines of a paper outside its fenced blocks, numbered from 1.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// The targets of inline links and pictures in a line.
fn links(line: &str) -> Vec<&str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

/// What is wrong with a link's target, if it points into the checkout.
fn broken(tree: &Tree, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) =
        target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    let path = if file.is_empty() { from.to_owned() } else { resolve(from, file) };
    if !tree.contains(&path) {
        return Some(format!("the link leads nowhere: {target}"));
    }
    let heading = heading?;
    let known = headings(tree.text(&path)?);
    (!known.contains(heading)).then(|| format!("{path} has no heading #{heading}"))
}

fn resolve(from: &str, file: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// The anchors of a paper's headings, as the usual Markdown viewers make them.
fn headings(text: &str) -> BTreeSet<String> {
    let anchor = |title: &str| -> String {
        let kept = title.trim().to_lowercase().replace(' ', "-");
        kept.chars().filter(|one| one.is_alphanumeric() || matches!(one, '-' | '_')).collect()
    };
    prose(text)
        .into_iter()
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| anchor(line.trim_start_matches('#')))
        .collect()
}

/// Paths in code marks that name something in the checkout; patterns and examples in capitals are left out.
fn named_paths(line: &str) -> Vec<&str> {
    let is_path = |part: &&str| {
        FOLDERS.iter().any(|folder| part.starts_with(folder) && *part != *folder)
            && !part.contains(['*', '<', '{', ' ', '…', '$'])
            && !part.contains("NAME")
            && !part.contains("NNNN")
            // written by programs, not checked in
            && !part.starts_with("e2e/out")
            && !part.contains("node_modules")
    };
    line.split('`')
        .skip(1)
        .step_by(2)
        .map(|part| part.split(':').next().unwrap_or(part))
        .filter(is_path)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn said(text: &str) -> Vec<String> {
        let files = [
            ("docs/a.md", text),
            ("docs/b.md", "# The one\n\n## Two & three\n"),
            ("crates/x/src/lib.rs", "//! X."),
        ];
        check(&Tree::of(&files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn good_links_are_left_alone() {
        let text = "# Here\n[b](b.md) [up](../crates/x/src/lib.rs) [h](b.md#two--three) [self](#here) [w](https://example.org/x)";
        assert_eq!(said(text), Vec::<String>::new());
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        assert_eq!(said("x\n[c](c.md)").len(), 1);
        assert!(said("x\n[c](c.md)")[0].starts_with("docs/a.md:2:"));
    }

    #[test]
    fn a_heading_that_is_gone_is_found() {
        assert_eq!(said("[b](b.md#four)").len(), 1);
    }

    #[test]
    fn a_path_named_in_code_marks_must_exist() {
        assert!(said("`crates/x/src/lib.rs` and `crates/x` and `crates/NAME/src`").is_empty());
        assert_eq!(said("`crates/x/src/gone.rs`").len(), 1);
    }

    #[test]
    fn a_fenced_block_is_not_read() {
        assert!(said("```\n[c](c.md) `crates/gone`\n```").is_empty());
    }
}

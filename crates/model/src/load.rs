//! The reader of declarations: KDL 2 texts to a [`Registry`], or every mistake in them at once.
//!
//! Two passes: types with their fields and workflow first, then the conditions, which need the whole registry
//! as their schema. Pure: texts are handed in. `docs/records.md` teaches the format.
//! Invariant: a registry is only given when there is no mistake.

mod brought;
mod build;
mod collect;
mod conditions;
mod draw;
mod fields;
mod fixed;
mod flow;
mod merge;
mod node;
mod read;
mod read_field;
mod reading;
mod table;
mod text;
mod tree;

pub(crate) use reading::filled;
pub use text::{Mistake, SourceFile};

use crate::registry::Registry;

/// Reads declarations. Later files may extend what earlier ones declare (`extend "incident" { … }`), so the
/// files of a site come last. `rule_names` are the rules that the program has.
///
/// # Errors
/// All mistakes over all files, in the order of files and lines.
pub fn load(files: &[SourceFile], rule_names: &[&str]) -> Result<Registry, Vec<Mistake>> {
    let mut book = text::Book::new(files);
    let mut trees = Vec::new();
    for at in 0..files.len() {
        trees.extend(read::file(at, &mut book));
    }
    let trees = merge::merge(trees, &mut book);
    let types = build::build(&trees, rule_names, &mut book);
    let mut registry = Registry::seal(types);
    // in a torn file anything may have been declared: its absence would be reported over and over
    if !book.torn {
        conditions::place(&trees, &mut registry, &mut book);
        collect::place(&trees, &mut registry, &mut book);
        reading::place(&trees, &mut registry, &mut book);
        draw::place(&trees, &mut registry, &mut book);
    }
    let mistakes = book.finish();
    if mistakes.is_empty() { Ok(registry) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests;

//! A framework as KDL again, always in the same form: what is stored, compared and sealed.

use std::fmt::Write as _; // into a String, which cannot fail: results are dropped

use sha2::{Digest, Sha256};

use crate::framework::{Basis, Clause, Framework, Obligation};

impl Framework {
    /// The framework as one KDL file, in a form of its own: equal frameworks give equal bytes, whatever their files
    /// looked like.
    pub fn to_kdl(&self) -> String {
        let mut out = format!(
            "framework {} title={} edition={}",
            quoted(&self.id),
            quoted(&self.title),
            quoted(&self.edition)
        );
        property(&mut out, "amendment", self.amendment.as_deref());
        out.push_str(" {\n");
        line(&mut out, 1, "about", Some(&self.about).filter(|a| !a.is_empty()));
        line(&mut out, 1, "origin", self.origin.as_ref());
        out.push_str("}\n");
        for chapter in &self.chapters {
            let (number, title, group) =
                (quoted(&chapter.number), quoted(&chapter.title), quoted(&chapter.group));
            let _ = writeln!(out, "\nchapter {number} title={title} group={group}");
            for clause in chapter.clauses.iter().filter_map(|number| self.clauses.get(number)) {
                self.write_clause(&mut out, clause);
            }
        }
        out
    }

    /// SHA-256 of [`Framework::to_kdl`], hexadecimal: what publishing seals.
    pub fn digest(&self) -> String {
        digest_of(&self.to_kdl())
    }

    fn write_clause(&self, out: &mut String, clause: &Clause) {
        let _ = write!(out, "\nclause {} title={}", quoted(&clause.number), quoted(&clause.title));
        property(out, "chapter", clause.chapter.as_deref());
        out.push_str(" {\n");
        for obligation in clause.obligations.iter().filter_map(|id| self.obligations.get(id)) {
            write_obligation(out, obligation);
        }
        out.push_str("}\n");
    }
}

/// SHA-256 of a text, hexadecimal.
pub(crate) fn digest_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn write_obligation(out: &mut String, o: &Obligation) {
    let _ = write!(
        out,
        "    obligation {} kind={} judgement={}",
        quoted(&o.id),
        quoted(o.kind.as_str()),
        quoted(o.judgement.as_str())
    );
    property(out, "statement", Some(o.statement.as_str()).filter(|s| *s != o.id));
    property(out, "party", Some(o.party.as_str()).filter(|p| *p != "organization"));
    property(out, "amendment", o.amendment.as_deref());
    out.push_str(" {\n");
    line(out, 2, "says", Some(&o.says));
    line(out, 2, "tested", o.tested.as_ref());
    line(out, 2, "evidence", o.evidence.as_ref());
    if !o.records.is_empty() {
        let words: Vec<String> = o.records.iter().map(|r| quoted(r)).collect();
        let _ = writeln!(out, "        records {}", words.join(" "));
    }
    if let Some((name, basis)) = &o.documented {
        let basis = match basis {
            Basis::Explicit => "explicit",
            Basis::Implied => "implied",
        };
        let _ = writeln!(out, "        documented {} basis={}", quoted(name), quoted(basis));
    }
    line(out, 2, "when", o.applies_when.as_ref());
    out.push_str("    }\n");
}

fn property(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = write!(out, " {name}={}", quoted(value));
    }
}

fn line(out: &mut String, depth: usize, word: &str, value: Option<&String>) {
    if let Some(value) = value {
        let _ = writeln!(out, "{}{word} {}", "    ".repeat(depth), quoted(value));
    }
}

/// A text in quotes, as KDL 2 writes it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // KDL takes these as ends of lines or not at all inside quotes
            '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => out.push(' '),
            c if c.is_control() => out.push(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

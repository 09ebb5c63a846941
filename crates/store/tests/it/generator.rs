//! Generated conditions about the small desk: every construct of the language, at random, by seed.

use proofdesk_condition::Type;

use crate::world::{Dice, STATES, TAGS, TEXTS, fields};

/// Hops (links and relations) from the condition's record that a name may take.
pub const HOPS: usize = 3;

/// A generated condition.
pub struct Generated {
    /// In our language.
    pub source: String,
    /// In that of the `cel` crate; none where it has no such construct.
    pub cel: Option<String>,
}

/// A record that names may start from.
#[derive(Clone)]
struct Start {
    name: String,
    record_type: String,
    hops: usize,
}

struct Generator<'d> {
    dice: &'d mut Dice,
    starts: Vec<Start>,
    cel: bool,
}

const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// Makes one condition about a record type.
pub fn condition(dice: &mut Dice, record_type: &str) -> Generated {
    let start = Start { name: String::new(), record_type: record_type.to_owned(), hops: 0 };
    let mut generator = Generator { dice, starts: vec![start], cel: true };
    let source = generator.any(3);
    let cel = generator.cel.then(|| in_cel(&source));
    Generated { source, cel }
}

/// Writes our functions in the words of the Common Expression Language.
fn in_cel(source: &str) -> String {
    let mut text = source.to_owned();
    for (name, unit, factor) in [("minutes(", "m", 1), ("hours(", "h", 1), ("days(", "h", 24)] {
        while let Some((before, rest)) = text.split_once(name) {
            let Some((number, after)) = rest.split_once(')') else { break };
            let number: i64 = number.parse().unwrap_or_default();
            text = format!("{before}duration(\"{}{unit}\"){after}", number * factor);
        }
    }
    while let Some((before, rest)) = text.split_once("has(") {
        let Some((field, after)) = rest.split_once(')') else { break };
        let test =
            if field.ends_with("tags") { format!("size({field}) > 0") } else { format!("{field} != null") };
        text = format!("{before}({test}){after}");
    }
    text
}

impl Generator<'_> {
    fn any(&mut self, depth: u32) -> String {
        if depth == 0 || self.dice.chance(35) {
            return self.leaf(depth);
        }
        match self.dice.below(5) {
            0 => format!("!({})", self.any(depth - 1)),
            1 | 2 => format!("({} && {})", self.any(depth - 1), self.any(depth - 1)),
            _ => format!("({} || {})", self.any(depth - 1), self.any(depth - 1)),
        }
    }

    /// Finds a field of a type that `wanted` accepts, perhaps over links.
    fn path(&mut self, wanted: impl Fn(&Type) -> bool) -> Option<(String, Type, usize)> {
        for _ in 0..12 {
            let starts = self.starts.clone();
            let start =
                if self.dice.chance(60) { starts.last()?.clone() } else { self.dice.pick(&starts).clone() };
            let Start { mut name, mut record_type, mut hops } = start;
            while hops < HOPS && self.dice.chance(30) {
                let links: Vec<_> = fields(&record_type)
                    .into_iter()
                    .filter(|(_, kind)| matches!(kind, Type::Link(_)))
                    .collect();
                if links.is_empty() {
                    break;
                }
                let (field, Type::Link(to)) = self.dice.pick(&links).clone() else { break };
                name = joined(&name, field);
                record_type = to;
                hops += 1;
            }
            let found: Vec<_> = fields(&record_type).into_iter().filter(|(_, kind)| wanted(kind)).collect();
            if !found.is_empty() {
                let (field, kind) = self.dice.pick(&found).clone();
                return Some((joined(&name, field), kind, hops));
            }
        }
        None
    }

    fn leaf(&mut self, depth: u32) -> String {
        let relations = self.dice.chance(25);
        let Some((path, kind, hops)) = self.path(|kind| matches!(kind, Type::Links(_)) == relations) else {
            return "true".to_owned();
        };
        if !matches!(kind, Type::Links(_) | Type::Choices(_)) && self.dice.chance(10) {
            return match self.dice.below(3) {
                0 => format!("has({path})"),
                1 => format!("{path} == null"),
                _ => format!("null != {path}"),
            };
        }
        match kind {
            Type::Bool => self.flag(&path),
            Type::Int => self.int(&path),
            Type::Decimal => self.decimal(&path),
            Type::Text => self.text(&path),
            Type::Choice(options) => self.choice(&path, &options),
            Type::Choices(_) => self.choices(&path),
            Type::Instant => self.instant(&path),
            Type::Duration => self.duration(&path),
            Type::Day => self.day(&path),
            Type::Link(to) => self.link(&path, &to),
            Type::Links(info) => self.relation(&path, &info.to, hops, depth),
        }
    }

    fn comparison(&mut self) -> &'static str {
        let sign: &&str = self.dice.pick(&COMPARISONS);
        sign
    }

    fn flag(&mut self, path: &str) -> String {
        let other = self.path(|kind| *kind == Type::Bool).map(|(path, ..)| path);
        match (self.dice.below(6), other) {
            (0, _) => format!("!{path}"),
            (1, _) => format!("{path} == true"),
            (2, _) => format!("{path} != false"),
            (3, Some(other)) => format!("{path} {} {other}", self.comparison()),
            (4, Some(other)) => format!("({path} && {other}) == false"),
            _ => path.to_owned(),
        }
    }

    fn int(&mut self, path: &str) -> String {
        let (sign, n, m) = (self.comparison(), self.dice.between(-2, 6), self.dice.between(0, 4));
        let other = self.path(|kind| *kind == Type::Int).map_or_else(|| "3".to_owned(), |(path, ..)| path);
        match self.dice.below(9) {
            0 => format!("{path} {sign} {other}"),
            1 => format!("{path} + {other} {sign} {n}"),
            2 => format!("{path} - {m} {sign} {other} - -{m}"),
            3 => format!("{n} {sign} {path}"),
            4 => format!("{path} in [{n}, {m}, {}]", m + 1),
            5 => format!("{path} in [{n}, null]"),
            6 => format!("{path} {sign} {n}.5"),
            7 => format!("-{path} {sign} {other}"),
            _ => format!("{path} {sign} {n}"),
        }
    }

    fn decimal(&mut self, path: &str) -> String {
        let (sign, n) = (self.comparison(), self.dice.between(-2, 6));
        let other =
            self.path(|kind| *kind == Type::Decimal).map_or_else(|| "0.5".to_owned(), |(path, ..)| path);
        let whole = self.path(|kind| *kind == Type::Int).map_or_else(|| "2".to_owned(), |(path, ..)| path);
        match self.dice.below(7) {
            0 => format!("{path} {sign} {other}"),
            1 => format!("{path} + {other} {sign} {n}.0"),
            2 => {
                self.cel = false;
                format!("{path} - {whole} {sign} {other} + {n}")
            }
            3 => format!("{path} {sign} {whole}"),
            4 => format!("{path} in [{n}, {n}.5, 1.0]"),
            5 => format!("{n} {sign} {path}"),
            _ => format!("{path} {sign} {n}.5"),
        }
    }

    fn text(&mut self, path: &str) -> String {
        let sign = self.comparison();
        let literal = serde_json::Value::from(*self.dice.pick(&TEXTS)).to_string();
        let part = serde_json::Value::from(
            *self.dice.pick(&["", "fire", "a", "%", "_", "\"", "é", "😀", "Printer"]),
        );
        let other = self.path(|kind| *kind == Type::Text).map_or_else(|| literal.clone(), |(path, ..)| path);
        match self.dice.below(12) {
            0 => format!("{path} {sign} {other}"),
            1 => format!("{path}.contains({part})"),
            2 => format!("{path}.startsWith({part})"),
            3 => format!("{path}.endsWith({part})"),
            4 => format!("{path}.contains({other})"),
            5 => format!("{other}.endsWith({path})"),
            6 => format!("{literal}.startsWith({path})"),
            7 => format!("size({path}) {sign} {}", self.dice.between(0, 12)),
            8 => format!("{path}.lowerAscii() {sign} {other}"),
            9 => format!("{path}.upperAscii().contains(\"FIRE\")"),
            10 => format!("{path} in [{literal}, \"abc\", {part}]"),
            _ => format!("{path} {sign} {literal}"),
        }
    }

    fn choice(&mut self, path: &str, options: &[String]) -> String {
        let sign = if self.dice.chance(50) { "==" } else { "!=" };
        let (one, two) = (self.dice.pick(options).clone(), self.dice.pick(options).clone());
        match self.dice.below(4) {
            0 => format!("{path} in [\"{one}\", \"{two}\"]"),
            1 if options.len() == STATES.len() && options[0] == STATES[0] => {
                let state = |kind: &Type| matches!(kind, Type::Choice(o) if o[0] == STATES[0]);
                match self.path(state) {
                    Some((other, ..)) => format!("{path} {sign} {other}"),
                    None => format!("{path} {sign} \"{one}\""),
                }
            }
            _ => format!("{path} {sign} \"{one}\""),
        }
    }

    fn choices(&mut self, path: &str) -> String {
        let option = *self.dice.pick(&TAGS);
        match self.dice.below(4) {
            0 => format!("size({path}) {} {}", self.comparison(), self.dice.between(0, 4)),
            1 => format!("has({path})"),
            _ => format!("\"{option}\" in {path}"),
        }
    }

    fn length(&mut self) -> String {
        let n = self.dice.between(1, 30);
        match self.dice.below(4) {
            0 => format!("minutes({})", n * 30),
            1 => format!("hours({n})"),
            2 => format!("duration(\"{n}h30m\")"),
            _ => format!("days({n})"),
        }
    }

    fn instant(&mut self, path: &str) -> String {
        let (sign, length) = (self.comparison(), self.length());
        let other =
            self.path(|kind| *kind == Type::Instant).map_or_else(|| "now".to_owned(), |(path, ..)| path);
        match self.dice.below(8) {
            0 => format!("{path} {sign} now"),
            1 => format!("{path} {sign} {other}"),
            2 => format!("{path} - {other} {sign} {length}"),
            3 => format!("now - {path} {sign} {length}"),
            4 => format!("{path} + {length} {sign} {other}"),
            5 => format!("{path} {sign} now - {length}"),
            6 => format!("{path} {sign} timestamp(\"2026-11-{:02}T12:00:00Z\")", self.dice.between(1, 28)),
            _ => format!("{path} - {length} {sign} {other} - {length}"),
        }
    }

    fn duration(&mut self, path: &str) -> String {
        let (sign, length) = (self.comparison(), self.length());
        let other =
            self.path(|kind| *kind == Type::Instant).map_or_else(|| "now".to_owned(), |(path, ..)| path);
        match self.dice.below(4) {
            0 => format!("{path} {sign} now - {other}"),
            1 => format!("{other} + {path} {sign} now"),
            2 => format!("{path} + {length} {sign} hours(24)"),
            _ => format!("{path} {sign} {length}"),
        }
    }

    fn day(&mut self, path: &str) -> String {
        let sign = self.comparison();
        let other =
            self.path(|kind| *kind == Type::Day).map_or_else(|| "today".to_owned(), |(path, ..)| path);
        match self.dice.below(4) {
            0 => {
                self.cel = false;
                format!("{path} {sign} today - days({})", self.dice.between(0, 30))
            }
            1 => format!("{path} {sign} {other}"),
            2 => format!("{path} {sign} day(\"2026-11-{:02}\")", self.dice.between(1, 28)),
            _ => format!("{path} {sign} today"),
        }
    }

    fn link(&mut self, path: &str, to: &str) -> String {
        let sign = if self.dice.chance(50) { "==" } else { "!=" };
        if self.dice.chance(25) {
            return format!("{path} {sign} null");
        }
        self.cel = false;
        let prefix = match to {
            "service" => "SVC",
            "problem" => "PRB",
            "person" => "PER",
            _ => return format!("{path} {sign} null"),
        };
        let n = self.dice.between(1, 9);
        let same = |kind: &Type| matches!(kind, Type::Link(other) if other == to);
        match (self.dice.below(4), self.path(same)) {
            (0, Some((other, ..))) => format!("{path} {sign} {other}"),
            (1, _) if to == "person" => format!("{path} {sign} me"),
            (2, _) => format!("{path} in [\"{prefix}-{n}\", \"{prefix}-{}\", null]", n + 1),
            _ => format!("{path} {sign} \"{prefix}-{n}\""),
        }
    }

    fn relation(&mut self, path: &str, to: &str, hops: usize, depth: u32) -> String {
        let (sign, n) = (self.comparison(), self.dice.between(0, 3));
        if hops >= HOPS || self.starts.len() > 2 || self.dice.chance(15) {
            return format!("size({path}) {sign} {n}");
        }
        let name = format!("r{}", self.starts.len());
        self.starts.push(Start { name: name.clone(), record_type: to.to_owned(), hops: hops + 1 });
        let inner = self.any(depth.min(1));
        self.starts.pop();
        match self.dice.below(8) {
            0..=2 => format!("{path}.exists({name}, {inner})"),
            3..=5 => format!("{path}.all({name}, {inner})"),
            6 => format!("{path}.exists_one({name}, {inner})"),
            _ => match self.path(|kind| *kind == Type::Int) {
                Some((other, ..)) if self.dice.chance(40) => {
                    format!("{other} {sign} size({path}.filter({name}, {inner}))")
                }
                _ => format!("size({path}.filter({name}, {inner})) {sign} {n}"),
            },
        }
    }
}

fn joined(name: &str, field: &str) -> String {
    if name.is_empty() { field.to_owned() } else { format!("{name}.{field}") }
}

//! The conformance vectors of the Common Expression Language: each is run where our language can say it, and
//! skipped for a reason that `docs/conditions.md` lists.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use proofdesk_condition::{Condition, Decimal, Mistake, Outcome, Row, Schema, Type, Value, check};

use crate::textproto::{Proto, read};
use crate::world::CONTEXT;

/// What became of a vector.
enum Fate {
    Passed,
    Skipped(&'static str),
    Failed(String),
}

/// Words of the checker's messages, and the reason for the skip that they stand for.
const REASONS: &[(&str, &str)] = &[
    ("without `u`", "unsigned numbers: there is one kind of whole number"),
    ("bytes are not part", "bytes: no field holds them"),
    ("`{ }` is not part", "maps and messages: a record's fields are named"),
    ("`? :` is not part", "the conditional operator `? :`"),
    ("no parts in `[ ]`", "indexes `[ ]`"),
    ("a list stands only after", "lists as values: a list stands only after `in`"),
    (
        "only relations to records",
        "`exists`, `all`, `map` and `filter` of written lists: relations have them",
    ),
    ("to count the records", "`exists`, `all`, `map` and `filter` of written lists: relations have them"),
    ("`map` is not part", "`exists`, `all`, `map` and `filter` of written lists: relations have them"),
    ("types are known and not converted", "conversions, `dyn` and `type`: types are known"),
    ("compare whole instants", "calendar parts of an instant (`getFullYear` and its kin)"),
    ("databases disagree about patterns", "regular expressions: databases disagree about them"),
    ("`null` has no order", "an order of null, refused when the condition is checked"),
];

const OTHER_TYPES: &str =
    "values of different types: refused when the condition is checked, where CEL says false";
const CONDITIONS: &str = "conditions as values, compared with each other or with values of other types";
const RESULT: &str = "the result is a list, a map, a message, bytes, a type or an unsigned number";
const VARIABLES: &str = "variables that are maps, lists or messages, or names with dots";
const PLACES: &str = "decimals beyond six places or 12 digits: ours are exact, CEL's are floating point";
const TIMES: &str = "instants and durations finer than a microsecond or beyond the years 1 to 9999";
const NAMES: &str =
    "names with a dot in front, backquotes, constants of enumerations and function name spaces";
const NUL: &str = "text with the character U+0000, which PostgreSQL cannot store";
const NUMBERS: &str = "multiplication and division only between written numbers with an exact result";
const FUNCTIONS: &str = "macros and functions that we do not have";
const NOT_A_CONDITION: &str =
    "expressions that are not built of comparisons, such as `size` of a written list";

/// Gives the folder with the shared data: beside the checkout, or where the environment says.
fn shared() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("PROOFDESK_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from)
}

/// Variables of one vector.
#[derive(Default)]
struct Variables(BTreeMap<String, (Type, Value)>);

impl Schema for Variables {
    fn field(&self, _record_type: &str, name: &str) -> Option<Type> {
        self.0.get(name).map(|(kind, _)| kind.clone())
    }

    fn names(&self, _record_type: &str) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

impl Row for Variables {
    fn value(&self, field: &str) -> Value {
        self.0.get(field).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn follow(&self, _link: &str) -> Option<&dyn Row> {
        None
    }

    fn related(&self, _links: &str) -> Vec<&dyn Row> {
        Vec::new()
    }
}

fn variables(test: &Proto) -> Option<Variables> {
    let mut variables = Variables::default();
    for known in test.all("type_env") {
        let kind = match known.get("ident")?.get("type")?.get("primitive")?.text() {
            "BOOL" => Type::Bool,
            "INT64" => Type::Int,
            "STRING" => Type::Text,
            "DOUBLE" => Type::Decimal,
            _ => return None,
        };
        variables.0.insert(known.get("name")?.text().to_owned(), (kind, Value::Null));
    }
    for binding in test.all("bindings") {
        let value = binding.get("value")?.get("value")?;
        let Proto::Message(fields) = value else { return None };
        let (name, value) = fields.first()?;
        let (kind, value) = match name.as_str() {
            "bool_value" => (Type::Bool, Value::Bool(value.text() == "true")),
            "int64_value" => (Type::Int, Value::Int(value.text().parse().ok()?)),
            "string_value" => (Type::Text, Value::Text(value.text().to_owned())),
            "double_value" => (Type::Decimal, Value::Decimal(value.text().parse().ok()?)),
            _ => return None,
        };
        variables.0.insert(binding.get("key")?.text().to_owned(), (kind, value));
    }
    variables.0.keys().all(|name| !name.contains('.')).then_some(variables)
}

/// Gives the condition to check and the outcome to expect; a reason where there is none.
fn question(test: &Proto) -> Result<(String, Outcome), &'static str> {
    let expr = test.get("expr").map(Proto::text).unwrap_or_default();
    let Some(Proto::Message(value)) = test.get("value") else {
        return if test.get("eval_error").is_some() {
            Ok((expr.to_owned(), Outcome::Error))
        } else {
            Err(RESULT)
        };
    };
    let Some((kind, value)) = value.first() else { return Err(RESULT) };
    let equal = |literal: &str| Ok((format!("({expr}) == {literal}"), Outcome::True));
    match kind.as_str() {
        "bool_value" => {
            let outcome = if value.text() == "true" { Outcome::True } else { Outcome::False };
            Ok((expr.to_owned(), outcome))
        }
        "int64_value" => equal(value.text()),
        "double_value" => match value.text().parse::<Decimal>() {
            Ok(decimal) => equal(&decimal.to_string()),
            Err(_) => Err(PLACES),
        },
        "string_value" if value.text().contains('\0') => Err(NUL),
        "string_value" => equal(&quoted(value.text())),
        "null_value" => equal("null"),
        _ => Err(RESULT),
    }
}

/// Writes a text as a literal.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(literal, "\\u{:04x}", c as u32);
            }
            c => literal.push(c),
        }
    }
    literal + "\""
}

/// Finds why a condition that was refused could not be said in our language; none for a plain refusal.
fn reason(mistake: &Mistake) -> Option<&'static str> {
    let message = mistake.message.as_str();
    if let Some((_, reason)) = REASONS.iter().find(|(words, _)| message.contains(words)) {
        return Some(reason);
    }
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["cannot be compared with", "`exists(x", "cannot be added", "cannot be subtracted"]) {
        Some(OTHER_TYPES)
    } else if has(&["not compared", "a condition has no order", "this is a condition, not a value"]) {
        Some(CONDITIONS)
    } else if has(&["six places"]) {
        Some(PLACES)
    } else if has(&["not an instant", "not a duration", "takes a text in quotes"]) {
        Some(TIMES)
    } else if has(&[
        "backquotes",
        "expected a value",
        "has no fields",
        "is not a field of",
        "here stands a field",
    ]) {
        Some(NAMES)
    } else if has(&["U+0000"]) {
        Some(NUL)
    } else if has(&["between written numbers only", "no exact result", "has no negative", "calculated with"])
    {
        Some(NUMBERS)
    } else if has(&[
        "there is no function",
        "takes a name and a condition",
        "`has` takes",
        "is used like this",
    ]) {
        Some(FUNCTIONS)
    } else if has(&["here stands a text", "not a condition", "after `in` stands", "constants only"]) {
        Some(NOT_A_CONDITION)
    } else {
        None
    }
}

fn run(test: &Proto) -> Fate {
    let Some(variables) = variables(test) else { return Fate::Skipped(VARIABLES) };
    let (source, expected) = match question(test) {
        Ok(question) => question,
        Err(reason) => return Fate::Skipped(reason),
    };
    let checked = check(&source, "vector", &variables).or_else(|mistakes| {
        // An expression that is to end in an error may also be a value.
        if expected != Outcome::Error || !mistakes[0].message.contains("not a condition") {
            return Err(mistakes);
        }
        check(&format!("({source}) != null"), "vector", &variables)
    });
    match checked {
        Ok(condition) => judged(&condition, &variables, &source, expected),
        Err(mistakes) => refused(&mistakes, &source, expected),
    }
}

fn judged(condition: &Condition, variables: &Variables, source: &str, expected: Outcome) -> Fate {
    let outcome = condition.evaluate(variables, &CONTEXT);
    if outcome == expected {
        Fate::Passed
    } else {
        Fate::Failed(format!("{source}: {outcome:?}, not {expected:?}"))
    }
}

fn refused(mistakes: &[Mistake], source: &str, expected: Outcome) -> Fate {
    let first = &mistakes[0];
    // What CEL finds out when it runs, the checker finds before: that is an error too.
    let early = [
        "divides by zero",
        "does not fit",
        "not a field of",
        "too large",
        "there is no function",
        "larger than",
    ];
    if expected == Outcome::Error && early.iter().any(|words| first.message.contains(words)) {
        return Fate::Passed;
    }
    match reason(first) {
        Some(reason) => Fate::Skipped(reason),
        None => Fate::Failed(format!("{source}: refused: {}", first.message)),
    }
}

/// Runs all vectors and writes the table for the document.
fn table() -> (String, usize, Vec<String>) {
    let folder = shared().join("data/vectors/cel");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}; set PROOFDESK_SHARED to the shared folder", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "textproto"))
        .collect();
    files.sort();
    let mut skips: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut counts = String::from("| File | Vectors | Run and passed | Skipped |\n|---|---:|---:|---:|\n");
    let mut totals = (0, 0, 0);
    for path in files {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let vectors = read(&std::fs::read_to_string(&path).unwrap());
        let (mut all, mut passed, mut skipped) = (0, 0, 0);
        for section in vectors.all("section") {
            for test in section.all("test") {
                all += 1;
                let part = |of: &Proto| of.get("name").map(|name| name.text().to_owned()).unwrap_or_default();
                let name = format!("{file}/{}/{}", part(section), part(test));
                match run(test) {
                    Fate::Passed => passed += 1,
                    Fate::Skipped(reason) => {
                        skipped += 1;
                        skips.entry(reason).or_default().push(name);
                    }
                    Fate::Failed(why) => failures.push(format!("{name}: {why}")),
                }
            }
        }
        let _ = writeln!(counts, "| {file} | {all} | {passed} | {skipped} |");
        totals = (totals.0 + all, totals.1 + passed, totals.2 + skipped);
    }
    let _ = writeln!(counts, "| **all** | **{}** | **{}** | **{}** |", totals.0, totals.1, totals.2);
    let mut reasons: Vec<_> = skips.into_iter().collect();
    reasons.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
    counts += "\n| Skipped because it needs | Vectors |\n|---|---:|\n";
    for (reason, names) in &reasons {
        let _ = writeln!(counts, "| {reason} | {} |", names.len());
    }
    counts += "\nEvery skipped vector, as file/section/test:\n";
    for (reason, names) in &reasons {
        let _ =
            writeln!(counts, "\n<details><summary>{reason}</summary>\n\n{}\n\n</details>", names.join(", "));
    }
    (counts, totals.1, failures)
}

#[test]
fn every_vector_passes_or_is_skipped_for_a_listed_reason() {
    let (table, passed, failures) = table();
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
    assert!(passed >= 300, "only {passed} vectors were run");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/conditions.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- vectors: generated -->\n", "<!-- vectors: end -->\n");
    let (before, rest) = document.split_once(begin).expect("the mark where the table begins");
    let (_, after) = rest.split_once(end).expect("the mark where the table ends");
    let wanted = format!("{before}{begin}\n{table}\n{end}{after}");
    if std::env::var_os("PROOFDESK_GENERATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    } else {
        assert!(
            document == wanted,
            "docs/conditions.md is not current; run this test with PROOFDESK_GENERATE=1"
        );
    }
}

//! Reads the six kinds of tests and checks their conditions.

use proofdesk_condition::{Condition, Schema, Type, check};
use proofdesk_model::Computed;
use proofdesk_model::format::parse_duration;

use crate::control::load::{Known, percent};
use crate::control::{
    AtLeast, Attest, Each, Fresh, Interval, Kind, Must, Population, Ratio, Reconcile, Window,
};
use crate::reader::{Mistake, Node};

/// Reads what a test asks; none when a mistake was noted.
pub(super) fn read(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Kind> {
    match node.word() {
        "each" => read_each(node, known, mistakes).map(Kind::Each),
        "some" => read_some(node, known, mistakes).map(Kind::AtLeast),
        "fresh" => read_fresh(node, known, mistakes).map(Kind::Fresh),
        "ratio" => read_ratio(node, known, mistakes).map(Kind::Ratio),
        "reconcile" => read_reconcile(node, known, mistakes).map(|r| Kind::Reconcile(Box::new(r))),
        _ => read_attest(node, mistakes).map(Kind::Attest),
    }
}

/// Checks a condition; notes its mistakes.
pub(crate) fn checked(
    node: Node<'_>,
    text: &str,
    record_type: &str,
    known: &Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Condition> {
    match check(text, record_type, known.registry) {
        Ok(condition) if condition.uses_me() => {
            node.mistake("`me` means nothing in a test: nobody in particular asks", mistakes);
            None
        }
        Ok(condition) => Some(condition),
        Err(found) => {
            for mistake in found {
                node.mistake_in(text, (mistake.start, mistake.end), &mistake.message, mistakes);
            }
            None
        }
    }
}

/// A length of time such as `90d`; notes a mistake otherwise.
fn length(node: Node<'_>, name: &str, mistakes: &mut Vec<Mistake>) -> Option<i64> {
    let text = node.required(name, mistakes)?;
    let parsed = parse_duration(&text).filter(|micros| *micros > 0);
    if parsed.is_none() {
        node.mistake(
            format!("{name}=\"{text}\" is no length of time; write for example \"90d\" or \"4h\""),
            mistakes,
        );
    }
    parsed
}

/// The condition that an instant or a day lies in the time before the run.
fn in_window(
    node: Node<'_>,
    record_type: &str,
    window: &Window,
    known: &Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> String {
    let Window { on, last } = window;
    match known.registry.field(record_type, on) {
        Some(Type::Day) => return format!("{on} >= today - days({})", last / 86_400_000_000),
        Some(Type::Instant) => {}
        _ => node.mistake(format!("`{on}` is no instant and no day of {record_type}"), mistakes),
    }
    format!("{on} >= now - minutes({})", last / 60_000_000)
}

/// Joins conditions as text: each in parentheses.
pub(crate) fn join(parts: &[String]) -> String {
    match parts {
        [only] => only.clone(),
        many => many.iter().map(|p| format!("({p})")).collect::<Vec<_>>().join(" && "),
    }
}

/// Reads `TYPE where="…" { once "…" says="…"; window on="…" last="…" }`; children of other words are left alone.
fn read_population(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Population> {
    let [record_type] = node.exactly(["record type"], mistakes)?;
    if known.registry.get(&record_type).is_none() {
        let names: Vec<&str> = known.registry.types().map(|t| t.name.as_str()).collect();
        node.mistake(
            format!("there is no record type `{record_type}`; known are: {}", names.join(", ")),
            mistakes,
        );
        return None;
    }
    let mut parts = Vec::new();
    let mut concerned = None;
    if let Some(text) = node.text_of("where", mistakes) {
        concerned = checked(node, &text, &record_type, known, mistakes);
        parts.push(text);
    }
    let mut once = None;
    let mut window = None;
    for child in node.children() {
        match child.word() {
            "once" => {
                child.only(&["says"], mistakes);
                let says = child.required("says", mistakes).unwrap_or_default();
                if let Some([text]) = child.exactly(["condition"], mistakes) {
                    once = checked(child, &text, &record_type, known, mistakes).map(|c| (c, says));
                    parts.push(text);
                }
            }
            "window" => {
                child.only(&["on", "last"], mistakes);
                let on = child.required("on", mistakes);
                let last = length(child, "last", mistakes);
                if let (Some(on), Some(last)) = (on, last) {
                    let given = Window { on, last };
                    parts.push(in_window(child, &record_type, &given, known, mistakes));
                    window = Some(given);
                }
            }
            _ => {}
        }
    }
    let source = join(&parts);
    let members = if parts.is_empty() { None } else { check(&source, &record_type, known.registry).ok() };
    Some(Population { record_type, concerned, once, window, members, source })
}

fn read_each(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Each> {
    node.only(&["where"], mistakes);
    read_musts(node, known, mistakes)
}

fn read_some(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<AtLeast> {
    node.only(&["where", "at_least", "at_most", "exactly", "says", "too_many"], mistakes);
    let [least, most, exactly] =
        ["at_least", "at_most", "exactly"].map(|name| node.number_of(name, mistakes));
    if exactly.is_some() && (least.is_some() || most.is_some()) {
        node.mistake("give `exactly`, or `at_least` and `at_most`, not both", mistakes);
    }
    let at_least = exactly.or(least).unwrap_or(1);
    if at_least == 0 {
        node.mistake("at_least=0 asks nothing; leave it out for 1", mistakes);
    }
    let most = exactly.or(most);
    if most.is_some_and(|most| most < at_least) {
        node.mistake("`at_most` is less than `at_least`", mistakes);
    }
    let at_most = match (most, node.text_of("too_many", mistakes)) {
        (Some(most), Some(says)) => Some((most, says)),
        (None, None) => None,
        (Some(_), None) => {
            node.mistake("`some` with a highest number needs `too_many=\"…\"`: what is wrong then", mistakes);
            None
        }
        (None, Some(_)) => {
            node.mistake("`too_many` needs `at_most` or `exactly`", mistakes);
            None
        }
    };
    let says = node.required("says", mistakes);
    let each = read_musts(node, known, mistakes)?;
    Some(AtLeast { each, at_least, says: says?, at_most })
}

fn read_musts(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Each> {
    let population = read_population(node, known, mistakes)?;
    let mut musts = Vec::new();
    for child in node.children() {
        match child.word() {
            "must" => musts.extend(read_must(child, &population.record_type, known, mistakes)),
            "once" | "window" => {}
            _ => child.unknown(&["once", "window", "must"], mistakes),
        }
    }
    each_of(node, population, musts, known, mistakes)
}

fn each_of(
    node: Node<'_>,
    population: Population,
    musts: Vec<Must>,
    known: &Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Each> {
    if musts.is_empty() {
        node.mistake(format!("`{}` asserts nothing: give it a `must`", node.word()), mistakes);
        return None;
    }
    let parts: Vec<String> = musts.iter().map(|m| m.condition.source().to_owned()).collect();
    let all = checked(node, &join(&parts), &population.record_type, known, mistakes)?;
    Some(Each { population, musts, all })
}

fn read_must(
    node: Node<'_>,
    record_type: &str,
    known: &Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Must> {
    node.only(&["says", "field", "table"], mistakes);
    let says = node.required("says", mistakes).unwrap_or_default();
    let field = node.text_of("field", mistakes);
    if let Some(name) = &field
        && known.registry.field(record_type, name).is_none()
    {
        node.mistake(format!("{record_type} has no field `{name}`"), mistakes);
    }
    let text = match node.text_of("table", mistakes) {
        Some(table) => by_table(node, record_type, &table, known, mistakes)?,
        None => {
            let [text] = node.exactly(["condition"], mistakes)?;
            text
        }
    };
    let condition = checked(node, &text, record_type, known, mistakes)?;
    if matches!(condition.tree().kind, proofdesk_condition::NodeKind::Const(_)) {
        node.mistake("an assertion that is always true or always false tests nothing", mistakes);
        return None;
    }
    Some(Must { condition, says, field })
}

/// The condition that a field has the value of its declared table, or the reason for another one is given.
fn by_table(
    node: Node<'_>,
    record_type: &str,
    name: &str,
    known: &Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<String> {
    let of = known.registry.get(record_type)?;
    let computed = of.field(name).and_then(|f| f.computed.as_ref());
    let Some(Computed::Table { row_field, column_field, rows, override_reason }) = computed else {
        node.mistake(format!("`{name}` of {record_type} is not given by a table"), mistakes);
        return None;
    };
    let columns = of.field(column_field).map_or(&[][..], |f| f.options());
    let mut cells = Vec::new();
    for (row, results) in rows {
        for (column, result) in columns.iter().zip(results) {
            let column = &column.name;
            cells.push(format!(
                "({row_field} == '{row}' && {column_field} == '{column}' && {name} == '{result}')"
            ));
        }
    }
    cells.extend(override_reason.as_ref().map(|reason| format!("{reason} != null")));
    Some(cells.join(" || "))
}

fn read_fresh(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Fresh> {
    node.only(&["where", "at", "every", "cadence", "says"], mistakes);
    let mut population = read_population(node, known, mistakes)?;
    let at = node.required("at", mistakes)?;
    let past = match known.registry.field(&population.record_type, &at) {
        Some(Type::Instant) => format!("{at} != null && {at} <= now"),
        Some(Type::Day) => format!("{at} != null && {at} <= today"),
        _ => {
            node.mistake(format!("`{at}` is no instant and no day of {}", population.record_type), mistakes);
            format!("{at} != null")
        }
    };
    // what is planned did not happen yet
    let own = Some(population.source).filter(|source| !source.is_empty());
    population.source = join(&own.into_iter().chain([past]).collect::<Vec<_>>());
    population.members = check(&population.source, &population.record_type, known.registry).ok();
    let every = interval(node, known, mistakes)?;
    let says = node.required("says", mistakes)?;
    for child in node.children().filter(|c| c.word() != "once") {
        child.unknown(&["once"], mistakes);
    }
    Some(Fresh { population, at, every, says })
}

/// `every="90d"`, or `cadence="internal_audit"` for what the organization sets in a record.
fn interval(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Interval> {
    let Some(duty) = node.text_of("cadence", mistakes) else {
        return length(node, "every", mistakes).map(Interval::Every);
    };
    if node.text_of("every", mistakes).is_some() {
        node.mistake("give `every` or `cadence`, not both", mistakes);
    }
    let Some(cadences) = &known.cadences else {
        node.mistake("no control file says where cadences are kept; write a node `cadences`", mistakes);
        return None;
    };
    cadences.interval(node, &duty, known, mistakes)
}

fn read_ratio(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Ratio> {
    node.only(&["where", "at_least"], mistakes);
    let population = read_population(node, known, mistakes)?;
    let share = node.required("at_least", mistakes)?;
    let at_least_millipercent = percent(node, &share, mistakes)?;
    let mut musts = Vec::new();
    for child in node.children() {
        match child.word() {
            "counts" => musts.extend(read_must(child, &population.record_type, known, mistakes)),
            "once" | "window" => {}
            _ => child.unknown(&["once", "window", "counts"], mistakes),
        }
    }
    if musts.len() > 1 {
        node.mistake("`ratio` counts by one condition; join several with `&&`", mistakes);
    }
    let each = each_of(node, population, musts, known, mistakes)?;
    Some(Ratio { each, at_least_millipercent })
}

fn read_reconcile(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Option<Reconcile> {
    node.only(&[], mistakes);
    node.exactly([], mistakes)?;
    let mut sides = Vec::new();
    for child in node.children() {
        if child.word() != "side" {
            child.unknown(&["side"], mistakes);
            continue;
        }
        child.only(&["where"], mistakes);
        let Some(population) = read_population(child, known, mistakes) else { continue };
        let mut musts = Vec::new();
        for part in child.children() {
            match part.word() {
                "matched" => musts.extend(read_must(part, &population.record_type, known, mistakes)),
                "once" | "window" => {}
                _ => part.unknown(&["once", "window", "matched"], mistakes),
            }
        }
        sides.extend(each_of(child, population, musts, known, mistakes));
    }
    match <[Each; 2]>::try_from(sides) {
        Ok(sides) => Some(Reconcile { sides }),
        Err(sides) => {
            node.mistake(
                format!("`reconcile` compares two sides; it has {} that can be read", sides.len()),
                mistakes,
            );
            None
        }
    }
}

fn read_attest(node: Node<'_>, mistakes: &mut Vec<Mistake>) -> Option<Attest> {
    node.only(&["every"], mistakes);
    let [question] = node.exactly(["question"], mistakes)?;
    let every = length(node, "every", mistakes)?;
    Some(Attest { question, every })
}

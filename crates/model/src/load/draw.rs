//! `chart` and `timeline`: what is drawn on the page of a record out of the records that belong to it.

use indexmap::IndexMap;

use crate::field::{Field, Kind};
use crate::load::collect::through;
use crate::load::conditions::checked;
use crate::load::fields::{clause_form, label_of};
use crate::load::node::Node;
use crate::load::text::{Book, Word, hint};
use crate::load::tree::{ChartTree, TimelineTree, TypeTree};
use crate::record_type::{Chart, Drawn, PERIOD, RecordType, Timeline};
use crate::registry::Registry;

/// Months that a chart looks back where it does not say.
const MONTHS: i64 = 12;
/// Most months.
const MONTHS_MAX: i64 = 36;

/// Reads one `chart`.
pub(crate) fn chart(node: Node<'_>, book: &mut Book<'_>) -> Option<ChartTree> {
    let known = ["label", "clause", "from", "through", "on", "by", "sum", "months"];
    let props = node.props(&known, book);
    let [name] = node.args(["name"], book)?;
    let mut text = |name: &str| props.text(name, book);
    let (label, clause, by, sum) = (text("label"), text("clause"), text("by"), text("sum"));
    let (from, through, on) = (text("from"), text("through"), text("on"));
    let months = props.int("months", book);
    if from.is_none() || through.is_none() || on.is_none() {
        let message = "a chart says of what it is, by which link and when: from, through, on";
        book.mistake(node.spot(), message);
    }
    if let Some((_, spot)) = months.filter(|(n, _)| !(2..=MONTHS_MAX).contains(n)) {
        book.mistake(spot, format!("a chart looks back 2 to {MONTHS_MAX} months"));
    }
    let (mut condition, mut share) = (None, None);
    for child in node.children() {
        let slot = match child.word() {
            "where" => &mut condition,
            "share" => &mut share,
            other => {
                let hint = hint(other, ["where", "share"]);
                book.mistake(child.spot(), format!("a chart has no `{other}`{hint}"));
                continue;
            }
        };
        child.props(&[], book);
        child.childless(book);
        *slot = child.args(["condition"], book).map(|[c]| c);
    }
    let several = [by.is_some(), sum.is_some(), share.is_some()].iter().filter(|given| **given).count() > 1;
    if several {
        book.mistake(node.spot(), "a chart draws one thing: `by`, `sum` or `share`");
    }
    let months = months.map_or(MONTHS, |(n, _)| n);
    let (from, through, on) = (from?, through?, on?);
    Some(ChartTree { name, label, clause, from, through, on, by, sum, share, condition, months })
}

/// Reads one `timeline`.
pub(crate) fn timeline(node: Node<'_>, book: &mut Book<'_>) -> Option<TimelineTree> {
    let known = ["label", "clause", "from", "through", "start", "end", "by"];
    let props = node.props(&known, book);
    let [name] = node.args(["name"], book)?;
    let mut text = |name: &str| props.text(name, book);
    let (label, clause, by, end) = (text("label"), text("clause"), text("by"), text("end"));
    let (from, through, start) = (text("from"), text("through"), text("start"));
    if from.is_none() || through.is_none() || start.is_none() {
        let message = "a line of time says of what it is, by which link and when: from, through, start";
        book.mistake(node.spot(), message);
    }
    let (mut due, mut cover) = (Vec::new(), Vec::new());
    let (mut show, mut open) = (Vec::new(), Vec::new());
    for child in node.children() {
        let slot = match child.word() {
            "due" => &mut due,
            "cover" => &mut cover,
            "show" => &mut show,
            "open" => &mut open,
            other => {
                let hint = hint(other, ["due", "cover", "show", "open"]);
                book.mistake(child.spot(), format!("a line of time has no `{other}`{hint}"));
                continue;
            }
        };
        child.props(&[], book);
        child.childless(book);
        slot.extend(child.marked_args(book).iter().flat_map(|(w, _)| w.split()));
    }
    let (from, through, start) = (from?, through?, start?);
    Some(TimelineTree { name, label, clause, from, through, start, end, by, due, cover, show, open })
}

/// Builds the drawings of every type, once all types are there.
pub(crate) fn place(trees: &IndexMap<String, TypeTree>, registry: &mut Registry, book: &mut Book<'_>) {
    for (name, tree) in trees {
        let mut seen: Vec<&str> = Vec::new();
        for word in tree.charts.iter().map(|c| &c.name).chain(tree.timelines.iter().map(|t| &t.name)) {
            if seen.contains(&word.text.as_str()) {
                book.mistake(word.spot, format!("`{}` is already a drawing of `{name}`", word.text));
            }
            seen.push(&word.text);
        }
        let charts: Vec<Chart> =
            tree.charts.iter().filter_map(|written| one_chart(written, name, registry, book)).collect();
        let timelines: Vec<Timeline> =
            tree.timelines.iter().filter_map(|written| one_line(written, name, registry, book)).collect();
        if !charts.is_empty() || !timelines.is_empty() {
            registry.amend(name, |of| {
                of.charts = charts;
                of.timelines = timelines;
            });
        }
    }
}

fn source<'a>(word: &Word, registry: &'a Registry, book: &mut Book<'_>) -> Option<&'a RecordType> {
    let found = registry.get(&word.text);
    if found.is_none() {
        let hint = hint(&word.text, registry.types().map(|t| t.name.as_str()));
        book.mistake(word.spot, format!("there is no record type `{}`{hint}", word.text));
    }
    found.map(AsRef::as_ref)
}

/// A field of a type that is of the kind that is wanted.
fn field(
    word: &Word,
    of: &RecordType,
    what: &str,
    fits: impl Fn(&Field) -> bool,
    book: &mut Book<'_>,
) -> Option<String> {
    if of.field(&word.text).is_some_and(&fits) {
        return Some(word.text.clone());
    }
    let known = of.fields.values().filter(|f| fits(f)).map(|f| f.name.as_str());
    let hint = hint(&word.text, known);
    book.mistake(word.spot, format!("`{}` is no {what} of {}{hint}", word.text, of.name));
    None
}

fn dated(word: &Word, of: &RecordType, book: &mut Book<'_>) -> Option<String> {
    if ["created_at", "updated_at"].contains(&word.text.as_str()) {
        return Some(word.text.clone());
    }
    field(word, of, "instant or day", |f| matches!(f.kind, Kind::Instant | Kind::Day), book)
}

fn is_choice(field: &Field) -> bool {
    matches!(field.kind, Kind::Choice(_))
}

fn one_chart(written: &ChartTree, host: &str, registry: &Registry, book: &mut Book<'_>) -> Option<Chart> {
    let from = source(&written.from, registry, book)?;
    let through = through(&written.through, host, from, book);
    let on = dated(&written.on, from, book);
    if let Some(clause) = &written.clause {
        clause_form(clause, book);
    }
    let mut condition = |word: &Option<Word>| match word {
        Some(word) => checked(word, &written.from.text, registry, book).map(Some),
        None => Some(None),
    };
    let (population, share) = (condition(&written.condition)?, condition(&written.share)?);
    let is_number =
        |f: &Field| matches!(f.kind, Kind::Int { .. } | Kind::Decimal | Kind::Money | Kind::Duration);
    let drawn = match (&written.by, &written.sum, share) {
        (_, _, Some(share)) => Drawn::Share(Box::new(share)),
        (_, Some(sum), None) => Drawn::Sum(field(sum, from, "number", is_number, book)?),
        (Some(by), None, None) => Drawn::Count(Some(field(by, from, "choice", is_choice, book)?)),
        (None, None, None) => Drawn::Count(None),
    };
    let text = |word: &Option<Word>| word.as_ref().map(|w| w.text.clone());
    Some(Chart {
        name: written.name.text.clone(),
        label: text(&written.label).unwrap_or_else(|| label_of(&written.name.text)),
        clause: text(&written.clause),
        from: written.from.text.clone(),
        through: through?,
        on: on?,
        condition: population,
        drawn,
        months: u32::try_from(written.months).unwrap_or_default(),
    })
}

fn one_line(
    written: &TimelineTree,
    host: &str,
    registry: &Registry,
    book: &mut Book<'_>,
) -> Option<Timeline> {
    let from = source(&written.from, registry, book)?;
    let through = through(&written.through, host, from, book);
    let no_day = |name: &&str| {
        let field = registry.get(host).and_then(|of| of.field(name));
        !field.is_some_and(|f| matches!(f.kind, Kind::Day))
    };
    if PERIOD.iter().any(no_day) {
        let message = format!(
            "a line of time takes the period of the record: declare the days {} and {}",
            PERIOD[0], PERIOD[1]
        );
        book.mistake(written.name.spot, message);
    }
    if let Some(clause) = &written.clause {
        clause_form(clause, book);
    }
    let start = dated(&written.start, from, book);
    let end = written.end.as_ref().and_then(|word| dated(word, from, book));
    let by = written.by.as_ref().and_then(|word| field(word, from, "choice", is_choice, book));
    let due = written.due.iter().filter_map(|word| dated(word, from, book)).collect();
    let covers = |f: &Field| matches!(f.kind, Kind::Choices(_) | Kind::Links { .. });
    let cover = written
        .cover
        .iter()
        .filter_map(|word| field(word, from, "choices or many-link", covers, book))
        .collect();
    let shown = |f: &Field| !f.hidden && !f.retired && !matches!(f.kind, Kind::Markdown | Kind::Links { .. });
    let show = written.show.iter().filter_map(|word| field(word, from, "field", shown, book)).collect();
    for word in &written.open {
        if !from.inverses.contains_key(&word.text) {
            let hint = hint(&word.text, from.inverses.keys().map(String::as_str));
            book.mistake(word.spot, format!("`{}` is no relation to {}{hint}", word.text, from.name));
        }
    }
    let text = |word: &Option<Word>| word.as_ref().map(|w| w.text.clone());
    Some(Timeline {
        name: written.name.text.clone(),
        label: text(&written.label).unwrap_or_else(|| label_of(&written.name.text)),
        clause: text(&written.clause),
        from: written.from.text.clone(),
        through: through?,
        start: start?,
        end,
        by,
        due,
        cover,
        show,
        open: written.open.iter().map(|w| w.text.clone()).collect(),
    })
}

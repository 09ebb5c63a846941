//! From answers to what is planned: one entry for each record, with the words of its fields, by key.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use proofdesk_model::{RecordType, Registry};

use crate::answer::{Answer, Answers, Known, is_blank};
use crate::fill::Scope;
use crate::guide::{Guide, Kind, Make};
use crate::kept;

/// A record that is planned.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its key: the same answers give the same keys.
    pub key: String,
    /// Its type.
    pub of: String,
    /// What it will be called.
    pub title: String,
    pub(crate) same: Vec<String>,
    pub(crate) lone: bool,
    pub(crate) fields: Words,
    pub(crate) takes: Vec<(Option<String>, Words)>,
    /// The place of the form from which a field came.
    pub(crate) sources: BTreeMap<String, String>,
}

/// Fields with their words; an empty field is left out.
pub(crate) type Words = Vec<(String, Vec<String>)>;

/// Everything that is planned, in the order in which it is made.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The records.
    pub records: Vec<Planned>,
    /// Names and titles of the templates from which documents are begun.
    pub documents: Vec<(String, String)>,
    /// What fills places in them.
    pub(crate) given: BTreeMap<String, String>,
    /// Questions that were answered: of the others nobody has said anything yet.
    pub(crate) answered: BTreeSet<String>,
    /// The zone that the answers name: theirs are the times of the records.
    pub(crate) zone: Option<TimeZone>,
}

impl Plan {
    /// What follows from answers.
    pub fn of(guide: &Guide, answers: &Answers, known: &Known, registry: &Registry) -> Self {
        let base = base(guide, answers, known);
        let mut plan = Self {
            answered: answers.0.keys().cloned().collect(),
            zone: kept::zone_of(guide, answers, known),
            ..Self::default()
        };
        let mut keys = BTreeSet::new();
        for make in &guide.makes {
            let Some(of) = registry.get(&make.of) else { continue };
            for scope in scopes(guide, answers, known, make, &base) {
                if make.only_if.as_ref().is_some_and(|text| !holds(&scope, text, make.is.as_deref())) {
                    continue;
                }
                let planned = planned(make, of, &scope);
                // two rows of the same name are one record
                if keys.insert(planned.key.clone()) {
                    plan.records.push(planned);
                }
            }
        }
        if let Some((adopt, question)) =
            guide.adopt.as_ref().and_then(|a| Some((a, guide.question(&a.question)?)))
        {
            let chosen = answers.of(question, known);
            let Kind::Choices(options) = &question.kind else { return plan };
            plan.documents =
                options.iter().filter(|(name, _)| chosen.many().contains(name)).cloned().collect();
            let given = adopt.given.iter().map(|(place, text)| (place.clone(), base.fill(text)));
            plan.given = given.filter(|(_, text)| !text.is_empty()).collect();
        }
        plan
    }
}

/// The words of all questions.
pub(crate) fn base(guide: &Guide, answers: &Answers, known: &Known) -> Scope {
    let mut scope = Scope::default();
    scope.set("me", known.me.clone(), "");
    scope.set("today", proofdesk_model::format::write_day(known.today), "");
    scope.set("desk_zone", known.zone.clone(), "");
    for question in guide.questions() {
        match answers.of(question, known) {
            Answer::Text(text) => scope.set(&question.name, text.trim(), &question.name),
            Answer::Many(many) => scope.set(&question.name, many.join(", "), &question.name),
            Answer::Rows(rows) => {
                let Some(table) = question.rows() else { continue };
                for (i, row) in rows.iter().enumerate() {
                    let (Some(key), Some(cell)) = (row.first(), row.get(1)) else { continue };
                    if table.fixed.iter().any(|(fixed, _)| fixed == key) {
                        let at = format!("{}.{i}.{}", question.name, table.columns[1].name);
                        scope.set(&format!("{}.{key}", question.name), cell.trim(), &at);
                    }
                }
            }
        }
    }
    scope
}

/// The scopes of the rows that a record is made for; the base alone where it is made once.
fn scopes(guide: &Guide, answers: &Answers, known: &Known, make: &Make, base: &Scope) -> Vec<Scope> {
    let Some(each) = &make.each else { return vec![base.clone()] };
    let chosen = make.chosen.as_ref().and_then(|name| guide.question(name));
    let chosen = chosen.map(|question| answers.of(question, known).many().to_vec());
    let mut found = Vec::new();
    if let Some((question, table)) = guide.question(each).and_then(|q| Some((q, q.rows()?))) {
        let answer = answers.of(question, known);
        for (i, row) in answer.rows().iter().enumerate().filter(|(_, row)| !is_blank(row)) {
            let mut scope = base.clone();
            for (column, cell) in table.columns.iter().zip(row) {
                scope.set(&column.name, cell.trim(), &format!("{}.{i}.{}", question.name, column.name));
            }
            let fixed = table.fixed.iter().find(|(key, _)| row.first() == Some(key));
            scope.set("label", fixed.map_or("", |(_, label)| label), "");
            found.push(scope);
        }
    } else if let Some(list) = guide.lists.get(each) {
        for row in &list.rows {
            if chosen.as_ref().is_some_and(|names| !names.contains(&row[0])) {
                continue;
            }
            let mut scope = base.clone();
            for (column, cell) in list.columns.iter().zip(row) {
                scope.set(column, base.fill(cell), &base.source(cell).unwrap_or_default());
            }
            found.push(scope);
        }
    }
    found
}

fn holds(scope: &Scope, text: &str, is: Option<&str>) -> bool {
    let filled = scope.fill(text);
    match is {
        Some(wanted) => filled.trim() == scope.fill(wanted),
        None => !filled.trim().is_empty(),
    }
}

fn planned(make: &Make, of: &RecordType, scope: &Scope) -> Planned {
    let fields = words(scope, &make.fields);
    let title = fields.iter().find(|(name, _)| *name == of.title).map(|(_, words)| words.join(" "));
    let source = |(name, texts): &(String, Vec<String>)| {
        Some((name.clone(), texts.iter().find_map(|text| scope.source(text))?))
    };
    let taken = |take: &&crate::guide::Take| {
        take.only_if.as_ref().is_none_or(|text| !scope.fill(text).trim().is_empty())
    };
    Planned {
        key: scope.fill(&make.key),
        of: make.of.clone(),
        title: title.unwrap_or_else(|| of.label.clone()),
        same: make.same.clone(),
        lone: make.lone,
        takes: make
            .takes
            .iter()
            .filter(taken)
            .map(|take| (take.transition.clone(), words(scope, &take.fields)))
            .collect(),
        sources: make.fields.iter().filter_map(source).collect(),
        fields,
    }
}

/// The filled words of fields. A text whose blanks were all left empty says nothing and is left out.
fn words(scope: &Scope, fields: &[(String, Vec<String>)]) -> Words {
    let mut found = Words::new();
    for (name, texts) in fields {
        let filled = texts.iter().filter_map(|text| {
            let blanks = crate::fill::blanks(text);
            let says = blanks.iter().any(|b| !scope.fill(&format!("{{{b}}}")).is_empty());
            let filled = scope.fill(text).trim().to_owned();
            ((blanks.is_empty() || says) && !filled.is_empty()).then_some(filled)
        });
        let filled: Vec<String> = filled.collect();
        if !filled.is_empty() {
            found.push((name.clone(), filled));
        }
    }
    found
}

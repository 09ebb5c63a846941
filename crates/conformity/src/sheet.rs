//! A framework from a spreadsheet (XLSX), by a mapping that says which column is what.
//!
//! Every mistake names the sheet, the row and the column. What nobody mapped or ignored is a mistake, as in event logs.
//! What is in the file is taken in by `cells`, within limits.

mod cells;

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use self::cells::{CELL_MAX, Cells};

use crate::framework::{Answer, Chapter, Clause, DutyKind, Framework, Obligation, is_name};
use crate::reader::{Mistake, Mistakes, Source};

/// What a column may fill.
const FIELDS: [&str; 13] = [
    "id",
    "says",
    "chapter",
    "chapter_title",
    "group",
    "clause",
    "clause_title",
    "kind",
    "judgement",
    "tested",
    "evidence",
    "when",
    "party",
];

/// A mapping file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheetMapping {
    /// Id of the framework.
    framework: String,
    /// What people call it.
    title: String,
    /// Its edition.
    edition: String,
    /// What it is about.
    #[serde(default)]
    about: String,
    /// Where its words come from and under which terms.
    origin: String,
    /// The sheet; the first where it is left out.
    sheet: Option<String>,
    /// The row with the headings, from 1.
    #[serde(default = "first")]
    header: usize,
    /// Values where a cell is empty or no column gives them.
    #[serde(default)]
    fixed: BTreeMap<String, String>,
    /// Columns by heading.
    column: BTreeMap<String, ColumnMapping>,
    /// Columns that are not read, with the reason.
    #[serde(default)]
    ignore: BTreeMap<String, String>,
}

/// What a column is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnMapping {
    field: String,
    #[serde(default)]
    map: BTreeMap<String, String>,
    otherwise: Option<String>,
}

fn first() -> usize {
    1
}

impl SheetMapping {
    /// The text of the mapping that comes with the program.
    pub const SHIPPED: &str = include_str!("../../../mappings/framework.toml");

    /// Reads a mapping file.
    ///
    /// # Errors
    /// All mistakes, with their lines where they are known.
    pub fn parse(source: &Source) -> Result<Self, Mistakes> {
        let say =
            |line: usize, message: String| Mistake { file: source.file.clone(), line, message, spot: None };
        let mapping: Self = toml::from_str(&source.text).map_err(|e| {
            let start = e.span().map_or(0, |s| s.start);
            let line = source.text.as_bytes().iter().take(start).filter(|b| **b == b'\n').count() + 1;
            Mistakes(vec![say(line, e.message().to_owned())])
        })?;
        let mut mistakes = Vec::new();
        let known = FIELDS.join(", ");
        let given = mapping.column.values().map(|c| &c.field).chain(mapping.fixed.keys());
        for field in given.filter(|f| !FIELDS.contains(&f.as_str())) {
            mistakes.push(say(1, format!("there is no field `{field}`; known are: {known}")));
        }
        for needed in ["id", "says"] {
            if mapping.column.values().filter(|c| c.field == needed).count() != 1 {
                mistakes.push(say(1, format!("exactly one column must have field = \"{needed}\"")));
            }
        }
        if mapping.header == 0 {
            mistakes.push(say(1, "`header` is the number of the row with the headings, from 1".to_owned()));
        }
        if mistakes.is_empty() { Ok(mapping) } else { Err(Mistakes(mistakes)) }
    }

    /// Reads a framework from the bytes of an XLSX file.
    ///
    /// # Errors
    /// All mistakes, each with sheet, row and column.
    pub fn read(&self, file: &str, bytes: Vec<u8>) -> Result<Framework, Mistakes> {
        let whole =
            |message: String| Mistakes(vec![Mistake { file: file.to_owned(), line: 1, message, spot: None }]);
        let cells = Cells::read(bytes, self.sheet.as_deref()).map_err(whole)?;
        let mut table = Table { mapping: self, file, cells, columns: Vec::new(), mistakes: Vec::new() };
        table.find_columns();
        let framework = table.framework();
        if !table.mistakes.is_empty() {
            return Err(Mistakes(table.mistakes));
        }
        // the same rules hold for what was imported as for what somebody wrote
        Framework::load(&[Source::new(file, framework.to_kdl())])
    }
}

struct Table<'a> {
    mapping: &'a SheetMapping,
    file: &'a str,
    cells: Cells,
    /// Place of each mapped column, its heading, and what it is.
    columns: Vec<(usize, String, &'a ColumnMapping)>,
    mistakes: Vec<Mistake>,
}

/// The values of a row by field, each with its column.
type Values = HashMap<&'static str, (usize, String)>;

impl<'a> Table<'a> {
    /// Notes a mistake of a row (from 1) and, where there is one, a column (from 0).
    fn say(&mut self, row: usize, column: Option<usize>, message: impl std::fmt::Display) {
        let column = column.map_or_else(String::new, |c| {
            let heading = self.columns.iter().find(|(at, _, _)| *at == c);
            let heading = heading.map_or_else(String::new, |(_, name, _)| format!(" ({name})"));
            format!(", column {}{heading}", letters(c))
        });
        let message = format!("sheet `{}`, row {row}{column}: {message}", self.cells.sheet);
        self.mistakes.push(Mistake { file: self.file.to_owned(), line: row, message, spot: None });
    }

    fn find_columns(&mut self) {
        let header = self.mapping.header;
        let width = self.cells.width;
        let headings: Vec<String> = (0..width).map(|c| self.cells.text(header - 1, c).to_owned()).collect();
        for (place, heading) in headings.iter().enumerate().filter(|(_, h)| !h.is_empty()) {
            match self.mapping.column.get(heading) {
                Some(column) => {
                    if self.columns.iter().any(|(_, name, _)| name == heading) {
                        self.say(header, Some(place), format!("the heading `{heading}` is there twice"));
                    }
                    self.columns.push((place, heading.clone(), column));
                }
                None if self.mapping.ignore.contains_key(heading) => {}
                None => {
                    let message = format!(
                        "the column `{heading}` is neither mapped nor ignored; put it under [column] or [ignore]"
                    );
                    self.say(header, Some(place), message);
                }
            }
        }
        for name in self.mapping.column.keys() {
            if !headings.contains(name) {
                self.say(header, None, format!("there is no column `{name}`"));
            }
        }
    }

    fn framework(&mut self) -> Framework {
        let of = self.mapping;
        let mut framework = Framework {
            id: of.framework.clone(),
            title: of.title.clone(),
            edition: of.edition.clone(),
            about: of.about.clone(),
            origin: Some(of.origin.clone()),
            ..Framework::default()
        };
        if self.columns.is_empty() {
            return framework;
        }
        let mut rows: HashMap<String, usize> = HashMap::new();
        let mut carried = Values::new();
        for row in of.header..self.cells.height {
            let Some(values) = self.values(row, &mut carried) else { continue };
            let Some(obligation) = self.obligation(row + 1, &values) else { continue };
            if let Some(first) = rows.insert(obligation.id.clone(), row + 1) {
                let column = values.get("id").map(|(c, _)| *c);
                self.say(row + 1, column, format!("{} is there twice, first in row {first}", obligation.id));
                continue;
            }
            self.place(&mut framework, &values, obligation, row + 1);
        }
        if rows.is_empty() && self.mistakes.is_empty() {
            self.say(of.header, None, "no requirement stands below the headings");
        }
        framework
    }

    /// The values of a row; none for an empty one. Chapters, clauses and groups are carried down to rows that leave them
    /// empty, as merged cells do.
    fn values(&mut self, row: usize, carried: &mut Values) -> Option<Values> {
        let mut values = Values::new();
        for (place, _, column) in self.columns.clone() {
            let text = self.cells.text(row, place).to_owned();
            let Some(field) = FIELDS.iter().find(|f| **f == column.field) else { continue };
            if text.is_empty() {
                continue;
            }
            if text.chars().count() > CELL_MAX {
                self.say(row + 1, Some(place), format!("a cell may have at most {CELL_MAX} characters"));
                continue;
            }
            let text = match (column.map.get(&text), &column.otherwise) {
                (Some(mapped), _) => mapped.clone(),
                (None, Some(otherwise)) if !column.map.is_empty() => otherwise.clone(),
                (None, _) if column.map.is_empty() => text,
                (None, _) => {
                    let known: Vec<&str> = column.map.keys().map(String::as_str).collect();
                    let message = format!("`{text}` is not mapped; known are: {}", known.join(", "));
                    self.say(row + 1, Some(place), message);
                    continue;
                }
            };
            values.insert(field, (place, text));
        }
        if values.is_empty() {
            return None;
        }
        let above = ["group", "chapter", "chapter_title", "clause", "clause_title"];
        let new_chapter = values.contains_key("chapter") || values.contains_key("group");
        for (i, field) in above.into_iter().enumerate() {
            match values.get(field) {
                Some(value) => {
                    carried.insert(field, value.clone());
                }
                // a new chapter does not go on with the clause of the one before
                None if new_chapter && i > 0 => {
                    carried.remove(field);
                }
                None => {}
            }
            if let Some(value) = carried.get(field) {
                values.insert(field, value.clone());
            }
        }
        for (field, text) in &self.mapping.fixed {
            if let Some(field) = FIELDS.iter().find(|f| *f == field) {
                values.entry(field).or_insert((0, text.clone()));
            }
        }
        Some(values)
    }

    fn obligation(&mut self, row: usize, values: &Values) -> Option<Obligation> {
        let text = |field: &str| values.get(field).map(|(_, text)| text.clone());
        let place = |field: &str| {
            let own = values.get(field).map(|(c, _)| *c);
            own.or_else(|| self.columns.iter().find(|(_, _, m)| m.field == field).map(|(c, _, _)| *c))
        };
        let (id_place, says_place) = (place("id"), place("says"));
        let (kind_place, judgement_place) = (place("kind"), place("judgement"));
        let Some(id) = text("id") else {
            self.say(row, id_place, "a requirement needs an id");
            return None;
        };
        if !is_name(&id) {
            let message = format!("`{id}` is no id: at most 80 letters, digits, `.`, `-` and `_`");
            self.say(row, id_place, message);
            return None;
        }
        let Some(says) = text("says") else {
            self.say(row, says_place, format!("{id} does not say what is required"));
            return None;
        };
        let kind = text("kind").map_or(Some(DutyKind::Process), |w| DutyKind::parse(&w));
        if kind.is_none() {
            let known = "process, documented-information, record, decision, interval, responsibility";
            self.say(row, kind_place, format!("the kind is one of: {known}"));
        }
        let judgement = text("judgement").map_or(Some(Answer::Presence), |w| Answer::parse(&w));
        if judgement.is_none() {
            self.say(row, judgement_place, "the judgement is one of: machine, presence, person");
        }
        let judgement = judgement?;
        Some(Obligation {
            clause: String::new(),
            says,
            kind: kind?,
            judgement,
            tested: text("tested").filter(|_| judgement != Answer::Person),
            evidence: text("evidence"),
            records: Vec::new(),
            documented: None,
            applies_when: text("when"),
            statement: id.clone(),
            party: text("party").unwrap_or_else(|| "organization".to_owned()),
            amendment: None,
            place: format!("{}:{row}", self.file),
            id,
        })
    }

    /// Puts a requirement in its clause and chapter, which are made where they are not there yet.
    fn place(&mut self, framework: &mut Framework, values: &Values, mut obligation: Obligation, row: usize) {
        let text = |field: &str| values.get(field).map(|(_, text)| text.clone());
        let title = framework.title.clone();
        let (chapter, chapter_title) = numbered(text("chapter"), text("chapter_title"), "all", &title);
        let (clause, clause_title) = numbered(text("clause"), text("clause_title"), &chapter, &chapter_title);
        if !framework.chapters.iter().any(|c| c.number == chapter) {
            framework.chapters.push(Chapter {
                number: chapter.clone(),
                title: chapter_title,
                group: text("group").unwrap_or(title),
                clauses: Vec::new(),
            });
        }
        let within = framework.clauses.get(&clause).and_then(|c| c.chapter.clone());
        match within {
            Some(other) if other != chapter => {
                let column = values.get("clause").map(|(c, _)| *c);
                self.say(row, column, format!("clause {clause} stands in chapter {other} already"));
            }
            Some(_) => {}
            None => {
                let new = Clause {
                    number: clause.clone(),
                    title: clause_title,
                    chapter: Some(chapter.clone()),
                    obligations: Vec::new(),
                };
                framework.clauses.insert(clause.clone(), new);
                if let Some(chapter) = framework.chapters.iter_mut().find(|c| c.number == chapter) {
                    chapter.clauses.push(clause.clone());
                }
            }
        }
        if let Some(of) = framework.clauses.get_mut(&clause) {
            of.obligations.push(obligation.id.clone());
        }
        obligation.clause = clause;
        framework.obligations.insert(obligation.id.clone(), obligation);
    }
}

/// A number and a title from cells: a cell that can be no number is a title, and its number is made of it.
fn numbered(given: Option<String>, title: Option<String>, number: &str, usual: &str) -> (String, String) {
    match (given, title) {
        (None, title) => (number.to_owned(), title.unwrap_or_else(|| usual.to_owned())),
        (Some(text), title) if is_name(&text) => (text.clone(), title.unwrap_or(text)),
        (Some(text), title) => (crate::oscal::slug(&text), title.unwrap_or(text)),
    }
}

/// The letters of a column, from 0.
fn letters(column: usize) -> String {
    let mut out = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        out.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    out.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn columns_have_letters() {
        for (column, wanted) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(letters(column), wanted);
        }
    }
}

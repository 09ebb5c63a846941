//! Reads the files of the guide. Mistakes are collected, each with file and line.

use proofdesk_model::written::{Node, Sheet};

use crate::guide::{
    Adopt, Column, Follow, Guide, Kind, List, Make, Order, Page, Question, Rows, Sense, Source, Take, Warn,
};

/// Properties of a question.
const QUESTION: &[&str] =
    &["kind", "label", "required", "default", "like", "of", "from", "where", "earliest", "latest", "after"];
/// Properties of a column.
const COLUMN: &[&str] = &["kind", "label", "required", "like", "of", "earliest", "latest", "after"];

/// A file while it is read.
struct Reader<'a> {
    sheet: Sheet<'a>,
}

/// Adds a file to the guide.
pub(crate) fn file(source: &Source, guide: &mut Guide, mistakes: &mut Vec<String>) {
    let (sheet, nodes) = Sheet::open(&source.file, &source.text, mistakes);
    let mut reader = Reader { sheet };
    for node in &nodes {
        match node.word.as_str() {
            "page" => reader.page(node, guide),
            "list" => reader.list(node, guide),
            "make" => reader.make(node, guide),
            "adopt" => reader.adopt(node, guide),
            "step" => reader.step(node, guide),
            other => {
                let says = format!("`{other}` is none of: page, list, make, adopt, step");
                reader.mistake(node, says);
            }
        }
    }
}

impl Reader<'_> {
    fn mistake(&mut self, node: &Node, says: impl std::fmt::Display) {
        self.sheet.wrong(node, says);
    }

    /// The one word behind a node's name.
    fn word(&mut self, node: &Node) -> String {
        let mut words = node.texts();
        if words.len() != 1 {
            self.mistake(node, format!("`{}` takes one word or text", node.word));
        }
        words.pop().unwrap_or_default()
    }

    fn only(&mut self, node: &Node, known: &[&str]) {
        self.sheet.only(node, known);
    }

    fn page(&mut self, node: &Node, guide: &mut Guide) {
        self.only(node, &["label"]);
        let mut page = Page {
            name: self.word(node),
            label: property(node, "label"),
            says: String::new(),
            questions: Vec::new(),
        };
        for child in &node.children {
            match child.word.as_str() {
                "says" => page.says = self.word(child),
                "question" => page.questions.extend(self.question(child)),
                other => self.mistake(child, format!("`{other}` is none of: says, question")),
            }
        }
        let Some(present) = guide.pages.iter_mut().find(|p| p.name == page.name) else {
            guide.pages.push(page);
            return;
        };
        for question in page.questions {
            match present.questions.iter_mut().find(|q| q.name == question.name) {
                Some(old) => *old = question,
                None => present.questions.push(question),
            }
        }
        for (new, old) in [(page.label, &mut present.label), (page.says, &mut present.says)] {
            if !new.is_empty() {
                *old = new;
            }
        }
    }

    fn question(&mut self, node: &Node) -> Option<Question> {
        self.only(node, QUESTION);
        let mut question = Question {
            name: self.word(node),
            label: property(node, "label"),
            help: String::new(),
            why: String::new(),
            clause: String::new(),
            kind: Kind::Text,
            required: node.is_yes("required"),
            default: property(node, "default"),
            like: property(node, "like"),
            from: Some(property(node, "from")).filter(|f| !f.is_empty()),
            filter: Some(property(node, "where")).filter(|f| !f.is_empty()),
            of: Some(property(node, "of")).filter(|f| !f.is_empty()),
        };
        question.kind = self.kind(node)?;
        for child in &node.children {
            match child.word.as_str() {
                "why" => question.why = self.word(child),
                "help" => question.help = self.word(child),
                "clause" => question.clause = child.texts().join(" "),
                "option" | "column" | "row" | "fixed" | "order" | "warn" => {}
                other => self.mistake(child, format!("a question has no `{other}`")),
            }
        }
        if question.label.is_empty() || question.why.is_empty() || question.clause.is_empty() {
            self.mistake(node, "a question has a label, a `why` and a `clause`");
        }
        Some(question)
    }

    fn kind(&mut self, node: &Node) -> Option<Kind> {
        Some(match property(node, "kind").as_str() {
            "text" => Kind::Text,
            "lines" => Kind::Lines,
            "day" => {
                let given = |name: &str| Some(property(node, name)).filter(|t| !t.is_empty());
                let sense =
                    Sense { earliest: given("earliest"), latest: given("latest"), after: given("after") };
                Kind::Day(sense)
            }
            "mail" => Kind::Mail,
            "hours" => Kind::Hours(Some(property(node, "of")).filter(|of| !of.is_empty())),
            "zone" => Kind::Zone,
            "length" => Kind::Length,
            "choice" => Kind::Choice(options(node)),
            "choices" => Kind::Choices(options(node)),
            "one_of" => Kind::OneOf(property(node, "of")),
            "rows" => Kind::Rows(self.rows(node)),
            other => {
                let says = format!(
                    "`{other}` is no kind; the kinds are text, lines, day, mail, hours, zone, length, choice, choices, one_of, rows"
                );
                self.mistake(node, says);
                return None;
            }
        })
    }

    fn rows(&mut self, node: &Node) -> Rows {
        let mut rows = Rows {
            columns: Vec::new(),
            first: Vec::new(),
            fixed: Vec::new(),
            orders: Vec::new(),
            warns: Vec::new(),
        };
        for child in &node.children {
            match child.word.as_str() {
                "column" => {
                    self.only(child, COLUMN);
                    let Some(kind) = self.kind(child) else { continue };
                    rows.columns.push(Column {
                        name: self.word(child),
                        label: property(child, "label"),
                        kind,
                        required: child.is_yes("required"),
                        like: property(child, "like"),
                    });
                }
                "row" => rows.first.push(child.texts()),
                "fixed" => {
                    let cells = child.texts();
                    let name = cells.first().cloned().unwrap_or_default();
                    rows.fixed.push((name, property(child, "label")));
                    rows.first.push(cells);
                }
                "order" => {
                    self.only(child, &["says"]);
                    match child.texts().as_slice() {
                        [shorter, longer] => rows.orders.push(Order {
                            shorter: shorter.clone(),
                            longer: longer.clone(),
                            says: property(child, "says"),
                        }),
                        _ => {
                            self.mistake(child, "`order` takes two columns: the shorter one, the longer one")
                        }
                    }
                }
                "warn" => {
                    self.only(child, &["is", "says"]);
                    let (column, is) = (self.word(child), property(child, "is"));
                    rows.warns.push(Warn { column, is, says: property(child, "says") });
                }
                _ => {}
            }
        }
        let width = rows.columns.len();
        if width == 0 || rows.first.iter().any(|r| r.len() > width) {
            self.mistake(node, "rows have columns, and no row has more cells than that");
        }
        for row in &mut rows.first {
            row.resize(width, String::new());
        }
        rows
    }

    fn list(&mut self, node: &Node, guide: &mut Guide) {
        self.only(node, &["columns"]);
        let name = self.word(node);
        let columns: Vec<String> = property(node, "columns").split(' ').map(str::to_owned).collect();
        let mut list = List { columns, rows: Vec::new() };
        for child in &node.children {
            let row: Vec<String> = std::iter::once(child.word.clone()).chain(child.texts()).collect();
            if row.len() == list.columns.len() {
                list.rows.push(row);
            } else {
                let (has, wants) = (row.len(), list.columns.len());
                self.mistake(child, format!("the row has {has} cells, the list {wants} columns"));
            }
        }
        guide.lists.insert(name, list);
    }

    fn make(&mut self, node: &Node, guide: &mut Guide) {
        self.only(node, &["key", "each", "chosen", "if", "is", "same", "lone"]);
        let given = |name: &str| Some(property(node, name)).filter(|t| !t.is_empty());
        let mut make = Make {
            of: self.word(node),
            key: property(node, "key"),
            each: given("each"),
            chosen: given("chosen"),
            only_if: given("if"),
            is: given("is"),
            same: property(node, "same").split_whitespace().map(str::to_owned).collect(),
            lone: node.is_yes("lone"),
            fields: Vec::new(),
            takes: Vec::new(),
            place: self.sheet.place(node),
        };
        for child in &node.children {
            match child.word.as_str() {
                "take" | "then" => {
                    self.only(child, &["if"]);
                    make.takes.push(Take {
                        transition: child.texts().pop(),
                        only_if: Some(property(child, "if")).filter(|t| !t.is_empty()),
                        fields: fields(child),
                    });
                }
                name => make.fields.push((name.to_owned(), child.texts())),
            }
        }
        if make.key.is_empty() {
            self.mistake(node, "what is made has a key");
        }
        match guide.makes.iter_mut().find(|m| m.of == make.of && m.key == make.key) {
            Some(old) => *old = make,
            None => guide.makes.push(make),
        }
    }

    fn adopt(&mut self, node: &Node, guide: &mut Guide) {
        self.only(node, &[]);
        let given = node.children.iter().map(|c| (c.word.clone(), c.texts().join(" ")));
        guide.adopt =
            Some(Adopt { question: self.word(node), given: given.collect(), place: self.sheet.place(node) });
    }

    fn step(&mut self, node: &Node, guide: &mut Guide) {
        self.only(node, &["label", "where"]);
        let mut step = Follow {
            of: self.word(node),
            label: property(node, "label"),
            says: String::new(),
            filter: Some(property(node, "where")).filter(|w| !w.is_empty()),
            place: self.sheet.place(node),
        };
        for child in &node.children {
            match child.word.as_str() {
                "says" => step.says = self.word(child),
                other => self.mistake(child, format!("a step has no `{other}`")),
            }
        }
        match guide.steps.iter_mut().find(|s| s.label == step.label) {
            Some(old) => *old = step,
            None => guide.steps.push(step),
        }
    }
}

fn fields(node: &Node) -> Vec<(String, Vec<String>)> {
    node.children.iter().map(|c| (c.word.clone(), c.texts())).collect()
}

fn options(node: &Node) -> Vec<(String, String)> {
    let options = node.children.iter().filter(|c| c.word.as_str() == "option");
    options
        .map(|c| {
            let value = c.texts().pop().unwrap_or_default();
            let label = Some(property(c, "label")).filter(|l| !l.is_empty());
            (value.clone(), label.unwrap_or(value))
        })
        .collect()
}

/// A property; empty where there is none.
fn property(node: &Node, name: &str) -> String {
    node.text(name).unwrap_or_default()
}

//! Reads files of doors and holds them against the record types. Mistakes are collected, each with file and line.

use proofdesk_condition::{Schema, check};
use proofdesk_model::written::{Node, Sheet, Written};
use proofdesk_model::{Condition, Kind, RecordType, Registry};

use crate::calendar::Timed;
use crate::declare::{Door, Find, On, Open, Over, Quiet, Set, Step, Way};
use crate::inputs::{DIFFERENCES, EVENT, Input, Known};
use crate::template::Template;

/// What a file declares.
#[derive(Default)]
pub(crate) struct Declared {
    pub doors: Vec<Door>,
    pub timed: Vec<Timed>,
}

/// Reads a file.
pub(crate) fn file(file: &str, text: &str, registry: &Registry, mistakes: &mut Vec<String>) -> Declared {
    let (sheet, nodes) = Sheet::open(file, text, mistakes);
    let mut reader = Reader { sheet, registry, inputs: Vec::new() };
    let mut declared = Declared::default();
    for node in &nodes {
        match node.word.as_str() {
            "door" => declared.doors.extend(reader.door(node)),
            "calendar" => declared.timed.extend(reader.timed(node)),
            other => reader.wrong(node, format!("`{other}` is not known here; it is `door` or `calendar`")),
        }
    }
    declared
}

fn property<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    match node.property(name) {
        Some(Written::Text(text)) => Some(text),
        _ => None,
    }
}

struct Reader<'a> {
    sheet: Sheet<'a>,
    registry: &'a Registry,
    inputs: Vec<Input>,
}

impl Reader<'_> {
    fn wrong(&mut self, node: &Node, says: impl std::fmt::Display) {
        self.sheet.wrong(node, says);
    }

    /// Says which properties and how many words a node takes.
    fn shape<const N: usize>(&mut self, node: &Node, known: &[&str]) {
        self.sheet.texts::<N>(node, known);
    }

    fn word(&self, node: &Node, at: usize) -> String {
        node.texts().into_iter().nth(at).unwrap_or_default()
    }

    fn template(&mut self, node: &Node, text: &str) -> Template {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(says) => {
                self.wrong(node, says);
                return Template::default();
            }
        };
        let unknown: Vec<String> =
            template.names().filter(|name| !self.knows(name)).map(str::to_owned).collect();
        for name in unknown {
            self.wrong(node, format!("there is no input `{name}`"));
        }
        template
    }

    fn knows(&self, name: &str) -> bool {
        self.inputs.iter().any(|input| input.name == name)
    }

    /// A condition over the message.
    fn over_message(&mut self, node: &Node, source: &str) -> Option<Condition> {
        let checked = check(source, EVENT, &Known(&self.inputs));
        self.condition(node, source, checked)
    }

    /// A condition over records of a type.
    fn over_records(&mut self, node: &Node, source: &str, of: &str) -> Option<Condition> {
        let checked = check(source, of, self.registry);
        self.condition(node, source, checked)
    }

    fn condition(
        &mut self,
        node: &Node,
        source: &str,
        checked: Result<Condition, Vec<proofdesk_condition::Mistake>>,
    ) -> Option<Condition> {
        match checked {
            Ok(condition) => Some(condition),
            Err(mistakes) => {
                for mistake in mistakes {
                    let says =
                        format!("{} (at character {} of `{source}`)", mistake.message, mistake.start + 1);
                    self.wrong(node, says);
                }
                None
            }
        }
    }

    fn door(&mut self, node: &Node) -> Option<Door> {
        self.shape::<1>(node, &["label", "each"]);
        let name = self.word(node, 0);
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if name.is_empty() || name == "events" || !name.chars().all(is_name) {
            self.wrong(node, "the name of a door is of small letters, digits, `_` and `-`, and not `events`");
        }
        self.inputs = Vec::new();
        for child in node.children.iter().filter(|c| c.word == "input") {
            self.input(child);
        }
        let compares = |c: &Node| c.word == "on" && c.children.iter().any(|inner| inner.word == "compare");
        if node.children.iter().any(compares) {
            self.inputs.push(Input { name: DIFFERENCES.to_owned(), from: Vec::new(), before: None });
        }
        let mut door = Door {
            label: property(node, "label").unwrap_or(&name).to_owned(),
            each: property(node, "each").map(str::to_owned),
            inputs: self.inputs.clone(),
            key: Template::default(),
            episode: Template::default(),
            finds: Vec::new(),
            open: None,
            quiet: Vec::new(),
            over: None,
            on: None,
            name,
        };
        for child in &node.children {
            match child.word.as_str() {
                "input" => {}
                "key" => {
                    self.shape::<1>(child, &["episode"]);
                    door.key = self.template(child, &self.word(child, 0));
                    door.episode = self.template(child, property(child, "episode").unwrap_or_default());
                }
                "find" => door.finds.extend(self.find(child, &door.finds)),
                "open" => door.open = self.open(child, &door.finds),
                "quiet" => door.quiet.extend(self.quiet(child, &door.finds)),
                "over" => door.over = self.over(child, door.open.as_ref().map(|o| o.record_type.clone())),
                "on" => door.on = self.on(child, &door.finds),
                other => self.wrong(child, format!("a door has no `{other}`")),
            }
        }
        if door.key == Template::default() {
            self.wrong(node, "a door has a `key`, which tells one thing from another");
        }
        if door.open.is_none() && door.on.is_none() {
            self.wrong(node, "a door has `open`, which makes a record, or `on`, which takes one");
        }
        Some(door)
    }

    fn timed(&mut self, node: &Node) -> Option<Timed> {
        self.shape::<1>(node, &["start", "end", "where", "marks"]);
        let of = self.record_type(node, &self.word(node, 0))?;
        let filter = self.over_records(node, property(node, "where").unwrap_or("true"), &of.name)?;
        let start = property(node, "start").unwrap_or_default().to_owned();
        let end = property(node, "end").map(str::to_owned);
        for field in std::iter::once(&start).chain(&end) {
            if self.registry.field(&of.name, field) != Some(proofdesk_condition::Type::Instant) {
                self.wrong(node, format!("`{field}` is no instant of {}", of.name));
            }
        }
        let marks = node.is_yes("marks");
        Some(Timed { record_type: of.name.clone(), start, end, filter, marks })
    }

    fn input(&mut self, node: &Node) {
        self.shape::<1>(node, &["from", "before"]);
        let name = self.word(node, 0);
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if !plain || proofdesk_condition::RESERVED.contains(&name.as_str()) || self.knows(&name) {
            self.wrong(
                node,
                format!("`{name}` is no name for an input: small letters and `_`, each name once"),
            );
        }
        let from: Vec<String> =
            property(node, "from").unwrap_or(&name).split_whitespace().map(str::to_owned).collect();
        let before = property(node, "before").map(str::to_owned);
        self.inputs.push(Input { name, from, before });
    }

    fn record_type(&mut self, node: &Node, name: &str) -> Option<std::sync::Arc<RecordType>> {
        let found = self.registry.get(name).cloned();
        if found.is_none() {
            self.wrong(node, format!("there is no record type `{name}`"));
        }
        found
    }

    fn find(&mut self, node: &Node, before: &[Find]) -> Option<Find> {
        self.shape::<1>(node, &["type", "link"]);
        let of = self.record_type(node, property(node, "type").unwrap_or_default())?;
        let mut ways = Vec::new();
        for child in &node.children {
            match child.word.as_str() {
                "reference" => {
                    self.shape::<1>(child, &[]);
                    ways.push(Way::Reference(self.template(child, &self.word(child, 0))));
                }
                "by" => {
                    self.shape::<2>(child, &[]);
                    let field = self.word(child, 0);
                    if !of.field(&field).is_some_and(|f| matches!(f.kind, Kind::Text { .. })) {
                        self.wrong(child, format!("`{field}` is no text of {}", of.name));
                    }
                    ways.push(Way::By(field, self.template(child, &self.word(child, 1))));
                }
                "via" => {
                    self.shape::<2>(child, &[]);
                    let (other, relation) = (self.word(child, 0), self.word(child, 1));
                    let end = before.iter().find(|f| f.name == other);
                    let end = end.and_then(|f| self.end(&f.record_type, &relation));
                    if end.as_deref() != Some(of.name.as_str()) {
                        self.wrong(child, format!("`{other}` has no relation `{relation}` to {}", of.name));
                    }
                    ways.push(Way::Via(other, relation));
                }
                other => self.wrong(child, format!("a `find` has no `{other}`; it has: reference, by, via")),
            }
        }
        let link = property(node, "link").map(str::to_owned);
        Some(Find { name: self.word(node, 0), record_type: of.name.clone(), link, ways })
    }

    /// The type at the other end of a link or relation.
    fn end(&self, of: &str, relation: &str) -> Option<String> {
        let of = self.registry.get(of)?;
        let own = of.field(relation).and_then(|f| f.target()).map(str::to_owned);
        own.or_else(|| of.inverses.get(relation).map(|i| i.from.clone()))
    }

    fn open(&mut self, node: &Node, finds: &[Find]) -> Option<Open> {
        self.shape::<1>(node, &["when"]);
        let of = self.record_type(node, &self.word(node, 0))?;
        let when = self.over_message(node, property(node, "when").unwrap_or("true"))?;
        let mut open = Open {
            record_type: of.name.clone(),
            when,
            sets: Vec::new(),
            follow: Vec::new(),
            update: Vec::new(),
        };
        for find in finds {
            let Some(link) = &find.link else { continue };
            if self.end(&of.name, link).as_deref() != Some(find.record_type.as_str()) {
                let says = format!("`{link}` of {} does not lead to {}", of.name, find.record_type);
                self.wrong(node, says);
            }
        }
        for child in &node.children {
            match child.word.as_str() {
                "set" => open.sets.extend(self.set(child, &of)),
                "follow" => {
                    open.follow = child.texts();
                    for name in &open.follow {
                        if !self.knows(name) {
                            self.wrong(child, format!("there is no input `{name}`"));
                        }
                    }
                }
                "update" => {
                    open.update = child.texts();
                    for name in open.update.iter().filter(|name| of.field(name).is_none()) {
                        self.wrong(child, format!("`{name}` is no field of {}", of.name));
                    }
                }
                other => self.wrong(child, format!("`open` has no `{other}`; it has: set, follow, update")),
            }
        }
        Some(open)
    }

    fn set(&mut self, node: &Node, of: &RecordType) -> Option<Set> {
        self.shape::<2>(node, &["when"]);
        let field = self.word(node, 0);
        match of.field(&field) {
            None => self.wrong(node, format!("`{field}` is no field of {}", of.name)),
            Some(found) if matches!(found.kind, Kind::Links { .. } | Kind::File) => {
                self.wrong(node, format!("`{field}` cannot be set here; a `find` links records"));
            }
            Some(_) => {}
        }
        let value = self.template(node, &self.word(node, 1));
        let when = match property(node, "when") {
            Some(source) => Some(self.over_message(node, source)?),
            None => None,
        };
        Some(Set { field, value, when })
    }

    fn quiet(&mut self, node: &Node, finds: &[Find]) -> Option<Quiet> {
        self.shape::<1>(node, &["via", "where", "until"]);
        let (of, via) = (self.word(node, 0), property(node, "via").unwrap_or_default().to_owned());
        let found = finds.iter().find(|f| f.name == of);
        let Some(record_type) = found.and_then(|f| self.end(&f.record_type, &via)) else {
            self.wrong(node, format!("no `find` before it is called `{of}` and has the relation `{via}`"));
            return None;
        };
        let filter = self.over_records(node, property(node, "where").unwrap_or("true"), &record_type)?;
        let until = property(node, "until").unwrap_or_default().to_owned();
        let kind = self.registry.field(&record_type, &until);
        if kind != Some(proofdesk_condition::Type::Instant) {
            self.wrong(node, format!("`until` names an instant of {record_type}"));
        }
        Some(Quiet { of, via, record_type, filter, until })
    }

    fn over(&mut self, node: &Node, opened: Option<String>) -> Option<Over> {
        self.shape::<0>(node, &["when"]);
        let Some(of) = opened.and_then(|name| self.registry.get(&name).cloned()) else {
            self.wrong(node, "`over` comes after `open`");
            return None;
        };
        let when = self.over_message(node, property(node, "when").unwrap_or("false"))?;
        let mut over = Over { when, note: Template::default(), steps: Vec::new() };
        for child in &node.children {
            match child.word.as_str() {
                "note" => {
                    self.shape::<1>(child, &[]);
                    over.note = self.template(child, &self.word(child, 0));
                }
                "step" => over.steps.extend(self.step(child, &of)),
                other => self.wrong(child, format!("`over` has no `{other}`; it has: note, step")),
            }
        }
        Some(over)
    }

    fn on(&mut self, node: &Node, finds: &[Find]) -> Option<On> {
        self.shape::<1>(node, &[]);
        let name = self.word(node, 0);
        let found = finds.iter().find(|f| f.name == name);
        let Some(of) = found.and_then(|f| self.registry.get(&f.record_type).cloned()) else {
            self.wrong(node, format!("no `find` before it is called `{name}`"));
            return None;
        };
        let mut on = On { find: name, compare: Vec::new(), notes: Vec::new(), steps: Vec::new() };
        for child in &node.children {
            match child.word.as_str() {
                "note" => {
                    self.shape::<1>(child, &["when"]);
                    let note = self.template(child, &self.word(child, 0));
                    let when = property(child, "when").map(|source| self.over_message(child, source));
                    on.notes.push((note, when.flatten()));
                }
                "step" => on.steps.extend(self.step(child, &of)),
                "compare" => {
                    self.shape::<2>(child, &[]);
                    let field = self.word(child, 0);
                    if !of.field(&field).is_some_and(|f| matches!(f.kind, Kind::Text { .. })) {
                        self.wrong(child, format!("`{field}` is no text of {}", of.name));
                    }
                    on.compare.push((field, self.template(child, &self.word(child, 1))));
                }
                other => self.wrong(child, format!("`on` has no `{other}`; it has: compare, note, step")),
            }
        }
        Some(on)
    }

    fn step(&mut self, node: &Node, of: &RecordType) -> Option<Step> {
        self.shape::<1>(node, &["when", "where"]);
        let transition = self.word(node, 0);
        if !transition.is_empty() && of.transition(&transition).is_none() {
            self.wrong(node, format!("`{transition}` is no transition of {}", of.name));
        }
        let when = match property(node, "when") {
            Some(source) => Some(self.over_message(node, source)?),
            None => None,
        };
        let filter = match property(node, "where") {
            Some(source) => Some(self.over_records(node, source, &of.name)?),
            None => None,
        };
        let sets = node.children.iter().filter_map(|child| {
            if child.word == "set" {
                return self.set(child, of);
            }
            self.wrong(child, format!("a step has no `{}`; it has: set", child.word));
            None
        });
        Some(Step { transition, when, filter, sets: sets.collect() })
    }
}

//! Reads the files, and holds what they say against the record types. Mistakes are collected, each with file and line.

use indexmap::IndexMap;
use jiff::tz::TimeZone;
use proofdesk_engine::Audience;
use proofdesk_model::format::{self, Input};
use proofdesk_model::written::{Node, Sheet};
use proofdesk_model::{Caller, Condition, Door, Field, Kind, RecordType, Registry, Stamp, places};

use crate::declared::{Act, Automation, Pick, Source};

/// A file while it is read.
struct Reader<'a> {
    sheet: Sheet<'a>,
    registry: &'a Registry,
}

/// Adds the automations of a file; a name that is there already is replaced.
pub(crate) fn file(
    source: &Source,
    shipped: bool,
    registry: &Registry,
    all: &mut IndexMap<String, Automation>,
    mistakes: &mut Vec<String>,
) {
    let (sheet, nodes) = Sheet::open(&source.file, &source.text, mistakes);
    let mut reader = Reader { sheet, registry };
    let before: Vec<String> = all.keys().cloned().collect();
    for node in &nodes {
        if node.word != "automation" {
            reader.at(node, format!("`{}` is no `automation`", node.word));
            continue;
        }
        let Some(found) = reader.automation(node, shipped) else { continue };
        if all.contains_key(&found.name) && !before.contains(&found.name) {
            reader.at(node, format!("`{}` is declared twice in this file", found.name));
            continue;
        }
        all.insert(found.name.clone(), found);
    }
}

impl Reader<'_> {
    fn at(&mut self, node: &Node, says: impl std::fmt::Display) {
        self.sheet.wrong(node, says);
    }

    /// The texts behind a node's name, so many as are said.
    fn take<const N: usize>(&mut self, node: &Node, known: &[&str]) -> Option<[String; N]> {
        self.sheet.texts(node, known)
    }

    fn automation(&mut self, node: &Node, shipped: bool) -> Option<Automation> {
        let [name] = self.take::<1>(node, &["on"])?;
        let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if name.is_empty() || !is_name {
            self.at(node, format!("`{name}`: a name has small letters, digits and hyphens"));
        }
        let Some(on) = node.text("on") else {
            self.at(node, "`on` is missing: the type of record that it looks at");
            return None;
        };
        let Some(of) = self.registry.get(&on).cloned() else {
            self.at(node, format!("there is no record type `{on}`"));
            return None;
        };
        let (mut says, mut when, mut also, mut acts) = (String::new(), None, None, Vec::new());
        for child in &node.children {
            match child.word.as_str() {
                "says" => says = self.take::<1>(child, &[]).map(|[t]| t).unwrap_or_default(),
                "when" => when = self.condition(child, &of, true),
                "also" => also = self.condition(child, &of, false),
                _ => acts.extend(self.act(child, &of)),
            }
        }
        if says.is_empty() {
            self.at(node, "`says` is missing: a sentence that tells what it is for");
        }
        let has_when = node.children.iter().any(|c| c.word == "when");
        if !has_when {
            self.at(node, "`when` is missing: the condition that begins to hold");
        }
        if acts.is_empty() && !node.children.iter().any(|c| !["says", "when", "also"].contains(&&*c.word)) {
            self.at(node, "it does nothing: say `set`, `assign`, `take`, `comment`, `notify` or `open`");
        }
        if acts.iter().filter(|act| matches!(act, Act::Take(_))).count() > 1 {
            self.at(node, "one `take` only: a second step belongs to an automation of its own");
        }
        let place = self.sheet.place(node);
        Some(Automation { name, on, says, when: when?, also, acts, place, shipped })
    }

    fn condition(&mut self, node: &Node, of: &RecordType, is_own: bool) -> Option<Condition> {
        let [source] = self.take::<1>(node, &[])?;
        let found = self.checked(node, &source, &of.name)?;
        if found.uses_me() {
            self.at(node, "`me` is nobody here: the program asks");
        }
        if is_own && found.uses_now() {
            self.at(node, "`now` and `today` have no place in `when`: nothing is written when time passes. Use a clock's state");
        }
        let many = of.relations();
        let leads_away =
            |path: &proofdesk_condition::FieldPath| !path.steps.is_empty() || many.contains(&path.field);
        if is_own && found.fields().iter().any(leads_away) {
            self.at(
                node,
                "`when` asks for the record's own fields; what asks for linked records belongs to `also`",
            );
        }
        Some(found)
    }

    fn checked(&mut self, node: &Node, source: &str, of: &str) -> Option<Condition> {
        match proofdesk_condition::check(source, of, self.registry) {
            Ok(found) => Some(found),
            Err(mistakes) => {
                for mistake in mistakes {
                    let says =
                        format!("{} (at character {} of `{source}`)", mistake.message, mistake.start + 1);
                    self.at(node, says);
                }
                None
            }
        }
    }

    fn act(&mut self, node: &Node, of: &RecordType) -> Option<Act> {
        match node.word.as_str() {
            "set" => {
                let [field, value] = self.take::<2>(node, &[])?;
                self.value(node, of, of, &field, &value)?;
                Some(Act::Set { field, value })
            }
            "assign" => self.assign(node, of),
            "take" => {
                let [step] = self.take::<1>(node, &[])?;
                if of.transition(&step).is_none() {
                    self.at(node, format!("{} has no step `{step}`", of.label));
                }
                Some(Act::Take(step))
            }
            "comment" => {
                let [audience, text] = self.take::<2>(node, &[])?;
                let audience = match audience.as_str() {
                    "staff" => Audience::Staff,
                    "customer" => Audience::Customer,
                    other => {
                        self.at(node, format!("`{other}` is none of: staff, customer"));
                        return None;
                    }
                };
                self.places(node, of, &text);
                for place in places::names(&text).filter(|_| audience == Audience::Customer) {
                    let is_public = place == "reference" || of.is_public(place);
                    if !is_public {
                        let says = format!(
                            "`{{{place}}}` is for the staff only; the customer does not see it on the record either"
                        );
                        self.at(node, says);
                    }
                }
                Some(Act::Comment { audience, text })
            }
            "notify" => {
                let [path] = self.take::<1>(node, &[])?;
                if !self.leads_to(of, &path, "person") {
                    self.at(node, format!("`{path}` is no field of {} that names a person", of.label));
                }
                Some(Act::Notify(path))
            }
            "open" => self.open(node, of),
            other => {
                let says = format!(
                    "`{other}` is none of: says, when, also, set, assign, take, comment, notify, open"
                );
                self.at(node, says);
                None
            }
        }
    }

    /// A field that a person could enter, with a value that it takes.
    fn value(
        &mut self,
        node: &Node,
        of: &RecordType,
        about: &RecordType,
        name: &str,
        value: &str,
    ) -> Option<()> {
        let field = self.field(node, of, name)?;
        if matches!(field.kind, Kind::Text { .. } | Kind::Markdown) {
            self.places(node, about, value);
        } else if matches!(value, "now" | "today") {
            let (program, stamp) = (Caller::system("Automation"), Stamp::now(0, Door::Rule));
            if format::literal(&field, value, &program, &stamp).is_none() {
                self.at(node, format!("`{value}` is no value of `{name}`"));
            }
        } else {
            let input = Input { zone: &TimeZone::UTC, registry: self.registry };
            let wrong = match format::parse(&field, value, &input) {
                Ok(parsed) => format::fits(&field, name, &parsed).err().map(|(_, says)| says),
                Err(says) => Some(says),
            };
            if let Some(says) = wrong {
                self.at(node, says);
            }
        }
        Some(())
    }

    fn field(&mut self, node: &Node, of: &RecordType, name: &str) -> Option<Field> {
        match of.field(name).filter(|f| f.computed.is_none() && !f.retired && f.name == name) {
            Some(field) if field.by_steps => {
                let steps = of.written_by(name).join(", ");
                self.at(node, format!("`{name}` is written by steps ({steps}); `take` one of them"));
                None
            }
            Some(field) => Some(field.clone()),
            None => {
                self.at(node, format!("{} has no field `{name}` that can be set", of.label));
                None
            }
        }
    }

    fn places(&mut self, node: &Node, of: &RecordType, text: &str) {
        for place in places::names(text) {
            let is_known = matches!(place, "reference" | "state") || of.field(place).is_some();
            if !is_known {
                self.at(
                    node,
                    format!("`{{{place}}}` is neither `{{reference}}` nor a field of {}", of.label),
                );
            }
        }
    }

    fn assign(&mut self, node: &Node, of: &RecordType) -> Option<Act> {
        let [name] = self.take::<1>(node, &["where", "from"])?;
        let field = self.field(node, of, &name)?;
        let Some(to) = field.target().map(str::to_owned) else {
            self.at(node, format!("`{name}` is no link; use `set`"));
            return None;
        };
        let pick = match (node.text("where"), node.text("from")) {
            (Some(source), None) => Pick::Where(Box::new(self.checked(node, &source, &to)?)),
            (None, Some(path)) => {
                let (link, far) = path.split_once('.').unwrap_or((&path, ""));
                if !self.leads_to(of, &path, &to) || far.is_empty() {
                    let says = format!(
                        "`{path}` is no link of {} followed by a field that leads to a {to}",
                        of.label
                    );
                    self.at(node, says);
                }
                Pick::From(link.to_owned(), far.to_owned())
            }
            _ => {
                self.at(node, "say `where=` (a condition that finds one record) or `from=` (link.field)");
                return None;
            }
        };
        Some(Act::Assign { field: name, pick })
    }

    /// Whether `field` or `link.field` is a link to a type.
    fn leads_to(&self, of: &RecordType, path: &str, to: &str) -> bool {
        let field = match path.split_once('.') {
            Some((link, far)) => {
                let next = of.field(link).and_then(Field::target).and_then(|t| self.registry.get(t));
                next.and_then(|t| t.field(far))
            }
            None => of.field(path),
        };
        field.and_then(Field::target) == Some(to)
    }

    fn open(&mut self, node: &Node, from: &RecordType) -> Option<Act> {
        let [record_type] = self.take::<1>(node, &["link"])?;
        let Some(of) = self.registry.get(&record_type).cloned() else {
            self.at(node, format!("there is no record type `{record_type}`"));
            return None;
        };
        let link = node.text("link").unwrap_or_default();
        let leads_here = of.field(&link).and_then(Field::target) == Some(&from.name)
            || of.inverses.get(&link).is_some_and(|inverse| inverse.from == from.name);
        if !leads_here {
            let says =
                format!("`link` names no field or relation of {} that leads to a {}", of.label, from.label);
            self.at(node, says);
        }
        let (mut copies, mut sets) = (Vec::new(), Vec::new());
        for child in &node.children {
            match child.word.as_str() {
                "copy" => {
                    for name in child.texts() {
                        let here =
                            from.field(&name).map(|f| (f.target().map(str::to_owned), f.columns().len()));
                        let there =
                            of.field(&name).map(|f| (f.target().map(str::to_owned), f.columns().len()));
                        if here.is_none() || here != there {
                            let says = format!(
                                "`{name}` is no field of the same kind in {} and {}",
                                from.label, of.label
                            );
                            self.at(child, says);
                        }
                        copies.push(name);
                    }
                }
                "set" => {
                    let Some([field, value]) = self.take::<2>(child, &[]) else { continue };
                    self.value(child, &of, from, &field, &value);
                    sets.push((field, value));
                }
                other => self.at(child, format!("`{other}` is none of: copy, set")),
            }
        }
        Some(Act::Open { record_type, link, copies, sets })
    }
}

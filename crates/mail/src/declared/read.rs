//! Reads `*.kdl` of `mail/`. Mistakes are collected, each with file and line.

use proofdesk_engine::people;
use proofdesk_model::written::{Node, Sheet};
use proofdesk_model::{Condition, Kind, RecordType, Registry};

use super::{Declared, Intake, People, Tell, To, entered, given};

struct Reader<'a> {
    sheet: Sheet<'a>,
    registry: &'a Registry,
}

pub(super) fn file(
    file: &str,
    text: &str,
    registry: &Registry,
    declared: &mut Declared,
    mistakes: &mut Vec<String>,
) {
    let (sheet, nodes) = Sheet::open(file, text, mistakes);
    let mut reader = Reader { sheet, registry };
    let mut tells = Vec::new();
    for node in &nodes {
        match node.word.as_str() {
            "people" => declared.people = reader.people(node),
            "intake" => {
                let intake = reader.intake(node);
                declared.intakes.retain(|i| i.of != intake.of);
                declared.intakes.push(intake);
            }
            "tell" => tells.push(reader.tell(node)),
            other => reader.mistake(node, format!("`{other}` is none of: people, intake, tell")),
        }
    }
    // those of a site come first, so that they are the ones that fit
    tells.append(&mut declared.tells);
    declared.tells = tells;
}

impl Reader<'_> {
    fn mistake(&mut self, node: &Node, says: impl std::fmt::Display) {
        self.sheet.wrong(node, says);
    }

    fn only(&mut self, node: &Node, known: &[&str]) {
        self.sheet.only(node, known);
    }

    fn of(&mut self, node: &Node, name: &str) -> Option<std::sync::Arc<RecordType>> {
        let found = self.registry.get(name).cloned();
        if found.is_none() {
            self.mistake(node, format!("there is no record type `{name}`"));
        }
        found
    }

    /// A field that a mail fills, or that is asked for an address.
    fn field(&mut self, node: &Node, of: &RecordType, name: &str, fits: fn(&Kind) -> bool) {
        match of.field(name) {
            None => self.mistake(node, format!("{} has no field `{name}`", of.name)),
            Some(field) if !fits(&field.kind) => {
                self.mistake(node, format!("`{name}` of {} is of another kind", of.name));
            }
            Some(field) => {
                if let Err(says) = entered(of, field) {
                    self.mistake(node, says);
                }
            }
        }
    }

    fn sets(&mut self, node: &Node, of: &RecordType) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for child in &node.children {
            let words = child.texts();
            match (child.word.as_str(), words.as_slice()) {
                ("set", [field, value]) => {
                    if let Err(says) = given(of, field, value, self.registry) {
                        self.mistake(child, says);
                    }
                    found.push((field.clone(), value.clone()));
                }
                _ => self.mistake(child, "only `set \"field\" \"value\"` stands here"),
            }
        }
        found
    }

    fn people(&mut self, node: &Node) -> People {
        self.only(node, &["mail", "name", "language", "zone"]);
        let name = node.texts().pop().unwrap_or_default();
        let Some(of) = self.of(node, &name) else { return People::default() };
        let mut field = |property: &str| {
            let name = node.text(property).unwrap_or_default();
            self.field(node, &of, &name, is_text);
            name
        };
        let (mail, called) = (field("mail"), field("name"));
        let (language, zone) = (field("language"), field("zone"));
        let set = self.sets(node, &of);
        if (name.as_str(), mail.as_str()) != (people::PEOPLE, people::ADDRESS) {
            let says = format!(
                "accounts belong to `{}`, whose field `{}` is their address",
                people::PEOPLE,
                people::ADDRESS
            );
            self.mistake(node, says);
        }
        People { of: name, mail, name: called, language, zone, set }
    }

    fn intake(&mut self, node: &Node) -> Intake {
        self.only(node, &["title", "text", "by", "copy"]);
        let name = node.texts().pop().unwrap_or_default();
        let said = |property: &str| node.text(property).unwrap_or_default();
        let copy: Vec<String> = said("copy").split_whitespace().map(str::to_owned).collect();
        let mut intake = Intake {
            of: name.clone(),
            title: said("title"),
            text: said("text"),
            by: said("by"),
            copy,
            set: Vec::new(),
            place: self.sheet.place(node),
        };
        if let Some(of) = self.of(node, &name) {
            self.field(node, &of, &intake.title, is_text);
            self.field(node, &of, &intake.text, is_long);
            for field in std::iter::once(&intake.by).chain(&intake.copy) {
                self.field(node, &of, field, |_| true);
            }
            intake.set = self.sets(node, &of);
        }
        intake
    }

    fn tell(&mut self, node: &Node) -> Tell {
        self.only(
            node,
            &["of", "on", "changed", "audience", "when", "about", "to", "self", "urgent", "decide"],
        );
        let tell = Tell {
            text: node.texts().pop().unwrap_or_default(),
            of: node.text("of"),
            on: node.text("on"),
            changed: node.text("changed"),
            audience: node.text("audience"),
            when: self.when(node),
            about: node.text("about"),
            to: node.text("to").unwrap_or_default().split_whitespace().map(to).collect(),
            to_self: node.is_yes("self"),
            decide: node.is_yes("decide"),
            urgent: node.is_yes("urgent"),
        };
        if tell.text.is_empty() || tell.to.is_empty() || (tell.on.is_none() == tell.changed.is_none()) {
            self.mistake(node, "`tell` names a text, whom (`to`), and either `on` or `changed`");
        }
        if tell.audience.as_deref().is_some_and(|a| a != "customer" && a != "staff") {
            self.mistake(node, "`audience` is customer or staff");
        }
        self.check_tell(node, &tell);
        tell
    }

    /// The condition of a line, which needs a type to be about.
    fn when(&mut self, node: &Node) -> Option<Condition> {
        let (source, of) = (node.text("when")?, node.text("of"));
        let Some(of) = of else {
            self.mistake(node, "`when` asks about one type: say which (`of`)");
            return None;
        };
        match proofdesk_condition::check(&source, &of, self.registry) {
            Ok(condition) => Some(condition),
            Err(mistakes) => {
                for mistake in mistakes {
                    self.mistake(node, mistake.message);
                }
                None
            }
        }
    }

    fn check_tell(&mut self, node: &Node, tell: &Tell) {
        let plain = ["create", "update", "comment", "attach", "step"];
        let types: Vec<_> = match &tell.of {
            Some(name) => self.of(node, name).into_iter().collect(),
            None => self.registry.types().cloned().collect(),
        };
        if types.is_empty() {
            return;
        }
        if let Some(on) = tell.on.as_deref().filter(|on| !plain.contains(on))
            && !types.iter().any(|of| of.transition(on).is_some())
        {
            self.mistake(node, format!("there is no act `{on}`"));
        }
        let fields = tell.to.iter().filter_map(|to| match to {
            To::Field(name) => Some(name),
            To::WatchersOf(name) => Some(name),
            _ => None,
        });
        let fields: Vec<&String> =
            fields.filter(|_| tell.about.is_none()).chain(&tell.changed).chain(&tell.about).collect();
        for name in fields {
            if !types.iter().any(|of| of.field(name).is_some()) {
                self.mistake(node, format!("there is no field `{name}`"));
            }
        }
        for to in &tell.to {
            if let To::May(transition) = to
                && !types.iter().any(|of| of.transition(transition).is_some())
            {
                self.mistake(node, format!("there is no transition `{transition}`"));
            }
        }
    }
}

fn is_text(kind: &Kind) -> bool {
    matches!(kind, Kind::Text { .. })
}

fn is_long(kind: &Kind) -> bool {
    matches!(kind, Kind::Text { .. } | Kind::Markdown)
}

fn to(word: &str) -> To {
    match word {
        "own" => To::Own,
        "watchers" => To::Watchers,
        "mentioned" => To::Mentioned,
        other => match other.split_once(':') {
            Some(("may", transition)) => To::May(transition.to_owned()),
            Some(("watchers", field)) => To::WatchersOf(field.to_owned()),
            _ => To::Field(other.to_owned()),
        },
    }
}

//! Reads `*.kdl` of `mail/`. Mistakes are collected, each with file and line.

use kdl::{KdlDocument, KdlNode, KdlValue};
use proofdesk_engine::people;
use proofdesk_model::{Condition, Kind, RecordType, Registry};

use super::{Declared, Intake, People, Tell, To, entered, given};

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    registry: &'a Registry,
    mistakes: &'a mut Vec<String>,
}

pub(super) fn file(
    file: &str,
    text: &str,
    registry: &Registry,
    declared: &mut Declared,
    mistakes: &mut Vec<String>,
) {
    // the parser recurses deeply in builds without optimization: it gets a stack of its own
    let parsed = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(32 << 20);
        thread.spawn_scoped(scope, || KdlDocument::parse_v2(text)).ok()?.join().ok()
    });
    let Some(Ok(document)) = parsed else {
        mistakes.push(format!("{file}: this is not KDL"));
        return;
    };
    let mut reader = Reader { file, text, registry, mistakes };
    let mut tells = Vec::new();
    for node in document.nodes() {
        match node.name().value() {
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
    fn place(&self, node: &KdlNode) -> String {
        let offset = node.name().span().offset();
        let line = self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
        format!("{}:{line}", self.file)
    }

    fn mistake(&mut self, node: &KdlNode, says: impl std::fmt::Display) {
        let place = self.place(node);
        self.mistakes.push(format!("{place}: {says}"));
    }

    fn only(&mut self, node: &KdlNode, known: &[&str]) {
        for entry in node.entries() {
            if let Some(name) = entry.name().map(|n| n.value()).filter(|n| !known.contains(n)) {
                let says = format!("`{name}` is none of: {}", known.join(", "));
                self.mistake(node, says);
            }
        }
    }

    fn of(&mut self, node: &KdlNode, name: &str) -> Option<std::sync::Arc<RecordType>> {
        let found = self.registry.get(name).cloned();
        if found.is_none() {
            self.mistake(node, format!("there is no record type `{name}`"));
        }
        found
    }

    /// A field that a mail fills, or that is asked for an address.
    fn field(&mut self, node: &KdlNode, of: &RecordType, name: &str, fits: fn(&Kind) -> bool) {
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

    fn sets(&mut self, node: &KdlNode, of: &RecordType) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for child in node.children().map(KdlDocument::nodes).unwrap_or_default() {
            let words = arguments(child);
            match (child.name().value(), words.as_slice()) {
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

    fn people(&mut self, node: &KdlNode) -> People {
        self.only(node, &["mail", "name", "language", "zone"]);
        let name = arguments(node).pop().unwrap_or_default();
        let Some(of) = self.of(node, &name) else { return People::default() };
        let mut field = |property: &str| {
            let name = text(node, property).unwrap_or_default();
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

    fn intake(&mut self, node: &KdlNode) -> Intake {
        self.only(node, &["title", "text", "by", "copy"]);
        let name = arguments(node).pop().unwrap_or_default();
        let said = |property: &str| text(node, property).unwrap_or_default();
        let copy: Vec<String> = said("copy").split_whitespace().map(str::to_owned).collect();
        let mut intake = Intake {
            of: name.clone(),
            title: said("title"),
            text: said("text"),
            by: said("by"),
            copy,
            set: Vec::new(),
            place: self.place(node),
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

    fn tell(&mut self, node: &KdlNode) -> Tell {
        self.only(node, &["of", "on", "changed", "audience", "when", "about", "to", "self", "urgent"]);
        let tell = Tell {
            text: arguments(node).pop().unwrap_or_default(),
            of: text(node, "of"),
            on: text(node, "on"),
            changed: text(node, "changed"),
            audience: text(node, "audience"),
            when: self.when(node),
            about: text(node, "about"),
            to: text(node, "to").unwrap_or_default().split_whitespace().map(to).collect(),
            to_self: yes(node, "self"),
            urgent: yes(node, "urgent"),
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
    fn when(&mut self, node: &KdlNode) -> Option<Condition> {
        let (source, of) = (text(node, "when")?, text(node, "of"));
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

    fn check_tell(&mut self, node: &KdlNode, tell: &Tell) {
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

fn arguments(node: &KdlNode) -> Vec<String> {
    let plain = node.entries().iter().filter(|e| e.name().is_none());
    plain.filter_map(|e| e.value().as_string().map(str::to_owned)).collect()
}

fn text(node: &KdlNode, property: &str) -> Option<String> {
    node.get(property).and_then(KdlValue::as_string).map(str::to_owned)
}

fn yes(node: &KdlNode, property: &str) -> bool {
    node.get(property).and_then(KdlValue::as_bool).unwrap_or_default()
}

//! Marks: words that cannot be guessed, one in every text of a desk, and where each of them stands.

use std::collections::BTreeMap;
use std::fmt;

use proofdesk_engine::{Audience, Caller, Change, Door, Reference};
use proofdesk_model::{Kind, RecordType, Value};
use proofdesk_testkit::TestDesk;

use super::samples::{full, one_of_each};

/// Where a mark stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// In a field.
    Field(String),
    /// In a comment that the customer reads.
    Comment,
    /// In a note of staff.
    Note,
    /// In the name and the bytes of a file that the customer reads.
    File,
    /// In the name and the bytes of a file of staff.
    NoteFile,
}

/// A mark.
#[derive(Debug, Clone)]
pub struct Mark {
    pub record: Reference,
    pub part: Part,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} {}", self.part, self.record.record_type, self.record.number)
    }
}

/// The word of a mark.
pub fn word(number: usize) -> String {
    format!("zq{number:06}kx")
}

/// The numbers of the marks in a text.
pub fn in_text(text: &str) -> Vec<usize> {
    let number = |(at, _): (usize, &str)| {
        let rest = text.get(at + 2..at + 10)?;
        rest.strip_suffix("kx")?.parse().ok()
    };
    let mut found: Vec<usize> = text.match_indices("zq").filter_map(number).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What the desk holds.
pub struct Filled {
    pub marks: Vec<Mark>,
    /// One filled record of each type that is nobody's own.
    pub records: Vec<Reference>,
    /// Records that are somebody's own, with whose.
    pub own: Vec<(Reference, String)>,
    /// Files of a record.
    pub files: BTreeMap<Reference, Vec<String>>,
}

impl Filled {
    /// Fills a desk: of work that customers see, records of Ada and of Bob; of all else one record.
    pub async fn fill(desk: &TestDesk, callers: &[(String, Caller)]) -> Self {
        let mut known = one_of_each(desk).await;
        let mut filled =
            Self { marks: Vec::new(), records: Vec::new(), own: Vec::new(), files: BTreeMap::new() };
        let of = |name: &str| callers.iter().find(|(n, _)| n == name).unwrap().1.clone();
        let agent = of("administrator");
        let types: Vec<_> = desk.engine.registry().types().cloned().collect();
        for of in types.iter().filter(|of| !is_own(of)) {
            let made = filled.record(desk, of, &known, None, &agent).await;
            filled.records.push(made);
        }
        for name in ["ada", "bob"] {
            let owner = of(name);
            // each customer has a record of its own, and Bob's work is linked to Ada's
            let customer = desk.engine.require_type("customer").unwrap();
            let made = filled.record(desk, &customer, &known, None, &agent).await;
            known.insert("customer".to_owned(), made.clone());
            filled.own.push((made, name.to_owned()));
            for of in types.iter().filter(|of| is_own(of)) {
                let made = filled.record(desk, of, &known, Some(&owner), &agent).await;
                known.insert(of.name.clone(), made.clone());
                filled.own.push((made, name.to_owned()));
            }
        }
        filled
    }

    fn mark(&mut self, record: Reference, part: Part) -> String {
        self.marks.push(Mark { record, part });
        word(self.marks.len() - 1)
    }

    async fn record(
        &mut self,
        desk: &TestDesk,
        of: &RecordType,
        known: &BTreeMap<String, Reference>,
        owner: Option<&Caller>,
        agent: &Caller,
    ) -> Reference {
        let mut change: Change = full(of, known);
        // what customers read once it is published is published, for another customer
        if of.narrow.is_some() && of.reaches_customers() {
            if of.field("audience").is_some() {
                change = change.with_text("audience", "customers");
            }
            change.state = of.states.iter().find(|s| s.kind.as_str() == "open").map(|s| s.name.clone());
        }
        let number = desk.engine.count(&desk.setup(), &of.name, None, None).await.unwrap() + 1;
        let record = Reference::new(of.name.clone(), i64::try_from(number).unwrap());
        let set: Vec<(String, Value)> = change.set.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        for (name, value) in set {
            let Some(field) = of.field(&name) else { continue };
            let long = match &field.kind {
                Kind::Text { max } => *max >= 12,
                Kind::Markdown => true,
                _ => false,
            };
            let fixed = ["zone", "duration", "week", "exceptions"].contains(&name.as_str());
            if let (true, false, Value::Text(text)) = (long, fixed, value) {
                let most = match &field.kind {
                    Kind::Text { max } => *max,
                    _ => usize::MAX,
                };
                let marked = format!("{} {text}", self.mark(record.clone(), Part::Field(name.clone())));
                change = change.with_text(&name, &marked.chars().take(most).collect::<String>());
            }
        }
        if let Some(person) = owner.and_then(|o| o.person) {
            for name in of.own_fields() {
                change = change.with(name, Value::Link(person));
            }
        }
        let made = desk.create(&of.name, change).await.unwrap_or_else(|e| panic!("{}: {e:#}", of.name));
        assert_eq!(made.record.number, record.number, "{}", of.name);
        self.talk(desk, of, &record, agent).await;
        record
    }

    /// A comment, a note and two files, where the type has them.
    async fn talk(&mut self, desk: &TestDesk, of: &RecordType, record: &Reference, agent: &Caller) {
        use proofdesk_engine::Action;
        let reaches = of.reaches_customers();
        let both = [
            (Audience::Customer, Part::Comment, Part::File, Action::Comment),
            (Audience::Staff, Part::Note, Part::NoteFile, Action::Note),
        ];
        for (audience, said, file, action) in both {
            if agent.may(of, &action) && (reaches || audience == Audience::Staff) {
                let body = format!("{} was said", self.mark(record.clone(), said));
                desk.engine.comment(agent, record, audience, &body, Door::Page).await.unwrap();
            }
            if agent.may(of, &Action::Attach) && (reaches || audience == Audience::Staff) {
                let word = self.mark(record.clone(), file);
                let name = format!("{word}.txt");
                let mut upload =
                    desk.engine.attach(agent, record, &name, audience, 1_000, Door::Page).await.unwrap();
                upload.write(format!("{word} in the file").as_bytes()).await.unwrap();
                let id = upload.finish().await.unwrap().id;
                self.files.entry(record.clone()).or_default().push(id);
            }
        }
    }
}

/// Whether records of a type belong to who asks for services.
pub fn is_own(of: &RecordType) -> bool {
    of.family == "work" && of.reaches_customers() && of.own_fields().next().is_some()
}

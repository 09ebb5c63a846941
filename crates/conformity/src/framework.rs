//! Frameworks as data: chapters, clauses and obligations in our own words, read from `standards/NAME/*.kdl`.
//!
//! Not here: how an obligation is tested (`control`), how it stands (`state`), how a framework is written again and
//! compared (`framework::write`, `framework::differ`).
//! Source: ISO/IEC 20000-1:2018 with Amd 1:2024, for the numbers and titles of the shipped framework.

pub mod differ;
pub(crate) mod write;

use indexmap::IndexMap;
use serde::Serialize;

use crate::reader::{Mistake, Mistakes, Node, Source, open_all};

/// What kind of duty an obligation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DutyKind {
    /// Something is done.
    Process,
    /// A document exists and says something.
    DocumentedInformation,
    /// A record is kept.
    Record,
    /// Something is decided.
    Decision,
    /// Something is done at planned intervals.
    Interval,
    /// Somebody is responsible.
    Responsibility,
}

impl DutyKind {
    const ALL: [(&'static str, Self); 6] = [
        ("process", Self::Process),
        ("documented-information", Self::DocumentedInformation),
        ("record", Self::Record),
        ("decision", Self::Decision),
        ("interval", Self::Interval),
        ("responsibility", Self::Responsibility),
    ];

    /// The written form.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("process", |(word, _)| word)
    }

    /// Reads the written form.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    }
}

/// How far a machine can answer for an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Records say it whole.
    Machine,
    /// Records say that something is there; a person says whether it is good enough.
    Presence,
    /// Only a person can say it.
    Person,
}

impl Answer {
    const ALL: [(&'static str, Self); 3] =
        [("machine", Self::Machine), ("presence", Self::Presence), ("person", Self::Person)];

    /// The written form.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, answer)| *answer == self).map_or("machine", |(word, _)| word)
    }

    /// Reads the written form.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|(_, answer)| *answer)
    }
}

/// Whether the standard asks for a document in so many words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It does.
    Explicit,
    /// Auditors want to see one; the words do not ask for it.
    Implied,
}

/// One duty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Obligation {
    /// `8.6.1-a`; the letter is ours.
    pub id: String,
    /// Number of its clause.
    pub clause: String,
    /// What is to be done, in our own words.
    pub says: String,
    /// What kind of duty it is.
    pub kind: DutyKind,
    /// How far a machine can answer.
    pub judgement: Answer,
    /// How records show it; none where only a person can say it.
    pub tested: Option<String>,
    /// What else an auditor looks at.
    pub evidence: Option<String>,
    /// Families of records that show it, also those that this desk does not have yet.
    pub records: Vec<String>,
    /// The document that shows it, and whether the standard asks for it.
    pub documented: Option<(String, Basis)>,
    /// What triggers it; none for duties that always hold.
    pub applies_when: Option<String>,
    /// The sentence of the standard that it is a part of.
    pub statement: String,
    /// Whose duty it is: `organization` or `top management`.
    pub party: String,
    /// The amendment that brought it.
    pub amendment: Option<String>,
    /// `file:line` of its declaration.
    #[serde(skip)]
    pub place: String,
}

/// A clause with obligations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clause {
    /// `8.6.1`.
    pub number: String,
    /// Its title.
    pub title: String,
    /// The chapter in which it stands, where its own number does not say so.
    pub chapter: Option<String>,
    /// Ids of its obligations, in order.
    pub obligations: Vec<String>,
}

/// A chapter of the clause map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chapter {
    /// `8.6`.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Heading of the part of the map in which it stands.
    pub group: String,
    /// Numbers of its clauses, in order.
    pub clauses: Vec<String>,
}

/// A framework: what somebody must conform to.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Framework {
    /// `iso-20000-1-2018`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Its edition.
    pub edition: String,
    /// Amendments that are in it.
    pub amendment: Option<String>,
    /// What it is about, one sentence.
    pub about: String,
    /// Where its words come from and under which terms; none for words of our own.
    pub origin: Option<String>,
    /// Chapters in order of their numbers.
    pub chapters: Vec<Chapter>,
    /// Clauses by number, in order.
    pub clauses: IndexMap<String, Clause>,
    /// Obligations by id, in order of clauses.
    pub obligations: IndexMap<String, Obligation>,
}

impl Framework {
    /// Reads a framework from its files, in any order.
    ///
    /// # Errors
    /// All mistakes of all files.
    pub fn load(sources: &[Source]) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let mut framework = Self::default();
        for page in open_all(sources, &mut mistakes) {
            for node in page.nodes() {
                match node.word() {
                    "framework" => framework.read_head(node, &mut mistakes),
                    "chapter" => framework.read_chapter(node, &mut mistakes),
                    "clause" => framework.read_clause(node, &mut mistakes),
                    _ => node.unknown(&["framework", "chapter", "clause"], &mut mistakes),
                }
            }
        }
        framework.arrange(&mut mistakes);
        if mistakes.is_empty() { Ok(framework) } else { Err(Mistakes(mistakes)) }
    }

    fn read_head(&mut self, node: Node<'_>, mistakes: &mut Vec<Mistake>) {
        if !self.id.is_empty() {
            node.mistake("a folder holds one framework; this is the second", mistakes);
        }
        node.only(&["title", "edition", "amendment"], mistakes);
        if let Some([id]) = node.exactly(["id"], mistakes) {
            check_name(node, &id, mistakes);
            self.id = id;
        }
        self.title = node.required("title", mistakes).unwrap_or_default();
        self.edition = node.required("edition", mistakes).unwrap_or_default();
        self.amendment = node.text_of("amendment", mistakes);
        for child in node.children() {
            match child.word() {
                "about" => {
                    if let Some([about]) = child.exactly(["sentence"], mistakes) {
                        self.about = about;
                    }
                }
                "origin" => self.origin = child.exactly(["sentence"], mistakes).map(|[text]| text),
                _ => child.unknown(&["about", "origin"], mistakes),
            }
        }
    }

    fn read_chapter(&mut self, node: Node<'_>, mistakes: &mut Vec<Mistake>) {
        node.only(&["title", "group"], mistakes);
        let Some([number]) = node.exactly(["number"], mistakes) else { return };
        check_name(node, &number, mistakes);
        let title = node.required("title", mistakes).unwrap_or_default();
        let group = node.required("group", mistakes).unwrap_or_default();
        if self.chapters.iter().any(|c| c.number == number) {
            node.mistake(format!("chapter {number} is declared twice"), mistakes);
            return;
        }
        self.chapters.push(Chapter { number, title, group, clauses: Vec::new() });
    }

    fn read_clause(&mut self, node: Node<'_>, mistakes: &mut Vec<Mistake>) {
        node.only(&["title", "chapter"], mistakes);
        let Some([number]) = node.exactly(["number"], mistakes) else { return };
        check_name(node, &number, mistakes);
        let title = node.required("title", mistakes).unwrap_or_default();
        if self.clauses.contains_key(&number) {
            node.mistake(format!("clause {number} is declared twice"), mistakes);
        }
        let chapter = node.text_of("chapter", mistakes);
        let mut clause = Clause { number, title, chapter, obligations: Vec::new() };
        for child in node.children() {
            if child.word() != "obligation" {
                child.unknown(&["obligation"], mistakes);
                continue;
            }
            let Some(obligation) = read_obligation(child, &clause, mistakes) else { continue };
            if let Some(first) = self.obligations.get(&obligation.id) {
                let message = format!("{} is declared twice, first at {}", obligation.id, first.place);
                child.mistake(message, mistakes);
                continue;
            }
            clause.obligations.push(obligation.id.clone());
            self.obligations.insert(obligation.id.clone(), obligation);
        }
        if clause.obligations.is_empty() {
            node.mistake(format!("clause {} has no obligation", clause.number), mistakes);
        }
        self.clauses.insert(clause.number.clone(), clause);
    }

    /// Puts everything in the order of the numbers and hands clauses to their chapters.
    fn arrange(&mut self, mistakes: &mut Vec<Mistake>) {
        let missing =
            |file: &str, message: String| Mistake { file: file.to_owned(), line: 1, message, spot: None };
        if self.id.is_empty() {
            mistakes.push(missing(
                "framework.kdl",
                "no `framework \"id\"` is declared in this folder".to_owned(),
            ));
        }
        self.chapters.sort_by_key(|c| order(&c.number));
        self.clauses.sort_by(|a, _, b, _| order(a).cmp(&order(b)));
        for (number, clause) in &self.clauses {
            let of = match &clause.chapter {
                Some(named) => self.chapters.iter_mut().find(|c| c.number == *named),
                None => self.chapters.iter_mut().find(|c| within(number, &c.number)),
            };
            match of {
                Some(chapter) => chapter.clauses.push(number.clone()),
                None => {
                    let place = clause.obligations.first().and_then(|id| self.obligations.get(id));
                    let file =
                        place.map_or("framework.kdl", |o| o.place.rsplit_once(':').map_or("", |(f, _)| f));
                    mistakes.push(missing(file, format!("clause {number} lies in no declared chapter")));
                }
            }
        }
        if self.origin.is_none() {
            self.check_tested(mistakes);
        }
        let rank: Vec<String> = self.clauses.values().flat_map(|c| c.obligations.clone()).collect();
        let mut sorted = IndexMap::with_capacity(rank.len());
        for id in rank {
            if let Some(obligation) = self.obligations.swap_remove(&id) {
                sorted.insert(id, obligation);
            }
        }
        self.obligations = sorted;
    }

    /// In words of our own, each duty says how records show it, unless only a person can judge it.
    fn check_tested(&self, mistakes: &mut Vec<Mistake>) {
        let silent = |o: &&Obligation| o.tested.is_none() && o.judgement != Answer::Person;
        for obligation in self.obligations.values().filter(silent) {
            let (file, line) = obligation.place.rsplit_once(':').unwrap_or((&obligation.place, "1"));
            let says = "`tested` is left out exactly where only a person can judge (judgement=\"person\")";
            mistakes.push(Mistake {
                file: file.to_owned(),
                line: line.parse().unwrap_or(1),
                message: format!("{}: {says}", obligation.id),
                spot: None,
            });
        }
    }

    /// The chapter in which a clause stands.
    pub fn chapter_of(&self, clause: &str) -> Option<&Chapter> {
        self.chapters.iter().find(|c| c.clauses.iter().any(|number| number == clause))
    }
}

fn within(clause: &str, chapter: &str) -> bool {
    clause == chapter || clause.strip_prefix(chapter).is_some_and(|rest| rest.starts_with('.'))
}

fn order(number: &str) -> Vec<u32> {
    number.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}

/// Ids and numbers stand in addresses and in other people's files: letters, digits, `.`, `-` and `_`.
pub fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=80).contains(&text.len())
        && text.chars().all(good)
        && text.starts_with(|c: char| c.is_alphanumeric())
}

fn check_name(node: Node<'_>, text: &str, mistakes: &mut Vec<Mistake>) {
    if !is_name(text) {
        node.mistake(
            format!("`{text}` is no id: write at most 80 letters, digits, `.`, `-` and `_`, first a letter or digit"),
            mistakes,
        );
    }
}

fn read_obligation(node: Node<'_>, clause: &Clause, mistakes: &mut Vec<Mistake>) -> Option<Obligation> {
    node.only(&["kind", "judgement", "statement", "party", "amendment"], mistakes);
    let [id] = node.exactly(["id"], mistakes)?;
    check_name(node, &id, mistakes);
    let number = &clause.number;
    let lettered =
        id.strip_prefix(number.as_str()).is_some_and(|rest| rest.starts_with('-') && rest.len() > 1);
    if clause.chapter.is_none() && !lettered {
        node.mistake(format!("the id `{id}` must be `{number}-` and a letter"), mistakes);
    }
    let kind = word_of(node, "kind", &DutyKind::ALL, mistakes);
    let judgement = word_of(node, "judgement", &Answer::ALL, mistakes);
    let mut obligation = Obligation {
        clause: number.clone(),
        says: String::new(),
        kind: kind.unwrap_or(DutyKind::Process),
        judgement: judgement.unwrap_or(Answer::Machine),
        tested: None,
        evidence: None,
        records: Vec::new(),
        documented: None,
        applies_when: None,
        statement: node.text_of("statement", mistakes).unwrap_or_else(|| id.clone()),
        party: node.text_of("party", mistakes).unwrap_or_else(|| "organization".to_owned()),
        amendment: node.text_of("amendment", mistakes),
        place: node.place(),
        id,
    };
    for child in node.children() {
        read_line(child, &mut obligation, mistakes);
    }
    if obligation.says.is_empty() {
        node.mistake(format!("{} needs `says \"…\"`", obligation.id), mistakes);
    }
    if obligation.tested.is_some() && obligation.judgement == Answer::Person {
        let message = "`tested` is left out exactly where only a person can judge (judgement=\"person\")";
        node.mistake(format!("{}: {message}", obligation.id), mistakes);
    }
    Some(obligation)
}

fn read_line(child: Node<'_>, obligation: &mut Obligation, mistakes: &mut Vec<Mistake>) {
    let known = ["says", "tested", "evidence", "records", "documented", "when"];
    let mut one = |slot: &mut Option<String>| {
        if let Some([text]) = child.exactly(["sentence"], mistakes)
            && slot.replace(text).is_some()
        {
            child.mistake(format!("`{}` is given twice", child.word()), mistakes);
        }
    };
    match child.word() {
        "says" => {
            let mut slot = None;
            one(&mut slot);
            obligation.says = slot.unwrap_or_default();
        }
        "tested" => one(&mut obligation.tested),
        "evidence" => one(&mut obligation.evidence),
        "when" => one(&mut obligation.applies_when),
        "records" => obligation.records = child.words(mistakes),
        "documented" => {
            child.only(&["basis"], mistakes);
            let bases = [("explicit", Basis::Explicit), ("implied", Basis::Implied)];
            let basis = word_of(child, "basis", &bases, mistakes);
            if let (Some([name]), Some(basis)) = (child.exactly(["document"], mistakes), basis) {
                obligation.documented = Some((name, basis));
            }
        }
        _ => child.unknown(&known, mistakes),
    }
}

/// A property that is one of a few words.
pub(crate) fn word_of<T: Copy>(
    node: Node<'_>,
    name: &str,
    words: &[(&str, T)],
    mistakes: &mut Vec<Mistake>,
) -> Option<T> {
    let given = node.required(name, mistakes)?;
    let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        node.mistake(format!("{name}=\"{given}\" is not known; known are: {}", known.join(", ")), mistakes);
    }
    found
}

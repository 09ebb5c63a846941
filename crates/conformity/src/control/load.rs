//! Reads `controls/*.kdl`: controls, their tests, and what each test serves. All mistakes at once.

use proofdesk_model::Registry;
use proofdesk_model::access::ROLES;
use sha2::{Digest, Sha256};

use crate::control::{Cadences, Control, Controls, Kind, Serves, Severity, Term, Terms, Test, Tolerance};
use crate::control::{cadence, kinds, shared};
use crate::framework::{Framework, word_of};
use crate::reader::{Mistake, Mistakes, Node, Source, open_all};

/// What a loader looks things up in.
pub(super) struct Known<'a> {
    pub registry: &'a Registry,
    pub frameworks: &'a [Framework],
    /// Drafts and earlier editions: what names their requirements waits, and is no mistake.
    pub dormant: &'a [Framework],
    pub cadences: Option<Cadences>,
    pub terms: &'a Terms,
}

/// What a word that names a requirement leads to.
pub(super) enum Served<T> {
    /// A requirement in force.
    Here(T),
    /// One of a draft or of an earlier edition.
    Dormant,
    /// None; the mistake is noted.
    Wrong,
}

impl Served<()> {
    /// The same with what it is about.
    pub fn of(self, framework: String, obligation: String) -> Served<(String, String)> {
        match self {
            Served::Here(()) => Served::Here((framework, obligation)),
            Served::Dormant => Served::Dormant,
            Served::Wrong => Served::Wrong,
        }
    }
}

impl Known<'_> {
    /// Looks a requirement up.
    pub fn require(
        &self,
        node: Node<'_>,
        framework: &str,
        obligation: &str,
        mistakes: &mut Vec<Mistake>,
    ) -> Served<()> {
        let holds = |f: &&Framework| f.id == framework && f.obligations.contains_key(obligation);
        if self.frameworks.iter().any(|f| holds(&f)) {
            return Served::Here(());
        }
        if self.dormant.iter().any(|f| holds(&f)) {
            return Served::Dormant;
        }
        let named = |f: &&Framework| f.id == framework;
        if self.frameworks.iter().chain(self.dormant).any(|f| named(&f)) {
            node.mistake(format!("{framework} has no obligation `{obligation}`"), mistakes);
        } else {
            node.mistake(format!("there is no framework `{framework}`"), mistakes);
        }
        Served::Wrong
    }
}

/// The words of the kinds of tests.
const KINDS: [&str; 6] = ["each", "some", "fresh", "ratio", "reconcile", "attest"];

/// Reads controls and checks them against the declared record types and frameworks.
///
/// # Errors
/// All mistakes of all files.
pub fn load_controls(
    sources: &[Source],
    registry: &Registry,
    frameworks: &[Framework],
) -> Result<Controls, Mistakes> {
    load_beside(sources, registry, frameworks, &[])
}

/// As [`load_controls`]; what serves or maps requirements of `dormant` frameworks (drafts, earlier editions) waits.
///
/// # Errors
/// All mistakes of all files.
pub(crate) fn load_beside(
    sources: &[Source],
    registry: &Registry,
    frameworks: &[Framework],
    dormant: &[Framework],
) -> Result<Controls, Mistakes> {
    let mut mistakes = Vec::new();
    let mut controls = Controls::default();
    let pages = open_all(sources, &mut mistakes);
    let terms = Terms::read(&pages, &mut mistakes);
    let mut known = Known { registry, frameworks, dormant, cadences: None, terms: &terms };
    known.cadences = cadence::find(&pages, &known, &mut mistakes);
    for node in pages.iter().flat_map(|page| page.nodes_with(&terms)) {
        match node.word() {
            "control" => read_control(node, &known, &mut controls, &mut mistakes),
            "cadences" | "term" | "set" | "use" | "mapping" => {}
            _ => node.unknown(&["control", "cadences", "term", "set", "use", "mapping"], &mut mistakes),
        }
    }
    for node in pages.iter().flat_map(|page| page.nodes_with(&terms)) {
        match node.word() {
            "use" => shared::read_use(node, &known, &mut controls, &mut mistakes),
            "mapping" => shared::read_mapping(node, &known, &mut controls, &mut mistakes),
            _ => {}
        }
    }
    controls.cadences = known.cadences;
    controls.terms = terms.0.values().cloned().collect();
    controls.index();
    if mistakes.is_empty() { Ok(controls) } else { Err(Mistakes(mistakes)) }
}

fn read_control(node: Node<'_>, known: &Known<'_>, controls: &mut Controls, mistakes: &mut Vec<Mistake>) {
    node.only(&["title", "owner"], mistakes);
    let Some([id]) = node.exactly(["id"], mistakes) else { return };
    let title = node.required("title", mistakes).unwrap_or_default();
    let owner = node.required("owner", mistakes).unwrap_or_default();
    check_role(node, &owner, mistakes);
    let mut control = Control { id, title, owner, tests: Vec::new() };
    for child in node.children() {
        if child.word() != "test" {
            child.unknown(&["test"], mistakes);
            continue;
        }
        let Some((test, waits)) = read_test(child, &control, known, mistakes) else { continue };
        if waits {
            controls.dormant.insert(test.id);
            continue;
        }
        if let Some(first) = controls.tests.get(&test.id) {
            child.mistake(format!("test {} is declared twice, first at {}", test.id, first.place), mistakes);
            continue;
        }
        control.tests.push(test.id.clone());
        controls.tests.insert(test.id.clone(), test);
    }
    if controls.controls.contains_key(&control.id) {
        node.mistake(format!("control {} is declared twice", control.id), mistakes);
        return;
    }
    controls.controls.insert(control.id.clone(), control);
}

fn check_role(node: Node<'_>, role: &str, mistakes: &mut Vec<Mistake>) {
    if !role.is_empty() && !ROLES.contains(&role) {
        node.mistake(format!("there is no role `{role}`; known are: {}", ROLES.join(", ")), mistakes);
    }
}

fn read_test(
    node: Node<'_>,
    control: &Control,
    known: &Known<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<(Test, bool)> {
    node.only(&["title", "severity", "owner"], mistakes);
    let [id] = node.exactly(["id"], mistakes)?;
    let title = node.required("title", mistakes).unwrap_or_default();
    let grades = [("minor", Severity::Minor), ("major", Severity::Major)];
    let severity = word_of(node, "severity", &grades, mistakes).unwrap_or(Severity::Major);
    let owner = node.text_of("owner", mistakes).unwrap_or_else(|| control.owner.clone());
    check_role(node, &owner, mistakes);
    let mut serves = Vec::new();
    let mut waits = false;
    let mut tolerance = Tolerance::default();
    let mut kind = None;
    for child in node.children() {
        match child.word() {
            "serves" => match read_serves(child, known, mistakes) {
                Served::Here(found) => serves.push(found),
                Served::Dormant => waits = true,
                Served::Wrong => {}
            },
            "tolerance" => tolerance = read_tolerance(child, mistakes),
            word if KINDS.contains(&word) => {
                if kind.is_some() {
                    child.mistake("a test is of one kind; this is its second", mistakes);
                }
                kind = Some(kinds::read(child, known, mistakes));
            }
            _ => child.unknown(&[&["serves", "tolerance"][..], &KINDS].concat(), mistakes),
        }
    }
    let waits = waits && serves.is_empty();
    if serves.is_empty() && !waits {
        node.mistake(format!("test {id} serves no obligation"), mistakes);
    }
    if kind.is_none() {
        node.mistake(format!("test {id} asks nothing: give it one of {}", KINDS.join(", ")), mistakes);
    }
    if let Some(Some(kind)) = &kind
        && tolerance != Tolerance::default()
        && !matches!(kind, Kind::Each(_) | Kind::Ratio(_) | Kind::Reconcile(_))
    {
        let word = kind.as_str();
        node.mistake(format!("test {id}: `tolerance` means nothing for `{word}`"), mistakes);
    }
    let terms = known.terms.used(node.written());
    let test = Test {
        id,
        title,
        control: control.id.clone(),
        serves,
        severity,
        owner,
        tolerance,
        kind: kind??,
        declaration: declaration(node, &terms),
        terms,
        place: node.place(),
    };
    Some((test, waits))
}

/// The version of a test: SHA-256 over how it is written and the values of the terms in it.
fn declaration(node: Node<'_>, terms: &[Term]) -> String {
    let mut hash = Sha256::new();
    hash.update(node.written().as_bytes());
    for term in terms {
        hash.update(format!("\n{} = {}", term.name, term.value).as_bytes());
    }
    hex::encode(hash.finalize())
}

pub(super) fn read_serves(node: Node<'_>, known: &Known<'_>, mistakes: &mut Vec<Mistake>) -> Served<Serves> {
    node.only(&["partial"], mistakes);
    let partial = node.text_of("partial", mistakes);
    let Some([framework, obligation]) = node.exactly(["framework", "obligation"], mistakes) else {
        return Served::Wrong;
    };
    match known.require(node, &framework, &obligation, mistakes) {
        Served::Here(()) => Served::Here(Serves { framework, obligation, partial }),
        Served::Dormant => Served::Dormant,
        Served::Wrong => Served::Wrong,
    }
}

fn read_tolerance(node: Node<'_>, mistakes: &mut Vec<Mistake>) -> Tolerance {
    node.only(&["count", "share"], mistakes);
    let count = node.number_of("count", mistakes);
    let share = node.text_of("share", mistakes);
    let share_millipercent = share.and_then(|text| percent(node, &text, mistakes));
    if count.is_none() && share_millipercent.is_none() {
        node.mistake("`tolerance` needs `count=3`, `share=\"2%\"` or both", mistakes);
    }
    Tolerance { count, share_millipercent }
}

/// Reads `97.5%` as thousandths of a percent.
pub(super) fn percent(node: Node<'_>, text: &str, mistakes: &mut Vec<Mistake>) -> Option<u64> {
    let read = || {
        let number = text.strip_suffix('%')?.trim();
        let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
        if rest.len() > 3 || whole.is_empty() {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let part: u64 = format!("{rest:0<3}").parse().ok()?;
        let value = whole.checked_mul(1_000)?.checked_add(part)?;
        (value <= 100_000).then_some(value)
    };
    let value = read();
    if value.is_none() {
        node.mistake(format!("`{text}` is no share; write it as \"95%\" or \"99.5%\""), mistakes);
    }
    value
}

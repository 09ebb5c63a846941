//! From the tree to record types: resolves every name except those inside conditions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::access::ROLES;
use crate::field::{Field, Kind};
use crate::load::fields::{Known, clause_form, fields, label_of, rule_name};
use crate::load::fixed;
use crate::load::flow::{Scope, clocks, role_name, states, transitions};
use crate::load::merge::is_name;
use crate::load::text::{Book, Spot, Word, hint};
use crate::load::tree::{ExampleTree, TypeTree};
use crate::record_type::{COMMON, Example, ListColumn, RecordType, Section, View};
use crate::registry::RESERVED_REFERENCES;

/// Families of the menu.
const FAMILIES: [&str; 4] = ["work", "services", "system", "assurance"];
/// What a permission may name besides transitions.
const ACTIONS: [&str; 6] = ["read", "create", "update", "comment", "note", "attach"];

/// Builds every type without its conditions.
pub(crate) fn build(
    trees: &IndexMap<String, TypeTree>,
    rules: &[&str],
    book: &mut Book<'_>,
) -> IndexMap<String, RecordType> {
    let known = Known { types: trees.keys().map(String::as_str).collect(), rules, torn: book.torn };
    let mut parts: IndexMap<String, (IndexMap<String, Field>, Vec<Section>)> = IndexMap::new();
    for (name, tree) in trees {
        parts.insert(name.clone(), fields(tree, &known, book));
    }
    prefixes(trees, book);
    let inverses = inverses(trees, &parts, book);
    let mut types = IndexMap::new();
    for (name, (fields, sections)) in parts {
        let Some(tree) = trees.get(&name) else { continue };
        let none = Vec::new();
        let seen = inverses.get(&name).unwrap_or(&none);
        types.insert(name, one(tree, fields, sections, seen, &known, book));
    }
    types
}

fn prefixes(trees: &IndexMap<String, TypeTree>, book: &mut Book<'_>) {
    let mut taken: HashMap<String, &str> = HashMap::new();
    for tree in trees.values() {
        let Some(prefix) = &tree.reference else { continue };
        let fits = (2..=8).contains(&prefix.text.len())
            && prefix.text.bytes().all(|b| b.is_ascii_uppercase())
            && !prefix.text.is_empty();
        if !fits {
            let message =
                format!("`{}` is not a reference: 2 to 8 capital letters, such as INC", prefix.text);
            book.mistake(prefix.spot, message);
        }
        if RESERVED_REFERENCES.contains(&prefix.text.to_ascii_uppercase().as_str()) {
            let message = format!("the reference `{}` is the log's own; choose another", prefix.text);
            book.mistake(prefix.spot, message);
        }
        if let Some(other) = taken.insert(prefix.text.to_ascii_uppercase(), &tree.name.text) {
            book.mistake(
                prefix.spot,
                format!("the reference `{}` is already that of `{other}`", prefix.text),
            );
        }
    }
}

/// Names of relations seen from each type, as other types declare them.
fn inverses(
    trees: &IndexMap<String, TypeTree>,
    parts: &IndexMap<String, (IndexMap<String, Field>, Vec<Section>)>,
    book: &mut Book<'_>,
) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for (tree, written) in
        trees.values().flat_map(|t| t.sections.iter().flat_map(move |s| s.fields.iter().map(move |f| (t, f))))
    {
        let Some(inverse) = &written.inverse else { continue };
        let to = match written.kind.as_str() {
            "person" => "person",
            "team" => "team",
            _ => written.to.as_ref().map_or("", |w| w.text.as_str()),
        };
        if !is_name(&inverse.text) || proofdesk_condition::RESERVED.contains(&inverse.text.as_str()) {
            book.mistake(inverse.spot, format!("`{}` is not a name for a relation", inverse.text));
        }
        let taken = parts.get(to).is_some_and(|(fields, _)| fields.contains_key(&inverse.text))
            || COMMON.iter().any(|(common, _)| *common == inverse.text);
        if taken {
            let message =
                format!("`{to}` already has a field `{}`; name the inverse otherwise", inverse.text);
            book.mistake(inverse.spot, message);
        }
        let names = found.entry(to.to_owned()).or_default();
        if names.contains(&inverse.text) {
            let message = format!(
                "`{to}` already has a relation `{}`; name the inverse of {}.{} otherwise",
                inverse.text, tree.name.text, written.name.text
            );
            book.mistake(inverse.spot, message);
        }
        names.push(inverse.text.clone());
    }
    found
}

fn one(
    tree: &TypeTree,
    fields: IndexMap<String, Field>,
    sections: Vec<Section>,
    inverses: &[String],
    known: &Known<'_>,
    book: &mut Book<'_>,
) -> RecordType {
    let name = tree.name.text.clone();
    let scope = Scope { fields: &fields, inverses, torn: known.torn };
    for clause in &tree.clauses {
        clause_form(clause, book);
    }
    let states = states(tree, &scope, book);
    let transitions = transitions(tree, &states, &scope, book);
    let clocks = clocks(tree, &states, &scope, book);
    let fixed = fixed::fixed(tree, &states, &scope, book);
    let requesters_enter = fixed::requesters_enter(tree, &scope, book);
    let title = title(tree, &fields, book);
    let list = list(tree, &scope, book);
    let views = views(tree, &fields, book);
    let examples = tree.examples.iter().map(|e| example(e, tree, &scope, book)).collect();
    let label = tree.label.as_ref().map_or_else(|| label_of(&name), |l| l.text.clone());
    let plural = tree.plural.as_ref().map_or_else(|| format!("{label}s"), |p| p.text.clone());
    let mut aspects: BTreeSet<String> = tree.aspects.iter().map(|a| a.text.clone()).collect();
    if !clocks.is_empty() {
        aspects.insert("timed".to_owned());
    }
    let fields = fixed::by_steps(tree, fields, &transitions, book);
    RecordType {
        label,
        plural,
        prefix: tree.reference.as_ref().map_or(String::new(), |r| r.text.clone()),
        doc: tree.doc.clone(),
        clauses: tree.clauses.iter().map(|c| c.text.clone()).collect(),
        family: family(tree, book),
        menu: tree.menu,
        title,
        sections,
        states,
        transitions,
        rules: rules(tree, &fields, known, book),
        clocks,
        aspects,
        list,
        views,
        collections: Vec::new(),
        narrow: None,
        version_of: None,
        readers: None,
        fixed,
        settled_afar: BTreeSet::new(),
        requesters_enter,
        charts: Vec::new(),
        timelines: Vec::new(),
        permissions: permissions(tree, book),
        examples,
        inverses: IndexMap::new(),
        file: tree.file.clone(),
        declaration: digest(&tree.sources),
        columns: Vec::new(),
        column_at: HashMap::default(),
        name,
        fields,
    }
}

fn digest(sources: &[String]) -> String {
    let mut hash = Sha256::new();
    for source in sources {
        hash.update((source.len() as u64).to_be_bytes());
        hash.update(source.as_bytes());
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn family(tree: &TypeTree, book: &mut Book<'_>) -> String {
    let Some(family) = &tree.family else { return "system".to_owned() };
    if !FAMILIES.contains(&family.text.as_str()) {
        let hint = hint(&family.text, FAMILIES);
        book.mistake(family.spot, format!("there is no family `{}`{hint}", family.text));
    }
    family.text.clone()
}

fn title(tree: &TypeTree, fields: &IndexMap<String, Field>, book: &mut Book<'_>) -> String {
    let fallback = ["title", "name"].into_iter().find(|n| fields.contains_key(*n));
    let (name, spot) = match (&tree.title, fallback) {
        (Some(title), _) => (title.text.as_str(), title.spot),
        (None, Some(name)) => (name, tree.name.spot),
        (None, None) => {
            let message = format!(
                "`{}` needs a title: a text field `title` or `name`, or title \"field\"",
                tree.name.text
            );
            book.mistake(tree.name.spot, message);
            return "title".to_owned();
        }
    };
    match fields.get(name).map(|f| &f.kind) {
        Some(Kind::Text { .. }) => {}
        Some(_) => book.mistake(spot, format!("the title `{name}` must be a line of text")),
        None => {
            let hint = hint(name, fields.keys().map(String::as_str));
            book.mistake(spot, format!("there is no field `{name}`{hint}"));
        }
    }
    name.to_owned()
}

fn rules(
    tree: &TypeTree,
    fields: &IndexMap<String, Field>,
    known: &Known<'_>,
    book: &mut Book<'_>,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for rule in &tree.rules {
        rule_name(rule, known, book);
        if found.contains(&rule.text) {
            book.mistake(rule.spot, format!("the rule `{}` is named twice", rule.text));
        }
        found.push(rule.text.clone());
    }
    for field in fields.values() {
        if let Some(crate::field::Computed::Rule(rule)) = &field.computed
            && !found.contains(rule)
        {
            found.push(rule.clone());
        }
    }
    if let Some(clock) = tree.clocks.first()
        && !found.iter().any(|r| r == "clocks")
    {
        rule_name(&Word { text: "clocks".to_owned(), spot: clock.name.spot }, known, book);
        found.push("clocks".to_owned());
    }
    let timed = tree.transitions.iter().find_map(|t| t.at.as_ref());
    if let Some(at) = timed
        && !found.iter().any(|r| r == "timed")
    {
        rule_name(&Word { text: "timed".to_owned(), spot: at.spot }, known, book);
        found.push("timed".to_owned());
    }
    found
}

fn list(tree: &TypeTree, scope: &Scope<'_>, book: &mut Book<'_>) -> Vec<ListColumn> {
    let mut found: Vec<ListColumn> = Vec::new();
    for (word, spare) in &tree.list {
        let common = COMMON.iter().any(|(name, _)| *name == word.text);
        if !common && !scope.fields.contains_key(&word.text) && scope.inverses.contains(&word.text) {
            book.mistake(
                word.spot,
                format!("`{}` is a relation to many records; it is no column", word.text),
            );
        } else if !common && scope.field_or_relation(word, book) {
            let many = scope.fields.get(&word.text).is_some_and(|f| f.columns().is_empty());
            if many {
                book.mistake(word.spot, format!("`{}` links many records; it is no column", word.text));
            }
        }
        if found.iter().any(|c| c.field == word.text) {
            book.mistake(word.spot, format!("`{}` is already a column of the list", word.text));
            continue;
        }
        found.push(ListColumn { field: word.text.clone(), spare: *spare });
    }
    if found.is_empty() {
        found.push(ListColumn { field: "number".to_owned(), spare: false });
        let title = tree.title.as_ref().map_or("", |t| t.text.as_str());
        let title = [title, "title", "name"].into_iter().find(|n| scope.fields.contains_key(*n));
        found.extend(title.map(|field| ListColumn { field: field.to_owned(), spare: false }));
        found.push(ListColumn { field: "state".to_owned(), spare: false });
    }
    found
}

fn views(tree: &TypeTree, fields: &IndexMap<String, Field>, book: &mut Book<'_>) -> Vec<View> {
    let mut found: Vec<View> = Vec::new();
    for written in &tree.views {
        let name = &written.name;
        if !is_name(&name.text) {
            book.mistake(name.spot, format!("`{}` is not a name: small letters, digits and _", name.text));
        }
        if found.iter().any(|v| v.name == name.text) {
            book.mistake(name.spot, format!("`{}` is already a view of `{}`", name.text, tree.name.text));
        }
        if let Some(sort) = &written.sort {
            let column = fields.get(&sort.text).is_some_and(|f| !f.columns().is_empty());
            if !column && !COMMON.iter().any(|(common, _)| *common == sort.text) {
                let columns = fields.values().filter(|f| !f.columns().is_empty()).map(|f| f.name.as_str());
                let hint = hint(&sort.text, columns);
                book.mistake(sort.spot, format!("there is no column `{}` to sort by{hint}", sort.text));
            }
        }
        found.push(View {
            name: name.text.clone(),
            label: written.label.as_ref().map_or_else(|| label_of(&name.text), |l| l.text.clone()),
            condition: None,
            sort: written.sort.as_ref().map_or_else(|| "number".to_owned(), |s| s.text.clone()),
            descending: written.descending,
            needs: written.needs,
        });
    }
    found
}

fn permissions(tree: &TypeTree, book: &mut Book<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (roles, actions) in &tree.permits {
        for action in actions.split() {
            if !ACTIONS.contains(&action.text.as_str()) {
                let hint = hint(&action.text, ACTIONS);
                book.mistake(action.spot, format!("there is no action `{}`{hint}", action.text));
            }
        }
        for role in roles.split() {
            role_name(&role, book);
            if found.contains_key(&role.text) {
                book.mistake(role.spot, format!("permissions of `{}` are given twice", role.text));
            }
            let actions = actions.split().into_iter().map(|a| a.text);
            found.insert(role.text, actions.collect());
        }
    }
    if found.is_empty() {
        // a type that says nothing: staff may work with it, those who check may read it
        for role in ROLES {
            let words: &[&str] = match role {
                "agent" | "process_owner" | "service_owner" | "sms_manager" | "administrator" => &ACTIONS,
                "auditor" | "certification_auditor" | "top_management" => &["read"],
                _ => continue,
            };
            found.insert(role.to_owned(), words.iter().map(|w| (*w).to_owned()).collect());
        }
    }
    found
}

fn example(written: &ExampleTree, tree: &TypeTree, scope: &Scope<'_>, book: &mut Book<'_>) -> Example {
    let named = written.given.iter().chain(&written.change).chain(&written.expect);
    for (name, value) in named {
        let common = COMMON.iter().any(|(common, _)| *common == name.text);
        if !common {
            scope.field_or_relation(name, book);
        }
        if name.text == "state" && !tree.states.iter().any(|s| s.name.text == value.text) {
            let hint = hint(&value.text, tree.states.iter().map(|s| s.name.text.as_str()));
            book.mistake(value.spot, format!("there is no state `{}`{hint}", value.text));
        }
    }
    if let Some(transition) = &written.transition
        && !tree.transitions.iter().any(|t| t.name.text == transition.text)
    {
        let hint = hint(&transition.text, tree.transitions.iter().map(|t| t.name.text.as_str()));
        book.mistake(transition.spot, format!("there is no transition `{}`{hint}", transition.text));
    }
    if written.because.is_none() && written.expect.is_empty() {
        let spot: Spot = written.title.spot;
        book.mistake(spot, "the example tests nothing; add `refuse` or `expect`");
    }
    let pairs = |list: &[(Word, Word)]| list.iter().map(|(n, v)| (n.text.clone(), v.text.clone())).collect();
    Example {
        title: written.title.text.clone(),
        given: pairs(&written.given),
        change: pairs(&written.change),
        transition: written.transition.as_ref().map(|t| t.text.clone()),
        refused_because: written.because.as_ref().map(|b| b.text.clone()),
        expect: pairs(&written.expect),
        place: book.place(written.title.spot),
    }
}

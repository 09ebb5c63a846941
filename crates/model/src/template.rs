//! Starter templates: texts with places to fill, from which controlled documents are begun.
//!
//! A file has a head in KDL between two lines of `---` and then Markdown. The head says title, the kinds of 7.5.4 that
//! it serves and values of fields of the document. A place to fill is written `{{name}}`; `placeholders.kdl` says what
//! each means and from which records it is filled. Pure: texts are handed in.
//! Not here: filling and adopting (`engine`).

use indexmap::IndexMap;
use proofdesk_condition::{Condition, check};

use crate::load::{Mistake, SourceFile};
use crate::record_type::RecordType;
use crate::registry::Registry;
use crate::written::{self, Node, Written};

/// Name of the files that declare places.
const PLACES: &str = "placeholders.kdl";

/// A place to fill.
#[derive(Debug, Clone)]
pub struct Placeholder {
    /// Its name, as in `{{name}}`.
    pub name: String,
    /// What belongs there, for people.
    pub label: String,
    /// Records that fill it; none where the program's settings do, or a person.
    pub from: Option<Source>,
}

/// Records of the desk that fill a place.
#[derive(Debug, Clone)]
pub struct Source {
    /// Their type.
    pub record_type: String,
    /// Which of them.
    pub condition: Condition,
    /// The field that is written; the title where nothing is said.
    pub field: Option<String>,
}

/// A template.
#[derive(Debug, Clone)]
pub struct Template {
    /// Name of its file without ending.
    pub name: String,
    /// Title of the document.
    pub title: String,
    /// What it is for, in a sentence.
    pub summary: String,
    /// Clauses that it serves.
    pub clauses: Vec<String>,
    /// Letters of 7.5.4 that it serves.
    pub serves: Vec<String>,
    /// Field of the document, and its written value.
    pub fields: Vec<(String, String)>,
    /// The text with its places.
    pub text: String,
}

/// All templates with the places in them.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    /// By name, in order of files.
    pub all: IndexMap<String, Template>,
    /// By name.
    pub places: IndexMap<String, Placeholder>,
}

impl Templates {
    /// The template of this name.
    pub fn get(&self, name: &str) -> Option<&Template> {
        self.all.get(name)
    }

    /// What belongs into a place, for people; the name itself where nothing is declared.
    pub fn label(&self, place: &str) -> String {
        self.places.get(place).map_or_else(|| place.replace('_', " "), |p| p.label.clone())
    }
}

/// The type whose records are versions of documents, with what it is a version of.
pub fn versions(registry: &Registry) -> Option<(&RecordType, &RecordType)> {
    let of = registry.types().find(|t| t.version_of.is_some())?;
    let whole = registry.get(&of.version_of.as_ref()?.whole)?;
    Some((of, whole))
}

/// Reads templates and places. A later file of the same name takes the place of an earlier one, so that a site can
/// write its own.
///
/// # Errors
/// All mistakes: a head that is no KDL, a field that the document has not, a place that is not declared.
pub fn read(files: &[SourceFile], registry: &Registry) -> Result<Templates, Vec<Mistake>> {
    let mut reader = Reader { registry, found: Templates::default(), mistakes: Vec::new() };
    for file in files.iter().filter(|f| f.name.ends_with(PLACES)) {
        reader.places(file);
    }
    for file in files.iter().filter(|f| f.name.ends_with(".md")) {
        reader.template(file);
    }
    if reader.mistakes.is_empty() { Ok(reader.found) } else { Err(reader.mistakes) }
}

/// Names of the places that stand in a text, in order, each once.
pub fn places(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((inside, next)) = after.split_once("}}") else { break };
        let name = inside.trim();
        if !name.is_empty() && !inside.contains(['\n', '{']) && !found.contains(&name) {
            found.push(name);
        }
        rest = next;
    }
    found
}

/// A line to write on, as it stands in a text: four of these or more.
pub const BLANK: &str = "____";

/// The lines of a text that have a place to write on, in order.
pub fn blanks(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| line.contains(BLANK))
}

/// An open place as it stands in the text: `{{name}}`, or a line to write on.
pub fn as_written(name: &str) -> String {
    if name == BLANK { BLANK.to_owned() } else { format!("{{{{{name}}}}}") }
}

/// A text with places filled; those for which nothing is given stay as they are.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let (mut made, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("{{") {
        made.push_str(before);
        match after.split_once("}}") {
            Some((inside, next)) => {
                match value(inside.trim()) {
                    Some(filled) => made.push_str(&filled),
                    None => made.extend(["{{", inside, "}}"]),
                }
                rest = next;
            }
            None => {
                made.push_str("{{");
                rest = after;
            }
        }
    }
    made.push_str(rest);
    made
}

struct Reader<'a> {
    registry: &'a Registry,
    found: Templates,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn mistake(&mut self, file: &SourceFile, at: usize, message: impl Into<String>) {
        let at = at.min(file.text.len());
        let line = file.text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
        self.mistakes.push(Mistake {
            file: file.name.clone(),
            line,
            column: 1,
            width: 1,
            message: message.into(),
            source: file.text.lines().nth(line - 1).unwrap_or_default().to_owned(),
        });
    }

    /// The nodes of a text that begins at a place of a file.
    fn nodes(&mut self, file: &SourceFile, text: &str, offset: usize) -> Vec<Node> {
        match written::read(text) {
            Some(Ok(nodes)) => nodes,
            Some(Err(slips)) => {
                let (at, message) =
                    slips.first().map_or((0, String::new()), |s| (s.span.start, s.message.clone()));
                self.mistake(file, offset + at, format!("this is not KDL: {message}"));
                Vec::new()
            }
            None => {
                self.mistake(file, offset, "there is not enough memory to read this file");
                Vec::new()
            }
        }
    }

    fn places(&mut self, file: &SourceFile) {
        for node in self.nodes(file, &file.text, 0) {
            let at = node.word_span.start;
            let (Some(name), "placeholder") = (word(&node), node.word.as_str()) else {
                self.mistake(file, at, "a place is written `placeholder \"name\" label=\"…\"`");
                continue;
            };
            let label = property(&node, "label").unwrap_or_else(|| name.replace('_', " "));
            let mut from = None;
            for child in &node.children {
                let Some(record_type) = word(child).filter(|_| child.word == "from") else {
                    self.mistake(file, child.word_span.start, "a place is filled `from \"record type\"`");
                    continue;
                };
                let source = property(child, "where").unwrap_or_else(|| "number > 0".to_owned());
                let field = property(child, "field");
                let of = self.registry.get(&record_type);
                let known = of.is_some_and(|of| field.as_ref().is_none_or(|f| of.field(f).is_some()));
                match check(&source, &record_type, self.registry) {
                    Ok(condition) if known => from = Some(Source { record_type, condition, field }),
                    Ok(_) => {
                        self.mistake(file, child.word_span.start, "there is no such record type or field")
                    }
                    Err(mistakes) => {
                        let says = mistakes.first().map_or_else(String::new, |m| m.message.clone());
                        self.mistake(file, child.word_span.start, says);
                    }
                }
            }
            self.found.places.insert(name.clone(), Placeholder { name, label, from });
        }
    }

    fn template(&mut self, file: &SourceFile) {
        let begin = "---\n";
        let parts = file.text.strip_prefix(begin).and_then(|rest| rest.split_once("\n---\n"));
        let Some((head, text)) = parts else {
            self.mistake(file, 0, "a template begins with its head between two lines of `---`");
            return;
        };
        let stem = file.name.rsplit('/').next().unwrap_or_default();
        let name = stem.strip_suffix(".md").unwrap_or(stem).replace('_', "-");
        let mut made = Template {
            name: name.clone(),
            title: String::new(),
            summary: String::new(),
            clauses: Vec::new(),
            serves: Vec::new(),
            fields: Vec::new(),
            text: text.trim_start().to_owned(),
        };
        for node in self.nodes(file, head, begin.len()) {
            let Some(value) = word(&node) else {
                self.mistake(
                    file,
                    begin.len() + node.word_span.start,
                    "the head is made of lines `field \"value\"`",
                );
                continue;
            };
            self.line(file, &node, value, &mut made);
        }
        if made.title.is_empty() || made.serves.is_empty() {
            self.mistake(file, 0, "the head says `title` and which kinds of 7.5.4 it `serves`");
        }
        for place in
            places(text).into_iter().filter(|p| !self.found.places.contains_key(*p)).collect::<Vec<_>>()
        {
            let at = file.text.find(place).unwrap_or_default();
            self.mistake(file, at, format!("the place `{place}` is not declared in {PLACES}"));
        }
        self.found.all.insert(name, made);
    }

    fn line(&mut self, file: &SourceFile, node: &Node, value: String, made: &mut Template) {
        let at = "---\n".len() + node.word_span.start;
        let field = node.word.as_str();
        if field == "serves" {
            made.serves = value.split_whitespace().map(str::to_owned).collect();
            if made
                .serves
                .iter()
                .any(|s| s.len() != 1 || !('a'..='l').contains(&s.chars().next().unwrap_or('?')))
            {
                self.mistake(file, at, "the kinds of 7.5.4 are letters from a to l, divided by blanks");
            }
            return;
        }
        match versions(self.registry).and_then(|(_, whole)| whole.field(field)) {
            None => self.mistake(file, at, format!("a document has no field `{field}`")),
            Some(known) => {
                let none = crate::Caller::system("template");
                let stamp = crate::Stamp::now(0, crate::Door::Rule);
                let read = crate::format::literal(known, &value, &none, &stamp);
                if read.is_none_or(|v| crate::format::fits(known, field, &v).is_err()) {
                    self.mistake(file, at, format!("`{value}` is no value of {field}"));
                }
            }
        }
        match field {
            "title" => made.title.clone_from(&value),
            "summary" => made.summary.clone_from(&value),
            "clauses" => made.clauses = value.split_whitespace().map(str::to_owned).collect(),
            _ => {}
        }
        made.fields.push((field.to_owned(), value));
    }
}

/// The first word after a node's own, as text.
fn word(node: &Node) -> Option<String> {
    node.entries.iter().find(|e| e.name.is_none()).and_then(|e| as_text(&e.value))
}

fn property(node: &Node, name: &str) -> Option<String> {
    let found = node.entries.iter().find(|e| e.name.as_ref().is_some_and(|(n, _)| n == name));
    found.and_then(|e| as_text(&e.value))
}

fn as_text(value: &Written) -> Option<String> {
    match value {
        Written::Text(text) => Some(text.clone()),
        Written::Bool(yes) => Some(yes.to_string()),
        Written::Int(number) => Some(number.to_string()),
        Written::Float(_) | Written::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{fill, places};

    #[test]
    fn places_are_found_once_and_filled_where_something_is_known() {
        let text = "{{a}} and {{ b }}, {{a}} again, {{ open and {{c}}";
        assert_eq!(places(text), ["a", "b"]);
        assert_eq!(places("{{a}} {{\nx}} {{c}}"), ["a", "c"]);
        let filled = fill("{{a}} and {{ b }}, {{a}}, {{", |name| (name == "a").then(|| "A".to_owned()));
        assert_eq!(filled, "A and {{ b }}, A, {{");
    }
}

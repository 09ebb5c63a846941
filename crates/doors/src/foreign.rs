//! Messages in other forms than JSON, as JSON: XML as inventory agents write it, and CSV with a heading.
//!
//! Invariant: no entity but the five of XML is expanded and nothing outside the text is read; depth, size and number of
//! values have limits.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Map, Value as Json};

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 32;
/// Most elements of a message.
const ELEMENTS_MAX: usize = 200_000;
/// Most rows of a table.
const ROWS_MAX: usize = 1_000;

/// A message that cannot be read, with why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

fn unreadable(says: impl std::fmt::Display) -> Unreadable {
    Unreadable(says.to_string())
}

/// An element that is being read.
#[derive(Default)]
struct Open {
    name: String,
    text: String,
    members: Map<String, Json>,
}

impl Open {
    /// A repeated element becomes a list.
    fn add(&mut self, name: String, value: Json) {
        match self.members.get_mut(&name) {
            None => {
                self.members.insert(name, value);
            }
            Some(Json::Array(items)) => items.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }

    fn value(self) -> Json {
        if self.members.is_empty() {
            Json::String(self.text.trim().to_owned())
        } else {
            Json::Object(self.members)
        }
    }
}

/// The character that a reference stands for: by number, or one of the five that XML itself knows.
fn character(reference: &BytesRef<'_>) -> Result<char, Unreadable> {
    let resolved = reference.resolve_char_ref().map_err(unreadable)?;
    let known = match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    };
    resolved.or(known).ok_or_else(|| unreadable("The XML has an entity that is not known here."))
}

/// Reads XML: an element is an object of its elements, or its text; what is there several times is a list. The outermost
/// element's name is left out.
///
/// # Errors
/// What is no XML, or too large.
pub fn xml(bytes: &[u8]) -> Result<Json, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| unreadable("The XML is not UTF-8."))?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = vec![Open::default()];
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(|e| unreadable(format!("This is no XML: {e}.")))?;
        match event {
            Event::Start(start) => {
                count += 1;
                if open.len() > DEPTH_MAX || count > ELEMENTS_MAX {
                    return Err(unreadable("The XML is nested too deeply or has too many elements."));
                }
                open.push(Open { name: start.name().into_inner().to_owned(), ..Open::default() });
            }
            Event::Empty(empty) => {
                count += 1;
                if count > ELEMENTS_MAX {
                    return Err(unreadable("The XML has too many elements."));
                }
                if let Some(outer) = open.last_mut() {
                    outer.add(empty.name().into_inner().to_owned(), Json::String(String::new()));
                }
            }
            Event::End(_) => {
                let (Some(done), Some(outer)) = (open.pop(), open.last_mut()) else {
                    return Err(unreadable("The XML ends more elements than it begins."));
                };
                outer.add(done.name.clone(), done.value());
            }
            Event::Text(part) => {
                if let Some(outer) = open.last_mut() {
                    outer.text.push_str(&part.xml10_content());
                }
            }
            Event::CData(part) => {
                if let Some(outer) = open.last_mut() {
                    outer.text.push_str(&part.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let c = character(&reference)?;
                if let Some(outer) = open.last_mut() {
                    outer.text.push(c);
                }
            }
            Event::DocType(_) => {
                return Err(unreadable("An XML document with a document type is not taken."));
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(whole), true) => {
            let mut roots = whole.members.into_iter();
            match (roots.next(), roots.next()) {
                (Some((_, root @ Json::Object(_))), None) => Ok(root),
                _ => Err(unreadable("The XML has no one outermost element with others in it.")),
            }
        }
        _ => Err(unreadable("The XML ends before its elements do.")),
    }
}

/// Reads CSV with a heading: `{"rows": [{…}]}`. Comma or semicolon, whichever the heading has more of.
///
/// # Errors
/// What is no table, or has too many rows.
pub fn csv(bytes: &[u8]) -> Result<Json, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let heading = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let of = |sign: u8| heading.iter().filter(|b| **b == sign).count();
    let delimiter = if of(b';') > of(b',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(bytes);
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(|name| name.to_lowercase()).collect(),
        Err(error) => return Err(unreadable(format!("The heading cannot be read: {error}."))),
    };
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| unreadable(format!("A row cannot be read: {e}.")))?;
        if rows.len() == ROWS_MAX {
            return Err(unreadable(format!("A table has at most {ROWS_MAX} rows; send the rest after it.")));
        }
        let members = names.iter().cloned().zip(row.iter().map(|text| Json::String(text.to_owned())));
        rows.push(Json::Object(members.collect()));
    }
    Ok(serde_json::json!({ "rows": rows }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{csv, xml};
    use serde_json::json;

    #[test]
    fn xml_becomes_objects_lists_and_texts() {
        let text = "<?xml version=\"1.0\"?><R><A>x &amp; &#252;</A><B><C/><D>1</D></B><D>1</D><D><![CDATA[<2>]]></D></R>";
        let expected = json!({"A": "x & ü", "B": {"C": "", "D": "1"}, "D": ["1", "<2>"]});
        assert_eq!(xml(text.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn hostile_xml_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let bomb = "<!DOCTYPE r [<!ENTITY x \"xx\">]><r><a>&x;</a></r>";
        let file = "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><r><a>&x;</a></r>";
        for text in [
            deep.as_str(),
            bomb,
            file,
            "<r><a>&x;</a></r>",
            "<r><a></r>",
            "<r>",
            "",
            "text",
            "<r>only text</r>",
            "\u{0}",
        ] {
            assert!(xml(text.as_bytes()).is_err(), "{}", text.chars().take(60).collect::<String>());
        }
        assert!(xml(b"<r>\xff</r>").is_err());
    }

    #[test]
    fn tables_are_rows_by_heading() {
        let expected = json!({"rows": [{"name": "db1", "serial": "X;1"}, {"name": "db2", "serial": ""}]});
        assert_eq!(csv(b"\xef\xbb\xbfName,Serial\n db1 ,X;1\r\ndb2,\r\n").unwrap(), expected);
        assert_eq!(csv(b"name;serial\ndb1;\"X;1\"\ndb2;\n").unwrap(), expected);
        assert!(csv(b"a,b\n1\n").is_err());
    }
}

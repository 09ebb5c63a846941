//! Conditions of SCIM over resources as JSON: `userName eq "mara" and not (active eq false)`, `emails[value co "@"]`.
//!
//! Source: RFC 7644, 3.4.2.2. Invariant: no condition, however deep, makes more than a refusal.

use axum::http::StatusCode;
use serde_json::{Map, Value as Json};

use super::Refusal;
use super::shape::plain;

/// Longest condition, in bytes.
const LONGEST: usize = 10_000;
/// Deepest nesting.
const DEEPEST: usize = 20;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    /// One of the values of an attribute meets a condition on its parts.
    Within(String, Box<Filter>),
    /// An attribute is there.
    Present(String),
    /// An attribute compares to a value.
    Compare(String, String, Json),
}

fn wrong(what: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalidFilter", format!("The filter cannot be read: {what}."))
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    OpenInside,
    CloseInside,
    Word(String),
    Text(Json),
}

/// Reads a condition.
pub(super) fn parse(text: &str) -> Result<Filter, Refusal> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let filter = parser.either()?;
    if parser.at < parser.tokens.len() {
        return Err(wrong("something stands after its end"));
    }
    Ok(filter)
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    if text.len() > LONGEST {
        return Err(wrong("it is too long"));
    }
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let single = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '[' => Some(Token::OpenInside),
            ']' => Some(Token::CloseInside),
            _ => None,
        };
        if let Some(token) = single {
            found.push(token);
            rest = rest[1..].trim_start();
            continue;
        }
        if first == '"' {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
            let value = values.next().and_then(Result::ok).ok_or_else(|| wrong("a text has no end"))?;
            let end = values.byte_offset();
            found.push(Token::Text(value));
            rest = rest.get(end..).unwrap_or_default().trim_start();
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || "()[]\"".contains(c)).unwrap_or(rest.len());
        found.push(Token::Word(rest[..end].to_owned()));
        rest = rest[end..].trim_start();
    }
    Ok(found)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, word: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn either(&mut self) -> Result<Filter, Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(wrong("it is nested too deep"));
        }
        let mut left = self.both()?;
        while self.takes("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, Refusal> {
        let mut left = self.single()?;
        while self.takes("and") {
            left = Filter::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Filter, Refusal> {
        if self.takes("not") {
            return match self.next() {
                Some(Token::Open) => Ok(Filter::Not(Box::new(self.inside(&Token::Close)?))),
                _ => Err(wrong("`not` goes before a bracket")),
            };
        }
        match self.next() {
            Some(Token::Open) => self.inside(&Token::Close),
            Some(Token::Word(name)) => self.about(plain(&name).to_lowercase()),
            _ => Err(wrong("an attribute is missing")),
        }
    }

    fn inside(&mut self, end: &Token) -> Result<Filter, Refusal> {
        let found = self.either()?;
        if self.next().as_ref() == Some(end) { Ok(found) } else { Err(wrong("a bracket has no end")) }
    }

    fn about(&mut self, name: String) -> Result<Filter, Refusal> {
        match self.next() {
            Some(Token::OpenInside) => Ok(Filter::Within(name, Box::new(self.inside(&Token::CloseInside)?))),
            Some(Token::Word(word)) => {
                let word = word.to_lowercase();
                if word == "pr" {
                    return Ok(Filter::Present(name));
                }
                if !["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"].contains(&word.as_str()) {
                    return Err(wrong(&format!("`{word}` compares nothing")));
                }
                let value = match self.next() {
                    Some(Token::Text(value)) => value,
                    Some(Token::Word(value)) => serde_json::from_str(&value.to_lowercase())
                        .map_err(|_| wrong(&format!("`{value}` is no value")))?,
                    _ => return Err(wrong("a value is missing")),
                };
                Ok(Filter::Compare(name, word, value))
            }
            _ => Err(wrong("a comparison is missing")),
        }
    }
}

/// The values of an attribute, by its name in small letters; several of lists.
fn values<'j>(resource: &'j Json, name: &str) -> Vec<&'j Json> {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let Some(object) = resource.as_object() else { return Vec::new() };
    let found = object.iter().find(|(key, _)| key.to_lowercase() == first).map(|(_, value)| value);
    let all: Vec<&Json> = match found {
        Some(Json::Array(all)) => all.iter().collect(),
        Some(Json::Null) | None => Vec::new(),
        Some(one) => vec![one],
    };
    match rest {
        Some(rest) => all.into_iter().flat_map(|one| values(one, rest)).collect(),
        None => all,
    }
}

impl Filter {
    /// What it says that parts are equal to: a value made of it meets it.
    pub fn equals(&self) -> Map<String, Json> {
        match self {
            Self::And(a, b) => a.equals().into_iter().chain(b.equals()).collect(),
            Self::Compare(name, how, wanted) if how == "eq" => {
                Map::from_iter([(name.clone(), wanted.clone())])
            }
            _ => Map::new(),
        }
    }

    /// Whether a resource meets it.
    pub fn holds(&self, resource: &Json) -> bool {
        match self {
            Self::And(a, b) => a.holds(resource) && b.holds(resource),
            Self::Or(a, b) => a.holds(resource) || b.holds(resource),
            Self::Not(a) => !a.holds(resource),
            Self::Within(name, inside) => values(resource, name).into_iter().any(|one| inside.holds(one)),
            Self::Present(name) => values(resource, name).iter().any(|one| one.as_str() != Some("")),
            Self::Compare(name, how, wanted) => {
                let all = values(resource, name);
                // a value of parts is compared by its `value`
                let part = |one: &'_ Json| one.get("value").unwrap_or(one).clone();
                match how.as_str() {
                    "ne" => !all.iter().any(|one| compares(&part(one), "eq", wanted)),
                    how => all.iter().any(|one| compares(&part(one), how, wanted)),
                }
            }
        }
    }
}

fn compares(is: &Json, how: &str, wanted: &Json) -> bool {
    if let (Json::String(is), Json::String(wanted)) = (is, wanted) {
        let (is, wanted) = (is.to_lowercase(), wanted.to_lowercase());
        return match how {
            "eq" => is == wanted,
            "co" => is.contains(&wanted),
            "sw" => is.starts_with(&wanted),
            "ew" => is.ends_with(&wanted),
            "gt" => is > wanted,
            "ge" => is >= wanted,
            "lt" => is < wanted,
            _ => is <= wanted,
        };
    }
    match (how, is.as_f64(), wanted.as_f64()) {
        ("gt", Some(is), Some(wanted)) => is > wanted,
        ("ge", Some(is), Some(wanted)) => is >= wanted,
        ("lt", Some(is), Some(wanted)) => is < wanted,
        ("le", Some(is), Some(wanted)) => is <= wanted,
        ("eq", ..) => is == wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::parse;

    #[test]
    fn conditions_are_read_and_hold() {
        let mara = json!({
            "userName": "Mara", "active": true, "emails": [{"value": "mara@desk.example"}, {"value": "m@x"}],
            "meta": {"version": "7"}, "age": 30,
        });
        for (text, holds) in [
            ("userName eq \"mara\"", true),
            ("USERNAME EQ \"mara\"", true),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"ma\"", true),
            ("userName eq \"mara\" and active eq false", false),
            ("active eq false or userName co \"AR\"", true),
            ("active eq false or userName eq \"x\" and active eq true", false),
            ("(active eq false or userName pr) and active eq true", true),
            ("not (active eq false)", true),
            ("emails[value ew \"example\"]", true),
            ("emails.value eq \"m@x\"", true),
            ("emails eq \"m@x\"", true),
            ("emails[value eq \"m@x\" and value eq \"mara@desk.example\"]", false),
            ("externalId pr", false),
            ("externalId ne \"7\"", true),
            ("meta.version eq \"7\"", true),
            ("age gt 29 and age le 30", true),
            ("userName eq \"ma\\\"ra\"", false),
        ] {
            assert_eq!(parse(text).unwrap().holds(&mara), holds, "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        let deep = "(".repeat(5_000);
        for text in [
            "userName",
            "userName eq",
            "userName is \"x\"",
            "eq \"x\"",
            "(userName pr",
            "userName pr)",
            "\"x\" eq userName",
            "userName eq \"x",
            "not userName pr",
            "emails[value eq \"x\"",
            "userName eq x",
            &deep,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

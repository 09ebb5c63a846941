//! Changes of a part: operations on a resource as JSON, which is then kept as a whole. Source: RFC 7644, 3.5.2.
//!
//! What directories do beside it is taken, too: operations in any case, truth as text, members that a `remove` names by value.

use axum::http::StatusCode;
use serde_json::{Map, Value as Json};

use super::Refusal;
use super::filter::{self, Filter};
use super::shape::plain;

/// What a directory does not change.
const FIXED: [&str; 4] = ["id", "schemas", "meta", "groups"];
/// Operations in a request at most.
const MOST: usize = 1_000;

/// Where an operation goes: attribute, which of its values, and which part of them.
struct Place {
    name: String,
    which: Option<Filter>,
    part: Option<String>,
}

fn place(path: &str) -> Result<Place, Refusal> {
    let wrong =
        || Refusal::new(StatusCode::BAD_REQUEST, "invalidPath", format!("`{}` is no path.", short(path)));
    let path = plain(path.trim());
    let (name, which, rest) = match path.split_once('[') {
        Some((name, rest)) => {
            let (inside, rest) = rest.rsplit_once(']').ok_or_else(wrong)?;
            (name, Some(filter::parse(inside)?), rest.strip_prefix('.').unwrap_or(rest))
        }
        None => match path.split_once('.') {
            Some((name, part)) => (name, None, part),
            None => (path, None, ""),
        },
    };
    let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "$_-".contains(c));
    if name.is_empty() || !is_word(name) || !is_word(rest) {
        // attributes of other schemas are not kept here
        return if path.starts_with("urn:") {
            Ok(Place { name: path.to_owned(), which: None, part: None })
        } else {
            Err(wrong())
        };
    }
    Ok(Place { name: known(name), which, part: (!rest.is_empty()).then(|| known(rest)) })
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// An attribute's name as we write it.
fn known(name: &str) -> String {
    let all = [
        "userName",
        "displayName",
        "externalId",
        "active",
        "emails",
        "members",
        "name",
        "value",
        "formatted",
        "givenName",
        "familyName",
        "id",
        "schemas",
        "meta",
        "groups",
    ];
    all.iter().find(|k| k.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), |k| (*k).to_owned())
}

/// The resource as it is after the operations.
///
/// # Errors
/// `invalidSyntax`, `invalidPath`, `noTarget`, `mutability`.
pub(super) fn apply(found: &Json, body: &Map<String, Json>) -> Result<Map<String, Json>, Refusal> {
    let wrong = |detail: &str| Refusal::new(StatusCode::BAD_REQUEST, "invalidSyntax", detail);
    let operations =
        body.iter().find(|(name, _)| name.eq_ignore_ascii_case("operations")).map(|(_, all)| all);
    let operations = operations.and_then(Json::as_array).ok_or_else(|| wrong("`Operations` is missing."))?;
    if operations.len() > MOST {
        return Err(wrong("There are too many operations."));
    }
    let mut resource = found.as_object().cloned().unwrap_or_default();
    for operation in operations {
        let op = operation.get("op").and_then(Json::as_str).unwrap_or_default().to_lowercase();
        let path = operation.get("path").and_then(Json::as_str);
        let value = operation.get("value").cloned();
        match (op.as_str(), path, value) {
            ("add" | "replace", Some(path), Some(value)) => put(&mut resource, path, value, op == "replace")?,
            ("add" | "replace", None, Some(Json::Object(all))) => {
                // some send the whole resource: what cannot change is left as it is
                for (name, value) in all.into_iter().filter(|(name, _)| !FIXED.contains(&name.as_str())) {
                    put(&mut resource, &name, value, op == "replace")?;
                }
            }
            ("remove", Some(path), value) => remove(&mut resource, path, value)?,
            ("remove", None, _) => {
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "noTarget", "`remove` needs a path."));
            }
            _ => return Err(wrong("An operation is `add`, `replace` or `remove`, with a value.")),
        }
    }
    Ok(resource)
}

fn changeable(place: &Place) -> Result<(), Refusal> {
    if FIXED.contains(&place.name.as_str()) {
        let detail = format!("`{}` is not changed here.", place.name);
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "mutability", detail));
    }
    Ok(())
}

fn put(resource: &mut Map<String, Json>, path: &str, value: Json, replaces: bool) -> Result<(), Refusal> {
    let place = place(path)?;
    changeable(&place)?;
    if let Some(which) = &place.which {
        let all = resource.get_mut(&place.name).and_then(Json::as_array_mut);
        let mut hit = false;
        for one in all.into_iter().flatten().filter(|one| which.holds(one)) {
            hit = true;
            match (&place.part, one.as_object_mut()) {
                (Some(part), Some(one)) => _ = one.insert(part.clone(), value.clone()),
                _ => *one = value.clone(),
            }
        }
        if hit {
            return Ok(());
        }
        // `emails[type eq "work"].value`: there is none yet, so one is made of the value
        let made =
            place.part.clone().map_or(value.clone(), |part| Json::Object(Map::from_iter([(part, value)])));
        return put_plain(resource, &place.name, Json::Array(vec![made]), false);
    }
    match &place.part {
        Some(part) => {
            let inside = resource.entry(place.name.clone()).or_insert_with(|| Json::Object(Map::new()));
            if let Some(inside) = inside.as_object_mut() {
                inside.insert(part.clone(), value);
            }
            Ok(())
        }
        None => put_plain(resource, &place.name, value, replaces),
    }
}

fn put_plain(
    resource: &mut Map<String, Json>,
    name: &str,
    value: Json,
    replaces: bool,
) -> Result<(), Refusal> {
    let present = resource.get_mut(name);
    match (present, value) {
        (Some(Json::Array(all)), Json::Array(more)) if !replaces => {
            for one in more {
                if !all.iter().any(|known| known["value"] == one["value"]) {
                    all.push(one);
                }
            }
        }
        (Some(Json::Object(parts)), Json::Object(more)) if !replaces => parts.extend(more),
        (_, value) => _ = resource.insert(name.to_owned(), value),
    }
    Ok(())
}

fn remove(resource: &mut Map<String, Json>, path: &str, value: Option<Json>) -> Result<(), Refusal> {
    let place = place(path)?;
    changeable(&place)?;
    let named: Vec<Json> = match value {
        Some(Json::Array(all)) => all,
        Some(one @ Json::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    let Some(present) = resource.get_mut(&place.name) else { return Ok(()) };
    match (present, &place.which, &place.part) {
        (Json::Array(all), Some(which), None) => all.retain(|one| !which.holds(one)),
        (Json::Array(all), None, None) if !named.is_empty() => {
            all.retain(|one| !named.iter().any(|gone| gone["value"] == one["value"]));
        }
        (Json::Object(parts), None, Some(part)) => _ = parts.remove(part),
        _ => _ = resource.remove(&place.name),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::{Value as Json, json};

    use super::apply;

    fn after(operations: &Json) -> Result<Json, String> {
        let found = json!({
            "id": "7", "userName": "mara", "active": true, "emails": [{"value": "m@x"}],
            "members": [{"value": "1"}, {"value": "2"}],
        });
        let body = json!({"Operations": operations});
        apply(&found, body.as_object().unwrap()).map(Json::Object).map_err(|e| e.kind.to_owned())
    }

    #[test]
    fn operations_change_what_they_name() {
        let replaced = after(&json!([{"op": "Replace", "path": "ACTIVE", "value": "False"}])).unwrap();
        assert_eq!(replaced["active"], "False", "users read what that means");
        let added =
            after(&json!([{"op": "add", "path": "members", "value": [{"value": "2"}, {"value": "3"}]}]))
                .unwrap();
        assert_eq!(added["members"], json!([{"value": "1"}, {"value": "2"}, {"value": "3"}]));
        let replaced =
            after(&json!([{"op": "replace", "path": "members", "value": [{"value": "3"}]}])).unwrap();
        assert_eq!(replaced["members"], json!([{"value": "3"}]));
        for gone in [
            json!({"op": "remove", "path": "members[value eq \"1\"]"}),
            json!({"op": "remove", "path": "members", "value": [{"value": "1"}]}),
        ] {
            assert_eq!(after(&json!([gone])).unwrap()["members"], json!([{"value": "2"}]));
        }
        assert!(after(&json!([{"op": "remove", "path": "members"}])).unwrap().get("members").is_none());
        let whole = json!([{"op": "replace", "value": {"displayName": "M", "urn:ietf:params:scim:schemas:core:2.0:User:userName": "m"}}]);
        let whole = after(&whole).unwrap();
        assert_eq!((&whole["displayName"], &whole["userName"]), (&json!("M"), &json!("m")));
        let mail = json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@x"}]);
        assert_eq!(after(&mail).unwrap()["emails"][1]["value"], "new@x");
        let part = after(&json!([{"op": "add", "path": "name.familyName", "value": "Rehn"}])).unwrap();
        assert_eq!(part["name"]["familyName"], "Rehn");
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for (operations, kind) in [
            (json!([{"op": "replace", "path": "id", "value": "8"}]), "mutability"),
            (json!([{"op": "remove", "path": "groups"}]), "mutability"),
            (json!([{"op": "remove"}]), "noTarget"),
            (json!([{"op": "burn", "path": "active"}]), "invalidSyntax"),
            (json!([{"op": "add", "path": "active"}]), "invalidSyntax"),
            (json!([{"op": "remove", "path": "members[value eq"}]), "invalidPath"),
            (json!([{"op": "remove", "path": "a b"}]), "invalidPath"),
            (json!("x"), "invalidSyntax"),
        ] {
            assert_eq!(after(&operations).unwrap_err(), kind, "{operations}");
        }
    }
}

//! Changes of a part: operations on a resource as JSON, which is then kept as a whole. Source: RFC 7644, 3.5.2.
//!
//! What directories do beside it is taken, too: operations in any case, truth as text, members that a `remove` names by value.

use axum::http::StatusCode;
use serde_json::{Map, Value as Json, json};

use super::Refusal;
use super::filter::{self, Filter};
use super::shape::plain;

/// What a directory does not change.
const FIXED: [&str; 4] = ["id", "schemas", "meta", "groups"];
/// Attributes with several values.
const SEVERAL: [&str; 2] = ["emails", "members"];
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

fn no_parts(name: &str) -> Refusal {
    let detail = format!("`{name}` is no list of values with parts.");
    Refusal::new(StatusCode::BAD_REQUEST, "invalidPath", detail)
}

/// The values of an attribute that has several; none yet where it is not there.
fn values<'r>(resource: &'r mut Map<String, Json>, name: &str) -> Result<&'r mut Vec<Json>, Refusal> {
    let present = resource.entry(name.to_owned()).or_insert_with(|| json!([]));
    if present.is_null() {
        *present = json!([]);
    }
    present.as_array_mut().ok_or_else(|| no_parts(name))
}

fn put(resource: &mut Map<String, Json>, path: &str, value: Json, replaces: bool) -> Result<(), Refusal> {
    let place = place(path)?;
    changeable(&place)?;
    match (&place.which, &place.part) {
        (Some(which), part) => put_where(resource, (&place.name, which, part.as_deref()), value, replaces),
        (None, Some(part)) => put_part(resource, &place.name, part, value),
        (None, None) => {
            put_plain(resource, &place.name, value, replaces);
            Ok(())
        }
    }
}

/// Changes the values that a condition names, or a part of each.
fn put_where(
    resource: &mut Map<String, Json>,
    (name, which, part): (&str, &Filter, Option<&str>),
    value: Json,
    replaces: bool,
) -> Result<(), Refusal> {
    let all = values(resource, name)?;
    let mut hit = false;
    for one in all.iter_mut().filter(|one| which.holds(one)) {
        hit = true;
        match (part, one.as_object_mut(), &value) {
            (Some(part), Some(one), _) => _ = one.insert(part.to_owned(), value.clone()),
            (Some(_), None, _) => return Err(no_parts(name)),
            (None, Some(one), Json::Object(more)) if !replaces => one.extend(more.clone()),
            (None, _, Json::Object(_)) => *one = value.clone(),
            (None, _, _) => return Err(Refusal::value(format!("A value of `{name}` is an object."))),
        }
    }
    if hit {
        return Ok(());
    }
    if replaces {
        let detail = format!("No value of `{name}` is the one that the path names.");
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "noTarget", detail));
    }
    // `emails[type eq "work"].value`: there is none yet, so one is made as the path says
    let mut made = which.equals();
    match (part, value) {
        (Some(part), value) => _ = made.insert(part.to_owned(), value),
        (None, Json::Object(more)) => made.extend(more),
        (None, _) => return Err(Refusal::value(format!("A value of `{name}` is an object."))),
    }
    all.push(Json::Object(made));
    Ok(())
}

/// Changes a part of an attribute; of one with several values, that part of each.
fn put_part(resource: &mut Map<String, Json>, name: &str, part: &str, value: Json) -> Result<(), Refusal> {
    let several = SEVERAL.contains(&name);
    let present = resource.entry(name.to_owned()).or_insert(Json::Null);
    if present.is_null() {
        *present = if several { json!([]) } else { json!({}) };
    }
    match present {
        Json::Object(parts) => _ = parts.insert(part.to_owned(), value),
        Json::Array(all) if all.is_empty() => {
            all.push(Json::Object(Map::from_iter([(part.to_owned(), value)])));
        }
        Json::Array(all) => {
            for one in all {
                one.as_object_mut().ok_or_else(|| no_parts(name))?.insert(part.to_owned(), value.clone());
            }
        }
        _ => return Err(no_parts(name)),
    }
    Ok(())
}

/// Changes an attribute. Parts of one value that are not sent stay as they are.
fn put_plain(resource: &mut Map<String, Json>, name: &str, value: Json, replaces: bool) {
    let value = match value {
        one @ Json::Object(_) if SEVERAL.contains(&name) => Json::Array(vec![one]),
        other => other,
    };
    match (resource.get_mut(name), value) {
        (Some(Json::Array(all)), Json::Array(more)) if !replaces => {
            for one in more {
                if !all.iter().any(|known| known["value"] == one["value"]) {
                    all.push(one);
                }
            }
        }
        (Some(Json::Object(parts)), Json::Object(more)) => parts.extend(more),
        (_, value) => _ = resource.insert(name.to_owned(), value),
    }
}

fn remove(resource: &mut Map<String, Json>, path: &str, value: Option<Json>) -> Result<(), Refusal> {
    let place = place(path)?;
    changeable(&place)?;
    let named = named(value)?;
    let Some(present) = resource.get_mut(&place.name).filter(|present| !present.is_null()) else {
        return Ok(());
    };
    match (present, &place.which, &place.part, named) {
        (Json::Array(all), which, Some(part), _) => {
            let hit = |one: &Json| which.as_ref().is_none_or(|which| which.holds(one));
            // a value that lost what it is has gone
            all.retain(|one| part != "value" || !hit(one));
            for one in all.iter_mut().filter(|one| hit(one)) {
                one.as_object_mut().ok_or_else(|| no_parts(&place.name))?.remove(part);
            }
        }
        (Json::Array(all), Some(which), None, _) => all.retain(|one| !which.holds(one)),
        (Json::Array(all), None, None, Some(named)) => all.retain(|one| !named.contains(&one["value"])),
        (Json::Object(parts), None, Some(part), _) => _ = parts.remove(part),
        (_, None, None, None) => _ = resource.remove(&place.name),
        _ => return Err(no_parts(&place.name)),
    }
    Ok(())
}

/// The values that a `remove` names beside its path, as objects or by what they are; none where it names none.
fn named(value: Option<Json>) -> Result<Option<Vec<Json>>, Refusal> {
    let all = match value {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Array(all)) => all,
        Some(one) => vec![one],
    };
    let what = |one: Json| match one {
        Json::Object(mut parts) => parts.remove("value").filter(Json::is_string),
        text @ Json::String(_) => Some(text),
        _ => None,
    };
    let wrong = || Refusal::value("What is removed is named by its `value`.");
    all.into_iter().map(|one| what(one).ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::{Value as Json, json};

    use super::apply;

    fn after(operations: &Json) -> Result<Json, String> {
        let found = json!({
            "id": "7", "userName": "mara", "active": true, "emails": [{"value": "m@x", "type": "work"}],
            "name": {"givenName": "Mara", "familyName": "Rehn"},
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
        assert_eq!(after(&mail).unwrap()["emails"], json!([{"value": "new@x", "type": "work"}]));
    }

    #[test]
    fn parts_are_changed_and_the_rest_stays() {
        let of = |name: &str, operation: Json| after(&json!([operation])).unwrap()[name].clone();
        let two = json!([{"value": "m@x", "type": "work"}, {"value": "m@home", "type": "home"}]);
        for (name, operation, is) in [
            (
                "name",
                json!({"op": "replace", "path": "name.familyName", "value": "Lund"}),
                json!({"givenName": "Mara", "familyName": "Lund"}),
            ),
            (
                "name",
                json!({"op": "replace", "path": "name", "value": {"familyName": "Lund"}}),
                json!({"givenName": "Mara", "familyName": "Lund"}),
            ),
            ("name", json!({"op": "remove", "path": "name.familyName"}), json!({"givenName": "Mara"})),
            (
                "emails",
                json!({"op": "add", "path": "emails[type eq \"home\"].value", "value": "m@home"}),
                two.clone(),
            ),
            (
                "emails",
                json!({"op": "add", "path": "emails", "value": {"value": "m@home", "type": "home"}}),
                two,
            ),
            (
                "emails",
                json!({"op": "add", "path": "emails[type eq \"work\"]", "value": {"primary": true}}),
                json!([{"value": "m@x", "type": "work", "primary": true}]),
            ),
            (
                "emails",
                json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "n@x"}}),
                json!([{"value": "n@x"}]),
            ),
            (
                "emails",
                json!({"op": "replace", "path": "emails.value", "value": "n@x"}),
                json!([{"value": "n@x", "type": "work"}]),
            ),
            (
                "emails",
                json!({"op": "remove", "path": "emails[type eq \"work\"].type"}),
                json!([{"value": "m@x"}]),
            ),
            ("emails", json!({"op": "remove", "path": "emails.type"}), json!([{"value": "m@x"}])),
            (
                "emails",
                json!({"op": "remove", "path": "emails[type eq \"home\"].value"}),
                json!([{"value": "m@x", "type": "work"}]),
            ),
            ("emails", json!({"op": "remove", "path": "emails[type eq \"work\"].value"}), json!([])),
            ("members", json!({"op": "remove", "path": "members", "value": ["1"]}), json!([{"value": "2"}])),
            ("members", json!({"op": "remove", "path": "members", "value": "1"}), json!([{"value": "2"}])),
            (
                "members",
                json!({"op": "remove", "path": "members", "value": []}),
                json!([{"value": "1"}, {"value": "2"}]),
            ),
            (
                "members",
                json!({"op": "remove", "path": "members[value eq \"9\"]"}),
                json!([{"value": "1"}, {"value": "2"}]),
            ),
        ] {
            assert_eq!(of(name, operation.clone()), is, "{operation}");
        }
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
            (json!([{"op": "replace", "path": "emails[type eq \"home\"].value", "value": "x"}]), "noTarget"),
            (json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": "x"}]), "invalidValue"),
            (json!([{"op": "replace", "path": "userName.first", "value": "x"}]), "invalidPath"),
            (json!([{"op": "remove", "path": "userName.first"}]), "invalidPath"),
            (json!([{"op": "remove", "path": "name[givenName eq \"Mara\"]"}]), "invalidPath"),
            (json!([{"op": "remove", "path": "members", "value": [7]}]), "invalidValue"),
            (json!("x"), "invalidSyntax"),
        ] {
            assert_eq!(after(&operations).unwrap_err(), kind, "{operations}");
        }
    }
}

//! What a directory sends: conditions over resources, and operations that change them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofdesk_web::scim::{holds, patched};
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    let user = json!({
        "id": "1", "userName": "Mara", "active": true, "name": {"formatted": "Mara Rehn"},
        "emails": [{"value": "mara@desk.example", "type": "work"}, {"value": "m@x"}], "meta": {"version": "7"},
    });
    if let Some(held) = holds(text, &user) {
        assert_eq!(holds(&format!("not ({text})"), &user).unwrap_or(!held), !held, "{text}");
    }
    // a text as a path with a value, and as a body of its own
    let by_path = |op: &str| json!({"Operations": [{"op": op, "path": text, "value": {"value": text}}]});
    for body in [by_path("add"), by_path("replace"), by_path("remove")] {
        keeps(&user, &body);
    }
    if let Ok(body) = serde_json::from_str::<Value>(text) {
        keeps(&user, &body);
    }
});

/// What a directory does not change stays.
fn keeps(user: &Value, body: &Value) {
    let Some(changed) = body.as_object().and_then(|body| patched(user, body)) else { return };
    assert_eq!((changed.get("id"), changed.get("meta")), (user.get("id"), user.get("meta")), "{body}");
}

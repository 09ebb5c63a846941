//! What other programs send: inventories as XML and tables, and signatures of webhooks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofdesk_doors::{foreign, signature};
use serde_json::Value;

/// How many values there are, and how deep they lie.
fn measure(value: &Value, depth: usize) -> (usize, usize) {
    let within: Vec<&Value> = match value {
        Value::Array(all) => all.iter().collect(),
        Value::Object(all) => all.values().collect(),
        _ => Vec::new(),
    };
    let inside = within.into_iter().map(|one| measure(one, depth + 1));
    inside.fold((1, depth), |(count, deepest), (more, deep)| (count + more, deepest.max(deep)))
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = foreign::xml(bytes) {
        let (count, depth) = measure(&read, 0);
        assert!(count <= bytes.len() && depth <= 64, "{count} values, {depth} deep");
    }
    if let Ok(read) = foreign::csv(bytes) {
        let rows = read["rows"].as_array().expect("rows");
        assert!(rows.len() <= 1_000 && rows.iter().all(Value::is_object));
    }
    // instant, header and body of a webhook: nobody signs by chance
    let (head, body) = bytes.split_at(bytes.len().min(100));
    let (at, said) = head.split_at(head.len().min(8));
    let at = at.iter().fold(0_i64, |at, byte| (at << 8) | i64::from(*byte));
    let said = String::from_utf8_lossy(said);
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert!(signature::verify(secret, (&said, at, &said), body, 1_700_000_000).is_err());
    drop(signature::sign(&said, &said, at, body));
});

//! The Ed25519 vectors of Project Wycheproof, read as signature lines of a note.

use base64::{Engine, engine::general_purpose::STANDARD};
use proofdesk_tlog::{Signature, VerifierKey};
use serde_json::Value;

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// Puts the signature into a signature line, reads the line, and verifies what was read.
fn accepts(key: &VerifierKey, message: &[u8], signature: &[u8]) -> bool {
    let blob = [&key.id().to_be_bytes(), signature].concat();
    let line = format!("\u{2014} {} {}", key.name(), STANDARD.encode(blob));
    Signature::parse(&line).is_ok_and(|read| {
        assert_eq!((read.name(), read.key_id(), read.bytes()), (key.name(), key.id(), signature));
        key.verify(message, read.bytes())
    })
}

#[test]
fn all_151_signatures_are_judged_rightly() {
    let file = crate::shared("data/vectors/ed25519/ed25519_test.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let (mut valid, mut invalid, mut wrong) = (0, 0, Vec::new());
    for group in vectors["testGroups"].as_array().unwrap() {
        let public_key: [u8; 32] = bytes(&group["publicKey"]["pk"]).try_into().unwrap();
        let key = VerifierKey::new("desk.example/log", &public_key).unwrap();
        for vector in group["tests"].as_array().unwrap() {
            let expected = match vector["result"].as_str().unwrap() {
                "valid" => true,
                "invalid" => false,
                other => panic!("unknown result {other}"),
            };
            *(if expected { &mut valid } else { &mut invalid }) += 1;
            if accepts(&key, &bytes(&vector["msg"]), &bytes(&vector["sig"])) != expected {
                wrong.push(vector["tcId"].as_u64().unwrap());
            }
        }
    }
    assert_eq!(wrong, Vec::<u64>::new());
    assert_eq!((valid, invalid), (88, 63));
}

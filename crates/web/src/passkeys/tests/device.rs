//! A device in memory: it makes a passkey and answers by it, with any flags and any count.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// Somebody is there.
pub const PRESENT: u8 = 0x01;
/// It asked who.
pub const VERIFIED: u8 = 0x04;
/// Its owner has it on other devices, too.
pub const BACKED_UP: u8 = 0x18;
/// A key follows.
const WITH_KEY: u8 = 0x40;

/// A device with one key.
pub struct Device {
    key: SigningKey,
    id: Vec<u8>,
}

fn head(origin: &str, flags: u8, count: u32) -> Vec<u8> {
    let host = origin.split_once("://").unwrap().1;
    let mut head = Sha256::digest(host.as_bytes()).to_vec();
    head.push(flags);
    head.extend(count.to_be_bytes());
    head
}

fn client(origin: &str, kind: &str, options: &Json) -> Vec<u8> {
    json!({"type": kind, "challenge": options["challenge"], "origin": origin, "crossOrigin": false})
        .to_string()
        .into_bytes()
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Device {
    pub fn new() -> Self {
        let mut secret: [u8; 32] = rand::random();
        // never zero, and below the order of the curve
        secret[0] = 1;
        Self { key: SigningKey::from_slice(&secret).unwrap(), id: rand::random::<[u8; 32]>().to_vec() }
    }

    pub fn id(&self) -> Vec<u8> {
        self.id.clone()
    }

    fn sent(&self, response: &Json) -> String {
        let id = text(&self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {}})
            .to_string()
    }

    /// The answer to `navigator.credentials.create`, without attestation. Source: WebAuthn 6.5, RFC 9052 (the key).
    pub fn make(&self, origin: &str, options: &Json, flags: u8) -> String {
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut data = head(origin, flags | WITH_KEY, 0);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        // a map: kty 2, alg -7, crv 1, x, y
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.x().unwrap().as_slice());
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().unwrap().as_slice());
        // a map: fmt none, attStmt {}, authData
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt");
        object.push(0x64);
        object.extend(b"none");
        object.push(0x67);
        object.extend(b"attStmt");
        object.extend([0xa0, 0x68]);
        object.extend(b"authData");
        object.push(0x58);
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(&data);
        let client = client(origin, "webauthn.create", options);
        self.sent(&json!({"attestationObject": text(&object), "clientDataJSON": text(&client)}))
    }

    /// The answer to `navigator.credentials.get`.
    pub fn answer(&self, origin: &str, options: &Json, flags: u8, count: u32) -> String {
        let (data, client) = (head(origin, flags, count), client(origin, "webauthn.get", options));
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client));
        let signature: Signature = self.key.sign(&signed);
        self.sent(&json!({
            "authenticatorData": text(&data), "clientDataJSON": text(&client),
            "signature": text(signature.to_der().as_bytes()), "userHandle": text(&[7; 16]),
        }))
    }
}

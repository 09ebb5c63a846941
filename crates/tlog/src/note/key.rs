//! Keys of signed notes and their text forms.
//!
//! A verifier key is `name+id+data`: the id is eight hexadecimal digits, the data the standard base64 of the
//! byte 0x01 and the public key. A signer key is `PRIVATE+KEY+name+id+data` with the seed in place of the public
//! key: a secret. The seed comes from the caller; nothing here draws random numbers.
//!
//! Source: C2SP signed-note, section "Signatures" (key ids, Ed25519); RFC 8032; the text forms are those of Go's
//! `golang.org/x/mod/sumdb/note`, which log tools share.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::Signature;
use crate::error::Error;

const ED25519: u8 = 0x01;
const PRIVATE: &str = "PRIVATE+KEY+";

/// Says whether a text can name a key: not empty, no space of any kind, no plus, no control character.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

fn key_id(name: &str, public_key: &[u8; 32]) -> u32 {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update([b'\n', ED25519]);
    hasher.update(public_key);
    let digest: [u8; 32] = hasher.finalize().into();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// Reads `name+id+data` into the name, the stated id and the 32 bytes after the type byte.
fn parse_parts(text: &str) -> Result<(&str, u32, [u8; 32]), Error> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Error::MalformedKey("it must have the form name+id+data"));
    };
    if !is_name(name) {
        return Err(Error::MalformedKey("its name is empty or has a space"));
    }
    let hex_digits = id.len() == 8 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let id = u32::from_str_radix(id, 16)
        .ok()
        .filter(|_| hex_digits)
        .ok_or(Error::MalformedKey("its id is not eight lower-case hexadecimal digits"))?;
    let bytes =
        STANDARD.decode(data).map_err(|_| Error::MalformedKey("its data is not in the standard base64"))?;
    match bytes.split_first() {
        Some((&ED25519, key)) => {
            let key = key.try_into().map_err(|_| Error::MalformedKey("an Ed25519 key has 32 bytes"))?;
            Ok((name, id, key))
        }
        _ => Err(Error::MalformedKey("it is not an Ed25519 key")),
    }
}

fn format_key(name: &str, id: u32, bytes: &[u8; 32]) -> String {
    format!("{name}+{id:08x}+{}", STANDARD.encode([&[ED25519], bytes.as_slice()].concat()))
}

/// A public key with the name under which it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Names a public key of 32 bytes.
    ///
    /// # Errors
    /// [`Error::MalformedKey`] when the name cannot name a key, or the bytes are no point of the curve or one of
    /// small order (with which anybody could sign).
    pub fn new(name: impl Into<String>, public_key: &[u8; 32]) -> Result<Self, Error> {
        let name = name.into();
        if !is_name(&name) {
            return Err(Error::MalformedKey("its name is empty or has a space or a plus"));
        }
        let key = VerifyingKey::from_bytes(public_key)
            .ok()
            .filter(|key| !key.is_weak())
            .ok_or(Error::MalformedKey("the bytes are not a usable Ed25519 public key"))?;
        let id = key_id(&name, public_key);
        Ok(Self { name, id, key })
    }

    /// Reads the text form `name+id+data`.
    ///
    /// # Errors
    /// [`Error::MalformedKey`], also when the id does not belong to the name and the key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (name, id, bytes) = parse_parts(text)?;
        let key = Self::new(name, &bytes)?;
        if key.id == id {
            Ok(key)
        } else {
            Err(Error::MalformedKey("its id does not belong to its name and data"))
        }
    }

    /// Tells the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells the id: the first four bytes of SHA-256 over name, newline, 0x01 and public key, most significant
    /// first.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Gives the public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Says whether `signature` is this key's signature of `message`. A signature of another length than 64
    /// bytes, or one that could be altered and still verify, is none.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl std::fmt::Display for VerifierKey {
    /// Writes the text form `name+id+data`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&format_key(&self.name, self.id, &self.public_key()))
    }
}

/// A private key with the name under which it signs. Its debug form does not show the secret.
#[derive(Clone)]
pub struct SignerKey {
    verifier: VerifierKey,
    key: SigningKey,
}

impl std::fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignerKey").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl SignerKey {
    /// Makes a key from 32 bytes out of a cryptographic random generator.
    ///
    /// # Errors
    /// [`Error::MalformedKey`] when the name cannot name a key.
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, Error> {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, &key.verifying_key().to_bytes())?;
        Ok(Self { verifier, key })
    }

    /// Reads the text form `PRIVATE+KEY+name+id+data`.
    ///
    /// # Errors
    /// [`Error::MalformedKey`], also when the id does not belong to the name and the key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let rest =
            text.strip_prefix(PRIVATE).ok_or(Error::MalformedKey("a signer key begins with PRIVATE+KEY+"))?;
        let (name, id, seed) = parse_parts(rest)?;
        let key = Self::from_seed(name, &seed)?;
        if key.verifier.id == id {
            Ok(key)
        } else {
            Err(Error::MalformedKey("its id does not belong to its name and data"))
        }
    }

    /// Gives the text form `PRIVATE+KEY+name+id+data`. It is a secret: for a key file only.
    #[must_use]
    pub fn secret_text(&self) -> String {
        format!("{PRIVATE}{}", format_key(&self.verifier.name, self.verifier.id, &self.key.to_bytes()))
    }

    /// Gives the public half.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs the text of a note, its last newline included.
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> Signature {
        Signature {
            name: self.verifier.name.clone(),
            key_id: self.verifier.id,
            bytes: self.key.sign(text).to_bytes().to_vec(),
        }
    }
}

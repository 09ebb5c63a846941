//! Signed notes: a text with signatures under it, readable by people and by every log tool.
//!
//! Not here: what the text says; a checkpoint is one kind of text ([`crate::checkpoint`]).
//!
//! Source: C2SP signed-note, sections "Format" and "Signatures". Only Ed25519 signatures (type 0x01) are made
//! and verified; signatures of other types and by unknown keys are kept and ignored, as the format demands.

pub mod key;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::error::Error;
pub use key::{SignerKey, VerifierKey};

/// The longest note that is read, in bytes.
pub const MAX_NOTE_BYTES: usize = 1 << 20;
/// The most signatures that a note may carry.
pub const MAX_SIGNATURES: usize = 100;

const SIGNATURE_START: &str = "\u{2014} ";
const KEY_ID_BYTES: usize = 4;

/// One signature line of a note. It says nothing until [`Note::verify`] has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: String,
    key_id: u32,
    bytes: Vec<u8>,
}

impl Signature {
    /// Reads a signature line, without its newline.
    ///
    /// # Errors
    /// [`Error::MalformedNote`].
    pub fn parse(line: &str) -> Result<Self, Error> {
        let rest = line
            .strip_prefix(SIGNATURE_START)
            .ok_or(Error::MalformedNote("a signature line must begin with an em dash and a space"))?;
        let (name, encoded) =
            rest.split_once(' ').ok_or(Error::MalformedNote("a signature line lacks its signature"))?;
        if !key::is_name(name) {
            return Err(Error::MalformedNote("the name of a signature is empty or has a space or a plus"));
        }
        let blob = STANDARD
            .decode(encoded)
            .map_err(|_| Error::MalformedNote("a signature is not in the standard base64"))?;
        match blob.split_first_chunk::<KEY_ID_BYTES>() {
            Some((id, bytes)) if !bytes.is_empty() => {
                Ok(Self { name: name.to_owned(), key_id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
            }
            _ => Err(Error::MalformedNote("a signature is too short")),
        }
    }

    /// Tells the name of the key that is said to have signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells the id of the key that is said to have signed.
    #[must_use]
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// Gives the signature itself, without the key id.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn line(&self) -> String {
        let blob = [&self.key_id.to_be_bytes(), self.bytes.as_slice()].concat();
        format!("{SIGNATURE_START}{} {}\n", self.name, STANDARD.encode(blob))
    }
}

/// A text with its signatures. The text must not be believed before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// Signs a text with one or more keys, in that order.
    ///
    /// # Errors
    /// [`Error::MalformedNote`] when the text does not end in a newline, has other control characters, or no
    /// key is given; [`Error::NoteTooLarge`].
    pub fn sign(text: impl Into<String>, signers: &[&SignerKey]) -> Result<Self, Error> {
        let text = text.into();
        check_text(&text)?;
        if !text.ends_with('\n') {
            return Err(Error::MalformedNote("the text must end in a newline"));
        }
        if signers.is_empty() {
            return Err(Error::MalformedNote("it carries no signature"));
        }
        if signers.len() > MAX_SIGNATURES {
            return Err(Error::NoteTooLarge("more than 100 signatures"));
        }
        let signatures = signers.iter().map(|signer| signer.sign(text.as_bytes())).collect();
        let note = Self { text, signatures };
        if note.to_string().len() > MAX_NOTE_BYTES {
            return Err(Error::NoteTooLarge("more than 1 MiB"));
        }
        Ok(note)
    }

    /// Reads a note. The signatures are not verified yet.
    ///
    /// # Errors
    /// [`Error::NoteTooLarge`]; [`Error::MalformedNote`] when the bytes are not UTF-8, have control characters
    /// other than the newline, lack the blank line, or a signature line is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(Error::NoteTooLarge("more than 1 MiB"));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| Error::MalformedNote("it is not valid UTF-8"))?;
        check_text(note)?;
        let blank =
            note.rfind("\n\n").ok_or(Error::MalformedNote("no blank line separates text and signatures"))?;
        let (text, rest) = note.split_at(blank + 1);
        let lines = rest
            .strip_prefix('\n')
            .and_then(|lines| lines.strip_suffix('\n'))
            .ok_or(Error::MalformedNote("the signatures are missing or the last one lacks its newline"))?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(Error::NoteTooLarge("more than 100 signatures"));
        }
        let signatures = lines.split('\n').map(Signature::parse).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Gives the text, its last newline included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Lists the signatures in the order of their lines.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Verifies the signatures by trusted keys and returns the keys that signed, each once, in the order of the
    /// note. Signatures by other keys are ignored.
    ///
    /// # Errors
    /// [`Error::BadSignature`] when a signature that names a trusted key is wrong;
    /// [`Error::NoTrustedSignature`] when there is none by a trusted key.
    pub fn verify<'k>(&self, trusted: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, Error> {
        let mut signed_by: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let known =
                trusted.iter().find(|key| key.name() == signature.name && key.id() == signature.key_id);
            let Some(key) = known else { continue };
            if !key.verify(self.text.as_bytes(), &signature.bytes) {
                return Err(Error::BadSignature { name: signature.name.clone() });
            }
            if !signed_by.contains(&key) {
                signed_by.push(key);
            }
        }
        if signed_by.is_empty() { Err(Error::NoTrustedSignature) } else { Ok(signed_by) }
    }
}

impl std::fmt::Display for Note {
    /// Writes the note as it is published: the text, a blank line, the signature lines.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| f.write_str(&signature.line()))
    }
}

fn check_text(text: &str) -> Result<(), Error> {
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(Error::MalformedNote("it has a control character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! Checkpoints: what a log says of itself at one size, as the text of a signed note.
//!
//! Not here: when checkpoints are made and where they are published.
//!
//! Source: C2SP tlog-checkpoint, sections "Note text" and "Signatures".
//! Invariant: a [`Checkpoint`] can be written and read back; a tree without leaves has [`EMPTY_ROOT`].

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::error::Error;
use crate::note::{Note, SignerKey, VerifierKey};
use crate::proof::verify_consistency;
use crate::tree::{EMPTY_ROOT, Hash, MAX_TREE_SIZE, hash_from};

/// The size and root hash of a log at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// States the root hash of the first `size` leaves of the log named `origin`.
    ///
    /// # Errors
    /// [`Error::MalformedCheckpoint`] when the origin is empty or has a control character, or an empty tree has
    /// another root hash than [`EMPTY_ROOT`]; [`Error::TreeTooLarge`].
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Result<Self, Error> {
        Self { origin: origin.into(), size, root, extensions: Vec::new() }.checked()
    }

    /// Adds extension lines. They are signed, but no proof covers them.
    ///
    /// # Errors
    /// [`Error::MalformedCheckpoint`] when a line is empty or has a control character.
    pub fn with_extensions(mut self, lines: Vec<String>) -> Result<Self, Error> {
        self.extensions = lines;
        self.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        let is_line = |text: &String| !text.is_empty() && !text.bytes().any(|byte| byte < 0x20);
        if !is_line(&self.origin) {
            return Err(Error::MalformedCheckpoint("the origin must be one line that is not empty"));
        }
        if !self.extensions.iter().all(is_line) {
            return Err(Error::MalformedCheckpoint("an extension must be one line that is not empty"));
        }
        if self.size > MAX_TREE_SIZE {
            return Err(Error::TreeTooLarge { size: self.size });
        }
        if self.size == 0 && self.root != EMPTY_ROOT {
            return Err(Error::MalformedCheckpoint("an empty tree has the hash of no bytes as its root"));
        }
        Ok(self)
    }

    /// Tells the name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Tells the tree size, in leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Gives the root hash at that size.
    #[must_use]
    pub const fn root(&self) -> &Hash {
        &self.root
    }

    /// Lists the extension lines, usually none.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Writes the text that is signed: origin, size, root hash in base64, extensions, each a line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root));
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads the text of a checkpoint. Each text that is accepted is the one that [`Checkpoint::text`] writes.
    ///
    /// # Errors
    /// [`Error::MalformedCheckpoint`], [`Error::HashLength`], [`Error::TreeTooLarge`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let body =
            text.strip_suffix('\n').ok_or(Error::MalformedCheckpoint("the last line lacks its newline"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(Error::MalformedCheckpoint("it needs three lines: origin, tree size, root hash"));
        };
        let root = STANDARD
            .decode(root)
            .map_err(|_| Error::MalformedCheckpoint("the root hash is not in the standard base64"))?;
        let extensions = lines.map(str::to_owned).collect();
        Self { origin: origin.to_owned(), size: parse_size(size)?, root: hash_from(&root)?, extensions }
            .checked()
    }

    /// Signs the checkpoint. The first key should be the log's own, named as the origin.
    ///
    /// # Errors
    /// As [`Note::sign`].
    pub fn sign(&self, signers: &[&SignerKey]) -> Result<Note, Error> {
        Note::sign(self.text(), signers)
    }

    /// Reads a signed checkpoint of the log `origin` and verifies that a trusted key signed it.
    ///
    /// # Errors
    /// As [`Note::parse`], [`Note::verify`] and [`Checkpoint::parse`]; [`Error::WrongOrigin`].
    pub fn open(note: &[u8], origin: &str, trusted: &[VerifierKey]) -> Result<Self, Error> {
        let note = Note::parse(note)?;
        note.verify(trusted)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != origin {
            return Err(Error::WrongOrigin { expected: origin.to_owned(), found: checkpoint.origin });
        }
        Ok(checkpoint)
    }

    /// Verifies that this checkpoint continues an `older` one of the same log: nothing that the older one covers
    /// was changed or removed. The empty log is continued by every one, with an empty proof.
    ///
    /// # Errors
    /// [`Error::Forked`] when both have one size and different root hashes; [`Error::WrongOrigin`]; and as
    /// [`verify_consistency`].
    pub fn continues(&self, older: &Self, proof: &[Hash]) -> Result<(), Error> {
        if older.origin != self.origin {
            return Err(Error::WrongOrigin { expected: older.origin.clone(), found: self.origin.clone() });
        }
        if older.size == self.size && older.root != self.root {
            return Err(Error::Forked { size: self.size });
        }
        if older.size == 0 {
            return if proof.is_empty() { Ok(()) } else { Err(Error::ProofTooLong { hashes: proof.len() }) };
        }
        verify_consistency(older.size, self.size, proof, &older.root, &self.root)
    }
}

/// Reads a decimal number without sign or leading zeros.
fn parse_size(text: &str) -> Result<u64, Error> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return Err(Error::MalformedCheckpoint(
            "the tree size is not a decimal number without leading zeros",
        ));
    }
    text.parse().map_err(|_| Error::MalformedCheckpoint("the tree size is too large"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::{Checkpoint, EMPTY_ROOT, Error, SignerKey};

    // The example of C2SP tlog-checkpoint.
    const EXAMPLE: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn published_example_reads_and_writes_back() {
        let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
        assert_eq!((checkpoint.origin(), checkpoint.size()), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(checkpoint.root()[..4], [0x0a, 0xc5, 0x18, 0x6a]);
        assert_eq!(checkpoint.text(), EXAMPLE);
    }

    #[test]
    fn extensions_are_kept() {
        let with = Checkpoint::parse(EXAMPLE).unwrap().with_extensions(vec!["a line".into()]).unwrap();
        assert_eq!(with.text(), format!("{EXAMPLE}a line\n"));
        assert_eq!(Checkpoint::parse(&with.text()).unwrap().extensions(), ["a line"]);
        assert!(Checkpoint::parse(EXAMPLE).unwrap().with_extensions(vec![String::new()]).is_err());
        assert!(Checkpoint::parse(EXAMPLE).unwrap().with_extensions(vec!["a\nb".into()]).is_err());
    }

    #[test]
    fn malformed_texts_are_refused() {
        let with_size = |size: &str| EXAMPLE.replace("20852163", size);
        let with_root = |root: &str| EXAMPLE.replace("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", root);
        for text in [
            String::new(),
            "\n".into(),
            EXAMPLE.trim_end().into(),
            "origin\n5\n".into(),
            EXAMPLE.replace("example.com/behind-the-sofa", ""),
            format!("{EXAMPLE}\n"),
            with_size(""),
            with_size("+5"),
            with_size("-5"),
            with_size("05"),
            with_size(" 5"),
            with_size("0x5"),
            with_size("\u{665}"),
            with_size("9223372036854775808"),
            with_size("18446744073709551616"),
            with_size("0"),
            with_root(""),
            with_root("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I"),
            with_root("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J="),
            with_root("CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I="),
            with_root("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw=="),
        ] {
            assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn open_asks_for_key_and_origin() {
        let key = SignerKey::from_seed("desk.example/log", &[3; 32]).unwrap();
        let trusted = [key.verifier().clone()];
        let checkpoint = Checkpoint::new("desk.example/log", 0, EMPTY_ROOT).unwrap();
        let note = checkpoint.sign(&[&key]).unwrap().to_string();
        assert_eq!(Checkpoint::open(note.as_bytes(), "desk.example/log", &trusted).unwrap(), checkpoint);
        let other = Checkpoint::open(note.as_bytes(), "other.example/log", &trusted);
        assert!(matches!(other, Err(Error::WrongOrigin { .. })));
        assert!(matches!(
            Checkpoint::open(note.as_bytes(), "desk.example/log", &[]),
            Err(Error::NoTrustedSignature)
        ));
        let larger = note.replacen("\n0\n", "\n1\n", 1);
        let changed = Checkpoint::open(larger.as_bytes(), "desk.example/log", &trusted);
        assert!(matches!(changed, Err(Error::BadSignature { .. })));
    }

    #[test]
    fn two_roots_of_one_size_are_a_fork() {
        let one = Checkpoint::new("log", 4, [1; 32]).unwrap();
        let two = Checkpoint::new("log", 4, [2; 32]).unwrap();
        let empty = Checkpoint::new("log", 0, EMPTY_ROOT).unwrap();
        assert!(matches!(two.continues(&one, &[]), Err(Error::Forked { size: 4 })));
        one.continues(&one, &[]).unwrap();
        one.continues(&empty, &[]).unwrap();
        assert!(matches!(one.continues(&empty, &[[0; 32]]), Err(Error::ProofTooLong { .. })));
        assert!(matches!(empty.continues(&one, &[]), Err(Error::SizesSwapped { .. })));
        let elsewhere = Checkpoint::new("other", 4, [1; 32]).unwrap();
        assert!(matches!(elsewhere.continues(&one, &[]), Err(Error::WrongOrigin { .. })));
    }
}

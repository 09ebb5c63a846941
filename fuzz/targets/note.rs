//! Signed notes, checkpoints, keys and paths of tiles: what is read is written again as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofdesk_tlog::{Checkpoint, Note, Signature, SignerKey, Tile, VerifierKey};

const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fuzz_target!(|bytes: &[u8]| {
    let key = VerifierKey::parse(KEY).expect("a key");
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes, "a note is written as it was read");
        drop(note.verify(std::slice::from_ref(&key)));
        drop(Checkpoint::parse(note.text()));
    }
    drop(Checkpoint::open(bytes, "desk.example/log", std::slice::from_ref(&key)));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.text(), text, "a checkpoint is written as it was read");
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = SignerKey::parse(text) {
        assert_eq!(key.secret_text(), text);
    }
    if let Ok(tile) = Tile::parse(text) {
        assert_eq!(tile.path(), text);
    }
    drop(Signature::parse(text));
});

//! Notes and keys against the published examples, and what must be refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::{Error, MAX_NOTE_BYTES, Note, Signature, SignerKey, VerifierKey};

// The example of the documentation of Go's sumdb/note.
const SIGNER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
// The example of C2SP signed-note.
const C2SP_VERIFIER: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const C2SP_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn other() -> SignerKey {
    SignerKey::from_seed("desk.example/log", &[7; 32]).unwrap()
}

#[test]
fn published_note_is_made_byte_for_byte() {
    let signer = SignerKey::parse(SIGNER).unwrap();
    assert_eq!(signer.secret_text(), SIGNER);
    assert_eq!(signer.verifier().to_string(), VERIFIER);
    assert_eq!(*signer.verifier(), VerifierKey::parse(VERIFIER).unwrap());
    let note = Note::sign(TEXT, &[&signer]).unwrap();
    assert_eq!(note.to_string(), format!("{TEXT}\n{SIGNATURE}"));
    assert_eq!(Note::parse(note.to_string().as_bytes()).unwrap(), note);
}

#[test]
fn published_notes_verify() {
    for (note, key) in [(format!("{TEXT}\n{SIGNATURE}"), VERIFIER), (C2SP_NOTE.to_owned(), C2SP_VERIFIER)] {
        let keys = [VerifierKey::parse(key).unwrap()];
        let note = Note::parse(note.as_bytes()).unwrap();
        assert_eq!(note.verify(&keys).unwrap(), [&keys[0]]);
    }
}

#[test]
fn every_changed_byte_of_a_note_is_refused() {
    let keys = [VerifierKey::parse(VERIFIER).unwrap()];
    let good = format!("{TEXT}\n{SIGNATURE}").into_bytes();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let outcome = Note::parse(&bad).and_then(|note| note.verify(&keys).map(|_| ()));
            assert!(outcome.is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn every_changed_character_of_a_key_is_refused() {
    for at in 0..VERIFIER.len() {
        let mut bad = VERIFIER.as_bytes().to_vec();
        bad[at] += 1;
        assert!(VerifierKey::parse(std::str::from_utf8(&bad).unwrap()).is_err(), "verifier, byte {at}");
        assert!(VerifierKey::parse(&VERIFIER[..at]).is_err(), "verifier cut at {at}");
    }
    for at in 0..SIGNER.len() {
        let mut bad = SIGNER.as_bytes().to_vec();
        bad[at] += 1;
        assert!(SignerKey::parse(std::str::from_utf8(&bad).unwrap()).is_err(), "signer, byte {at}");
        assert!(SignerKey::parse(&SIGNER[..at]).is_err(), "signer cut at {at}");
    }
    // right id, but too long, or of an unknown type
    assert!(
        VerifierKey::parse("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==")
            .is_err()
    );
    assert!(
        VerifierKey::parse("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").is_err()
    );
}

#[test]
fn malformed_notes_are_refused() {
    let line = SIGNATURE.trim_end();
    let cases: &[(&str, Vec<u8>)] = &[
        ("empty", Vec::new()),
        ("no blank line", format!("text\n{SIGNATURE}").into_bytes()),
        ("no signature", b"text\n\n".to_vec()),
        ("only a newline for signatures", b"text\n\n\n".to_vec()),
        ("last newline missing", format!("text\n\n{line}").into_bytes()),
        ("carriage return", format!("text\r\n\n{SIGNATURE}").into_bytes()),
        ("tab", format!("te\txt\n\n{SIGNATURE}").into_bytes()),
        ("nul", format!("te\0xt\n\n{SIGNATURE}").into_bytes()),
        ("not UTF-8", [b"te\xffxt\n\n".as_slice(), SIGNATURE.as_bytes()].concat()),
        ("hyphen for the dash", format!("text\n\n{}", SIGNATURE.replace('\u{2014}', "-")).into_bytes()),
        ("plus in the name", format!("text\n\n{}", SIGNATURE.replace("PeterN", "Peter+N")).into_bytes()),
        (
            "no-break space in the name",
            format!("text\n\n{}", SIGNATURE.replace("PeterN", "Peter\u{a0}N")).into_bytes(),
        ),
        ("empty name", "text\n\n\u{2014}  AAAAAAAA\n".as_bytes().to_vec()),
        ("only a key id", "text\n\n\u{2014} name AAAAAA==\n".as_bytes().to_vec()),
        ("base64 without padding", format!("text\n\n{}\n", line.trim_end_matches('=')).into_bytes()),
        ("base64 with stray bits", "text\n\n\u{2014} name AAAAAAB=\n".as_bytes().to_vec()),
        ("words after the signature", format!("text\n\n{line} more\n").into_bytes()),
    ];
    for (what, bytes) in cases {
        assert!(matches!(Note::parse(bytes), Err(Error::MalformedNote(_))), "{what}");
    }
}

#[test]
fn too_large_a_note_is_refused() {
    let long = format!("{}\n\n{SIGNATURE}", "a".repeat(MAX_NOTE_BYTES));
    assert!(matches!(Note::parse(long.as_bytes()), Err(Error::NoteTooLarge(_))));
    assert!(matches!(
        Note::sign(format!("{}\n", "a".repeat(MAX_NOTE_BYTES)), &[&other()]),
        Err(Error::NoteTooLarge(_))
    ));
    let crowded = format!("text\n\n{}", SIGNATURE.repeat(101));
    assert!(matches!(Note::parse(crowded.as_bytes()), Err(Error::NoteTooLarge(_))));
    assert_eq!(
        Note::parse(format!("text\n\n{}", SIGNATURE.repeat(100)).as_bytes()).unwrap().signatures().len(),
        100
    );
}

#[test]
fn text_may_have_blank_lines_and_the_last_one_separates() {
    let signer = other();
    let note = Note::sign("one\n\ntwo\n", &[&signer]).unwrap();
    let read = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(read.text(), "one\n\ntwo\n");
    read.verify(&[signer.verifier().clone()]).unwrap();
}

#[test]
fn text_that_cannot_be_read_back_is_not_signed() {
    for text in ["", "no newline", "tab\there\n", "return\r\n"] {
        assert!(matches!(Note::sign(text, &[&other()]), Err(Error::MalformedNote(_))), "{text:?}");
    }
    assert!(matches!(Note::sign("text\n", &[]), Err(Error::MalformedNote(_))));
}

#[test]
fn unknown_keys_are_ignored_and_known_ones_must_be_right() {
    let peter = SignerKey::parse(SIGNER).unwrap();
    let keys = [other().verifier().clone(), peter.verifier().clone()];
    let both = Note::sign(TEXT, &[&peter, &other()]).unwrap();
    assert_eq!(both.verify(&keys).unwrap(), [&keys[1], &keys[0]]);
    assert_eq!(both.verify(&keys[..1]).unwrap(), [&keys[0]]);
    assert!(matches!(
        Note::sign(TEXT, &[&peter]).unwrap().verify(&keys[..1]),
        Err(Error::NoTrustedSignature)
    ));

    // same name with another key: another id, so unknown
    let namesake = SignerKey::from_seed("PeterNeumann", &[9; 32]).unwrap();
    let note = Note::sign(TEXT, &[&namesake]).unwrap();
    assert!(matches!(note.verify(&keys), Err(Error::NoTrustedSignature)));

    // a good signature does not excuse a bad one by a trusted key
    let forged = Note::sign("other text\n", &[&peter]).unwrap().signatures()[0].clone();
    let mixed = Note { text: TEXT.to_owned(), signatures: vec![other().sign(TEXT.as_bytes()), forged] };
    assert!(matches!(mixed.verify(&keys), Err(Error::BadSignature { name }) if name == "PeterNeumann"));

    // a repeated signature counts once
    let twice = Note::sign(TEXT, &[&peter, &peter]).unwrap();
    assert_eq!(twice.verify(&keys).unwrap().len(), 1);
}

#[test]
fn names_with_spaces_or_plus_are_refused() {
    for name in ["", "a b", "a+b", "a\u{2003}b", "a\nb"] {
        assert!(matches!(SignerKey::from_seed(name, &[1; 32]), Err(Error::MalformedKey(_))), "{name:?}");
    }
}

#[test]
fn weak_public_keys_are_refused() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert!(matches!(VerifierKey::new("weak", &neutral), Err(Error::MalformedKey(_))));
}

#[test]
fn debug_form_keeps_the_secret() {
    let shown = format!("{:?}", SignerKey::parse(SIGNER).unwrap());
    assert!(
        !shown.contains("AYEKFALV") && !shown.contains("129, 10, 20") && shown.contains("PeterNeumann"),
        "{shown}"
    );
}

#[test]
fn signature_line_gives_its_parts() {
    let signature = Signature::parse(SIGNATURE.trim_end()).unwrap();
    assert_eq!(
        (signature.name(), signature.key_id(), signature.bytes().len()),
        ("PeterNeumann", 0xc74f_20a3, 64)
    );
}

//! What a mail program says to our LMTP server: commands, addresses, mails.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_mail::address::normal;
use proofdesk_mail::lmtp::overheard;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

fuzz_target!(|bytes: &[u8]| {
    let heard = RUNTIME.block_on(overheard(bytes));
    let size: usize = heard.mails.iter().map(|mail| mail.raw.len()).sum();
    assert!(size <= bytes.len(), "nothing is added");
    for mail in &heard.mails {
        assert!(mail.raw.len() <= 10_000 && (1..=100).contains(&mail.recipients.len()));
        for to in &mail.recipients {
            assert_eq!(normal(to).as_ref(), Some(to), "addresses are in their normal form");
            assert!(to.ends_with("@desk.example"), "{to}");
        }
    }
    // whatever was said, we speak in whole lines with codes, and answer for each recipient
    assert!(heard.answers.starts_with("220 ") && heard.answers.ends_with("\r\n"));
    for line in heard.answers.split_terminator("\r\n") {
        let (code, text) = line.split_at(3);
        assert!(code.bytes().all(|b| b.is_ascii_digit()) && text.starts_with([' ', '-']), "{line}");
        assert!(!line.contains(['\r', '\n']), "{line}");
    }
    let taken: usize = heard.mails.iter().map(|mail| mail.recipients.len()).sum();
    assert_eq!(heard.answers.matches("250 2.0.0 Taken before").count(), taken);
});

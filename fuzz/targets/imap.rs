//! What a mail server says, whatever it was asked: answers with literals, and the mails in them.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_mail::imap::overheard;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mails) = RUNTIME.block_on(overheard(bytes)) {
        let size: usize = mails.iter().map(Vec::len).sum();
        assert!(size <= bytes.len(), "nothing is added");
    }
});

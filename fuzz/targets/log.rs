//! An exported log, as `proofdesk verify FILE` reads it: any bytes, with and without a key.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_engine::verify::verify_export;
use proofdesk_tlog::VerifierKey;

static KEY: LazyLock<VerifierKey> = LazyLock::new(|| {
    VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").expect("a key")
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(report) = verify_export(bytes, &[]) {
        let lines = bytes.iter().filter(|b| **b == b'\n').count() as u64;
        assert!(
            report.leaves <= lines + 10_001,
            "no more leaves than lines, and those that are named missing"
        );
    }
    if let Ok(report) = verify_export(bytes, std::slice::from_ref(&*KEY)) {
        assert!(report.signatures <= report.checkpoints);
    }
});

//! The header by which whoever asks says to which trace his request belongs.
#![no_main]

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use proofdesk_web::spans::Parent;

fuzz_target!(|bytes: &[u8]| {
    // a header for each line
    let mut headers = HeaderMap::new();
    for value in bytes.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append("traceparent", value);
        }
    }
    let parent = Parent::of(&headers);
    assert!(parent.is_none() || headers.len() == 1, "two parents are none");
    let said = headers.get("traceparent").and_then(|value| value.to_str().ok());
    let Some(parent) = said.and_then(Parent::parse) else { return };
    assert!(parent.trace != 0 && parent.span != 0);
    assert_eq!(Parent::parse(&parent.to_string()), Some(parent), "it is read as it was written");
});

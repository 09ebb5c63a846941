//! What an entry's sealed bytes say of where it belongs, against the columns beside them: type, number, version, instant,
//! write. Only the bytes are hashed, so only they are believed.

use std::borrow::Cow;

use proofdesk_model::entry::write_name;
use proofdesk_model::format::write_instant;
use proofdesk_store::StoredEntry;
use serde::Deserialize;

/// The members of an entry's body that columns repeat.
#[derive(Debug, Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    record_type: Cow<'a, str>,
    number: i64,
    version: i64,
    #[serde(borrow)]
    at: Cow<'a, str>,
    /// Entries of earlier versions do not say it.
    #[serde(borrow, default)]
    write: Option<Cow<'a, str>>,
}

/// The columns of an entry that say something else than its bytes, and whether the bytes name its write, as they do since
/// entries tell all that is compared. Bytes that name no record at all agree with no column.
pub(super) fn compared(entry: &StoredEntry) -> (Vec<&'static str>, bool) {
    let Ok(head) = serde_json::from_slice::<Head<'_>>(&entry.body) else {
        return (vec!["record_type", "number", "version", "at"], false);
    };
    let names_write = head.write.is_some();
    let same = [
        ("record_type", head.record_type == entry.record.record_type),
        ("number", head.number == entry.record.number),
        ("version", head.version == entry.version),
        ("at", head.at == write_instant(entry.at)),
        ("write_id", head.write.is_none_or(|write| write == write_name(entry.write_id, entry.seq))),
    ];
    (same.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect(), names_write)
}

/// The record that an entry's bytes name, as people write it.
pub(super) fn named(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "ref")]
        reference: String,
    }
    serde_json::from_slice::<Named>(body).ok().map(|named| named.reference)
}

/// Entries in the order of the tree; those that wait for their leaf come last, as they were written.
pub(super) fn in_leaf_order(entries: &mut [StoredEntry]) {
    entries.sort_by_key(|entry| (entry.leaf.unwrap_or(u64::MAX), entry.id));
}

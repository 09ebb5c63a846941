//! Proofs: any hashes against a real tree of up to 64 leaves. Only the genuine proof may be taken.
//!
//! Input: size, index, older size, a byte of choice, then hashes; a hash may be named by its place in the genuine proof.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use proofdesk_tlog::{
    Frontier, Hash, NodeId, consistency_proof, inclusion_proof, leaf_hash, root, verify_consistency,
    verify_inclusion,
};

fn tree(size: u64) -> HashMap<NodeId, Hash> {
    let mut nodes = HashMap::new();
    let mut frontier = Frontier::new();
    for leaf in 0..size {
        let hash = leaf_hash(&leaf.to_be_bytes());
        let keep = |id, hash| {
            nodes.insert(id, hash);
        };
        frontier.append_with(hash, keep).expect("a small tree");
    }
    nodes
}

/// Hashes out of bytes: `0xff n` is the n-th of the genuine ones, else 32 bytes as they are.
fn hashes(mut bytes: &[u8], genuine: &[Hash]) -> Vec<Hash> {
    let mut found = Vec::new();
    while let [first, rest @ ..] = bytes {
        if *first == 0xff
            && let [place, rest @ ..] = rest
        {
            found.extend(genuine.get(usize::from(*place)));
            bytes = rest;
        } else if let Some((hash, rest)) = bytes.split_first_chunk::<32>() {
            found.push(*hash);
            bytes = rest;
        } else {
            break;
        }
    }
    found
}

fuzz_target!(|bytes: &[u8]| {
    let [size, index, old, choice, rest @ ..] = bytes else { return };
    let (size, index, old) = (u64::from(size % 65), u64::from(*index), u64::from(*old));
    let nodes = tree(size);
    let whole = root(size, &nodes).expect("the root of a whole tree");
    if choice & 1 == 0 {
        let genuine = inclusion_proof(index, size, &nodes);
        let given = hashes(rest, genuine.as_deref().unwrap_or_default());
        let leaf = leaf_hash(&index.to_be_bytes());
        let taken = verify_inclusion(index, size, &leaf, &given, &whole).is_ok();
        assert_eq!(taken, genuine.as_ref().is_ok_and(|genuine| *genuine == given), "{index} of {size}");
    } else {
        let genuine = consistency_proof(old, size, &nodes);
        let given = hashes(rest, genuine.as_deref().unwrap_or_default());
        let earlier = root(old.min(size), &nodes).expect("the root of a whole tree");
        let taken = verify_consistency(old, size, &given, &earlier, &whole).is_ok();
        assert_eq!(taken, genuine.as_ref().is_ok_and(|genuine| *genuine == given), "{old} to {size}");
    }
    // sizes and places as wide as they go
    if let Some((wide, rest)) = rest.split_first_chunk::<16>() {
        let (a, b) = wide.split_at(8);
        let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let given = hashes(rest, &[]);
        drop(verify_inclusion(number(a), number(b), &[7; 32], &given, &whole));
        drop(verify_consistency(number(a), number(b), &given, &[7; 32], &whole));
    }
});

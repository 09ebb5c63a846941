//! Properties: what is made verifies, what is altered does not, and the stored tree is the defined one.

use std::collections::{BTreeSet, HashMap};

use proofdesk_tlog::proof::{
    subtree_consistency_proof, subtree_hash, subtree_inclusion_proof, verify_subtree_consistency,
    verify_subtree_inclusion,
};
use proofdesk_tlog::{
    Checkpoint, EMPTY_ROOT, Error, Frontier, Hash, NodeId, NodeReader, SignerKey, consistency_proof,
    inclusion_proof, leaf_hash, needed_for_consistency, needed_for_inclusion, needed_for_root, node_hash,
    root, verify_consistency, verify_inclusion,
};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

type Nodes = HashMap<NodeId, Hash>;

/// The definition of RFC 9162, section 2.1.1, word for word.
fn defined_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            node_hash(&defined_root(&leaves[..k]), &defined_root(&leaves[k..]))
        }
    }
}

/// The inclusion path of RFC 9162, section 2.1.3.1, word for word.
fn defined_path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut path, sibling) = if m < k {
        (defined_path(m, &leaves[..k]), &leaves[k..])
    } else {
        (defined_path(m - k, &leaves[k..]), &leaves[..k])
    };
    path.push(defined_root(sibling));
    path
}

/// SUBPROOF of RFC 9162, section 2.1.4.1, word for word.
fn defined_subproof(m: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if known { Vec::new() } else { vec![defined_root(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut proof, sibling) = if m <= k {
        (defined_subproof(m, &leaves[..k], known), &leaves[k..])
    } else {
        (defined_subproof(m - k, &leaves[k..], false), &leaves[..k])
    };
    proof.push(defined_root(sibling));
    proof
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count as u64).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn stored(leaves: &[Hash]) -> Nodes {
    Frontier::new().append_all(leaves.iter().copied()).unwrap().into_iter().collect()
}

fn only(nodes: &Nodes, needed: &[NodeId]) -> Nodes {
    needed.iter().map(|id| (*id, nodes[id])).collect()
}

fn flip(hash: &Hash, bit: usize) -> Hash {
    let mut flipped = *hash;
    flipped[bit / 8 % 32] ^= 1 << (bit % 8);
    flipped
}

#[test]
fn roots_and_paths_are_the_published_ones() {
    // The eight leaves of the Certificate Transparency reference tests and their roots.
    let bodies: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::new();
    let mut nodes = Nodes::new();
    for (body, expected) in bodies.iter().zip(roots) {
        nodes.extend(frontier.append_all([leaf_hash(&hex::decode(body).unwrap())]).unwrap());
        assert_eq!(hex::encode(frontier.root()), expected);
        assert_eq!(hex::encode(root(frontier.size(), &nodes).unwrap()), expected);
    }
}

#[test]
fn every_proof_of_every_tree_up_to_65_leaves_is_the_defined_one_and_verifies() {
    let all = leaves(65);
    let nodes = stored(&all);
    for size in 1..=all.len() {
        let tree = &all[..size];
        let tree_root = defined_root(tree);
        assert_eq!(root(size as u64, &only(&nodes, &needed_for_root(size as u64))).unwrap(), tree_root);
        for index in 0..size {
            let (i, n) = (index as u64, size as u64);
            let proof = inclusion_proof(i, n, &only(&nodes, &needed_for_inclusion(i, n).unwrap())).unwrap();
            assert_eq!(proof, defined_path(index, tree), "leaf {index} of {size}");
            verify_inclusion(i, n, &tree[index], &proof, &tree_root).unwrap();
        }
        for old in 1..=size {
            let (m, n) = (old as u64, size as u64);
            let proof =
                consistency_proof(m, n, &only(&nodes, &needed_for_consistency(m, n).unwrap())).unwrap();
            assert_eq!(proof, defined_subproof(old, tree, true), "{old} of {size}");
            verify_consistency(m, n, &proof, &defined_root(&tree[..old]), &tree_root).unwrap();
            verify_subtree_consistency(0..m, n, &proof, &defined_root(&tree[..old]), &tree_root).unwrap();
        }
    }
}

#[test]
fn every_subtree_of_every_tree_up_to_33_leaves_is_proved() {
    let all = leaves(33);
    let nodes = stored(&all);
    let mut subtrees = 0;
    for start in 0..33_usize {
        for end in start + 1..=33 {
            let range = start as u64..end as u64;
            if !start.is_multiple_of((end - start).next_power_of_two()) {
                assert!(matches!(subtree_hash(range, &nodes), Err(Error::NotASubtree { .. })));
                continue;
            }
            subtrees += 1;
            let part = defined_root(&all[start..end]);
            assert_eq!(subtree_hash(range.clone(), &nodes).unwrap(), part);
            for index in start..end {
                let proof = subtree_inclusion_proof(index as u64, range.clone(), &nodes).unwrap();
                assert_eq!(proof, defined_path(index - start, &all[start..end]));
                verify_subtree_inclusion(index as u64, range.clone(), &all[index], &proof, &part).unwrap();
            }
            for size in end..=33 {
                let whole = defined_root(&all[..size]);
                let proof = subtree_consistency_proof(range.clone(), size as u64, &nodes).unwrap();
                verify_subtree_consistency(range.clone(), size as u64, &proof, &part, &whole)
                    .unwrap_or_else(|error| panic!("{start}..{end} of {size}: {error}"));
                for at in 0..proof.len() {
                    let mut bad = proof.clone();
                    bad[at] = flip(&bad[at], at * 7);
                    assert!(
                        verify_subtree_consistency(range.clone(), size as u64, &bad, &part, &whole).is_err()
                    );
                }
            }
        }
    }
    assert!(subtrees > 100, "{subtrees}");
}

#[test]
fn a_failing_store_is_reported() {
    struct Broken;
    impl NodeReader for Broken {
        fn node(&self, _: u8, _: u64) -> Result<Option<Hash>, Error> {
            Err(Error::Read("disk gone".into()))
        }
    }
    assert_eq!(root(3, &Broken).unwrap_err().to_string(), "cannot read the nodes of the log: disk gone");
    assert!(matches!(inclusion_proof(0, 3, &Broken), Err(Error::Read(_))));
    assert!(matches!(
        inclusion_proof(0, 3, &Nodes::new()),
        Err(Error::MissingNode { level: 0, index: 1 }) | Err(Error::MissingNode { level: 0, index: 2 })
    ));
}

#[test]
fn proofs_of_nothing_are_refused() {
    let nodes = stored(&leaves(8));
    assert!(matches!(inclusion_proof(8, 8, &nodes), Err(Error::LeafOutOfRange { .. })));
    assert!(matches!(inclusion_proof(0, 0, &nodes), Err(Error::LeafOutOfRange { .. })));
    assert!(matches!(consistency_proof(0, 8, &nodes), Err(Error::EmptyOldTree)));
    assert!(matches!(consistency_proof(8, 7, &nodes), Err(Error::SizesSwapped { .. })));
    assert!(matches!(needed_for_inclusion(0, u64::MAX), Err(Error::TreeTooLarge { .. })));
    assert!(matches!(needed_for_consistency(1, u64::MAX), Err(Error::TreeTooLarge { .. })));
    assert!(matches!(root(u64::MAX, &nodes), Err(Error::TreeTooLarge { .. })));
}

#[test]
fn needed_nodes_of_the_largest_trees_are_few_and_distinct() {
    let size = proofdesk_tlog::MAX_TREE_SIZE;
    for needed in [
        needed_for_root(size),
        needed_for_inclusion(0, size).unwrap(),
        needed_for_inclusion(size - 1, size).unwrap(),
        needed_for_consistency(1, size).unwrap(),
        needed_for_consistency(size / 3, size).unwrap(),
    ] {
        let distinct: BTreeSet<NodeId> = needed.iter().copied().collect();
        assert_eq!(distinct.len(), needed.len());
        assert!(needed.len() <= 126, "{}", needed.len());
    }
}

/// A tree size and two numbers to be taken modulo what fits.
fn tree_and_two() -> impl Strategy<Value = (usize, usize, usize)> {
    (1..=300_usize).prop_flat_map(|size| (size..=size, 0..size, 0..size))
}

proptest! {
    #[test]
    fn batches_give_the_tree_made_at_once(batches in proptest::collection::vec(0..60_usize, 0..10)) {
        let all = leaves(batches.iter().sum());
        let (mut nodes, mut size) = (Nodes::new(), 0);
        for batch in batches {
            // Each batch starts from the stored nodes, as after a restart.
            let mut frontier = Frontier::load(size as u64, &nodes).unwrap();
            for (id, hash) in frontier.append_all(all[size..size + batch].iter().copied()).unwrap() {
                prop_assert_eq!(nodes.insert(id, hash), None, "a node was stored twice");
            }
            size += batch;
            prop_assert_eq!(frontier.size(), size as u64);
            prop_assert_eq!(frontier.root(), defined_root(&all[..size]));
        }
        prop_assert_eq!(&nodes, &stored(&all));
        for (id, hash) in &nodes {
            let (from, to) = ((id.index as usize) << id.level, (id.index as usize + 1) << id.level);
            prop_assert_eq!(*hash, defined_root(&all[from..to]));
        }
    }

    #[test]
    fn inclusion_verifies_and_any_change_is_refused((size, index, other) in tree_and_two(), bit in 0..256_usize) {
        let all = leaves(size);
        let (nodes, tree_root) = (stored(&all), defined_root(&all));
        let (i, n) = (index as u64, size as u64);
        let proof = inclusion_proof(i, n, &nodes).unwrap();
        prop_assert!(verify_inclusion(i, n, &all[index], &proof, &tree_root).is_ok());
        prop_assert!(verify_inclusion(i, n, &flip(&all[index], bit), &proof, &tree_root).is_err());
        prop_assert!(verify_inclusion(i, n, &all[index], &proof, &flip(&tree_root, bit)).is_err());
        for at in 0..proof.len() {
            let mut bad = proof.clone();
            bad[at] = flip(&bad[at], bit);
            prop_assert!(verify_inclusion(i, n, &all[index], &bad, &tree_root).is_err());
        }
        if other != index {
            prop_assert!(verify_inclusion(other as u64, n, &all[index], &proof, &tree_root).is_err());
            prop_assert!(verify_inclusion(i, n, &all[other], &proof, &tree_root).is_err());
        }
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(verify_inclusion(i, n, &all[index], shorter, &tree_root).is_err());
        }
        let longer = [proof.as_slice(), &[tree_root]].concat();
        prop_assert!(verify_inclusion(i, n, &all[index], &longer, &tree_root).is_err());
    }

    #[test]
    fn consistency_verifies_and_any_change_is_refused((size, index, _) in tree_and_two(), bit in 0..256_usize) {
        let all = leaves(size);
        let old = index + 1;
        let (nodes, new_root, old_root) = (stored(&all), defined_root(&all), defined_root(&all[..old]));
        let (m, n) = (old as u64, size as u64);
        let proof = consistency_proof(m, n, &nodes).unwrap();
        prop_assert!(verify_consistency(m, n, &proof, &old_root, &new_root).is_ok());
        prop_assert!(verify_consistency(m, n, &proof, &flip(&old_root, bit), &new_root).is_err());
        prop_assert!(verify_consistency(m, n, &proof, &old_root, &flip(&new_root, bit)).is_err());
        for at in 0..proof.len() {
            let mut bad = proof.clone();
            bad[at] = flip(&bad[at], bit);
            prop_assert!(verify_consistency(m, n, &bad, &old_root, &new_root).is_err());
        }
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(verify_consistency(m, n, shorter, &old_root, &new_root).is_err());
        }
        let longer = [proof.as_slice(), &[new_root]].concat();
        prop_assert!(verify_consistency(m, n, &longer, &old_root, &new_root).is_err());
    }

    #[test]
    fn a_rewritten_leaf_never_continues_the_old_checkpoint((size, index, changed) in tree_and_two()) {
        let old = index.max(changed) + 1;
        let before = leaves(size);
        let mut after = before.clone();
        after[changed] = flip(&after[changed], 3);
        let checkpoint = |leaves: &[Hash]| Checkpoint::new("log", leaves.len() as u64, defined_root(leaves)).unwrap();
        let proof = consistency_proof(old as u64, size as u64, &stored(&after)).unwrap();
        prop_assert!(checkpoint(&after).continues(&checkpoint(&before[..old]), &proof).is_err());
        prop_assert!(checkpoint(&after).continues(&checkpoint(&after[..old]), &proof).is_ok());
    }

    #[test]
    fn any_bytes_are_read_without_a_crash(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
        let _ = proofdesk_tlog::Note::parse(&bytes);
        let _ = proofdesk_tlog::Note::parse(text.as_bytes());
        let _ = proofdesk_tlog::VerifierKey::parse(&text);
        let _ = proofdesk_tlog::Tile::parse(&text);
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.text(), text);
        }
    }

    #[test]
    fn signed_checkpoints_come_back(
        origin in "[a-z0-9./]{1,20}", size in 1..=i64::MAX as u64, root in any::<[u8; 32]>(), seed in any::<[u8; 32]>(),
    ) {
        let key = SignerKey::from_seed(origin.clone(), &seed).unwrap();
        let checkpoint = Checkpoint::new(origin.clone(), size, root).unwrap();
        let note = checkpoint.sign(&[&key]).unwrap().to_string();
        let opened = Checkpoint::open(note.as_bytes(), &origin, &[key.verifier().clone()]).unwrap();
        prop_assert_eq!(opened, checkpoint);
        let read_back = SignerKey::parse(&key.secret_text()).unwrap();
        prop_assert_eq!(read_back.verifier(), key.verifier());
    }
}

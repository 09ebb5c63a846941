//! The published vectors of transparency-dev/merkle: trees, subtrees, and 482 proofs that must be refused.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use proofdesk_tlog::{
    Error, Hash, hash_from,
    proof::{verify_subtree_consistency, verify_subtree_inclusion},
    verify_consistency, verify_inclusion,
};
use serde_json::Value;

struct Vector(Value);

impl Vector {
    fn number(&self, key: &str) -> u64 {
        self.0[key].as_u64().unwrap_or_else(|| panic!("{key} is not a number"))
    }

    fn bytes(&self, key: &str) -> Vec<u8> {
        STANDARD.decode(self.0[key].as_str().unwrap_or_else(|| panic!("{key} is not a text"))).unwrap()
    }

    fn proof(&self) -> Result<Vec<Hash>, Error> {
        let hashes = self.0["proof"].as_array().map_or(&[][..], Vec::as_slice);
        hashes.iter().map(|hash| hash_from(&STANDARD.decode(hash.as_str().unwrap()).unwrap())).collect()
    }

    fn judge(&self, kind: &str) -> Result<(), Error> {
        match kind {
            "inclusion" => verify_inclusion(
                self.number("leafIdx"),
                self.number("treeSize"),
                &hash_from(&self.bytes("leafHash"))?,
                &self.proof()?,
                &self.bytes("root"),
            ),
            "consistency" => verify_consistency(
                self.number("size1"),
                self.number("size2"),
                &self.proof()?,
                &self.bytes("root1"),
                &self.bytes("root2"),
            ),
            "subtreeinclusion" => verify_subtree_inclusion(
                self.number("leafIdx"),
                self.number("start")..self.number("end"),
                &hash_from(&self.bytes("leafHash"))?,
                &self.proof()?,
                &self.bytes("root"),
            ),
            "subtreeconsistency" => verify_subtree_consistency(
                self.number("start")..self.number("end"),
                self.number("size"),
                &self.proof()?,
                &self.bytes("root1"),
                &self.bytes("root2"),
            ),
            other => panic!("vectors of an unknown kind: {other}"),
        }
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn all_518_vectors_are_judged_rightly_and_482_refused() {
    let root = crate::shared("data/vectors/merkle/testdata");
    let mut files = Vec::new();
    files_below(&root, &mut files);
    files.sort();
    let (mut refused, mut wrong) = (0, Vec::new());
    for file in &files {
        let name = file.strip_prefix(&root).unwrap();
        let kind = name.components().next().unwrap().as_os_str().to_str().unwrap();
        let vector = Vector(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap());
        let outcome = vector.judge(kind);
        if outcome.is_err() {
            refused += 1;
        }
        if outcome.is_err() != vector.0["wantErr"].as_bool().unwrap() {
            wrong.push(format!("{}: {outcome:?}", name.display()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((files.len(), refused), (518, 482));
}

//! Inner nodes of the tree against the computed ones: where an entry was changed or moved together with the hash
//! beside it, the nodes above still tell.

use std::collections::{BTreeMap, HashMap};

use proofdesk_tlog::{Hash, NodeId, node_hash};

use super::walk::Walk;
use super::{FindingKind, Report};
use crate::Engine;
use crate::error::Error;

/// Most leaves that are tried when looking for what was exchanged with what.
const TRIED_MAX: usize = 400;

impl Engine {
    /// The stored tree has the nodes of its leaves and no others: those of a longer log tell that its end was cut off.
    pub(super) async fn verify_levels(&self, report: &mut Report) -> Result<(), Error> {
        let levels = self.store().levels().await?;
        let Some(size) = levels.first().map(|level| level.size) else { return Ok(()) };
        for found in levels {
            let due = size.checked_shr(u32::from(found.level)).unwrap_or_default();
            if found.last >= due {
                let message = format!(
                    "The tree has nodes beyond its {size} leaves (level {}, index {}): the end of the log was cut off.",
                    found.level, found.last
                );
                report.add(FindingKind::ChangedNode, None, None, message);
            } else if found.count != due {
                let message =
                    format!("Level {} of the tree has {} nodes instead of {due}.", found.level, found.count);
                report.add(FindingKind::ChangedNode, None, None, message);
            }
        }
        Ok(())
    }

    /// Compares a batch's inner nodes with the stored ones; `names` are the records of its leaves.
    pub(super) async fn compare_nodes(
        &self,
        computed: &[(NodeId, Hash)],
        names: &HashMap<u64, String>,
        walk: &mut Walk<'_>,
    ) -> Result<(), Error> {
        let mut stored: HashMap<NodeId, Hash> = HashMap::new();
        for (level, (first, last)) in spans(computed) {
            let count = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
            stored.extend(self.store().node_range(level, first, count).await?);
        }
        let differing: Vec<(NodeId, Option<Hash>)> = computed
            .iter()
            .filter(|(id, hash)| id.level > 0 && stored.get(id) != Some(hash))
            .map(|(id, _)| (*id, stored.get(id).copied()))
            .collect();
        if differing.is_empty() || walk.is_damaged() {
            return Ok(());
        }
        let leaves: BTreeMap<u64, Hash> =
            computed.iter().filter(|(id, _)| id.level == 0).map(|(id, hash)| (id.index, *hash)).collect();
        let pairs: Vec<(u64, Option<Hash>)> = differing
            .iter()
            .filter(|(id, _)| id.level == 1)
            .map(|(id, stored)| (id.index * 2, *stored))
            .collect();
        for (left, stored) in &pairs {
            name_pair(*left, *stored, &leaves, &pairs, names, walk);
        }
        if pairs.is_empty() {
            for (id, _) in differing {
                let message = format!(
                    "The node at level {}, index {} is not the one that the entries give.",
                    id.level, id.index
                );
                walk.report.add(FindingKind::ChangedNode, None, None, message);
            }
        }
        walk.damage();
        Ok(())
    }
}

/// The first and the last index of the inner nodes of each level: those of a batch stand beside each other.
fn spans(computed: &[(NodeId, Hash)]) -> BTreeMap<u8, (u64, u64)> {
    let mut spans: BTreeMap<u8, (u64, u64)> = BTreeMap::new();
    for (id, _) in computed.iter().filter(|(id, _)| id.level > 0) {
        let span = spans.entry(id.level).or_insert((id.index, id.index));
        *span = (span.0.min(id.index), span.1.max(id.index));
    }
    spans
}

/// Says what happened to the two leaves under a node that differs.
fn name_pair(
    left: u64,
    stored: Option<Hash>,
    leaves: &BTreeMap<u64, Hash>,
    pairs: &[(u64, Option<Hash>)],
    names: &HashMap<u64, String>,
    walk: &mut Walk<'_>,
) {
    let (Some(a), Some(b)) = (leaves.get(&left), leaves.get(&(left + 1))) else { return };
    let name = |index: u64| names.get(&index).cloned();
    let Some(stored) = stored else {
        let message = format!("The tree has no node over leaves {left} and {}.", left + 1);
        return walk.report.add(FindingKind::ChangedNode, Some(left), name(left), message);
    };
    if stored == node_hash(b, a) {
        let message = format!("The entries at leaves {left} and {} stand in each other's place.", left + 1);
        return walk.report.add(FindingKind::Reordered, Some(left + 1), name(left + 1), message);
    }
    let tried =
        pairs.iter().flat_map(|(l, _)| [*l, l + 1]).filter(|i| *i != left && *i != left + 1).take(TRIED_MAX);
    for other in tried {
        let Some(x) = leaves.get(&other) else { continue };
        let place = if stored == node_hash(x, b) {
            left
        } else if stored == node_hash(a, x) {
            left + 1
        } else {
            continue;
        };
        let message = format!("The entry of leaf {place} stands at leaf {other}: they were exchanged.");
        return walk.report.add(FindingKind::Reordered, Some(other), name(other), message);
    }
    let both = [name(left), name(left + 1)].into_iter().flatten().collect::<Vec<_>>().join(" or ");
    let message = format!(
        "One of the entries at leaves {left} and {} was changed together with the hash beside it: {both}.",
        left + 1
    );
    walk.report.add(FindingKind::ChangedEntry, Some(left), Some(both), message);
}

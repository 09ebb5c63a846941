//! Coordinates and paths of tiles, the files in which a log is exported.
//!
//! A tile holds up to 256 hashes of one level: tile level `l` holds the roots of complete subtrees of height
//! `8 * l`. Only the last tile of a level is partial. Entry bundles are named as the tiles of level 0.
//!
//! Not here: reading and writing of files, the format of entry bundles.
//!
//! Source: C2SP tlog-tiles, sections "Merkle Tree", "Partial Tiles" and "Log entries".

use crate::error::Error;
use crate::tree::{Hash, MAX_TREE_SIZE, NodeId, NodeReader, require_node};

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 256;
const TILE_HEIGHT: u8 = 8;
/// The highest tile level that a tree of [`MAX_TREE_SIZE`] leaves can have.
const LAST_LEVEL: u8 = 7;

/// The place of a tile and how many hashes it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// Lists the tiles of a tree of `size` leaves: level by level, left to right, the last of a level partial
    /// unless it is full. It is lazy, as a large log has many.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        (0..=LAST_LEVEL).flat_map(move |level| {
            let hashes = size >> (TILE_HEIGHT * level);
            (0..hashes.div_ceil(TILE_WIDTH)).map(move |index| {
                let width = (hashes - index * TILE_WIDTH).min(TILE_WIDTH) as u16;
                Self { level, index, width }
            })
        })
    }

    /// Tells the level: 0 holds leaf hashes, each further one is eight levels of the tree higher.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Tells the position from the left at that level, from zero.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Tells how many hashes the tile holds, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Gives the path of the tile below the prefix of the log, such as `tile/0/x001/234.p/5`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, self.numbered())
    }

    /// Gives the path of the entry bundle that belongs to this tile of level 0; none for other levels.
    #[must_use]
    pub fn entries_path(&self) -> Option<String> {
        (self.level == 0).then(|| format!("tile/entries/{}", self.numbered()))
    }

    fn numbered(&self) -> String {
        let mut path = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            path = format!("x{:03}/{path}", rest % 1000);
            rest /= 1000;
        }
        if u64::from(self.width) < TILE_WIDTH {
            path.push_str(&format!(".p/{}", self.width));
        }
        path
    }

    /// Reads the path of a tile (not of an entry bundle). Each path that is accepted is the one that
    /// [`Tile::path`] writes.
    ///
    /// # Errors
    /// [`Error::MalformedTilePath`].
    pub fn parse(path: &str) -> Result<Self, Error> {
        const BAD: Error =
            Error::MalformedTilePath("it must have the form tile/LEVEL/NUMBER, as tile/0/x001/234.p/5");
        let (level, rest) = path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(BAD)?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().map_err(|_| BAD)?),
            None => (rest, TILE_WIDTH as u16),
        };
        let index = number.split('/').try_fold(0_u64, |sum, part| {
            let digits = part.strip_prefix('x').unwrap_or(part);
            sum.checked_mul(1000)?.checked_add(digits.parse().ok().filter(|_| digits.len() == 3)?)
        });
        let tile = Self { level: level.parse().map_err(|_| BAD)?, index: index.ok_or(BAD)?, width };
        let fits = tile.level <= LAST_LEVEL
            && (1..=TILE_WIDTH).contains(&u64::from(width))
            && tile.index <= (MAX_TREE_SIZE >> (TILE_HEIGHT * tile.level)) / TILE_WIDTH;
        if fits && tile.path() == path { Ok(tile) } else { Err(BAD) }
    }

    /// Lists the nodes of the tree that the tile holds, left to right.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        let first = self.index * TILE_WIDTH;
        let level = self.level * TILE_HEIGHT;
        (first..first + u64::from(self.width)).map(move |index| NodeId { level, index })
    }

    /// Gives the bytes of the tile: its hashes one after another, 32 bytes each.
    ///
    /// # Errors
    /// [`Error::MissingNode`], or [`Error::Read`] from the reader.
    pub fn bytes(&self, reader: &impl NodeReader) -> Result<Vec<u8>, Error> {
        let hashes: Vec<Hash> = self.nodes().map(|id| require_node(reader, id)).collect::<Result<_, _>>()?;
        Ok(hashes.concat())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::{MAX_TREE_SIZE, Tile};
    use crate::tree::{Frontier, NodeId, leaf_hash};
    use std::collections::HashMap;

    #[test]
    fn seventy_thousand_leaves_have_the_tiles_of_the_specification() {
        let tiles: Vec<Tile> = Tile::all(70_000).collect();
        let count = |level, width| tiles.iter().filter(|t| t.level() == level && t.width() == width).count();
        assert_eq!((count(0, 256), count(0, 112)), (273, 1));
        assert_eq!((count(1, 256), count(1, 17), count(2, 1)), (1, 1, 1));
        assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
        let small: Vec<String> = Tile::all(256).map(|tile| tile.path()).collect();
        assert_eq!(small, ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(Tile::all(0).count(), 0);
    }

    #[test]
    fn paths_are_written_and_read() {
        let tile = Tile { level: 0, index: 1_234_067, width: 256 };
        assert_eq!(tile.path(), "tile/0/x001/x234/067");
        assert_eq!(tile.entries_path().unwrap(), "tile/entries/x001/x234/067");
        let partial = Tile { level: 2, index: 1000, width: 5 };
        assert_eq!(partial.path(), "tile/2/x001/000.p/5");
        assert_eq!(partial.entries_path(), None);
        for tile in [tile, partial].into_iter().chain(Tile::all(70_000)) {
            assert_eq!(Tile::parse(&tile.path()).unwrap(), tile);
        }
    }

    #[test]
    fn other_paths_are_refused() {
        let too_far = format!("tile/0/x036/x028/x797/x018/x963/{:03}", (MAX_TREE_SIZE / 256 + 1) % 1000);
        for path in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/00",
            "tile/0/0000",
            "tile/00/000",
            "tile/8/000",
            "tile/-1/000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/+01",
            "tile/0/000/",
            "/tile/0/000",
            "tile/entries/000",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            &too_far,
        ] {
            assert!(Tile::parse(path).is_err(), "{path}");
        }
        assert!(Tile::parse("tile/0/x036/x028/x797/x018/x963/967").is_ok());
    }

    #[test]
    fn bytes_are_the_hashes_of_the_nodes() {
        let mut frontier = Frontier::new();
        let leaves: Vec<_> = (0..300_u32).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let nodes: HashMap<NodeId, _> =
            frontier.append_all(leaves.iter().copied()).unwrap().into_iter().collect();
        let tiles: Vec<Tile> = Tile::all(300).collect();
        assert_eq!(tiles[0].bytes(&nodes).unwrap(), leaves[..256].concat());
        assert_eq!(tiles[1].bytes(&nodes).unwrap(), leaves[256..].concat());
        assert_eq!(tiles[2].bytes(&nodes).unwrap(), nodes[&NodeId::new(8, 0)]);
    }
}

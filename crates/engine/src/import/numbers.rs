//! Numbers of new records, reserved in blocks: one question to the database for many records.

use std::collections::HashMap;

use crate::Engine;
use crate::error::Error;

/// First block; each further one doubles, up to [`LARGEST`].
const FIRST: i64 = 16;
const LARGEST: i64 = 1_024;

/// Reserved numbers by type.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Next number, end of the block, size of the block.
    blocks: HashMap<String, (i64, i64, i64)>,
}

impl Numbers {
    /// The next number of a type.
    pub async fn next(&mut self, engine: &Engine, of: &str) -> Result<i64, Error> {
        if let Some((next, end, _)) = self.blocks.get_mut(of)
            && next < end
        {
            *next += 1;
            return Ok(*next - 1);
        }
        let size = self.blocks.get(of).map_or(FIRST, |(_, _, size)| (size * 2).min(LARGEST));
        let first = engine.store().allocate(of, usize::try_from(size).unwrap_or(1)).await?;
        self.blocks.insert(of.to_owned(), (first + 1, first + size, size));
        Ok(first)
    }
}

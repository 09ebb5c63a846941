//! Many rows of small numbers in little memory: a figure such as a median needs the value of every record, and a desk has
//! a million of them.
//!
//! A number takes one byte where it is missing or the same as the one before it in its row, else as many as its digits
//! need: instants of people fall on whole minutes or seconds, and a difference of those is short.

const MINUTE: i64 = 60_000_000;
const SECOND: i64 = 1_000_000;
/// Bytes of a block: growing one vector would copy all and need room for both.
const BLOCK: usize = 64 * 1024;
/// Most bytes of one number.
const LONGEST: usize = 10;

/// Rows of the same width.
#[derive(Debug)]
pub(super) struct Rows {
    width: usize,
    blocks: Vec<Vec<u8>>,
}

impl Rows {
    /// No rows yet.
    pub fn new(width: usize) -> Self {
        Self { width, blocks: Vec::new() }
    }

    /// Adds a row; numbers beyond its width are left out.
    pub fn push(&mut self, row: &[Option<i64>]) {
        let needs = self.width * LONGEST;
        if self.blocks.last().is_none_or(|block| block.len() + needs > BLOCK.max(needs)) {
            self.blocks.push(Vec::with_capacity(BLOCK.max(needs)));
        }
        let Some(block) = self.blocks.last_mut() else { return };
        let mut before = None;
        for at in 0..self.width {
            let number = row.get(at).copied().flatten();
            match number {
                None => block.push(0),
                Some(_) if number == before => block.push(1),
                Some(number) => write(block, number),
            }
            before = number;
        }
    }

    /// Gives each row, in the order in which they were added.
    pub fn each(&self, mut then: impl FnMut(&[Option<i64>])) {
        let mut row = vec![None; self.width];
        for block in &self.blocks {
            let mut rest = block.as_slice();
            while !rest.is_empty() {
                let mut before = None;
                for place in &mut row {
                    *place = read(&mut rest, before);
                    before = *place;
                }
                then(&row);
            }
        }
    }

    /// Bytes that are taken.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.blocks.iter().map(Vec::capacity).sum()
    }
}

/// Writes a number as its count of the largest unit that fits, the sign last, and the unit: 2 and more.
fn write(block: &mut Vec<u8>, number: i64) {
    let (count, unit) = match number {
        _ if number % MINUTE == 0 => (number / MINUTE, 0),
        _ if number % SECOND == 0 => (number / SECOND, 1),
        _ => (number, 2),
    };
    let mut code = u128::from(count.unsigned_abs()) * 6 + unit * 2 + u128::from(count < 0) + 2;
    while code >= 0x80 {
        block.push((code & 0x7f) as u8 | 0x80);
        code >>= 7;
    }
    block.push(code as u8);
}

fn read(rest: &mut &[u8], before: Option<i64>) -> Option<i64> {
    let mut code = 0_u128;
    let mut shift = 0;
    while let Some((byte, after)) = rest.split_first() {
        *rest = after;
        code |= u128::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let code = match code {
        0 => return None,
        1 => return before,
        code => code - 2,
    };
    let unit = [MINUTE, SECOND, 1][(code / 2 % 3) as usize];
    let count = i64::try_from(code / 6).unwrap_or(i64::MAX);
    let number = count.saturating_mul(unit);
    Some(if code % 2 == 1 { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn rows_come_back_as_they_were() {
        let far = [0, 1, -1, 59, 60_000_000, -60_000_000, 1_000_000, 123_456_789_012, i64::MAX, -i64::MAX];
        let given: Vec<[Option<i64>; 4]> = (0..40_000_usize)
            .map(|i| {
                let number = far[i % far.len()];
                [Some(number), (i % 3 > 0).then_some(number), None, Some(number / (1 + i as i64))]
            })
            .collect();
        let mut rows = Rows::new(4);
        given.iter().for_each(|row| rows.push(row));
        let mut found = Vec::new();
        rows.each(|row| found.push(row.to_vec()));
        assert_eq!(found.len(), given.len());
        for (found, given) in found.iter().zip(&given) {
            assert_eq!(found, given);
        }
    }

    #[test]
    fn a_row_of_whole_minutes_takes_few_bytes() {
        let mut rows = Rows::new(9);
        let day = 24 * 60 * 60_000_000_i64;
        for i in 0..100_000 {
            let closed = Some(i % 400 * day);
            rows.push(&[closed, closed, closed, None, Some(5 * day), None, None, Some(1), Some(2)]);
        }
        assert!(rows.bytes() < 100_000 * 14, "{}", rows.bytes());
    }
}

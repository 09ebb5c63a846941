//! Counts as people read them.

/// A count with thousands apart, of any whole number; there is none below zero.
pub fn thousands(count: impl TryInto<u64>) -> String {
    let digits = count.try_into().unwrap_or_default().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn counts_are_read_in_thousands() {
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_284_902, "1,284,902"), (-1, "0")] {
            assert_eq!(thousands(count), text);
        }
        assert_eq!(thousands(12_345_usize), "12,345");
    }
}

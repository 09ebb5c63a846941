//! "Did you mean": the known name that is nearest to a mistyped one.

/// Finds the nearest of the known names; none where nothing is near.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong_lower = wrong.to_lowercase();
    known
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let begins = wrong_lower.len() >= 3 && lower.starts_with(&wrong_lower);
            let allowed = 1 + wrong_lower.chars().count() / 4;
            let steps = distance(&wrong_lower, &lower);
            (begins || steps <= allowed).then_some((if begins { 0 } else { steps }, name))
        })
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.len().cmp(&b.1.len())).then(a.1.cmp(b.1)))
        .map(|(_, name)| name)
}

/// Writes the suggestion as the end of a message.
pub(crate) fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>, quote: &str) -> String {
    nearest(wrong, known).map_or_else(String::new, |name| format!("; did you mean {quote}{name}{quote}?"))
}

/// Counts the letters to change, add, drop or swap with a neighbour (at most 64 letters are looked at).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swap = if swapped { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                change.min(swap).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found_and_far_ones_not() {
        let known = ["priority", "state", "opened_at", "closed_at", "title"];
        for (wrong, right) in [
            ("prio", Some("priority")),
            ("proirity", Some("priority")),
            ("State", Some("state")),
            ("closedat", Some("closed_at")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(wrong, known), right, "{wrong}");
        }
    }
}

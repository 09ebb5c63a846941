//! Round numbers for an axis.

/// The steps of an axis that begins at 0 and covers `most`, about five of them. Never empty.
pub(super) fn ticks(most: f64) -> Vec<f64> {
    if !most.is_finite() || most <= 0.0 {
        return vec![0.0, 1.0];
    }
    let rough = most / 5.0;
    let magnitude = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * magnitude)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(magnitude * 10.0);
    let count = (most / step).ceil().clamp(1.0, 20.0);
    (0..).map(f64::from).take_while(|i| *i <= count).map(|i| i * step).collect()
}

/// A number as it is written on an axis: no needless digits, thousands apart.
pub(super) fn number(value: f64) -> String {
    let rounded = if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    let (whole, rest) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let mut written = String::new();
    let digits = whole.trim_start_matches('-');
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            written.push('\u{202f}');
        }
        written.push(digit);
    }
    let rest = rest.trim_end_matches('0');
    let sign = if whole.starts_with('-') && written != "0" { "-" } else { "" };
    if rest.is_empty() { format!("{sign}{written}") } else { format!("{sign}{written}.{rest}") }
}

/// A coordinate: one decimal is finer than a pixel.
pub(super) fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

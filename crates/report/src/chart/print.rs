//! The same drawing for paper: typesetters know no stylesheet, so each class becomes plain attributes.

/// Class of a chart to what it looks like in print; the tones of the light theme.
const LOOKS: [(&str, &str); 20] = [
    ("chart-title", "font-size=\"13\" font-weight=\"bold\" fill=\"#1c2024\""),
    ("chart-value", "fill=\"#1c2024\""),
    ("chart-name", "stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""),
    (
        "chart-lane",
        "fill=\"#1c2024\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
    ),
    ("chart-axis", "stroke=\"#8a94a0\" stroke-width=\"1\" fill=\"none\""),
    ("chart-grid", "stroke=\"#dfe3e8\" stroke-width=\"1\" fill=\"none\""),
    ("chart-target", "stroke=\"#1c2024\" stroke-width=\"1.4\" stroke-dasharray=\"5 4\" fill=\"none\""),
    ("chart-due", "fill=\"#ffffff\" stroke=\"#1c2024\" stroke-width=\"1.4\""),
    ("bar accent", "fill=\"#2f5fd0\""),
    ("bar ok", "fill=\"#2e7d4f\""),
    ("bar risk", "fill=\"#b7791f\""),
    ("bar bad", "fill=\"#b83a3a\""),
    ("bar info", "fill=\"#3f7ea6\""),
    ("bar idle", "fill=\"#9aa3ad\""),
    ("line accent", "stroke=\"#2f5fd0\" stroke-width=\"1.8\" fill=\"none\""),
    ("line ok", "stroke=\"#2e7d4f\" stroke-width=\"1.8\" fill=\"none\""),
    ("line risk", "stroke=\"#b7791f\" stroke-width=\"1.8\" fill=\"none\""),
    ("line bad", "stroke=\"#b83a3a\" stroke-width=\"1.8\" fill=\"none\""),
    ("line info", "stroke=\"#3f7ea6\" stroke-width=\"1.8\" fill=\"none\""),
    ("line idle", "stroke=\"#9aa3ad\" stroke-width=\"1.8\" fill=\"none\""),
];

/// A chart's SVG with presentation attributes in place of classes.
pub fn for_print(svg: &str) -> String {
    let mut plain =
        svg.replace("class=\"chart\"", "font-family=\"Libertinus Serif\" font-size=\"11\" fill=\"#4a525c\"");
    for (class, look) in LOOKS {
        plain = plain.replace(&format!("class=\"{class}\""), look);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::for_print;
    use crate::chart::{Bars, Caption, Lines, Series, Tone};

    #[test]
    fn no_class_is_left() {
        let tones = [Tone::Accent, Tone::Ok, Tone::Risk, Tone::Bad, Tone::Info, Tone::Idle];
        let series: Vec<Series> =
            tones.iter().map(|tone| Series::new("one", *tone, vec![1.0, 2.0])).collect();
        let labels = vec!["a".to_owned(), "b".to_owned()];
        let caption = Caption::new("Title", "What it says", "x", "y");
        let target = Some((1.5, "target".to_owned()));
        let bars = Bars {
            caption: caption.clone(),
            labels: labels.clone(),
            series: series.clone(),
            target: target.clone(),
        };
        let lines = Lines { caption, labels, series, target };
        for drawn in [bars.svg().into_string(), lines.svg().into_string()] {
            let plain = for_print(&drawn);
            assert!(
                drawn.contains("class=") && !plain.contains("class=") && !plain.contains("var("),
                "{plain}"
            );
        }
    }
}

//! Charts are safe, labelled and in proportion.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::axis::{number, ticks};
use super::{Bars, Caption, Cell, Histogram, Lines, Series, Strip, Tone};

fn caption() -> Caption {
    Caption::new("Hours <to> resolve", "Half take less than a day", "Hours", "Incidents")
}

#[test]
fn axes_are_round_and_cover_the_largest_value() {
    assert_eq!(ticks(12_349.0), [0.0, 2_500.0, 5_000.0, 7_500.0, 10_000.0, 12_500.0]);
    assert_eq!(ticks(0.0), [0.0, 1.0]);
    assert_eq!(ticks(f64::NAN), [0.0, 1.0]);
    for most in [0.003, 0.7, 1.0, 3.0, 99.9, 1e9] {
        let steps = ticks(most);
        assert!(*steps.last().unwrap() >= most * 0.999 && steps.len() <= 8, "{most}: {steps:?}");
    }
}

#[test]
fn numbers_have_no_needless_digits() {
    let written = [0.0, 0.5, 12.25, 1_250.0, 1_000_000.0].map(number);
    assert_eq!(written, ["0", "0.5", "12.25", "1\u{202f}250", "1\u{202f}000\u{202f}000"]);
}

#[test]
fn names_from_data_are_escaped_and_there_is_no_style() {
    let series = vec![Series::new("<b>", Tone::Ok, vec![3.0]), Series::new("x", Tone::Bad, vec![1.0])];
    let labels = vec!["<script>".to_owned()];
    let drawn = [
        Bars {
            caption: caption(),
            labels: labels.clone(),
            series: series.clone(),
            target: Some((4.0, "<i>".into())),
        }
        .svg(),
        Lines { caption: caption(), labels: labels.clone(), series: series.clone(), target: None }.svg(),
        Histogram { caption: caption(), labels, series }.svg(),
        Strip { caption: caption(), cells: vec![Cell { label: "<u>".into(), ..Cell::default() }] }.svg(),
    ];
    for svg in drawn.map(maud::Markup::into_string) {
        assert!(
            !svg.contains("<script>") && !svg.contains("<b>") && !svg.contains("<i>") && !svg.contains("<u>")
        );
        assert!(!svg.contains("style="), "{svg}");
        assert!(svg.contains("role=\"img\"") && svg.contains("Hours &lt;to&gt; resolve"));
    }
}

#[test]
fn stacked_pieces_lie_side_by_side_in_proportion() {
    let series = vec![Series::new("met", Tone::Ok, vec![30.0]), Series::new("missed", Tone::Bad, vec![10.0])];
    let svg =
        Bars { caption: caption(), labels: vec!["P1".into()], series, target: None }.svg().into_string();
    let widths: Vec<f64> = svg
        .split("<rect class=\"bar ")
        .skip(3)
        .map(|piece| piece.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(widths.len(), 2);
    assert!((widths[0] / widths[1] - 3.0).abs() < 0.01, "{widths:?}");
}

#[test]
fn a_gap_in_a_line_is_not_drawn_over() {
    let series = vec![Series::new("n", Tone::Accent, vec![1.0, f64::NAN, 2.0, 3.0])];
    let labels = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let svg = Lines { caption: caption(), labels, series, target: None }.svg().into_string();
    let path = svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(path.matches('M').count(), 2);
    assert_eq!(path.matches('L').count(), 1);
}

#[test]
fn a_chart_for_little_room_keeps_its_letters_inside() {
    let labels = vec!["A category with a long name of many words".to_owned(), "b".to_owned()];
    let series = vec![Series::new("n", Tone::Accent, vec![12_000.0, 3.0])];
    let bars = Bars { caption: caption(), labels: labels.clone(), series: series.clone(), target: None };
    let drawn = [
        bars.fitting(),
        Histogram { caption: caption(), labels: labels.clone(), series: series.clone() }.fitting(),
        Lines { caption: caption(), labels, series, target: None }.fitting(),
    ];
    for both in drawn.map(maud::Markup::into_string) {
        assert_eq!(both.matches("<svg").count(), 2, "one for each room");
        let narrow = both.split("chart-narrow").nth(1).unwrap();
        assert!(narrow.contains("viewBox=\"0 0 380 "), "{narrow}");
        let x = |attribute: &str| -> f64 {
            let found = narrow.split(attribute).skip(1).map(|t| t.split('"').next().unwrap());
            found.filter_map(|t| t.parse::<f64>().ok()).fold(0.0, f64::max)
        };
        assert!(x(" x=\"") <= 380.0 && x(" x2=\"") <= 380.0, "{narrow}");
    }
}

#[test]
fn an_axis_begins_near_values_that_differ_little_and_at_nought_otherwise() {
    let lines = |values: &[f64]| Lines {
        caption: caption(),
        labels: vec!["a".to_owned(), "b".to_owned()],
        series: vec![Series::new("n", Tone::Accent, values.to_vec())],
        target: Some((99.9, "target 99.9".to_owned())),
    };
    let near = lines(&[99.8, 100.0]).fitting_near().into_string();
    assert!(near.contains(">99.4<") && !near.contains(">0<"), "{near}");
    let wide = lines(&[3.0, 100.0]).fitting_near().into_string();
    assert!(wide.contains(">0<"), "{wide}");
    assert!(lines(&[99.8, 100.0]).fitting().into_string().contains(">0<"), "other charts begin at 0");
}

#[test]
fn bars_of_a_line_of_time_lie_in_order_and_do_not_meet() {
    use super::{Lane, Span, Timeline};
    let span = |from: i32, until: i32, label: &str, tone: Tone| Span {
        from,
        until,
        label: label.to_owned(),
        says: format!("{label} <says>"),
        tone,
        due: vec![(until + 30, "answer".to_owned())],
    };
    let line = Timeline {
        caption: caption(),
        from: 0,
        until: 1_000,
        today: 500,
        ticks: vec![(0, "2026".to_owned(), true), (365, "2027".to_owned(), true)],
        lanes: vec![
            Lane {
                label: "Internal".to_owned(),
                spans: vec![
                    span(100, 110, "First", Tone::Ok),
                    span(105, 115, "Second", Tone::Bad),
                    span(980, 999, "At the very end", Tone::Info),
                ],
            },
            Lane { label: "Stage 1".to_owned(), spans: Vec::new() },
        ],
    };
    let both = line.fitting().into_string();
    let (wide, narrow) = both.split_once("chart-narrow").unwrap();
    assert_eq!(wide.matches("<circle").count(), 3);
    assert!(
        wide.contains("today") && wide.contains("First &lt;says&gt;") && !wide.contains("style="),
        "{wide}"
    );
    assert!(wide.contains(">late<") && wide.contains(">done<") && !wide.contains(">under way<"), "{wide}");
    let rows: Vec<&str> =
        wide.split("<rect class=\"bar ").skip(4).map(|r| r.split(" y=\"").nth(1).unwrap()).collect();
    let y = |row: &str| row.split('"').next().unwrap().parse::<f64>().unwrap();
    assert!(y(rows[0]) < y(rows[1]), "two at the same time take two rows: {wide}");
    assert!((y(rows[0]) - y(rows[2])).abs() < 0.1, "what comes later shares the first: {wide}");
    assert!(
        wide.contains("text-anchor=\"end\">At the very end"),
        "words at the end stand before their bar: {wide}"
    );
    for part in narrow.split(" x=\"").skip(1) {
        assert!(part.split('"').next().unwrap().parse::<f64>().unwrap() <= 380.0, "{part}");
    }
    for drawing in [wide, narrow] {
        let today = drawing.find(">today<").unwrap();
        let names = drawing
            .match_indices("class=\"chart-name\"")
            .chain(drawing.match_indices("class=\"chart-lane\""));
        assert!(
            names.clone().count() >= 5 && names.clone().all(|(at, _)| at > today),
            "lines lie behind names: {drawing}"
        );
    }
    let rings: Vec<f64> = wide.split(" cy=\"").skip(1).map(y).collect();
    let bars: Vec<f64> = rows.iter().map(|row| y(row)).collect();
    assert!(
        rings[0] - 3.0 > bars[0] + 15.0,
        "the ring of a deadline stands below the words of its row: {wide}"
    );
    assert!(rings[0] + 3.0 < bars[1], "and above the next: {wide}");
}

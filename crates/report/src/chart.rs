//! Charts: SVG drawn on the server, the same picture in a page and in a report.
//!
//! A chart has a title, labelled axes with units, and the role of an image with a description in words, so that it is
//! also read aloud. Colours come from CSS classes only ([`CSS`]); there is no style attribute, so a strict content
//! security policy holds. Not here: which figures are shown (`web`), and the table of the same numbers that belongs
//! beside a chart.

mod axis;
mod bars;
mod frame;
mod lines;
mod print;
mod strip;
#[cfg(test)]
mod tests;
mod timeline;

use maud::Markup;

pub use print::for_print;

/// The classes that charts use, by the tokens of the desk's stylesheet.
pub const CSS: &str = "\
.chart { width: 100%; height: auto; display: block; }
.chart-room { container-type: inline-size; } .chart-narrow { display: none; }
@container (max-width: 560px) { .chart-wide { display: none; } .chart-narrow { display: block; max-width: 520px; } }
.chart text { font: 11px var(--sans); fill: var(--ink-2); }
.chart .chart-title { font-size: 13px; font-weight: 600; fill: var(--ink); }
.chart .chart-value { fill: var(--ink); }
.chart .chart-lane { fill: var(--ink); }
.chart .chart-name, .chart .chart-lane { stroke: var(--sheet); stroke-width: 3px; stroke-linejoin: round; paint-order: stroke; }
.chart .chart-axis { stroke: var(--line-strong); stroke-width: 1; fill: none; }
.chart .chart-grid { stroke: var(--line); stroke-width: 1; fill: none; }
.chart .chart-due { fill: var(--sheet); stroke: var(--ink); stroke-width: 1.4; }
.chart .chart-target { stroke: var(--ink); stroke-width: 1.4; stroke-dasharray: 5 4; fill: none; }
.chart .bar.accent { fill: var(--accent); } .chart .bar.ok { fill: var(--ok); } .chart .bar.risk { fill: var(--risk); }
.chart .bar.bad { fill: var(--bad); } .chart .bar.info { fill: var(--info); } .chart .bar.idle { fill: var(--idle); }
.chart .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.chart .line.accent { stroke: var(--accent); } .chart .line.ok { stroke: var(--ok); } .chart .line.risk { stroke: var(--risk); }
.chart .line.bad { stroke: var(--bad); } .chart .line.info { stroke: var(--info); } .chart .line.idle { stroke: var(--idle); }
";

/// What a colour means. The word stands beside it in the legend or in the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// No judgement: the accent of the desk.
    #[default]
    Accent,
    /// Good.
    Ok,
    /// About to go wrong.
    Risk,
    /// Wrong.
    Bad,
    /// A second neutral series.
    Info,
    /// Not known, or beside the point.
    Idle,
}

impl Tone {
    /// The CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Accent => "accent",
            Self::Ok => "ok",
            Self::Risk => "risk",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Idle => "idle",
        }
    }
}

/// What every chart says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caption {
    /// What is shown, in a few words.
    pub title: String,
    /// What the picture says, in a sentence, for those who do not see it.
    pub description: String,
    /// What the horizontal axis counts, with its unit.
    pub x: String,
    /// What the vertical axis counts, with its unit.
    pub y: String,
}

impl Caption {
    /// A caption.
    pub fn new(title: &str, description: &str, x: &str, y: &str) -> Self {
        let [title, description, x, y] = [title, description, x, y].map(str::to_owned);
        Self { title, description, x, y }
    }
}

/// One named row of values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Colour.
    pub tone: Tone,
    /// One value for each label; not a number leaves a gap.
    pub values: Vec<f64>,
}

impl Series {
    /// A series.
    pub fn new(name: &str, tone: Tone, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), tone, values }
    }
}

/// Bars that lie, one row for each label: for lists of names. A target is a line across, with its words.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bars {
    /// Title, description and axes.
    pub caption: Caption,
    /// One label a row, from the top.
    pub labels: Vec<String>,
    /// Series; several are stacked.
    pub series: Vec<Series>,
    /// A value to reach, with its words.
    pub target: Option<(f64, String)>,
}

/// Lines over time or another ordered axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lines {
    /// Title, description and axes.
    pub caption: Caption,
    /// One label for each point, in order; some of them are written.
    pub labels: Vec<String>,
    /// The lines.
    pub series: Vec<Series>,
    /// A value to reach, with its words.
    pub target: Option<(f64, String)>,
}

/// Standing columns, one for each range of values: a histogram.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// Title, description and axes.
    pub caption: Caption,
    /// The range of each column, as written below it.
    pub labels: Vec<String>,
    /// Series; several are stacked.
    pub series: Vec<Series>,
}

/// One cell of a [`Strip`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// What it stands for, such as a day.
    pub label: String,
    /// What it says in words.
    pub says: String,
    /// Colour.
    pub tone: Tone,
}

/// A row of cells of equal width: how something stood day by day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Strip {
    /// Title, description and axes.
    pub caption: Caption,
    /// The cells, oldest first.
    pub cells: Vec<Cell>,
}

/// Something that lasts from one day to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// First day, since 1970-01-01.
    pub from: i32,
    /// Last day.
    pub until: i32,
    /// A few words beside the bar.
    pub label: String,
    /// What it says in words.
    pub says: String,
    /// Colour: done (ok), under way (accent), planned (info) or late (bad).
    pub tone: Tone,
    /// Deadlines that belong to it, each with its words.
    pub due: Vec<(i32, String)>,
}

/// A lane of a [`Timeline`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lane {
    /// Its name.
    pub label: String,
    /// What lies in it, in order of time.
    pub spans: Vec<Span>,
}

/// What is planned and done over some years, in lanes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// Title, description and axes.
    pub caption: Caption,
    /// First day.
    pub from: i32,
    /// Last day.
    pub until: i32,
    /// The present day.
    pub today: i32,
    /// Days that are marked: a label, and whether it is a strong line.
    pub ticks: Vec<(i32, String, bool)>,
    /// The lanes, from the top.
    pub lanes: Vec<Lane>,
}

impl Timeline {
    /// Draws it.
    pub fn svg(&self) -> Markup {
        timeline::draw(self, frame::WIDTH)
    }

    /// Draws it for much and for little room; the page shows one of them.
    pub fn fitting(&self) -> Markup {
        frame::both(|wide| timeline::draw(self, wide))
    }
}

impl Bars {
    /// Draws it.
    pub fn svg(&self) -> Markup {
        bars::lying(self, frame::WIDTH)
    }

    /// Draws it for much and for little room; the page shows one of them.
    pub fn fitting(&self) -> Markup {
        frame::both(|wide| bars::lying(self, wide))
    }
}

impl Lines {
    /// Draws it.
    pub fn svg(&self) -> Markup {
        lines::draw(self, frame::WIDTH, 0.0)
    }

    /// Draws it for much and for little room; the page shows one of them.
    pub fn fitting(&self) -> Markup {
        frame::both(|wide| lines::draw(self, wide, 0.0))
    }

    /// As [`Lines::fitting`], with an axis that begins near the smallest value where all values lie close together.
    pub fn fitting_near(&self) -> Markup {
        frame::both(|wide| lines::draw(self, wide, lines::low(self)))
    }
}

impl Histogram {
    /// Draws it.
    pub fn svg(&self) -> Markup {
        bars::standing(self, frame::WIDTH)
    }

    /// Draws it for much and for little room; the page shows one of them.
    pub fn fitting(&self) -> Markup {
        frame::both(|wide| bars::standing(self, wide))
    }
}

impl Strip {
    /// Draws it.
    pub fn svg(&self) -> Markup {
        strip::draw(self, frame::WIDTH)
    }

    /// Draws it for much and for little room; the page shows one of them.
    pub fn fitting(&self) -> Markup {
        frame::both(|wide| strip::draw(self, wide))
    }
}

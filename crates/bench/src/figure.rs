//! Figures beside their floors, and the table of them.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

/// Where the paper takes the tables: between these marks.
const MARKS: (&str, &str) = ("<!-- measured -->", "<!-- end of measured -->");

/// Something measured: so many operations in a time, with the processor time they took.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// Operations.
    pub count: usize,
    /// Time on the wall.
    pub wall: Duration,
    /// Processor time, of this program and of the database server.
    pub cpu: Duration,
    /// Time of each operation where it was taken, unsorted.
    pub each: Vec<Duration>,
}

impl Taken {
    /// Adds another round.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.wall += other.wall;
        self.cpu += other.cpu;
        self.each.extend(other.each);
    }

    /// Operations a second.
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.wall.as_secs_f64().max(1e-9)
    }

    /// Processor time of one operation, microseconds.
    pub fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count.max(1) as f64
    }

    /// The time below which this share of the operations lies, milliseconds.
    pub fn percentile(&self, share: f64) -> f64 {
        let mut each = self.each.clone();
        each.sort_unstable();
        let place = ((each.len() as f64 * share).ceil() as usize).clamp(1, each.len().max(1)) - 1;
        each.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

/// One line of the table.
#[derive(Debug, Clone, Default)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// Ours.
    pub ours: String,
    /// The same work by bare SQL.
    pub floor: String,
    /// Ours to the floor: of throughput, or of time.
    pub ratio: Option<f64>,
    /// Processor time of one operation, ours and the floor's.
    pub cpu: String,
    /// What is to be reached.
    pub target: String,
    /// Whether it is.
    pub reached: Option<bool>,
}

impl Figure {
    /// A throughput: `what` a second. The ratio is ours to the floor's; more is better.
    pub fn rate(name: &str, what: &str, ours: &Taken, floor: &Taken) -> Self {
        let times = if ours.each.is_empty() {
            String::new()
        } else {
            format!(" (p50 {:.1}, p99 {:.1} ms)", ours.percentile(0.5), ours.percentile(0.99))
        };
        Self {
            name: name.to_owned(),
            ours: format!("{:.0} {what}/s{times}", ours.rate()),
            floor: format!("{:.0} {what}/s", floor.rate()),
            ratio: Some(ours.rate() / floor.rate().max(1e-9)),
            cpu: cpu(ours, floor),
            ..Self::default()
        }
    }

    /// A time of one operation. The ratio is ours to the floor's by p50; less is better.
    pub fn time(name: &str, ours: &Taken, floor: &Taken) -> Self {
        let words = |t: &Taken| format!("p50 {:.2}, p99 {:.2} ms", t.percentile(0.5), t.percentile(0.99));
        Self {
            name: name.to_owned(),
            ours: words(ours),
            floor: words(floor),
            ratio: Some(ours.percentile(0.5) / floor.percentile(0.5).max(1e-9)),
            cpu: cpu(ours, floor),
            ..Self::default()
        }
    }

    /// Something without a floor.
    pub fn plain(name: &str, ours: String) -> Self {
        Self { name: name.to_owned(), ours, ..Self::default() }
    }

    /// What is to be reached, and whether it is.
    #[must_use]
    pub fn target(mut self, words: &str, reached: bool) -> Self {
        self.target = words.to_owned();
        self.reached = Some(reached);
        self
    }
}

fn cpu(ours: &Taken, floor: &Taken) -> String {
    format!("{:.0} / {:.0} µs", ours.cpu_micros(), floor.cpu_micros())
}

/// All figures of a database.
#[derive(Debug, Clone, Default)]
pub struct Table(Vec<Figure>);

impl Table {
    /// Adds a figure and tells of it at once.
    pub fn push(&mut self, figure: Figure) {
        eprintln!("bench: {}", line(&figure));
        self.0.push(figure);
    }

    /// The table as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text = String::from(
            "| figure | ours | bare SQL | ratio | processor, ours / bare | to reach | reached |\n\
             | --- | --- | --- | --- | --- | --- | --- |\n",
        );
        for figure in &self.0 {
            text.push_str(&line(figure));
            text.push('\n');
        }
        text
    }
}

fn line(figure: &Figure) -> String {
    let ratio = figure.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
    let reached = match figure.reached {
        Some(true) => "yes",
        Some(false) => "**no**",
        None => "",
    };
    let Figure { name, ours, floor, cpu, target, .. } = figure;
    format!("| {name} | {ours} | {floor} | {ratio} | {cpu} | {target} | {reached} |")
}

/// Puts the tables between the marks of a paper.
///
/// # Errors
/// A paper that cannot be read or written, or has no marks.
pub fn put_into(path: &Path, text: &str) -> anyhow::Result<()> {
    let name = path.display();
    let paper = std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
    let new = between(&paper, text).with_context(|| format!("{name} lacks the marks {MARKS:?}"))?;
    std::fs::write(path, new).with_context(|| format!("{name} cannot be written"))
}

fn between(paper: &str, text: &str) -> Option<String> {
    let (before, rest) = paper.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    Some(format!("{before}{}\n\n{}\n{}{after}", MARKS.0, text.trim(), MARKS.1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::Duration;

    use super::{Figure, Taken, between};

    fn taken(count: usize, millis: u64) -> Taken {
        let each = (1..=count as u64).map(Duration::from_millis).collect();
        Taken { count, wall: Duration::from_millis(millis), cpu: Duration::from_millis(millis / 2), each }
    }

    #[test]
    fn percentiles_are_order_statistics() {
        let taken = taken(100, 1_000);
        assert_eq!((taken.percentile(0.5), taken.percentile(0.99)), (50.0, 99.0));
        assert_eq!(Taken::default().percentile(0.5), 0.0);
    }

    #[test]
    fn ratios_are_ours_to_the_floor() {
        let figure = Figure::rate("x", "writes", &taken(100, 2_000), &taken(100, 1_000));
        assert_eq!(figure.ratio, Some(0.5));
        assert_eq!(figure.cpu, "10000 / 5000 µs");
        let figure = Figure::time("x", &taken(200, 1_000), &taken(100, 1_000));
        assert_eq!(figure.ratio, Some(2.0));
    }

    #[test]
    fn a_paper_keeps_everything_outside_of_its_marks() {
        let paper = "a\n<!-- measured -->\nold\n<!-- end of measured -->\nb\n";
        let new = between(paper, "\nnew\n").unwrap();
        assert_eq!(new, "a\n<!-- measured -->\n\nnew\n<!-- end of measured -->\nb\n");
        assert_eq!(between(&new, "new"), Some(new.clone()));
        assert!(between("nothing", "new").is_none());
    }
}

//! What is asked of a run.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

/// The words that are understood.
pub const HELP: &str = "\
cargo xtask bench [OPTIONS]

  --records N          incidents to make (1,000,000)
  --database WHICH     sqlite, postgres or both (both)
  --quick              600 incidents and short rounds: only to see that it runs
  --one-file           no copy of a file for bare SQL: it reads the desk's own, and writes there after the product
  --most-events N      incidents with longer histories in the real log get so many events (all)
  --program FILE       the product's binary, to start and to weigh (beside this one)
  --folder FOLDER      where the databases are made (the system's temporary folder)
  --keep FOLDER        one SQLite desk is made here and stays; one that is here already gets what it lacks
  --only PART          pages, conformity, start, writes or import; may be said several times (all)
  --out FILE           puts the tables between the marks of this file
";

/// A database to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file.
    Sqlite,
    /// A private cluster that keeps what it acknowledged.
    Postgres,
}

impl Database {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The parts of a run.
const PARTS: [&str; 5] = ["pages", "conformity", "start", "writes", "import"];

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Incidents to make.
    pub records: usize,
    /// Databases to measure.
    pub databases: Vec<Database>,
    /// Short rounds.
    pub quick: bool,
    /// Bare SQL works on the desk's own file.
    pub one_file: bool,
    /// Most events of an incident.
    pub most_events: usize,
    /// The product's binary.
    pub program: PathBuf,
    /// Where the databases are made.
    pub folder: PathBuf,
    /// Where a desk stays for further runs.
    pub keep: Option<PathBuf>,
    /// The parts that are measured; empty for all.
    pub only: Vec<String>,
    /// The paper that gets the tables.
    pub out: Option<PathBuf>,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// A word that is not understood, with what is.
    pub fn read(words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("the bench does not know where it lies")?;
        let mut options = Self {
            records: 0,
            databases: vec![Database::Sqlite, Database::Postgres],
            quick: false,
            one_file: false,
            most_events: usize::MAX,
            program: own.with_file_name("proofdesk"),
            folder: std::env::temp_dir(),
            keep: None,
            only: Vec::new(),
            out: None,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value\n\n{HELP}"));
            match word.as_str() {
                "--records" => options.records = value()?.replace(['_', ','], "").parse()?,
                "--database" => options.databases = databases(&value()?)?,
                "--quick" => options.quick = true,
                "--one-file" => options.one_file = true,
                "--most-events" => options.most_events = value()?.parse()?,
                "--program" => options.program = value()?.into(),
                "--folder" => options.folder = value()?.into(),
                "--keep" => options.keep = Some(value()?.into()),
                "--only" => options.only.push(part(value()?)?),
                "--help" | "-h" => bail!("{HELP}"),
                "--out" => options.out = Some(value()?.into()),
                _ => bail!("`{word}` is not understood\n\n{HELP}"),
            }
        }
        if options.records == 0 {
            options.records = if options.quick { 600 } else { 1_000_000 };
        }
        Ok(options)
    }

    /// Whether a part is measured.
    pub fn measures(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|one| one == part)
    }

    /// So many, or few in a short run.
    pub fn rounds(&self, many: usize, few: usize) -> usize {
        if self.quick { few } else { many }
    }
}

fn databases(word: &str) -> anyhow::Result<Vec<Database>> {
    match word {
        "sqlite" => Ok(vec![Database::Sqlite]),
        "postgres" => Ok(vec![Database::Postgres]),
        "both" => Ok(vec![Database::Sqlite, Database::Postgres]),
        other => bail!("`{other}` is no database: sqlite, postgres or both"),
    }
}

fn part(word: String) -> anyhow::Result<String> {
    if PARTS.contains(&word.as_str()) {
        return Ok(word);
    }
    bail!("`{word}` is no part of a run: {}", PARTS.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Database, Options};

    fn read(words: &[&str]) -> anyhow::Result<Options> {
        Options::read(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn a_million_on_both_unless_said_otherwise() {
        let asked = read(&[]).unwrap();
        assert_eq!((asked.records, asked.databases.len(), asked.quick), (1_000_000, 2, false));
        let asked = read(&["--records", "20_000", "--database", "postgres"]).unwrap();
        assert_eq!((asked.records, asked.databases), (20_000, vec![Database::Postgres]));
    }

    #[test]
    fn a_short_run_makes_few() {
        assert_eq!(read(&["--quick"]).unwrap().records, 600);
        assert_eq!(read(&["--quick", "--records", "70"]).unwrap().records, 70);
    }

    #[test]
    fn a_large_run_saves_the_disk() {
        let asked = read(&["--one-file", "--most-events", "4"]).unwrap();
        assert_eq!((asked.one_file, asked.most_events), (true, 4));
        let asked = read(&[]).unwrap();
        assert_eq!((asked.one_file, asked.most_events, asked.keep), (false, usize::MAX, None));
        let asked = read(&["--keep", "/data/bench"]).unwrap();
        assert_eq!(asked.keep, Some("/data/bench".into()));
    }

    #[test]
    fn a_run_is_whole_unless_parts_are_named() {
        assert!(read(&[]).unwrap().measures("import"));
        let asked = read(&["--only", "pages", "--only", "start"]).unwrap();
        assert!(asked.measures("pages") && asked.measures("start") && !asked.measures("import"));
        assert!(read(&["--only", "weather"]).is_err());
    }

    #[test]
    fn other_words_are_refused_with_those_that_are_understood() {
        for words in [&["--fast"][..], &["--records"], &["--records", "many"], &["--database", "oracle"]] {
            assert!(read(words).is_err(), "{words:?}");
        }
        assert!(read(&["--fast"]).unwrap_err().to_string().contains("--database WHICH"));
    }
}

//! Answers as a file (TOML): written with every question explained, and read back.

use crate::answer::{Answer, Answers, Known, short};
use crate::error::Error;
use crate::guide::{Guide, Kind, Question, Rows};

/// Characters of a line of a comment.
const WIDTH: usize = 100;

impl Answers {
    /// Writes all questions with their explanations and the answers that count.
    pub fn write(&self, guide: &Guide, known: &Known) -> String {
        let mut out = String::from(
            "# Answers for `proofdesk setup --answers FILE`. Lines that begin with # explain; change what stands behind\n\
             # the = signs. A question that is left out is answered as `proofdesk setup --print` shows it.\n",
        );
        for page in &guide.pages {
            out.push_str(&format!("\n# ---- {} ----\n", page.label));
            comment(&mut out, &page.says);
            for question in &page.questions {
                out.push('\n');
                comment(&mut out, &question.label);
                for text in [&question.help, &question.why] {
                    comment(&mut out, text);
                }
                comment(&mut out, &format!("Clause {}. {}", question.clause, kind_words(question)));
                out.push_str(&written(question, &self.of(question, known)));
            }
        }
        out
    }

    /// Reads a file of answers; what it does not answer stays open.
    ///
    /// # Errors
    /// `File` for what is not TOML, for a question that there is not, and for an answer of another form.
    pub fn read(text: &str, guide: &Guide) -> Result<Self, Error> {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| Error::File(e.to_string()))?;
        let mut answers = Self::default();
        for (name, value) in &table {
            let Some(question) = guide.question(name) else {
                let names: Vec<&str> = guide.questions().map(|q| q.name.as_str()).collect();
                return Err(Error::File(format!(
                    "there is no question `{}`; the questions are: {}",
                    short(name),
                    names.join(", ")
                )));
            };
            answers.0.insert(name.clone(), read(question, value)?);
        }
        Ok(answers)
    }
}

fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.len() + word.len() >= WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    if line.len() > 1 {
        out.push_str(&line);
        out.push('\n');
    }
}

fn kind_words(question: &Question) -> String {
    let words = |kind: &Kind| match kind {
        Kind::Text => "A text.".to_owned(),
        Kind::Lines => "Text of several lines.".to_owned(),
        Kind::Day(_) => "A day, such as 2027-03-31.".to_owned(),
        Kind::Mail => "An address of mail.".to_owned(),
        Kind::Hours(_) => "Lines of service hours.".to_owned(),
        Kind::Zone => "A time zone, such as Europe/Berlin.".to_owned(),
        Kind::Length => "A length of time, such as 30m, 4h or 2d.".to_owned(),
        Kind::Choice(options) => format!("One of: {}.", names(options)),
        Kind::Choices(options) => format!("Any of: {}.", names(options)),
        Kind::OneOf(of) => format!("A name from `{of}`."),
        Kind::Rows(_) => String::new(),
    };
    let needed = if question.required { " Needed." } else { "" };
    match question.rows() {
        None => words(&question.kind) + needed,
        Some(rows) => {
            let cells = rows.columns.iter().map(|c| {
                let needed = if c.required { " Needed." } else { "" };
                format!("{} ({}): {}{needed}", c.name, c.label, words(&c.kind))
            });
            format!("A table.{needed} {}", cells.collect::<Vec<_>>().join(" "))
        }
    }
}

fn names(options: &[(String, String)]) -> String {
    options.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

fn text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn written(question: &Question, answer: &Answer) -> String {
    let name = &question.name;
    match (&question.kind, answer) {
        (Kind::Rows(rows), answer) if !rows.fixed.is_empty() => {
            let line = |row: &Vec<String>| match row.as_slice() {
                [key, one] => format!("{name}.{key} = {}\n", text(one)),
                [key, ..] => format!("{name}.{key} = {}\n", cells(rows, row, 1)),
                [] => String::new(),
            };
            answer.rows().iter().map(line).collect()
        }
        (Kind::Rows(rows), answer) => {
            let lines: String =
                answer.rows().iter().map(|row| format!("  {},\n", cells(rows, row, 0))).collect();
            format!("{name} = [\n{lines}]\n")
        }
        (Kind::Choices(_), answer) => {
            let all: Vec<String> = answer.many().iter().map(|one| text(one)).collect();
            format!("{name} = [{}]\n", all.join(", "))
        }
        (_, answer) => format!("{name} = {}\n", text(answer.text())),
    }
}

fn cells(rows: &Rows, row: &[String], from: usize) -> String {
    let cells = rows.columns.iter().zip(row).skip(from);
    let cells: Vec<String> = cells.map(|(c, cell)| format!("{} = {}", c.name, text(cell))).collect();
    format!("{{ {} }}", cells.join(", "))
}

fn read(question: &Question, value: &toml::Value) -> Result<Answer, Error> {
    let name = &question.name;
    let wrong = |wants: &str| Error::File(format!("`{name}` takes {wants}; see `proofdesk setup --print`"));
    match (&question.kind, value) {
        (Kind::Rows(rows), toml::Value::Table(table)) if !rows.fixed.is_empty() => {
            fixed(question, rows, table).map(Answer::Rows)
        }
        (Kind::Rows(rows), toml::Value::Array(given)) if rows.fixed.is_empty() => {
            let row = |value: &toml::Value| match value {
                toml::Value::Table(table) => row_of(question, rows, table),
                _ => Err(wrong("rows such as { name = \"…\" }")),
            };
            given.iter().map(row).collect::<Result<_, _>>().map(Answer::Rows)
        }
        (Kind::Rows(_), _) => Err(wrong("a table of rows")),
        (Kind::Choices(_), toml::Value::Array(given)) => {
            let all: Option<Vec<String>> = given.iter().map(plain).collect();
            all.map(Answer::Many).ok_or_else(|| wrong("a list of words"))
        }
        (Kind::Choices(_), _) => Err(wrong("a list of words")),
        (_, value) => plain(value).map(Answer::Text).ok_or_else(|| wrong("one text")),
    }
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Datetime(at) => Some(at.to_string()),
        _ => None,
    }
}

fn row_of(question: &Question, rows: &Rows, table: &toml::Table) -> Result<Vec<String>, Error> {
    let known = |name: &str| rows.columns.iter().any(|c| c.name == name);
    if let Some(other) = table.keys().find(|key| !known(key)) {
        let names: Vec<&str> = rows.columns.iter().map(|c| c.name.as_str()).collect();
        return Err(Error::File(format!(
            "`{}` has no column `{}`; it has: {}",
            question.name,
            short(other),
            names.join(", ")
        )));
    }
    let cell = |name: &str| match table.get(name) {
        None => Ok(String::new()),
        Some(value) => {
            plain(value).ok_or_else(|| Error::File(format!("`{}`: `{name}` takes one text", question.name)))
        }
    };
    rows.columns.iter().map(|c| cell(&c.name)).collect()
}

fn fixed(question: &Question, rows: &Rows, table: &toml::Table) -> Result<Vec<Vec<String>>, Error> {
    if let Some(other) = table.keys().find(|key| !rows.fixed.iter().any(|(name, _)| name == *key)) {
        let says =
            format!("`{}` has no row `{}`; it has: {}", question.name, short(other), names(&rows.fixed));
        return Err(Error::File(says));
    }
    let mut found = Vec::new();
    for first in &rows.first {
        let (mut row, key) = (first.clone(), first.first().map_or("", |key| key));
        match table.get(key) {
            None => {}
            Some(toml::Value::Table(cells)) => {
                let given = row_of(question, rows, cells)?;
                row.splice(1.., given.into_iter().skip(1));
            }
            Some(value) => match (plain(value), row.get_mut(1)) {
                (Some(text), Some(cell)) => *cell = text,
                _ => return Err(Error::File(format!("`{}.{key}` takes one text", question.name))),
            },
        }
        found.push(row);
    }
    Ok(found)
}

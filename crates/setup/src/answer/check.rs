//! What is wrong with answers, each at its place, and what makes little sense although it can be taken.

use std::collections::BTreeSet;

use proofdesk_calendar::{CalendarError, ServiceHours};
use proofdesk_model::format::{parse_day, parse_duration, write_day};

use super::{Answer, Answers, Known, Wrong, day, is_blank, short};
use crate::fill::Scope;
use crate::guide::{Guide, Kind, Question, Rows, Sense};

/// Most characters of a line.
const LINE: usize = 200;
/// Most characters of several lines.
const LINES: usize = 4_000;
/// Most rows of an answer.
const ROWS: usize = 200;

/// One question while its answer is checked.
pub(super) struct Check<'a> {
    pub answers: &'a Answers,
    pub guide: &'a Guide,
    pub known: &'a Known,
    pub question: &'a Question,
    pub found: &'a mut Vec<Wrong>,
}

impl Check<'_> {
    fn wrong(&mut self, at: &str, says: impl Into<String>) {
        let (question, at) = (self.question.name.clone(), at.to_owned());
        self.found.push(Wrong { question, at, says: says.into() });
    }

    pub fn answer(&mut self, answer: &Answer) {
        let question = self.question;
        if question.required && answer.is_empty() {
            let says = if question.rows().is_some() { "Fill at least one row." } else { "Answer this." };
            self.wrong(&question.name, says);
            return;
        }
        match &question.kind {
            Kind::Rows(rows) => self.rows(rows, answer.rows()),
            Kind::Choices(options) => {
                for value in answer.many() {
                    self.option(options, value, &question.name);
                }
            }
            kind => self.cell(kind, answer.text(), &question.name),
        }
    }

    fn option(&mut self, options: &[(String, String)], value: &str, at: &str) {
        if !options.iter().any(|(name, _)| name == value) {
            let names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
            self.wrong(at, format!("`{}` is none of: {}.", short(value), names.join(", ")));
        }
    }

    fn rows(&mut self, rows: &Rows, given: &[Vec<String>]) {
        if given.len() > ROWS {
            self.wrong(
                &self.question.name.clone(),
                format!("{} rows are too many; {ROWS} is the most.", given.len()),
            );
            return;
        }
        let mut names = BTreeSet::new();
        for (i, row) in given.iter().enumerate().filter(|(_, r)| !is_blank(r)) {
            for (column, cell) in rows.columns.iter().zip(row) {
                let at = format!("{}.{i}.{}", self.question.name, column.name);
                if column.required && cell.trim().is_empty() {
                    self.wrong(&at, format!("{} is missing in this row.", column.label));
                } else {
                    self.cell(&column.kind, cell, &at);
                }
            }
            self.orders(rows, row, i);
            let name = row.first().map(|n| n.trim().to_lowercase()).unwrap_or_default();
            if !name.is_empty() && !names.insert(name) {
                let at = format!("{}.{i}.{}", self.question.name, rows.columns[0].name);
                self.wrong(&at, format!("`{}` is here twice.", short(&row[0])));
            }
        }
    }

    fn cell(&mut self, kind: &Kind, text: &str, at: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let several = matches!(kind, Kind::Lines | Kind::Hours(_));
        let most = if several { LINES } else { LINE };
        let length = text.chars().count();
        if length > most {
            self.wrong(at, format!("{length} characters are too many; {most} is the most."));
            return;
        }
        if text.chars().any(|c| c.is_control() && !(several && matches!(c, '\n' | '\r'))) {
            self.wrong(at, "This is one line of text without control characters.");
            return;
        }
        match kind {
            Kind::Day(_) if parse_day(text).is_none() => {
                self.wrong(at, format!("`{}` is no day; write it like 2027-03-31.", short(text)));
            }
            Kind::Zone if jiff::tz::TimeZone::get(text).is_err() => {
                self.wrong(
                    at,
                    format!("There is no time zone `{}`; write it like Europe/Berlin.", short(text)),
                );
            }
            Kind::Length if parse_duration(text).is_none_or(|length| length <= 0) => {
                self.wrong(
                    at,
                    format!("`{}` is no length of time; write it like 30m, 4h or 2d.", short(text)),
                );
            }
            Kind::Mail if !is_mail(text) => {
                self.wrong(at, format!("`{}` is no address; write it like clara@example.com.", short(text)));
            }
            Kind::Hours(of) => self.hours(of.as_deref(), text, at),
            Kind::Choice(options) => self.option(options, text, at),
            Kind::OneOf(of) => {
                let names = self.answers.names(self.guide, of, self.known);
                if !names.iter().any(|n| n == text) {
                    let label = self.guide.question(of).map_or(of.as_str(), |q| q.label.as_str());
                    let says = format!(
                        "{} is not among the answers to \u{201c}{label}\u{201d}. Choose one of them, or add a row there.",
                        short(text)
                    );
                    self.wrong(at, says);
                }
            }
            _ => {}
        }
    }

    /// Lengths of a row that are the wrong way round.
    fn orders(&mut self, rows: &Rows, row: &[String], i: usize) {
        let length = |name: &str| {
            let at = rows.columns.iter().position(|c| c.name == name)?;
            parse_duration(row.get(at)?.trim())
        };
        for order in &rows.orders {
            if let (Some(shorter), Some(longer)) = (length(&order.shorter), length(&order.longer))
                && shorter > longer
            {
                self.wrong(&format!("{}.{i}.{}", self.question.name, order.shorter), order.says.as_str());
            }
        }
    }

    /// Service hours: what they say line by line, whether they fit those that they alter, and whether they ever open.
    fn hours(&mut self, of: Option<&str>, text: &str, at: &str) {
        let found = lines(text);
        if !found.is_empty() {
            self.wrong(at, found.join(" "));
            return;
        }
        let usual = of.and_then(|name| self.guide.question(name));
        let usual =
            usual.map_or_else(String::new, |q| self.answers.of(q, self.known).text().trim().to_owned());
        if of.is_some() && (usual.is_empty() || !lines(&usual).is_empty()) {
            // said at the question of those
            return;
        }
        let now = i64::from(self.known.today) * 86_400_000_000;
        match ServiceHours::parse_in("UTC", None, &format!("{usual}\n{text}")) {
            Ok(hours) if hours.next_open(now).is_some() => {}
            Ok(_) => self.wrong(at, "These hours never open; give a week such as mon-fri 08:00-17:00."),
            Err(error) => self.wrong(at, sentence(&error.to_string())),
        }
    }

    /// What makes little sense.
    pub fn doubts(&mut self, answer: &Answer, base: &Scope) {
        let question = self.question;
        match (&question.kind, answer) {
            (Kind::Rows(rows), answer) => {
                for (i, row) in answer.rows().iter().enumerate().filter(|(_, r)| !is_blank(r)) {
                    for (column, cell) in rows.columns.iter().zip(row) {
                        let at = format!("{}.{i}.{}", question.name, column.name);
                        if let Kind::Day(sense) = &column.kind {
                            self.sense(sense, cell.trim(), &at);
                        }
                        for warn in rows.warns.iter().filter(|w| w.column == column.name) {
                            let is = base.fill(&warn.is);
                            if !is.trim().is_empty() && cell.trim() == is.trim() {
                                self.wrong(&at, base.fill(&warn.says));
                            }
                        }
                    }
                }
            }
            (Kind::Day(sense), answer) => self.sense(sense, answer.text().trim(), &question.name),
            _ => {}
        }
    }

    fn sense(&mut self, sense: &Sense, text: &str, at: &str) {
        let Some(given) = parse_day(text) else { return };
        let bound = |text: &String| day(text, self.known.today).or_else(|| parse_day(text));
        let (earliest, latest) =
            (sense.earliest.as_ref().and_then(bound), sense.latest.as_ref().and_then(bound));
        if let Some(earliest) = earliest.filter(|e| given < *e) {
            self.wrong(at, format!("{text} lies before {}. Is that meant?", write_day(earliest)));
        }
        if let Some(latest) = latest.filter(|l| given > *l) {
            self.wrong(at, format!("{text} lies after {}. Is that meant?", write_day(latest)));
        }
        let Some(after) = sense.after.as_deref().and_then(|name| self.guide.question(name)) else { return };
        let other = self.answers.of(after, self.known).text().trim().to_owned();
        if parse_day(&other).is_some_and(|other| given < other) {
            let label = &after.label;
            self.wrong(
                at,
                format!("{text} lies before the answer to \u{201c}{label}\u{201d}, {other}. Is that meant?"),
            );
        }
    }
}

/// What is wrong with a text of service hours, line by line.
fn lines(text: &str) -> Vec<String> {
    match ServiceHours::parse_in("UTC", None, text) {
        Ok(_) => Vec::new(),
        Err(CalendarError::Hours(found)) => found
            .into_iter()
            .map(|p| format!("Line {}: {}.", p.line, p.message.trim_end_matches('.')))
            .collect(),
        Err(other) => vec![sentence(&other.to_string())],
    }
}

fn sentence(text: &str) -> String {
    let mut text = text.trim_end_matches('.').to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text + "."
}

/// Whether a text has the form of an address of mail: one name, one `@`, a host of several parts.
fn is_mail(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| {
        !c.is_whitespace() && !matches!(c, '@' | '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '\\')
    };
    let part = |p: &str| {
        let is_letter = |c: char| c.is_alphanumeric() || c == '-';
        !p.is_empty() && !p.starts_with('-') && !p.ends_with('-') && p.chars().all(is_letter)
    };
    let dots = |t: &str| t.starts_with('.') || t.ends_with('.') || t.contains("..");
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(plain)
        && !dots(name)
        && host.len() <= 253
        && host.contains('.')
        && host.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::is_mail;

    #[test]
    fn an_address_has_a_name_and_a_host() {
        for good in ["a@b.de", "clara.weiss+desk@mail.example.com", "jürgen@müller.example", "o'neil@x-y.org"]
        {
            assert!(is_mail(good), "{good}");
        }
        for bad in [
            "clara",
            "clara@",
            "@example.com",
            "clara@example",
            "a@b@example.com",
            "clara weiss@example.com",
            "clara@exa mple.com",
            "clara@-x.com",
            "clara@x..com",
            ".c@x.com",
            "Clara <c@x.com>",
            "a@b.de, c@d.de",
        ] {
            assert!(!is_mail(bad), "{bad}");
        }
    }
}

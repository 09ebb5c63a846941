//! Answers to a form, read back from the list that they are kept as: to hold them against the form, by whatever door they
//! came, and to show them in the language of who reads.
//!
//! ```text
//! - **First day:** 2026-12-01
//! - Computer: For developers
//! ```
//! A label and an option may be written in any language that the form has them in; the stars may be missing.

use super::{Asked, AskedKind, FormText, Refused, Said};

/// Why a list of answers does not meet its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    /// The answer to a field, by its place from 0.
    Answer(usize, Refused),
    /// A line that answers nothing that the form asks.
    Stray(String),
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered<'a> {
    /// What was asked.
    pub asked: &'a Asked,
    /// Plain text: `2026-12-01` for a day, `yes` or `no`, a number with a point, an option in the author's language.
    pub text: String,
}

impl FormText {
    /// Everything in which a list of answers does not meet the form; nothing where the form has no fields.
    pub fn unmet(&self, answers: &str) -> Vec<Unmet> {
        if self.fields.is_empty() {
            return Vec::new();
        }
        let (found, mut unmet) = self.sorted(answers);
        for (at, (field, text)) in self.fields.iter().zip(&found).enumerate() {
            let text = text.as_deref().unwrap_or_default();
            if let Err(why) = field.answer(&field.as_sent(text)) {
                unmet.push(Unmet::Answer(at, why));
            }
        }
        unmet
    }

    /// The answers in the order of the form; none where a line answers nothing that the form asks at present, as when the
    /// form changed since.
    pub fn answered(&self, answers: &str) -> Option<Vec<Answered<'_>>> {
        let (found, stray) = self.sorted(answers);
        if !stray.is_empty() {
            return None;
        }
        let pairs = self.fields.iter().zip(found);
        Some(pairs.filter_map(|(asked, text)| text.map(|text| Answered { asked, text })).collect())
    }

    /// The text for each field, and lines that belong to none. The first of two fields of one name takes the first answer.
    fn sorted(&self, answers: &str) -> (Vec<Option<String>>, Vec<Unmet>) {
        let (mut found, mut stray) = (vec![None; self.fields.len()], Vec::new());
        for item in items(answers) {
            let place = item.as_ref().ok().and_then(|(label, _)| {
                let fits = |at: &usize| found[*at].is_none() && self.fields[*at].label.is_called(label);
                (0..self.fields.len()).find(fits)
            });
            match (item, place) {
                (Ok((_, text)), Some(at)) => found[at] = Some(text).filter(|text| !text.is_empty()),
                (Ok((label, _)), None) => stray.push(Unmet::Stray(label)),
                (Err(line), _) => stray.push(Unmet::Stray(line)),
            }
        }
        (found, stray)
    }
}

impl Said {
    fn is_called(&self, words: &str) -> bool {
        self.plain == words || self.others.iter().any(|(_, other)| other == words)
    }
}

impl Asked {
    /// An answer in words as a form of the portal sends it: options by their place.
    fn as_sent(&self, text: &str) -> String {
        if self.kind != AskedKind::Choice || text.is_empty() {
            return text.to_owned();
        }
        let place = self.options.iter().position(|option| option.is_called(text));
        // no place: refused as none of the options
        place.map_or_else(|| self.options.len().to_string(), |at| at.to_string())
    }
}

/// The lines of a list, each as label and text, or as the line itself where it is no item.
fn items(answers: &str) -> Vec<Result<(String, String), String>> {
    let mut found: Vec<Result<(String, String), String>> = Vec::new();
    for line in answers.lines().filter(|line| !line.trim().is_empty()) {
        let own = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        match (own, found.last_mut()) {
            (Some(item), _) => found.push(pair(item).ok_or_else(|| item.trim().to_owned())),
            // an answer of several lines
            (None, Some(Ok((_, text)))) if line.starts_with(' ') => {
                text.push('\n');
                text.push_str(&plain(line.trim()));
            }
            (None, _) => found.push(Err(line.trim().to_owned())),
        }
    }
    found
}

/// Reads `**Label:** text` or `Label: text`.
fn pair(item: &str) -> Option<(String, String)> {
    let (label, text) = match item.trim_start().strip_prefix("**") {
        Some(strong) => strong.split_once(":**")?,
        None => item.split_once(':').filter(|(label, _)| !label.ends_with('\\'))?,
    };
    Some((plain(label.trim()), plain(text.trim())))
}

/// Text without the backslashes before punctuation that Markdown takes away.
fn plain(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        let escapes = c == '\\' && letters.peek().is_some_and(char::is_ascii_punctuation);
        if !escapes {
            found.push(c);
        } else if let Some(next) = letters.next() {
            found.push(next);
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::{FormText, Refused};
    use super::Unmet;

    const FORM: &str = "- First day {de: Erster Tag}: day, required\n\
        - Computer {de: Rechner}: choice, required: Standard; For developers {de: Für: Entwicklung}\n\
        - Badge: yes or no\n\
        - Screens: number\n\
        - Remarks: lines\n";

    #[test]
    fn what_the_portal_keeps_meets_the_form_and_is_read_back() {
        let form = FormText::parse(FORM).unwrap();
        let given = ["2026-12-01", "1", "no", "2,5", "one - **two:**\n<b>three\\", ""];
        let kept = form.answers(|at| given[at].to_owned()).unwrap();
        assert_eq!(form.unmet(&kept), []);
        let told: Vec<String> = form.answered(&kept).unwrap().into_iter().map(|a| a.text).collect();
        assert_eq!(told, ["2026-12-01", "For developers", "no", "2.5", "one - **two:**\n<b>three\\"]);
    }

    #[test]
    fn answers_are_taken_in_each_language_and_without_stars() {
        let form = FormText::parse(FORM).unwrap();
        for written in [
            "- Erster Tag: 2026-12-01\n* Rechner: Für: Entwicklung",
            "- **First day:** 2026-12-01\n- **Computer:** Standard\n",
        ] {
            assert_eq!(form.unmet(written), [], "{written}");
        }
    }

    #[test]
    fn everything_that_does_not_meet_the_form_is_said() {
        let form = FormText::parse(FORM).unwrap();
        let none = [Unmet::Answer(0, Refused::Required), Unmet::Answer(1, Refused::Required)];
        assert_eq!(form.unmet(""), none);
        let long = format!(
            "- First day: soon\n- Computer: 1\n- Badge: maybe\n- Screens: many\n- Remarks: {}\n- Colour: red\nby phone",
            "x".repeat(10_001)
        );
        let wanted = [
            Unmet::Stray("Colour".to_owned()),
            Unmet::Stray("by phone".to_owned()),
            Unmet::Answer(0, Refused::Day),
            Unmet::Answer(1, Refused::Option),
            Unmet::Answer(2, Refused::Option),
            Unmet::Answer(3, Refused::Number),
            Unmet::Answer(4, Refused::Size),
        ];
        assert_eq!(form.unmet(&long), wanted);
        assert_eq!(form.answered(&long), None);
        let twice = "- First day: 2026-12-01\n- Computer: Standard\n- Computer: Standard";
        assert_eq!(form.unmet(twice), [Unmet::Stray("Computer".to_owned())]);
    }

    #[test]
    fn a_form_without_fields_takes_everything() {
        let form = FormText::parse("For whom, what, until when.").unwrap();
        assert_eq!(form.unmet("Anything at all."), []);
    }
}

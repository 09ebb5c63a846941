//! A form that a practitioner declares as text: one line for each field, with its kind, whether it must be answered and
//! what there is to choose from. Read here, checked where it is written, shown and answered in the portal.
//!
//! ```text
//! What we need to know before the first day.
//! - First day {de: Erster Tag}: day, required
//! - Computer {de: Rechner}: choice, required: Standard; For developers {de: Für Entwicklung}
//!   Both come with two screens. {de: Beide mit zwei Bildschirmen.}
//! - Remarks
//! ```
//! What stands before the first field is said above the form; an indented line is the help of the field before it.

mod answers;

pub use answers::{Answered, Unmet};

/// Most fields of a form.
const MOST: usize = 40;
/// Longest answer in one line, in characters.
const LINE_MAX: usize = 500;
/// Longest answer in several lines, in characters.
const LINES_MAX: usize = 10_000;

/// Words in the author's language and, where given, in others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    plain: String,
    others: Vec<(String, String)>,
}

impl Said {
    /// Reads `Words {de: Wörter}`.
    fn read(text: &str) -> Self {
        let mut said = Self::default();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((inside, end)) = after.split_once('}') else { break };
            said.plain.push_str(before);
            if let Some((language, words)) = inside.split_once(':') {
                said.others.push((language.trim().to_lowercase(), words.trim().to_owned()));
            }
            rest = end;
        }
        said.plain.push_str(rest);
        said.plain = said.plain.trim().to_owned();
        said
    }

    /// The words in the language of who wrote the form.
    pub fn plain(&self) -> &str {
        &self.plain
    }

    /// The words in a language, by its two letters; in the author's where it was not given.
    pub fn in_language(&self, language: &str) -> &str {
        self.others.iter().find(|(name, _)| name == language).map_or(&self.plain, |(_, words)| words)
    }
}

/// What kind of answer a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedKind {
    /// One line.
    Text,
    /// Several lines.
    Lines,
    /// A whole number or a decimal.
    Number,
    /// A day.
    Day,
    /// Yes or no.
    YesNo,
    /// One of the options.
    Choice,
}

const KINDS: [(&str, AskedKind); 6] = [
    ("text", AskedKind::Text),
    ("lines", AskedKind::Lines),
    ("number", AskedKind::Number),
    ("day", AskedKind::Day),
    ("yes or no", AskedKind::YesNo),
    ("choice", AskedKind::Choice),
];

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What people read.
    pub label: Said,
    /// What it takes.
    pub kind: AskedKind,
    /// It must be answered.
    pub required: bool,
    /// What there is to choose from.
    pub options: Vec<Said>,
    /// One sentence below it.
    pub help: Option<Said>,
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormText {
    /// What stands above it.
    pub intro: Said,
    /// Its fields in order.
    pub fields: Vec<Asked>,
}

/// Why an answer was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Nothing was answered.
    Required,
    /// It is no number.
    Number,
    /// It is no day.
    Day,
    /// It is none of the options.
    Option,
    /// It is too long, or holds a NUL character.
    Size,
}

impl FormText {
    /// Reads a form.
    ///
    /// # Errors
    /// Every line that cannot be read, as a sentence with its number.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut form = Self::default();
        let (mut intro, mut wrong) = (Vec::new(), Vec::new());
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let own = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
            match (own, form.fields.last_mut()) {
                (Some(written), _) => match field(written) {
                    Ok(field) => form.fields.push(field),
                    Err(why) => wrong.push(format!("Line {}: {why}", at + 1)),
                },
                (None, Some(field)) if line.starts_with(' ') => field.help = Some(Said::read(line)),
                (None, None) => intro.push(line.trim()),
                (None, Some(_)) => wrong.push(format!(
                    "Line {}: a field begins with a hyphen and a blank; its help is indented.",
                    at + 1
                )),
            }
        }
        if form.fields.len() > MOST {
            wrong.push(format!("A form has at most {MOST} fields."));
        }
        form.intro = Said::read(&intro.join(" "));
        if wrong.is_empty() { Ok(form) } else { Err(wrong) }
    }

    /// The answers as a Markdown list in the author's language, and what is wrong with them by field. `given` is the
    /// text of a field, by its place from 0; options are given by their place.
    ///
    /// # Errors
    /// Every answer that cannot be taken.
    pub fn answers(&self, given: impl Fn(usize) -> String) -> Result<String, Vec<(usize, Refused)>> {
        let (mut lines, mut wrong) = (Vec::new(), Vec::new());
        for (at, field) in self.fields.iter().enumerate() {
            match field.answer(given(at).replace("\r\n", "\n").trim()) {
                Ok(Some(text)) => lines.push(format!("- **{}:** {text}", escape(&field.label.plain))),
                Ok(None) => {}
                Err(why) => wrong.push((at, why)),
            }
        }
        if wrong.is_empty() { Ok(lines.join("\n")) } else { Err(wrong) }
    }
}

impl Asked {
    /// An answer as Markdown; none where nothing was answered.
    fn answer(&self, text: &str) -> Result<Option<String>, Refused> {
        if text.is_empty() {
            return if self.required { Err(Refused::Required) } else { Ok(None) };
        }
        let most = if self.kind == AskedKind::Lines { LINES_MAX } else { LINE_MAX };
        if text.chars().count() > most || text.contains('\0') {
            return Err(Refused::Size);
        }
        let plain = match self.kind {
            AskedKind::Text => escape(text),
            AskedKind::Lines => text.lines().map(escape).collect::<Vec<_>>().join("  \n  "),
            AskedKind::Number => {
                let number = text.replace(',', ".");
                let is_number = number.parse::<f64>().is_ok_and(f64::is_finite);
                if !is_number {
                    return Err(Refused::Number);
                }
                number
            }
            AskedKind::Day => {
                let day = crate::format::parse_day(text).ok_or(Refused::Day)?;
                crate::format::write_day(day)
            }
            AskedKind::YesNo => match text {
                "yes" => "yes".to_owned(),
                "no" => "no".to_owned(),
                _ => return Err(Refused::Option),
            },
            AskedKind::Choice => {
                let chosen = text.parse::<usize>().ok().and_then(|at| self.options.get(at));
                escape(&chosen.ok_or(Refused::Option)?.plain)
            }
        };
        Ok(Some(plain))
    }
}

/// Reads `Label: kind, required: option; option`.
fn field(written: &str) -> Result<Asked, String> {
    let mut parts = outside(written, ':').into_iter();
    let label = Said::read(&parts.next().unwrap_or_default());
    if label.plain.is_empty() {
        return Err("a field has a label.".to_owned());
    }
    let (mut kind, mut required) = (AskedKind::Text, false);
    for word in parts.next().unwrap_or_default().split(',').map(str::trim).filter(|w| !w.is_empty()) {
        if word == "required" {
            required = true;
            continue;
        }
        let known = KINDS.iter().find(|(name, _)| *name == word);
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        kind = known
            .map(|(_, kind)| *kind)
            .ok_or_else(|| format!("`{word}` is no kind of field; there are: {}.", names.join(", ")))?;
    }
    let rest = parts.collect::<Vec<_>>().join(":");
    let options: Vec<Said> =
        outside(&rest, ';').iter().map(|o| Said::read(o)).filter(|o| !o.plain.is_empty()).collect();
    if kind == AskedKind::Choice && options.len() < 2 {
        return Err("a choice names its options after a second colon, divided by semicolons.".to_owned());
    }
    if kind != AskedKind::Choice && !options.is_empty() {
        return Err("only a choice has options.".to_owned());
    }
    Ok(Asked { label, kind, required, options, help: None })
}

/// Splits at a character that stands outside of braces.
fn outside(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_usize);
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c == at && depth == 0 {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

/// Text as Markdown that shows as that text.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(if c == '\n' { ' ' } else { c });
    }
    escaped
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{AskedKind, FormText, Refused};

    const FORM: &str = "Before the first day. {de: Vor dem ersten Tag.}\n\
        - First day {de: Erster Tag}: day, required\n\
        - Computer: choice, required: Standard; For developers {de: Für: Entwicklung}\n  \
          Both with two screens. {de: Beide mit zwei Bildschirmen.}\n\
        - Badge: yes or no\n\
        - Screens: number\n\
        - Remarks: lines\n\
        - Room\n";

    #[test]
    fn a_form_is_read_in_its_languages() {
        let form = FormText::parse(FORM).unwrap();
        assert_eq!(form.intro.in_language("de"), "Vor dem ersten Tag.");
        assert_eq!(form.intro.in_language("fr"), "Before the first day.");
        let kinds: Vec<AskedKind> = form.fields.iter().map(|f| f.kind).collect();
        let wanted = [
            AskedKind::Day,
            AskedKind::Choice,
            AskedKind::YesNo,
            AskedKind::Number,
            AskedKind::Lines,
            AskedKind::Text,
        ];
        assert_eq!(kinds, wanted);
        assert!(form.fields[0].required && !form.fields[5].required);
        assert_eq!(form.fields[1].options[1].in_language("de"), "Für: Entwicklung");
        assert_eq!(form.fields[1].help.as_ref().unwrap().in_language("de"), "Beide mit zwei Bildschirmen.");
    }

    #[test]
    fn a_text_without_fields_is_what_it_was_before() {
        let form = FormText::parse("For whom, what, until when.").unwrap();
        assert_eq!((form.intro.in_language("en"), form.fields.len()), ("For whom, what, until when.", 0));
    }

    #[test]
    fn every_line_that_cannot_be_read_is_said() {
        let wrong =
            FormText::parse("- A: colour\n- B: choice: one\n- : text\n- C: text: a; b\n- E\nD").unwrap_err();
        let begins: Vec<&str> = wrong.iter().map(|w| w.split(':').next().unwrap()).collect();
        assert_eq!(begins, ["Line 1", "Line 2", "Line 3", "Line 4", "Line 6"], "{wrong:?}");
        let many = "- A\n".repeat(41);
        assert_eq!(FormText::parse(&many).unwrap_err(), ["A form has at most 40 fields."]);
    }

    #[test]
    fn answers_become_a_list() {
        let form = FormText::parse(FORM).unwrap();
        let given = ["2026-12-01", "1", "no", "2,5", "one\r\n<b>two", ""];
        let said = form.answers(|at| given[at].to_owned()).unwrap();
        let wanted = "- **First day:** 2026-12-01\n- **Computer:** For developers\n- **Badge:** no\n\
            - **Screens:** 2.5\n- **Remarks:** one  \n  \\<b\\>two";
        assert_eq!(said, wanted);
    }

    #[test]
    fn answers_that_do_not_fit_are_refused_each_with_its_reason() {
        let form = FormText::parse(FORM).unwrap();
        let long = "x".repeat(501);
        let given = ["soon", "7", "maybe", "many", "", &long];
        let wrong = form.answers(|at| given[at].to_owned()).unwrap_err();
        let wanted = [
            (0, Refused::Day),
            (1, Refused::Option),
            (2, Refused::Option),
            (3, Refused::Number),
            (5, Refused::Size),
        ];
        assert_eq!(wrong, wanted);
        let none = form.answers(|_| String::new()).unwrap_err();
        assert_eq!(none, [(0, Refused::Required), (1, Refused::Required)]);
    }
}

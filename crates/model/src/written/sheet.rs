//! A file of declarations while it is read: what stands in a node, and what is wrong with it, by file and line.
//!
//! For the small languages of automations, doors, mail and the guide; record types and controls show the spot of a
//! mistake as well (`load`).

use super::{Node, Written, read};

/// A file while it is read. Mistakes are collected, so that all are said at once.
pub struct Sheet<'a> {
    file: &'a str,
    text: &'a str,
    mistakes: &'a mut Vec<String>,
}

impl<'a> Sheet<'a> {
    /// Opens a file: its nodes, none where it is no KDL, which is a mistake.
    pub fn open(file: &'a str, text: &'a str, mistakes: &'a mut Vec<String>) -> (Self, Vec<Node>) {
        let mut sheet = Self { file, text, mistakes };
        let nodes = match read(text) {
            Some(Ok(nodes)) => nodes,
            Some(Err(slips)) => {
                for slip in slips {
                    let help = slip.help.map(|help| format!(" ({help})")).unwrap_or_default();
                    sheet.wrong_at(slip.span.start, format!("this is not KDL: {}{help}", slip.message));
                }
                Vec::new()
            }
            None => {
                sheet.wrong_at(0, "the file is too large");
                Vec::new()
            }
        };
        (sheet, nodes)
    }

    /// File and line of a byte.
    pub fn place_of(&self, offset: usize) -> String {
        let line = self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
        format!("{}:{line}", self.file)
    }

    /// File and line of a node's word.
    pub fn place(&self, node: &Node) -> String {
        self.place_of(node.word_span.start)
    }

    /// Says what is wrong at a byte.
    pub fn wrong_at(&mut self, offset: usize, says: impl std::fmt::Display) {
        let place = self.place_of(offset);
        self.mistakes.push(format!("{place}: {says}"));
    }

    /// Says what is wrong with a node.
    pub fn wrong(&mut self, node: &Node, says: impl std::fmt::Display) {
        self.wrong_at(node.word_span.start, says);
    }

    /// Says which properties of a node are not known.
    pub fn only(&mut self, node: &Node, known: &[&str]) {
        for (name, span) in node.entries.iter().filter_map(|entry| entry.name.as_ref()) {
            if known.contains(&name.as_str()) {
                continue;
            }
            let says = match known {
                [] => format!("`{}` has no `{name}`", node.word),
                known => format!("`{}` has no `{name}`; it has: {}", node.word, known.join(", ")),
            };
            self.wrong_at(span.start, says);
        }
    }

    /// The texts behind a node's word where there are so many, and says where not, and which properties are not known.
    pub fn texts<const N: usize>(&mut self, node: &Node, known: &[&str]) -> Option<[String; N]> {
        self.only(node, known);
        let found = node.texts();
        let count = found.len();
        let right: Result<[String; N], _> = found.try_into();
        if right.is_err() {
            let texts = if N == 1 { "text" } else { "texts" };
            self.wrong(node, format!("`{}` takes {N} {texts}, not {count}", node.word));
        }
        right.ok()
    }
}

impl Node {
    /// What stands behind its word, without properties, as text.
    pub fn texts(&self) -> Vec<String> {
        self.entries.iter().filter(|e| e.name.is_none()).map(|e| e.value.to_string()).collect()
    }

    /// A property.
    pub fn property(&self, name: &str) -> Option<&Written> {
        let is_it = |e: &&super::Entry| e.name.as_ref().is_some_and(|(found, _)| found == name);
        self.entries.iter().rev().find(is_it).map(|e| &e.value)
    }

    /// A property as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.property(name).map(ToString::to_string)
    }

    /// Whether a property is `#true`.
    pub fn is_yes(&self, name: &str) -> bool {
        self.property(name) == Some(&Written::Bool(true))
    }
}

/// As a field of a record takes it: `yes` and `no`, nothing for `#null`.
impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Int(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Bool(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Self::Null => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sheet;

    #[test]
    fn nodes_are_read_and_mistakes_have_their_lines() {
        let text = "// a\nset \"x\" 3 when=#true\nset 1.5 #null\\\n  odd=\"y\"\n";
        let mut mistakes = Vec::new();
        let (mut sheet, nodes) = Sheet::open("a.kdl", text, &mut mistakes);
        assert_eq!(nodes[0].texts(), ["x", "3"]);
        assert!(nodes[0].is_yes("when") && !nodes[0].is_yes("odd") && !nodes[1].is_yes("odd"));
        assert_eq!(
            (nodes[1].texts(), nodes[1].text("odd").as_deref()),
            (vec!["1.5".to_owned(), String::new()], Some("y"))
        );
        assert_eq!(sheet.texts::<2>(&nodes[0], &["when"]).map(|[a, b]| a + &b).as_deref(), Some("x3"));
        assert_eq!(sheet.texts::<1>(&nodes[1], &["when"]), None);
        sheet.only(&nodes[1], &[]);
        assert_eq!(sheet.place(&nodes[1]), "a.kdl:3");
        assert_eq!(
            mistakes,
            [
                "a.kdl:4: `set` has no `odd`; it has: when",
                "a.kdl:3: `set` takes 1 text, not 2",
                "a.kdl:4: `set` has no `odd`"
            ]
        );
    }

    #[test]
    fn what_is_no_kdl_is_said_with_its_line() {
        let mut mistakes = Vec::new();
        let (_, nodes) = Sheet::open("b.kdl", "good\nbad \"\n", &mut mistakes);
        assert!(nodes.is_empty() && mistakes[0].starts_with("b.kdl:2: this is not KDL"), "{mistakes:?}");
    }
}

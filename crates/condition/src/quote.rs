//! A text as the language writes it, so that what somebody typed stays a text and never becomes part of a condition.

/// A text in its quotation marks. A character U+0000, which no text of the language holds, is left out.
pub fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => written.extend(['\\', c]),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\0' => {}
            c => written.push(c),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::quoted;
    use crate::{Context, Outcome, Row, Schema, Type, Value, check};

    struct Only(Value);

    impl Schema for Only {
        fn field(&self, _: &str, name: &str) -> Option<Type> {
            (name == "it").then_some(Type::Text)
        }
        fn names(&self, _: &str) -> Vec<String> {
            vec!["it".to_owned()]
        }
    }

    impl Row for Only {
        fn value(&self, _: &str) -> Value {
            self.0.clone()
        }
        fn follow(&self, _: &str) -> Option<&dyn Row> {
            None
        }
        fn related(&self, _: &str) -> Vec<&dyn Row> {
            Vec::new()
        }
    }

    #[test]
    fn a_text_is_read_as_it_was() {
        for text in
            ["", "plain", "a\"b", "a\\", "\\\"", "\" || true || \"", "line\nline\r\n", "\t'`?ä€𝄞", "\\n"]
        {
            let row = Only(Value::Text(text.to_owned()));
            let condition = check(&format!("it == {}", quoted(text)), "it", &row).unwrap();
            let context = Context { now: 0, today: 0, user: None };
            assert_eq!(condition.evaluate(&row, &context), Outcome::True, "{text:?}");
        }
        assert_eq!(quoted("a\0b"), "\"ab\"");
    }
}

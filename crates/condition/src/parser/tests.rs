//! Forms that are refused, where and in which words; hostile depth; numbers with exponents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::{decimal, parse};

#[test]
fn mistakes_of_form_have_a_place_and_plain_words() {
    for (source, start, words) in [
        ("", 0, "is empty"),
        ("  // nothing", 0, "is empty"),
        ("a = 1", 2, "compare with `==`"),
        ("a === 1", 4, "compare with `==`"),
        ("a & b", 2, "write `&&`"),
        ("a and b", 2, "write `&&`"),
        ("a OR b", 2, "write `||`"),
        ("a <> b", 3, "write `!=`"),
        ("a is null", 2, "write `==`"),
        ("a ? b : c", 2, "`? :` is not part"),
        ("a == “x”", 5, "straight quotes"),
        ("a == \"x", 5, "no closing"),
        ("a == 'x\n'", 5, "no closing"),
        ("(a == 1", 7, "the text ends here; expected `)`"),
        ("a == 1)", 6, "cannot stand here"),
        ("a == 4h", 5, "hours(4)"),
        ("a == 1u", 5, "without `u`"),
        ("a[0]", 1, "no parts"),
        ("{1: 2}", 0, "`{ }` is not part"),
        ("a == 1.1234567", 5, "six places"),
        ("a == 99999999999999999999", 5, "too large"),
        ("a == 9223372036854775808", 5, "too large"),
        ("größe > 1", 2, "cannot stand in a name"),
        ("for == 1", 0, "word of the language"),
        ("a. == 1", 3, "expected a name"),
        ("a == b\"x\"", 5, "bytes"),
        ("a == \"\\q\"", 6, "unknown escape"),
        ("a == \"\\000\"", 5, "U+0000"),
        ("f(a,)", 4, "expected a value"),
        ("a &&", 4, "expected a value"),
        ("&& a", 0, "cannot stand here"),
    ] {
        let mistake = parse(source).map(|ast| format!("{ast:?}")).expect_err(source);
        assert!(mistake.message.contains(words), "{source}: {}", mistake.message);
        assert_eq!(mistake.start, start, "{source}: {}", mistake.message);
        assert!(source.is_char_boundary(mistake.start) && source.is_char_boundary(mistake.end), "{source}");
        assert!(mistake.end <= source.len());
    }
}

#[test]
fn the_smallest_number_can_be_written() {
    assert!(parse("a == -9223372036854775808").is_ok());
}

#[test]
fn hostile_depth_is_refused_without_overflow() {
    let deep = |open: &str, close: &str, n: usize| format!("{}a{}", open.repeat(n), close.repeat(n));
    for source in [
        deep("(", ")", 4_000),
        deep("[", "]", 4_000),
        deep("!", "", 8_000),
        deep("-", "", 8_000),
        deep("f(", ")", 2_500),
        deep("a.f(", ")", 1_500),
        deep("", ".a", 4_000),
        deep("", "+a", 4_000),
        deep("", "==a", 2_500),
        deep("", ".f()", 2_000),
        deep("", " in a", 1_500),
        "(a+".repeat(2_500),
    ] {
        let mistake = parse(&source).map(|_| ()).expect_err(&source[..20]);
        assert!(mistake.message.contains("deep"), "{}: {}", &source[..20], mistake.message);
    }
    assert!(parse(&"a".repeat(9_000)).unwrap_err().message.contains("8192 bytes"));
    assert!(parse(&deep("", "&&a", 2_500)).is_ok(), "a long chain is flat");
    assert!(parse(&deep("(", ")", 30)).is_ok());
}

#[test]
fn decimals_with_exponents() {
    for (text, shown) in
        [("1.5", "1.5"), ("15e-1", "1.5"), ("1.5e3", "1500"), ("1e-6", "0.000001"), ("0.5E1", "5")]
    {
        assert_eq!(decimal(text).map(|d| d.to_string()).as_deref(), Some(shown), "{text}");
    }
    for text in ["1e-7", "1e30", "1e99999999999"] {
        assert_eq!(decimal(text), None, "{text}");
    }
}

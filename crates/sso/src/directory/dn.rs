//! Distinguished names compared: RFC 4514 text, read into attributes and values.

/// One relative name: attributes with their values, in lower case and in order.
type Relative = Vec<(String, String)>;

/// Reads a distinguished name; none where it is not one.
fn read(text: &str) -> Option<Vec<Relative>> {
    let mut name = Vec::new();
    for relative in split(text, |c| c == ',' || c == ';') {
        let mut pairs = Vec::new();
        for pair in split(relative, |c| c == '+') {
            let (attribute, value) = pair.split_once('=')?;
            pairs.push((attribute.trim().to_lowercase(), plain(value)?));
        }
        pairs.sort();
        name.push(pairs);
    }
    Some(name)
}

/// Parts between signs that are not escaped.
fn split(text: &str, at: impl Fn(char) -> bool) -> Vec<&str> {
    let (mut parts, mut from, mut escaped) = (Vec::new(), 0, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if at(c) => {
                parts.extend(text.get(from..i));
                from = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.extend(text.get(from..));
    parts
}

/// A value without its escapes, in lower case.
fn plain(value: &str) -> Option<String> {
    // blanks around a value say nothing, unless they are escaped
    let value = value.trim_start();
    let mut end = value.trim_end();
    let slashes = end.bytes().rev().take_while(|b| *b == b'\\').count();
    if slashes % 2 == 1 && end.len() < value.len() {
        end = value.get(..=end.len())?;
    }
    let mut bytes = end.bytes().peekable();
    let mut read = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            read.push(byte);
            continue;
        }
        let first = bytes.next()?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match (digit(first), bytes.peek().copied().and_then(digit)) {
            (Some(high), Some(low)) => {
                bytes.next();
                read.push(u8::try_from(high * 16 + low).ok()?);
            }
            _ => read.push(first),
        }
    }
    Some(String::from_utf8(read).ok()?.to_lowercase())
}

/// Those of the keys that name one of the groups: a key with `=` by the group's whole distinguished name; any other by its
/// first value, for groups below `base` only, or by the whole text where the group is told as no distinguished name.
pub(super) fn named<'k>(
    keys: impl Iterator<Item = &'k String>,
    groups: &[String],
    base: Option<&str>,
) -> Vec<String> {
    let base = base.and_then(read);
    let known: Vec<(&String, Option<Vec<Relative>>)> =
        groups.iter().map(|group| (group, read(group))).collect();
    let below =
        |name: &[Relative]| base.as_ref().is_some_and(|base| name.len() > base.len() && name.ends_with(base));
    let means = |key: &String| {
        let wanted = if key.contains('=') { read(key) } else { None };
        known.iter().any(|(text, name)| match (name, &wanted) {
            (Some(name), Some(wanted)) => name == wanted,
            (Some(name), None) => {
                let first = name.first().filter(|pairs| pairs.len() == 1).and_then(|pairs| pairs.first());
                below(name) && first.is_some_and(|(_, value)| *value == key.to_lowercase())
            }
            (None, _) => *text == key,
        })
    };
    keys.filter(|key| means(key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{named, read};

    #[test]
    fn spelling_makes_no_other_name() {
        let one = read("cn=Service Desk\\, Vienna,ou=Groups,dc=example,dc=com");
        assert!(one.is_some());
        for same in [
            "CN=service desk\\, vienna, OU=groups , DC=Example,DC=com",
            "cn=Service Desk\\2c Vienna;ou=groups;dc=example;dc=com",
            "cn = Service\\20Desk\\2C Vienna,ou=Groups,dc=example,dc=com",
        ] {
            assert_eq!(read(same), one, "{same}");
        }
        for other in
            ["cn=Service Desk,ou=Vienna,ou=Groups,dc=example,dc=com", "cn=Service Desk\\, Vienna", "x"]
        {
            assert_ne!(read(other), one, "{other}");
        }
        assert_eq!(read("cn=a+uid=b,dc=x"), read("uid=b+cn=A,dc=x"));
        assert_eq!(read("cn=a\\ ,dc=x"), read("cn=a\\20,dc=x"));
        assert_eq!(read("cn=a\\"), None);
    }

    #[test]
    fn a_short_name_counts_below_the_base_only() {
        let keys = ["desk", "cn=Bosses,ou=groups,dc=x", "contractor"].map(str::to_owned);
        let of = |groups: &[&str], base: Option<&str>| {
            named(keys.iter(), &groups.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>(), base)
        };
        let base = Some("ou=groups,dc=x");
        assert_eq!(of(&["cn=Desk,ou=groups,dc=x"], base), ["desk"]);
        assert_eq!(of(&["cn=desk,ou=evil,dc=x"], base), Vec::<String>::new());
        assert_eq!(of(&["cn=desk,ou=groups,dc=x"], None), Vec::<String>::new());
        assert_eq!(of(&["CN=bosses,OU=Groups,DC=X"], None), ["cn=Bosses,ou=groups,dc=x"]);
        assert_eq!(of(&["cn=bosses,ou=evil,dc=x"], base), Vec::<String>::new());
        assert_eq!(of(&["contractor"], None), ["contractor"]);
        assert_eq!(of(&[], base), Vec::<String>::new());
    }
}

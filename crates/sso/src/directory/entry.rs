//! An entry as a directory sends it, and what is made of it.

use ldap3::{ResultEntry, SearchEntry, ldap_escape};
use serde_json::{Map, Value as Json, json};

use super::settings::DirectorySettings;

/// The attribute of Active Directory that names somebody for good: 16 bytes, no text.
const GUID: &str = "objectGUID";
/// In which order the bytes of such a name are shown.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// An entry.
pub(super) struct Entry {
    /// Its distinguished name.
    pub(super) dn: String,
    /// Attributes with their values as bytes, in the order of the server.
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    pub(super) fn read(found: ResultEntry) -> Self {
        let found = SearchEntry::construct(found);
        let bytes = |values: Vec<String>| values.into_iter().map(String::into_bytes).collect();
        let texts = found.attrs.into_iter().map(|(name, values)| (name, bytes(values)));
        let attributes = texts.chain(found.bin_attrs).collect();
        Self { dn: found.dn, attributes }
    }

    fn values(&self, attribute: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        found.map_or(&[], |(_, values)| values)
    }

    /// All values that are text.
    pub(super) fn texts(&self, attribute: &str) -> impl Iterator<Item = String> {
        self.values(attribute).iter().filter_map(|value| String::from_utf8(value.clone()).ok())
    }

    /// The first value that is text.
    pub(super) fn text(&self, attribute: &str) -> Option<String> {
        self.texts(attribute).next()
    }

    /// Whether the server sent only some of the values, as Active Directory does beyond 1,500.
    pub(super) fn is_cut(&self, attribute: &str) -> bool {
        let begins = format!("{};range=", attribute.to_lowercase());
        self.attributes.iter().any(|(name, _)| name.to_lowercase().starts_with(&begins))
    }

    /// Who it is for good: the one value of an attribute.
    pub(super) fn subject(&self, attribute: &str) -> Option<String> {
        let [one] = self.values(attribute) else { return None };
        if attribute.eq_ignore_ascii_case(GUID) {
            return guid(one);
        }
        String::from_utf8(one.clone()).ok().filter(|text| !text.is_empty())
    }

    /// What a provider of single sign-on would say of the same person, so that the same rules hold; `groups` are the keys
    /// of `roles` that he is in.
    pub(super) fn claims(
        &self,
        settings: &DirectorySettings,
        subject: &str,
        groups: &[String],
    ) -> Map<String, Json> {
        let text = |attribute: &str| json!(self.text(attribute));
        let said = [
            ("sub", json!(subject)),
            ("sign_in", text(&settings.sign_in_attribute)),
            ("name", text(&settings.name_attribute)),
            ("email", text(&settings.mail_attribute)),
            ("groups", json!(groups)),
        ];
        said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The usual way to write such a name: `1d3c2b4a-6f5e-8887-…`.
fn guid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let mut text = String::with_capacity(36);
    for (at, from) in GUID_ORDER.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        text.push_str(&format!("{:02x}", bytes.get(*from)?));
    }
    Some(text)
}

/// The filter that finds who somebody is for good; none where that is no such name.
pub(super) fn filter_of(attribute: &str, subject: &str) -> Option<String> {
    if !attribute.eq_ignore_ascii_case(GUID) {
        return Some(format!("({attribute}={})", ldap_escape(subject)));
    }
    let digits: String = subject.chars().filter(|c| *c != '-').collect();
    let byte = |at: usize| u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok();
    let mut bytes = [0_u8; 16];
    for (at, to) in GUID_ORDER.iter().enumerate() {
        *bytes.get_mut(*to)? = byte(at)?;
    }
    let value: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    Some(format!("({attribute}={value})"))
}

#[cfg(test)]
mod tests {
    use super::{Entry, filter_of};

    fn entry(attribute: &str, values: &[&[u8]]) -> Entry {
        let values = values.iter().map(|value| value.to_vec()).collect();
        Entry { dn: String::new(), attributes: vec![(attribute.to_owned(), values)] }
    }

    #[test]
    fn who_somebody_is_for_good_is_one_value() {
        assert_eq!(entry("entryuuid", &[b"a-1"]).subject("entryUUID").as_deref(), Some("a-1"));
        for none in [entry("entryUUID", &[]), entry("entryUUID", &[b"a", b"b"]), entry("entryUUID", &[b""])] {
            assert_eq!(none.subject("entryUUID"), None);
        }
        assert_eq!(entry("other", &[b"a"]).subject("entryUUID"), None);
    }

    #[test]
    fn sixteen_bytes_are_read_and_asked_for_as_they_are() {
        let bytes: Vec<u8> = (0x41..0x51).collect(); // also text, by chance
        let subject = entry("objectGUID", &[&bytes]).subject("objectguid");
        assert_eq!(subject.as_deref(), Some("44434241-4645-4847-494a-4b4c4d4e4f50"));
        let filter = filter_of("objectGUID", &subject.unwrap_or_default());
        let asked: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        assert_eq!(filter, Some(format!("(objectGUID={asked})")));
        assert_eq!(filter_of("objectGUID", "x"), None);
        assert_eq!(filter_of("entryUUID", "a*"), Some("(entryUUID=a\\2a)".to_owned()));
    }

    #[test]
    fn a_part_of_the_values_is_seen() {
        assert!(entry("memberOf;range=0-1499", &[b"cn=a"]).is_cut("memberof"));
        assert!(!entry("memberOf", &[b"cn=a"]).is_cut("memberOf"));
    }
}

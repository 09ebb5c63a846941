//! The words of the portal, of sign-in and of links, in the language of whoever reads: texts from `locales/`, labels of
//! record types, dates and numbers.
//!
//! Not here: what people wrote themselves (titles, notices, articles); it is shown as written. The pages of the staff
//! are English.
//! Invariant: every key stands in every language and is used; the test `words` of this crate holds it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::OnceLock;

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proofdesk_model::field::Choice;
use proofdesk_model::{Record, RecordType};
use unic_langid::LanguageIdentifier;

/// Name of the cookie that keeps the language for pages before sign-in.
const COOKIE_NAME: &str = "proofdesk_language";
/// Its name with TLS: a browser takes it from this host alone.
const COOKIE_OF_HOST: &str = "__Host-proofdesk_language";

/// Name of the cookie of the language; `secure` where the desk is reached by TLS.
pub fn cookie_name(secure: bool) -> &'static str {
    if secure { COOKIE_OF_HOST } else { COOKIE_NAME }
}

/// A language that everything for customers and users is there in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
}

/// The texts of a language: `locales/<code>/*.ftl`.
const ENGLISH: [&str; 3] = [
    include_str!("../../../locales/en/portal.ftl"),
    include_str!("../../../locales/en/entry.ftl"),
    include_str!("../../../locales/en/account.ftl"),
];
const GERMAN: [&str; 4] = [
    include_str!("../../../locales/de/account.ftl"),
    include_str!("../../../locales/de/portal.ftl"),
    include_str!("../../../locales/de/entry.ftl"),
    include_str!("../../../locales/de/records.ftl"),
];

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its two letters.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language of a tag such as `de-AT`; none where it is not there.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let first = tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.code() == first)
    }

    /// The language that a browser asks for: the cookie, else the best of `Accept-Language`, else English.
    pub fn of_headers(headers: &HeaderMap) -> Self {
        let text = |v: &HeaderValue| v.to_str().unwrap_or_default().to_owned();
        let cookies = headers.get_all(COOKIE).iter().map(text).collect::<Vec<_>>().join(";");
        let named = |name: &str| {
            let all = cookies.split(';').filter_map(|c| c.trim().split_once('='));
            all.filter(|(n, _)| *n == name).find_map(|(_, tag)| Self::of_tag(tag))
        };
        let chosen = named(COOKIE_OF_HOST).or_else(|| named(COOKIE_NAME));
        let accepted = headers.get(ACCEPT_LANGUAGE).map(text).unwrap_or_default();
        chosen.unwrap_or_else(|| Self::accepted(&accepted))
    }

    fn accepted(header: &str) -> Self {
        let mut best: Option<(f32, Self)> = None;
        for part in header.split(',') {
            let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|w| w.parse::<f32>().ok());
            let weight = weight.unwrap_or(1.0);
            if let Some(language) = Self::of_tag(tag)
                && weight > 0.0
                && best.is_none_or(|(most, _)| weight > most)
            {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::English, |(_, language)| language)
    }

    fn sources(self) -> &'static [&'static str] {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        }
    }

    /// Keys of its texts with their source, for the test that compares languages.
    pub fn keys(self) -> BTreeMap<String, String> {
        let lines = self.sources().iter().flat_map(|source| source.lines());
        let entries = lines.filter(|l| !l.starts_with([' ', '#', '}'])).filter_map(|l| l.split_once(" ="));
        entries.map(|(key, text)| (key.to_owned(), text.trim().to_owned())).collect()
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static ENGLISH: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
        static GERMAN: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
        let place = match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        };
        place.get_or_init(|| self.read())
    }

    fn read(self) -> FluentBundle<FluentResource> {
        let id: LanguageIdentifier = self.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // no marks of direction around what is filled in: all languages here are written from left to right
        bundle.set_use_isolating(false);
        for source in self.sources() {
            let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(read, wrong)| {
                tracing::error!(language = self.code(), ?wrong, "a text cannot be read");
                read
            });
            if let Err(wrong) = bundle.add_resource(resource) {
                tracing::error!(language = self.code(), ?wrong, "a text stands there twice");
            }
        }
        bundle
    }
}

/// The words in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words(pub Language);

impl<S: Sync> FromRequestParts<S> for Words {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Language::of_headers(&parts.headers)))
    }
}

impl Words {
    /// Two letters of the language, as `lang` takes them.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// A text.
    pub fn say(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with what is filled in; numbers choose their plural.
    pub fn with(self, key: &str, given: &[(&str, Given<'_>)]) -> String {
        let mut arguments = FluentArgs::new();
        for (name, value) in given {
            arguments.set(*name, value.value());
        }
        self.format(key, &arguments).unwrap_or_else(|| {
            tracing::error!(key, language = self.code(), "there is no such text");
            key.to_owned()
        })
    }

    fn format(self, key: &str, arguments: &FluentArgs<'_>) -> Option<String> {
        let bundle = self.0.bundle();
        let pattern = bundle.get_message(key)?.value()?;
        let mut wrong = Vec::new();
        let text = bundle.format_pattern(pattern, Some(arguments), &mut wrong).into_owned();
        if !wrong.is_empty() {
            tracing::error!(key, ?wrong, "a text is not filled in");
        }
        Some(text)
    }

    /// A label of a record type: English from its declaration, else from `records.ftl`.
    fn label(self, key: &str, declared: &str) -> String {
        match self.0 {
            Language::English => declared.to_owned(),
            Language::German => self.format(key, &FluentArgs::new()).unwrap_or_else(|| declared.to_owned()),
        }
    }

    /// What a type is called.
    pub fn of_type(self, of: &RecordType) -> String {
        self.label(&of.name, &of.label)
    }

    /// What a field is called.
    pub fn field(self, of: &RecordType, name: &str) -> String {
        let declared = of.field(name).map_or(name, |f| &f.label);
        self.label(&format!("{}-field-{name}", of.name), declared)
    }

    /// What a state is called.
    pub fn state(self, of: &RecordType, name: &str) -> String {
        let declared = of.state(name).map_or(name, |s| &s.label);
        self.label(&format!("{}-state-{name}", of.name), declared)
    }

    /// What the option of a record's choice is called; none where nothing is chosen.
    pub fn option(self, record: &Record, field: &str) -> Option<String> {
        let chosen = record.text(field)?;
        let declared = record.of.field(field)?.options().iter().find(|o| o.name == chosen)?;
        Some(self.label(&format!("{}-option-{field}-{chosen}", record.of.name), &declared.label))
    }

    fn written(self, at: i64, zone: &TimeZone, english: &str, german: &str) -> String {
        let pattern = match self.0 {
            Language::English => english,
            Language::German => german,
        };
        let zoned = Timestamp::from_microsecond(at).map(|t| t.to_zoned(zone.clone()));
        zoned.map(|t| t.strftime(pattern).to_string()).unwrap_or_default()
    }

    /// An instant: `23 Nov 2026, 14:02` or `23.11.2026, 14:02`.
    pub fn instant(self, at: i64, zone: &TimeZone) -> String {
        self.written(at, zone, "%-d %b %Y, %H:%M", "%d.%m.%Y, %H:%M")
    }

    /// The day of an instant.
    pub fn day(self, at: i64, zone: &TimeZone) -> String {
        self.written(at, zone, "%-d %b %Y", "%d.%m.%Y")
    }

    /// A share in per cent, at most two places, never rounded up to all of it.
    pub fn percent(self, share: f64) -> String {
        let cut = (share * 100.0).floor() / 100.0;
        let mut text = format!("{cut:.2}");
        while text.ends_with('0') {
            text.pop();
        }
        let text = text.trim_end_matches('.').to_owned();
        let text = match self.0 {
            Language::English => text,
            Language::German => text.replace('.', ","),
        };
        format!("{text}\u{a0}%")
    }

    /// A number that was written with a point.
    pub fn number(self, written: &str) -> String {
        match self.0 {
            Language::English => written.to_owned(),
            Language::German => written.replace('.', ","),
        }
    }

    /// What an option of a choice is called.
    pub fn option_of(self, of: &RecordType, field: &str, option: &Choice) -> String {
        self.label(&format!("{}-option-{field}-{}", of.name, option.name), &option.label)
    }

    /// A length of time in whole days, or else in hours, from microseconds.
    pub fn length(self, micros: i64) -> String {
        const HOUR: i64 = 3_600_000_000;
        let hours = (micros + HOUR - 1).div_euclid(HOUR).max(1);
        if hours % 24 == 0 {
            self.with("length-days", &[("count", Given::Number(hours / 24))])
        } else {
            self.with("length-hours", &[("count", Given::Number(hours))])
        }
    }
}

/// What is filled into a text.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// Words.
    Text(&'a str),
    /// A number that may choose a plural.
    Number(i64),
}

impl Given<'_> {
    fn value(&self) -> FluentValue<'static> {
        match self {
            Self::Text(text) => FluentValue::from((*text).to_owned()),
            Self::Number(number) => FluentValue::from(*number),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use jiff::tz::TimeZone;

    use super::{Language, Words};

    #[test]
    fn the_language_is_the_cookies_or_the_best_that_the_browser_takes() {
        for (header, cookie, language) in [
            ("", "", Language::English),
            ("de-AT,de;q=0.9,en;q=0.8", "", Language::German),
            ("fr,en;q=0.5,de;q=0.4", "", Language::English),
            ("fr, de;q=0.4", "", Language::German),
            ("de;q=0,en", "", Language::English),
            ("en", "a=b; proofdesk_language=de", Language::German),
            ("de", "proofdesk_language=xx", Language::German),
            ("en", "proofdesk_language=en; __Host-proofdesk_language=de", Language::German),
        ] {
            let mut headers = HeaderMap::new();
            if let (Ok(accept), Ok(cookie)) = (HeaderValue::from_str(header), HeaderValue::from_str(cookie)) {
                headers.insert("accept-language", accept);
                headers.insert("cookie", cookie);
            }
            assert_eq!(Language::of_headers(&headers), language, "{header} {cookie}");
        }
    }

    #[test]
    fn dates_and_numbers_are_written_as_the_language_does() {
        let (english, german) = (Words(Language::English), Words(Language::German));
        let at = 1_795_442_520_000_000;
        assert_eq!(english.instant(at, &TimeZone::UTC), "23 Nov 2026, 14:02");
        assert_eq!(german.instant(at, &TimeZone::UTC), "23.11.2026, 14:02");
        assert_eq!(
            (english.percent(99.999), german.percent(99.5)),
            ("99.99\u{a0}%".into(), "99,5\u{a0}%".into())
        );
        assert_eq!((english.percent(100.0), german.percent(0.0)), ("100\u{a0}%".into(), "0\u{a0}%".into()));
        assert_eq!(english.length(86_400_000_000), "1 day");
        assert_eq!(german.length(3 * 86_400_000_000), "3 Tagen");
        assert_eq!(german.length(3_600_000_000), "1 Stunde");
    }
}

//! Small texts that people write: Markdown to HTML and to paper, service hours, days, instants, lengths of time,
//! decimals, references, scopes of tokens, places in templates.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofdesk_calendar::ServiceHours;
use proofdesk_model::access::Scope;
use proofdesk_model::{Decimal, Registry, format, load, shipped, template};

static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| load(&shipped(), &proofdesk_rules::all().names()).expect("shipped types"));

fuzz_target!(|text: &str| {
    let html = proofdesk_engine::markdown::to_html(text);
    let low = html.to_lowercase();
    for evil in ["<script", "<iframe", "<img", "<style", "<svg", "<object", "<form"] {
        assert!(!low.contains(evil), "{evil} came through: {html}");
    }
    // as text anybody may write it
    let mut tags = low.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    assert!(!tags.any(|tag| tag.contains("href=\"javascript:")), "a script in a link came through: {html}");
    drop(proofdesk_paper::from_markdown(text, 2));
    if let Ok(hours) = ServiceHours::parse(text) {
        let now = 1_700_000_000_000_000;
        let day = 86_400_000_000;
        assert!(hours.measure(now, now + day) <= hours.measure(now, now + 2 * day));
        let _ = (hours.add(now, 3_600), hours.next_open(now), hours.is_open(now));
    }
    if let Some(day) = format::parse_day(text) {
        assert_eq!(format::parse_day(&format::write_day(day)), Some(day));
    }
    if let Some(length) = format::parse_duration(text) {
        drop(format::write_duration(length));
    }
    if let Ok(number) = text.parse::<Decimal>() {
        assert_eq!(number.to_string().parse::<Decimal>(), Ok(number));
    }
    if let Some(reference) = REGISTRY.parse_reference(text) {
        assert_eq!(REGISTRY.parse_reference(&REGISTRY.write_reference(&reference)), Some(reference));
    }
    if let Ok(Some(scope)) = Scope::parse(text, |name| REGISTRY.get(name).map(|of| &**of)) {
        assert_eq!(Scope::read(&scope.write()), Some(scope));
    }
    drop(template::fill(text, |_| Some("{{x}}".to_owned())));
});

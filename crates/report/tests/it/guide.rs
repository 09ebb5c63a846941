//! The examples of the guide are true.

use proofdesk_engine::Mapping;
use proofdesk_report::figures::WhatIf;

use crate::world::registry;

fn guide() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/import.md");
    std::fs::read_to_string(path).unwrap()
}

fn blocks(start: &str) -> Vec<String> {
    let text = guide();
    let found = text.split(start).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned());
    found.collect()
}

#[test]
fn the_mapping_of_the_guide_is_a_good_one_and_uses_every_key() {
    let blocks = blocks("```toml\n");
    assert_eq!(blocks.len(), 1);
    let mapping =
        Mapping::parse("docs/import.md", &blocks[0], &registry()).unwrap_or_else(|m| panic!("{m:#?}"));
    assert_eq!(mapping.delimiter, b';');
    assert_eq!((mapping.columns.len(), mapping.kept.len(), mapping.ignored.len()), (8, 1, 1));
    for key in
        ["delimiter", "missing", "collapse_spaces", "otherwise", "only_in", "keep", "same", "set", "create"]
    {
        assert!(blocks[0].contains(&format!("{key} =")), "{key}");
    }
}

#[test]
fn the_promise_of_the_guide_can_be_tried() {
    #[derive(serde::Deserialize)]
    struct Promises {
        what_if: Vec<WhatIf>,
    }
    let blocks = blocks("```toml what-if\n");
    let promises: Promises = toml::from_str(&blocks[0]).unwrap();
    let flag = &promises.what_if[0];
    assert_eq!((flag.to.as_str(), flag.minutes["p3"]), ("closed_at", 9_202));
    assert!(proofdesk_calendar::ServiceHours::parse(&flag.hours).is_ok());
}

//! The shipped controls: they load, serve what they say, and mistakes in a control are all named.

use std::collections::BTreeSet;

use proofdesk_conformity::{Declarations, Site, Source};

use crate::world::registry;

#[test]
fn shipped_controls_load_and_serve_every_obligation() {
    let declarations = Declarations::shipped(&registry()).unwrap_or_else(|m| panic!("{m}"));
    let framework = declarations.framework("iso-20000-1-2018").unwrap();
    let served: BTreeSet<&str> =
        declarations.controls.tests.values().flat_map(|t| &t.serves).map(|s| s.obligation.as_str()).collect();
    let open: Vec<&str> =
        framework.obligations.keys().map(String::as_str).filter(|id| !served.contains(id)).collect();
    assert_eq!(open, Vec::<&str>::new(), "every obligation is asked for");
    let kinds: BTreeSet<&str> = declarations.controls.tests.values().map(|t| t.kind.as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["attest", "each", "fresh", "ratio", "reconcile", "some"]));
}

#[test]
fn all_mistakes_of_a_control_are_named_with_file_and_line() {
    let text = r#"control "x" title="X" owner="king" {
    test "x.a" title="A" severity="grave" {
        serves "iso-20000-1-2018" "8.6.1-zz"
        each "incident" where="colour == 'red'" {
            must "title != null && oops" says="S" field="nose"
            must "true" says="S"
        }
    }
    test "x.b" title="B" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        ratio "incident" at_least="much" { counts "major == true" says="S"; }
    }
    test "x.c" title="C" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        fresh "incident" at="title" every="soon" says="S"
    }
    test "x.f" title="F" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        fresh "incident" at="reported_at" cadence="gardening" says="S"
    }
    test "x.g" title="G" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        fresh "incident" at="reported_at" cadence="internal_audit" every="9d" says="S"
    }
    test "x.h" title="H" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        some "incident" at_least=0 { must "title != null" says="S"; }
    }
    test "x.i" title="I" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        tolerance count=1
        some "incident" says="T" { must "title != null" says="S"; }
    }
    test "x.j" title="J" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        some "incident" exactly=1 at_least=1 says="T" { must "title != null" says="S"; }
    }
    test "x.k" title="K" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        some "incident" at_least=3 at_most=2 says="T" too_many="M" { must "reported_at > now - {gardening}" says="S"; }
    }
    test "x.d" title="D" severity="minor" { each "unicorn" { must "title != null" says="S"; }; }
    test "x.e" title="E" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        each "incident" { must "assignee == me" says="S"; }
    }
}
term "gardening_time" default="soon" clause="8.6.1" title="T" says="S"
set "incident_closure" to="5%" says="S"
set "unicorn" to="5d" says="S"
cadences "incident" duty="title" every="title" done="reported_at" due="nose"
"#;
    let site = [Source::new("site/x.kdl", text)];
    let error = Declarations::with_site(&registry(), Site { controls: site.to_vec(), ..Site::default() })
        .unwrap_err()
        .to_string();
    for wanted in [
        "site/x.kdl:1: there is no role `king`",
        "site/x.kdl:2: severity=\"grave\" is not known; known are: minor, major",
        "site/x.kdl:3: iso-20000-1-2018 has no obligation `8.6.1-zz`",
        "site/x.kdl:4: ",
        "    colour == 'red'\n    ^^^^^^",
        "    title != null && oops\n                     ^^^^",
        "site/x.kdl:5: incident has no field `nose`",
        "site/x.kdl:6: an assertion that is always true",
        "`much` is no share",
        "`title` is no instant and no day of incident",
        "every=\"soon\" is no length of time",
        "test x.d serves no obligation",
        "cadence=\"gardening\" is no option of `duty` of cadence; known are: context_review, ",
        "give `every` or `cadence`, not both",
        "at_least=0 asks nothing",
        "give `exactly`, or `at_least` and `at_most`, not both",
        "`some` with a highest number needs `too_many=\"…\"`",
        "`at_most` is less than `at_least`",
        "there is no term `gardening`; known are: look_back, ",
        "`soon` is no amount",
        "term incident_closure is days; `5%` is per cent",
        "there is no term `unicorn`",
        "`some` needs `says=\"…\"`",
        "test x.i: `tolerance` means nothing for `some`",
        "`cadences` is declared twice, first at controls/cadence.kdl:3",
        "there is no record type `unicorn`",
        "`me` means nothing in a test",
    ] {
        assert!(error.contains(wanted), "{wanted}\nnot in\n{error}");
    }
}

/// What an organization chooses for itself is written into conditions and sentences, and into the test's version.
#[test]
fn a_site_sets_a_term_and_every_test_with_it_says_so() {
    let shipped = Declarations::shipped(&registry()).unwrap_or_else(|m| panic!("{m}"));
    let line = r#"set "incident_closure" to="21d" says="Customers confirm within three weeks""#;
    let site = [Source::new("site/controls/terms.kdl", line)];
    let own = Declarations::with_site(&registry(), Site { controls: site.to_vec(), ..Site::default() })
        .unwrap_or_else(|m| panic!("{m}"));
    let (before, after) = (shipped.test("incident.closed").unwrap(), own.test("incident.closed").unwrap());
    assert_eq!(before.title, "A resolved incident is closed within 14 days, with a closure code");
    assert_eq!(after.title, "A resolved incident is closed within 21 days, with a closure code");
    let asked = |test: &proofdesk_conformity::Test| test.sides()[0].all.source().to_owned();
    assert!(asked(before).contains("resolved_at + days(14)"), "{}", asked(before));
    assert!(asked(after).contains("resolved_at + days(21)"), "{}", asked(after));
    assert_ne!(before.declaration, after.declaration, "a result says by which term it was judged");
    let term = after.terms.iter().find(|t| t.name == "incident_closure").unwrap();
    assert_eq!((term.value.as_str(), term.default.as_str()), ("21 days", "14 days"));
    let chosen = term.chosen.as_ref().unwrap();
    assert_eq!(
        (chosen.place.as_str(), chosen.says.as_str()),
        ("site/controls/terms.kdl:1", "Customers confirm within three weeks")
    );
    let same = |id: &str| shipped.test(id).unwrap().declaration == own.test(id).unwrap().declaration;
    assert!(same("request.closed"), "what does not name the term stays as it was");
}

/// Every term is used, and no test of ours keeps a length of time of its own that is not plain calendar.
#[test]
fn figures_that_an_organization_chooses_are_terms() {
    let declarations = Declarations::shipped(&registry()).unwrap_or_else(|m| panic!("{m}"));
    let tests = || declarations.controls.tests.values();
    for term in &declarations.controls.terms {
        assert!(tests().any(|t| t.terms.iter().any(|u| u.name == term.name)), "no test uses {}", term.name);
    }
    let named = tests().filter(|t| !t.terms.is_empty()).count();
    assert!(named > 200, "{named} tests name a term");
}

/// What an event brings has a test, and an item on its owner's page.
#[test]
fn duties_after_an_event_have_a_test_and_an_item_for_their_owner() {
    let registry = registry();
    let declarations = Declarations::shipped(&registry).unwrap_or_else(|m| panic!("{m}"));
    let paper = include_str!("../../../../docs/conformity.md");
    let table = paper.split("### Duties that an event brings").nth(1).unwrap().split("###").next().unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 9);
    for row in rows {
        for test in row[3].split(',').map(|t| t.trim().trim_matches('`')) {
            assert!(declarations.test(test).is_some(), "{test}");
        }
        for asking in row[4].split(',').map(str::trim) {
            let (of, view) = asking.split_once('`').unwrap();
            let of = registry.get(&of.trim().replace(' ', "_")).unwrap();
            let view = of.views.iter().find(|v| v.name == view.trim_matches('`'));
            let view = view.unwrap_or_else(|| panic!("{}: {asking}", of.name));
            assert!(view.needs && view.condition.as_ref().is_some_and(|c| c.uses_me()), "{asking}");
        }
    }
}

#[test]
fn the_control_in_the_paper_can_be_used_as_written() {
    let paper = include_str!("../../../../docs/conformity.md");
    let control = paper.split("```kdl\n").nth(1).unwrap().split("```").next().unwrap();
    let site = [Source::new("docs/conformity.md", control)];
    let declarations =
        Declarations::with_site(&registry(), Site { controls: site.to_vec(), ..Site::default() })
            .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(declarations.controls.controls["lending"].tests.len(), 7);
    let window = declarations.test("lending.owner").unwrap().window().unwrap();
    assert_eq!(window.last, 365 * 86_400_000_000);
}

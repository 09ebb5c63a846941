//! The shipped controls: they load, serve what they say, and mistakes in a control are all named.

use std::collections::BTreeSet;

use proofdesk_conformity::{Declarations, Source};

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
    test "x.d" title="D" severity="minor" { each "unicorn" { must "title != null" says="S"; }; }
    test "x.e" title="E" severity="minor" {
        serves "iso-20000-1-2018" "8.6.1-a"
        each "incident" { must "assignee == me" says="S"; }
    }
}
cadences "incident" duty="title" every="title" done="reported_at" due="nose"
"#;
    let site = [Source::new("site/x.kdl", text)];
    let error = Declarations::with_site(&registry(), &[], &site).unwrap_err().to_string();
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
        "`some` needs `says=\"…\"`",
        "test x.i: `tolerance` means nothing for `some`",
        "`cadences` is declared twice, first at controls/cadence.kdl:3",
        "there is no record type `unicorn`",
        "`me` means nothing in a test",
    ] {
        assert!(error.contains(wanted), "{wanted}\nnot in\n{error}");
    }
}

#[test]
fn the_control_in_the_paper_can_be_used_as_written() {
    let paper = include_str!("../../../../docs/conformity.md");
    let control = paper.split("```kdl\n").nth(1).unwrap().split("```").next().unwrap();
    let site = [Source::new("docs/conformity.md", control)];
    let declarations =
        Declarations::with_site(&registry(), &[], &site).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(declarations.controls.controls["lending"].tests.len(), 7);
    let window = declarations.test("lending.owner").unwrap().window().unwrap();
    assert_eq!(window.last, 365 * 86_400_000_000);
}

//! Frameworks as data: written and read again, compared, imported as drafts, published, frozen, mapped; on both databases.

use std::collections::BTreeMap;

use proofdesk_conformity::framework::Answer;
use proofdesk_conformity::framework::differ::{Turn, differences};
use proofdesk_conformity::mapping::Contribution;
use proofdesk_conformity::oscal::{CatalogOptions, Heading, read_catalog};
use proofdesk_conformity::{Before, Conformity, Declarations, Error, Framework, Scope, Site, Source, State};
use proofdesk_engine::{Caller, Change, Door};
use proofdesk_store::Statement;

use crate::kinds::adequate;
use crate::world::{MORNING, World, on_both, registry};

const HOUSE: &str = r#"
framework "house" title="House rules" edition="1" {
    about "What we ask of ourselves."
    origin "Our own book of rules, 2026."
}
chapter "A" title="Desk" group="Work"
chapter "B" title="Cellar" group="Work"
clause "A.1" title="Incidents" chapter="A" {
    obligation "prioritize" kind="record" judgement="machine" { says "Incidents are prioritized."; }
    obligation "title.b" kind="record" judgement="machine" { says "Incidents say where they happened."; }
    obligation "whole" kind="process" judgement="presence" { says "Incidents are handled well."; }
}
clause "B.1" title="Things" chapter="B" {
    obligation "things" kind="record" judgement="person" { says "Things are in \"order\"."; evidence "A look\\around."; }
}
"#;

const LINKS: &str = r#"
control "house" title="House" owner="process_owner" {
    test "house.where" title="Incidents say where" severity="minor" {
        serves "house" "title.b"
        each "incident" { must "location != null" says="No place" field="location"; }
    }
}
use "incident.prioritized" { serves "house" "prioritize" partial="Only that."; }
mapping from="iso-20000-1-2018" to="house" {
    maps "8.6.1-b" "equal" "prioritize" says="The same."
    maps "8.6.1-b" "subset" "whole"
}
"#;

fn house(edit: impl Fn(&str) -> String) -> Framework {
    Framework::load(&[Source::new("house.kdl", edit(HOUSE))]).unwrap_or_else(|m| panic!("{m}"))
}

fn shipped() -> Declarations {
    Declarations::shipped(&registry()).unwrap_or_else(|m| panic!("{m}"))
}

fn heading() -> Heading {
    Heading { organization: "Retail IT".to_owned(), at: MORNING }
}

#[test]
fn a_framework_is_written_and_read_as_the_same() {
    let declared = shipped();
    let own = house(str::to_owned);
    for framework in declared.frameworks.iter().chain([&own]) {
        let again = Framework::load(&[Source::new("again.kdl", framework.to_kdl())]).unwrap();
        assert_eq!(again.digest(), framework.digest());
        assert!(differences(framework, &again).is_empty());
        assert_eq!(again.obligations.len(), framework.obligations.len());
        let oscal = framework.to_oscal(&heading());
        assert_eq!(oscal, framework.to_oscal(&heading()), "equal data give equal documents");
        let source = Source::new("catalog.json", oscal.to_string());
        let back = read_catalog(&source, &CatalogOptions::default()).unwrap_or_else(|m| panic!("{m}"));
        assert_eq!(differences(framework, &back.framework), []);
        assert_eq!(back.framework.digest(), framework.digest(), "{} over OSCAL", framework.id);
    }
    let messy = HOUSE.replace("edition=\"1\" {", "edition=\"1\" { // a comment").replace("    ", "\t");
    assert_eq!(own.digest(), house(|_| messy.clone()).digest(), "comments and spaces change nothing");
}

#[test]
fn differences_name_every_field() {
    let old = house(str::to_owned);
    let new = house(|text| {
        text.replace("edition=\"1\"", "edition=\"2\"")
            .replace("Incidents are prioritized.", "Every incident is prioritized.")
            .replace("obligation \"things\"", "obligation \"all-things\"")
            .replace("title=\"Cellar\"", "title=\"Basement\"")
    });
    let found = differences(&old, &new);
    let short: Vec<(&str, &str, Turn)> = found.iter().map(|d| (d.part, d.id.as_str(), d.turn)).collect();
    assert_eq!(
        short,
        [
            ("framework", "house", Turn::Changed),
            ("chapter", "B", Turn::Changed),
            ("requirement", "prioritize", Turn::Changed),
            ("requirement", "all-things", Turn::Added),
            ("requirement", "things", Turn::Removed),
        ]
    );
    let field = &found[2].fields[0];
    assert_eq!((field.field.as_str(), field.is.as_str()), ("says", "Every incident is prioritized."));
}

#[test]
fn a_public_catalog_is_read_by_its_groups_and_statements() {
    let text = include_str!("../../../demo/data/nist-csf-2.0.catalog.json");
    let source = Source::new("csf.json", text);
    let read = read_catalog(&source, &CatalogOptions::default()).unwrap_or_else(|m| panic!("{m}"));
    let framework = read.framework;
    assert_eq!((framework.id.as_str(), framework.edition.as_str()), ("nist-csf-2.0", "2.0"));
    assert_eq!(read.withdrawn, 1);
    assert_eq!(framework.chapters.len(), 8);
    let assets = &framework.chapters[3];
    assert_eq!((assets.number.as_str(), assets.group.as_str()), ("ID.AM", "IDENTIFY"));
    assert_eq!(assets.title, "Asset Management");
    assert_eq!(framework.clauses["ID.AM"].obligations.len(), 7);
    assert_eq!(framework.obligations["GV.OC-01"].judgement, Answer::Person);
    assert_eq!(framework.obligations["GV.OC-02"].judgement, Answer::Presence);
    assert!(framework.origin.as_deref().unwrap().contains("CC0 1.0"));
}

#[test]
fn a_catalog_with_items_parameters_and_enhancements_is_read() {
    let text = r#"{"catalog": {"uuid": "u", "metadata": {"title": "Own Controls!", "version": "5"}, "groups": [
        {"id": "ac", "title": "Access", "controls": [
            {"id": "ac-1", "title": "Policy", "props": [{"name": "label", "value": "AC-1"}],
             "params": [{"id": "ac-1_p", "label": "interval"}],
             "parts": [{"name": "statement", "prose": "Somebody:", "parts": [
                {"name": "item", "props": [{"name": "label", "value": "a."}], "prose": "writes it;"},
                {"name": "item", "props": [{"name": "label", "value": "b."}], "prose": "reviews it every {{ insert: param, ac-1_p }}."}]},
                {"name": "guidance", "prose": "Short is good."}]},
            {"id": "ac-2", "title": "Accounts", "parts": [{"name": "statement", "prose": "Accounts are managed."}],
             "controls": [{"id": "ac-2.1", "title": "By machine", "parts": [{"name": "statement", "prose": "Machines help."}]},
                          {"id": "ac-2.2", "title": "Old", "props": [{"name": "status", "value": "withdrawn"}]}]},
            {"id": "ac-3", "title": "Doors", "parts": [{"name": "statement", "prose": "Doors are shut."}]}]}]}}"#;
    let read = read_catalog(&Source::new("c.json", text), &CatalogOptions::default());
    let read = read.unwrap_or_else(|m| panic!("{m}"));
    let f = read.framework;
    assert_eq!((f.id.as_str(), f.edition.as_str(), read.withdrawn), ("own-controls", "5", 1));
    let says: BTreeMap<&str, &str> =
        f.obligations.values().map(|o| (o.id.as_str(), o.says.as_str())).collect();
    assert_eq!(says["AC-1.a"], "Somebody: writes it;");
    assert_eq!(says["AC-1.b"], "Somebody: reviews it every [interval].");
    assert_eq!(says["ac-2"], "Accounts are managed.");
    assert_eq!(says["ac-2.1"], "By machine: Machines help.");
    assert_eq!(says["ac-3"], "Doors: Doors are shut.");
    assert_eq!(f.obligations["AC-1.a"].evidence.as_deref(), Some("Short is good."));
    assert!(f.chapters.iter().all(|c| c.group == "Access"), "{:?}", f.chapters);
}

#[test]
fn a_catalog_that_cannot_be_read_says_where() {
    for (text, wanted) in [
        ("{", "x.json:1: this is no JSON"),
        ("{}", "x.json:1: this is no OSCAL catalog"),
        (r#"{"catalog": {"metadata": {"title": "T"}}}"#, "/catalog: it holds no control with a statement"),
        (
            r#"{"catalog": {"metadata": {"title": "T"}, "groups": [{"title": "G", "id": "g", "controls": [{"id": "a"}]}]}}"#,
            "/catalog/groups/0/controls/0: control a has no statement",
        ),
        (
            r#"{"catalog": {"metadata": {"title": "T"}, "controls": [
                {"id": "a b", "parts": [{"name": "statement", "prose": "X"}]}]}}"#,
            "`a b` is no id",
        ),
    ] {
        let error = read_catalog(&Source::new("x.json", text), &CatalogOptions::default()).unwrap_err();
        assert!(error.to_string().contains(wanted), "{wanted} not in {error}");
    }
}

async fn states(conformity: &Conformity, framework: &str) -> BTreeMap<String, State> {
    let map = conformity.overview(framework, &Scope::all()).await.unwrap();
    let all = map.chapters.into_iter().flat_map(|c| c.clauses).flat_map(|c| c.obligations);
    all.map(|o| (o.id, o.state)).collect()
}

fn operator() -> Caller {
    Caller::system("Operator")
}

async fn a_draft_is_published_and_frozen(world: World) {
    let conformity = world.conformity(shipped());
    let requester = Caller::person(1, "Rita", ["requester"]);
    let draft = house(str::to_owned);
    let refused = conformity.import_framework(&requester, &draft, "test", Door::Page).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let update = conformity.import_framework(&operator(), &draft, "KDL house.kdl", Door::Cli).await.unwrap();
    assert_eq!((update.from.as_deref(), update.to.as_str(), update.requirements), (None, "1", 4));
    assert!(conformity.declarations().framework("house").is_none(), "a draft is not in force");
    let links = Source::new("links.kdl", LINKS);
    conformity.import_links(&operator(), "house", &links, Door::Cli).await.unwrap();
    assert!(conformity.declarations().test("house.where").is_none(), "what serves a draft waits");
    let published = conformity.publish_framework(&operator(), "house", Door::Cli).await.unwrap();
    assert_eq!(published.digest, draft.digest());
    assert!(conformity.declarations().test("house.where").is_some());
    assert!(conformity.declarations().draft("house").is_none());

    // the same edition with another text is refused, with what differs
    let changed = house(|text| text.replace("are prioritized", "have a priority"));
    let refused = conformity.import_framework(&operator(), &changed, "again", Door::Cli).await;
    let Err(Error::Invalid(problems)) = refused else { panic!("{refused:?}") };
    let message = problems.0[0].message.clone();
    assert!(
        message.contains("frozen") && message.contains("requirement prioritize changed (says)"),
        "{message}"
    );
    let same = conformity.import_framework(&operator(), &draft, "again", Door::Cli).await;
    assert!(matches!(same, Err(Error::Invalid(_))), "{same:?}");

    // another edition is a draft that shows what it touches
    let second = house(|text| {
        text.replace("edition=\"1\"", "edition=\"2\"").replace("are prioritized", "have a priority")
    });
    let update = conformity.import_framework(&operator(), &second, "edition 2", Door::Cli).await.unwrap();
    let touched = update.differences.iter().find(|t| t.difference.id == "prioritize").unwrap();
    assert_eq!(touched.tests, ["incident.prioritized"]);
    assert_eq!(touched.mappings, ["iso-20000-1-2018 8.6.1-b"]);
    assert_eq!(conformity.declarations().framework("house").unwrap().edition, "1");

    // every step is sealed, and another node sees it
    let other = world.conformity(shipped());
    other.refresh().await.unwrap();
    assert_eq!(other.declarations().framework("house").unwrap().edition, "1");
    assert_eq!(other.declarations().draft("house").unwrap().0.edition, "2");
    let all = other.frameworks().await.unwrap();
    let info = all.iter().find(|f| f.id == "house").unwrap();
    assert_eq!(info.editions.len(), 4);
    assert_eq!((info.tested, info.mapped, info.draft.as_deref()), (2, 2, Some("2")));
    while world.engine.sequence().await.unwrap() > 0 {}
    assert!(world.engine.verify(&[], |_, _| {}).await.unwrap().is_good());

    // who changes a stored text by hand is noticed, and the text is not used
    let mut report = proofdesk_engine::verify::Report::default();
    proofdesk_conformity::verify(&world.engine, &mut report).await.unwrap();
    assert!(report.is_good(), "{:?}", report.findings);

    // a file of the site that says something else than was published is refused
    let site = |text: String| Site {
        frameworks: vec![vec![Source::new("site/standards/house/house.kdl", text)]],
        ..Site::default()
    };
    let with = |text: String| Declarations::with_site(&registry(), site(text)).unwrap();
    let good = world.conformity(with(HOUSE.to_owned()));
    good.refresh().await.unwrap();
    let bad = world.conformity(with(HOUSE.replace("are prioritized", "have a priority")));
    let error = bad.refresh().await.unwrap_err().to_string();
    assert!(error.contains("site/standards/house/house.kdl:1: edition 1 of house is published"), "{error}");

    let other = draft.to_kdl().replace("House rules", "Other rules");
    let by_hand = Statement::update("conformity_framework").set("source", other.as_str()).when("id", 3_i64);
    world.engine.store().execute(vec![by_hand]).await.unwrap();
    proofdesk_conformity::verify(&world.engine, &mut report).await.unwrap();
    let found: Vec<&str> = report.findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(found, ["FRW-3, requirements of house, was changed past the log."]);
    let careful = world.conformity(shipped());
    careful.refresh().await.unwrap();
    assert!(careful.declarations().framework("house").is_none());
    assert!(careful.declarations().left_out.iter().any(|m| m.message.contains("changed past the log")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_are_published_and_frozen() {
    on_both(a_draft_is_published_and_frozen).await;
}

async fn mappings_speak_by_their_strength(world: World) {
    let conformity = world.conformity(shipped());
    conformity.import_framework(&operator(), &house(str::to_owned), "t", Door::Cli).await.unwrap();
    conformity.publish_framework(&operator(), "house", Door::Cli).await.unwrap();
    conformity.import_links(&operator(), "house", &Source::new("l", LINKS), Door::Cli).await.unwrap();
    assert_eq!(states(&conformity, "house").await["prioritize"], State::NotProven, "before any run");
    let good = Change::default()
        .with_text("title", "Printer")
        .with_text("location", "Hall")
        .with_text("impact", "high")
        .with_text("urgency", "high")
        .with_text("priority", "p1");
    world.put("incident", "new", good).await;
    conformity.run(&Scope::all(), "test", Door::Cli).await.unwrap();
    let found = states(&conformity, "house").await;
    let iso = states(&conformity, "iso-20000-1-2018").await;
    assert_eq!(iso["8.6.1-b"], State::Conforming);
    assert_eq!(found["prioritize"], State::Conforming);
    assert_eq!(found["title.b"], State::Conforming);
    assert_eq!(found["whole"], State::NotProven, "a part shows no whole");
    let detail = conformity.obligation("house", "whole", &Scope::all()).await.unwrap();
    assert_eq!(detail.mapped_from[0].contribution, Contribution::Part);
    let source = conformity.obligation("iso-20000-1-2018", "8.6.1-b", &Scope::all()).await.unwrap();
    assert_eq!(source.maps_to.len(), 2);

    // what is violated in the part is violated in the whole
    let bad = world.put("incident", "new", Change::default().with_text("title", "Nothing known")).await;
    let turned = conformity.retest(&bad).await.unwrap();
    assert!(turned.iter().any(|s| s.obligation == "whole" && s.state == State::Nonconforming), "{turned:?}");
    let found = states(&conformity, "house").await;
    assert_eq!(found["whole"], State::Nonconforming);
    assert_eq!(found["prioritize"], State::Nonconforming);

    // a judgement of one framework says nothing about another
    let judgement = adequate("whole");
    conformity.record_judgement(&operator(), &judgement, Door::Cli).await.unwrap();
    assert_eq!(states(&conformity, "house").await["whole"], State::Nonconforming);
    conformity.run(&Scope::all(), "test", Door::Cli).await.unwrap();
    while world.engine.sequence().await.unwrap() > 0 {}

    // results as OSCAL name the records and the run
    let results = conformity.assessment_results("house", None, &heading()).await.unwrap();
    let text = results.to_string();
    assert!(text.contains("/api/v1/incident/INC-2"), "{text}");
    let findings = results["assessment-results"]["results"][0]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 4);
    assert_eq!(findings[0]["target"]["status"]["state"], "not-satisfied");
    let again = conformity.assessment_results("house", None, &heading()).await.unwrap();
    assert_eq!(results, again);
    let components = conformity.component_definition("house", &heading()).unwrap();
    assert_eq!(components["component-definition"]["components"].as_array().unwrap().len(), 2);
    let mapped = conformity.mapping_collection("house", &heading()).unwrap();
    assert_eq!(mapped["mapping-collection"]["mappings"][0]["maps"][0]["relationship"], "equal-to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mappings_say_no_more_than_their_strength() {
    on_both(mappings_speak_by_their_strength).await;
}

async fn wrong_links_are_named(world: World) {
    let conformity = world.conformity(shipped());
    conformity.import_framework(&operator(), &house(str::to_owned), "t", Door::Cli).await.unwrap();
    let text = "use \"no.test\" { serves \"house\" \"things\"; }\nmapping from=\"iso-20000-1-2018\" to=\"house\" {\n    maps \"8.6.1-b\" \"nearly\" \"things\"\n    maps \"8.6.1-b\" \"equal\" \"nothing\"\n}\n";
    let error = conformity.import_links(&operator(), "house", &Source::new("l.kdl", text), Door::Cli).await;
    let error = error.unwrap_err().to_string();
    for wanted in [
        "l.kdl:1: there is no test `no.test`",
        "l.kdl:3: the strength is one of: equal, subset, superset, intersects",
        "l.kdl:4: house has no obligation `nothing`",
    ] {
        assert!(error.contains(wanted), "{wanted} not in {error}");
    }
    let missing = conformity.publish_framework(&operator(), "nobody", Door::Cli).await;
    assert!(matches!(missing, Err(Error::NotFound(_))));
    let iso = conformity.declarations().framework("iso-20000-1-2018").unwrap().clone();
    let shipped = conformity.import_framework(&operator(), &iso, "t", Door::Cli).await;
    assert!(matches!(shipped, Err(Error::Invalid(_))), "{shipped:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_links_are_all_named() {
    on_both(wrong_links_are_named).await;
}

#[test]
fn the_links_of_the_demo_fit_its_catalog() {
    let catalog = Source::new("csf", include_str!("../../../demo/data/nist-csf-2.0.catalog.json"));
    let framework = read_catalog(&catalog, &CatalogOptions::default()).unwrap().framework;
    let mut frameworks = shipped().frameworks;
    frameworks.push(framework);
    let mut files: Vec<Source> = vec![Source::new(
        "nist-csf-2.0.links.kdl",
        include_str!("../../../demo/data/nist-csf-2.0.links.kdl"),
    )];
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../controls");
    for file in std::fs::read_dir(root).unwrap() {
        let path = file.unwrap().path();
        files.push(Source::new(path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
    }
    let controls = proofdesk_conformity::load_controls(&files, &registry(), &frameworks);
    let controls = controls.unwrap_or_else(|m| panic!("{m}"));
    let own = controls.tests.values().filter(|t| t.control == "cybersecurity").count();
    assert!(own >= 8 && controls.mappings.len() >= 10, "{own} {}", controls.mappings.len());
}

async fn a_framework_has_no_past_before_it(world: World) {
    let conformity = world.conformity(shipped());
    let (all, boss) = (Scope::all(), Caller::person(1, "Ilse Brandt", ["sms_manager"]));
    conformity.run(&all, "early", Door::Cli).await.unwrap();
    world.time.advance(1_000_000);
    conformity.import_framework(&boss, &house(str::to_owned), "test", Door::Cli).await.unwrap();
    world.time.advance(1_000_000);
    conformity.publish_framework(&boss, "house", Door::Cli).await.unwrap();
    let published = world.time_now();
    world.time.advance(1_000_000);
    let at = async |at: i64| conformity.overview_as_of("house", &all, at).await.unwrap();
    assert_eq!(at(published - 1).await.before, Some(Before::Framework { since: Some(published) }));
    // a run was made before, and asked none of its tests
    let view = at(published).await;
    assert_eq!((view.before, view.run), (Some(Before::FirstRun { since: None }), None));
    let run = conformity.run(&all, "late", Door::Cli).await.unwrap().run;
    assert_eq!(at(published).await.before, Some(Before::FirstRun { since: Some(run.at) }));
    let view = at(run.at).await;
    assert_eq!((view.before, view.run), (None, Some(run)));
    let shipped = conformity.overview_as_of("iso-20000-1-2018", &all, published).await.unwrap();
    assert_eq!((shipped.before, shipped.run.is_some()), (None, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_known_of_a_framework_before_it_was_in_force() {
    on_both(a_framework_has_no_past_before_it).await;
}

//! Every page and every operation of the interface, asked by every role and by another customer's person over one filled
//! desk, and held against the one function of access: a word that somebody may not see is in no answer that he gets.
//!
//! Every text field, note, comment and file of the desk holds a mark that cannot be guessed. Each answer is read for
//! marks; each mark must be one that the engine shows this caller. The routes are read from where they are declared
//! (pages: the sources of this crate; REST: its own description), so that a new one is tried without being named here.

mod ask;
mod marks;
mod routes;
#[path = "../../../engine/tests/it/samples.rs"]
#[allow(dead_code, reason = "shared with the engine's tests")]
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use proofdesk_engine::{Action, Caller, Change, Door, Reference, Target};
use proofdesk_model::access::ROLES;
use proofdesk_testkit::{Database, TestDesk};
use tower::ServiceExt;

use ask::{Seat, World};
use marks::Filled;
use routes::Call;

/// A number that no record has.
const NOWHERE: i64 = 777_777;

/// What one seat found.
#[derive(Default)]
struct Findings {
    asked: u64,
    shown: u64,
    leaks: Vec<String>,
}

/// Everything that one seat may ask, and what of the answers is not for it.
async fn ask_all(world: Arc<World>, at: usize, ends_sessions: bool) -> Findings {
    let seat = &world.seats[at];
    let mut found = Findings::default();
    for call in world.calls(at).into_iter().filter(|c| c.ends_sessions() == ends_sessions) {
        let answer = world.ask(seat, &call).await;
        found.asked += 1;
        // the steps of a sign-in lead back to its beginning where there is none
        let is_step = call.path.starts_with("/sign-in");
        // a directory's token and the signature of a message open these, no session does
        let is_for_programs = call.path.starts_with("/scim/") || call.path.starts_with("/api/v1/hooks/");
        if !ends_sessions
            && !is_step
            && !is_for_programs
            && seat.name != "nobody"
            && answer.leads_to_sign_in()
        {
            found.leaks.push(format!("{}: {call} was asked by nobody", seat.name));
        }
        let said = |what: String| format!("{} {}: {call} {what}", seat.name, answer.status);
        for mark in marks::in_text(&answer.text) {
            found.shown += 1;
            if !seat.sees[mark] {
                found.leaks.push(said(format!("shows {}", world.filled.marks[mark])));
            }
        }
        let named = hidden_references(&world, seat, &call, &answer.text);
        found.leaks.extend(named.into_iter().map(|reference| said(format!("names {reference}"))));
        if !answer.leads_to_sign_in() {
            found.leaks.extend(wrong(&world, seat, &call, answer.status));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_route_shows_anybody_what_he_may_not_see() {
    let world = Arc::new(World::open().await);
    let all = 0..world.seats.len();
    let seats: Vec<_> = all.clone().map(|at| tokio::spawn(ask_all(world.clone(), at, false))).collect();
    let mut answers = Vec::new();
    for seat in seats {
        answers.push(seat.await.unwrap());
    }
    // administrators last: they may end the sessions of others
    let (last, first): (Vec<usize>, Vec<usize>) =
        all.partition(|at| world.seats[*at].caller.has("administrator"));
    for at in first.into_iter().chain(last) {
        answers.push(ask_all(world.clone(), at, true).await);
    }
    let (mut asked, mut shown, mut leaks) = (0, 0, Vec::new());
    for found in answers {
        asked += found.asked;
        shown += found.shown;
        leaks.extend(found.leaks);
    }
    let cells = asked * world.filled.marks.len() as u64;
    eprintln!("{asked} requests, {cells} cells, {shown} marks seen");
    assert!(shown > 10_000, "the desk is filled, and the marks are found: {shown}");
    leaks.sort();
    leaks.dedup();
    let (count, some) = (leaks.len(), leaks.iter().take(60).cloned().collect::<Vec<_>>());
    assert!(leaks.is_empty(), "{count} leaks:\n{}", some.join("\n"));
}

/// References of another customer's records in an answer to a customer's person, beside what was asked for.
fn hidden_references(world: &World, seat: &Seat, call: &Call, text: &str) -> Vec<String> {
    if !seat.is_customer {
        return Vec::new();
    }
    let others = |(record, owner): &&(Reference, String)| *owner != seat.name && !seat.reads.contains(record);
    let hidden = world.filled.own.iter().filter(others);
    let written = hidden.map(|(record, _)| world.desk.engine.registry().write_reference(record));
    let others = written.filter(|reference| !call.path.contains(reference.as_str()));
    others.filter(|reference| is_named(text, reference)).collect()
}

fn is_named(text: &str, reference: &str) -> bool {
    text.match_indices(reference).any(|(at, _)| {
        let after = text.as_bytes().get(at + reference.len());
        let before = at.checked_sub(1).and_then(|i| text.as_bytes().get(i));
        !after.is_some_and(u8::is_ascii_digit) && !before.is_some_and(u8::is_ascii_alphanumeric)
    })
}

/// What is wrong with a status: a fault, or a success where the one function says no.
fn wrong(world: &World, seat: &Seat, call: &Call, status: StatusCode) -> Option<String> {
    if status.is_server_error() {
        return Some(format!("{} {status}: {call} is a fault", seat.name));
    }
    let (record, action) = (call.record.as_ref()?, call.action.as_ref()?);
    let of = world.desk.engine.registry().get(&record.record_type)?;
    let is_new = *action == Action::Create;
    let may = seat.caller.may(of, action) && (is_new || seat.reads.contains(record));
    // a page that one may not have leads elsewhere; a form that was taken does, too
    let led = status.is_redirection() && call.method != "GET" && seat.name != "nobody";
    let succeeded = status.is_success() || led;
    (succeeded && !may).then(|| format!("{} {status}: {call} is allowed and should not be", seat.name))
}

/// What is there and not seen answers as what is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_hidden_answers_as_what_is_not_there() {
    let world = World::open().await;
    let mut found = Vec::new();
    let mut compared = 0;
    for (at, seat) in world.seats.iter().enumerate().filter(|(_, s)| s.name != "nobody") {
        for call in world.calls(at).into_iter().filter(|c| c.is_of_record) {
            let Some(record) = call.record.clone().filter(|r| !seat.reads.contains(r)) else { continue };
            let nowhere = Reference::new(record.record_type.clone(), NOWHERE);
            let written = |r: &Reference| world.desk.engine.registry().write_reference(r);
            let beside = call.with_path(call.path.replacen(&written(&record), &written(&nowhere), 1));
            let (one, other) = (world.ask(seat, &call).await, world.ask(seat, &beside).await);
            compared += 1;
            let plain =
                |text: &str, of: &Reference| ask::without_ids(&text.replace(&written(of), "REFERENCE"));
            if one.status != other.status || plain(&one.text, &record) != plain(&other.text, &nowhere) {
                found.push(format!(
                    "{}: {call} answers {}, and {} where there is nothing",
                    seat.name, one.status, other.status
                ));
            }
            if seat.is_customer
                && seat.caller.may(&world.type_of(&record), &Action::Read)
                && call.method == "GET"
                && one.status != StatusCode::NOT_FOUND
            {
                found.push(format!("{}: {call} answers {} instead of 404", seat.name, one.status));
            }
        }
    }
    eprintln!("{compared} pairs");
    assert!(compared > 500, "{compared}");
    found.sort();
    found.dedup();
    let (count, some) = (found.len(), found.iter().take(40).cloned().collect::<Vec<_>>());
    assert!(found.is_empty(), "{count} differ:\n{}", some.join("\n"));
}

/// Nothing that another customer's person does changes a page that one reads: no count, no list, no completion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_customer_does_changes_nothing_that_one_reads() {
    let world = World::open().await;
    let at = world.seats.iter().position(|s| s.name == "ada").unwrap();
    let seat = &world.seats[at];
    // the size of the log is public: it grows with everything that anybody does, and says no more
    let log = ["/log", "/api/v1/log", "/print", "/proof/"];
    let reads = |c: &Call| c.method == "GET" && !log.iter().any(|part| c.path.contains(part));
    let calls: Vec<Call> = world.calls(at).into_iter().filter(reads).collect();
    let mut before = BTreeMap::new();
    // twice: counts are taken beside the first request
    for _ in 0..2 {
        for call in &calls {
            before.insert(call.path.clone(), world.ask(seat, call).await);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let bob = world.seats.iter().find(|s| s.name == "bob").unwrap().caller.clone();
    for record in world.work_of_others(seat) {
        let of = world.type_of(record);
        for _ in 0..3 {
            let change = Change::default().with_text(of.title_field(), "One more of Bob's");
            let _ = world.desk.engine.apply(&bob, Target::New(of.name.clone()), change, Door::Page).await;
        }
        let said = world.desk.engine.comment(
            &bob,
            record,
            proofdesk_engine::Audience::Customer,
            "And more",
            Door::Page,
        );
        said.await.unwrap();
    }
    let mut changed = Vec::new();
    for call in &calls {
        let (was, is) = (&before[&call.path], world.ask(seat, call).await);
        if was.status != is.status || ask::without_ids(&was.text) != ask::without_ids(&is.text) {
            changed.push(call.path.clone());
        }
    }
    eprintln!("{} pages compared", calls.len());
    assert!(calls.len() > 100);
    assert!(changed.is_empty(), "{} changed:\n{}", changed.len(), changed.join("\n"));
}

/// A search for the words of another customer finds what a search for nothing finds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_for_the_words_of_others_finds_nothing() {
    let world = World::open().await;
    let mut tried = 0;
    for seat in world.seats.iter().filter(|s| s.is_customer) {
        let ways = ["/api/v1/search?q=", "/search?q="];
        let mut nothing = Vec::new();
        for way in ways {
            let answer = world.ask(seat, &Call::get(&format!("{way}nothinglikeit"))).await;
            nothing.push(ask::without_ids(&answer.text.replace("nothinglikeit", "")));
        }
        for (number, mark) in world.filled.marks.iter().enumerate().filter(|(n, _)| !seat.sees[*n]) {
            let word = marks::word(number);
            let others = world.filled.own.iter().any(|(record, _)| *record == mark.record);
            for (way, nothing) in ways.iter().zip(&nothing).take(if others { 2 } else { 1 }) {
                let answer = world.ask(seat, &Call::get(&format!("{way}{word}"))).await;
                assert_eq!(
                    &ask::without_ids(&answer.text.replace(&word, "")),
                    nothing,
                    "{way}{word}: {mark}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "{tried}");
}

/// A listener hears of no record of another customer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_tells_of_another_customers_records() {
    let world = World::open().await;
    let seat = world.seats.iter().find(|s| s.name == "ada").unwrap();
    let request = Request::get("/events").header("cookie", &seat.cookie).body(Body::empty()).unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    let mut pieces = response.into_body().into_data_stream();
    let bob = world.seats.iter().find(|s| s.name == "bob").unwrap().caller.clone();
    for record in world.work_of_others(seat) {
        let said = world.desk.engine.comment(
            &bob,
            record,
            proofdesk_engine::Audience::Customer,
            "Heard?",
            Door::Page,
        );
        said.await.unwrap();
    }
    let mut heard = String::new();
    while let Ok(Some(Ok(piece))) = tokio::time::timeout(Duration::from_millis(700), pieces.next()).await {
        heard.push_str(&String::from_utf8_lossy(&piece));
    }
    assert!(!heard.contains("event: changed"), "{heard}");
}

/// The roles of the suite are those of the field, and each of them has a seat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_and_every_route_is_tried() {
    let world = World::open().await;
    let names: BTreeSet<&str> = world.seats.iter().map(|s| s.name.as_str()).collect();
    for role in ROLES {
        assert!(names.contains(role) || role == "requester", "{role}");
    }
    assert!(names.contains("ada") && names.contains("bob") && names.contains("nobody"));
    for (at, seat) in world.seats.iter().enumerate() {
        let tried: BTreeSet<String> = world.calls(at).into_iter().map(|c| c.route).collect();
        let missing: Vec<&String> =
            world.routes.iter().map(|r| &r.name).filter(|n| !tried.contains(*n)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", seat.name);
    }
    assert!(world.routes.len() > 60, "{}", world.routes.len());
}

/// Opens the desk that is filled.
pub async fn filled(database: Database) -> (TestDesk, Filled, Vec<(String, Caller)>) {
    let desk = TestDesk::open(database).await.unwrap();
    let mut callers = Vec::new();
    for role in ROLES.iter().filter(|r| **r != "requester") {
        callers.push(((*role).to_owned(), desk.person(&format!("Person {role}"), &[*role]).await.unwrap()));
    }
    for name in ["ada", "bob"] {
        callers
            .push((name.to_owned(), desk.person(&format!("Person {name}"), &["requester"]).await.unwrap()));
    }
    let filled = Filled::fill(&desk, &callers).await;
    (desk, filled, callers)
}

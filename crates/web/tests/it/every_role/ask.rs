//! The filled desk behind the web, who sits at it, and what each asks.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use proofdesk_conformity::{Conformity, Declarations, Scope};
use proofdesk_engine::{Action, Caller, Door, Reference};
use proofdesk_model::RecordType;
use proofdesk_testkit::{Database, TestDesk};
use proofdesk_web::{AppState, Settings};
use tower::ServiceExt;

use super::filled;
use super::marks::{Filled, Part, is_own};
use super::routes::{Call, Route, all};

const PASSWORD: &str = "correct horse battery";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Somebody who asks.
pub struct Seat {
    pub name: String,
    pub caller: Caller,
    pub cookie: String,
    /// By mark, whether he may see it.
    pub sees: Vec<bool>,
    /// Records that he may read.
    pub reads: BTreeSet<Reference>,
    /// He is a customer's person.
    pub is_customer: bool,
}

/// The desk, the web on it and all seats.
pub struct World {
    pub desk: TestDesk,
    pub router: Router,
    pub filled: Filled,
    pub seats: Vec<Seat>,
    pub routes: Vec<Route>,
    types: Vec<Arc<RecordType>>,
    entries: std::collections::BTreeMap<Reference, Vec<i64>>,
    tests: Vec<String>,
    obligations: Vec<String>,
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub text: String,
}

impl Answer {
    /// Whether the session that asked has ended, or there was none.
    pub fn leads_to_sign_in(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
            || self.status.is_redirection() && self.text.contains("\n/sign-in")
    }
}

impl World {
    pub async fn open() -> Self {
        let (desk, filled, callers) = filled(Database::Sqlite).await;
        let declarations = Declarations::shipped(desk.engine.registry()).unwrap();
        let framework = &declarations.frameworks[0];
        let obligations = framework.obligations.keys().cloned().collect();
        let tests = declarations.controls.tests.keys().cloned().collect();
        let conformity = Conformity::new(desk.engine.clone(), declarations);
        conformity.run(&Scope::all(), "by hand", Door::Cli).await.unwrap();
        while desk.engine.sequence().await.unwrap() > 0 {}
        let settings = Settings { attachment_max: 1_048_576, ..Settings::default() };
        let registry = desk.engine.registry();
        let named = proofdesk_automation::Automations::shipped(registry);
        let automations = proofdesk_automation::Automations::load(&named, &[], registry).unwrap();
        let state = AppState::new(desk.engine.clone(), settings).with_conformity(conformity);
        let state = state.with_automations(automations.into());
        let router = proofdesk_web::router(state);
        let types: Vec<Arc<RecordType>> = desk.engine.registry().types().cloned().collect();
        let names: Vec<String> = types.iter().map(|of| of.name.clone()).collect();
        let description = serde_json::from_str(&proofdesk_web::api::openapi(desk.engine.registry())).unwrap();
        let routes = all(&description, &names);
        let mut entries = std::collections::BTreeMap::new();
        for record in filled.records.iter().chain(filled.own.iter().map(|(r, _)| r)) {
            let items = desk.engine.history(record, 20).await.unwrap();
            entries.insert(record.clone(), items.iter().map(|i| i.entry).collect());
        }
        let mut world =
            Self { desk, router, filled, seats: Vec::new(), routes, types, entries, tests, obligations };
        for (name, caller) in callers {
            world.desk.account(&caller, &name, PASSWORD).await.unwrap();
            let cookie = world.sign_in(&name).await;
            let is_customer = caller.has("requester");
            world.seat(name, caller, cookie, is_customer).await;
        }
        world.seat("nobody".to_owned(), Caller::person(0, "nobody", [""; 0]), String::new(), false).await;
        world
    }

    async fn seat(&mut self, name: String, caller: Caller, cookie: String, is_customer: bool) {
        let mut reads = BTreeSet::new();
        for record in self.filled.records.iter().chain(self.filled.own.iter().map(|(r, _)| r)) {
            if matches!(self.desk.engine.load(&caller, record).await, Ok(Some(_))) {
                reads.insert(record.clone());
            }
        }
        let sees = |mark: &super::marks::Mark| {
            let of = self.desk.engine.registry().get(&mark.record.record_type).unwrap();
            reads.contains(&mark.record)
                && match &mark.part {
                    Part::Field(field) => caller.sees(of, field),
                    Part::Comment | Part::File => true,
                    Part::Note | Part::NoteFile => caller.reads_notes(of),
                }
        };
        let sees = self.filled.marks.iter().map(sees).collect();
        self.seats.push(Seat { name, caller, cookie, sees, reads, is_customer });
    }

    async fn sign_in(&self, name: &str) -> String {
        let mut call = Call::get("/sign-in");
        call.method = "POST".to_owned();
        call.body = Some((FORM, format!("sign_in={name}&password={}", PASSWORD.replace(' ', "+"))));
        let response = self.router.clone().oneshot(request("", &call)).await.unwrap();
        let cookie = response.headers().get(header::SET_COOKIE).expect("signed in").to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Work of customers that a seat may not read.
    pub fn work_of_others(&self, seat: &Seat) -> Vec<&Reference> {
        let own = self.filled.own.iter().map(|(record, _)| record);
        own.filter(|r| is_own(&self.type_of(r)) && !seat.reads.contains(*r)).collect()
    }

    pub fn type_of(&self, record: &Reference) -> Arc<RecordType> {
        self.desk.engine.require_type(&record.record_type).unwrap()
    }

    pub async fn ask(&self, seat: &Seat, call: &Call) -> Answer {
        let response = self.router.clone().oneshot(request(&seat.cookie, call)).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 16 * 1_048_576).await.unwrap();
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        for name in ["location", "content-disposition", "etag", "link", "set-cookie"] {
            for value in parts.headers.get_all(name) {
                text.push('\n');
                text.push_str(&String::from_utf8_lossy(value.as_bytes()));
            }
        }
        Answer { status: parts.status, text }
    }

    /// What the seat of this number asks: every route, of every type, with parts that take turns.
    pub fn calls(&self, at: usize) -> Vec<Call> {
        let seat = &self.seats[at];
        let mut found = Vec::new();
        for route in self.routes.iter().filter(|r| r.pattern != "/events") {
            if !route.pattern.contains("{slug}") && !route.pattern.contains("{type}") {
                found.extend(self.plain(at, route));
                continue;
            }
            for (turn, of) in self.types.iter().enumerate() {
                if !self.takes(at, turn, of) {
                    continue;
                }
                for record in self.records(of, seat) {
                    found.extend(self.of_record(seat, route, of, &record, at + turn));
                    if !route.pattern.contains("{reference}") {
                        break;
                    }
                }
            }
        }
        let stream = self.routes.iter().find(|r| r.pattern == "/events").unwrap();
        // a listener without an end is another test; here who may not listen at all
        found.push(Call { route: stream.name.clone(), ..Call::get("/events?after=&after=twice") });
        found.extend(
            ["/desk?view=all", "/search?q=zq0000", "/search?q=was", "/api/v1/search?q=was"].map(Call::get),
        );
        found
    }

    /// Whether a seat tries a route with a type. Most of the staff reads all types alike and takes turns; agents, auditors
    /// and customers' people try all of them, and everybody those that are narrowed.
    fn takes(&self, at: usize, turn: usize, of: &RecordType) -> bool {
        let seat = &self.seats[at];
        let always = seat.is_customer || ["agent", "auditor"].contains(&seat.name.as_str());
        always || is_own(of) || of.narrow.is_some() || (at + turn).is_multiple_of(4)
    }

    fn records(&self, of: &RecordType, seat: &Seat) -> Vec<Reference> {
        let own = self.filled.own.iter().map(|(r, _)| r).chain(&self.filled.records);
        let mut all: Vec<Reference> = own.filter(|r| r.record_type == of.name).cloned().collect();
        if !seat.is_customer && is_own(of) {
            all.drain(..1);
        }
        all
    }

    /// A route that names no type.
    fn plain(&self, at: usize, route: &Route) -> Vec<Call> {
        let every = |all: &[String], step: usize| -> Vec<String> {
            all.iter()
                .enumerate()
                .filter(|(i, _)| i % step == at % step)
                .map(|(_, one)| one.clone())
                .collect()
        };
        let families: BTreeSet<String> = self.types.iter().map(|of| of.family.clone()).collect();
        let fills: Vec<(&str, Vec<String>)> = vec![
            ("{obligation}", every(&self.obligations, 12)),
            ("{test}", every(&self.tests, 6)),
            ("{family}", families.into_iter().collect()),
            ("{run}", vec!["1".to_owned()]),
            ("{entry}", every(&(1..60).map(|n| n.to_string()).collect::<Vec<_>>(), 6)),
            ("{*rest}", vec!["v1/nothing".to_owned()]),
            ("{file}", vec!["nothing.css".to_owned()]),
        ];
        let mut paths = vec![route.pattern.clone()];
        for (name, values) in fills {
            if route.pattern.contains(name) {
                paths = paths.iter().flat_map(|p| values.iter().map(move |v| p.replace(name, v))).collect();
            }
        }
        if route.pattern.starts_with("/conformity/{id}") {
            let ids = every(&self.obligations, 12);
            paths = ids.iter().map(|id| route.pattern.replace("{id}", id)).collect();
        }
        paths.into_iter().map(|path| self.call(route, close(&path), None, None)).collect()
    }

    /// A route that names a type, and perhaps a record.
    fn of_record(
        &self,
        seat: &Seat,
        route: &Route,
        of: &RecordType,
        record: &Reference,
        turn: usize,
    ) -> Vec<Call> {
        let reference = of.reference(record.number);
        let kind = if route.is_api { of.name.clone() } else { of.name.replace('_', "-") };
        let base = route
            .pattern
            .replace("{slug}", &kind)
            .replace("{type}", &of.name)
            .replace("{reference}", &reference);
        let turned = |all: Vec<String>| -> Vec<String> {
            if (seat.is_customer && seat.caller.may(of, &Action::Read)) || all.is_empty() {
                return all;
            }
            vec![all[turn % all.len()].clone()]
        };
        let steps = || of.transitions.iter().map(|t| t.name.clone()).collect::<Vec<_>>();
        let mut paths = vec![base];
        let mut fill = |name: &str, values: Vec<String>| {
            if paths.first().is_some_and(|p| p.contains(name)) {
                paths = paths.iter().flat_map(|p| values.iter().map(move |v| p.replace(name, v))).collect();
            }
        };
        fill("{transition}", turned(steps()));
        fill("{name}", turned(steps()));
        fill("{relation}", turned(of.relations().iter().map(|r| (*r).to_owned()).collect()));
        fill("{other}", vec![reference.clone()]);
        if !route.pattern.contains("/view/") {
            fill("{id}", self.filled.files.get(record).cloned().unwrap_or_default());
        }
        fill("{entry}", turned(self.entries.get(record).into_iter().flatten().map(i64::to_string).collect()));
        let call = |path: String| {
            let path = close(&path);
            let step = of.transitions.iter().map(|t| t.name.clone()).find(|n| {
                path.ends_with(&format!("/transition/{n}")) || path.ends_with(&format!("/transitions/{n}"))
            });
            self.call(route, path, Some(record), step)
        };
        paths.into_iter().map(call).collect()
    }

    fn call(&self, route: &Route, path: String, record: Option<&Reference>, step: Option<String>) -> Call {
        let pattern = route.pattern.as_str();
        let ends = |end: &str| pattern.ends_with(end);
        let reads = route.method == "GET";
        let action = match () {
            () if ends("/transition/{name}") || ends("/transitions/{transition}") => {
                step.map(Action::Transition)
            }
            () if ends("/new") || (route.method == "POST" && ends("/{type}")) => Some(Action::Create),
            () if ends("/edit") || route.method == "PATCH" => Some(Action::Update),
            () if reads || ends("/watch") => Some(Action::Read),
            () if ends("/comment") || ends("/comments") => Some(Action::Comment),
            () if ends("/file") || ends("/attachments") || ends("/paper") => Some(Action::Attach),
            () if pattern.contains("link") => Some(Action::Update),
            () => None,
        };
        let is_of_record = pattern.contains("{reference}");
        let about = record.filter(|_| is_of_record || action == Some(Action::Create));
        let mut call = Call {
            route: route.name.clone(),
            method: route.method.clone(),
            record: about.cloned(),
            action,
            is_of_record,
            ..Call::get(&path)
        };
        if !reads {
            call.body = Some(if route.is_api {
                (JSON, "{\"no_such\": 1}".to_owned())
            } else {
                (FORM, String::new())
            });
            call.headers.push(("if-match", "\"0\"".to_owned()));
            // these would do what they do whatever is sent; from another site they are refused
            let always = ["/sign-out", "/conformity/run", "/api/v1/conformity/runs"].contains(&pattern);
            let site = if always { "cross-site" } else { "same-origin" };
            call.headers.push(("sec-fetch-site", site.to_owned()));
        }
        call
    }
}

/// Puts something in place of what is still open.
fn close(path: &str) -> String {
    let mut closed = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        closed.push_str(before);
        closed.push('1');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    closed + rest
}

fn request(cookie: &str, call: &Call) -> Request<Body> {
    let mut request = Request::builder().method(call.method.as_str()).uri(&call.path);
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    if !cookie.is_empty() {
        request = request.header(header::COOKIE, cookie);
    }
    let body = match &call.body {
        Some((kind, text)) => {
            request = request.header(header::CONTENT_TYPE, *kind);
            Body::from(text.clone())
        }
        None => Body::empty(),
    };
    request.body(body).unwrap()
}

/// A text without what differs from answer to answer: identifiers of requests, and the counts in the menu, which are
/// taken beside the requests and come a little later.
pub fn without_ids(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(at) = text.find("<small>") {
        let end = text[at..].find("</small>").map_or(text.len(), |end| at + end + "</small>".len());
        text.replace_range(at..end, "");
    }
    let mut plain = String::with_capacity(text.len());
    let mut run = String::new();
    let end = |run: &mut String, plain: &mut String| {
        if run.len() >= 12 {
            plain.push_str("ID")
        } else {
            plain.push_str(run)
        }
        run.clear();
    };
    for c in text.chars() {
        if c.is_ascii_hexdigit() || (c == '-' && !run.is_empty()) {
            run.push(c);
        } else {
            end(&mut run, &mut plain);
            plain.push(c);
        }
    }
    end(&mut run, &mut plain);
    plain
}

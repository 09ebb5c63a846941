//! The portal: what a customer's person sees and does, in his language, on both databases.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use proofdesk_engine::{Audience, Caller, Change, Door, Record, Reference, Target};
use proofdesk_model::Value;
use proofdesk_testkit::{BOTH, Database, TestDesk};
use proofdesk_web::{AppState, Settings};

use crate::client::{Answer, Browser, PASSWORD};

const HOUR: i64 = 3_600_000_000;

/// Two customers, each with a service; Ada and Nora are of the first, Bob of the second, Mara is an agent.
struct Portal {
    desk: TestDesk,
    router: Router,
    mara: Caller,
    ada: i64,
    nora: i64,
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

async fn made(
    desk: &TestDesk,
    of: &str,
    state: &str,
    set: &[(&str, Value)],
    links: &[(&str, &str, i64)],
) -> i64 {
    let mut change = set.iter().fold(Change::default(), |c, (name, value)| c.with(name, value.clone()));
    for (relation, to, number) in links {
        change = change.link(relation, Reference::new(*to, *number));
    }
    change.state = (!state.is_empty()).then(|| state.to_owned());
    desk.create(of, change).await.unwrap().record.number
}

const FORM: &str = "Before the first day. {de: Vor dem ersten Tag.}\n\
    - First day {de: Erster Tag}: day, required\n\
    - Computer {de: Rechner}: choice, required: Standard; For developers {de: Für Entwicklung}\n\
    - Remarks {de: Bemerkungen}: lines";

impl Portal {
    async fn open(database: Database) -> Self {
        let desk = TestDesk::open(database).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        desk.account(&mara, "mara", PASSWORD).await.unwrap();
        let mut people = Vec::new();
        for (customer, service) in [("Alpha", "Card terminals"), ("Beta", "Cold stores")] {
            let number = made(&desk, "customer", "", &[("name", text(customer))], &[]).await;
            let set = [("name", text(service)), ("published", Value::Bool(true))];
            made(&desk, "service", "live", &set, &[("customers", "customer", number)]).await;
        }
        for (name, sign_in, customer) in
            [("Ada Berg", "ada", 1), ("Nora Falk", "nora", 1), ("Bob Carl", "bob", 2)]
        {
            let set = [("name", text(name)), ("customer", Value::Link(customer))];
            let number = made(&desk, "person", "", &set, &[]).await;
            desk.account(&Caller::person(number, name, ["requester"]), sign_in, PASSWORD).await.unwrap();
            people.push(number);
        }
        let portal = Self {
            router: proofdesk_web::router(AppState::new(desk.engine.clone(), Settings::default())),
            mara,
            ada: people[0],
            nora: people[1],
            desk,
        };
        portal.fill().await;
        portal
    }

    /// Of each service a notice, an article, a workaround and a model.
    async fn fill(&self) {
        for (service, word) in [(1, "terminal"), (2, "freezer")] {
            let title = |what: &str| text(&format!("{what} of the {word}"));
            let on = [("services", "service", service)];
            made(
                &self.desk,
                "notice",
                "published",
                &[
                    ("title", title("Disturbance")),
                    ("next_update_at", Value::Instant(self.desk.engine.now() + HOUR)),
                ],
                &on,
            )
            .await;
            let article = [
                ("title", title("Restart")),
                ("body", text("Hold **both** keys.")),
                ("audience", text("customers")),
            ];
            made(&self.desk, "knowledge_article", "published", &article, &on).await;
            let known = [
                ("title", title("Known fault")),
                ("workaround", text("Use cash.")),
                ("audience", text("customers")),
            ];
            made(&self.desk, "known_error", "published", &known, &on).await;
            let model = [
                ("title", title("Replacement")),
                ("request_type", text("equipment")),
                ("priority", text("p3")),
                ("approval_needed", Value::Bool(true)),
                ("approver_person", Value::Link(self.nora)),
                ("fulfil_within", Value::Duration(48 * HOUR)),
                ("form", text(FORM)),
            ];
            made(&self.desk, "request_model", "in_use", &model, &on).await;
        }
        // for staff, on the same service
        let on = [("services", "service", 1)];
        made(
            &self.desk,
            "knowledge_article",
            "published",
            &[("title", text("Keys of the terminal vault"))],
            &on,
        )
        .await;
        made(&self.desk, "notice", "", &[("title", text("Draft about the terminal"))], &on).await;
    }

    async fn signed_in(&self, name: &str) -> Browser<'_> {
        let mut browser = Browser::of(&self.router);
        let answer = browser.post("/sign-in", &[("sign_in", name), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let cookie = answer.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        browser.keep(cookie.split(';').next().unwrap());
        browser
    }

    async fn record(&self, of: &str, number: i64) -> Record {
        self.desk.engine.require(&self.desk.setup(), &Reference::new(of, number)).await.unwrap()
    }

    async fn change(&self, of: &str, number: i64, change: Change) {
        let target = Target::Existing(Reference::new(of, number), None);
        self.desk.engine.apply(&self.desk.setup(), target, change, Door::Page).await.unwrap();
    }
}

/// Opens an address in a language.
async fn get_in(browser: &Browser<'_>, language: &str, path: &str) -> Answer {
    let request = Request::get(path).header(header::ACCEPT_LANGUAGE, language);
    browser.send(request.body(Body::empty()).unwrap()).await
}

fn has(page: &Answer, texts: &[&str]) {
    for text in texts {
        assert!(page.body.contains(text), "{text} is missing ({}): {}", page.status, page.body);
    }
}

fn has_not(page: &Answer, texts: &[&str]) {
    for text in texts {
        assert!(!page.body.contains(text), "{text} is shown: {}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_lands_in_the_portal_and_finds_what_fits_his_words() {
    for database in BOTH {
        let portal = Portal::open(database).await;
        let ada = portal.signed_in("ada").await;
        assert_eq!(ada.get("/").await.location(), "/portal");
        assert_eq!(portal.signed_in("mara").await.get("/").await.location(), "/desk");
        let page = ada.get("/portal").await;
        has(
            &page,
            &[
                "What do you need?",
                "Card terminals",
                "disturbed",
                "Replacement of the terminal",
                "Needs an approval. Done within 2 days.",
                "<html lang=\"en\">",
            ],
        );
        for path in ["/portal?q=my+terminal+is+broken", "/portal/offers?q=my+terminal+is+broken"] {
            let found = ada.get(path).await;
            has(
                &found,
                &[
                    "We know about this:",
                    "Disturbance of the terminal",
                    "Restart of the terminal",
                    "Known fault of the terminal",
                    "Replacement of the terminal",
                    "notice=NTC-1",
                    "model=RQM-1",
                ],
            );
            has_not(&found, &["vault", "Draft about"]);
        }
        has(&ada.get("/portal/knowledge-article/KNA-1").await, &["<strong>both</strong>"]);
        has(&ada.get("/portal/known-error/KNE-1").await, &["Use cash."]);
        has(&ada.get("/portal/notice/NTC-1").await, &["Disturbance of the terminal", "Next news at"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_learns_nothing_of_another() {
    for database in BOTH {
        let portal = Portal::open(database).await;
        let bob = portal.signed_in("bob").await;
        for path in [
            "/portal",
            "/portal?q=terminal",
            "/portal/offers?q=terminal+card",
            "/status",
            "/portal/service-request/new",
            "/search?q=terminal",
            "/service",
            "/request-model",
            "/knowledge-article",
        ] {
            let page = bob.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            has_not(&page, &["Card terminals", "of the terminal", "Alpha"]);
        }
        for path in [
            "/portal/notice/NTC-1",
            "/portal/knowledge-article/KNA-1",
            "/portal/known-error/KNE-1",
            "/portal/service-request/new?model=RQM-1",
            "/portal/incident/new?notice=NTC-1",
            "/service/SVC-1",
            "/portal/notice/NTC-3",
        ] {
            assert_eq!(bob.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        let sent = bob.post("/portal/incident/new", &[("title", "Mine"), ("service", "SVC-1")]).await;
        assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
        has(&sent, &["there is nothing of this name"]);
        let watched = bob.post("/portal/service/SVC-1/watch", &[("watching", "yes")]).await;
        assert_eq!(watched.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reported_is_followed_confirmed_rated_and_opened_again() {
    for database in BOTH {
        let portal = Portal::open(database).await;
        let ada = portal.signed_in("ada").await;
        has(
            &ada.get("/portal/incident/new?notice=NTC-1").await,
            &["value=\"Disturbance of the terminal\"", "value=\"SVC-1\""],
        );
        let refused = ada.post("/portal/incident/new", &[("title", ""), ("description", "")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        has(&refused, &["Please fill in “In a sentence”.", "href=\"#title\"", "id=\"wrong-title\""]);
        let form = [
            ("title", "Till 3 is dark"),
            ("description", "Since ten."),
            ("service", "SVC-1"),
            ("notice", "NTC-1"),
        ];
        let sent = ada.post("/portal/incident/new", &form).await;
        assert_eq!(sent.location(), "/portal/incident/INC-1?sent=yes", "{}", sent.body);
        has(&ada.get(sent.location()).await, &["We have it as INC-1", "Since ten.", "Sent by Ada Berg"]);
        let made = portal.record("incident", 1).await;
        let links = ["customer", "service", "notice", "reported_by"].map(|name| made.int(name));
        assert_eq!(links, [Some(1), Some(1), Some(1), Some(portal.ada)]);
        let on = Reference::new("incident", 1);
        for (audience, body) in [(Audience::Customer, "Is the lamp on?"), (Audience::Staff, "Between us")] {
            portal.desk.engine.comment(&portal.mara, &on, audience, body, Door::Page).await.unwrap();
        }
        let said = ada.post("/portal/incident/INC-1/comment", &[("body", "It is **off**")]).await;
        assert_eq!(said.location(), "/portal/incident/INC-1", "{}", said.body);
        let page = ada.get("/portal/incident/INC-1").await;
        has(&page, &["Is the lamp on?", "<strong>off</strong>"]);
        has_not(&page, &["Between us", "Yes, it is done"]);
        has(&ada.get("/portal/requests").await, &["Till 3 is dark", "INC-1"]);
        assert_eq!(
            portal.signed_in("bob").await.get("/portal/incident/INC-1").await.status,
            StatusCode::NOT_FOUND
        );
        let work = Change { state: Some("resolved".to_owned()), ..Change::default() };
        portal
            .change(
                "incident",
                1,
                work.with_text("resolution", "New lamp").with_text("closure_code", "fixed"),
            )
            .await;
        has(
            &ada.get("/portal/incident/INC-1").await,
            &["We think that this is done. Is it?", "New lamp", "It is not done"],
        );
        let given = [("satisfaction", "5"), ("satisfaction_note", "Quick")];
        let done = ada.post("/portal/incident/INC-1/transition/confirm", &given).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let closed = portal.record("incident", 1).await;
        assert_eq!((closed.state.as_str(), closed.int("satisfaction")), ("closed", Some(5)));
        assert!(closed.is_yes("customer_confirmed"));
        has(&ada.get(done.location()).await, &["Thank you for your rating."]);
        let silent = ada.post("/portal/incident/INC-1/transition/reopen", &[("why", "  ")]).await;
        assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
        has(
            &silent,
            &[
                "Please fill in “What is still missing?”.",
                "<details class=\"card\" open>",
                "id=\"wrong-why\"",
                "aria-invalid=\"true\"",
            ],
        );
        assert_eq!(portal.record("incident", 1).await.state, "closed", "nothing was opened");
        let long = "x".repeat(50_001);
        let refused = ada.post("/portal/incident/INC-1/transition/reopen", &[("why", &long)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        has(&refused, &["this is too long", &long]);
        assert_eq!(
            portal.record("incident", 1).await.state,
            "closed",
            "a reason that is not kept opens nothing"
        );
        let empty = get_in(&ada, "de", "/portal/incident/INC-1").await;
        has(&empty, &["Ihre Antwort"]);
        let silent = ada.post("/portal/incident/INC-1/comment", &[("body", "")]).await;
        assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
        has(&silent, &["Please fill in “Your answer”."]);
        let again = ada.post("/portal/incident/INC-1/transition/reopen", &[("why", "Dark again")]).await;
        assert_eq!(again.location(), "/portal/incident/INC-1?done=reopen", "{}", again.body);
        assert_eq!(portal.record("incident", 1).await.state, "in_progress");
        has(&ada.get("/portal/incident/INC-1").await, &["Dark again"]);
        let other = ada.post("/portal/incident/INC-1/transition/resolve", &[]).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_asks_what_its_model_declares_and_the_named_person_approves() {
    for database in BOTH {
        let portal = Portal::open(database).await;
        let (ada, nora) = (portal.signed_in("ada").await, portal.signed_in("nora").await);
        let form = get_in(&ada, "de", "/portal/service-request/new?model=RQM-1").await;
        has(
            &form,
            &[
                "Vor dem ersten Tag.",
                "Erster Tag",
                "Für Entwicklung",
                "type=\"date\"",
                "Absenden",
                "<html lang=\"de\">",
            ],
        );
        let given = [("model", "RQM-1"), ("answer.0", ""), ("answer.1", "9"), ("answer.2", "Two <screens>")];
        let refused = ada.post("/portal/service-request/new", &given).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        has(
            &refused,
            &[
                "Please fill in “First day”.",
                "Computer: choose one of the options.",
                "Two &lt;screens&gt;",
                "About: Card terminals",
            ],
        );
        let given = [
            ("model", "RQM-1"),
            ("service", "SVC-1"),
            ("answer.0", "2026-12-01"),
            ("answer.1", "1"),
            ("answer.2", "Two"),
        ];
        let sent = ada.post("/portal/service-request/new", &given).await;
        assert_eq!(sent.location(), "/portal/service-request/REQ-1?sent=yes", "{}", sent.body);
        let made = portal.record("service_request", 1).await;
        assert_eq!((made.state.as_str(), made.int("approval_by")), ("approval", Some(portal.nora)));
        assert_eq!((made.text("priority"), made.text("request_type")), (Some("p3"), Some("equipment")));
        assert_eq!(made.title(), "Replacement of the terminal");
        let answers = "- **First day:** 2026-12-01\n- **Computer:** For developers\n- **Remarks:** Two";
        assert_eq!(made.text("answers"), Some(answers));
        let own = ada.get("/portal/service-request/REQ-1").await;
        has(&own, &["For developers"]);
        has_not(&own, &["asks for your approval"]);
        // question and answer in the language of who reads
        let german = get_in(&ada, "de", "/portal/service-request/REQ-1").await;
        has(&german, &["Erster Tag", "01.12.2026", "Für Entwicklung", "Bemerkungen"]);
        has_not(&german, &["First day", "For developers"]);
        approval(&portal, &ada, &nora).await;
    }
}

#[tokio::test]
async fn an_approver_reads_no_bare_reference_of_what_she_may_not_look_up() {
    for database in BOTH {
        let portal = Portal::open(database).await;
        // of the other customer, whose service and model she does not see
        let set = [
            ("title", text("A colder freezer")),
            ("requested_by", Value::Link(portal.nora + 1)),
            ("customer", Value::Link(2)),
            ("service", Value::Link(2)),
            ("model", Value::Link(2)),
            ("answers", text("- First day: 2026-04-01\n- Computer: Standard")),
        ];
        made(&portal.desk, "service_request", "", &set, &[]).await;
        let nora = portal.signed_in("nora").await;
        let asked = nora.get("/portal/service-request/REQ-1/agree").await;
        has(&asked, &["A colder freezer", "Yes, I approve it"]);
        let registry = portal.desk.engine.registry();
        let bare = |of: &str| registry.write_reference(&Reference::new(of, 2));
        has_not(&asked, &[&bare("service"), &bare("request_model"), "Cold stores"]);
    }
}

/// Approved by who was asked, after he saw what, by whom and when; and not what he did not see.
async fn approval(portal: &Portal, ada: &Browser<'_>, nora: &Browser<'_>) {
    let at = "/portal/service-request/REQ-1";
    let agree = &format!("{at}/agree");
    let version = async || portal.record("service_request", 1).await.version.to_string();
    let not_hers = ada.get(agree).await;
    assert_eq!(not_hers.location(), at, "who asked is shown no question: {}", not_hers.body);
    ada.post(agree, &[("version", &version().await)]).await;
    assert_eq!(portal.record("service_request", 1).await.state, "approval");
    has(&nora.get("/portal").await, &["1 request waits for your approval"]);
    let list = nora.get("/portal/approvals").await;
    has(&list, &["Replacement of the terminal", "REQ-1", "Ada Berg asks since", agree]);
    has(&nora.get(at).await, &["Ada Berg asks for your approval", "Since ", agree]);
    has_not(&nora.get("/portal/requests").await, &["REQ-1"]);
    let question = nora.get(agree).await;
    has(
        &question,
        &[
            "Approve this request?",
            "Replacement of the terminal",
            "Asked by",
            "Ada Berg",
            "Asked on",
            "For developers",
            "Yes, I approve it",
        ],
    );
    assert_eq!(portal.record("service_request", 1).await.state, "approval", "to look decides nothing");
    let seen = version().await;
    let silent = nora.post(&format!("{at}/decline"), &[("version", &seen)]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    has(&silent, &["Please fill in “Why not?”.", "Decline this request?"]);
    // it changes after she opened the page
    portal.change("service_request", 1, Change::default().with_text("location", "Hall 3")).await;
    for old in [seen.as_str(), ""] {
        let stale = nora.post(agree, &[("version", old), ("approval_note", "Fine")]).await;
        assert_eq!(stale.status, StatusCode::CONFLICT, "{old}: {}", stale.body);
        has(&stale, &["The request changed since you opened this page.", "For developers", "Fine"]);
        assert_eq!(portal.record("service_request", 1).await.state, "approval");
    }
    let given = [("version", version().await), ("approval_note", "Fine".to_owned())];
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let agreed = nora.post(agree, &given).await;
    assert_eq!(agreed.location(), format!("{at}?done=agree"), "{}", agreed.body);
    has(&nora.get(agreed.location()).await, &["Thank you. The request is approved"]);
    let approved = portal.record("service_request", 1).await;
    assert_ne!(approved.state, "approval");
    assert_eq!(
        (approved.int("approved_by"), approved.text("approval_note")),
        (Some(portal.nora), Some("Fine"))
    );
    has(&nora.get("/portal/approvals").await, &["Nothing waits for your approval.", "Decided", "REQ-1"]);
    // twice is once
    assert_eq!(nora.post(agree, &given).await.location(), at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_asked_for_in_plain_words_or_taken_where_there_is_one() {
    let portal = Portal::open(Database::Sqlite).await;
    let ada = portal.signed_in("ada").await;
    has(&ada.get("/portal/incident/new").await, &["About: Card terminals", "value=\"SVC-1\""]);
    ada.post("/portal/incident/new", &[("title", "Till 3 is dark")]).await;
    assert_eq!(portal.record("incident", 1).await.int("service"), Some(1), "the only one is taken");
    let second = [("name", text("E-mail")), ("published", Value::Bool(true))];
    made(&portal.desk, "service", "live", &second, &[("customers", "customer", 1)]).await;
    has(&ada.get("/portal/incident/new").await, &["Which service is it about?", "I do not know"]);
    let sent = [("title", "Slow"), ("description", "Since ten")];
    let refused = ada.post("/portal/incident/new", &sent).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    has(&refused, &["Choose the service that it is about", "id=\"wrong-service\"", "Since ten", "Slow"]);
    let unknown = [("title", "Slow"), ("service", "unknown")];
    let sent = ada.post("/portal/incident/new", &unknown).await;
    assert_eq!(sent.location(), "/portal/incident/INC-2?sent=yes", "{}", sent.body);
    assert_eq!(portal.record("incident", 2).await.int("service"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_asks_its_own_questions() {
    let portal = Portal::open(Database::Sqlite).await;
    let ada = portal.signed_in("ada").await;
    let form = ada.get("/portal/complaint/new").await;
    has(&form, &["What were you not satisfied with?", "what would make it right?", "Conduct of people"]);
    has_not(&form, &["since when, and for whom"]);
    has(
        &get_in(&ada, "de", "/portal/complaint/new").await,
        &["Womit waren Sie nicht zufrieden?", "Verhalten"],
    );
    let sent = [("title", "Nobody called back"), ("category", "communication")];
    ada.post("/portal/complaint/new", &sent).await;
    assert_eq!(portal.record("complaint", 1).await.text("category"), Some("communication"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_whether_an_article_helped_is_thanked_and_it_is_kept() {
    for database in BOTH {
        let portal = Portal::open(database).await;
        let ada = portal.signed_in("ada").await;
        let page = "/portal/knowledge-article/KNA-1";
        has(&ada.get(page).await, &["Did this help?", "Yes, it helped"]);
        let action = format!("{page}/helped");
        let on = Reference::new("knowledge_article", 1);
        for (said, thanks) in [
            ("yes", "Thank you. That tells us what to keep."),
            ("yes", "what to keep"),
            ("no", "Thank you for telling us."),
        ] {
            let told = ada.post(&action, &[("helped", said)]).await;
            assert_eq!(told.location(), format!("{page}?helped={said}"), "{}", told.body);
            has(&ada.get(told.location()).await, &[thanks]);
        }
        let history = portal.desk.engine.history(&on, 20).await.unwrap();
        let said: Vec<&str> =
            history.iter().filter(|i| i.person == Some(portal.ada)).map(|i| i.action.as_str()).collect();
        assert_eq!(said, ["did_not_help", "helped"], "the same twice is kept once");
        let bob = portal.signed_in("bob").await;
        assert_eq!(bob.post(&action, &[("helped", "yes")]).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_found_is_said_with_the_next_step() {
    let portal = Portal::open(Database::Sqlite).await;
    let ada = portal.signed_in("ada").await;
    for path in ["/portal?q=coffee+machine", "/portal/offers?q=coffee+machine"] {
        let page = ada.get(path).await;
        has(
            &page,
            &[
                "We found nothing about “coffee machine”.",
                "/portal/incident/new?q=coffee%20machine",
                "Disturbed at present:",
            ],
        );
        has_not(&page, &["We know about this:"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_is_a_sentence_and_the_account_is_in_the_portal() {
    let portal = Portal::open(Database::Sqlite).await;
    let ada = portal.signed_in("ada").await;
    for (new, english, german) in [
        ("short", "A password has at least 10 characters", "mindestens 10 und höchstens 256 Zeichen"),
        ("password123", "This password is too easy to guess", "Dieses Passwort ist zu leicht zu erraten"),
        ("proofdesk1", "This password is too easy to guess", "Dieses Passwort ist zu leicht zu erraten"),
    ] {
        for (language, sentence) in [("en", english), ("de", german)] {
            let body = format!("present={}&password={new}", PASSWORD.replace(' ', "+"));
            let request = Request::post("/portal/me/password")
                .header(header::ACCEPT_LANGUAGE, language)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin")
                .body(Body::from(body));
            let refused = ada.send(request.unwrap()).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{new}");
            has(&refused, &[sentence, "id=\"wrong-password\""]);
            has_not(&refused, &["common<", ">range<"]);
        }
    }
    let page = get_in(&ada, "de", "/portal/me").await;
    has(&page, &["Zweiter Faktor", "Sitzungen", "Alle Ihre Sitzungen enden", "diese"]);
    has_not(&page, &["Sessions", "Second factor", "Last used"]);
    assert_eq!(ada.get("/account").await.location(), "/portal/me");
    let factor = get_in(&ada, "de", "/account/factor").await;
    has(
        &factor,
        &["Zweiten Faktor einrichten", "Scannen Sie dieses Bild", "<html lang=\"de\">", "class=\"portal\""],
    );
    let asked = get_in(&ada, "de", "/account/sessions/end").await;
    has(&asked, &["class=\"portal\"", "<html lang=\"de\">"]);
    let others = ada.post("/account/sessions/end", &[("present", PASSWORD)]).await;
    assert_eq!(others.location(), "/portal/me", "{}", others.body);
    let unknown = ada.post("/portal/me/language", &[("language", "xx")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY, "what is not kept is not said to be");
    // staff finds it at the desk, in English
    let mara = portal.signed_in("mara").await;
    has(&get_in(&mara, "de", "/account").await, &["Second factor", "Sessions"]);
    has(&mara.get("/portal/me").await, &["href=\"/account\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_desk_leads_customers_to_the_portal_and_tells_nothing_of_others() {
    let portal = Portal::open(Database::Sqlite).await;
    let (ada, bob) = (portal.signed_in("ada").await, portal.signed_in("bob").await);
    ada.post("/portal/incident/new", &[("title", "Till 3 is dark"), ("service", "SVC-1")]).await;
    for (path, to) in [
        ("/incident/INC-1", "/portal/incident/INC-1"),
        ("/incident/INC-1/edit", "/portal/incident/INC-1"),
        ("/incident/INC-1/transition/resolve", "/portal/incident/INC-1"),
        ("/notice/NTC-1", "/portal/notice/NTC-1"),
        ("/service/SVC-1", "/status"),
    ] {
        assert_eq!(ada.get(path).await.location(), to, "{path}");
        let hidden = get_in(&bob, "de", path).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}");
        has(&hidden, &["Hier ist nichts", "<html lang=\"de\">"]);
        let nowhere = get_in(&bob, "de", &path.replace("-1", "-99")).await;
        assert_eq!(nowhere.status, StatusCode::NOT_FOUND, "{path}");
    }
    let mara = portal.signed_in("mara").await;
    assert_eq!(mara.get("/incident/INC-1").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_added_and_fetched_and_a_complaint_is_sent() {
    let portal = Portal::open(Database::Sqlite).await;
    let ada = portal.signed_in("ada").await;
    let sent = ada.post("/portal/complaint/new", &[("title", "Nobody called back")]).await;
    assert_eq!(sent.location(), "/portal/complaint/CPT-1?sent=yes", "{}", sent.body);
    assert_eq!(portal.record("complaint", 1).await.int("customer"), Some(1));
    let part = |name: &str, file: &str, body: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{body}\r\n")
    };
    let upload = |path: &str, name: &str| {
        let body =
            part("title", "", "With a picture") + &part(name, "; filename=\"a.txt\"", "words") + "--b--\r\n";
        Request::post(path)
            .header("content-type", "multipart/form-data; boundary=b")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body))
            .unwrap()
    };
    let sent = ada.send(upload("/portal/incident/new", "picture")).await;
    assert_eq!(sent.location(), "/portal/incident/INC-1?sent=yes", "{}", sent.body);
    let added = ada.send(upload("/portal/incident/INC-1/file", "file")).await;
    assert_eq!(added.location(), "/portal/incident/INC-1", "{}", added.body);
    let page = ada.get("/portal/incident/INC-1").await.body;
    let links: Vec<&str> = page.split("href=\"").skip(1).filter_map(|p| p.split('"').next()).collect();
    let files: Vec<&&str> = links.iter().filter(|l| l.contains("/file/")).collect();
    assert_eq!(files.len(), 2, "{page}");
    assert_eq!(ada.get(files[1]).await.body, "words");
    let none = ada.send(upload("/portal/incident/INC-1/file", "other")).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    has(&none, &["Choose a file first."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_of_disturbances_maintenance_and_the_past_and_is_followed() {
    for database in BOTH {
        let portal = Portal::open(database).await;
        let ada = portal.signed_in("ada").await;
        let now = portal.desk.engine.now();
        let page = ada.get("/status").await;
        has(
            &page,
            &[
                "Some of your services are disturbed.",
                "Disturbance of the terminal",
                "1 day with a disturbance in 90 days, 100",
                "Tell me about Card terminals",
            ],
        );
        has_not(&page, &["Cold stores", "freezer", "Draft about"]);
        has(&ada.get("/portal").await, &["disturbed", "100", "The share counts only the time"]);
        portal.change("notice", 1, Change::default().take("end").with("ends_at", Value::Instant(now))).await;
        let page = ada.get("/status").await;
        has(&page, &["All your services work.", "The last 90 days", "Disturbance of the terminal"]);
        has_not(&ada.get("/portal").await, &["The share counts only the time"]);
        has(&page, &["The share counts only the time in which a service did not work at all"]);
        has(&get_in(&ada, "de", "/status").await, &["kann er gestört und doch zu 100 % verfügbar sein"]);
        // nobody is affected by what is over: it is not offered, and no report is hung to it
        let over = ada.get("/portal/notice/NTC-1").await;
        has(&over, &["This is over.", "href=\"/portal/incident/new\""]);
        has_not(&over, &["This affects me too"]);
        let late = [("title", "Terminal dark again"), ("service", "SVC-1"), ("notice", "NTC-1")];
        let sent = ada.post("/portal/incident/new", &late).await;
        assert!(sent.location().starts_with("/portal/incident/INC-1"), "{}", sent.body);
        assert_eq!(portal.record("incident", 1).await.int("notice"), None);
        let outage = [
            ("title", text("Secret cause")),
            ("service", Value::Link(1)),
            ("started_at", Value::Instant(now - 2 * HOUR)),
        ];
        made(&portal.desk, "outage", "down", &outage, &[]).await;
        let plan = [
            ("title", text("New cables")),
            ("kind", text("maintenance")),
            ("begins_at", Value::Instant(now + 24 * HOUR)),
        ];
        made(&portal.desk, "notice", "published", &plan, &[("services", "service", 1)]).await;
        let page = ada.get("/status").await;
        has(&page, &["not available", "1 day with a disturbance in 90 days", "Planned", "New cables"]);
        has_not(&page, &["Secret cause", "OUT-1"]);
        let watched = ada.post("/portal/service/SVC-1/watch", &[("watching", "yes")]).await;
        assert_eq!(watched.location(), "/status", "{}", watched.body);
        assert_eq!(portal.desk.engine.watchers(&Reference::new("service", 1)).await.unwrap(), [portal.ada]);
        has(&ada.get("/status").await, &["Stop telling me about Card terminals"]);
        ada.post("/portal/service/SVC-1/watch", &[("watching", "no")]).await;
        assert!(portal.desk.engine.watchers(&Reference::new("service", 1)).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_outage_of_the_90_days_is_left_out_however_many_there_were() {
    let portal = Portal::open(Database::Sqlite).await;
    let ada = portal.signed_in("ada").await;
    let now = portal.desk.engine.now();
    portal.change("notice", 1, Change::default().take("end").with("ends_at", Value::Instant(now))).await;
    let outage = async |from: i64, to: i64| {
        let set = [
            ("title", text("Short")),
            ("service", Value::Link(1)),
            ("started_at", Value::Instant(from)),
            ("ended_at", Value::Instant(to)),
        ];
        made(&portal.desk, "outage", "restored", &set, &[]).await;
    };
    // the oldest of them is the one that a page of 500 would miss
    let old = now - 80 * 24 * HOUR;
    outage(old, old + 48 * HOUR).await;
    for at in 0..510 {
        outage(now - HOUR - at, now - HOUR).await;
    }
    let page = ada.get("/status").await.body;
    let cells = page.split("class=\"strip\"").nth(1).unwrap().split("</div>").next().unwrap();
    let bad = cells.matches("class=\"bad\"").count();
    assert!((3..=4).contains(&bad), "two days and more long ago, and today: {cells}");
    assert!(cells.split("<i").nth(11).unwrap().contains("bad"), "80 days ago: {cells}");
    assert!(page.contains("97."), "the share counts it: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_in_german() {
    for database in BOTH {
        let portal = Portal::open(database).await;
        let ada = portal.signed_in("ada").await;
        let guest = Browser::of(&portal.router);
        has(
            &get_in(&guest, "de-DE,en;q=0.5", "/sign-in").await,
            &["<html lang=\"de\">", "Anmelden", "Passwort"],
        );
        has(
            &get_in(&ada, "de", "/portal/incident/INC-99").await,
            &["Hier ist nichts", "<html lang=\"de\">", "Zur ersten Seite"],
        );
        has(&get_in(&ada, "de", "/portal").await, &["Was brauchen Sie?", "Ihre Services", "gestört"]);
        let saved = ada.post("/portal/me/language", &[("language", "de")]).await;
        assert!(saved.headers[header::SET_COOKIE].to_str().unwrap().starts_with("proofdesk_language=de"));
        ada.post("/portal/incident/new", &[("title", "Kasse 3"), ("service", "SVC-1")]).await;
        for (path, wanted) in [
            ("/portal/requests", "Meine Anfragen"),
            ("/portal/approvals", "Nichts wartet auf Ihre Genehmigung."),
            ("/portal/incident/INC-1", "Was bisher geschah"),
            ("/status", "Status der Services"),
            ("/portal/me", "In welcher Sprache lesen Sie?"),
            ("/portal/incident/new", "In einem Satz"),
        ] {
            // the preference goes before what the browser says
            let page = get_in(&ada, "en", path).await;
            has(&page, &[wanted, "<html lang=\"de\">"]);
            has_not(&page, &["Your ", "My requests", "needed", "Send", "Sign out"]);
        }
        has(&ada.get("/portal/incident/INC-1").await, &["Neu", "Gemeldet", "Gesendet von Ada Berg"]);
        let person = portal.record("person", portal.ada).await;
        assert_eq!(person.text("language"), Some("de"));
        let history = portal.desk.engine.history(&Reference::new("person", portal.ada), 1).await.unwrap();
        assert_eq!((history[0].person, history[0].by.as_str()), (Some(portal.ada), "Ada Berg"));
        let short = [("present", PASSWORD), ("password", "kurz")];
        has(&ada.post("/portal/me/password", &short).await, &["mindestens 10 Zeichen"]);
        let wrong = [("present", "not it at all"), ("password", "long enough to be one")];
        has(&ada.post("/portal/me/password", &wrong).await, &["Das jetzige Passwort stimmt nicht."]);
    }
}

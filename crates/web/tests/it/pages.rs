//! Every page answers for who may see it, sends others to sign in, and is as light as promised.

use axum::http::StatusCode;
use proofdesk_engine::Change;
use proofdesk_web::{AppState, Settings};

use crate::client::{Browser, Desk};

const PAGES: [&str; 24] = [
    "/desk",
    "/desk?view=open",
    "/incident",
    "/incident?filter=state%20%3D%3D%20%27new%27",
    "/incident/new",
    "/incident/INC-1",
    "/incident/INC-1?tab=related",
    "/incident/INC-1?tab=files",
    "/incident/INC-1?tab=proof",
    "/incident/INC-1/edit",
    "/incident/INC-1/preview",
    "/incident/INC-1/transition/assign",
    "/service/SVC-1",
    "/search?q=cards",
    "/home/work",
    "/home/services",
    "/home/system",
    "/home/assurance",
    "/needs",
    "/account",
    "/log",
    "/figures",
    "/conformity",
    "/conformity/8.6.1-a",
];

#[tokio::test]
async fn pages_are_there_for_who_is_signed_in_and_lead_others_to_sign_in() {
    let desk = Desk::open().await;
    let (mara, nobody) = (desk.signed_in("mara").await, desk.browser());
    for page in PAGES {
        let answer = mara.get(page).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.body);
        assert!(
            !answer.body.contains(" style=") && !answer.body.contains("<script>"),
            "{page} has inline styles"
        );
        let answer = nobody.get(page).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{page}");
        assert!(answer.location().starts_with("/sign-in?next=/"), "{page}: {}", answer.location());
    }
}

#[tokio::test]
async fn a_record_shows_what_it_is_and_what_it_owes() {
    let desk = Desk::open().await;
    let page = desk.signed_in("mara").await.get("/incident/INC-1").await.body;
    for text in [
        "INC-1",
        "Card payments declined at till 3 and 4",
        "<strong>Cash works.</strong>",
        "Point of sale",
        "P1",
        "What this record still owes",
        "History and proof",
        "data-key=\"a\"",
    ] {
        assert!(page.contains(text), "the page lacks {text}");
    }
}

#[tokio::test]
async fn the_first_states_transition_is_refused_by_what_is_owed() {
    let desk = Desk::open().await;
    let page = desk.signed_in("mara").await.get("/incident/INC-1/preview").await.body;
    assert!(page.contains("Owner is needed for the step “Start work”."), "{page}");
}

#[tokio::test]
async fn a_reference_opens_its_record_from_anywhere() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    for address in ["/search?q=inc-1", "/search?q=INC%201", "/INC-1"] {
        let answer = mara.get(address).await;
        assert_eq!(
            (answer.status, answer.location()),
            (StatusCode::SEE_OTHER, "/incident/INC-1"),
            "{address}"
        );
    }
}

#[tokio::test]
async fn a_desk_of_fifty_rows_weighs_little() {
    let desk = Desk::open().await;
    for i in 0..60 {
        let change =
            Change::default().with_text("title", &format!("Badge printer {i} offline in building C"));
        desk.desk.create("incident", change).await.unwrap();
    }
    let mara = desk.signed_in("mara").await;
    let page = mara.get("/desk?view=open").await.body;
    assert_eq!(page.matches("data-open=").count(), 50);
    assert!(page.len() <= 60_000, "the desk weighs {} bytes", page.len());
    let next = page.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&");
    let second = mara.get(&next).await.body;
    assert_eq!(second.matches("data-open=").count(), 11, "{next}");
}

#[tokio::test]
async fn a_mistake_in_the_filter_is_underlined_where_it_is() {
    let desk = Desk::open().await;
    let page = desk.signed_in("mara").await.get("/incident?filter=stat%20%3D%3D%20%27new%27").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("<span class=\"underlined\">stat</span>"), "{}", page.body);
    assert!(page.body.contains("At character 1"));
}

#[tokio::test]
async fn a_view_is_kept_and_removed() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let kept =
        [("label", "Cards"), ("filter", "title.contains('Card')"), ("sort", "number"), ("base", "/desk")];
    let answer = mara.post("/incident/view", &kept).await;
    assert!(answer.location().starts_with("/desk?saved="), "{}", answer.body);
    let page = mara.get(answer.location()).await.body;
    assert!(page.contains("Cards") && page.contains("INC-1"));
    let id = answer.location().trim_start_matches("/desk?saved=").to_owned();
    mara.post(&format!("/incident/view/{id}/remove"), &[]).await;
    assert!(!mara.get("/desk").await.body.contains("Cards"));
}

#[tokio::test]
async fn a_proof_is_there_for_entries_of_the_record_only() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let tab = mara.get("/incident/INC-1?tab=proof").await.body;
    let link = tab.split("/proof/").nth(1).and_then(|t| t.split('"').next()).expect("a proof is linked");
    let page = mara.get(&format!("/incident/INC-1/proof/{link}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Leaf hash") && page.body.contains("Card payments"));
    let json = mara.get(&format!("/incident/INC-1/proof/{link}.json")).await;
    assert!(json.body.contains("leaf_index"));
    assert_eq!(
        mara.get("/incident/INC-1/proof/1").await.status,
        StatusCode::NOT_FOUND,
        "entry 1 is a person's"
    );
}

#[tokio::test]
async fn figures_are_counted_from_the_records() {
    let desk = Desk::open().await;
    desk.desk
        .create("incident", Change::default().with_text("title", "Slow").with_text("category", "Odd one"))
        .await
        .unwrap();
    let mara = desk.signed_in("mara").await;
    let mut page = mara.get("/figures?type=incident").await.body;
    for _ in 0..100 {
        if !page.contains("being computed") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        page = mara.get("/figures?type=incident").await.body;
    }
    for text in ["incidents in 2 events", "Backlog by day", "Odd one", "role=\"img\""] {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
}

#[tokio::test]
async fn a_service_shows_what_its_records_prove_and_says_what_they_do_not() {
    let desk = Desk::open().await;
    let page = desk.signed_in("mara").await.get("/service/SVC-1").await.body;
    for text in [
        "incidents open now",
        "Incidents by day, 90 days",
        "Availability is no matter of incidents",
        "No agreement in force",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    assert!(!page.contains("% available"), "nothing is claimed that no record proves");
}

#[tokio::test]
async fn the_log_shows_its_key_and_the_whole_command_that_verifies_it() {
    let desk = Desk::open().await;
    let mara = desk.signed_in("mara").await;
    let page = mara.get("/log").await.body;
    assert!(page.contains("proofdesk log key"), "who was not told the key says who has it: {page}");
    let mut state = AppState::new(desk.desk.engine.clone(), Settings::default());
    state.verifier = Some("desk.test/log+1234abcd+AQ==".to_owned());
    let router = proofdesk_web::router(state);
    let mut browser = Browser::of(&router);
    browser.keep(mara.cookie());
    let page = browser.get("/log").await.body;
    for command in
        ["proofdesk verify --database FILE", "proofdesk log export log.jsonl", "--checkpoint KEPT.txt"]
    {
        assert!(page.contains(command), "{command}: {page}");
    }
    // the key by itself, and in both commands
    assert_eq!(page.matches("desk.test/log+1234abcd+AQ==").count(), 3, "{page}");
}

//! The homes of the families, and the page that says what waits for a person.

use proofdesk_engine::Change;
use proofdesk_model::Value;

use crate::client::Desk;

fn rail(page: &str) -> &str {
    page.split("<aside class=\"rail\"").nth(1).and_then(|p| p.split("</aside>").next()).unwrap()
}

fn main(page: &str) -> &str {
    page.split("<main").nth(1).unwrap()
}

#[tokio::test]
async fn the_menu_names_everyday_types_and_the_homes_name_all() {
    let desk = Desk::open().await;
    let boss = desk.signed_in("boss").await;
    let mut named = 0;
    for family in ["work", "services", "system", "assurance"] {
        let page = boss.get(&format!("/home/{family}")).await.body;
        assert!(rail(&page).matches("<a ").count() < 40, "the menu is short");
        for of in desk.desk.engine.registry().types().filter(|t| t.family == family) {
            let address = format!("\"/{}\"", of.name.replace('_', "-"));
            assert!(main(&page).contains(&format!("<h3><a href={address}")), "{} is on no home", of.name);
            let everyday = of.menu && of.name != "incident";
            assert_eq!(rail(&page).contains(&address), everyday, "{} in the menu", of.name);
            named += 1;
        }
    }
    assert_eq!(named, desk.desk.engine.registry().types().count());
}

#[tokio::test]
async fn a_home_groups_by_chapter_and_says_how_much_is_open_and_overdue() {
    let desk = Desk::open().await;
    for (title, review) in [("Till provider fails", -400), ("Key person leaves", 400)] {
        let day = i32::try_from(desk.desk.engine.now() / 86_400_000_000).unwrap() + review;
        let change = Change::default()
            .with_text("title", title)
            .with_text("category", "other_party")
            .with("review_on", Value::Day(day));
        desk.desk.create("risk", change).await.unwrap();
    }
    let page = desk.signed_in("boss").await.get("/home/system").await.body;
    let page = main(&page);
    for text in ["Planning", "Leadership", "href=\"/conformity/6\"", "class=\"clause-marks\"", "6.1.2"] {
        assert!(page.contains(text), "{text} is missing");
    }
    let row = page.split("href=\"/risk\"").nth(1).unwrap().split("class=\"kind\"").next().unwrap();
    assert!(row.contains("<b>2</b> open") && row.contains("1 overdue"), "{row}");
    let context = page.find("Context of the organization").unwrap();
    assert!(context < page.find("Planning").unwrap(), "chapters stand in order");
}

#[tokio::test]
async fn the_menu_shows_where_a_type_is_that_it_does_not_name() {
    let desk = Desk::open().await;
    let page = desk.signed_in("boss").await.get("/budget").await.body;
    assert!(rail(&page).contains("href=\"/home/services\" aria-current=\"page\""), "{}", rail(&page));
}

#[tokio::test]
async fn what_waits_for_a_person_depends_on_his_roles_and_his_name() {
    let desk = Desk::open().await;
    let today = i32::try_from(desk.desk.engine.now() / 86_400_000_000).unwrap();
    let mara = desk.mara.person.unwrap();
    let action = |title: &str, due: i32| {
        Change::default()
            .with_text("title", title)
            .with_text("kind", "plan")
            .with("owner", Value::Link(mara))
            .with("due_on", Value::Day(today + due))
    };
    desk.desk.create("action", action("Replace the old till", -3)).await.unwrap();
    desk.desk.create("action", action("Something for next year", 300)).await.unwrap();
    let idea = Change::default().with_text("title", "Fewer steps at the till");
    desk.desk.create("improvement", idea.with_text("source", "audit")).await.unwrap();
    let page = desk.signed_in("mara").await.get("/needs").await.body;
    assert!(main(&page).contains("Replace the old till"), "{page}");
    assert!(!main(&page).contains("Something for next year"), "what is not due does not wait");
    let boss = desk.signed_in("boss").await.get("/needs").await.body;
    assert!(!main(&boss).contains("Replace the old till"), "what is somebody else's does not wait");
    assert!(main(&boss).contains("Fewer steps at the till"), "who may take the step is asked: {boss}");
    let ida = desk.signed_in("ida").await.get("/needs").await.body;
    assert!(!main(&ida).contains("Fewer steps at the till"), "who may not take the step is not asked");
}

#[tokio::test]
async fn a_requester_has_homes_and_a_page_of_needs_of_what_he_may_see() {
    let desk = Desk::open().await;
    let ria = desk.desk.person("Ria Lund", &["requester"]).await.unwrap();
    desk.desk.account(&ria, "ria", crate::client::PASSWORD).await.unwrap();
    let ria = desk.signed_in("ria").await;
    for page in ["/needs", "/home/work"] {
        let answer = ria.get(page).await;
        assert_eq!(answer.status, axum::http::StatusCode::OK, "{page}: {}", answer.body);
        assert!(!main(&answer.body).contains("clause-marks"), "obligations are for staff");
        assert!(!rail(&answer.body).contains("/conformity"), "{page}");
    }
}

#[tokio::test]
async fn everybody_begins_where_his_work_is() {
    let desk = Desk::open().await;
    let clara = desk.desk.person("Clara Weiss", &["top_management"]).await.unwrap();
    desk.desk.account(&clara, "clara", crate::client::PASSWORD).await.unwrap();
    for (name, home) in [("mara", "/desk"), ("ida", "/conformity"), ("clara", "/needs")] {
        let browser = desk.signed_in(name).await;
        assert_eq!(browser.get("/").await.location(), home, "{name}");
        assert!(browser.get(home).await.body.contains(&format!("class=\"brand\" href=\"{home}\"")), "{name}");
    }
}

//! scratch
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
use proofdesk_engine::{Audience, Change, Door, Reference, Target};
use proofdesk_model::Value;
use proofdesk_testkit::{Database, TestDesk};
use proofdesk_web::{AppState, Settings};
#[tokio::main]
async fn main() {
    let desk = TestDesk::open(Database::Sqlite).await.unwrap();
    let now = i64::try_from(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros(),
    )
    .unwrap();
    desk.time.set(now - 3_600_000_000 * 5);
    let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
    let jonas = desk.person("Jonas Thiel", &["agent"]).await.unwrap();
    desk.engine
        .create_account(
            mara.person.unwrap(),
            "mara",
            "Mara Rehn",
            &["agent".into(), "sms_manager".into()],
            "correct horse battery",
        )
        .await
        .unwrap();
    for s in [
        "Point of sale",
        "Remote access",
        "Payroll",
        "E-mail",
        "Access control",
        "File storage",
        "Documents",
        "Workplace",
    ] {
        desk.create("service", Change::default().with_text("name", s)).await.unwrap();
    }
    desk.create("problem", Change::default().with_text("title", "Gateway A drops TLS sessions"))
        .await
        .unwrap();
    desk.create(
        "agreement",
        Change::default()
            .with_text("name", "Gold")
            .with("valid_from", Value::Day(20000))
            .with_text("workload_limits", "none")
            .with_text("exceptions", "none"),
    )
    .await
    .unwrap();
    for (c, p, d) in [
        ("response", "p1", "15m"),
        ("resolution", "p1", "5h 10m"),
        ("resolution", "p2", "4h"),
        ("resolution", "p3", "8h"),
        ("resolution", "p4", "26h"),
        ("response", "p4", "26h"),
    ] {
        desk.create(
            "target",
            Change::default()
                .with_text("name", &format!("{c} {p}"))
                .with("agreement", Value::Link(1))
                .with_text("clock", c)
                .with_text("priority", p)
                .with_text("duration", d),
        )
        .await
        .unwrap();
    }
    desk.engine
        .apply(
            &desk.setup(),
            Target::Existing(Reference::new("agreement", 1), None),
            Change::default().take("agree"),
            Door::Cli,
        )
        .await
        .unwrap();
    for (i, (t, s, imp, urg)) in [
        ("Card payments declined at till 3 and 4", 1, "high", "high"),
        ("VPN drops every ten minutes from Lisbon office", 2, "high", "medium"),
        ("Payroll export stops at 4,096 rows", 3, "medium", "high"),
        ("Shared mailbox missing after migration", 4, "medium", "medium"),
        ("Badge printer offline in building C", 5, "low", "low"),
        ("Cannot open design archive from new laptop", 6, "low", "high"),
        ("Slow search in contract library", 7, "low", "low"),
        ("Monitor flickers with docking station", 8, "low", "medium"),
        ("Wrong time zone in meeting invitations", 4, "low", "low"),
    ]
    .into_iter()
    .enumerate()
    {
        desk.time.advance(20 * 60_000_000);
        let c = Change::default().with_text("title", t).with("service", Value::Link(s)).with_text("impact", imp).with_text("urgency", urg).with_text("category", "Failure").with_text("description", "Terminals at tills 3 and 4 answer \"issuer unavailable\" for every card since 10:05. Tills 1, 2 and 5 work. Cash unaffected. Restarting the terminal does not help.");
        let made = desk.engine.apply(&mara, Target::New("incident".into()), c, Door::Page).await.unwrap();
        let r = Reference::new("incident", made.record.number);
        if i % 3 != 2 {
            let who = if i % 2 == 0 { &mara } else { &jonas };
            desk.engine
                .apply(
                    &mara,
                    Target::Existing(r.clone(), None),
                    Change::default().with("assignee", Value::Link(who.person.unwrap())).take("start"),
                    Door::Page,
                )
                .await
                .unwrap();
        }
        if i == 0 {
            desk.engine.comment(&jonas, &r, Audience::Staff, "Gateway CI-2210 was patched under CHG-311 at 09:22. Both failing tills are pinned to it.", Door::Page).await.unwrap();
            desk.engine
                .apply(
                    &mara,
                    Target::Existing(r.clone(), None),
                    Change::default()
                        .with("major", Value::Bool(true))
                        .link("problems", Reference::new("problem", 1)),
                    Door::Page,
                )
                .await
                .unwrap();
            desk.engine.comment(&mara, &r, Audience::Customer, "We found the fault at the payment gateway and are moving tills 3 and 4 to the second route. Next update at 11:15.", Door::Page).await.unwrap();
        }
        if i == 4 {
            desk.engine
                .apply(
                    &mara,
                    Target::Existing(r, None),
                    Change::default().with_text("hold_reason", "customer").take("wait"),
                    Door::Page,
                )
                .await
                .unwrap();
        }
    }
    desk.time.set(now);
    let app = proofdesk_web::router(AppState::new(
        desk.engine.clone(),
        Settings { organization: "Retail IT".into(), ..Settings::default() },
    ));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8099").await.unwrap();
    println!("up");
    axum::serve(listener, app).await.unwrap();
}

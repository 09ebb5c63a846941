//! Pages as a signed-in agent asks for them, through the real router without a socket, beside the query that a page
//! cannot do without.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use proofdesk_store::Sql;
use proofdesk_web::{AppState, Settings};
use tower::ServiceExt as _;

use crate::chance::Chance;
use crate::desk::Desk;
use crate::figure::{Figure, Table, Taken};
use crate::fill::PASSWORD;
use crate::floor::Floor;
use crate::options::Options;

/// Requests that make caches warm and are not counted.
const WARM: usize = 8;

/// Something that both sides are asked.
struct Question {
    path: String,
    bare: Vec<Sql>,
}

/// Measures all pages.
///
/// # Errors
/// A page that is not shown.
pub async fn measure(desk: &Desk, options: &Options, table: &mut Table) -> anyhow::Result<()> {
    let visitor = Visitor::sign_in(desk, "mara").await?;
    let mut floor = Floor::open(&desk.reading, desk.is_server).await?;
    let count = options.rounds(600, 12);
    let mut chance = Chance::new(0xab1e);
    let desk_page = || Question { path: "/desk?view=open".to_owned(), bare: vec![open_by_due(desk)] };
    let (ours, bare) = visitor.ask(desk, &mut floor, count, desk_page).await?;
    let figure = Figure::time("desk page, 50 open by due time", &ours, &bare);
    let reached = figure.ratio.is_some_and(|ratio| ratio <= 2.0) && ours.percentile(0.99) < 10.0;
    let size = visitor.size("/desk?view=open").await?;
    table.push(figure.target("2 times the bare query, p99 under 10 ms", reached));
    table.push(
        Figure::plain("size of the desk page", format!("{} kB, not compressed", size / 1_000))
            .target("under 60 kB", size < 60_000),
    );
    let filter = "state%20in%20%5B%27new%27,%27assigned%27,%27in_progress%27,%27waiting%27%5D";
    let path = format!("/api/v1/incident?filter={filter}&sort=resolution_due_at&limit=50");
    let rest = || Question { path: path.clone(), bare: vec![open_by_due(desk)] };
    let (ours, bare) = visitor.ask(desk, &mut floor, count, rest).await?;
    let figure = Figure::time("REST list, 50 open by due time", &ours, &bare);
    table.push(figure.target("p99 under 20 ms", ours.percentile(0.99) < 20.0));
    let record_page = || {
        let number = chance.between(100, i64::try_from(options.records).unwrap_or(i64::MAX));
        Question { path: format!("/incident/INC-{number}"), bare: record(desk, number) }
    };
    let (ours, bare) = visitor.ask(desk, &mut floor, count, record_page).await?;
    table.push(
        Figure::time("record page", &ours, &bare).target("p99 under 20 ms", ours.percentile(0.99) < 20.0),
    );
    let mut chance = Chance::new(0x5ea);
    let few = || {
        let (device, room) = (chance.between(1_000, 10_000), chance.between(1, 225));
        found(desk, &["scanner", &device.to_string(), &format!("location {room}")])
    };
    let (ours, bare) = visitor.ask(desk, &mut floor, count, few).await?;
    table.push(Figure::time("search, few found", &ours, &bare).target("10 ms", ours.percentile(0.5) < 10.0));
    let (ours, bare) =
        visitor.ask(desk, &mut floor, count / 4 + 1, || found(desk, &["printer", "missing"])).await?;
    table.push(Figure::time("search, many found", &ours, &bare).target("10 ms", ours.percentile(0.5) < 10.0));
    Ok(())
}

/// What the desk page shows of a record, by hand.
fn open_by_due(desk: &Desk) -> Sql {
    let mut sql = desk.engine.store().sql();
    sql.push(
        "SELECT t.number, t.title, s.name, t.priority, t.state, p.name, t.resolution_due_at, \
         t.resolution_state, t.resolution_at_risk_at, t.resolution_breached_at, t.resolution_elapsed, \
         t.resolution_target, t.reported_at, t.hold_reason, t.major \
         FROM incident t LEFT JOIN service s ON s.number = t.service \
         LEFT JOIN person p ON p.number = t.assignee \
         WHERE t.state IN ('new', 'assigned', 'in_progress', 'waiting') \
         ORDER BY coalesce(t.resolution_due_at, 9223372036854775807), t.number LIMIT 50",
    );
    sql
}

/// A record with its history, comments and relations, by hand.
fn record(desk: &Desk, number: i64) -> Vec<Sql> {
    let texts = [
        "SELECT * FROM incident WHERE number = ",
        "SELECT relation, from_number, to_type, to_number FROM link \
         WHERE from_type = 'incident' AND relation IN ('incident.affects', 'incident.problems', \
         'incident.changes', 'incident.knowledge_used') AND from_number = ",
        "SELECT e.id, e.at, e.body, l.leaf_index FROM log_entry e LEFT JOIN log_leaf l ON l.entry_id = e.id \
         WHERE e.record_type = 'incident' AND e.number = ",
        "SELECT id, at, author, audience, body FROM comment WHERE record_type = 'incident' AND number = ",
    ];
    let question = |text: &str| {
        let mut sql = desk.engine.store().sql();
        sql.push(text).bind(number);
        sql
    };
    texts.into_iter().map(question).collect()
}

/// A search, by hand: the newest 50 records with all words.
fn found(desk: &Desk, words: &[&str]) -> Question {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split(' ')).collect();
    let mut sql = desk.engine.store().sql();
    if desk.is_server {
        let asked: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        sql.push(
            "SELECT d.record_type, d.number, t.title FROM search_document d \
             JOIN incident t ON t.number = d.number WHERE d.words @@ ",
        );
        sql.bind(asked.join(" & ")).push("::tsquery ORDER BY d.id DESC LIMIT 50");
    } else {
        let asked: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        sql.push(
            "SELECT d.record_type, d.number, t.title FROM search_index i \
             JOIN search_document d ON d.id = i.rowid JOIN incident t ON t.number = d.number \
             WHERE i.search_index MATCH ",
        );
        sql.bind(asked.join(" ")).push(" ORDER BY i.rowid DESC LIMIT 50");
    }
    Question { path: format!("/search?q={}", words.join("+")), bare: vec![sql] }
}

/// A browser without a socket.
struct Visitor {
    router: Router,
    cookie: String,
}

impl Visitor {
    async fn sign_in(desk: &Desk, name: &str) -> anyhow::Result<Self> {
        let state = AppState::new(desk.engine.clone(), Settings::default());
        let state = state.with_conformity(crate::desk::conformity(&desk.engine)?);
        let router = proofdesk_web::router(state);
        let form = format!("sign_in={name}&password={}", PASSWORD.replace(' ', "+"));
        let request = Request::post("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(form))?;
        let answer = router.clone().oneshot(request).await?;
        let cookie = answer.headers().get(header::SET_COOKIE).context("signing in failed")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { router, cookie })
    }

    async fn get(&self, path: &str) -> anyhow::Result<(u16, usize)> {
        let request = Request::get(path).header(header::COOKIE, &self.cookie).body(Body::empty())?;
        let answer = self.router.clone().oneshot(request).await?;
        let status = answer.status().as_u16();
        Ok((status, to_bytes(answer.into_body(), 16 << 20).await?.len()))
    }

    async fn size(&self, path: &str) -> anyhow::Result<usize> {
        Ok(self.get(path).await?.1)
    }

    /// Asks both sides so many questions, one after another, in four turns.
    async fn ask(
        &self,
        desk: &Desk,
        floor: &mut Floor,
        count: usize,
        mut next: impl FnMut() -> Question,
    ) -> anyhow::Result<(Taken, Taken)> {
        let questions: Vec<Question> = (0..count + WARM).map(|_| next()).collect();
        let (warm, questions) = questions.split_at(WARM);
        self.pages(desk, warm).await?;
        by_sql(desk, floor, warm).await?;
        let (mut ours, mut bare) = (Taken::default(), Taken::default());
        for turn in questions.chunks(questions.len().div_ceil(4).max(1)) {
            ours.add(self.pages(desk, turn).await?);
            bare.add(by_sql(desk, floor, turn).await?);
        }
        Ok((ours, bare))
    }

    async fn pages(&self, desk: &Desk, questions: &[Question]) -> anyhow::Result<Taken> {
        let mut taken = Taken { count: questions.len(), ..Taken::default() };
        let (begun, cpu) = (Instant::now(), desk.processor.used());
        for question in questions {
            let begun = Instant::now();
            let (status, _) = self.get(&question.path).await?;
            taken.each.push(begun.elapsed());
            ensure!(status == 200, "{} answered {status}", question.path);
        }
        taken.wall = begun.elapsed();
        taken.cpu = desk.processor.used() - cpu;
        Ok(taken)
    }
}

async fn by_sql(desk: &Desk, floor: &mut Floor, questions: &[Question]) -> anyhow::Result<Taken> {
    let mut taken = Taken { count: questions.len(), ..Taken::default() };
    let (begun, cpu) = (Instant::now(), desk.processor.used());
    for question in questions {
        let begun = Instant::now();
        for sql in &question.bare {
            floor.ask(sql).await?;
        }
        taken.each.push(begun.elapsed());
    }
    taken.wall = begun.elapsed();
    taken.cpu = desk.processor.used() - cpu;
    Ok(taken)
}

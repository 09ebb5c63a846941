//! What a service is made of as a drawing: the service, what it depends on, and what those stand on; the path of a
//! present fault is drawn strong. The same is said in words for those who do not see it.

use std::collections::BTreeMap;

use maud::{Markup, html};
use proofdesk_engine::{Action, ListRequest, Record, Reference};

use crate::error::WebError;
use crate::menu::{open_condition, slug};
use crate::pages::record::Loaded;
use crate::session::Visit;

/// Boxes in the second column, and in the third for each of them.
const SECOND: usize = 6;
const THIRD: usize = 3;
const WIDE: usize = 190;
const HIGH: usize = 34;

struct Node {
    title: String,
    address: String,
    faulty: bool,
    row: f64,
    below: Vec<Node>,
}

/// Draws the map; says so when nothing is linked yet.
///
/// # Errors
/// A fault of the database.
pub async fn draw(visit: &Visit, loaded: &Loaded) -> Result<Markup, WebError> {
    let engine = visit.engine();
    let mut first: Vec<Record> = Vec::new();
    for relation in ["depends_on", "made_of"] {
        first.extend(engine.related(&visit.caller, &loaded.record, relation).await?);
    }
    if first.is_empty() {
        return Ok(
            html! { p.small.muted { "What this service is made of would be drawn here. Link configuration items under “Items it is made of”." } },
        );
    }
    let shown: Vec<&Record> = first.iter().take(SECOND).collect();
    let mut seconds: BTreeMap<usize, Vec<Record>> = BTreeMap::new();
    for (i, record) in shown.iter().enumerate() {
        let relation = if record.of.name == super::TYPE { "made_of" } else { "depends_on" };
        seconds.insert(i, engine.related(&visit.caller, record, relation).await?);
    }
    let items = shown.iter().copied().chain(seconds.values().flatten());
    let faulty = faults(visit, items).await?;
    let node = |r: &Record| Node {
        title: r.title(),
        address: format!("/{}/{}", slug(&r.of), r.reference()),
        faulty: faulty.contains(&Reference::new(r.of.name.clone(), r.number)),
        row: 0.0,
        below: Vec::new(),
    };
    let mut rows = 0.0;
    let mut nodes: Vec<Node> = Vec::new();
    for (i, record) in shown.iter().enumerate() {
        let mut top = node(record);
        for under in seconds.get(&i).into_iter().flatten().take(THIRD) {
            top.below.push(Node { row: rows, ..node(under) });
            rows += 1.0;
        }
        if top.below.is_empty() {
            top.row = rows;
            rows += 1.0;
        } else {
            top.row = top.below.iter().map(|n| n.row).sum::<f64>()
                / f64::from(u32::try_from(top.below.len()).unwrap_or(1));
        }
        nodes.push(top);
    }
    let is_hurt = nodes.iter().any(|n| n.faulty || n.below.iter().any(|b| b.faulty));
    Ok(html! {
        div.chart-room {
            div.chart-wide { (picture(&loaded.record.title(), &nodes, rows)) }
            ul.tree.chart-narrow { (tree(&nodes)) }
        }
        @if is_hurt { p.small.muted { "Red: an open incident affects it, or something that it rests on." } }
        @if first.len() > SECOND { p.small.muted { "and " (first.len() - SECOND) " more" } }
    })
}

/// Which of these items an open incident names as affected: one question for all of them.
async fn faults<'a>(
    visit: &Visit,
    items: impl Iterator<Item = &'a Record>,
) -> Result<Vec<Reference>, WebError> {
    let (item, incident) = ("configuration_item", "incident");
    let numbers: Vec<String> = items.filter(|r| r.of.name == item).map(|r| r.number.to_string()).collect();
    let registry = visit.registry();
    let may = |name: &str| registry.get(name).is_some_and(|of| visit.caller.may(of, &Action::Read));
    let Some(open) = registry.get(incident).and_then(|of| open_condition(visit.engine(), of)) else {
        return Ok(Vec::new());
    };
    if numbers.is_empty() || !may(item) || !may(incident) {
        return Ok(Vec::new());
    }
    let open = open.source().replacen("state", "i.state", 1);
    let filter = format!("number in [{}] && affected_by.exists(i, {open})", numbers.join(", "));
    let request = ListRequest {
        record_type: item.to_owned(),
        filter: Some(visit.engine().condition(&filter, item)?),
        sort: "number".to_owned(),
        descending: false,
        after: None,
        limit: 100,
    };
    let found = visit.engine().list(&visit.caller, &request).await?.records;
    Ok(found.iter().map(|r| Reference::new(item, r.number)).collect())
}

fn picture(service: &str, nodes: &[Node], rows: f64) -> Markup {
    let height = rows.max(1.0) * 46.0;
    let middle =
        nodes.iter().map(|n| n.row).sum::<f64>() / f64::from(u32::try_from(nodes.len().max(1)).unwrap_or(1));
    let deep = |n: &Node| n.faulty || n.below.iter().any(|b| b.faulty);
    let words: Vec<&str> = nodes.iter().map(|n| n.title.as_str()).collect();
    let hurt: Vec<&str> = nodes
        .iter()
        .flat_map(|n| n.below.iter().chain([n]))
        .filter(|n| n.faulty)
        .map(|n| n.title.as_str())
        .collect();
    let label = format!(
        "{service} depends on {}.{}",
        words.join(", "),
        if hurt.is_empty() { String::new() } else { format!(" Open incidents affect {}.", hurt.join(", ")) }
    );
    let y = |row: f64| row * 46.0 + 6.0;
    html! {
        svg.map viewBox={ "0 0 720 " (number(height)) } width="100%" role="group" aria-label=(label) {
            title { (label) }
            @for node in nodes {
                (line(WIDE, y(middle), 265, y(node.row), deep(node)))
                @for below in &node.below { (line(265 + WIDE, y(node.row), 530, y(below.row), below.faulty)) }
            }
            (square(0, y(middle), service, nodes.iter().any(deep).then_some("risk")))
            @for node in nodes {
                a href=(node.address) { (square(265, y(node.row), &node.title, deep(node).then_some("bad"))) }
                @for below in &node.below { a href=(below.address) { (square(530, y(below.row), &below.title, below.faulty.then_some("bad"))) } }
            }
        }
    }
}

/// The same where there is no room for three columns: what stands on what, one below the other.
fn tree(nodes: &[Node]) -> Markup {
    html! {
        @for node in nodes { li {
            a href=(node.address) { (node.title) }
            @if node.faulty { " " span.tag.bad { "open incident" } }
            @if !node.below.is_empty() { ul { (tree(&node.below)) } }
        } }
    }
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

fn line(x1: usize, y1: f64, x2: usize, y2: f64, bad: bool) -> Markup {
    let (y1, y2) = (number(y1 + 17.0), number(y2 + 17.0));
    let bend = usize::midpoint(x1, x2);
    html! { path class=[bad.then_some("bad")] d={ "M" (x1) " " (y1) "C" (bend) " " (y1) " " (bend) " " (y2) " " (x2) " " (y2) } {} }
}

fn square(x: usize, y: f64, title: &str, tone: Option<&str>) -> Markup {
    let short: String = if title.chars().count() > 26 {
        title.chars().take(25).chain(['…']).collect()
    } else {
        title.to_owned()
    };
    html! {
        rect class=[tone] x=(x + 1) y=(number(y)) width=(WIDE - 2) height=(HIGH) rx="7" { title { (title) } }
        text x=(x + 12) y=(number(y + 21.0)) { (short) }
    }
}

//! The command as the operator types it, on a database of its own and with a program that listens.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use clap::Parser;
use proofdesk_doors::signature;
use proofdesk_engine::{Act, Caller, Change, Direction, Door, Engine, NewAccount, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{WebhooksCommand, add, retry};
use crate::config::Config;
use crate::open;

#[derive(Debug, Parser)]
struct Typed {
    #[command(subcommand)]
    command: WebhooksCommand,
}

fn typed(words: &[&str]) -> Result<WebhooksCommand, clap::Error> {
    Typed::try_parse_from([&["webhooks"], words].concat()).map(|typed| typed.command)
}

/// A desk with the account `wall` of a program.
async fn desk() -> (tempfile::TempDir, Config, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("desk.db").display().to_string();
    let mut config = Config { database, ..Config::default() };
    config.outgoing.allow = vec!["127.0.0.1".to_owned()];
    let engine = open::engine_or_new(&config, Arc::new(open::SystemTime)).await.unwrap();
    let new = NewAccount {
        person: 0,
        sign_in: "wall".to_owned(),
        name: "Wall".to_owned(),
        roles: vec!["agent".to_owned()],
        password: None,
        program: true,
    };
    engine.create_account(&Act::operator(), new).await.unwrap();
    (folder, config, engine)
}

const OUT: [&str; 9] =
    ["add", "--account", "wall", "--label", "Wall", "--about", "incident", "--act", "create"];

fn out<'a>(url: &'a str, more: &[&'a str]) -> super::Add {
    let Ok(WebhooksCommand::Add(new)) = typed(&[&OUT[..], &["--url", url], more].concat()) else {
        panic!("it should be taken")
    };
    new
}

#[test]
fn what_belongs_to_two_ways_is_refused() {
    for wrong in [
        &["add", "--account", "wall", "--label", "x"][..],
        &["add", "--account", "wall", "--label", "x", "--url", "https://x.example"],
        &["add", "--account", "wall", "--label", "x", "--door", "d", "--url", "https://x.example"],
        &["add", "--account", "wall", "--label", "x", "--door", "d", "--act", "create"],
        &["retry"],
        &["retry", "7", "--all"],
        &["remove"],
        &["test", "x"],
    ] {
        assert!(typed(wrong).is_err(), "{wrong:?}");
    }
}

#[tokio::test]
async fn webhooks_are_made_and_ended_and_mistakes_are_said() {
    let (_folder, config, engine) = desk().await;
    let made = out("https://wall.example/hook", &["--act", "resolve", "--where", "priority == 'p1'"]);
    let (id, secret) = add(&engine, &config, made).await.unwrap();
    assert!(secret.starts_with("whsec_"));
    let hooks = engine.webhooks().await.unwrap();
    let [hook] = &hooks[..] else { panic!("{hooks:?}") };
    assert_eq!((hook.id, hook.direction, hook.actions.as_str()), (id, Direction::Out, "create resolve"));
    assert_eq!(hook.condition, "priority == 'p1'");
    typed(&["list"]).unwrap().run(config.clone()).await.unwrap();
    let door = ["add", "--account", "wall", "--label", "In", "--door", "alertmanager"];
    typed(&door).unwrap().run(config.clone()).await.unwrap();
    let door = engine.webhooks().await.unwrap()[1].clone();
    assert_eq!((door.direction, door.door.as_str()), (Direction::In, "alertmanager"));
    for (wrong, says) in [
        (out("http://10.0.0.7/hook", &[]), "url"),
        (out("https://wall.example/hook", &["--act", "fly"]), "fly"),
        (out("https://wall.example/hook", &["--where", "nothing =="]), ""),
        (super::Add { account: "nobody".to_owned(), ..out("https://wall.example/hook", &[]) }, "nobody"),
    ] {
        let refused = format!("{:#}", add(&engine, &config, wrong).await.unwrap_err());
        assert!(refused.contains(says), "{says}: {refused}");
    }
    let nowhere = typed(&["add", "--account", "wall", "--label", "In", "--door", "nowhere"]).unwrap();
    assert!(nowhere.run(config.clone()).await.unwrap_err().to_string().contains("door"));
    let id = id.to_string();
    typed(&["remove", &id]).unwrap().run(config.clone()).await.unwrap();
    assert!(typed(&["remove", &id]).unwrap().run(config).await.is_err(), "it is gone");
    assert_eq!(engine.webhooks().await.unwrap().len(), 1);
    assert!(engine.verify(&[], |_, _| {}).await.unwrap().is_good());
}

/// A program on loopback that answers so; gives its port, and each request that came.
async fn program(answer: &'static str) -> (u16, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut said = String::new();
            let mut part = [0_u8; 4_096];
            while !said.contains("\r\n\r\n{") || !said.trim_end().ends_with('}') {
                let Ok(read @ 1..) = stream.read(&mut part).await else { break };
                said.push_str(&String::from_utf8_lossy(&part[..read]));
            }
            let line = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(line.as_bytes()).await.unwrap();
            tell.send(said).unwrap();
        }
    });
    (port, told)
}

#[tokio::test]
async fn a_trial_is_signed_and_what_it_met_is_said() {
    let (_folder, config, engine) = desk().await;
    let (port, mut told) = program("204 Fine").await;
    let (id, secret) = add(&engine, &config, out(&format!("http://127.0.0.1:{port}/x"), &[])).await.unwrap();
    typed(&["test", &id.to_string()]).unwrap().run(config.clone()).await.unwrap();
    let said = told.recv().await.unwrap();
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next().unwrap()
    };
    let (message, at) = (header("webhook-id"), header("webhook-timestamp").parse::<i64>().unwrap());
    let right = signature::sign(&secret, &message, at, body.as_bytes()).unwrap();
    assert_eq!(header("webhook-signature"), right);
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["type"], &body["data"]["webhook"]), (&"test".into(), &id.into()));

    let (port, _told) = program("500 No").await;
    let (id, _) = add(&engine, &config, out(&format!("http://127.0.0.1:{port}/x"), &[])).await.unwrap();
    let refused = typed(&["test", &id.to_string()]).unwrap().run(config.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("500"), "{refused}");
    assert!(typed(&["test", "999"]).unwrap().run(config).await.is_err());
}

#[tokio::test]
async fn what_was_given_up_is_listed_and_sent_again() {
    let (_folder, config, engine) = desk().await;
    let (port, mut told) = program("410 Gone").await;
    add(&engine, &config, out(&format!("http://127.0.0.1:{port}/x"), &[])).await.unwrap();
    assert_eq!(retry(&engine, None).await.unwrap(), 0);
    let (change, target) =
        (Change::default().with_text("name", "Ida Voss"), Target::New("person".to_owned()));
    let person = engine.apply(&Caller::system("Operator"), target, change, Door::Cli).await.unwrap();
    let payload = serde_json::json!({
        "webhook": 1, "type": "person", "number": person.record.number, "message": "msg_1", "body": "{\"type\": \"x\"}",
    });
    let job = proofdesk_model::Job {
        kind: proofdesk_engine::DELIVERY.to_owned(),
        key: "1/1".to_owned(),
        run_at: engine.now(),
        payload,
    };
    engine.store().execute(vec![proofdesk_store::Statement::enqueue(&job)]).await.unwrap();
    let reach = Arc::new(config.outgoing.reach().unwrap());
    proofdesk_jobs::work_webhooks(&engine, &reach).await.unwrap();
    told.recv().await.unwrap();
    let dead = engine.deliveries(&Act::operator(), true).await.unwrap();
    let [job] = &dead[..] else { panic!("{dead:?}") };
    assert_eq!(super::rows(&dead, false)[0][1..5], ["1", "msg_1", "1", "given up"]);
    typed(&["deliveries"]).unwrap().run(config.clone()).await.unwrap();
    typed(&["retry", &job.id.to_string()]).unwrap().run(config.clone()).await.unwrap();
    assert_eq!(engine.deliveries(&Act::operator(), true).await.unwrap().len(), 0);
    assert_eq!(engine.deliveries(&Act::operator(), false).await.unwrap().len(), 1);
    assert!(retry(&engine, Some(job.id)).await.is_err(), "it waits already");
    proofdesk_jobs::work_webhooks(&engine, &reach).await.unwrap();
    told.recv().await.unwrap();
    assert_eq!(retry(&engine, None).await.unwrap(), 1);
}

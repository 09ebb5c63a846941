//! Prometheus and Alertmanager as Debian ships them, on this machine's own addresses: an alert fires, opens an incident
//! on the right item, once though two nodes of Alertmanager tell of it, and resolves it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use proofdesk_engine::Reference;
use proofdesk_testkit::BOTH;

use super::Watched;

/// A program that ends with the test.
struct Program(Child);

impl Program {
    fn start(name: &str, log: &Path, options: &[String]) -> Self {
        let log = std::fs::File::create(log).unwrap();
        let mut command = Command::new(name);
        command.args(options).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Self(command.spawn().unwrap_or_else(|e| panic!("{name} of Debian; .ci/install installs it: {e}")))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Serves a router on this machine.
async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Looks again until something holds; what it says after a minute and a half fails the test.
async fn until<W: Future<Output = Result<(), String>>>(folder: &Path, look: impl Fn() -> W) {
    let began = Instant::now();
    loop {
        match look().await {
            Ok(()) => return,
            Err(says) if began.elapsed() > Duration::from_secs(90) => {
                let logs = ["prometheus.log", "alertmanager0.log", "alertmanager1.log"];
                let logs: Vec<String> = logs
                    .iter()
                    .map(|l| std::fs::read_to_string(folder.join(l)).unwrap_or_default())
                    .collect();
                panic!("{says}\n{}", logs.join("\n"));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

fn alertmanager(folder: &Path, node: usize, desk: SocketAddr, token: &str) -> (Program, u16) {
    let config = folder.join(format!("alertmanager{node}.yml"));
    let text = format!(
        "route:\n  receiver: desk\n  group_by: [alertname, instance]\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1h\n\
         receivers:\n  - name: desk\n    webhook_configs:\n      - url: http://{desk}/api/v1/doors/alertmanager\n        send_resolved: true\n        \
         http_config:\n          authorization:\n            credentials: {token}\n"
    );
    std::fs::write(&config, text).unwrap();
    let port = free_port();
    let options = [
        format!("--config.file={}", config.display()),
        format!("--storage.path={}", folder.join(format!("alertmanager{node}")).display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--cluster.listen-address=".to_owned(),
    ];
    let log = folder.join(format!("alertmanager{node}.log"));
    (Program::start("prometheus-alertmanager", &log, &options), port)
}

fn prometheus(folder: &Path, target: SocketAddr, alertmanagers: &[u16]) -> Program {
    let rules = "groups:\n  - name: disks\n    interval: 1s\n    rules:\n      - alert: DiskFull\n        expr: disk_full == 1\n        \
                 labels:\n          severity: critical\n        annotations:\n          summary: Disk of {{ $labels.instance }} is full\n";
    std::fs::write(folder.join("rules.yml"), rules).unwrap();
    let nodes: Vec<String> = alertmanagers.iter().map(|port| format!("'127.0.0.1:{port}'")).collect();
    let text = format!(
        "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\nrule_files: [{}]\n\
         alerting:\n  alertmanagers:\n    - static_configs:\n        - targets: [{}]\n\
         scrape_configs:\n  - job_name: disks\n    static_configs:\n      - targets: ['{target}']\n        labels:\n          \
         instance: db1.example.com:9100\n",
        folder.join("rules.yml").display(),
        nodes.join(", ")
    );
    let config = folder.join("prometheus.yml");
    std::fs::write(&config, text).unwrap();
    let options = [
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", folder.join("tsdb").display()),
        format!("--web.listen-address=127.0.0.1:{}", free_port()),
    ];
    Program::start("prometheus", &folder.join("prometheus.log"), &options)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_of_real_prometheus_is_one_incident_and_resolves() {
    for database in BOTH {
        let desk = Watched::open(database).await;
        let told = Arc::new(AtomicUsize::new(0));
        let refused = Arc::new(Mutex::new(Vec::<u16>::new()));
        let (counter, seen) = (told.clone(), refused.clone());
        let counted = desk.router.clone().layer(from_fn(move |request: Request, next: Next| {
            let (counter, seen) = (counter.clone(), seen.clone());
            async move {
                let answer = next.run(request).await;
                if answer.status().is_success() {
                    counter.fetch_add(1, Ordering::SeqCst);
                } else {
                    seen.lock().unwrap().push(answer.status().as_u16());
                }
                answer
            }
        }));
        let address = serve(counted).await;
        let full = Arc::new(AtomicBool::new(true));
        let level = full.clone();
        let target = Router::new().route(
            "/metrics",
            get(move || async move { format!("disk_full {}\n", u8::from(level.load(Ordering::SeqCst))) }),
        );
        let target = serve(target).await;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (_first, one) = alertmanager(folder, 0, address, &desk.token);
        let (_second, other) = alertmanager(folder, 1, address, &desk.token);
        let _prometheus = prometheus(folder, target, &[one, other]);
        let told_by_both = async |least: usize| {
            let seen = told.load(Ordering::SeqCst);
            if seen >= least { Ok(()) } else { Err(format!("{seen} messages came, {least} should")) }
        };
        until(folder, || told_by_both(2)).await;
        assert_eq!(desk.count().await, 1, "{database:?}");
        // the one that is there: a number that a refused twin took is not used again
        let number = desk.only().await;
        let incident = desk.incident(number).await;
        assert_eq!(incident.text("title"), Some("Disk of db1.example.com:9100 is full"));
        assert_eq!(incident.text("priority"), Some("p1"));
        assert_eq!(incident.links["affects"], [Reference::new("configuration_item", 1)], "{database:?}");
        assert_eq!(incident.created_by, Some(desk.program));
        full.store(false, Ordering::SeqCst);
        until(folder, || told_by_both(4)).await;
        let incident = desk.incident(number).await;
        assert_eq!(incident.state, "resolved", "{database:?}");
        let over = desk.notes(number).await.into_iter().filter(|n| n.contains("is over since")).count();
        assert_eq!((over, desk.count().await), (1, 1), "{database:?}");
        let kept = desk.desk.engine.case_events(None, 10).await.unwrap();
        let kept: Vec<&str> = kept.iter().rev().map(|e| e.outcome.as_str()).collect();
        assert_eq!(kept, ["opened", "over"], "{database:?}");
        assert!(refused.lock().unwrap().is_empty(), "{database:?}: {refused:?}");
    }
}

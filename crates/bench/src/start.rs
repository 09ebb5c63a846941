//! The product's own binary over the made data: how soon it shows a page, what memory it takes while serving, and
//! how large it is.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::chance::Chance;
use crate::desk::Place;
use crate::figure::{Figure, Table};
use crate::fill::PASSWORD;
use crate::http;
use crate::machine::memory_mib;
use crate::options::Options;

/// Clients that ask at the same time while memory is read.
const CLIENTS: usize = 8;

/// Measures start, memory and size. Without the binary it says so and leaves these figures out.
///
/// # Errors
/// A program that does not come up or does not answer.
pub async fn measure(place: &Place<'_>, options: &Options, table: &mut Table) -> anyhow::Result<()> {
    if !options.program.exists() {
        eprintln!("bench: {} is not built: start, memory and size are left out", options.program.display());
        return Ok(());
    }
    let (program, folder, database) = (options.program.clone(), place.folder.clone(), place.desk.clone());
    let (records, requests) = (options.records, options.rounds(400, 10));
    let figures =
        tokio::task::spawn_blocking(move || run(&program, &folder, &database, records, requests)).await??;
    for figure in figures {
        table.push(figure);
    }
    Ok(())
}

/// The running program; ended with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        let begun = Instant::now();
        while asked.is_ok() && begun.elapsed() < Duration::from_secs(10) {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        // It did not go by itself; it is ours to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(
    program: &Path,
    folder: &Path,
    database: &str,
    records: usize,
    requests: usize,
) -> anyhow::Result<Vec<Figure>> {
    let mut starts = Vec::new();
    let mut figures = Vec::new();
    for _ in 0..3 {
        let (running, port, start) = serve(program, folder, database)?;
        starts.push(start);
        if starts.len() == 3 {
            figures = vec![memory(&running, port, records, requests)?];
        }
    }
    starts.sort_unstable();
    let seconds = starts[1].as_secs_f64();
    let start = Figure::plain("start to first page", format!("{seconds:.2} s (middle of three)"))
        .target("under 0.5 s", seconds < 0.5);
    figures.insert(0, start);
    let size = std::fs::metadata(program)?.len() as f64 / 1e6;
    if !cfg!(debug_assertions) {
        let figure = Figure::plain("size of the binary", format!("{size:.1} MB"));
        figures.push(figure.target("under 60 MB", size < 60.0));
    }
    Ok(figures)
}

fn serve(program: &Path, folder: &Path, database: &str) -> anyhow::Result<(Running, u16, Duration)> {
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    // one account asks more here than any person may in a minute
    let config = folder.join("bench.toml");
    std::fs::write(&config, "[limits]\nenabled = false\n")?;
    let begun = Instant::now();
    let child = Command::new(program)
        .current_dir(folder)
        .arg("--config")
        .arg(&config)
        .args(["--database", database, "serve", "--listen", &format!("127.0.0.1:{port}")])
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("serve.log"))?)
        .spawn()
        .with_context(|| format!("{} cannot be started", program.display()))?;
    let mut running = Running(child);
    while begun.elapsed() < Duration::from_secs(60) {
        if let Ok(answer) = http::send(port, "GET", "/sign-in", "", "")
            && answer.status == 200
        {
            return Ok((running, port, begun.elapsed()));
        }
        if running.0.try_wait()?.is_some() {
            break;
        }
        sleep(Duration::from_millis(2));
    }
    bail!("it did not come up: {}", std::fs::read_to_string(folder.join("serve.log")).unwrap_or_default())
}

/// Reads the resident memory while clients ask for pages.
fn memory(running: &Running, port: u16, records: usize, requests: usize) -> anyhow::Result<Figure> {
    let form = format!("sign_in=mara&password={}", PASSWORD.replace(' ', "+"));
    let answer = http::send(port, "POST", "/sign-in", "", &form)?;
    let cookie = answer.header("set-cookie").context("signing in failed")?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let begun = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let cookie = cookie.clone();
            std::thread::spawn(move || -> anyhow::Result<()> {
                let mut chance = Chance::new(client as u64);
                for n in 0..requests {
                    let number = chance.between(100, i64::try_from(records)?);
                    let path = match n % 3 {
                        0 => "/desk?view=open".to_owned(),
                        1 => format!("/incident/INC-{number}"),
                        _ => format!("/search?q=scanner+{}", chance.between(1_000, 9_000)),
                    };
                    let answer = http::send(port, "GET", &path, &cookie, "")?;
                    ensure!(answer.status == 200 && !answer.body.is_empty(), "{path}: {}", answer.status);
                }
                Ok(())
            })
        })
        .collect();
    for client in clients {
        client.join().map_err(|_| anyhow::anyhow!("a client failed"))??;
    }
    let rate = (CLIENTS * requests) as f64 / begun.elapsed().as_secs_f64();
    let process = running.0.id();
    let now = memory_mib(process, "VmRSS").context("the memory cannot be read")?;
    let most = memory_mib(process, "VmHWM").unwrap_or(now);
    let words = format!("{now:.0} MiB (at most {most:.0} MiB), {CLIENTS} clients, {rate:.0} pages/s");
    Ok(Figure::plain("resident memory while serving", words).target("under 200 MiB", most < 200.0))
}

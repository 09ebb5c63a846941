//! A private PostgreSQL cluster for tests: made in a temporary folder, reached by its socket there, gone with
//! the value. Nothing of the machine's own PostgreSQL is touched but its programs.
//!
//! Not for durability tests: it runs with `fsync=off` unless started with [`Postgres::start_durable`].
//!
//! Stands alone (std only), so that a test outside this crate can take it with `#[path]`.

use std::fs;
use std::io::{Error, Result};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

static STARTED: AtomicU32 = AtomicU32::new(0);

/// A running cluster; dropped, it is stopped and removed.
pub struct Postgres {
    folder: PathBuf,
    server: Child,
}

impl Postgres {
    /// Makes and starts a cluster that forgets everything in a crash but is fast.
    ///
    /// # Errors
    /// When PostgreSQL's programs are not found or the server does not come up within a minute; the message
    /// holds the server's own words.
    pub fn start() -> Result<Self> {
        Self::start_with(&["fsync=off", "synchronous_commit=off", "full_page_writes=off"])
    }

    /// Makes and starts a cluster that keeps what it acknowledged.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start_durable() -> Result<Self> {
        Self::start_with(&["synchronous_commit=on"])
    }

    fn start_with(settings: &[&str]) -> Result<Self> {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("proofdesk-pg-{}-{number}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        let programs = programs()?;
        let owner = owner()?;
        if let Some((_, uid, gid)) = &owner {
            chown(&folder, Some(*uid), Some(*gid))?;
        }
        let data = folder.join("data");
        let made = command(&programs.join("initdb"), owner.as_ref())
            .current_dir(&folder)
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .arg("--pgdata")
            .arg(&data)
            .output()?;
        if !made.status.success() {
            return Err(Error::other(format!("initdb: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let server = serve(&programs, &folder, &data, owner.as_ref(), settings)?;
        let mut started = Self { folder, server };
        started.wait(&programs)?;
        Ok(started)
    }

    /// Gives the connection string of a database of the cluster; `postgres` is there from the start.
    pub fn connection(&self, database: &str) -> String {
        format!("host={} user=postgres dbname={database}", self.folder.display())
    }

    /// Gives the folder of the cluster: its socket, its log, and its data in `data/`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a new, empty database in the cluster.
    ///
    /// # Errors
    /// What `createdb` says.
    pub fn create_database(&self, name: &str) -> Result<()> {
        let made = Command::new(programs()?.join("createdb"))
            .arg("--host")
            .arg(&self.folder)
            .args(["--username=postgres", "--template=template0", name])
            .output()?;
        if made.status.success() {
            return Ok(());
        }
        Err(Error::other(format!("createdb: {}", String::from_utf8_lossy(&made.stderr))))
    }

    /// Gives the number of the server's process, for tests of failures.
    pub fn process(&self) -> u32 {
        self.server.id()
    }

    /// Stops the server at once, as a power cut would as far as the database can tell.
    ///
    /// # Errors
    /// When the process cannot be reached.
    pub fn crash(&mut self) -> Result<()> {
        signal("-QUIT", self.server.id())?;
        self.server.wait().map(|_| ())
    }

    /// Starts the server again after [`Postgres::crash`], on the same data.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn restart(&mut self, settings: &[&str]) -> Result<()> {
        let programs = programs()?;
        let data = self.folder.join("data");
        self.server = serve(&programs, &self.folder, &data, owner()?.as_ref(), settings)?;
        self.wait(&programs)
    }

    fn wait(&mut self, programs: &Path) -> Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(60) {
            let ready = Command::new(programs.join("pg_isready"))
                .arg("--host")
                .arg(&self.folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            if ready.success() {
                return Ok(());
            }
            if self.server.try_wait()?.is_some() {
                break;
            }
            sleep(Duration::from_millis(40));
        }
        let words = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        Err(Error::other(format!("PostgreSQL did not come up: {words}")))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Tests are over: sessions that are still open are cut. Whatever fails here, the folder is temporary.
        let _ = signal("-INT", self.server.id());
        let begin = Instant::now();
        while matches!(self.server.try_wait(), Ok(None)) {
            if begin.elapsed() > Duration::from_secs(10) {
                let _ = self.server.kill();
            }
            sleep(Duration::from_millis(10));
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn serve(
    programs: &Path,
    folder: &Path,
    data: &Path,
    owner: Option<&(String, u32, u32)>,
    settings: &[&str],
) -> Result<Child> {
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("server.log"))?;
    let mut server = command(&programs.join("postgres"), owner);
    server.current_dir(folder).arg("-D").arg(data).arg("-k").arg(folder);
    server.args([
        "-c",
        "listen_addresses=",
        "-c",
        "max_connections=60",
        "-c",
        "shared_buffers=64MB",
        "-c",
        "jit=off",
    ]);
    for setting in settings {
        server.args(["-c", setting]);
    }
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()
}

/// Sends a signal to one process.
fn signal(name: &str, process: u32) -> Result<()> {
    Command::new("kill").arg(name).arg(process.to_string()).stderr(Stdio::null()).status().map(|_| ())
}

/// Finds the folder of the newest PostgreSQL's programs.
fn programs() -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_string_lossy().parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").exists().then_some((version, programs))
        })
        .collect();
    found.sort();
    let on_path = || {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths).find(|folder| folder.join("initdb").exists())
    };
    found.pop().map(|(_, programs)| programs).or_else(on_path).ok_or_else(|| {
        Error::other("PostgreSQL is not installed: initdb is neither in /usr/lib/postgresql nor on PATH")
    })
}

/// Gives the account that the server runs as (name, user id, group id), where the tests run as root, whom
/// PostgreSQL refuses.
fn owner() -> Result<Option<(String, u32, u32)>> {
    if number(&["-u"])? != 0 {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let (Ok(uid), Ok(gid)) = (number(&["-u", name]), number(&["-g", name])) {
            return Ok(Some((name.to_owned(), uid, gid)));
        }
    }
    Err(Error::other("PostgreSQL refuses root, and there is neither an account `postgres` nor `nobody`"))
}

fn number(arguments: &[&str]) -> Result<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(Error::other)
}

/// Prepares a program to run as the owner; it keeps its own process number.
fn command(program: &Path, owner: Option<&(String, u32, u32)>) -> Command {
    match owner {
        None => Command::new(program),
        Some((_, uid, gid)) => {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={uid}"), &format!("--regid={gid}"), "--clear-groups"]);
            command.arg(program);
            command
        }
    }
}

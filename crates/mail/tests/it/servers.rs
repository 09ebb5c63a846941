//! OpenSMTPD and Dovecot of the distribution, on loopback ports, in a temporary folder; ended with the test.
//!
//! Both must be started as root and go on as users of their own. OpenSMTPD keeps its queue and its control socket at
//! fixed paths: it gets a namespace of mounts of its own, so that nothing of it is outside the folder.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn must_be_root() {
    let id = Command::new("id").arg("-u").output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&id.stdout).trim(),
        "0",
        "mail servers are started as root; run this test as root"
    );
}

/// A server that ends with the test.
struct Running {
    child: Child,
    name: &'static str,
    log: PathBuf,
}

impl Running {
    fn start(name: &'static str, command: &mut Command, log: &Path, port: u16) -> Self {
        let file = std::fs::File::create(log).unwrap();
        let errors = file.try_clone().unwrap();
        let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn();
        let child = child.unwrap_or_else(|e| panic!("{name} cannot be started ({e}); run .ci/install"));
        let mut running = Self { child, name, log: log.to_owned() };
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = running.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "{name} does not listen:\n{}", running.said());
            std::thread::sleep(Duration::from_millis(50));
        }
        running
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let until = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!("{} said:\n{}", self.name, self.said());
        }
    }
}

/// Runs a command that has to end well.
fn run(command: &str, folder: &Path) {
    let ended = Command::new("sh").arg("-ec").arg(command).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "{command}:\n{}", String::from_utf8_lossy(&ended.stderr));
}

/// Makes an authority and a certificate of it for this machine.
pub fn certify(folder: &Path) {
    std::fs::write(
        folder.join("names"),
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
    )
    .unwrap();
    run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Test -keyout ca.key -out ca.pem \
         -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign && \
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout mx.key -out mx.csr && \
         openssl x509 -req -in mx.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out mx.pem && \
         chmod 600 mx.key",
        folder,
    );
}

/// Both servers.
pub struct Servers {
    pub smtp: u16,
    pub imap: u16,
    pub boxes: u16,
    pub lmtp: u16,
    pub password: PathBuf,
    /// Port for TLS from the first byte by IMAP, where there is a certificate.
    pub secure: Option<u16>,
    /// Ports of Dovecot's submission, which hands mails on to OpenSMTPD: STARTTLS, and TLS from the first byte.
    pub submission: Option<(u16, u16)>,
    dovecot: Option<Running>,
    smtpd: Option<Running>,
    folder: tempfile::TempDir,
}

impl Servers {
    /// Starts both: mail for `desk.example` goes on to the desk's LMTP, all other into mailboxes of Dovecot.
    pub fn start() -> Self {
        Self::begin(false)
    }

    /// Starts both, and Dovecot with a certificate, also for mail that goes out: OpenSMTPD 6.8 of the distribution cannot
    /// serve TLS with OpenSSL 3, since it looks for the private key where that library keeps none.
    pub fn start_secure() -> Self {
        Self::begin(true)
    }

    /// File with the certificate of the authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn begin(is_secure: bool) -> Self {
        must_be_root();
        let folder = tempfile::Builder::new().prefix("proofdesk-mail").tempdir().unwrap();
        let path = folder.path();
        for name in ["run", "boxes", "spool", "control"] {
            std::fs::create_dir(path.join(name)).unwrap();
        }
        let open = |path: &Path| {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711)).unwrap();
        };
        open(path);
        open(&path.join("spool"));
        let owned = Command::new("chown").args(["dovecot:dovecot"]).arg(path.join("boxes")).status().unwrap();
        assert!(owned.success(), "there is no user `dovecot`: run .ci/install");
        let password = path.join("password");
        std::fs::write(&password, "secret\n").unwrap();
        if is_secure {
            certify(path);
        }
        let secure = is_secure.then(free_port);
        let submission = is_secure.then(|| (free_port(), free_port()));
        let (smtp, imap, boxes, lmtp) = (free_port(), free_port(), free_port(), free_port());
        let mut servers = Self {
            smtp,
            imap,
            boxes,
            lmtp,
            password,
            secure,
            submission,
            dovecot: None,
            smtpd: None,
            folder,
        };
        servers.dovecot = Some(servers.start_dovecot());
        servers.start_smtpd();
        servers
    }

    fn start_dovecot(&self) -> Running {
        let path = self.folder.path();
        let at = path.display();
        let out = match self.submission {
            Some((starttls, tls)) => format!(
                "service submission-login {{\n chroot =\n inet_listener submission {{\n port = {starttls}\n }}\n inet_listener submissions {{\n port = {tls}\n ssl = yes\n }}\n}}\n\
                 hostname = mx.example\nsubmission_relay_host = 127.0.0.1\nsubmission_relay_port = {}\n",
                self.smtp
            ),
            None => String::new(),
        };
        let protocols = if self.submission.is_some() { "imap lmtp submission" } else { "imap lmtp" };
        let ssl = match self.secure {
            Some(_) => format!("ssl = required\nssl_cert = <{at}/mx.pem\nssl_key = <{at}/mx.key"),
            None => "ssl = no".to_owned(),
        };
        let text = format!(
            "base_dir = {at}/run\nstate_dir = {at}/run\nlog_path = /dev/stderr\nprotocols = {protocols}\nlisten = 127.0.0.1\n\
             {ssl}\ndisable_plaintext_auth = no\nmail_location = maildir:{at}/boxes/%u\nmail_uid = dovecot\n\
             mail_gid = dovecot\nfirst_valid_uid = 1\nauth_mechanisms = plain login\n\
             default_internal_user = dovecot\ndefault_login_user = dovenull\n\
             passdb {{\n driver = static\n args = password=secret\n}}\n\
             userdb {{\n driver = static\n args = uid=dovecot gid=dovecot home={at}/boxes/%u allow_all_users=yes\n}}\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = {}\n }}\n inet_listener imaps {{\n port = {}\n }}\n}}\n\
             service lmtp {{\n inet_listener lmtp {{\n address = 127.0.0.1\n port = {}\n }}\n}}\n\
             service anvil {{\n chroot =\n}}\nnamespace inbox {{\n inbox = yes\n}}\n{out}",
            self.imap,
            self.secure.unwrap_or(0),
            self.boxes
        );
        let config = path.join("dovecot.conf");
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(&config);
        Running::start("dovecot", &mut command, &path.join("dovecot.log"), self.imap)
    }

    /// Starts OpenSMTPD, again where it was stopped.
    pub fn start_smtpd(&mut self) {
        let path = self.folder.path();
        let text = format!(
            "queue ttl 1h\nlisten on 127.0.0.1 port {} hostname mx.example\n\
             action \"desk\" relay host \"lmtp://127.0.0.1:{}\"\n\
             action \"boxes\" relay host \"lmtp://127.0.0.1:{}\"\n\
             match from any for domain \"desk.example\" action \"desk\"\nmatch from any for any action \"boxes\"\n",
            self.smtp, self.lmtp, self.boxes
        );
        let config = path.join("smtpd.conf");
        std::fs::write(&config, text).unwrap();
        let script = "set -e; mkdir -p /var/spool/smtpd; mount --bind \"$1/spool\" /var/spool/smtpd; \
                      mount --bind \"$1/control\" /run; exec /usr/sbin/smtpd -d -f \"$1/smtpd.conf\"";
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", script, "sh"]).arg(path);
        self.smtpd = Some(Running::start("smtpd", &mut command, &path.join("smtpd.log"), self.smtp));
    }

    /// Stops OpenSMTPD.
    pub fn stop_smtpd(&mut self) {
        self.smtpd = None;
    }

    /// All mails in the mailbox of an address, as they were delivered; waits until there are so many.
    pub async fn mails(&self, address: &str, many: usize) -> Vec<Vec<u8>> {
        let folder = self.folder.path().join("boxes").join(address);
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let mut found = Vec::new();
            for place in ["new", "cur"] {
                let Ok(entries) = std::fs::read_dir(folder.join(place)) else { continue };
                found.extend(entries.map(|e| e.unwrap().path()));
            }
            found.sort();
            // one that is moved while it is looked at is looked for again
            let read: Option<Vec<_>> = found.iter().map(|path| std::fs::read(path).ok()).collect();
            let is_over = Instant::now() > until;
            if let Some(read) = read.filter(|read| read.len() >= many || is_over) {
                return read;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Hands a mail over to OpenSMTPD, as any program does.
    pub async fn hand_over(&self, from: &str, to: &[&str], raw: &str) {
        talk(self.smtp, "EHLO test", from, to, raw).await;
    }

    /// Puts a mail into a mailbox of Dovecot.
    pub async fn put(&self, to: &str, raw: &str) {
        talk(self.boxes, "LHLO test", "someone@elsewhere.example", &[to], raw).await;
    }
}

/// Sends one mail; gives the answers to its data, one for each recipient by LMTP.
pub async fn talk(port: u16, hello: &str, from: &str, to: &[&str], raw: &str) -> Vec<String> {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut stream = tokio::io::BufReader::new(stream);
    async fn answer(stream: &mut tokio::io::BufReader<tokio::net::TcpStream>) -> String {
        loop {
            let mut line = String::new();
            assert!(stream.read_line(&mut line).await.unwrap() > 0, "the connection ended");
            if line.as_bytes().get(3) == Some(&b' ') {
                return line.trim_end().to_owned();
            }
        }
    }
    answer(&mut stream).await;
    let mut taken = 0;
    let mut answers = Vec::new();
    let mut commands = vec![hello.to_owned(), format!("MAIL FROM:<{from}>")];
    commands.extend(to.iter().map(|to| format!("RCPT TO:<{to}>")));
    for command in commands {
        stream.get_mut().write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        let said = answer(&mut stream).await;
        if command.starts_with("RCPT") && said.starts_with('2') {
            taken += 1;
        } else if !said.starts_with('2') {
            answers.push(said);
        }
    }
    if taken > 0 {
        stream.get_mut().write_all(b"DATA\r\n").await.unwrap();
        assert!(answer(&mut stream).await.starts_with("354"));
        let stuffed = raw.replace("\r\n.", "\r\n..");
        stream.get_mut().write_all(format!("{stuffed}\r\n.\r\n").as_bytes()).await.unwrap();
        let many = if hello.starts_with("LHLO") { taken } else { 1 };
        for _ in 0..many {
            answers.push(answer(&mut stream).await);
        }
    }
    stream.get_mut().write_all(b"QUIT\r\n").await.unwrap();
    answers
}

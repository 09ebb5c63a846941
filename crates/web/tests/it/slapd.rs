//! OpenLDAP's slapd of the distribution, on loopback ports, in a temporary folder; ended with the test. Never as root.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use proofdesk_sso::{Directory, DirectorySettings};

use crate::servers::{certify, free_port};

/// Below what everything lies.
pub const SUFFIX: &str = "dc=example,dc=com";
/// The password of everybody in the directory.
pub const SECRET: &str = "a word of the directory";
/// The password of the desk there.
const DESK: &str = "the desk's own word";

/// A server.
pub struct Slapd {
    pub plain: u16,
    pub tls: u16,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

/// Runs a command that has to end well.
fn run(command: &mut Command) {
    let ended =
        command.output().unwrap_or_else(|e| panic!("{command:?} cannot be started ({e}); run .ci/install"));
    assert!(ended.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&ended.stderr));
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}

/// A program of slapd, as nobody where the test is run by root.
fn as_nobody(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
    command
}

/// A person as LDIF.
fn person(uid: &str, branch: &str, more: &str) -> String {
    format!(
        "dn: uid={uid},ou={branch},{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid} of {branch}\nsn: {uid}\n{more}\n"
    )
}

/// What the directory holds: two branches, people, the desk.
fn content() -> String {
    let with = |mail: &str| format!("mail: {mail}@example.com\nuserPassword: {SECRET}\n");
    let node = |kind: &str, class: &str, name: &str| {
        format!("dn: {kind}={name},{SUFFIX}\nobjectClass: {class}\n{kind}: {name}\n\n")
    };
    [
        format!("dn: {SUFFIX}\nobjectClass: domain\ndc: example\n\n"),
        node("ou", "organizationalUnit", "people"),
        node("ou", "organizationalUnit", "branch"),
        node("ou", "organizationalUnit", "groups"),
        format!("dn: cn=desk,{SUFFIX}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: desk\nuserPassword: {DESK}\n\n"),
        person("mara", "people", &with("mara")),
        person("ida", "people", &with("ida")),
        person("twin", "people", &with("twin.one")),
        person("twin", "branch", &with("twin.two")),
        person("gone", "people", &format!("employeeType: ended\n{}", with("gone"))),
        person("open", "people", "mail: open@example.com\n"),
    ]
    .concat()
}

impl Slapd {
    /// Starts one with a certificate for `localhost`.
    pub fn start() -> Self {
        Self::begin(true)
    }

    /// Starts one that knows nothing of TLS.
    pub fn start_without_tls() -> Self {
        Self::begin(false)
    }

    fn begin(has_tls: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("proofdesk-slapd").tempdir().unwrap();
        let path = folder.path();
        let at = path.display();
        std::fs::create_dir(path.join("db")).unwrap();
        certify(path);
        let key = if has_tls {
            format!(
                "TLSCACertificateFile {at}/ca.pem\nTLSCertificateFile {at}/mx.pem\nTLSCertificateKeyFile {at}/mx.key\n"
            )
        } else {
            String::new()
        };
        let settings = format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\ninclude /etc/ldap/schema/inetorgperson.schema\n\
             modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload memberof\nmoduleload refint\npidfile {at}/pid\n{key}\
             database mdb\nmaxsize 16777216\nsuffix \"{SUFFIX}\"\nrootdn \"cn=root,{SUFFIX}\"\nrootpw root\ndirectory {at}/db\n\
             overlay memberof\noverlay refint\nrefint_attributes member memberOf\n\
             access to attrs=userPassword by anonymous auth by * none\naccess to * by dn.exact=\"cn=desk,{SUFFIX}\" read by self read by anonymous auth by * none\n"
        );
        std::fs::write(path.join("slapd.conf"), settings).unwrap();
        std::fs::write(path.join("content.ldif"), content()).unwrap();
        std::fs::write(path.join("desk.password"), DESK).unwrap();
        if is_root() {
            run(Command::new("chown").args(["-R", "65534:65534"]).arg(path));
        }
        let add = ["-f", &format!("{at}/slapd.conf"), "-l", &format!("{at}/content.ldif")];
        run(as_nobody("/usr/sbin/slapadd").args(add));
        let mut started = Self { plain: free_port(), tls: free_port(), folder, child: None };
        started.go_on();
        started
    }

    /// Starts it again, with what it held.
    pub fn go_on(&mut self) {
        let at = self.folder.path().display().to_string();
        let has_tls =
            std::fs::read_to_string(format!("{at}/slapd.conf")).unwrap().contains("TLSCertificateFile");
        let mut addresses = format!("ldap://127.0.0.1:{}", self.plain);
        if has_tls {
            addresses.push_str(&format!(" ldaps://127.0.0.1:{}", self.tls));
        }
        let mut command = as_nobody("/usr/sbin/slapd");
        command.args(["-d", "0", "-f", &format!("{at}/slapd.conf"), "-h", &addresses]);
        let log = std::fs::File::create(self.folder.path().join("said")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child =
            command.spawn().unwrap_or_else(|e| panic!("slapd cannot be started ({e}); run .ci/install"));
        self.child = Some(child);
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.plain)).is_err() {
            let said = || std::fs::read_to_string(self.folder.path().join("said")).unwrap_or_default();
            assert!(Instant::now() < until, "slapd does not listen:\n{}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it; what it holds stays.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        let until = Instant::now() + Duration::from_secs(10);
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                let _ = child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// File with the certificate of the authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Changes the directory by LDIF.
    pub fn change(&self, ldif: &str) {
        let file = self.folder.path().join("change.ldif");
        std::fs::write(&file, ldif).unwrap();
        let server = format!("ldap://127.0.0.1:{}", self.plain);
        let root = format!("cn=root,{SUFFIX}");
        run(Command::new("ldapmodify")
            .args(["-x", "-H", &server, "-D", &root, "-w", "root", "-f"])
            .arg(&file));
    }

    /// Makes a group with one member.
    pub fn group(&self, name: &str, member: &str) {
        self.change(&format!(
            "dn: cn={name},ou=groups,{SUFFIX}\nchangetype: add\nobjectClass: groupOfNames\ncn: {name}\nmember: {member}\n"
        ));
    }

    /// Settings of a desk that finds people here: by name or address, those who have not ended.
    pub fn settings(&self) -> DirectorySettings {
        DirectorySettings {
            name: "example".into(),
            label: "Example AG".into(),
            url: format!("ldaps://localhost:{}", self.tls),
            roots: Some(self.authority()),
            bind_dn: Some(format!("cn=desk,{SUFFIX}")),
            bind_password_file: Some(self.password_file()),
            base: SUFFIX.into(),
            filter: "(&(objectClass=person)(!(employeeType=ended))(|(uid={name})(mail={name})))".into(),
            ..DirectorySettings::default()
        }
    }

    /// A directory of such settings, with the desk's password.
    pub fn directory(&self, settings: DirectorySettings) -> Directory {
        assert_eq!(settings.check(&["agent", "requester", "administrator"]), Vec::<String>::new());
        let has_name = settings.bind_dn.is_some();
        Directory::new(settings, has_name.then(|| DESK.to_owned())).unwrap()
    }

    /// File with the desk's password.
    pub fn password_file(&self) -> PathBuf {
        Path::new(self.folder.path()).join("desk.password")
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
    }
}

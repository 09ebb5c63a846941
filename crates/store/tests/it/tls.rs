//! TLS to PostgreSQL: a private cluster with a certificate made here; the right authority and name are needed, and a
//! connection without TLS is refused by the server, so that a connection that works is one with TLS.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use proofdesk_store::{Options, Store};

use crate::postgres::Postgres;

/// The name in the server's certificate.
const NAME: &str = "db.proofdesk.test";

fn openssl(folder: &Path, options: &str) {
    let said = Command::new("openssl").current_dir(folder).args(options.split(' ')).output().unwrap();
    assert!(said.status.success(), "openssl {options}: {}", String::from_utf8_lossy(&said.stderr));
}

/// An authority of this name: `NAME.pem` and `NAME.key`.
fn authority(folder: &Path, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    openssl(folder, &format!("req -x509 {key} -keyout {name}.key -out {name}.pem -subj /CN={name}"));
}

/// A certificate for the server, signed by the authority `ca`: `server.pem` and `server.key`.
fn certificate(folder: &Path) {
    fs::write(folder.join("san"), format!("subjectAltName=DNS:{NAME}\nextendedKeyUsage=serverAuth\n"))
        .unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(folder, &format!("req {key} -keyout server.key -out server.csr -subj /CN={NAME}"));
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.pem",
    );
}

/// A certificate for the role `postgres`, signed by an authority: `NAME.pem` and `NAME.key`.
fn own_certificate(folder: &Path, name: &str, by: &str) {
    fs::write(folder.join("use"), "extendedKeyUsage=clientAuth\n").unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(folder, &format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN=postgres"));
    let signer = format!("-CA {by}.pem -CAkey {by}.key -CAcreateserial");
    openssl(folder, &format!("x509 -req -in {name}.csr {signer} -days 2 -extfile use -out {name}.pem"));
}

/// A loopback address of this test program: the port of PostgreSQL may be taken on the usual one.
fn address() -> String {
    let [_, _, a, b] = std::process::id().to_be_bytes();
    format!("127.77.{a}.{}", b.max(1))
}

/// Lets the cluster take connections by TLS only, on an address of its own.
fn switch_on(cluster: &mut Postgres, address: &str, way: &str) {
    let folder = cluster.folder().to_owned();
    let owner = fs::metadata(&folder).unwrap();
    for name in ["server.pem", "server.key", "ca.pem"] {
        let path = folder.join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    let access = format!("local all all trust\nhostssl all all 127.0.0.0/8 {way}\n");
    fs::write(folder.join("data/pg_hba.conf"), access).unwrap();
    let file = |name: &str| folder.join(name).display().to_string();
    let settings = [
        "fsync=off".to_owned(),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", file("server.pem")),
        format!("ssl_key_file={}", file("server.key")),
        format!("ssl_ca_file={}", file("ca.pem")),
        format!("listen_addresses={address}"),
    ];
    cluster.crash().unwrap();
    cluster.restart(&settings.each_ref().map(String::as_str)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_authority_and_name_are_trusted() {
    let mut cluster = Postgres::start().unwrap();
    let folder = cluster.folder().to_owned();
    authority(&folder, "ca");
    authority(&folder, "other");
    certificate(&folder);
    let address = address();
    switch_on(&mut cluster, &address, "trust");
    let url = |host: &str, mode: &str, roots: &str| {
        let roots = folder.join(roots);
        format!(
            "host={host} hostaddr={address} user=postgres dbname=postgres sslmode={mode} sslrootcert={}",
            roots.display()
        )
    };
    for mode in ["require", "verify-full"] {
        let store = Store::open(&url(NAME, mode, "ca.pem"), Options::default()).await.unwrap();
        assert!(store.health().await.unwrap().size_bytes > 0, "{mode}");
        store.close().await.unwrap();
    }
    for (host, mode, roots, why) in [
        (NAME, "verify-full", "other.pem", "another authority"),
        (NAME, "require", "other.pem", "another authority, also where only TLS is required"),
        ("elsewhere.test", "verify-full", "ca.pem", "a certificate for another name"),
        (NAME, "disable", "ca.pem", "no TLS"),
    ] {
        let refused = Store::open(&url(host, mode, roots), Options::default()).await;
        let Err(error) = refused else { panic!("{why} was accepted") };
        assert!(!error.to_string().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_proves_itself_to_the_database_by_a_certificate_and_without_a_password() {
    let mut cluster = Postgres::start().unwrap();
    let folder = cluster.folder().to_owned();
    authority(&folder, "ca");
    authority(&folder, "other");
    certificate(&folder);
    own_certificate(&folder, "desk", "ca");
    own_certificate(&folder, "stranger", "other");
    let address = address();
    switch_on(&mut cluster, &address, "cert");
    let url = |own: Option<&str>| {
        let file = |name: String| folder.join(name).display().to_string();
        let of =
            |own| format!(" sslcert={} sslkey={}", file(format!("{own}.pem")), file(format!("{own}.key")));
        format!(
            "host={NAME} hostaddr={address} user=postgres dbname=postgres sslmode=verify-full sslrootcert={}{}",
            file("ca.pem".to_owned()),
            own.map(of).unwrap_or_default()
        )
    };
    let store = Store::open(&url(Some("desk")), Options::default()).await.unwrap();
    assert!(store.health().await.unwrap().size_bytes > 0);
    store.close().await.unwrap();
    for own in [None, Some("stranger")] {
        assert!(Store::open(&url(own), Options::default()).await.is_err(), "{own:?}");
    }
}

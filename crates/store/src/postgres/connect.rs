//! How to reach the server: its address with several hosts, TLS, the pool.

use std::future::poll_fn;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::failed;
use crate::error::Error;

/// What a new connection is set to. Durability is never less than the server's own disk.
const SETTINGS: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'; \
     SET jit = off; SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning";

/// The way to a server.
#[derive(Clone)]
pub(crate) struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Server {
    /// Reads an address: a URL or `key=value` pairs, several hosts with commas. Where nothing is said of TLS, a server on
    /// another machine is reached by TLS alone.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let (url, mode) = take_parameter(url, "sslmode");
        let (url, roots) = take_parameter(&url, "sslrootcert");
        let (url, certificate) = take_parameter(&url, "sslcert");
        let (url, key) = take_parameter(&url, "sslkey");
        let mut config = Config::from_str(&url)
            .map_err(|e| Error::Invalid(format!("the address of the database cannot be read: {e}")))?;
        if config.get_application_name().is_none() {
            config.application_name("proofdesk");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(3));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(10));
        }
        let usual = if is_here(&config) { "disable" } else { "verify-full" };
        let tls = match mode.as_deref().unwrap_or(usual) {
            "disable" | "allow" | "prefer" => {
                config.ssl_mode(SslMode::Disable);
                None
            }
            "require" | "verify-ca" | "verify-full" => {
                config.ssl_mode(SslMode::Require);
                let own = match (&certificate, &key) {
                    (Some(certificate), Some(key)) => Some((Path::new(certificate), Path::new(key))),
                    (None, None) => None,
                    _ => return Err(Error::Invalid("sslcert and sslkey go together".to_owned())),
                };
                let tls = proofdesk_reach::tls_proving(roots.as_deref().map(Path::new), own);
                let tls = tls.map_err(|e| Error::Invalid(format!("TLS to the database: {e}")))?;
                Some(MakeRustlsConnect::new(tls))
            }
            other => {
                let known = "disable, require or verify-full";
                return Err(Error::Invalid(format!("sslmode `{other}` is not known; use {known}")));
            }
        };
        Ok(Self { config, tls })
    }

    /// A pool of at most so many connections.
    pub fn pool(&self, most: usize) -> Result<Pool, Error> {
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match &self.tls {
            None => Manager::from_config(self.config.clone(), NoTls, settings),
            Some(tls) => Manager::from_config(self.config.clone(), tls.clone(), settings),
        };
        let set = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
        });
        Pool::builder(manager)
            .max_size(most)
            .wait_timeout(Some(Duration::from_secs(20)))
            .create_timeout(Some(Duration::from_secs(5)))
            .runtime(Runtime::Tokio1)
            .post_create(set)
            .build()
            .map_err(|e| Error::Internal(e.to_string()))
    }

    /// A connection of its own that gives a sign for every growth of the log, until it is lost.
    pub async fn listen(&self) -> Result<mpsc::Receiver<()>, Error> {
        let refused = |e: tokio_postgres::Error| failed(&e).into_error();
        let (signs, receiver) = mpsc::channel(64);
        let client = match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(refused)?;
                tokio::spawn(pass_on(connection, signs));
                client
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(refused)?;
                tokio::spawn(pass_on(connection, signs));
                client
            }
        };
        client.batch_execute("LISTEN proofdesk_log").await.map_err(refused)?;
        let (keep, kept) = mpsc::channel(64);
        tokio::spawn(hold(client, receiver, keep));
        Ok(kept)
    }
}

/// Keeps the client, since the connection ends with it, until nobody wants the signs any more.
async fn hold(client: Client, mut from: mpsc::Receiver<()>, to: mpsc::Sender<()>) {
    loop {
        tokio::select! {
            sign = from.recv() => match sign {
                Some(()) => {
                    // A full channel holds a sign already.
                    let _ = to.try_send(());
                }
                None => break,
            },
            () = to.closed() => break,
        }
    }
    drop(client);
}

/// Drives a connection and passes its notifications on.
async fn pass_on<S, T>(mut connection: Connection<S, T>, to: mpsc::Sender<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
        if matches!(message, AsyncMessage::Notification(_)) {
            // A full channel holds a sign already.
            let _ = to.try_send(());
        }
    }
}

/// Whether every host is this machine: a socket, or an address that no network carries.
fn is_here(config: &Config) -> bool {
    let is_local = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .trim_matches(['[', ']'])
                    .parse::<IpAddr>()
                    .is_ok_and(|ip| ip.to_canonical().is_loopback())
        }
        Host::Unix(_) => true,
    };
    let addresses = config.get_hostaddrs();
    if addresses.is_empty() {
        return config.get_hosts().iter().all(is_local);
    }
    addresses.iter().all(|ip| ip.to_canonical().is_loopback())
}

/// Takes a parameter out of an address, where the driver does not know it or all of its values.
fn take_parameter(url: &str, name: &str) -> (String, Option<String>) {
    let is_url = url.contains("://");
    let (head, parts, join) = match (is_url, url.split_once('?')) {
        (true, None) => return (url.to_owned(), None),
        (true, Some((head, query))) => (format!("{head}?"), query.split('&').collect::<Vec<_>>(), "&"),
        (false, _) => (String::new(), url.split(' ').collect(), " "),
    };
    let mut found = None;
    let kept: Vec<&str> = parts
        .into_iter()
        .filter(|part| match part.split_once('=') {
            Some((key, value)) if key.trim() == name => {
                found = Some(value.trim_matches('\'').to_owned());
                false
            }
            _ => true,
        })
        .collect();
    let rest = format!("{head}{}", kept.join(join));
    (rest.trim_end_matches('?').to_owned(), found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::{Server, take_parameter};

    #[test]
    fn parameters_are_taken_out() {
        for (url, rest, found) in [
            ("postgres://a/b?sslmode=require&x=1", "postgres://a/b?x=1", Some("require")),
            ("postgres://a/b?sslmode=require", "postgres://a/b", Some("require")),
            ("postgres://a/b", "postgres://a/b", None),
            ("host=a,b sslmode='verify-full' user=c", "host=a,b user=c", Some("verify-full")),
        ] {
            assert_eq!(take_parameter(url, "sslmode"), (rest.to_owned(), found.map(str::to_owned)));
        }
    }

    #[test]
    fn addresses_are_read() {
        let two =
            Server::parse("host=one,two port=5432,5433 dbname=d target_session_attrs=read-write").unwrap();
        assert_eq!(two.config.get_hosts().len(), 2);
        assert!(Server::parse("postgres://u@h/d?sslmode=verify-full").unwrap().tls.is_some());
        assert!(Server::parse("host=h sslmode=perhaps").is_err());
        assert!(Server::parse("host=h sslmode=require sslrootcert=/no/such/file").is_err());
        assert!(Server::parse("host=h sslmode=require sslcert=/no/such/file sslkey=/no/such/file").is_err());
        assert!(Server::parse("host=h sslmode=require sslcert=/only/one").is_err());
    }

    #[test]
    fn a_database_on_another_machine_is_reached_by_tls_unless_told_otherwise() {
        for (url, is) in [
            ("postgres://u@db.example/d", true),
            ("postgres://u@10.0.0.5/d", true),
            ("host=localhost,db2 dbname=d", true),
            ("host=db hostaddr=10.0.0.5 dbname=d", true),
            ("postgres://u@db.example/d?sslmode=disable", false),
            ("postgres://u@localhost/d", false),
            ("postgres://u@127.0.0.1/d", false),
            ("postgres://u@[::1]/d", false),
            ("host=db hostaddr=127.0.0.1 dbname=d", false),
            ("host=/run/postgresql dbname=d", false),
            ("postgres:///d?host=/run/postgresql", false),
            ("postgres://u@localhost/d?sslmode=verify-full", true),
        ] {
            assert_eq!(Server::parse(url).unwrap().tls.is_some(), is, "{url}");
        }
    }
}

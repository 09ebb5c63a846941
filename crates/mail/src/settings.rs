//! The section `[mail]` of the configuration file. Secrets are named by file and read when they are needed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::address::{ReplyForm, normal};
use crate::error::Error;

/// How a connection is kept from others' eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte.
    Tls,
    /// After a plain greeting; required.
    Starttls,
    /// Not at all: only to this machine.
    None,
}

/// A server that is asked by us.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its name.
    pub host: String,
    /// Its port; by default the usual one.
    pub port: Option<u16>,
    /// How the connection is kept secret.
    #[serde(default = "starttls")]
    pub tls: Tls,
    /// Name to sign in with; none where it asks for none.
    pub user: Option<String>,
    /// File with the password.
    pub password_file: Option<PathBuf>,
    /// File with the certificate (PEM) of an authority of one's own.
    pub ca_file: Option<PathBuf>,
    /// IMAP: the folder that is read.
    #[serde(default = "inbox")]
    pub folder: String,
    /// IMAP: the folder for mails that were taken in.
    #[serde(default = "done")]
    pub done: String,
    /// IMAP: the folder for mails that became nothing.
    #[serde(default = "refused")]
    pub refused: String,
}

fn starttls() -> Tls {
    Tls::Starttls
}
fn inbox() -> String {
    "INBOX".to_owned()
}
fn done() -> String {
    "Proofdesk".to_owned()
}
fn refused() -> String {
    "Proofdesk-refused".to_owned()
}

impl Server {
    /// The password, without the end of its line.
    ///
    /// # Errors
    /// `Settings` when the file cannot be read.
    pub fn password(&self) -> Result<Option<String>, Error> {
        let Some(file) = &self.password_file else { return Ok(None) };
        let text = std::fs::read_to_string(file)
            .map_err(|e| Error::Settings(format!("mail: {} cannot be read: {e}", file.display())))?;
        Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
    }

    fn check(&self, name: &str, wrong: &mut Vec<String>) {
        let is_here = self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
            || self.host == "localhost";
        if self.host.trim().is_empty() {
            wrong.push(format!("{name}.host: name the server"));
        }
        if self.tls == Tls::None && !is_here {
            wrong.push(format!("{name}.tls: \"none\" is for a server on this machine only"));
        }
        if self.user.is_some() != self.password_file.is_some() {
            wrong.push(format!("{name}: user and password_file belong together"));
        }
        for file in self.password_file.iter().chain(&self.ca_file).filter(|f| !f.is_file()) {
            wrong.push(format!("{name}: {} is not there", file.display()));
        }
    }
}

/// Where an own mail server hands mails over.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Lmtp {
    /// Address and port on this machine, or the path of a socket.
    pub listen: String,
}

/// What becomes of mails by people whom the desk does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Strangers {
    /// They are refused.
    #[default]
    Refuse,
    /// A person is made of them.
    Accept,
}

/// An address that takes mails in.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// The address.
    pub address: String,
    /// The record type that a mail becomes.
    pub record: String,
    /// What becomes of mails by strangers.
    #[serde(default)]
    pub strangers: Strangers,
    /// Fields with a given value, such as `service = "SVC-3"`.
    #[serde(default)]
    pub set: std::collections::BTreeMap<String, String>,
}

/// Everything about mail that a deployment sets.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The desk's own address: the sender of its mails.
    pub address: String,
    /// The name beside it; by default the organization's.
    pub name: Option<String>,
    /// Where replies come in, with `{tag}`; by default the address with `+{tag}`.
    pub reply: Option<String>,
    /// Language of mails to people who have none set.
    #[serde(default = "english")]
    pub language: String,
    /// Largest mail that is taken, MiB.
    #[serde(default = "size")]
    pub size_max_mib: u64,
    /// Most records and comments that one person makes by mail in an hour.
    #[serde(default = "hourly")]
    pub mails_per_hour: u32,
    /// Days after which a mail that could not be sent is given up.
    #[serde(default = "give_up")]
    pub give_up_days: u32,
    /// Days for which sent mails are kept in the queue.
    #[serde(default = "keep")]
    pub keep_days: u32,
    /// The server that sends our mails; without it they wait.
    pub smtp: Option<Server>,
    /// Where an own mail server hands mails over.
    pub lmtp: Option<Lmtp>,
    /// A mailbox that is read.
    pub imap: Option<Server>,
    /// Addresses that take mails in.
    #[serde(default)]
    pub inbox: Vec<Inbox>,
}

fn english() -> String {
    "en".to_owned()
}
fn size() -> u64 {
    25
}
fn hourly() -> u32 {
    60
}
fn give_up() -> u32 {
    5
}
fn keep() -> u32 {
    30
}

impl Settings {
    /// Takes relative paths from a folder.
    pub fn relative_to(&mut self, folder: &Path) {
        for server in self.smtp.iter_mut().chain(&mut self.imap) {
            for file in server.password_file.iter_mut().chain(&mut server.ca_file) {
                *file = folder.join(&file);
            }
        }
        if let Some(lmtp) = self.lmtp.as_mut().filter(|l| l.listen.contains('/')) {
            lmtp.listen = folder.join(&lmtp.listen).to_string_lossy().into_owned();
        }
    }

    /// The domain of the desk's address.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }

    /// Where replies come in.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn reply_form(&self) -> Result<ReplyForm, String> {
        match &self.reply {
            Some(text) => ReplyForm::parse(text),
            None => ReplyForm::plus(&self.address)
                .ok_or_else(|| format!("mail.address: `{}` is no address", self.address)),
        }
    }

    /// The inbox of an address.
    pub fn inbox_of(&self, address: &str) -> Option<&Inbox> {
        self.inbox.iter().find(|i| normal(&i.address).as_deref() == Some(address))
    }

    /// Whether an address is one of the desk's own.
    pub fn is_own(&self, address: &str) -> bool {
        normal(&self.address).as_deref() == Some(address) || self.inbox_of(address).is_some()
    }

    /// Everything that is wrong with the values.
    pub fn mistakes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if normal(&self.address).is_none() {
            wrong.push(format!("mail.address: `{}` is no address, such as desk@example.com", self.address));
        }
        if let Err(sentence) = self.reply_form() {
            wrong.push(format!("mail.reply: {sentence}"));
        }
        for inbox in &self.inbox {
            if normal(&inbox.address).is_none() {
                wrong.push(format!("mail.inbox.address: `{}` is no address", inbox.address));
            }
            if self.inbox.iter().filter(|i| normal(&i.address) == normal(&inbox.address)).count() > 1 {
                wrong.push(format!("mail.inbox.address: `{}` is there twice", inbox.address));
            }
        }
        if let Some(smtp) = &self.smtp {
            smtp.check("mail.smtp", &mut wrong);
        }
        if let Some(imap) = &self.imap {
            imap.check("mail.imap", &mut wrong);
            if imap.user.is_none() {
                wrong.push("mail.imap.user: a mailbox has a name and a password".to_owned());
            }
            for name in [&imap.folder, &imap.done, &imap.refused] {
                if name.is_empty()
                    || !name.is_ascii()
                    || name.contains(|c: char| c.is_control() || "\"\\".contains(c))
                {
                    wrong.push(format!("mail.imap: `{name}` is no name of a folder"));
                }
            }
        }
        if let Some(lmtp) = &self.lmtp {
            let port = lmtp.listen.parse::<std::net::SocketAddr>();
            if !lmtp.listen.contains('/') && !port.is_ok_and(|a| a.ip().is_loopback()) {
                wrong.push(format!(
                    "mail.lmtp.listen: `{}` is neither an address on this machine, such as 127.0.0.1:2003, nor a path",
                    lmtp.listen
                ));
            }
        }
        if (self.imap.is_some() || self.lmtp.is_some()) && self.inbox.is_empty() {
            wrong.push("mail.inbox: say which address becomes which record".to_owned());
        }
        if !(1..=100).contains(&self.size_max_mib) {
            wrong.push("mail.size_max_mib: between 1 and 100".to_owned());
        }
        if !(1..=30).contains(&self.give_up_days) || !(1..=3_650).contains(&self.keep_days) {
            wrong.push("mail.give_up_days: between 1 and 30; mail.keep_days: between 1 and 3650".to_owned());
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::{Inbox, Lmtp, Server, Settings, Strangers, Tls};

    fn settings() -> Settings {
        Settings {
            address: "desk@example.com".to_owned(),
            name: None,
            reply: None,
            language: "en".to_owned(),
            size_max_mib: 25,
            mails_per_hour: 60,
            give_up_days: 5,
            keep_days: 30,
            smtp: None,
            lmtp: None,
            imap: None,
            inbox: Vec::new(),
        }
    }

    #[test]
    fn all_mistakes_are_named() {
        assert!(settings().mistakes().is_empty());
        let server = Server {
            host: "mail.example.com".to_owned(),
            port: None,
            tls: Tls::None,
            user: Some("desk".to_owned()),
            password_file: None,
            ca_file: None,
            folder: "IN\"BOX".to_owned(),
            done: "Done".to_owned(),
            refused: "No".to_owned(),
        };
        let inbox = Inbox {
            address: "nobody".to_owned(),
            record: "incident".to_owned(),
            strangers: Strangers::Refuse,
            set: std::collections::BTreeMap::new(),
        };
        let bad = Settings {
            address: "desk".to_owned(),
            smtp: Some(server.clone()),
            imap: Some(server),
            lmtp: Some(Lmtp { listen: "0.0.0.0:24".to_owned() }),
            inbox: vec![inbox],
            size_max_mib: 0,
            ..settings()
        };
        let said = bad.mistakes().join("\n");
        for part in [
            "mail.address",
            "mail.reply",
            "smtp.tls",
            "belong together",
            "no name of a folder",
            "lmtp.listen",
            "inbox.address",
            "size_max",
        ] {
            assert!(said.contains(part), "{part} is missing: {said}");
        }
    }
}

//! In by IMAP: reads a mailbox, waits for new mails by IDLE, moves what it took in to another folder.
//!
//! Source: RFC 3501, RFC 2177 (IDLE), RFC 6851 (MOVE). Invariant: a mail is moved only when what it became is durable; until
//! then it stays where it is, unread.

mod client;
mod connect;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proofdesk_engine::pause;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::desk::Mail;
use crate::error::Error;
use crate::intake::{Arrival, Outcome};
use crate::settings::Server;
use client::Client;

/// Longest time in IDLE: servers close a silent connection after half an hour.
const IDLE: Duration = Duration::from_secs(25 * 60);
/// Between two looks where the server has no IDLE.
const LOOK: Duration = Duration::from_secs(60);
/// Longest rest after a fault.
const REST: Duration = Duration::from_secs(300);
/// Until a mail that could not be taken in is tried again; doubled each time.
const AGAIN: Duration = Duration::from_secs(5);
/// Longest time until then.
const AGAIN_MOST: Duration = Duration::from_secs(3_600);
/// Tries whether the server answers, lets us in, and has the folder.
///
/// # Errors
/// `Settings`, `Away`, `Refused`.
pub async fn check(server: &Server) -> Result<(), Error> {
    let mut client = connect::sign_in(server).await?;
    client.select(&server.folder).await?;
    client.logout().await;
    Ok(())
}

/// Reads what a server says, however little it is an answer, as if it had been asked for everything that is ever asked:
/// the mails that were found in it. For trying hostile servers (`fuzz/`).
///
/// # Errors
/// `Away`, `Refused`.
pub async fn overheard(said: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let said = std::io::Cursor::new(said.to_vec());
    let mut client = Client::new(Box::new(tokio::io::join(said, tokio::io::sink())));
    client.greeting().await?;
    client.login("user", "password").await?;
    client.select("INBOX").await?;
    let mut mails = Vec::new();
    for uid in client.uids().await? {
        let Some(size) = client.size(uid).await?.filter(|size| *size <= 1 << 20) else { continue };
        mails.extend(client.body(uid, size).await?);
        client.move_to(uid, "Done").await?;
    }
    Ok(mails)
}

/// Reads the mailbox until told to stop; a server that is away is asked again.
pub(crate) async fn run(mail: Mail, server: Server, mut stop: watch::Receiver<bool>) {
    let mut faults = Faults::default();
    let mut rest = Duration::from_secs(1);
    loop {
        match read(&mail, &server, &mut faults, &mut stop, &mut rest).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, "the mailbox cannot be read; tried again by itself");
                mail.note(|w| &mut w.imap, Err(error.to_string()));
            }
        }
        if pause(rest, &mut stop).await {
            return;
        }
        rest = (rest * 2).min(REST);
    }
}

/// One connection, until told to stop or until it breaks.
async fn read(
    mail: &Mail,
    server: &Server,
    faults: &mut Faults,
    stop: &mut watch::Receiver<bool>,
    rest: &mut Duration,
) -> Result<(), Error> {
    let mut client = connect::sign_in(server).await?;
    for folder in [&server.done, &server.refused] {
        client.create(folder).await?;
    }
    let numbering = client.select(&server.folder).await?;
    if faults.numbering != numbering {
        *faults = Faults { numbering, ..Faults::default() };
    }
    loop {
        look(mail, server, &mut client, faults, stop).await?;
        mail.note(|w| &mut w.imap, faults.says());
        *rest = Duration::from_secs(1);
        let stopped = if *stop.borrow() {
            true
        } else if client.has("IDLE") {
            client.idle(faults.wait().min(IDLE), stop).await?
        } else {
            pause(faults.wait().min(LOOK), stop).await || client.noop().await.map(|()| false)?
        };
        if stopped {
            client.logout().await;
            return Ok(());
        }
    }
}

/// Takes in what is there, and what comes meanwhile, until nothing is left but what has to wait.
async fn look(
    mail: &Mail,
    server: &Server,
    client: &mut Client,
    faults: &mut Faults,
    stop: &watch::Receiver<bool>,
) -> Result<(), Error> {
    let mut seen = HashSet::new();
    loop {
        let mut found = client.uids().await?;
        faults.mails.retain(|uid, _| found.contains(uid));
        found.retain(|uid| faults.are_over(*uid) && seen.insert(*uid));
        if found.is_empty() {
            return Ok(());
        }
        for uid in found {
            if *stop.borrow() {
                return Ok(());
            }
            match take(mail, server, client, uid).await {
                Ok(()) => faults.forget(uid),
                Err(error @ (Error::Away(_) | Error::Settings(_))) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "a mail could not be taken in; it stays in the mailbox");
                    faults.note(uid);
                }
            }
        }
    }
}

/// Takes one mail in and moves it to the folder of what it became.
async fn take(mail: &Mail, server: &Server, client: &mut Client, uid: u32) -> Result<(), Error> {
    let Some(size) = client.size(uid).await? else { return Ok(()) };
    if size > mail.settings().size_max_mib * 1_048_576 {
        tracing::warn!(size, "a mail is larger than allowed and goes to the folder of refused ones");
        return client.move_to(uid, &server.refused).await;
    }
    let Some(raw) = client.body(uid, size).await? else { return Ok(()) };
    let arrival = Arrival::new(raw, "imap");
    let recipient = mail.recipient_of(arrival.message());
    let outcome = mail.take_in(&arrival, &recipient).await?;
    let folder = if matches!(outcome, Outcome::Refused(_)) { &server.refused } else { &server.done };
    client.move_to(uid, folder).await
}

/// Mails of a folder that could not be taken in: how often, and when they are tried again.
#[derive(Debug, Default)]
struct Faults {
    numbering: u64,
    mails: HashMap<u32, (u32, Instant)>,
}

impl Faults {
    fn note(&mut self, uid: u32) {
        let times = self.mails.get(&uid).map_or(0, |(times, _)| *times);
        let wait = (AGAIN * (1 << times.min(8))).min(AGAIN_MOST);
        self.mails.insert(uid, (times + 1, Instant::now() + wait));
    }

    fn forget(&mut self, uid: u32) {
        self.mails.remove(&uid);
    }

    /// Whether a mail is to be tried now.
    fn are_over(&self, uid: u32) -> bool {
        self.mails.get(&uid).is_none_or(|(_, again)| *again <= Instant::now())
    }

    /// How long until the next is tried again.
    fn wait(&self) -> Duration {
        let next = self.mails.values().map(|(_, again)| *again).min();
        next.map_or(AGAIN_MOST, |again| again.saturating_duration_since(Instant::now()))
    }

    /// What administrators read of the mailbox.
    fn says(&self) -> Result<(), String> {
        match self.mails.len() {
            0 => Ok(()),
            left => Err(format!(
                "{left} mails in the mailbox could not be taken in and are tried again; the program's log says why."
            )),
        }
    }
}

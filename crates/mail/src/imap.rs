//! In by IMAP: reads a mailbox, waits for new mails by IDLE, moves what it took in to another folder.
//!
//! Source: RFC 3501, RFC 2177 (IDLE), RFC 6851 (MOVE). Invariant: a mail is moved only when what it became is durable; until
//! then it stays where it is, unread.

mod client;
mod connect;

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;

use crate::desk::Mail;
use crate::error::Error;
use crate::intake::{Arrival, Outcome};
use crate::run::pause;
use crate::settings::Server;
use client::Client;

/// Longest time in IDLE: servers close a silent connection after half an hour.
const IDLE: Duration = Duration::from_secs(25 * 60);
/// Between two looks where the server has no IDLE.
const LOOK: Duration = Duration::from_secs(60);
/// Longest rest after a fault.
const REST: Duration = Duration::from_secs(300);
/// Mails taken in one look.
const AT_ONCE: usize = 200;
/// After so many faults a mail is left aside until the next start, so that it holds up no other.
const FAULTS: u32 = 5;

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

/// Reads the mailbox until told to stop; a server that is away is asked again.
pub(crate) async fn run(mail: Mail, server: Server, mut stop: watch::Receiver<bool>) {
    let mut faults = HashMap::new();
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
    faults: &mut HashMap<u32, u32>,
    stop: &mut watch::Receiver<bool>,
    rest: &mut Duration,
) -> Result<(), Error> {
    let mut client = connect::sign_in(server).await?;
    for folder in [&server.done, &server.refused] {
        client.create(folder).await?;
    }
    client.select(&server.folder).await?;
    loop {
        let left = look(mail, server, &mut client, faults).await?;
        mail.note(|w| &mut w.imap, Ok(()));
        *rest = Duration::from_secs(1);
        if *stop.borrow() {
            client.logout().await;
            return Ok(());
        }
        if left {
            // something could not be taken in: not at once again
            if pause(Duration::from_secs(15), stop).await {
                client.logout().await;
                return Ok(());
            }
            client.noop().await?;
            continue;
        }
        let stopped = if client.has("IDLE") {
            client.idle(IDLE, stop).await?
        } else {
            let stopped = pause(LOOK, stop).await;
            client.noop().await?;
            stopped
        };
        if stopped {
            client.logout().await;
            return Ok(());
        }
    }
}

/// Takes in what is there; gives whether something is left to be tried again.
async fn look(
    mail: &Mail,
    server: &Server,
    client: &mut Client,
    faults: &mut HashMap<u32, u32>,
) -> Result<bool, Error> {
    let most = mail.settings().size_max_mib * 1_048_576;
    let mut left = false;
    let mut found = client.uids().await?;
    found.retain(|uid| faults.get(uid).is_none_or(|n| *n < FAULTS));
    found.truncate(AT_ONCE);
    for uid in found {
        let Some(size) = client.size(uid).await? else { continue };
        if size > most {
            tracing::warn!(size, "a mail is larger than allowed and goes to the folder of refused ones");
            client.move_to(uid, &server.refused).await?;
            continue;
        }
        let Some(raw) = client.body(uid, size).await? else { continue };
        let arrival = Arrival::new(raw, "imap");
        let recipient = mail.recipient_of(arrival.message());
        match mail.take_in(&arrival, &recipient).await {
            Ok(Outcome::Refused(_)) => client.move_to(uid, &server.refused).await?,
            Ok(_) => client.move_to(uid, &server.done).await?,
            Err(error) => {
                tracing::warn!(%error, "a mail could not be taken in; it stays in the mailbox");
                *faults.entry(uid).or_default() += 1;
                left = true;
            }
        }
    }
    Ok(left)
}

//! Everything that mail does by itself, until the program stops: follow the log, send, listen, read the mailbox, clear up.

use std::time::Duration;

use proofdesk_engine::pause;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::desk::Mail;
use crate::error::Error;
use crate::lmtp::Door;

/// Longest rest between two looks at the log and the queue: what other nodes wrote is seen after this.
const REST: Duration = Duration::from_secs(5);
/// Between two times of clearing up.
const DAY: Duration = Duration::from_secs(86_400);

impl Mail {
    /// Opens the door of LMTP, where one is set.
    ///
    /// # Errors
    /// `Settings` when somebody else listens there.
    pub async fn door(&self) -> Result<Option<Door>, Error> {
        match &self.settings().lmtp {
            Some(lmtp) => Door::open(&lmtp.listen).await.map(Some),
            None => Ok(None),
        }
    }

    /// Runs until `stop` turns true.
    pub async fn run(self, door: Option<Door>, stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        tasks.spawn(follow(self.clone(), stop.clone()));
        tasks.spawn(send(self.clone(), stop.clone()));
        tasks.spawn(clear_up(self.clone(), stop.clone()));
        if let Some(door) = door {
            tasks.spawn(door.serve(self.clone(), stop.clone()));
        }
        if let Some(server) = self.settings().imap.clone() {
            tasks.spawn(crate::imap::run(self.clone(), server, stop));
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task of mail ended with a fault");
            }
        }
    }
}

async fn follow(mail: Mail, mut stop: watch::Receiver<bool>) {
    let mut feed = mail.engine().store().subscribe();
    loop {
        match mail.follow().await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::warn!(%error, "the log could not be followed for mail; tried again"),
        }
        tokio::select! {
            changed = feed.recv() => if matches!(changed, Err(RecvError::Closed)) { return },
            () = tokio::time::sleep(REST) => {}
            _ = stop.changed() => return,
        }
    }
}

async fn send(mail: Mail, mut stop: watch::Receiver<bool>) {
    loop {
        match mail.send_due().await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(%error, "mail waits: it could not be sent; tried again by itself");
                if pause(REST, &mut stop).await {
                    return;
                }
            }
        }
        tokio::select! {
            () = mail.woken() => {}
            () = tokio::time::sleep(REST) => {}
            _ = stop.changed() => return,
        }
    }
}

async fn clear_up(mail: Mail, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = mail.sweep().await {
            tracing::warn!(%error, "old mails could not be cleared away; tried again tomorrow");
        }
        if pause(DAY, &mut stop).await {
            return;
        }
    }
}

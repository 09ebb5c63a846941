//! `mail`: tries the servers, shows the queue, sends again what was given up.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use proofdesk_engine::Act;
use proofdesk_mail::keys::{KEEP_DAYS, KEEP_DAYS_MAX};
use proofdesk_model::format::write_instant;

use crate::config::Config;
use crate::open;
use crate::output::{self, Tone, tone};

/// What to do with mail.
#[derive(Debug, clap::Subcommand)]
pub enum MailCommand {
    /// Try whether the servers answer and let us in (exit code 1 when one does not); sends and takes nothing
    #[command(after_help = "Example:\n  proofdesk mail check")]
    Check,
    /// List mails that wait, were given up or came back
    #[command(after_help = "Example:\n  proofdesk mail queue")]
    Queue,
    /// Send a mail again that was given up or came back
    #[command(after_help = "Example:\n  proofdesk mail send-again 0199a2b4-0000-8000-8000-000000000000")]
    SendAgain {
        /// Its id, as `proofdesk mail queue` shows it
        id: String,
    },
    /// Renew the key that signs addresses for replies and links for decisions; those of before work on for a while
    #[command(
        after_help = "Examples:\n  proofdesk mail renew-key\n  proofdesk mail renew-key --keep-days 0    # it leaked: nothing of before is believed"
    )]
    RenewKey {
        /// Days for which addresses and links of before are still believed; links for decisions end after a week anyhow
        #[arg(long, value_name = "DAYS", allow_negative_numbers = true, default_value_t = KEEP_DAYS, value_parser = clap::value_parser!(u16).range(0..=i64::from(KEEP_DAYS_MAX)))]
        keep_days: u16,
    },
}

impl MailCommand {
    /// Does it.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let engine = open::engine(&config, Arc::new(open::SystemTime)).await?;
        let mail = open::mail(&config, &engine).await?;
        let mail = mail.context("mail is not configured; docs/mail.md tells what to write under [mail]")?;
        match self {
            Self::Check => return Ok(check(&mail).await),
            Self::Queue => queue(&mail).await?,
            Self::SendAgain { id } => {
                mail.send_again(&id).await?;
                println!("It waits to be sent.");
            }
            Self::RenewKey { keep_days } => {
                let until = mail.renew_key(&Act::operator(), keep_days, &mut open::random()).await?;
                if keep_days == 0 {
                    println!(
                        "The key is renewed. Addresses and links of before are worth nothing; a desk that runs knows it within seconds."
                    );
                } else {
                    println!(
                        "The key is renewed. Addresses and links of before are believed until {}.",
                        write_instant(until)
                    );
                }
                println!("A desk that runs signs with the new one within seconds.");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn check(mail: &proofdesk_mail::Mail) -> ExitCode {
    let settings = mail.settings();
    let mut wrong = false;
    let mut say = |name: &str, outcome: Result<(), String>| match outcome {
        Ok(()) => println!("{}  {name}", tone("good ", Tone::Good)),
        Err(why) => {
            wrong = true;
            println!("{}  {name}: {why}", tone("WRONG", Tone::Bad));
        }
    };
    if let Some(smtp) = &settings.smtp {
        say("out by SMTP", proofdesk_mail::send::check(smtp).await.map_err(|e| e.to_string()));
    }
    if let Some(imap) = &settings.imap {
        say("in by IMAP", proofdesk_mail::imap::check(imap).await.map_err(|e| e.to_string()));
    }
    if let Some(lmtp) = &settings.lmtp {
        say("in by LMTP", proofdesk_mail::lmtp::check(&lmtp.listen).await.map_err(|e| e.to_string()));
    }
    let texts = mail.declared().texts().count();
    println!("{}  {texts} texts read", tone("good ", Tone::Good));
    if wrong { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

async fn queue(mail: &proofdesk_mail::Mail) -> anyhow::Result<()> {
    let found = mail.queue(&["waiting", "digest", "dead", "bounced"], 1_000).await?;
    if found.is_empty() {
        println!("Nothing waits, and nothing was given up.");
        return Ok(());
    }
    let registry = mail.engine().registry();
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|m| {
            let about = m.about.as_ref().map(|r| registry.write_reference(r)).unwrap_or_default();
            let error = m.error.clone().unwrap_or_default();
            vec![m.id.clone(), m.event.clone(), about, m.state.clone(), m.attempts.to_string(), error]
        })
        .collect();
    output::table(&["id", "event", "about", "state", "tries", "last answer"], &rows);
    Ok(())
}

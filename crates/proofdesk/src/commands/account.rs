//! `account`: the operator's way to accounts. The first administrator is made here; nothing has a default password.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use proofdesk_engine::{Act, Caller, Change, Door, Engine, NewAccount, Target};

use crate::config::Config;
use crate::open;
use crate::output::table;

/// Options of `account`.
#[derive(Debug, clap::Subcommand)]
pub enum AccountCommand {
    /// Make a person with an account; the password is read from standard input
    #[command(
        after_help = "Example:\n  proofdesk account create --sign-in ida --name \"Ida Voss\" --role auditor < password.txt"
    )]
    Create {
        /// What is typed at sign-in
        #[arg(long)]
        sign_in: String,
        /// The person's name
        #[arg(long)]
        name: String,
        /// A role; may be given several times
        #[arg(long, value_name = "ROLE")]
        role: Vec<String>,
        /// All rights: the roles administrator, sms_manager and agent
        #[arg(long)]
        administrator: bool,
    },
    /// List the accounts
    #[command(after_help = "Example:\n  proofdesk account list")]
    List,
    /// Set a password, read from standard input, and end the account's sessions
    #[command(after_help = "Example:\n  proofdesk account password ida")]
    Password {
        /// Sign-in name
        sign_in: String,
    },
    /// Make an API token for an account; it is printed once
    #[command(after_help = "Example:\n  proofdesk account token ida --label monitoring")]
    Token {
        /// Sign-in name
        sign_in: String,
        /// What the token is for
        #[arg(long)]
        label: String,
    },
}

impl AccountCommand {
    /// Makes, lists or changes.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let engine = open::engine(&config, Arc::new(open::SystemTime)).await?;
        match self {
            Self::Create { sign_in, name, mut role, administrator } => {
                if administrator {
                    role.extend(["administrator", "sms_manager", "agent"].map(str::to_owned));
                }
                if role.is_empty() {
                    bail!("give at least one --role, or --administrator");
                }
                let password = read_password()?;
                create(&engine, &sign_in, &name, &role, &password).await?;
                println!("{sign_in} can sign in now.");
            }
            Self::List => {
                let rows: Vec<Vec<String>> = engine
                    .accounts()
                    .await?
                    .into_iter()
                    .map(|a| {
                        vec![
                            a.sign_in,
                            a.name,
                            a.roles.join(" "),
                            if a.active { "yes" } else { "no" }.to_owned(),
                        ]
                    })
                    .collect();
                table(&["SIGN-IN", "NAME", "ROLES", "ACTIVE"], &rows);
            }
            Self::Password { sign_in } => {
                let account = find(&engine, &sign_in).await?;
                engine.set_password(&Act::operator(), &account, &read_password()?).await?;
                println!("The password of {sign_in} is set; its sessions are ended.");
            }
            Self::Token { sign_in, label } => {
                let account = find(&engine, &sign_in).await?;
                let act = Act::operator();
                let made = engine.create_token(&act, account.id, &label, None, &mut open::random()).await?;
                println!("{}", made.1);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes a person record and its account.
pub async fn create(
    engine: &Engine,
    sign_in: &str,
    name: &str,
    roles: &[String],
    password: &str,
) -> anyhow::Result<proofdesk_engine::Account> {
    let operator = Caller::system("Operator");
    let change = Change::default().with_text("name", name);
    let person = engine.apply(&operator, Target::New("person".to_owned()), change, Door::Cli).await?;
    let new = NewAccount {
        person: person.record.number,
        sign_in: sign_in.to_owned(),
        name: name.to_owned(),
        roles: roles.to_vec(),
        password: Some(password.to_owned()),
    };
    Ok(engine.create_account(&Act::operator(), new).await?)
}

async fn find(engine: &Engine, sign_in: &str) -> anyhow::Result<proofdesk_engine::Account> {
    let wanted = sign_in.to_lowercase();
    let found = engine.accounts().await?.into_iter().find(|a| a.sign_in == wanted);
    found.with_context(|| format!("there is no account `{sign_in}`; `proofdesk account list` shows all"))
}

fn read_password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        eprint!("Password (it is shown while you type; at least 10 characters): ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        bail!("no password came on standard input");
    }
    Ok(password)
}

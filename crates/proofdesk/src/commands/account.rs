//! `account`: the operator's way to accounts. The first administrator is made here, or by the link that `serve` says;
//! nothing has a default password.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use proofdesk_condition::quoted;
use proofdesk_engine::{
    Account, Act, Caller, Change, Door, Engine, Link, ListRequest, NewAccount, NewToken, Target,
};

use crate::config::Config;
use crate::open;
use crate::output::table;

/// Rights of who is made with `--administrator`.
const ALL_RIGHTS: [&str; 3] = ["administrator", "sms_manager", "agent"];

/// Options of `account`.
#[derive(Debug, clap::Subcommand)]
pub enum AccountCommand {
    /// Make an account, and its person where nobody of that name is there without one; the password is read from
    /// standard input
    #[command(
        visible_alias = "add",
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
        #[arg(long, visible_alias = "admin")]
        administrator: bool,
        /// Make a link by which the person sets the password, instead of reading one
        #[arg(long, conflicts_with = "program")]
        invite: bool,
        /// The account of a program: nobody signs in to it, tokens speak for it
        #[arg(long)]
        program: bool,
    },
    /// List the accounts
    #[command(after_help = "Example:\n  proofdesk account list")]
    List,
    /// Set a password, read from standard input, and end the account's sessions and API tokens
    #[command(after_help = "Example:\n  proofdesk account password ida")]
    Password {
        /// Sign-in name
        sign_in: String,
        /// Let the account's API tokens live: nobody else knew the old password
        #[arg(long)]
        keep_tokens: bool,
    },
    /// Make a one-time link by which somebody sets the password; it is printed once
    #[command(after_help = "Example:\n  proofdesk account link ida")]
    Link {
        /// Sign-in name
        sign_in: String,
    },
    /// Give an account other roles
    #[command(
        after_help = "A role ends by itself where its last day is said (`agent:2027-12-31`; `agent:never` takes it away again); an auditor's always does, after 400 days (certification auditors: 120).\n\nExample:\n  proofdesk account roles ida --role auditor:2027-12-31 --role requester"
    )]
    Roles {
        /// Sign-in name
        sign_in: String,
        /// A role that the account has from now on; may be given several times
        #[arg(long, value_name = "ROLE", required = true)]
        role: Vec<String>,
    },
    /// Let nobody sign in to an account any more, and end its sessions; its tokens rest
    #[command(after_help = "Example:\n  proofdesk account disable ida")]
    Disable {
        /// Sign-in name
        sign_in: String,
    },
    /// Let an account sign in again
    #[command(after_help = "Example:\n  proofdesk account enable ida")]
    Enable {
        /// Sign-in name
        sign_in: String,
    },
    /// End all sessions of an account
    #[command(after_help = "Example:\n  proofdesk account end-sessions ida")]
    EndSessions {
        /// Sign-in name
        sign_in: String,
    },
    /// Take an account's second factor away, whose owner lost it, or say which roles need one
    #[command(
        after_help = "Examples:\n  proofdesk account second-factor ida --reason \"phone lost, seen in person\"\n  proofdesk account second-factor --require administrator --require auditor"
    )]
    SecondFactor {
        /// Sign-in name
        #[arg(required_unless_present = "require", conflicts_with = "require")]
        sign_in: Option<String>,
        /// Why it is taken away; the log tells it
        #[arg(long, required_unless_present = "require", value_name = "WHY")]
        reason: Option<String>,
        /// A role whose holders need a second factor; all others do not. May be given several times; `none` for no role
        #[arg(long, value_name = "ROLE")]
        require: Vec<String>,
    },
    /// Make an API token for an account; it is printed once
    #[command(
        after_help = "Example:\n  proofdesk account token ida --label monitoring --scope incident:create --scope '*:read' --days 90"
    )]
    Token {
        /// Sign-in name
        sign_in: String,
        /// What the token is for
        #[arg(long)]
        label: String,
        /// What it reaches, as TYPE:ACTION; may be given several times. Without one, all that the account may
        #[arg(long, value_name = "TYPE:ACTION")]
        scope: Vec<String>,
        /// Days until it ends; without it, not by itself
        #[arg(long)]
        days: Option<u16>,
    },
}

impl AccountCommand {
    /// Makes, lists or changes.
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let time = Arc::new(open::SystemTime);
        let engine = match self {
            Self::Create { .. } => open::engine_or_new(&config, time).await?,
            _ => open::engine(&config, time).await?,
        };
        let act = Act::operator();
        match self {
            Self::Create { sign_in, name, role, administrator, invite, program } => {
                let kind = Kind { administrator, invite, program };
                make(&engine, &config, &sign_in, &name, role, kind).await?;
            }
            Self::List => list(&engine).await?,
            Self::Password { sign_in, keep_tokens } => {
                let account = find(&engine, &sign_in).await?;
                engine.set_password(&act, &account, &read_password()?, keep_tokens).await?;
                let ended = if keep_tokens { "its sessions" } else { "its sessions and API tokens" };
                println!("The password of {sign_in} is set; {ended} are ended.");
            }
            Self::Link { sign_in } => {
                let account = find(&engine, &sign_in).await?;
                print_link(&engine, &config, &account).await?;
            }
            Self::Roles { sign_in, role } => {
                let account = find(&engine, &sign_in).await?;
                let now = engine.set_roles(&act, account.id, &role).await?;
                println!("{sign_in} has the roles {}.", now.written_roles().replace(' ', ", "));
            }
            Self::Disable { sign_in } => {
                let account = find(&engine, &sign_in).await?;
                engine.set_active(&act, account.id, false).await?;
                println!("Nobody signs in to {sign_in} any more.");
            }
            Self::Enable { sign_in } => {
                let account = find(&engine, &sign_in).await?;
                engine.set_active(&act, account.id, true).await?;
                println!("{sign_in} can sign in again.");
            }
            Self::EndSessions { sign_in } => {
                let account = find(&engine, &sign_in).await?;
                engine.end_sessions(&act, account.id, None).await?;
                println!("The sessions of {sign_in} are ended.");
            }
            Self::SecondFactor { sign_in: Some(sign_in), reason, .. } => {
                let account = find(&engine, &sign_in).await?;
                engine.reset_factor(&act, account.id, &reason.unwrap_or_default()).await?;
                println!("{sign_in} has no second factor any more; its sessions are ended.");
            }
            Self::SecondFactor { sign_in: None, require, .. } => {
                let roles: Vec<String> = require.into_iter().filter(|r| r != "none").collect();
                engine.set_second_factor_roles(&act, &roles).await?;
                println!("{}", needed_by(&roles));
            }
            Self::Token { sign_in, label, scope, days } => {
                let account = find(&engine, &sign_in).await?;
                let expires_at = days.map(|days| engine.now() + i64::from(days) * 86_400_000_000);
                let new = NewToken { label, expires_at, scope: scope.join(" ") };
                let (_, secret) = engine.create_token(&act, account.id, &new, &mut open::random()).await?;
                println!("{secret}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Whose holders need a second factor now.
fn needed_by(roles: &[String]) -> String {
    if roles.is_empty() {
        return "A second factor is needed by nobody.".to_owned();
    }
    format!("A second factor is needed by: {}.", roles.join(", "))
}

/// What kind of account is made.
struct Kind {
    administrator: bool,
    invite: bool,
    program: bool,
}

async fn make(
    engine: &Engine,
    config: &Config,
    sign_in: &str,
    name: &str,
    mut roles: Vec<String>,
    kind: Kind,
) -> anyhow::Result<()> {
    if kind.administrator {
        roles.extend(ALL_RIGHTS.map(str::to_owned));
    }
    if roles.is_empty() {
        bail!("give at least one --role, or --administrator");
    }
    let password = if kind.invite || kind.program { None } else { Some(read_password()?) };
    let new = NewAccount {
        person: 0,
        sign_in: sign_in.to_owned(),
        name: name.to_owned(),
        roles,
        password,
        program: kind.program,
    };
    let account = create(engine, new).await?;
    if kind.invite {
        return print_link(engine, config, &account).await;
    }
    if kind.program {
        println!("{sign_in} is there. Make it a token: proofdesk account token {sign_in} --label NAME");
    } else {
        println!("{sign_in} can sign in now.");
    }
    Ok(())
}

async fn print_link(engine: &Engine, config: &Config, account: &Account) -> anyhow::Result<()> {
    let letter = match open::mail(config, engine).await? {
        Some(mail) => mail.link_letter(account).await?,
        None => None,
    };
    if letter.is_some() {
        eprintln!("The link goes to its owner by mail as well, as soon as the desk runs.");
    }
    let rows = |link: &Link, secret: &str| letter.and_then(|l| l.row(link, secret)).into_iter().collect();
    let random = &mut open::random();
    let (_, secret) = engine.make_link_with(&Act::operator(), account.id, random, rows).await?;
    let base = config.public_url.clone().unwrap_or_else(|| {
        eprintln!("public_url is not set: the link begins with the address that the program listens on.");
        format!("http://{}", config.listen)
    });
    println!("{base}/link/{secret}");
    Ok(())
}

/// Makes an account: for the one person of this name who is there without one, else with a new person.
async fn create(engine: &Engine, new: NewAccount) -> anyhow::Result<Account> {
    engine.check_new_account(&new).await?;
    let operator = Caller::system("Operator");
    let person = match without_account(engine, &operator, &new.name).await?.filter(|_| !new.program) {
        Some(number) => number,
        None => {
            let change = Change::default().with_text("name", &new.name);
            engine.apply(&operator, Target::New("person".to_owned()), change, Door::Cli).await?.record.number
        }
    };
    let new = NewAccount { person, ..new };
    Ok(engine.create_account(&Act::operator(), new).await?)
}

async fn list(engine: &Engine) -> anyhow::Result<()> {
    let row = |a: Account| {
        let state = match (a.active, a.program) {
            (false, _) => "disabled",
            (true, true) => "program",
            (true, false) => "active",
        };
        let factor = if a.second_factor { "yes" } else { "no" };
        let roles = a.written_roles();
        vec![a.sign_in, a.name, roles, state.to_owned(), factor.to_owned()]
    };
    let rows: Vec<Vec<String>> = engine.accounts().await?.into_iter().map(row).collect();
    table(&["SIGN-IN", "NAME", "ROLES", "STATE", "SECOND FACTOR"], &rows);
    Ok(())
}

/// The one active person of a name who has no account; none where there are several.
async fn without_account(engine: &Engine, operator: &Caller, name: &str) -> anyhow::Result<Option<i64>> {
    let asked = format!("state == 'active' && name == {}", quoted(name));
    let filter = engine.condition(&asked, "person")?;
    let request = ListRequest {
        record_type: "person".to_owned(),
        filter: Some(filter),
        sort: String::new(),
        descending: false,
        after: None,
        limit: 2,
    };
    let people = engine.list(operator, &request).await?.records;
    let accounts = engine.accounts().await?;
    let mut free = people.iter().map(|p| p.number).filter(|n| accounts.iter().all(|a| a.person != *n));
    Ok(match (free.next(), free.next(), people.len()) {
        (Some(one), None, 1) => Some(one),
        _ => None,
    })
}

async fn find(engine: &Engine, sign_in: &str) -> anyhow::Result<Account> {
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

#[cfg(test)]
mod tests {
    #[test]
    fn a_second_factor_that_nobody_needs_is_said_so() {
        assert_eq!(super::needed_by(&[]), "A second factor is needed by nobody.");
        let roles = ["auditor".to_owned(), "agent".to_owned()];
        assert_eq!(super::needed_by(&roles), "A second factor is needed by: auditor, agent.");
    }
}

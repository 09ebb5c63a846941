//! The example company: Retail IT, which runs the services of a chain of stores and has done so for a year.
//!
//! Made through the engine like everything else, step by step in the order of time, with a time of its own; never
//! by SQL. Seeded: the same seed, size and end give the same company. Its flaws are honest: they are written as
//! people would leave them, and conformity finds them.

mod agreements;
mod book;
mod chance;
mod changes;
mod company;
mod frameworks;
mod incidents;
mod judgements;
mod play;
mod problems;
mod requests;
mod story;
mod words;

use anyhow::Context as _;
use proofdesk_conformity::Conformity;
use proofdesk_engine::{Account, Act, Caller, Door, Engine, FixedTime, ListRequest, NewAccount};

use chance::Chance;
pub use story::Slots;
use story::Stories;

/// How large the company is and when it ends.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Seed of everything that is left to chance.
    pub seed: u64,
    /// Days of history before the end.
    pub days: i64,
    /// Incidents in that time; everything else follows from it.
    pub incidents: usize,
    /// The present of the company, microseconds UTC.
    pub end: i64,
}

/// An account that was made.
#[derive(Debug, Clone)]
pub struct Login {
    /// What is typed.
    pub sign_in: String,
    /// What the person does.
    pub role: String,
    /// The account.
    pub account: Account,
}

/// Fills an empty database; conformity is run every week of the company's time. `progress` hears of (done, of) steps. All accounts get the same password.
///
/// # Errors
/// The first step that the engine refuses, with what it was about.
pub async fn fill(
    conformity: &Conformity,
    time: &FixedTime,
    size: Size,
    password: &str,
    mut progress: impl FnMut(usize, usize),
) -> anyhow::Result<Vec<Login>> {
    let engine = conformity.engine();
    let mut chance = Chance::new(size.seed);
    let start = size.end - size.days * story::DAY;
    let mut stories = Stories::default();
    let company = company::plan(&mut stories, start, size.end);
    let changes = changes::plan(&mut stories, &mut chance, &company, start, size);
    let incidents = incidents::plan(&mut stories, &mut chance, &company, &changes, start, size);
    requests::plan(&mut stories, &mut chance, &company, start, size);
    problems::plan(&mut stories, &mut chance, &company, &incidents, &changes, size);
    play::plan(&mut stories, &mut Chance::new(size.seed), &company, engine.registry(), size.end)?;
    let slots = stories.run(conformity, time, start, size.end, &mut progress).await?;
    time.set(size.end);
    let mut logins = Vec::new();
    for person in company::LOGINS {
        let number = slots.number(company.people[person.at])?;
        let roles: Vec<String> = person.roles.iter().map(|r| (*r).to_owned()).collect();
        let name = company::PEOPLE[person.at].0;
        let new = NewAccount {
            person: number,
            sign_in: person.sign_in.to_owned(),
            name: name.to_owned(),
            roles,
            password: Some(password.to_owned()),
            program: false,
        };
        let act = Act::new(&Caller::system("Setup"), Door::Demo);
        let account = engine.create_account(&act, new).await?;
        logins.push(Login { sign_in: person.sign_in.to_owned(), role: person.does.to_owned(), account });
    }
    for (sign_in, name, does) in company::CUSTOMER_LOGINS {
        let (number, password) = (person_called(engine, name).await?, Some(password.to_owned()));
        let roles = vec!["requester".to_owned()];
        let (sign_in, name) = (sign_in.to_owned(), name.to_owned());
        let new = NewAccount { person: number, sign_in, name, roles, password, program: false };
        let act = Act::new(&Caller::system("Setup"), Door::Demo);
        let account = engine.create_account(&act, new).await?;
        logins.push(Login { sign_in: account.sign_in.clone(), role: does.to_owned(), account });
    }
    frameworks::adopt(conformity, time, &logins, size.end).await?;
    judgements::record(conformity, time, &logins, size.end).await?;
    Ok(logins)
}

/// The number of the person of this name.
async fn person_called(engine: &Engine, name: &str) -> anyhow::Result<i64> {
    let filter = engine.condition(&format!("name == {name:?}"), "person")?;
    let request = ListRequest {
        record_type: "person".to_owned(),
        filter: Some(filter),
        sort: String::new(),
        descending: false,
        after: None,
        limit: 1,
    };
    let found = engine.list(&Caller::system("Setup"), &request).await?.records;
    Ok(found.first().with_context(|| format!("nobody is called {name}"))?.number)
}

//! Groups: roles, which are always there, and teams, which a directory may make, rename and retire.
//!
//! A person is in one team at most: who is put into another leaves the first.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use proofdesk_condition::Value;
use proofdesk_engine::account::provision::Provisioned;
use proofdesk_engine::{Change, Door, Error, ListRequest, Record, Reference, Target, Together};
use proofdesk_model::access::ROLES;
use serde_json::{Map, Value as Json, json};

use super::schemas::GROUP;
use super::users::{self, User};
use super::{Directory, Refusal};

/// Teams read at a time.
const PAGE: usize = 500;

/// The id of a role as a group.
pub(super) fn id_of_role(role: &str) -> String {
    format!("role-{role}")
}

/// The id of a team as a group.
pub(super) fn id_of_team(team: i64) -> String {
    format!("team-{team}")
}

/// What an id names.
enum Group {
    Role(&'static str),
    Team(Box<Record>),
}

async fn find(directory: &Directory, id: &str) -> Result<Group, Refusal> {
    if let Some(role) = id.strip_prefix("role-") {
        return ROLES.into_iter().find(|known| *known == role).map(Group::Role).ok_or_else(Refusal::gone);
    }
    let number: i64 = id.strip_prefix("team-").and_then(|n| n.parse().ok()).ok_or_else(Refusal::gone)?;
    let found = directory.engine().load(&directory.caller, &Reference::new("team", number)).await?;
    let team = found.filter(|team| team.state == "active" && id_of_team(number) == id);
    team.map(|team| Group::Team(Box::new(team))).ok_or_else(Refusal::gone)
}

fn name_of(team: &Record) -> String {
    match team.value("name") {
        Some(Value::Text(name)) => name.clone(),
        _ => String::new(),
    }
}

/// The name of a team that is not retired.
pub(super) async fn team_name(directory: &Directory, team: i64) -> Result<Option<String>, Refusal> {
    match find(directory, &id_of_team(team)).await {
        Ok(Group::Team(team)) => Ok(Some(name_of(&team))),
        Ok(Group::Role(_)) => Ok(None),
        Err(refusal) if refusal.status == StatusCode::NOT_FOUND => Ok(None),
        Err(other) => Err(other),
    }
}

async fn people(directory: &Directory) -> Result<Vec<User>, Error> {
    let mut all = Vec::new();
    for account in users::accounts(directory).await? {
        all.push(users::of_account(directory, account).await?);
    }
    Ok(all)
}

fn is_in(group: &Group, user: &User, today: i32) -> bool {
    match group {
        Group::Role(role) => user.account.clone().on(today).roles.iter().any(|held| held == role),
        Group::Team(team) => user.team == Some(team.number),
    }
}

fn written(directory: &Directory, group: &Group, people: &[User], said: Option<&Provisioned>) -> Json {
    let (id, name) = match group {
        Group::Role(role) => (id_of_role(role), (*role).to_owned()),
        Group::Team(team) => (id_of_team(team.number), name_of(team)),
    };
    let today = proofdesk_model::format::day_of(directory.engine().now());
    let member = |user: &User| {
        let id = user.account.id.to_string();
        json!({"value": id, "$ref": directory.at("Users", &id)})
    };
    let members: Vec<Json> = people.iter().filter(|user| is_in(group, user, today)).map(member).collect();
    let mut found = json!({
        "schemas": [GROUP], "id": id, "displayName": name,
        "meta": {"resourceType": "Group", "location": directory.at("Groups", &id)},
    });
    if let Some(external) = said.and_then(|said| said.external_id.as_ref()) {
        found["externalId"] = json!(external);
    }
    if !members.is_empty() {
        found["members"] = json!(members);
    }
    found
}

/// All groups: roles first.
pub(super) async fn all(directory: &Directory) -> Result<Vec<Json>, Refusal> {
    let engine = directory.engine();
    let people = people(directory).await?;
    let said = engine.provisioned("group").await?;
    let mut found: Vec<Group> = ROLES.into_iter().map(Group::Role).collect();
    let mut request = ListRequest {
        record_type: "team".to_owned(),
        filter: Some(engine.condition("state == 'active'", "team")?),
        sort: String::new(),
        descending: false,
        after: None,
        limit: PAGE,
    };
    loop {
        let page = engine.list(&directory.caller, &request).await?;
        found.extend(page.records.into_iter().map(|team| Group::Team(Box::new(team))));
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    let id = |group: &Group| match group {
        Group::Role(role) => id_of_role(role),
        Group::Team(team) => id_of_team(team.number),
    };
    Ok(found.iter().map(|group| written(directory, group, &people, said.get(&id(group)))).collect())
}

/// One group.
pub(super) async fn require(directory: &Directory, id: &str) -> Result<Json, Refusal> {
    let group = find(directory, id).await?;
    let said = directory.engine().provisioned("group").await?;
    Ok(written(directory, &group, &people(directory).await?, said.get(id)))
}

/// The accounts that are wanted as members.
fn members(wanted: &Map<String, Json>) -> Result<BTreeSet<i64>, Refusal> {
    let all = match users::value(wanted, "members") {
        None => return Ok(BTreeSet::new()),
        Some(Json::Array(all)) => all,
        Some(_) => return Err(Refusal::value("`members` is a list.")),
    };
    let id = |one: &Json| one.get("value").and_then(Json::as_str).and_then(|id| id.parse().ok());
    all.iter().map(|one| id(one).ok_or_else(|| Refusal::value("A member has the id of a user."))).collect()
}

fn name(wanted: &Map<String, Json>) -> Result<String, Refusal> {
    users::text(wanted, "displayName")?.ok_or_else(|| Refusal::value("`displayName` is needed."))
}

/// Makes a team with its members.
pub(super) async fn make(directory: &Directory, wanted: &Map<String, Json>) -> Result<Json, Refusal> {
    let wants = Wanted::read(wanted)?;
    if ROLES.contains(&wants.name.as_str()) {
        let detail = format!("The role {} is there already, as {}.", wants.name, id_of_role(&wants.name));
        return Err(Refusal::new(StatusCode::CONFLICT, "uniqueness", detail));
    }
    let people = people(directory).await?;
    wants.check(&people)?;
    let team = users::again!(made(directory, &wants, &people))?;
    require(directory, &id_of_team(team)).await
}

async fn made(directory: &Directory, wants: &Wanted, people: &[User]) -> Result<i64, Error> {
    let mut together = directory.engine().together(&directory.act());
    let change = Change::default().with_text("name", &wants.name);
    let team = together.change(Target::New("team".to_owned()), change).await?.number;
    for user in people {
        if wants.members.contains(&user.account.id) {
            into_team(&mut together, user, Some(team)).await?;
        }
    }
    together.keep_provisioned("group", &id_of_team(team), &wants.said()).await?;
    together.commit().await.map(|()| team)
}

/// What a directory wants a group to be.
struct Wanted {
    name: String,
    members: BTreeSet<i64>,
    external_id: Option<String>,
}

impl Wanted {
    fn read(wanted: &Map<String, Json>) -> Result<Self, Refusal> {
        let (name, members) = (name(wanted)?, members(wanted)?);
        Ok(Self { name, members, external_id: users::text(wanted, "externalId")? })
    }

    fn said(&self) -> Provisioned {
        Provisioned { external_id: self.external_id.clone(), removed: false }
    }

    /// Refuses members that are none of the users.
    fn check(&self, people: &[User]) -> Result<(), Refusal> {
        let known = |id: &&i64| people.iter().any(|user| user.account.id == **id);
        match self.members.iter().find(|id| !known(id)) {
            Some(unknown) => Err(Refusal::value(format!("There is no user {unknown}."))),
            None => Ok(()),
        }
    }
}

/// Makes a group into what is wanted: name and all members in one transaction.
pub(super) async fn keep(
    directory: &Directory,
    id: &str,
    _found: &Json,
    wanted: &Map<String, Json>,
) -> Result<Json, Refusal> {
    let wants = Wanted::read(wanted)?;
    if let Group::Role(role) = find(directory, id).await?
        && wants.name != role
    {
        let detail = "A role keeps its name; make a team for another group.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "mutability", detail));
    }
    wants.check(&people(directory).await?)?;
    users::again!(kept(directory, id, &wants))?;
    require(directory, id).await
}

async fn kept(directory: &Directory, id: &str, wants: &Wanted) -> Result<(), Error> {
    let Ok(group) = find(directory, id).await else { return Err(Error::NotFound("group".to_owned())) };
    let people = people(directory).await?;
    let mut together = directory.engine().together(&directory.act());
    if let Group::Team(team) = &group
        && wants.name != name_of(team)
    {
        let target = Target::Existing(Reference::new("team", team.number), None);
        together.change(target, Change::default().with_text("name", &wants.name)).await?;
    }
    let today = proofdesk_model::format::day_of(directory.engine().now());
    // who comes before who goes, so that an administrator may follow another
    for shall in [true, false] {
        for user in &people {
            let is = is_in(&group, user, today);
            if is != shall && wants.members.contains(&user.account.id) == shall {
                place(&mut together, &group, user, shall).await?;
            }
        }
    }
    together.keep_provisioned("group", id, &wants.said()).await?;
    together.commit().await
}

/// Puts somebody into a group, or takes him out of it.
async fn place(together: &mut Together<'_>, group: &Group, user: &User, shall: bool) -> Result<(), Error> {
    match group {
        Group::Role(role) => {
            let mut roles: Vec<String> =
                user.account.roles.iter().filter(|held| held != role).cloned().collect();
            if shall {
                roles.push((*role).to_owned());
            }
            together.follow_roles(user.account.id, &roles).await
        }
        Group::Team(team) => into_team(together, user, shall.then_some(team.number)).await,
    }
}

async fn into_team(together: &mut Together<'_>, user: &User, team: Option<i64>) -> Result<(), Error> {
    let target = Target::Existing(Reference::new("person", user.account.person), None);
    let change = Change::default().with("team", team.map_or(Value::Null, Value::Link));
    together.change(target, change).await.map(|_| ())
}

/// Retires a team; a role stays.
pub(super) async fn remove(directory: &Directory, id: &str) -> Result<(), Refusal> {
    match find(directory, id).await? {
        Group::Role(_) => {
            let detail = "A role is not removed; take its members out.";
            Err(Refusal::new(StatusCode::BAD_REQUEST, "mutability", detail))
        }
        Group::Team(team) => {
            let target = Target::Existing(Reference::new("team", team.number), None);
            let change = Change { transition: Some("retire".to_owned()), ..Change::default() };
            directory.engine().apply(&directory.caller, target, change, Door::Api).await?;
            Ok(())
        }
    }
}

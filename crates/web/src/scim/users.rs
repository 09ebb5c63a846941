//! Users: accounts of people, with their persons. Accounts of programs are no users.

use proofdesk_condition::Value;
use proofdesk_engine::account::provision::Provisioned;
use proofdesk_engine::{Account, Change, Door, NewAccount, Reference, Target};
use serde_json::{Map, Value as Json, json};

use super::schemas::USER;
use super::shape::{self, Asked};
use super::{Directory, Refusal, groups};
use crate::pages::sso::person_of;

/// An account with what its person says.
pub(super) struct User {
    pub account: Account,
    pub mail: Option<String>,
    pub team: Option<i64>,
}

/// The person behind an account.
pub(super) async fn of_account(directory: &Directory, account: Account) -> Result<User, Refusal> {
    let reference = Reference::new("person", account.person);
    let record = directory.engine().load(&directory.caller, &reference).await?;
    let value = |name: &str| record.as_ref().and_then(|record| record.value(name).cloned());
    let mail = match value("mail") {
        Some(Value::Text(mail)) => Some(mail),
        _ => None,
    };
    let team = match value("team") {
        Some(Value::Link(team)) => Some(team),
        _ => None,
    };
    Ok(User { account, mail, team })
}

/// The accounts that a directory sees.
pub(super) async fn accounts(directory: &Directory) -> Result<Vec<Account>, Refusal> {
    let said = directory.engine().provisioned("user").await?;
    let removed = |account: &Account| said.get(&account.id.to_string()).is_some_and(|one| one.removed);
    let all = directory.engine().accounts().await?;
    Ok(all.into_iter().filter(|account| !account.program && !removed(account)).collect())
}

async fn written(directory: &Directory, user: &User, said: Option<&Provisioned>) -> Result<Json, Refusal> {
    let account = &user.account;
    let id = account.id.to_string();
    let mut group_list: Vec<Json> = Vec::new();
    let now = proofdesk_model::format::day_of(directory.engine().now());
    for role in account.clone().on(now).roles {
        let at = directory.at("Groups", &groups::id_of_role(&role));
        group_list.push(json!({"value": groups::id_of_role(&role), "$ref": at, "display": role}));
    }
    if let Some(team) = user.team
        && let Some(name) = groups::team_name(directory, team).await?
    {
        let at = directory.at("Groups", &groups::id_of_team(team));
        group_list.push(json!({"value": groups::id_of_team(team), "$ref": at, "display": name}));
    }
    let mut found = json!({
        "schemas": [USER], "id": id, "userName": account.sign_in, "displayName": account.name,
        "active": account.active,
        "meta": {"resourceType": "User", "location": directory.at("Users", &id)},
    });
    if let Some(external) = said.and_then(|said| said.external_id.as_ref()) {
        found["externalId"] = json!(external);
    }
    if let Some(mail) = &user.mail {
        found["emails"] = json!([{"value": mail}]);
    }
    if !group_list.is_empty() {
        found["groups"] = json!(group_list);
    }
    Ok(found)
}

/// All users.
pub(super) async fn all(directory: &Directory) -> Result<Vec<Json>, Refusal> {
    let said = directory.engine().provisioned("user").await?;
    let mut found = Vec::new();
    for account in accounts(directory).await? {
        let key = account.id.to_string();
        let user = of_account(directory, account).await?;
        found.push(written(directory, &user, said.get(&key)).await?);
    }
    Ok(found)
}

/// A page of users. Without a condition only those of the page are read.
pub(super) async fn list(directory: &Directory, asked: &Asked) -> Result<Json, Refusal> {
    if asked.condition()?.is_some() {
        return shape::page(all(directory).await?, asked);
    }
    let said = directory.engine().provisioned("user").await?;
    let accounts = accounts(directory).await?;
    let (start, count) = asked.window();
    let total = accounts.len();
    let mut page = Vec::new();
    for account in accounts.into_iter().skip(start).take(count) {
        let key = account.id.to_string();
        let user = of_account(directory, account).await?;
        page.push(shape::shown(written(directory, &user, said.get(&key)).await?, asked).body);
    }
    Ok(shape::list(&page, total, start + 1))
}

async fn account(directory: &Directory, id: &str) -> Result<Account, Refusal> {
    let number: i64 = id.parse().map_err(|_| Refusal::gone())?;
    let account = directory.engine().account(number).await?;
    let said = directory.engine().provisioned("user").await?;
    if account.program || account.id.to_string() != id || said.get(id).is_some_and(|one| one.removed) {
        return Err(Refusal::gone());
    }
    Ok(account)
}

/// One user.
pub(super) async fn require(directory: &Directory, id: &str) -> Result<Json, Refusal> {
    let user = of_account(directory, account(directory, id).await?).await?;
    let said = directory.engine().provisioned("user").await?;
    written(directory, &user, said.get(id)).await
}

/// What a directory wants a user to be.
struct Wanted {
    sign_in: String,
    name: String,
    active: bool,
    mail: Option<String>,
    external_id: Option<String>,
}

/// The value of an attribute, its name in any case.
pub(super) fn value<'m>(wanted: &'m Map<String, Json>, name: &str) -> Option<&'m Json> {
    let found = wanted.iter().find(|(key, _)| shape::plain(key).eq_ignore_ascii_case(name));
    found.map(|(_, value)| value).filter(|value| !value.is_null())
}

/// The text of an attribute.
pub(super) fn text(wanted: &Map<String, Json>, name: &str) -> Result<Option<String>, Refusal> {
    match value(wanted, name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(Refusal::value(format!("`{name}` is a text."))),
    }
}

impl Wanted {
    fn read(wanted: &Map<String, Json>, found: Option<&Json>) -> Result<Self, Refusal> {
        let sign_in = text(wanted, "userName")?.ok_or_else(|| Refusal::value("`userName` is needed."))?;
        let before = found.and_then(|found| found["displayName"].as_str()).unwrap_or_default();
        let said = text(wanted, "displayName")?;
        // who changes only the parts of a name means the name
        let name = match (said, full_name(value(wanted, "name"))) {
            (Some(said), Some(full)) if said == before => full,
            (Some(said), _) => said,
            (None, Some(full)) => full,
            (None, None) if before.is_empty() => sign_in.clone(),
            (None, None) => before.to_owned(),
        };
        let active = match value(wanted, "active") {
            None => true,
            Some(Json::Bool(active)) => *active,
            Some(Json::String(word)) if word.eq_ignore_ascii_case("true") => true,
            Some(Json::String(word)) if word.eq_ignore_ascii_case("false") => false,
            Some(_) => return Err(Refusal::value("`active` is true or false.")),
        };
        let mails = value(wanted, "emails").and_then(Json::as_array).cloned().unwrap_or_default();
        let primary = mails.iter().find(|one| one["primary"] == json!(true));
        let mail = primary.or(mails.last()).and_then(|one| one["value"].as_str());
        let mail = mail.map(|mail| mail.trim().to_owned()).filter(|mail| !mail.is_empty());
        Ok(Self { sign_in, name, active, mail, external_id: text(wanted, "externalId")? })
    }
}

/// The name of its parts.
fn full_name(name: Option<&Json>) -> Option<String> {
    let part = |key: &str| name?.get(key)?.as_str().map(str::trim).filter(|part| !part.is_empty());
    if let Some(formatted) = part("formatted") {
        return Some(formatted.to_owned());
    }
    let parts: Vec<&str> = [part("givenName"), part("familyName")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Makes a user; one that the directory had removed is opened again.
pub(super) async fn make(directory: &Directory, wanted: &Map<String, Json>) -> Result<Json, Refusal> {
    let wants = Wanted::read(wanted, None)?;
    let engine = directory.engine();
    let said = engine.provisioned("user").await?;
    let known = engine.account_named(&wants.sign_in).await?;
    let removed = known.filter(|a| !a.program && said.get(&a.id.to_string()).is_some_and(|one| one.removed));
    let account = match removed {
        Some(account) => account,
        None => {
            let mut new = NewAccount {
                person: 0,
                sign_in: wants.sign_in.clone(),
                name: wants.name.clone(),
                roles: Vec::new(),
                password: None,
                program: false,
            };
            engine.check_new_account(&new).await?;
            let by = (&directory.caller, Door::Api);
            new.person = person_of(engine, by, &wants.name, wants.mail.as_deref()).await?;
            engine.create_account(&directory.act(), new).await?
        }
    };
    store(directory, account, &wants).await
}

/// Makes a user into what is wanted.
pub(super) async fn keep(
    directory: &Directory,
    id: &str,
    found: &Json,
    wanted: &Map<String, Json>,
) -> Result<Json, Refusal> {
    let wants = Wanted::read(wanted, Some(found))?;
    store(directory, account(directory, id).await?, &wants).await
}

async fn store(directory: &Directory, account: Account, wants: &Wanted) -> Result<Json, Refusal> {
    let (engine, act) = (directory.engine(), directory.act());
    let user = of_account(directory, account).await?;
    let id = user.account.id;
    let account = engine.rename_account(&act, id, &wants.sign_in, &wants.name).await?;
    let mut change = Change::default();
    if user.account.name != wants.name {
        change = change.with_text("name", &wants.name);
    }
    if user.mail != wants.mail {
        change = change.with("mail", wants.mail.clone().map_or(Value::Null, Value::Text));
    }
    if !change.set.is_empty() {
        let target = Target::Existing(Reference::new("person", account.person), None);
        engine.apply(&directory.caller, target, change, Door::Api).await?;
    }
    match (account.active, wants.active) {
        (false, true) => _ = engine.set_active(&act, id, true).await?,
        (_, false) => _ = engine.close_account(&act, id).await?,
        (true, true) => {}
    }
    let said = Provisioned { external_id: wants.external_id.clone(), removed: false };
    engine.keep_provisioned(&act, "user", &id.to_string(), &said).await?;
    require(directory, &id.to_string()).await
}

/// Closes an account for good: it holds no roles, and the directory sees it no more.
pub(super) async fn remove(directory: &Directory, id: &str) -> Result<(), Refusal> {
    let account = account(directory, id).await?;
    let (engine, act) = (directory.engine(), directory.act());
    engine.close_account(&act, account.id).await?;
    engine.follow_roles(&act, account.id, &[]).await?;
    let said = Provisioned { external_id: None, removed: true };
    Ok(engine.keep_provisioned(&act, "user", id, &said).await?)
}

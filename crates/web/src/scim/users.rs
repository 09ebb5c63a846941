//! Users: accounts of people, with their persons. Accounts of programs are no users.

use proofdesk_condition::Value;
use proofdesk_engine::account::provision::Provisioned;
use proofdesk_engine::{Account, Change, Error, NewAccount, Reference, Target};
use serde_json::{Map, Value as Json, json};

use super::schemas::USER;
use super::shape::{self, Asked};
use super::{Directory, Refusal, groups};
use crate::pages::sso::person_of;

/// How often something is planned again that somebody else wrote meanwhile.
pub(super) const TRIES: usize = 8;

/// An account with what its person says.
pub(super) struct User {
    pub account: Account,
    pub mail: Option<String>,
    pub team: Option<i64>,
}

/// The person behind an account.
pub(super) async fn of_account(directory: &Directory, account: Account) -> Result<User, Error> {
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
pub(super) async fn accounts(directory: &Directory) -> Result<Vec<Account>, Error> {
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
        let full = value(wanted, "name").and_then(|name| full_name(name, before));
        let name = match (said, full) {
            (Some(said), Some(full)) if said == before => full,
            (Some(said), _) => said,
            (None, Some(full)) => full,
            (None, None) if before.is_empty() => sign_in.clone(),
            (None, None) => before.to_owned(),
        };
        let active = match value(wanted, "active") {
            // who was closed stays closed until somebody says otherwise
            None => found.and_then(|found| found["active"].as_bool()).unwrap_or(true),
            Some(Json::Bool(active)) => *active,
            Some(Json::String(word)) if word.eq_ignore_ascii_case("true") => true,
            Some(Json::String(word)) if word.eq_ignore_ascii_case("false") => false,
            Some(_) => return Err(Refusal::value("`active` is true or false.")),
        };
        let mail = mail(value(wanted, "emails"))?;
        Ok(Self { sign_in, name, active, mail, external_id: text(wanted, "externalId")? })
    }
}

/// The address that is kept: the primary one, else the last. None where none is sent.
fn mail(emails: Option<&Json>) -> Result<Option<String>, Refusal> {
    let wrong = || Refusal::value("`emails` is a list of objects, each with its address as `value`.");
    let all = match emails {
        None => &[][..],
        Some(Json::Array(all)) => all.as_slice(),
        Some(one @ Json::Object(_)) => std::slice::from_ref(one),
        Some(_) => return Err(wrong()),
    };
    if !all.iter().all(|one| one.get("value").is_some_and(Json::is_string)) {
        return Err(wrong());
    }
    let primary = all.iter().rev().find(|one| one["primary"] == json!(true));
    let mail = primary.or(all.last()).and_then(|one| one["value"].as_str());
    Ok(mail.map(|mail| mail.trim().to_owned()).filter(|mail| !mail.is_empty()))
}

/// The parts of a name as far as they can be told: the last word is that of the family.
fn parts_of(name: &str) -> (&str, &str) {
    name.trim().rsplit_once(' ').unwrap_or((name.trim(), ""))
}

/// A user as it is changed in parts: with those of the name, and the address as that of work, as directories name it.
pub(super) fn in_parts(mut found: Json) -> Json {
    let name = found["displayName"].as_str().unwrap_or_default().to_owned();
    let (given, family) = parts_of(&name);
    if let Some(Json::Array(mails)) = found.get_mut("emails") {
        mails.iter_mut().for_each(|mail| mail["type"] = json!("work"));
    }
    found["name"] = json!({"formatted": name, "givenName": given, "familyName": family});
    found
}

/// The name by its parts, where they say another one than `before`.
fn full_name(name: &Json, before: &str) -> Option<String> {
    let part = |key: &str| name.get(key).and_then(Json::as_str).unwrap_or_default().trim();
    let formatted = part("formatted");
    if !formatted.is_empty() && formatted != before {
        return Some(formatted.to_owned());
    }
    let parts = [part("givenName"), part("familyName")];
    let (given, family) = parts_of(before);
    let joined = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    (!joined.is_empty() && parts != [given, family]).then_some(joined)
}

/// Plans and writes again where somebody else wrote the same meanwhile.
macro_rules! again {
    ($once:expr) => {{
        let mut left = crate::scim::users::TRIES;
        loop {
            match $once.await {
                Err(proofdesk_engine::Error::Taken | proofdesk_engine::Error::Conflict(_)) if left > 0 => {
                    left -= 1;
                }
                other => break other.map_err(crate::scim::Refusal::from),
            }
        }
    }};
}
pub(super) use again;

/// Makes a user; one that the directory had removed is opened again.
pub(super) async fn make(directory: &Directory, wanted: &Map<String, Json>) -> Result<Json, Refusal> {
    let wants = Wanted::read(wanted, None)?;
    let id = again!(made(directory, &wants))?;
    require(directory, &id.to_string()).await
}

async fn made(directory: &Directory, wants: &Wanted) -> Result<i64, Error> {
    let engine = directory.engine();
    let said = engine.provisioned("user").await?;
    let known = engine.account_named(&wants.sign_in).await?;
    let removed = known.filter(|a| !a.program && said.get(&a.id.to_string()).is_some_and(|one| one.removed));
    if let Some(account) = removed {
        return store(directory, account.id, wants).await;
    }
    let mut new = NewAccount {
        person: 0,
        sign_in: wants.sign_in.clone(),
        name: wants.name.clone(),
        roles: Vec::new(),
        password: None,
        program: false,
    };
    engine.check_new_account(&new).await?;
    let mut together = engine.together(&directory.act());
    new.person = person_of(&mut together, engine, &wants.name, wants.mail.as_deref()).await?;
    let id = together.create_account(new, wants.active, None).await?;
    let said = Provisioned { external_id: wants.external_id.clone(), removed: false };
    together.keep_provisioned("user", &id.to_string(), &said).await?;
    together.commit().await.map(|()| id)
}

/// Makes a user into what is wanted.
pub(super) async fn keep(
    directory: &Directory,
    id: &str,
    found: &Json,
    wanted: &Map<String, Json>,
) -> Result<Json, Refusal> {
    let wants = Wanted::read(wanted, Some(found))?;
    let known = account(directory, id).await?;
    again!(store(directory, known.id, &wants))?;
    require(directory, id).await
}

/// Account, person and what the directory says, in one transaction.
async fn store(directory: &Directory, id: i64, wants: &Wanted) -> Result<i64, Error> {
    let mut together = directory.engine().together(&directory.act());
    let user = of_account(directory, directory.engine().account(id).await?).await?;
    together.rename_account(id, &wants.sign_in, &wants.name).await?;
    let mut change = Change::default();
    if user.account.name != wants.name {
        change = change.with_text("name", &wants.name);
    }
    if user.mail != wants.mail {
        change = change.with("mail", wants.mail.clone().map_or(Value::Null, Value::Text));
    }
    if !change.set.is_empty() {
        let person = Reference::new("person", user.account.person);
        together.change(Target::Existing(person, None), change).await?;
    }
    if wants.active {
        together.open_account(id).await?;
    } else {
        together.close_account(id).await?;
    }
    let said = Provisioned { external_id: wants.external_id.clone(), removed: false };
    together.keep_provisioned("user", &id.to_string(), &said).await?;
    together.commit().await.map(|()| id)
}

/// Closes an account for good: it holds no roles and has no way in, and the directory sees it no more.
pub(super) async fn remove(directory: &Directory, id: &str) -> Result<(), Refusal> {
    let account = account(directory, id).await?.id;
    again!(removed(directory, account))
}

async fn removed(directory: &Directory, id: i64) -> Result<(), Error> {
    let mut together = directory.engine().together(&directory.act());
    together.remove_account(id).await?;
    let said = Provisioned { external_id: None, removed: true };
    together.keep_provisioned("user", &id.to_string(), &said).await?;
    together.commit().await
}

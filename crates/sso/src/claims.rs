//! What a provider says of a person, and what the desk makes of it.

use serde_json::{Map, Value as Json};

use crate::error::Error;
use crate::settings::ProviderSettings;

/// Longest text that is taken over, in characters.
const TEXT_MAX: usize = 120;

/// Somebody who signed in at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name of the provider.
    pub provider: String,
    /// Its issuer, as the token says and was checked.
    pub issuer: String,
    /// Who that is there, for good.
    pub subject: String,
    /// The sign-in name.
    pub sign_in: String,
    /// The person's name.
    pub name: String,
    /// Address, where the provider says one and that it is verified.
    pub mail: Option<String>,
    /// Roles by groups; none where the desk gives them.
    pub roles: Option<Vec<String>>,
    /// The token that the provider takes back at sign-out.
    pub token: String,
    /// The session there, where the provider names it.
    pub sid: Option<String>,
    /// It says in the token that a second factor was used.
    pub second_factor: bool,
}

impl Person {
    /// Reads the claims.
    ///
    /// # Errors
    /// `Unfit` without a sign-in name, where the domain is not among those that may come in, and for a claim that is needed
    /// and cannot be read.
    pub(crate) fn read(
        settings: &ProviderSettings,
        claims: &Map<String, Json>,
        token: String,
    ) -> Result<Self, Error> {
        let unfit = |why: String| Error::Unfit { provider: settings.shown().to_owned(), why };
        let text = |name: &str| match claims.get(name) {
            None | Some(Json::Null) => Ok(String::new()),
            Some(Json::String(found)) => {
                let plain: String = found.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect();
                Ok(plain.trim().to_owned())
            }
            Some(_) => Err(unfit(format!("what it says in `{name}` is no text."))),
        };
        let verified =
            settings.verified_mail || matches!(claims.get("email_verified"), Some(Json::Bool(true)));
        let mail = Some(text("email")?).filter(|mail| verified && mail.contains('@'));
        if !settings.domains.is_empty() {
            let domain = mail.as_deref().and_then(|mail| mail.rsplit_once('@')).map(|(_, domain)| domain);
            let fits = |known: &String| domain.is_some_and(|domain| domain.eq_ignore_ascii_case(known));
            if !settings.domains.iter().any(fits) {
                let all = settings.domains.join(", ");
                return Err(unfit(format!("only verified addresses of {all} come in by it.")));
            }
        }
        let claim = settings.sign_in_claim();
        // an address that nobody verified is no name: anybody could type it there
        let sign_in = if claim == "email" { mail.clone().unwrap_or_default() } else { text(claim)? };
        let sign_in = sign_in.to_lowercase();
        if sign_in.is_empty() || sign_in.contains(char::is_whitespace) {
            return Err(unfit(format!("it gives no sign-in name in `{claim}`.")));
        }
        let whole = |name: &str| claims.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        let subject =
            whole("sub").ok_or_else(|| unfit("it does not say who you are there, in `sub`.".to_owned()))?;
        let issuer = whole("iss").unwrap_or(&settings.issuer).to_owned();
        let name = Some(text("name")?).filter(|name| !name.is_empty()).unwrap_or_else(|| sign_in.clone());
        let roles = match &settings.groups_claim {
            Some(claim) => Some(roles_of(settings, &groups(claims, claim).map_err(unfit)?)),
            None => None,
        };
        let sid = whole("sid").map(str::to_owned);
        let (provider, subject) = (settings.name.clone(), subject.to_owned());
        let second_factor = false;
        Ok(Self { provider, issuer, subject, sign_in, name, mail, roles, token, sid, second_factor })
    }
}

/// Whether a token says that a second factor was used: by `mfa` among the methods, or by a class that the configuration
/// names. Sources: RFC 8176, OpenID Connect Core 1.0, 2.
pub(crate) fn says_second_factor(settings: &ProviderSettings, token: &Map<String, Json>) -> bool {
    let methods = token.get("amr").and_then(Json::as_array);
    let by_method = methods.is_some_and(|all| all.iter().any(|one| one.as_str() == Some("mfa")));
    let class = token.get("acr").and_then(Json::as_str);
    by_method || class.is_some_and(|class| settings.second_factor_acr.iter().any(|known| known == class))
}

/// The groups in a claim: texts, or one text. Who has none may be told without the claim; one that cannot be read is said,
/// since roles would end by it.
fn groups(claims: &Map<String, Json>, claim: &str) -> Result<Vec<String>, String> {
    let elsewhere = claims.get("_claim_names").is_some_and(|names| names.get(claim).is_some());
    if elsewhere {
        return Err(format!(
            "you have more groups than it sends in `{claim}`. Let it send only those that give roles here."
        ));
    }
    let found = claims.get(claim).or_else(|| {
        let mut parts = claim.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |at, part| at.get(part))
    });
    match found {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::String(one)) => Ok(vec![one.clone()]),
        Some(Json::Array(all)) if all.iter().all(Json::is_string) => {
            Ok(all.iter().filter_map(Json::as_str).map(str::to_owned).collect())
        }
        Some(_) => Err(format!("what it says of your groups in `{claim}` is no list of names.")),
    }
}

fn roles_of(settings: &ProviderSettings, groups: &[String]) -> Vec<String> {
    let mut roles: Vec<String> = settings.everybody.clone();
    roles.extend(groups.iter().filter_map(|group| settings.roles.get(group)).flatten().cloned());
    roles.sort();
    roles.dedup();
    roles
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::Person;
    use crate::settings::ProviderSettings;

    fn settings() -> ProviderSettings {
        let roles = [("desk", vec!["agent"]), ("bosses", vec!["administrator", "agent"])];
        let roles = roles.map(|(g, r)| (g.to_owned(), r.into_iter().map(str::to_owned).collect()));
        ProviderSettings {
            name: "example".into(),
            groups_claim: Some("realm.groups".into()),
            roles: roles.into(),
            everybody: vec!["requester".into()],
            ..ProviderSettings::default()
        }
    }

    fn read(settings: &ProviderSettings, claims: &serde_json::Value) -> Result<Person, String> {
        Person::read(settings, claims.as_object().unwrap(), String::new()).map_err(|e| e.to_string())
    }

    #[test]
    fn groups_become_roles_and_unknown_ones_nothing() {
        for (groups, roles) in [
            (json!(["desk", "choir"]), vec!["agent", "requester"]),
            (json!(["bosses", "desk"]), vec!["administrator", "agent", "requester"]),
            (json!("desk"), vec!["agent", "requester"]),
            (json!([]), vec!["requester"]),
            (json!(null), vec!["requester"]),
        ] {
            let claims = json!({"sub": "7", "preferred_username": "Mara", "realm": {"groups": groups}});
            let found = read(&settings(), &claims).unwrap();
            assert_eq!(found.roles.unwrap(), roles);
            assert_eq!((found.sign_in.as_str(), found.name.as_str()), ("mara", "mara"));
        }
    }

    #[test]
    fn only_verified_addresses_of_a_domain_come_in() {
        let of = ProviderSettings { domains: vec!["example.com".into()], ..settings() };
        let claims = |mail: &str, verified: serde_json::Value| json!({"sub": "7", "preferred_username": "mara", "email": mail, "email_verified": verified});
        assert!(read(&of, &claims("mara@EXAMPLE.com", json!(true))).is_ok());
        for (mail, verified) in [
            ("mara@example.com", json!(false)),
            ("mara@example.com", json!("true")),
            ("mara@evil.example", json!(true)),
            ("mara@example.com.evil.example", json!(true)),
            ("mara@evil@example.com.x", json!(true)),
            ("", json!(true)),
        ] {
            let refused = read(&of, &claims(mail, verified)).unwrap_err();
            assert!(refused.contains("example.com come in"), "{mail}: {refused}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_and_takes_no_role_away() {
        let whole =
            json!({"sub": "7", "preferred_username": "mara", "name": "Mara", "realm": {"groups": ["desk"]}});
        assert!(read(&settings(), &whole).is_ok());
        for (claim, value, why) in [
            ("realm", json!({"groups": 7}), "`realm.groups` is no list of names"),
            ("realm", json!({"groups": ["desk", 7]}), "`realm.groups` is no list of names"),
            ("realm", json!({"groups": [{"name": "desk"}]}), "`realm.groups` is no list of names"),
            ("_claim_names", json!({"realm.groups": "src1"}), "more groups than it sends"),
            ("preferred_username", json!(7), "`preferred_username` is no text"),
            ("name", json!(["Mara"]), "`name` is no text"),
            ("email", json!({"value": "m@x"}), "`email` is no text"),
            ("sub", json!(""), "in `sub`"),
            ("sub", json!(7), "in `sub`"),
        ] {
            let mut claims = whole.clone();
            claims[claim] = value;
            let said = read(&settings(), &claims).unwrap_err();
            assert!(said.contains(why), "{claims}: {said}");
        }
    }

    #[test]
    fn an_address_holds_where_the_provider_or_the_operator_says_so() {
        let claims = json!({"sub": "7", "preferred_username": "mara", "email": "mara@example.com"});
        assert_eq!(read(&settings(), &claims).unwrap().mail, None);
        let known = ProviderSettings { verified_mail: true, ..settings() };
        assert_eq!(read(&known, &claims).unwrap().mail.as_deref(), Some("mara@example.com"));
    }

    #[test]
    fn a_sign_in_name_is_needed_and_an_unverified_address_is_none() {
        assert!(read(&settings(), &json!({"sub": "7"})).is_err());
        assert!(read(&settings(), &json!({"sub": "7", "preferred_username": "ma ra"})).is_err());
        let by_mail = ProviderSettings { sign_in_claim: "email".into(), ..settings() };
        assert!(read(&by_mail, &json!({"sub": "7", "email": "boss@example.com"})).is_err());
        let verified = json!({"sub": "7", "email": "Mara@example.com", "email_verified": true});
        assert_eq!(read(&by_mail, &verified).unwrap().sign_in, "mara@example.com");
    }
}

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
}

impl Person {
    /// Reads the claims.
    ///
    /// # Errors
    /// `Unfit` without a sign-in name, or where the domain is not among those that may come in.
    pub(crate) fn read(
        settings: &ProviderSettings,
        claims: &Map<String, Json>,
        token: String,
    ) -> Result<Self, Error> {
        let unfit = |why: String| Error::Unfit { provider: settings.shown().to_owned(), why };
        let text = |name: &str| {
            let found = claims.get(name).and_then(Json::as_str).unwrap_or_default();
            let plain: String = found.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect();
            plain.trim().to_owned()
        };
        let verified = matches!(claims.get("email_verified"), Some(Json::Bool(true)));
        let mail = Some(text("email")).filter(|mail| verified && mail.contains('@'));
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
        let sign_in = if claim == "email" { mail.clone().unwrap_or_default() } else { text(claim) };
        let sign_in = sign_in.to_lowercase();
        if sign_in.is_empty() || sign_in.contains(char::is_whitespace) {
            return Err(unfit(format!("it gives no sign-in name in `{claim}`.")));
        }
        let subject = claims.get("sub").and_then(Json::as_str).unwrap_or_default().to_owned();
        let name = Some(text("name")).filter(|name| !name.is_empty()).unwrap_or_else(|| sign_in.clone());
        let roles = settings.groups_claim.as_ref().map(|claim| roles_of(settings, &groups(claims, claim)));
        Ok(Self { provider: settings.name.clone(), subject, sign_in, name, mail, roles, token })
    }
}

/// The groups in a claim: texts, or one text.
fn groups(claims: &Map<String, Json>, claim: &str) -> Vec<String> {
    let found = claims.get(claim).or_else(|| {
        let mut parts = claim.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |at, part| at.get(part))
    });
    match found {
        Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Some(Json::String(one)) => vec![one.clone()],
        _ => Vec::new(),
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
            (json!(7), vec!["requester"]),
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
    fn a_sign_in_name_is_needed_and_an_unverified_address_is_none() {
        assert!(read(&settings(), &json!({"sub": "7"})).is_err());
        assert!(read(&settings(), &json!({"sub": "7", "preferred_username": "ma ra"})).is_err());
        let by_mail = ProviderSettings { sign_in_claim: "email".into(), ..settings() };
        assert!(read(&by_mail, &json!({"sub": "7", "email": "boss@example.com"})).is_err());
        let verified = json!({"sub": "7", "email": "Mara@example.com", "email_verified": true});
        assert_eq!(read(&by_mail, &verified).unwrap().sign_in, "mara@example.com");
    }
}

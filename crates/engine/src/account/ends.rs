//! Roles that end by themselves: a role may have a last day, and an auditor's always has one.
//!
//! A row keeps roles as words, each with its day behind a colon: `agent auditor:2026-12-31`. The log tells the same words.

use std::collections::BTreeMap;

use proofdesk_model::access::{ADMINISTRATOR, ROLES};
use proofdesk_model::format::{parse_day, write_day};

use super::Account;
use crate::error::Error;

/// The word for a role that has no last day any more.
pub const NEVER: &str = "never";

/// Roles that always end, and how many days they last where no day is said.
const ENDING: [(&str, i32); 2] = [("auditor", 400), ("certification_auditor", 120)];

/// The names of the roles in a row.
pub(super) fn names(row: &str) -> Vec<String> {
    pairs(row).map(|(name, _)| name.to_owned()).collect()
}

/// The last days of the roles in a row.
pub(super) fn days(row: &str) -> BTreeMap<String, String> {
    pairs(row).filter_map(|(name, day)| Some((name.to_owned(), day?.to_owned()))).collect()
}

fn pairs(row: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let split = |word| match str::split_once(word, ':') {
        Some((name, day)) => (name, Some(day)),
        None => (word, None),
    };
    row.split(' ').filter(|word| !word.is_empty()).map(split)
}

/// Whether a role always has a last day.
pub fn always_ends(role: &str) -> bool {
    ENDING.iter().any(|(name, _)| *name == role)
}

/// Refuses what is no role.
pub(super) fn known<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut names = names;
    match names.find(|name| !ROLES.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("`{name}` is not a role; the roles are: {}.", ROLES.join(", "));
            Err(Error::invalid("roles", "option", message))
        }
    }
}

/// The roles as a row keeps them, in the order of the permission matrix, each once. A role that is held already keeps
/// its day where none is said, and loses it by [`NEVER`]; an auditor's gets one.
///
/// # Errors
/// `Invalid` for what is no role, for a day that is none or has passed, for a role that has ended, without a day, and
/// for [`NEVER`] where the role always ends.
pub(super) fn check(given: &[String], held: &BTreeMap<String, String>, today: i32) -> Result<String, Error> {
    let wrong = |code: &str, message: String| Err(Error::invalid("roles", code, message));
    let mut days: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for word in given {
        let (name, day) = pairs(word).next().unwrap_or((word, None));
        known(std::iter::once(if word.contains(char::is_whitespace) { word } else { name }))?;
        if day.is_some() && name == ADMINISTRATOR {
            let message =
                "The role of an administrator has no end, so that the desk always has one.".to_owned();
            return wrong("format", message);
        }
        if day == Some(NEVER) && always_ends(name) {
            let message =
                format!("The role {name} always has a last day: say which, as `{name}:2027-12-31`.");
            return wrong("format", message);
        }
        if let Some(day) = day.filter(|day| *day != NEVER)
            && parse_day(day).is_none_or(|last| last < today)
        {
            let message =
                format!("`{word}`: say the last day of the role as `{name}:2027-12-31`; it lies ahead.");
            return wrong("format", message);
        }
        let ended = held.get(name).filter(|day| parse_day(day).is_some_and(|last| last < today));
        if let Some(ended) = ended
            && day.is_none()
        {
            let message = format!(
                "The role {name} ended on {ended}. To give it again, say its new last day: `{name}:2027-12-31`."
            );
            return wrong("ended", message);
        }
        days.insert(name, day.map(str::to_owned));
    }
    Ok(written(&days, held, today))
}

/// The roles as a row keeps them where another program says which they are: a day that was said stays, also one that
/// has passed, and an auditor's gets one.
///
/// # Errors
/// `Invalid` for what is no role.
pub(super) fn following(
    given: &[String],
    held: &BTreeMap<String, String>,
    today: i32,
) -> Result<String, Error> {
    known(given.iter().map(String::as_str))?;
    let days = given.iter().map(|name| (name.as_str(), None)).collect();
    Ok(written(&days, held, today))
}

fn written(days: &BTreeMap<&str, Option<String>>, held: &BTreeMap<String, String>, today: i32) -> String {
    let word = |name: &str| {
        let said = days.get(name)?.clone();
        if said.as_deref() == Some(NEVER) {
            return Some(name.to_owned());
        }
        let usual = ENDING.iter().find(|(role, _)| *role == name).map(|(_, lasts)| write_day(today + lasts));
        let day = said.or_else(|| held.get(name).cloned()).or(usual);
        Some(day.map_or_else(|| name.to_owned(), |day| format!("{name}:{day}")))
    };
    ROLES.into_iter().filter_map(word).collect::<Vec<_>>().join(" ")
}

impl Account {
    /// The roles with their days, as the row and the log have them.
    pub fn written_roles(&self) -> String {
        let word = |role: &String| match self.ends.get(role) {
            Some(day) => format!("{role}:{day}"),
            None => role.clone(),
        };
        self.roles.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    /// The account with the roles that hold on a day.
    #[must_use]
    pub fn on(mut self, today: i32) -> Self {
        let ended = |role: &String| {
            self.ends.get(role).and_then(|day| parse_day(day)).is_some_and(|last| last < today)
        };
        self.roles.retain(|role| !ended(role));
        self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::{check, days, names};
    use std::collections::BTreeMap;

    #[test]
    fn an_auditors_role_ends_and_others_where_it_is_said() {
        let today = 20_000;
        let given = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let none = BTreeMap::new();
        let of = |words: &[&str], held: &BTreeMap<String, String>| check(&given(words), held, today);
        assert_eq!(of(&["agent"], &none).unwrap(), "agent");
        assert_eq!(of(&["auditor", "requester"], &none).unwrap(), "requester auditor:2025-11-08");
        assert_eq!(of(&["certification_auditor"], &none).unwrap(), "certification_auditor:2025-02-01");
        assert_eq!(of(&["agent:2024-10-05"], &none).unwrap(), "agent:2024-10-05");
        let held = days("auditor:2024-12-31 agent:2024-01-01");
        assert_eq!(
            of(&["auditor", "agent:2025-01-01"], &held).unwrap(),
            "agent:2025-01-01 auditor:2024-12-31"
        );
        let held = days("auditor:2030-12-31 agent:2030-01-01");
        assert_eq!(of(&["agent:never", "auditor"], &held).unwrap(), "agent auditor:2030-12-31");
        assert!(of(&["auditor:never"], &held).is_err(), "an auditor's role always ends");
        let held = days("auditor:2024-12-31 agent:2024-01-01");
        assert!(of(&["auditor", "agent"], &held).is_err(), "what has ended begins again only with a new day");
        for wrong in
            ["emperor", "auditor:2024-10-03", "auditor:soon", "administrator:2030-01-01", "auditor agent", ""]
        {
            assert!(of(&[wrong], &none).is_err(), "{wrong}");
        }
        assert_eq!(names("agent auditor:2024-12-31"), ["agent", "auditor"]);
    }
}

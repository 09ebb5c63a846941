//! People as mail knows them: by address, with language, zone, and what they want.

use jiff::tz::TimeZone;
use proofdesk_engine::{Addressed, Caller, Record};
use proofdesk_model::{StateKind, Value};
use proofdesk_store::{Select, Statement};

use crate::address::normal;
use crate::desk::Mail;
use crate::error::Error;

/// A minute, microseconds.
const MINUTE: i64 = 60_000_000;

/// Somebody to whom mail can be sent.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Number of the person.
    pub person: i64,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Language.
    pub language: String,
    /// Zone.
    pub zone: TimeZone,
    /// What the person may see and do.
    pub caller: Caller,
}

/// Who wrote a mail, by its address.
#[derive(Debug, Clone)]
pub(crate) enum Writer {
    /// A person, and what that person may do by mail.
    Known(Box<Record>, Caller),
    /// Nobody whom the desk knows.
    Stranger,
    /// Somebody whose words are not taken: says why.
    Barred(&'static str),
}

/// How often somebody wants mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Each at once.
    #[default]
    Each,
    /// One an hour.
    Hourly,
    /// One a day.
    Daily,
    /// Only what is urgent.
    Urgent,
}

impl Pace {
    /// All, in the order of a form.
    pub const ALL: [Self; 4] = [Self::Each, Self::Hourly, Self::Daily, Self::Urgent];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Each => "each",
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Urgent => "urgent",
        }
    }

    /// Reads the stored word.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pace| pace.as_str() == word)
    }
}

/// What a person wants by mail. Times are minutes after midnight in the person's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preference {
    /// How often.
    pub pace: Pace,
    /// When the daily digest is sent.
    pub digest_at: i64,
    /// From when until when nothing is sent; over midnight where the end is smaller.
    pub quiet: Option<(i64, i64)>,
}

impl Default for Preference {
    fn default() -> Self {
        Self { pace: Pace::Each, digest_at: 8 * 60, quiet: None }
    }
}

impl Preference {
    /// Whether a mail goes into a digest, and when it may be sent; none where it is not wanted at all.
    pub fn plan(&self, zone: &TimeZone, now: i64, urgent: bool) -> Option<(bool, i64)> {
        if urgent {
            return Some((false, now));
        }
        let (digest, due) = match self.pace {
            Pace::Urgent => return None,
            Pace::Each => (false, now),
            Pace::Hourly => (true, (now / (60 * MINUTE) + 1) * 60 * MINUTE),
            Pace::Daily => (true, next(zone, now, self.digest_at)),
        };
        let Some((from, until)) = self.quiet.filter(|(from, until)| from != until) else {
            return Some((digest, due));
        };
        let minute = minute_of(zone, due);
        let is_quiet =
            if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until };
        Some((digest, if is_quiet { next(zone, due, until) } else { due }))
    }

    fn check(&self) -> Result<(), Error> {
        let is_minute = |m: i64| (0..24 * 60).contains(&m);
        let good = is_minute(self.digest_at) && self.quiet.is_none_or(|(a, b)| is_minute(a) && is_minute(b));
        if good {
            return Ok(());
        }
        Err(proofdesk_engine::Error::invalid("quiet", "format", "A time of day is between 00:00 and 23:59.")
            .into())
    }
}

fn zoned(zone: &TimeZone, at: i64) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_microsecond(at).ok()?.to_zoned(zone.clone()))
}

/// Minutes after midnight in a zone.
fn minute_of(zone: &TimeZone, at: i64) -> i64 {
    zoned(zone, at).map_or(0, |z| i64::from(z.hour()) * 60 + i64::from(z.minute()))
}

/// The next instant at which a zone's clock shows this minute.
fn next(zone: &TimeZone, after: i64, minute: i64) -> i64 {
    let found = || {
        let here = zoned(zone, after)?;
        let (hour, rest) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
        let at = |day: jiff::civil::Date| day.at(hour, rest, 0, 0).to_zoned(zone.clone()).ok();
        let today = at(here.date())?;
        let then = if today.timestamp().as_microsecond() > after {
            today
        } else {
            at(here.date().tomorrow().ok()?)?
        };
        Some(then.timestamp().as_microsecond())
    };
    found().unwrap_or(after)
}

impl Mail {
    /// Somebody to whom mail can be sent; none where there is no such person any more, no address, or only accounts that
    /// are disabled.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn contact(&self, person: i64) -> Result<Option<Contact>, Error> {
        let people = &self.declared().people;
        let of = self.engine().require_type(&people.of)?;
        let Some(record) = self.engine().store().load(&of, person).await? else { return Ok(None) };
        if !is_there(&record) {
            return Ok(None);
        }
        let Some(address) = record.text(&people.mail).and_then(normal) else { return Ok(None) };
        let language = record.text(&people.language).unwrap_or(&self.settings().language).to_owned();
        let zone = record.text(&people.zone).and_then(|zone| TimeZone::get(zone).ok());
        let name = record.title();
        let Some(caller) = self.engine().caller_of(person, &name).await? else { return Ok(None) };
        Ok(Some(Contact { person, name, address, language, zone: zone.unwrap_or(TimeZone::UTC), caller }))
    }

    /// Who has an address.
    pub(crate) async fn writer_at(&self, address: &str) -> Result<Writer, Error> {
        let person = match self.engine().person_by_address(address).await? {
            Addressed::One(person) => person,
            Addressed::Nobody => return Ok(Writer::Stranger),
            Addressed::Several => {
                return Ok(Writer::Barred(
                    "Several people here have your address. Ask the service desk to put that right.",
                ));
            }
        };
        Ok(match self.engine().caller_of(person.number, &person.title()).await? {
            Some(caller) => Writer::Known(person, caller),
            None => Writer::Barred("Your account here is closed. Ask the service desk."),
        })
    }

    /// What a person wants by mail.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn preference(&self, person: i64) -> Result<Preference, Error> {
        let columns = ["pace", "digest_at", "quiet_from", "quiet_until"];
        let question = Select::from("mail_preference", &columns).when("person", person).limit(1).short();
        let rows = self.engine().store().select(question).await?;
        let Some(row) = rows.first() else { return Ok(Preference::default()) };
        Ok(Preference {
            pace: Pace::read(row.text(0)).unwrap_or_default(),
            digest_at: row.int(1),
            quiet: row.opt_int(2).zip(row.opt_int(3)),
        })
    }

    /// Keeps what a person wants by mail.
    ///
    /// # Errors
    /// `Invalid` for a time that is none; a fault of the database.
    pub async fn set_preference(&self, person: i64, wanted: &Preference) -> Result<(), Error> {
        wanted.check()?;
        let row = Statement::upsert("mail_preference")
            .key("person", person)
            .set("pace", wanted.pace.as_str())
            .set("digest_at", wanted.digest_at)
            .set("quiet_from", wanted.quiet.map(|(from, _)| from))
            .set("quiet_until", wanted.quiet.map(|(_, until)| until))
            .set("updated_at", self.engine().now());
        Ok(self.engine().store().execute(vec![row]).await?)
    }
}

/// Whether a person is still there.
fn is_there(record: &Record) -> bool {
    record.of.state_kind(&record.state) != StateKind::Closed
}

/// The numbers of the people in a field.
pub(crate) fn in_field(record: &Record, field: &str) -> Option<i64> {
    match record.value(field) {
        Some(Value::Link(person)) => Some(*person),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use jiff::tz::TimeZone;

    use super::{Pace, Preference};

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn quiet_hours_and_digests_say_when_a_mail_goes() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let plain = Preference::default();
        let quiet = Preference { quiet: Some((20 * 60, 7 * 60)), ..plain };
        let daily = Preference { pace: Pace::Daily, digest_at: 8 * 60 + 30, quiet: None };
        let hourly = Preference { pace: Pace::Hourly, ..plain };
        let none = Preference { pace: Pace::Urgent, ..plain };
        for (wanted, now, planned) in [
            (plain, "2026-03-02T03:00:00Z", Some((false, "2026-03-02T03:00:00Z"))),
            (quiet, "2026-03-02T12:00:00Z", Some((false, "2026-03-02T12:00:00Z"))),
            (quiet, "2026-03-02T19:00:00Z", Some((false, "2026-03-03T06:00:00Z"))),
            (quiet, "2026-03-02T03:00:00Z", Some((false, "2026-03-02T06:00:00Z"))),
            (quiet, "2026-03-02T06:00:00Z", Some((false, "2026-03-02T06:00:00Z"))),
            // the clocks go forward in the night: seven is an hour earlier in UTC
            (quiet, "2026-03-28T22:00:00Z", Some((false, "2026-03-29T05:00:00Z"))),
            (daily, "2026-03-02T07:29:00Z", Some((true, "2026-03-02T07:30:00Z"))),
            (daily, "2026-03-02T07:30:00Z", Some((true, "2026-03-03T07:30:00Z"))),
            (hourly, "2026-03-02T07:30:00Z", Some((true, "2026-03-02T08:00:00Z"))),
            (
                Preference { quiet: quiet.quiet, ..hourly },
                "2026-03-02T19:30:00Z",
                Some((true, "2026-03-03T06:00:00Z")),
            ),
            (none, "2026-03-02T07:30:00Z", None),
        ] {
            let planned = planned.map(|(digest, due)| (digest, at(due)));
            assert_eq!(wanted.plan(&berlin, at(now), false), planned, "{wanted:?} {now}");
            assert_eq!(wanted.plan(&berlin, at(now), true), Some((false, at(now))));
        }
    }
}

//! Who is asked to acknowledge a record, who has, and the acknowledgement itself.
//!
//! Which records ask, whom, and which type the acknowledgement is of is declared (`readers`); this only asks and writes.
//! Invariant: a person acknowledges for himself only, and through the one write path.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use proofdesk_model::record_type::Readers;
use proofdesk_model::{Action, Caller, Change, Door, Record, RecordType, Reference, StateKind, Value};

use crate::Engine;
use crate::apply::Target;
use crate::error::Error;
use crate::read::ListRequest;

/// Type of those who are asked.
const PERSON: &str = "person";
/// People that one record asks at most; more are not listed.
const PEOPLE: usize = 2_000;
/// Records that one person is shown as to be read.
const TO_READ: usize = 200;

/// How a person stands to a record that asks to be acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It was acknowledged: the acknowledgement and when, microseconds UTC.
    Read(Reference, i64),
    /// Another text was acknowledged than the one that stands there now: the acknowledgement and when.
    ReadOther(Reference, i64),
    /// It is to be read: the acknowledgement that asks for it, where one was made, and when it is due.
    ToRead(Option<Reference>, Option<i64>),
    /// The person is not among those who are asked.
    NotAsked,
}

impl Standing {
    /// Whether the person is to read it and no acknowledgement asks for it.
    pub fn is_unasked(&self) -> bool {
        matches!(self, Self::ToRead(None, None) | Self::ReadOther(..))
    }

    /// When it is to be read, microseconds UTC, where a day was set.
    pub fn due(&self) -> Option<i64> {
        match self {
            Self::ToRead(_, due) => *due,
            _ => None,
        }
    }
}

/// A record that asks to be acknowledged, for one person.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The record.
    pub record: Record,
    /// Since when it asks, microseconds UTC.
    pub since: Option<i64>,
    /// How the person stands to it.
    pub standing: Standing,
}

/// One person of those who are asked.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The person.
    pub person: Reference,
    /// The name.
    pub name: String,
    /// How the person stands.
    pub standing: Standing,
}

impl Engine {
    /// How the caller stands to a record; none where the record asks nobody, or the caller is no person.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn reading(&self, caller: &Caller, record: &Record) -> Result<Option<Reading>, Error> {
        let (Some(readers), Some(me)) = (record.of.readers.clone(), caller.person) else { return Ok(None) };
        if !self.asks(caller, record, &readers).await? {
            return Ok(None);
        }
        let given = self.acknowledgements(&readers, record, Some(me)).await?;
        let standing = match given.get(&me) {
            Some(found) => found.clone(),
            None if self.is_asked(record, &readers, me).await? => Standing::ToRead(None, None),
            None => Standing::NotAsked,
        };
        Ok(Some(Reading { record: record.clone(), since: record.instant(&readers.since), standing }))
    }

    /// What the caller is to read and has not acknowledged, without what an acknowledgement already asks of him: that
    /// stands among his records. At most 200, by number.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn to_read(&self, caller: &Caller) -> Result<Vec<Reading>, Error> {
        let Some(me) = caller.person else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let mut asked: HashMap<String, bool> = HashMap::new();
        for of in self.registry().types().cloned().collect::<Vec<Arc<RecordType>>>() {
            let Some(readers) = of.readers.clone() else { continue };
            let may = self.registry().get(&readers.ask).is_some_and(|ask| caller.may(ask, &Action::Create));
            if !may || !caller.may(&of, &Action::Read) {
                continue;
            }
            for record in self.open_for(caller, &of, &readers, me).await? {
                let Some(people) = self.people(&record, &readers).await? else { continue };
                let known = asked.get(&people).copied();
                let is_asked = match known {
                    Some(known) => known,
                    None => self.is_one_of(&people, me).await?,
                };
                asked.insert(people, is_asked);
                if is_asked {
                    let since = record.instant(&readers.since);
                    let before = self.acknowledgements(&readers, &record, Some(me)).await?.remove(&me);
                    let standing = before.unwrap_or(Standing::ToRead(None, None));
                    found.push(Reading { record, since, standing });
                }
            }
        }
        Ok(found)
    }

    /// Acknowledges a record for the caller: makes the acknowledgement, or gives the one that asks for it. Once given
    /// it stays as it is, and this gives it back.
    ///
    /// # Errors
    /// `Invalid` with code `audience` where the record does not ask the caller, and says why; else as
    /// [`Engine::apply`].
    pub async fn acknowledge(&self, caller: &Caller, on: &Reference, door: Door) -> Result<Record, Error> {
        let record = self.require(caller, on).await?;
        let refuse = |says: String| Err(Error::invalid("person", "audience", says));
        let Some(readers) = record.of.readers.clone() else {
            return refuse(format!("{} are not acknowledged.", record.of.plural));
        };
        let Some(me) = caller.person else {
            return refuse("Only a person acknowledges that something was read.".to_owned());
        };
        let Some(reading) = self.reading(caller, &record).await? else {
            return refuse(format!(
                "{} asks nobody to acknowledge it: it is not in force, or does not need it.",
                record.reference()
            ));
        };
        let target = match reading.standing {
            Standing::Read(given, _) => return self.require(caller, &given).await,
            Standing::NotAsked => {
                return refuse(format!(
                    "{} is for others: you are not in its audience, so there is nothing for you to acknowledge.",
                    record.reference()
                ));
            }
            Standing::ToRead(Some(asked), _) => asked,
            Standing::ToRead(None, _) | Standing::ReadOther(..) => {
                self.ask(caller, &record, &readers, me, None, door).await?
            }
        };
        let change = Change::default().take(&readers.done);
        Ok(self.apply(caller, Target::Existing(target, None), change, door).await?.record)
    }

    /// Whether the caller may see who has read a record.
    pub fn may_see_readers(&self, caller: &Caller, of: &RecordType) -> bool {
        let named = |r: &Readers| caller.system || r.seen_by.iter().any(|role| caller.has(role));
        of.readers.as_ref().is_some_and(named)
    }

    /// Everybody who is asked to acknowledge a record, and everybody who did, by name; none where it asks nobody.
    ///
    /// # Errors
    /// `Forbidden` where the caller may not see it, or a fault of the database.
    pub async fn readers(&self, caller: &Caller, record: &Record) -> Result<Vec<Reader>, Error> {
        if !self.may_see_readers(caller, &record.of) {
            let says = "Who has read a document is for those who answer for it and for auditors.";
            let problem = proofdesk_model::Problem::new("", "permission", says);
            return Err(Error::Forbidden(proofdesk_model::Problems(vec![problem])));
        }
        let Some(readers) = record.of.readers.clone() else { return Ok(Vec::new()) };
        let mut standing: BTreeMap<i64, Standing> = self.acknowledgements(&readers, record, None).await?;
        let program = Caller::system("Readers");
        if self.asks(&program, record, &readers).await?
            && let Some(people) = self.people(record, &readers).await?
        {
            for person in self.all(&program, PERSON, &people).await? {
                standing.entry(person.number).or_insert(Standing::ToRead(None, None));
            }
        }
        let references: Vec<Reference> = standing.keys().map(|n| Reference::new(PERSON, *n)).collect();
        let names = self.titles_of(&program, &references).await?;
        let mut found: Vec<Reader> = standing
            .into_iter()
            .map(|(number, standing)| {
                let person = Reference::new(PERSON, number);
                let name = names.get(&person).cloned().unwrap_or_default();
                Reader { person, name, standing }
            })
            .collect();
        found.sort_by(|a, b| (&a.name, a.person.number).cmp(&(&b.name, b.person.number)));
        Ok(found)
    }

    /// Asks everybody who has not acknowledged a record and was not asked before, with a day by which it is due; how
    /// many were asked.
    ///
    /// # Errors
    /// As [`Engine::readers`] and [`Engine::apply`].
    pub async fn remind(
        &self,
        caller: &Caller,
        on: &Reference,
        due: Option<i64>,
        door: Door,
    ) -> Result<usize, Error> {
        let record = self.require(caller, on).await?;
        let Some(readers) = record.of.readers.clone() else { return Ok(0) };
        let mut asked = 0;
        for reader in self.readers(caller, &record).await? {
            if reader.standing.is_unasked() {
                self.ask(caller, &record, &readers, reader.person.number, due, door).await?;
                asked += 1;
            }
        }
        Ok(asked)
    }

    /// Makes the acknowledgement that asks a person.
    async fn ask(
        &self,
        caller: &Caller,
        record: &Record,
        readers: &Readers,
        person: i64,
        due: Option<i64>,
        door: Door,
    ) -> Result<Reference, Error> {
        let ask = self.require_type(&readers.ask)?;
        let mut change = Change::default()
            .with_text(ask.title_field(), &record.title())
            .with(&readers.at, Value::Link(record.number))
            .with(&readers.person, Value::Link(person));
        if let Some(due) = due {
            change = change.with(&readers.due, Value::Instant(due));
        }
        let made = self.apply(caller, Target::New(ask.name.clone()), change, door).await?.record;
        Ok(Reference::new(ask.name.clone(), made.number))
    }

    /// Whether a record asks anybody.
    async fn asks(&self, caller: &Caller, record: &Record, readers: &Readers) -> Result<bool, Error> {
        let held = self
            .store()
            .holding(&record.of, &readers.condition, &self.context(caller), &[record.number])
            .await?;
        Ok(held.contains(&record.number))
    }

    /// The condition over people for a record: that of the first group which is for it.
    async fn people(&self, record: &Record, readers: &Readers) -> Result<Option<String>, Error> {
        let program = self.context(&Caller::system("Readers"));
        for group in &readers.groups {
            let held = self.store().holding(&record.of, &group.when, &program, &[record.number]).await?;
            if held.contains(&record.number) {
                let reference = |field: &str| match (record.of.field(field)?.target()?, record.get(field)) {
                    (to, Value::Link(number)) => Some(self.registry().get(to)?.reference(number)),
                    _ => None,
                };
                return Ok(group.people_for(reference));
            }
        }
        Ok(None)
    }

    async fn is_asked(&self, record: &Record, readers: &Readers, me: i64) -> Result<bool, Error> {
        match self.people(record, readers).await? {
            Some(people) => self.is_one_of(&people, me).await,
            None => Ok(false),
        }
    }

    async fn is_one_of(&self, people: &str, me: i64) -> Result<bool, Error> {
        let of = self.require_type(PERSON)?;
        let condition = self.condition(people, PERSON)?;
        let context = self.context(&Caller::system("Readers"));
        Ok(self.store().holding(&of, &condition, &context, &[me]).await?.contains(&me))
    }

    /// Records of a type that ask and of which a person has no acknowledgement of the present text, neither given nor
    /// asked for.
    async fn open_for(
        &self,
        caller: &Caller,
        of: &Arc<RecordType>,
        readers: &Readers,
        me: i64,
    ) -> Result<Vec<Record>, Error> {
        let relation = of.inverses.iter().find(|(_, i)| i.from == readers.ask && i.field == readers.at);
        let mine = match (relation, self.registry().get(PERSON)) {
            (Some((name, _)), Some(person)) => {
                let mine = format!("{} == '{}'", readers.person, person.reference(me));
                let closed = self.aside(readers)?;
                let other = other_text(of, readers);
                format!(" && !{name}.exists(a, a.{mine} && !(a.state in [{closed}]){other})")
            }
            _ => String::new(),
        };
        let filter = format!("(\n{}\n){mine}", readers.condition.source());
        let request = self.question(&of.name, &filter)?;
        // the declared condition may follow links that the reader himself cannot ask about
        let open = self.list(&Caller::system("Readers"), &request).await?.records;
        let mut found = self.seen(caller, open).await?;
        found.truncate(TO_READ);
        Ok(found)
    }

    /// The states of the acknowledgement in which it neither asks nor was given, written for a condition.
    fn aside(&self, readers: &Readers) -> Result<String, Error> {
        let ask = self.require_type(&readers.ask)?;
        let closed = ask.states.iter().filter(|s| s.kind == StateKind::Closed && s.name != readers.given);
        Ok(closed.map(|s| format!("{:?}", s.name)).collect::<Vec<_>>().join(", "))
    }

    /// Acknowledgements of a record by person, those that were given before those that are asked for.
    async fn acknowledgements(
        &self,
        readers: &Readers,
        record: &Record,
        me: Option<i64>,
    ) -> Result<BTreeMap<i64, Standing>, Error> {
        let program = Caller::system("Readers");
        let mut filter = format!("{} == '{}'", readers.at, record.reference());
        if let (Some(me), Some(person)) = (me, self.registry().get(PERSON)) {
            filter = format!("{filter} && {} == '{}'", readers.person, person.reference(me));
        }
        let present = record.digest();
        let mut found = BTreeMap::new();
        for ack in self.all(&program, &readers.ask, &filter).await? {
            let Value::Link(person) = ack.get(&readers.person) else { continue };
            let reference = Reference::new(ack.of.name.clone(), ack.number);
            if ack.state == readers.given {
                let at = self.given_at(&ack, readers);
                let kept = readers.digest.as_ref().and_then(|field| ack.text(field));
                // one that was given before digests were kept says nothing of the text
                if kept.is_none_or(|kept| present.as_deref() == Some(kept)) {
                    found.insert(person, Standing::Read(reference, at));
                } else {
                    found.entry(person).or_insert(Standing::ReadOther(reference, at));
                }
            } else if ack.of.state_kind(&ack.state) != StateKind::Closed {
                let due = ack.instant(&readers.due);
                let standing = found.entry(person).or_insert(Standing::ToRead(None, None));
                if !matches!(standing, Standing::Read(..)) {
                    *standing = Standing::ToRead(Some(reference), due);
                }
            }
        }
        Ok(found)
    }

    /// When an acknowledgement was given: the instant that its transition sets, else its last change.
    fn given_at(&self, ack: &Record, readers: &Readers) -> i64 {
        let sets = ack.of.transition(&readers.done).map(|t| &t.sets);
        let set = sets.and_then(|sets| sets.iter().find_map(|(field, _)| ack.instant(field)));
        set.unwrap_or(ack.updated_at)
    }

    fn question(&self, record_type: &str, filter: &str) -> Result<ListRequest, Error> {
        Ok(ListRequest {
            record_type: record_type.to_owned(),
            filter: Some(self.condition(filter, record_type)?),
            sort: String::new(),
            descending: false,
            after: None,
            limit: 500,
        })
    }

    /// All records that meet a condition, at most [`PEOPLE`].
    async fn all(&self, caller: &Caller, record_type: &str, filter: &str) -> Result<Vec<Record>, Error> {
        let mut request = self.question(record_type, filter)?;
        let mut found = Vec::new();
        loop {
            let page = self.list(caller, &request).await?;
            found.extend(page.records);
            request.after = page.next;
            if request.after.is_none() || found.len() >= PEOPLE {
                return Ok(found);
            }
        }
    }
}

/// A condition over acknowledgements `a` that leaves out those that were given for another text.
fn other_text(of: &RecordType, readers: &Readers) -> String {
    let present = of.version_of.as_ref().and_then(|spec| spec.digest.as_ref());
    let Some((kept, present)) = readers.digest.as_ref().zip(present) else { return String::new() };
    format!(
        " && !(a.state == {:?} && a.{kept} != null && {present} != null && a.{kept} != {present})",
        readers.given
    )
}

//! Other records that a page gathers for one record: how many, how many in the period before, and the newest of them.
//!
//! What is gathered and from which period is declared (`collect`); this only asks. Not here: the page (`web`) and the
//! paper (`report`).

use proofdesk_condition::Value;
use proofdesk_model::record_type::{Collection, PERIOD};
use proofdesk_model::{Action, Caller, Kind, Record, format};

use crate::Engine;
use crate::error::Error;
use crate::read::ListRequest;

/// Records that a collection shows; the list has all of them.
pub const NEWEST: usize = 12;

/// A collection with what is in it now.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// What is gathered.
    pub collection: Collection,
    /// How many records.
    pub total: u64,
    /// How many there were in the period of equal length before; none where there is no period.
    pub before: Option<u64>,
    /// The newest of them, at most [`NEWEST`].
    pub newest: Vec<Record>,
    /// The condition of the list that has all of them.
    pub filter: String,
}

impl Engine {
    /// What the collections of a record hold now, as far as the caller may read it: a collection of a type that is
    /// closed to him is left out. One with a period is left out while the record has no whole period. What links to
    /// the record itself is left out: it is a result of it (see [`Engine::led_to`]).
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn gather(&self, caller: &Caller, record: &Record) -> Result<Vec<Gathered>, Error> {
        let mut found = Vec::with_capacity(record.of.collections.len());
        for collection in &record.of.collections {
            let of = self.require_type(&collection.from)?;
            if !caller.may(&of, &Action::Read) {
                continue;
            }
            let own = own(record, collection);
            let (filter, earlier) = match &collection.on {
                None => (own.clone(), None),
                Some(on) => {
                    let Some((from, to)) = period(record) else { continue };
                    let is_day = of.field(on).is_some_and(|f| matches!(f.kind, Kind::Day));
                    let length = to - from + 1;
                    let now = within(&own, on, is_day, from, to);
                    (now, Some(within(&own, on, is_day, from - length, from - 1)))
                }
            };
            // what this record itself led to is its result, and none of its inputs
            let mut filter = filter;
            let results = |i: &&proofdesk_model::record_type::Inverse| {
                collection.through.is_none() && !i.many && i.from == collection.from
            };
            for inverse in record.of.inverses.values().filter(results) {
                filter = format!(
                    "(\n{filter}\n) && ({0} == null || {0} != '{1}')",
                    inverse.field,
                    record.reference()
                );
            }
            let condition = self.condition(&filter, &collection.from)?;
            if self.check_sees(caller, &of, &condition).is_err() {
                continue;
            }
            let total = self.count(caller, &collection.from, Some(&condition), None).await?;
            let before = match earlier {
                Some(earlier) => {
                    let earlier = self.condition(&earlier, &collection.from)?;
                    Some(self.count(caller, &collection.from, Some(&earlier), None).await?)
                }
                None => None,
            };
            let request = ListRequest {
                record_type: collection.from.clone(),
                filter: Some(condition),
                sort: collection.on.clone().unwrap_or_default(),
                descending: true,
                after: None,
                limit: NEWEST,
            };
            let newest = self.list(caller, &request).await?.records;
            found.push(Gathered { collection: collection.clone(), total, before, newest, filter });
        }
        Ok(found)
    }

    /// What the record led to, by relation: the records that link to it by themselves, of the relations that its
    /// steps ask about and, where it gathers what does not lead to it, of all relations. Empty ones are left out.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn led_to(&self, caller: &Caller, record: &Record) -> Result<Vec<Gathered>, Error> {
        let collections = &record.of.collections;
        let gathers = !collections.is_empty() && collections.iter().all(|c| c.through.is_none());
        let mut found = Vec::new();
        for (name, inverse) in record.of.inverses.iter().filter(|(_, i)| !i.many) {
            let of = self.require_type(&inverse.from)?;
            let is_asked = gathers || (collections.is_empty() && record.of.asks_about(name));
            if of.name == record.of.name || !is_asked || !caller.may(&of, &Action::Read) {
                continue;
            }
            let filter = format!("{} == '{}'", inverse.field, record.reference());
            let condition = self.condition(&filter, &of.name)?;
            if self.check_sees(caller, &of, &condition).is_err() {
                continue;
            }
            let request = ListRequest {
                record_type: of.name.clone(),
                filter: Some(condition.clone()),
                sort: String::new(),
                descending: false,
                after: None,
                limit: NEWEST,
            };
            let newest = self.list(caller, &request).await?.records;
            if newest.is_empty() {
                continue;
            }
            let total = self.count(caller, &of.name, Some(&condition), None).await?;
            let collection = Collection {
                name: name.clone(),
                label: of.plural.clone(),
                clause: None,
                from: of.name.clone(),
                through: None,
                on: None,
                condition: Some(condition),
            };
            found.push(Gathered { collection, total, before: None, newest, filter });
        }
        Ok(found)
    }
}

/// What of a type belongs to a collection of a record, whenever it was made.
pub fn own(record: &Record, collection: &Collection) -> String {
    let own = collection.condition.as_ref().map(|c| c.source());
    match (&collection.through, own) {
        (None, own) => own.unwrap_or("true").to_owned(),
        (Some(through), None) => through.condition(&record.reference()),
        // on lines of its own: a comment at the end of the condition must not swallow the bracket
        (Some(through), Some(own)) => format!("{} && (\n{own}\n)", through.condition(&record.reference())),
    }
}

/// First and last day of a record's period, where it has both in the right order.
fn period(record: &Record) -> Option<(i32, i32)> {
    match (record.get(PERIOD[0]), record.get(PERIOD[1])) {
        (Value::Day(from), Value::Day(to)) if from <= to => Some((from, to)),
        _ => None,
    }
}

/// The condition narrowed to a period, both days included. Each on lines of its own: a comment at the end of the
/// declared condition must not swallow the bracket.
fn within(own: &str, on: &str, is_day: bool, from: i32, to: i32) -> String {
    let (from, after) = (format::write_day(from), format::write_day(to + 1));
    let bounds = if is_day {
        format!("{on} >= day(\"{from}\") && {on} < day(\"{after}\")")
    } else {
        format!("{on} >= timestamp(\"{from}T00:00:00Z\") && {on} < timestamp(\"{after}T00:00:00Z\")")
    };
    if own == "true" {
        format!("{on} != null && {bounds}")
    } else {
        format!("(\n{own}\n) && {on} != null && {bounds}")
    }
}

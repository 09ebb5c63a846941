//! The rule `reporter`: a record belongs to the customer of whoever reported it or asks, and came by the portal where a
//! requester wrote it on a page; where nobody said otherwise.
//!
//! Only when it is recorded; an import is as it was.
//! Source: ISO/IEC 20000-1:2018, 8.3.2, 8.6.1, 8.6.2.

use proofdesk_model::{Door, Draft, Facts, Lookup, Reference, Rule, Stamp, Value};

/// The rule `reporter`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reporter;

/// The customer of a record and of a person.
const CUSTOMER: &str = "customer";

/// By which way a record came, and what it says of pages for requesters.
const CHANNEL: &str = "channel";
const PORTAL: &str = "portal";

/// Whether a requester records it on a page, and nobody said by which way it came.
fn is_by_portal(draft: &Draft) -> bool {
    let open = draft.after().value(CHANNEL).is_some_and(Value::is_null) && !draft.gave(CHANNEL);
    let page = draft.stamp().door == Door::Page && draft.caller().is_mere_requester();
    open && page && draft.before().is_none()
}

/// The person whose customer it may belong to.
fn person(draft: &Draft) -> Option<Reference> {
    let record = draft.after();
    let open = record.value(CUSTOMER).is_some_and(Value::is_null) && !draft.gave(CUSTOMER);
    if !open || draft.before().is_some() || draft.stamp().door == Door::Import {
        return None;
    }
    let number = record.int("reported_by").or_else(|| record.int("requested_by"))?;
    Some(Reference::new("person", number))
}

impl Rule for Reporter {
    fn name(&self) -> &'static str {
        "reporter"
    }

    fn wants(&self, draft: &Draft) -> Vec<Lookup> {
        person(draft).into_iter().map(Lookup::One).collect()
    }

    fn derive(&self, draft: &mut Draft, facts: &Facts, _stamp: &Stamp) {
        let options = draft.of().field(CHANNEL).map_or(&[][..], |f| f.options());
        if is_by_portal(draft) && options.iter().any(|o| o.name == PORTAL) {
            draft.after_mut().set(CHANNEL, Value::Text(PORTAL.to_owned()));
        }
        let customer = person(draft).and_then(|r| facts.one(&r)).and_then(|p| p.int(CUSTOMER));
        if let Some(customer) = customer {
            draft.after_mut().set(CUSTOMER, Value::Link(customer));
        }
    }
}

//! People who are known otherwise than by signing in: by their address, and what they may do then.
//!
//! Not here: accounts (`account`), how an address is read from a mail (`mail`).
//! Invariants: an address that two people have is nobody's; whoever was shut out is not let in by his address.

use proofdesk_condition::quoted;
use proofdesk_model::{Caller, Record, StateKind};

use crate::Engine;
use crate::error::Error;
use crate::read::ListRequest;

/// The type of people, to whom accounts belong.
pub const PEOPLE: &str = "person";
/// Their field with the address.
pub const ADDRESS: &str = "mail";

/// Who has an address.
#[derive(Debug, Clone)]
pub enum Addressed {
    /// Nobody who is still there.
    Nobody,
    /// This person alone.
    One(Box<Record>),
    /// Several people who are still there: it cannot be told which.
    Several,
}

impl Engine {
    /// The person who is still there and has an address. Letters A to Z are the same in both cases; no others are, so
    /// that nobody is taken for another by a letter that looks alike.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn person_by_address(&self, address: &str) -> Result<Addressed, Error> {
        let address = address.trim().to_ascii_lowercase();
        if address.is_empty() || address.contains(char::is_control) {
            return Ok(Addressed::Nobody);
        }
        let of = self.require_type(PEOPLE)?;
        let there = of.states.iter().filter(|state| state.kind != StateKind::Closed);
        let states: Vec<String> = there.map(|state| format!("\"{}\"", state.name)).collect();
        let (written, states) = (quoted(&address), states.join(", "));
        let source =
            format!("{ADDRESS} != null && {ADDRESS}.lowerAscii() == {written} && state in [{states}]");
        let request = ListRequest {
            record_type: of.name.clone(),
            filter: Some(self.condition(&source, &of.name)?),
            sort: String::new(),
            descending: false,
            after: None,
            limit: 2,
        };
        let mut found = self.list(&Caller::system("Addresses"), &request).await?.records;
        Ok(match (found.pop(), found.is_empty()) {
            (None, _) => Addressed::Nobody,
            (Some(one), true) => Addressed::One(Box::new(one)),
            (Some(_), false) => Addressed::Several,
        })
    }
}

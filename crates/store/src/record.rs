//! Records from rows, and their relations.

use std::collections::BTreeMap;
use std::sync::Arc;

use proofdesk_model::{Record, RecordType, Reference};

use crate::error::Error;
use crate::store::Store;

impl Store {
    /// Loads a record, without its relations.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn load(&self, of: &Arc<RecordType>, number: i64) -> Result<Option<Record>, Error> {
        Ok(self.load_many(of, &[number]).await?.pop())
    }

    /// Loads records by number, without their relations, in the order of the numbers given; those that do not exist
    /// are left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn load_many(&self, of: &Arc<RecordType>, numbers: &[i64]) -> Result<Vec<Record>, Error> {
        let _ = (of, numbers);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Gives the relations of a record by name: many-links, inverses of many-links and inverses of single links,
    /// each sorted by number; only `relation` where given. Every relation of the type has a list, maybe empty.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn links(
        &self,
        record: &Reference,
        of: &RecordType,
        relation: Option<&str>,
    ) -> Result<BTreeMap<String, Vec<Reference>>, Error> {
        let _ = (record, of, relation);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Finds the number of the record with this external key.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn find_external(&self, of: &RecordType, key: &str) -> Result<Option<i64>, Error> {
        let _ = (of, key);
        Err(Error::Internal("not in this build".to_owned()))
    }
}

//! What is written together with a change or a comment: files, and rows of engine tables that say where it came from.

use std::sync::Arc;

use proofdesk_model::{Action, Caller, Record, RecordType, Reference, Stamp};
use proofdesk_store::Statement;

use crate::attachment::{Attachment, Received};
use crate::comment::Audience;
use crate::error::Error;

/// Rows that need the record, which may be new, to be written.
type Rows = Arc<dyn Fn(&Reference) -> Vec<Statement> + Send + Sync>;

/// What goes with a write in the same transaction.
#[derive(Clone, Default)]
pub struct Beside {
    /// Files that become attachments of the record, each with who may see it.
    pub files: Vec<(Received, Audience)>,
    rows: Option<Rows>,
}

impl Beside {
    /// Files and rows; the rows are asked for when the record has its number.
    pub fn new(
        files: Vec<(Received, Audience)>,
        rows: impl Fn(&Reference) -> Vec<Statement> + Send + Sync + 'static,
    ) -> Self {
        Self { files, rows: Some(Arc::new(rows)) }
    }

    /// Makes attachments of the files, after those of fields.
    ///
    /// # Errors
    /// `Forbidden` for who may not add files to records of the type.
    pub(crate) fn along(
        self,
        of: &RecordType,
        caller: &Caller,
        stamp: &Stamp,
        mut files: Vec<Attachment>,
    ) -> Result<Along, Error> {
        if !self.files.is_empty() {
            of.permit(caller, Action::Attach, None).map_err(Error::Forbidden)?;
        }
        let made =
            self.files.into_iter().map(|(file, audience)| file.into_attachment(caller, stamp, audience));
        files.extend(made);
        Ok(Along { files, rows: self.rows })
    }
}

/// The same, ready to be written.
#[derive(Clone, Default)]
pub(crate) struct Along {
    pub files: Vec<Attachment>,
    rows: Option<Rows>,
}

impl Along {
    /// The rows for a record that has its number.
    pub fn statements(&self, record: &Record) -> Vec<Statement> {
        let mut statements: Vec<Statement> = self.files.iter().map(|f| f.row(record)).collect();
        let about = Reference::new(record.of.name.clone(), record.number);
        statements.extend(self.rows.iter().flat_map(|rows| rows(&about)));
        statements
    }
}

//! Files of a record: streamed in and out, limited in size, their type taken from their bytes, kept by hash.

mod name;
mod scan;

use std::collections::HashMap;

use proofdesk_model::{Action, Caller, Door, Kind, Record, RecordType, Reference, Stamp};
use proofdesk_store::{BlobReader, BlobWriter, Select, Statement};
use serde::Serialize;
use uuid::Uuid;

use crate::Engine;
use crate::comment::Audience;
use crate::error::Error;
use name::{clean_name, fitting};
use scan::Scan;
pub use scan::Scanner;

/// Largest attachment, in bytes, where the configuration says nothing else.
pub const ATTACHMENT_MAX: u64 = 25 * 1_048_576;

/// A file of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// Its id (UUID).
    pub id: String,
    /// Name given by the sender, without folders.
    pub name: String,
    /// Media type by its bytes; `application/octet-stream` where they say nothing.
    pub media_type: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content, hexadecimal.
    pub sha256: String,
    /// When it came, microseconds UTC.
    pub at: i64,
    /// Person who added it.
    pub person: Option<i64>,
    /// Who may see it.
    pub audience: Audience,
}

impl Attachment {
    /// Whether a browser may show it by itself: pictures and plain text; everything else is downloaded.
    pub fn is_shown_inline(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "text/plain"
        )
    }
}

/// A file on its way in, before it belongs to a record. Dropped without [`Intake::finish`], nothing of it remains
/// visible.
pub struct Intake {
    writer: BlobWriter,
    scan: Option<Scan>,
    name: String,
    head: Vec<u8>,
    size: u64,
    most: u64,
}

/// A file that was taken in whole and belongs to no record yet; it goes away after a day if none takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    id: String,
    name: String,
    media_type: String,
    size_bytes: u64,
    sha256: String,
}

/// An attachment on its way in. Dropped without [`Upload::finish`], nothing of it remains visible.
pub struct Upload {
    engine: Engine,
    intake: Intake,
    record: Record,
    caller: Caller,
    stamp: Stamp,
    audience: Audience,
}

impl Engine {
    /// Begins an attachment of at most `most` bytes.
    ///
    /// # Errors
    /// `Forbidden`, `NotFound`, `Invalid` for a file name that is none.
    pub async fn attach(
        &self,
        caller: &Caller,
        on: &Reference,
        name: &str,
        audience: Audience,
        most: u64,
        door: Door,
    ) -> Result<Upload, Error> {
        let record = self.require_for(caller, on, Action::Attach).await?;
        if audience == Audience::Staff && !caller.reads_notes(&record.of) {
            record.of.permit(caller, Action::Note, Some(&record)).map_err(Error::Forbidden)?;
        }
        let stamp = Stamp::now(self.now(), door);
        let intake = self.take_in(name, most).await?;
        Ok(Upload { engine: self.clone(), intake, record, caller: caller.clone(), stamp, audience })
    }

    /// Begins to take in a file of at most `most` bytes for a field of a record of this type, new or not.
    ///
    /// # Errors
    /// `Forbidden`, `Invalid` for a file name that is none.
    pub async fn receive(
        &self,
        caller: &Caller,
        of: &RecordType,
        name: &str,
        most: u64,
    ) -> Result<Intake, Error> {
        of.permit(caller, Action::Attach, None).map_err(Error::Forbidden)?;
        self.take_in(name, most).await
    }

    async fn take_in(&self, name: &str, most: u64) -> Result<Intake, Error> {
        let name = clean_name(name)?;
        let writer = self.store().put_blob(Uuid::now_v7(), self.now()).await?;
        Ok(Intake { writer, scan: self.scan(), name, head: Vec::new(), size: 0, most })
    }

    /// The attachments of a record that the caller may see, oldest first.
    ///
    /// # Errors
    /// `Forbidden` or a fault of the database.
    pub async fn attachments(&self, caller: &Caller, on: &Reference) -> Result<Vec<Attachment>, Error> {
        let of = self.readable_at(caller, on).await?;
        let staff = caller.reads_notes(&of);
        let question = Select::from("attachment", &COLUMNS)
            .short()
            .when("record_type", on.record_type.clone())
            .when("number", on.number)
            .order("at")
            .order("id")
            .limit(1_000);
        let rows = self.store().select(question).await?;
        Ok(rows.iter().map(read).filter(|a| staff || a.audience == Audience::Customer).collect())
    }

    /// The attachments that fields of these records name and that the caller may see, by id.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn named_files(
        &self,
        caller: &Caller,
        records: &[Record],
    ) -> Result<HashMap<String, Attachment>, Error> {
        let mut wanted: HashMap<&str, &Record> = HashMap::new();
        for record in records {
            for field in record.of.fields.values().filter(|f| matches!(f.kind, Kind::File)) {
                wanted.extend(record.text(&field.name).map(|id| (id, record)));
            }
        }
        let ids: Vec<&str> = wanted.keys().copied().collect();
        let mut found = HashMap::new();
        for some in ids.chunks(200) {
            let mut columns = COLUMNS.to_vec();
            columns.extend(["record_type", "number"]);
            let question = Select::from("attachment", &columns).when_in("id", some.iter().copied());
            for row in self.store().select(question).await? {
                let file = read(&row);
                let is_of = |r: &&&Record| r.of.name == row.text(8) && r.number == row.int(9);
                let Some(record) = wanted.get(file.id.as_str()).filter(is_of) else { continue };
                if file.audience == Audience::Customer || caller.reads_notes(&record.of) {
                    found.insert(file.id.clone(), file);
                }
            }
        }
        Ok(found)
    }

    /// Whether a record has an attachment of this id.
    pub(crate) async fn has_attachment(&self, record: &Record, id: &str) -> Result<bool, Error> {
        let question = Select::from("attachment", &["id"])
            .when("id", id)
            .when("record_type", record.of.name.clone())
            .when("number", record.number);
        Ok(!self.store().select(question).await?.is_empty())
    }

    /// Opens an attachment of a record.
    ///
    /// # Errors
    /// `NotFound` when the record has none of this id that the caller may see.
    pub async fn open_attachment(
        &self,
        caller: &Caller,
        on: &Reference,
        id: &str,
    ) -> Result<(Attachment, BlobReader), Error> {
        let missing = || Error::NotFound("attachment of this id".to_owned());
        let found =
            self.attachments(caller, on).await?.into_iter().find(|a| a.id == id).ok_or_else(missing)?;
        let reader = self.store().read_blob(&found.sha256).await?.ok_or_else(missing)?;
        Ok((found, reader))
    }
}

impl Intake {
    /// Adds bytes.
    ///
    /// # Errors
    /// `TooLarge` beyond the limit, `NotScanned` where the scanner takes no more; the file is then given up.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        if self.size > self.most {
            let most = self.most / 1_048_576;
            return Err(Error::TooLarge(format!(
                "This file is larger than {most} MiB. Nothing of it was kept."
            )));
        }
        if self.head.len() < 8_192 {
            let more = bytes.len().min(8_192 - self.head.len());
            self.head.extend_from_slice(&bytes[..more]);
        }
        if let Some(scan) = &mut self.scan {
            scan.write(bytes).await?;
        }
        Ok(self.writer.write(bytes).await?)
    }

    /// Ends it.
    ///
    /// # Errors
    /// `Invalid` when it is empty or the scanner found something in it, `NotScanned` where the scanner gave no answer, or a
    /// fault of the database. Nothing of it is kept then.
    pub async fn finish(self) -> Result<Received, Error> {
        if self.size == 0 {
            self.writer.abandon().await?;
            return Err(Error::invalid("file", "required", "The file is empty."));
        }
        if let Some(scan) = self.scan
            && let Err(error) = scan.finish().await
        {
            self.writer.abandon().await?;
            return Err(error);
        }
        let (sha256, size) = self.writer.finish().await?;
        let media_type = media_type(&self.head);
        Ok(Received {
            id: Uuid::now_v7().to_string(),
            name: fitting(&self.name, &media_type, infer::get(&self.head).map(|kind| kind.extension())),
            media_type,
            size_bytes: u64::try_from(size).unwrap_or(self.size),
            sha256,
        })
    }
}

impl Received {
    /// The id that it will have as an attachment: the value of the field that takes it.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn into_attachment(self, caller: &Caller, stamp: &Stamp, audience: Audience) -> Attachment {
        Attachment {
            id: self.id,
            name: self.name,
            media_type: self.media_type,
            size_bytes: self.size_bytes,
            sha256: self.sha256,
            at: stamp.occurred_at,
            person: caller.person,
            audience,
        }
    }
}

impl Attachment {
    /// Its row.
    pub(crate) fn row(&self, on: &Record) -> Statement {
        Statement::insert("attachment")
            .set("id", self.id.clone())
            .set("record_type", on.of.name.clone())
            .set("number", on.number)
            .set("name", self.name.clone())
            .set("media_type", self.media_type.clone())
            .set("size_bytes", i64::try_from(self.size_bytes).unwrap_or(i64::MAX))
            .set("sha256", self.sha256.clone())
            .set("at", self.at)
            .set("person", self.person)
            .set("audience", self.audience.as_str())
    }

    /// What its entry says.
    pub(crate) fn note(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id, "name": self.name, "media_type": self.media_type,
            "size_bytes": self.size_bytes, "sha256": self.sha256, "audience": self.audience.as_str(),
        })
    }
}

impl Upload {
    /// Says who may see the file, where it was not known when the upload began.
    #[must_use]
    pub fn seen_by(mut self, audience: Audience) -> Self {
        self.audience = audience;
        self
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// As [`Intake::write`]; the upload is then given up.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.intake.write(bytes).await
    }

    /// Ends the streaming: all bytes are kept, but belong to no record yet.
    ///
    /// # Errors
    /// As [`Intake::finish`].
    pub async fn seal(self) -> Result<SealedUpload, Error> {
        let received = self.intake.finish().await?;
        Ok(SealedUpload {
            engine: self.engine,
            received,
            record: self.record,
            caller: self.caller,
            stamp: self.stamp,
            audience: self.audience,
        })
    }

    /// Makes the attachment part of the record; its entry is in the log when this returns.
    ///
    /// # Errors
    /// As [`Intake::finish`].
    pub async fn finish(self) -> Result<Attachment, Error> {
        self.seal().await?.attach(Uuid::now_v7()).await
    }

    /// Makes several attachments part of their record, once all have been taken.
    ///
    /// # Errors
    /// As [`Intake::finish`]: then none of them is part of it.
    pub async fn finish_all(uploads: Vec<Self>) -> Result<(), Error> {
        let mut sealed = Vec::with_capacity(uploads.len());
        for upload in uploads {
            sealed.push(upload.seal().await?);
        }
        for one in sealed {
            one.attach(Uuid::now_v7()).await?;
        }
        Ok(())
    }
}

/// A file that has come whole and waits to become part of its record.
#[derive(Clone)]
pub struct SealedUpload {
    engine: Engine,
    received: Received,
    record: Record,
    caller: Caller,
    stamp: Stamp,
    audience: Audience,
}

impl SealedUpload {
    /// SHA-256 of its bytes, hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.received.sha256
    }

    /// Its name, without folders.
    pub fn name(&self) -> &str {
        &self.received.name
    }

    /// Makes it part of the record; `id` is its id and makes it happen at most once.
    ///
    /// # Errors
    /// `Forbidden`, or a fault of the database.
    pub async fn attach(self, id: Uuid) -> Result<Attachment, Error> {
        let (record, caller) = (self.record, self.caller);
        let permit = record.of.permit(&caller, Action::Attach, Some(&record)).map_err(Error::Forbidden)?;
        let received = Received { id: id.to_string(), ..self.received };
        let attachment = received.into_attachment(&caller, &self.stamp, self.audience);
        let row = attachment.row(&record);
        self.engine
            .note_once(&permit, &record, &self.stamp, "attach", attachment.note(), vec![row], id)
            .await?;
        Ok(attachment)
    }
}

const COLUMNS: [&str; 8] = ["id", "name", "media_type", "size_bytes", "sha256", "at", "person", "audience"];

fn read(row: &proofdesk_store::Row) -> Attachment {
    Attachment {
        id: row.text(0).to_owned(),
        name: row.text(1).to_owned(),
        media_type: row.text(2).to_owned(),
        size_bytes: u64::try_from(row.int(3)).unwrap_or_default(),
        sha256: row.text(4).to_owned(),
        at: row.int(5),
        person: row.opt_int(6),
        audience: if row.text(7) == "customer" { Audience::Customer } else { Audience::Staff },
    }
}

/// The media type that bytes themselves show. HTML, SVG and scripts are plain text here: no browser may run them.
fn media_type(head: &[u8]) -> String {
    if let Some(kind) = infer::get(head) {
        let found = kind.mime_type();
        return if found.starts_with("text/") { "text/plain" } else { found }.to_owned();
    }
    let text = match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        Err(e) if e.error_len().is_none() => std::str::from_utf8(&head[..e.valid_up_to()]).ok(),
        Err(_) => None,
    };
    match text {
        Some(t) if !t.chars().any(|c| c.is_control() && !"\t\r\n".contains(c)) => "text/plain".to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn type_comes_from_the_bytes() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n0000"), "image/png");
        assert_eq!(media_type(b"<html><script>alert(1)</script>"), "text/plain");
        assert_eq!(media_type(b"hello \xc3\xa4"), "text/plain");
        assert_eq!(media_type(b"\x00\x01\x02"), "application/octet-stream");
    }
}

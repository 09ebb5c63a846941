//! Files of a record: streamed in and out, limited in size, their type taken from their bytes, kept by hash.

use proofdesk_model::{Action, Caller, Door, Record, Reference, Stamp};
use proofdesk_store::{BlobReader, BlobWriter, Select, Statement};
use serde::Serialize;
use uuid::Uuid;

use crate::Engine;
use crate::comment::Audience;
use crate::error::Error;

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

/// An attachment on its way in. Dropped without [`Upload::finish`], nothing of it remains visible.
pub struct Upload {
    engine: Engine,
    writer: BlobWriter,
    record: Record,
    caller: Caller,
    stamp: Stamp,
    name: String,
    audience: Audience,
    head: Vec<u8>,
    size: u64,
    most: u64,
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
        let name = clean_name(name)?;
        let stamp = Stamp::now(self.now(), door);
        let writer = self.store().put_blob(Uuid::now_v7(), stamp.at).await?;
        let caller = caller.clone();
        Ok(Upload {
            engine: self.clone(),
            writer,
            record,
            caller,
            stamp,
            name,
            audience,
            head: Vec::new(),
            size: 0,
            most,
        })
    }

    /// The attachments of a record that the caller may see, oldest first.
    ///
    /// # Errors
    /// `Forbidden` or a fault of the database.
    pub async fn attachments(&self, caller: &Caller, on: &Reference) -> Result<Vec<Attachment>, Error> {
        let of = self.readable_at(caller, on).await?;
        let staff = caller.reads_notes(&of);
        let columns = ["id", "name", "media_type", "size_bytes", "sha256", "at", "person", "audience"];
        let question = Select::from("attachment", &columns)
            .when("record_type", on.record_type.clone())
            .when("number", on.number)
            .order("at")
            .order("id")
            .limit(1_000);
        let rows = self.store().select(question).await?;
        let read = |row: &proofdesk_store::Row| Attachment {
            id: row.text(0).to_owned(),
            name: row.text(1).to_owned(),
            media_type: row.text(2).to_owned(),
            size_bytes: u64::try_from(row.int(3)).unwrap_or_default(),
            sha256: row.text(4).to_owned(),
            at: row.int(5),
            person: row.opt_int(6),
            audience: if row.text(7) == "customer" { Audience::Customer } else { Audience::Staff },
        };
        Ok(rows.iter().map(read).filter(|a| staff || a.audience == Audience::Customer).collect())
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
    /// `TooLarge` beyond the limit; the upload is then given up.
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
        Ok(self.writer.write(bytes).await?)
    }

    /// Ends the streaming: all bytes are kept, but belong to no record yet.
    ///
    /// # Errors
    /// `Invalid` when it is empty, or a fault of the database.
    pub async fn seal(self) -> Result<SealedUpload, Error> {
        if self.size == 0 {
            self.writer.abandon().await?;
            return Err(Error::invalid("file", "required", "The file is empty."));
        }
        let (sha256, size) = self.writer.finish().await?;
        Ok(SealedUpload {
            engine: self.engine,
            record: self.record,
            caller: self.caller,
            stamp: self.stamp,
            attachment: Attachment {
                id: String::new(),
                name: self.name,
                media_type: media_type(&self.head),
                size_bytes: u64::try_from(size).unwrap_or(self.size),
                sha256,
                at: self.stamp.occurred_at,
                person: None,
                audience: self.audience,
            },
        })
    }

    /// Makes the attachment part of the record; its entry is in the log when this returns.
    ///
    /// # Errors
    /// `Invalid` when it is empty, or a fault of the database.
    pub async fn finish(self) -> Result<Attachment, Error> {
        self.seal().await?.attach(Uuid::now_v7()).await
    }
}

/// A file that has come whole and waits to become part of its record.
#[derive(Clone)]
pub struct SealedUpload {
    engine: Engine,
    record: Record,
    caller: Caller,
    stamp: Stamp,
    attachment: Attachment,
}

impl SealedUpload {
    /// SHA-256 of its bytes, hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.attachment.sha256
    }

    /// Its name, without folders.
    pub fn name(&self) -> &str {
        &self.attachment.name
    }

    /// Makes it part of the record; `id` is its id and makes it happen at most once.
    ///
    /// # Errors
    /// `Forbidden`, or a fault of the database.
    pub async fn attach(self, id: Uuid) -> Result<Attachment, Error> {
        let (record, caller) = (self.record, self.caller);
        let permit = record.of.permit(&caller, Action::Attach, Some(&record)).map_err(Error::Forbidden)?;
        let attachment = Attachment { id: id.to_string(), person: caller.person, ..self.attachment };
        let row = Statement::insert("attachment")
            .set("id", attachment.id.clone())
            .set("record_type", record.of.name.clone())
            .set("number", record.number)
            .set("name", attachment.name.clone())
            .set("media_type", attachment.media_type.clone())
            .set("size_bytes", i64::try_from(attachment.size_bytes).unwrap_or(i64::MAX))
            .set("sha256", attachment.sha256.clone())
            .set("at", attachment.at)
            .set("person", attachment.person)
            .set("audience", attachment.audience.as_str());
        let note = serde_json::json!({
            "id": attachment.id, "name": attachment.name, "media_type": attachment.media_type,
            "size_bytes": attachment.size_bytes, "sha256": attachment.sha256, "audience": attachment.audience.as_str(),
        });
        self.engine.note_once(&permit, &record, &self.stamp, "attach", note, vec![row], id).await?;
        Ok(attachment)
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

/// Characters that cannot be seen, or that make a name read otherwise than it is (`exe.gpj` as `jpg.exe`): controls,
/// marks of direction, separators of lines, joiners of nothing, tags.
fn is_unseen(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || matches!(code, 0xAD | 0x61C | 0x180E | 0x200B | 0x200E | 0x200F | 0xFEFF)
        || matches!(code, 0x2028..=0x202E | 0x2060..=0x206F | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
}

fn clean_name(name: &str) -> Result<String, Error> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !is_unseen(*c)).take(200).collect();
    let clean = clean.trim().to_owned();
    if clean.trim_matches(['.', ' ']).is_empty() {
        return Err(Error::invalid("file", "format", "The file needs a name."));
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use super::{clean_name, media_type};

    #[test]
    fn type_comes_from_the_bytes() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n0000"), "image/png");
        assert_eq!(media_type(b"<html><script>alert(1)</script>"), "text/plain");
        assert_eq!(media_type(b"hello \xc3\xa4"), "text/plain");
        assert_eq!(media_type(b"\x00\x01\x02"), "application/octet-stream");
    }

    #[test]
    fn folders_are_cut_from_names() {
        assert_eq!(clean_name("../../etc/passwd").ok().as_deref(), Some("passwd"));
        assert_eq!(clean_name("C:\\a\\b.txt").ok().as_deref(), Some("b.txt"));
        assert!(clean_name("..").is_err());
    }

    #[test]
    fn nothing_unseen_stays_in_a_name() {
        for (given, kept) in [
            ("photo_\u{202E}gpj.exe", "photo_gpj.exe"),
            ("a\u{2066}b\u{2069}\u{200F}.txt", "ab.txt"),
            ("line\u{2028}break\u{7}\r\n.log", "linebreak.log"),
            (" \u{FEFF}r\u{AD}eport\u{200B}.pdf ", "report.pdf"),
            ("\u{E0041}tag.txt", "tag.txt"),
            ("\u{0645}\u{0644}\u{0641}.txt", "\u{0645}\u{0644}\u{0641}.txt"),
            ("Überblick 日本.png", "Überblick 日本.png"),
        ] {
            assert_eq!(clean_name(given).ok().as_deref(), Some(kept), "{given:?}");
        }
        assert!(clean_name("\u{202E}\u{200F}").is_err());
    }
}

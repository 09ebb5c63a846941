//! Frameworks that are imported or kept by a site: drafts, publishing, and what an edition changes.
//!
//! Invariant: rows are only ever added, each with an entry of the log that carries the SHA-256 of its text. A published
//! edition is frozen: a text of the same edition that says something else is refused with what differs.

pub(crate) mod proof;
pub(crate) mod shelf;

use proofdesk_engine::apart;
use proofdesk_model::entry::Entry;
use proofdesk_model::{Caller, Door, Permit, Problem, Problems, Reference, Stamp};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::conformity::Conformity;
use crate::declarations::Declarations;
use crate::error::Error;
use crate::framework::Framework;
use crate::framework::differ::{Difference, differences};
use crate::framework::write::digest_of;
use crate::reader::Source;
use crate::run::{TRIES, sealed};
use crate::tables::{self, StoredRow};
use shelf::{Shelf, frozen};

/// Who may import and publish.
pub const ROLES: [&str; 2] = ["sms_manager", "administrator"];
/// How long declarations are taken as they are before the stored ones are looked at again, microseconds.
const LOOK: i64 = 5_000_000;
/// The longest text that is stored, bytes.
const TEXT_MAX: usize = 8_000_000;

pub(crate) const REQUIREMENTS: &str = "requirements";
pub(crate) const LINKS: &str = "links";
pub(crate) const DRAFT: &str = "draft";
pub(crate) const PUBLISHED: &str = "published";

/// What a stored text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The requirements of a framework.
    Requirements,
    /// Controls, uses and mappings that belong to it.
    Links,
}

/// Whether an edition is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not published.
    Draft,
    /// Published: frozen.
    Published,
}

/// A stored edition or set of links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edition {
    /// Its number; `FRW-3` in the log.
    pub id: i64,
    /// What it is.
    pub part: Part,
    /// Whether it was a draft.
    pub state: Standing,
    /// The edition; empty for links.
    pub edition: String,
    /// SHA-256 of its text, as sealed.
    pub digest: String,
    /// Where it came from: `OSCAL: catalog.json`.
    pub origin: String,
    /// When, microseconds UTC.
    pub at: i64,
    /// Who stored it.
    pub author: String,
}

/// A framework in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameworkInfo {
    /// `iso-20000-1-2018`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// The edition in force; none while there are only drafts.
    pub edition: Option<String>,
    /// SHA-256 of the edition in force.
    pub digest: Option<String>,
    /// Requirements in force, or of the draft where none is.
    pub requirements: u64,
    /// Of them, those that a test serves.
    pub tested: u64,
    /// Mappings that speak of its requirements.
    pub mapped: u64,
    /// It is part of the program.
    pub shipped: bool,
    /// The edition that waits to be published.
    pub draft: Option<String>,
    /// Stored editions and links, newest first.
    pub editions: Vec<Edition>,
}

/// A difference with what it touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Touched {
    /// What is different.
    #[serde(flatten)]
    pub difference: Difference,
    /// Tests that serve it.
    pub tests: Vec<String>,
    /// Requirements of other frameworks set beside it: `iso-20000-1-2018 8.6.1-a`.
    pub mappings: Vec<String>,
    /// Judgements of people about it.
    pub judgements: u64,
}

/// What a draft changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Update {
    /// The framework.
    pub framework: String,
    /// What people call it.
    pub title: String,
    /// The edition in force; none for a new framework.
    pub from: Option<String>,
    /// The edition of the draft.
    pub to: String,
    /// SHA-256 of the draft.
    pub digest: String,
    /// Where the draft comes from.
    pub origin: String,
    /// Requirements of the draft.
    pub requirements: u64,
    /// Differences in order.
    pub differences: Vec<Touched>,
}

impl Conformity {
    /// Looks at the stored frameworks now and then: other nodes and the command line publish, too.
    ///
    /// # Errors
    /// As [`Conformity::refresh`].
    pub(crate) async fn look(&self) -> Result<(), Error> {
        let at = self.seen(None).at;
        if (at..=at + LOOK).contains(&self.engine().now()) { Ok(()) } else { self.refresh().await }
    }

    /// Puts in force what is published, where something new is stored.
    ///
    /// # Errors
    /// `Declarations` when a file of the site says something else than the published edition; a fault of the database.
    pub async fn refresh(&self) -> Result<(), Error> {
        let seen = self.seen(Some(self.engine().now()));
        let newest = tables::newest_stored(self.engine()).await?;
        if newest == seen.newest {
            return Ok(());
        }
        let rows = self.stored_rows().await?;
        let site = self.declarations().site.clone();
        let registry = self.engine().registry().clone();
        let built = apart(move || Declarations::beside(&registry, site, &rows)).await??;
        for mistake in &built.left_out {
            tracing::warn!(%mistake, "a stored part of a framework is not used");
        }
        self.replace(built, newest);
        Ok(())
    }

    /// The stored rows; one whose digest is not what its entry of the log says has an empty digest and is not used.
    async fn stored_rows(&self) -> Result<Vec<StoredRow>, Error> {
        let mut rows = tables::stored(self.engine()).await?;
        for row in &mut rows {
            let entries = self.engine().history(&Reference::new("conformity_framework", row.id), 1).await?;
            let sealed =
                entries.first().and_then(|e| e.note.as_ref()?.get("digest")?.as_str().map(str::to_owned));
            if sealed.as_deref() != Some(row.digest.as_str()) {
                row.digest = String::new();
            }
        }
        Ok(rows)
    }

    /// All frameworks, those in force and drafts, by id.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn frameworks(&self) -> Result<Vec<FrameworkInfo>, Error> {
        self.look().await?;
        let rows = tables::stored(self.engine()).await?;
        let declared = self.declarations();
        let mut ids: Vec<&str> = declared.frameworks.iter().map(|f| f.id.as_str()).collect();
        ids.extend(declared.drafts.iter().map(|(f, _)| f.id.as_str()));
        ids.sort_unstable();
        ids.dedup();
        let info = |id: &str| {
            let draft = declared.draft(id).map(|(f, _)| f);
            let live = declared.framework(id);
            let shown = live.or(draft)?;
            let served = |o: &&String| !declared.controls.serving(id, o).is_empty();
            let mut editions: Vec<Edition> =
                rows.iter().filter(|r| r.framework == id).map(edition_of).collect();
            editions.reverse();
            Some(FrameworkInfo {
                id: id.to_owned(),
                title: shown.title.clone(),
                edition: live.map(|f| f.edition.clone()),
                digest: live.map(Framework::digest),
                requirements: shown.obligations.len() as u64,
                tested: live.map_or(0, |f| f.obligations.keys().filter(served).count() as u64),
                mapped: declared.controls.mappings.iter().filter(|m| m.target.0 == id).count() as u64,
                shipped: declared.is_shipped(id),
                draft: draft.map(|f| f.edition.clone()),
                editions,
            })
        };
        Ok(ids.into_iter().filter_map(info).collect())
    }

    /// What the draft of a framework changes against the edition in force, and which tests, mappings and judgements
    /// that touches.
    ///
    /// # Errors
    /// `NotFound` where there is no draft; a fault of the database.
    pub async fn update_of(&self, id: &str) -> Result<Update, Error> {
        self.look().await?;
        let found = self.declarations().draft(id);
        let (draft, origin) = found.ok_or_else(|| Error::NotFound(format!("draft of {id}")))?;
        self.compare(draft, origin).await
    }

    /// What a framework would change against the edition in force.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn compare(&self, draft: &Framework, origin: &str) -> Result<Update, Error> {
        let declared = self.declarations();
        let live = declared.framework(&draft.id);
        let empty = Framework { id: draft.id.clone(), ..Framework::default() };
        let judgements = tables::judgements(self.engine(), &draft.id, None).await?;
        let touched = |difference: Difference| {
            let id = difference.id.as_str();
            let is_requirement = difference.part == "requirement";
            let tests = if is_requirement { declared.controls.serving(&draft.id, id) } else { Vec::new() };
            let to = declared.controls.mapped_to(&draft.id, id).map(|m| &m.source);
            let from = declared.controls.mapped_from(&draft.id, id).map(|m| &m.target);
            let mappings =
                to.chain(from).filter(|_| is_requirement).map(|(f, o)| format!("{f} {o}")).collect();
            let about = judgements.iter().filter(|j| is_requirement && j.obligation == id);
            Touched {
                tests: tests.iter().map(|(t, _)| t.id.clone()).collect(),
                mappings,
                judgements: about.count() as u64,
                difference,
            }
        };
        let found = differences(live.unwrap_or(&empty), draft);
        Ok(Update {
            framework: draft.id.clone(),
            title: draft.title.clone(),
            from: live.map(|f| f.edition.clone()),
            to: draft.edition.clone(),
            digest: draft.digest(),
            origin: origin.to_owned(),
            requirements: draft.obligations.len() as u64,
            differences: found.into_iter().map(touched).collect(),
        })
    }

    /// Keeps a framework as a draft, sealed in the log, and gives what it would change.
    ///
    /// # Errors
    /// `Forbidden` without one of [`ROLES`]; `Invalid` where its edition is published already; a fault of the database.
    pub async fn import_framework(
        &self,
        caller: &Caller,
        framework: &Framework,
        origin: &str,
        door: Door,
    ) -> Result<Update, Error> {
        self.import_framework_once(caller, framework, origin, door, Uuid::now_v7()).await
    }

    /// As [`Conformity::import_framework`]; `write` makes it happen at most once.
    ///
    /// # Errors
    /// As [`Conformity::import_framework`].
    pub async fn import_framework_once(
        &self,
        caller: &Caller,
        framework: &Framework,
        origin: &str,
        door: Door,
        write: Uuid,
    ) -> Result<Update, Error> {
        self.refresh().await?;
        self.check_edition(framework).await?;
        let text = framework.to_kdl();
        // what is stored must be read again as it was
        let again = Source::new(origin, text.as_str());
        apart(move || Framework::load(&[again])).await??;
        let update = self.compare(framework, origin).await?;
        let row = StoredRow {
            framework: framework.id.clone(),
            part: REQUIREMENTS.to_owned(),
            state: DRAFT.to_owned(),
            edition: framework.edition.clone(),
            origin: origin.to_owned(),
            ..self.row(caller, text)?
        };
        self.keep(caller, row, Some(&update), (door, write)).await?;
        Ok(update)
    }

    /// Publishes the draft of a framework: seals its digest and puts it in force. Its requirements are "not proven" until
    /// the next run.
    ///
    /// # Errors
    /// As [`Conformity::import_framework`]; `NotFound` where there is no draft.
    pub async fn publish_framework(&self, caller: &Caller, id: &str, door: Door) -> Result<Update, Error> {
        self.publish_framework_once(caller, id, door, Uuid::now_v7()).await
    }

    /// As [`Conformity::publish_framework`]; `write` makes it happen at most once.
    ///
    /// # Errors
    /// As [`Conformity::publish_framework`].
    pub async fn publish_framework_once(
        &self,
        caller: &Caller,
        id: &str,
        door: Door,
        write: Uuid,
    ) -> Result<Update, Error> {
        self.refresh().await?;
        let found = self.declarations().draft(id);
        let (draft, origin) = found.ok_or_else(|| Error::NotFound(format!("draft of {id}")))?;
        self.check_edition(draft).await?;
        let update = self.compare(draft, origin).await?;
        let row = StoredRow {
            framework: draft.id.clone(),
            part: REQUIREMENTS.to_owned(),
            state: PUBLISHED.to_owned(),
            edition: draft.edition.clone(),
            origin: origin.clone(),
            ..self.row(caller, draft.to_kdl())?
        };
        self.keep(caller, row, Some(&update), (door, write)).await?;
        Ok(update)
    }

    /// Puts controls, uses and mappings in force under the name of a framework, in place of those kept under it before.
    ///
    /// # Errors
    /// `Declarations` with all mistakes; `Forbidden`; a fault of the database.
    pub async fn import_links(
        &self,
        caller: &Caller,
        id: &str,
        source: &Source,
        door: Door,
    ) -> Result<(), Error> {
        self.import_links_once(caller, id, source, door, Uuid::now_v7()).await
    }

    /// As [`Conformity::import_links`]; `write` makes it happen at most once.
    ///
    /// # Errors
    /// As [`Conformity::import_links`].
    pub async fn import_links_once(
        &self,
        caller: &Caller,
        id: &str,
        source: &Source,
        door: Door,
        write: Uuid,
    ) -> Result<(), Error> {
        // first of all: what is written here takes time to read
        self.may_keep_frameworks(caller)?;
        self.refresh().await?;
        let declared = self.declarations();
        if declared.framework(id).is_none() && declared.draft(id).is_none() {
            return Err(Error::NotFound(format!("framework {id}")));
        }
        let row = StoredRow {
            framework: id.to_owned(),
            part: LINKS.to_owned(),
            state: PUBLISHED.to_owned(),
            origin: source.file.clone(),
            ..self.row(caller, source.text.clone())?
        };
        let mut rows = self.stored_rows().await?;
        rows.retain(|r| r.part != LINKS || r.framework != id);
        rows.push(row.clone());
        let (registry, site) = (self.engine().registry().clone(), declared.site.clone());
        let built = apart(move || Declarations::beside(&registry, site, &rows)).await??;
        let file = format!("stored {LINKS} {id}");
        let own: Vec<_> = built.left_out.into_iter().filter(|m| m.file == file).collect();
        if !own.is_empty() {
            let named = own.into_iter().map(|m| crate::Mistake { file: source.file.clone(), ..m });
            return Err(Error::Declarations(crate::Mistakes(named.collect())));
        }
        self.keep(caller, row, None, (door, write)).await
    }

    /// Whether a caller may import and publish.
    ///
    /// # Errors
    /// `Forbidden` without one of [`ROLES`].
    pub fn may_keep_frameworks(&self, caller: &Caller) -> Result<(), Error> {
        Permit::of_conformity("conformity_framework", caller, &ROLES).map(|_| ()).map_err(Error::Forbidden)
    }

    /// A row that lacks what it is.
    fn row(&self, caller: &Caller, source: String) -> Result<StoredRow, Error> {
        if source.len() > TEXT_MAX {
            let message = format!("The text may have at most {TEXT_MAX} bytes.");
            return Err(Error::Invalid(Problems(vec![Problem::new("", "size", message)])));
        }
        Ok(StoredRow {
            id: 0,
            framework: String::new(),
            part: String::new(),
            state: String::new(),
            edition: String::new(),
            digest: digest_of(&source),
            source,
            origin: String::new(),
            at: self.engine().now(),
            person: caller.person,
            author: caller.name.clone(),
        })
    }

    /// Refuses what is shipped and an edition that is published.
    async fn check_edition(&self, framework: &Framework) -> Result<(), Error> {
        let refuse = |code: &'static str, message: String| {
            Err(Error::Invalid(Problems(vec![Problem::new("edition", code, message)])))
        };
        if self.declarations().is_shipped(&framework.id) {
            let message =
                format!("{} comes with the program and cannot be changed. Use another id.", framework.id);
            return refuse("shipped", message);
        }
        let shelf = Shelf::read(&self.stored_rows().await?, &mut Vec::new());
        let Some(old) = shelf.published(&framework.id, &framework.edition) else { return Ok(()) };
        let found = differences(old, framework);
        if found.is_empty() {
            let message = format!("Edition {} of {} is published already.", framework.edition, framework.id);
            return refuse("published", message);
        }
        let mut message = frozen(framework, &found);
        if let Some(first) = message.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        refuse("frozen", message)
    }

    async fn keep(
        &self,
        caller: &Caller,
        mut row: StoredRow,
        update: Option<&Update>,
        (door, write): (Door, Uuid),
    ) -> Result<(), Error> {
        let permit =
            Permit::of_conformity("conformity_framework", caller, &ROLES).map_err(Error::Forbidden)?;
        let engine = self.engine();
        for _ in 0..TRIES {
            row.id = engine.store().allocate("conformity_framework", 1).await?;
            let entry = entry_of(&row, update, caller, door);
            let statements = vec![tables::add_stored(&row, &write)];
            match engine.store().note(&permit, vec![entry], statements, write).await {
                // another program on the same file took the number meanwhile
                Err(proofdesk_store::Error::NumberTaken { .. }) => {}
                other => {
                    other?;
                    return self.refresh().await;
                }
            }
        }
        Err(Error::Engine(proofdesk_engine::Error::Unavailable))
    }
}

fn edition_of(row: &StoredRow) -> Edition {
    Edition {
        id: row.id,
        part: if row.part == LINKS { Part::Links } else { Part::Requirements },
        state: if row.state == PUBLISHED { Standing::Published } else { Standing::Draft },
        edition: row.edition.clone(),
        digest: row.digest.clone(),
        origin: row.origin.clone(),
        at: row.at,
        author: row.author.clone(),
    }
}

fn entry_of(row: &StoredRow, update: Option<&Update>, caller: &Caller, door: Door) -> Entry {
    let counted = |part: &str, turn: &str| {
        let of = |t: &&Touched| t.difference.part == part && t.difference.turn.as_str() == turn;
        update.map(|u| u.differences.iter().filter(of).count())
    };
    let note = json!({
        "framework": row.framework,
        "part": row.part,
        "state": row.state,
        "edition": row.edition,
        "origin": row.origin,
        "digest": row.digest,
        "requirements": update.map(|u| u.requirements),
        "added": counted("requirement", "added"),
        "removed": counted("requirement", "removed"),
        "changed": counted("requirement", "changed"),
    });
    let about = Reference::new("conformity_framework", row.id);
    sealed(about, "FRW", caller, Stamp::now(row.at, door), note)
}

//! Mail put together: engine, settings, declarations, the key of reply addresses, and what is known of the servers.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use proofdesk_engine::Engine;
use proofdesk_model::SourceFile;
use rand::Rng;

use crate::address::ReplyForm;
use crate::declared::{Declared, given, shipped};
use crate::error::Error;
use crate::keys::Keys;
use crate::settings::Settings;

/// What is known of one way in or out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Way {
    /// When it last worked, microseconds UTC.
    pub worked_at: Option<i64>,
    /// What went wrong last, where it does not work now.
    pub error: Option<String>,
}

/// What is known of the ways in and out, on this node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// Out by SMTP.
    pub smtp: Way,
    /// In by IMAP.
    pub imap: Way,
    /// In by LMTP.
    pub lmtp: Way,
}

/// Mail of a desk; cheap to clone.
#[derive(Clone)]
pub struct Mail {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    settings: Settings,
    declared: Declared,
    keys: RwLock<Keys>,
    form: ReplyForm,
    organization: RwLock<String>,
    public_url: Option<String>,
    ways: Mutex<Ways>,
    woken: tokio::sync::Notify,
}

impl Mail {
    /// Puts mail together. `own` are the files of the site's folder `mail/`; the key of reply addresses is made on the
    /// first start and kept in the database.
    ///
    /// # Errors
    /// Mistakes in the declarations or settings, all at once; a fault of the database.
    pub async fn open(
        engine: Engine,
        settings: Settings,
        own: Vec<SourceFile>,
        (organization, public_url): (String, Option<String>),
        random: &mut (impl Rng + Send),
    ) -> Result<Self, Error> {
        let mut files = shipped();
        files.extend(own);
        let declared = Declared::read(&files, engine.registry())?;
        let mut wrong = settings.mistakes();
        for inbox in &settings.inbox {
            match declared.intake(&inbox.record) {
                None => {
                    wrong.push(format!("mail.inbox.record: mail/events.kdl has no intake `{}`", inbox.record))
                }
                Some(intake) => {
                    let of = engine.require_type(&intake.of)?;
                    for (field, value) in &inbox.set {
                        if let Err(says) = given(&of, field, value, engine.registry()) {
                            wrong.push(format!("mail.inbox.set of {}: {says}", inbox.address));
                        }
                    }
                }
            }
        }
        if !wrong.is_empty() {
            return Err(Error::Settings(wrong.join("\n")));
        }
        let form = settings.reply_form().map_err(Error::Settings)?;
        let keys = RwLock::new(Keys::open(&engine, random).await?);
        let (ways, woken) = (Mutex::default(), tokio::sync::Notify::new());
        let inner = Inner {
            engine,
            settings,
            declared,
            keys,
            form,
            organization: RwLock::new(organization),
            public_url,
            ways,
            woken,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The declarations.
    pub fn declared(&self) -> &Declared {
        &self.inner.declared
    }

    pub(crate) fn keys_cell(&self) -> &RwLock<Keys> {
        &self.inner.keys
    }

    pub(crate) fn form(&self) -> &ReplyForm {
        &self.inner.form
    }

    /// Name of the organization.
    pub fn organization(&self) -> String {
        self.inner.organization.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on the organization has this name.
    pub fn rename(&self, organization: &str) {
        organization.clone_into(&mut self.inner.organization.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Address of the desk as people type it; none where it is not set.
    pub fn public_url(&self) -> Option<&str> {
        self.inner.public_url.as_deref()
    }

    /// What is known of the ways in and out, on this node.
    pub fn ways(&self) -> Ways {
        self.inner.ways.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how a way is.
    pub(crate) fn note(&self, way: fn(&mut Ways) -> &mut Way, outcome: Result<(), String>) {
        let mut ways = self.inner.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.engine().now();
        let way = way(&mut ways);
        match outcome {
            Ok(()) => *way = Way { worked_at: Some(now), error: None },
            Err(error) => way.error = Some(error),
        }
    }

    /// Wakes the sender: something is to be sent now.
    pub fn wake(&self) {
        self.inner.woken.notify_one();
    }

    pub(crate) async fn woken(&self) {
        self.inner.woken.notified().await;
    }
}

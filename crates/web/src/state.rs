//! What every handler shares: the engine, the settings of the organization and the menu's counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::TimeZone;
use proofdesk_automation::Automations;
use proofdesk_conformity::Conformity;
use proofdesk_doors::Doors;
use proofdesk_engine::Engine;
use proofdesk_model::Condition;
use proofdesk_reach::Reach;
use proofdesk_setup::{Guide, Said};
use proofdesk_sso::{Directory, Provider};
use tokio::sync::OnceCell;

use crate::api::openapi::Paper;
use crate::directories::Known;
use crate::events::Feed;
use crate::figures::FigureCache;
use crate::limits::{Limiter, Limits};
use crate::menu::{self, Counts};
use crate::metrics::Meter;
use crate::passkeys::Passkeys;
use crate::printer::Printer;

/// Settings of the pages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the organization, shown at sign-in and on prints: see [`AppState::organization`].
    pub organization: String,
    /// The operator has chosen the name: what set-up was told does not count.
    pub is_named: bool,
    /// Zone in which times are shown and read: see [`AppState::zone`].
    pub zone: TimeZone,
    /// The operator has chosen the zone: what set-up was told does not count.
    pub is_zoned: bool,
    /// The address is HTTPS: cookies are marked secure.
    pub secure: bool,
    /// Largest attachment, bytes.
    pub attachment_max: u64,
    /// The program `proofdesk-render`, where it is there: makes PDFs.
    pub renderer: Option<std::path::PathBuf>,
    /// Said below the sign-in form: the demo's accounts, for example.
    pub sign_in_hint: Option<String>,
    /// Proxies of our own, whose word on where a request comes from is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Address of the desk as people type it, without a slash at the end; none says what it listens on.
    pub public_url: Option<String>,
    /// Address and port that the program listens on.
    pub listening: String,
    /// How often somebody may ask; none counts nothing.
    pub limits: Option<Limits>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            organization: "Proofdesk".to_owned(),
            is_named: false,
            zone: TimeZone::UTC,
            is_zoned: false,
            secure: false,
            attachment_max: proofdesk_engine::attachment::ATTACHMENT_MAX,
            renderer: None,
            sign_in_hint: None,
            trusted_proxies: Vec::new(),
            public_url: None,
            listening: "127.0.0.1:8080".to_owned(),
            limits: None,
        }
    }
}

impl Settings {
    /// The address that links begin with: never what a request says of itself, which whoever sends it may choose.
    pub fn base(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listening))
    }
}

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// Records, history, accounts, log.
    pub engine: Engine,
    /// Frameworks, tests and runs; none where the program was put together without them.
    pub conformity: Option<Conformity>,
    /// Mail in and out; none where it is not configured.
    pub mail: Option<proofdesk_mail::Mail>,
    /// What other programs may tell; none where the program was put together without it.
    pub doors: Option<Arc<Doors>>,
    /// The questions of guided set-up; none where the program was put together without them.
    pub setup: Option<Arc<Guide>>,
    /// What is done when a condition begins to hold for a record.
    pub automations: Arc<Automations>,
    /// The desk has records: nobody needs to be led to set-up. Once true it stays so.
    begun: Arc<AtomicBool>,
    /// Settings of the pages.
    pub settings: Arc<Settings>,
    /// What set-up was told of the desk itself.
    said: Arc<RwLock<Said>>,
    /// The condition of the open records, by type.
    pub open: Arc<HashMap<String, Condition>>,
    /// Counts of the menu and of tabs, a few seconds old at most.
    pub counts: Counts,
    /// Figures, computed beside requests.
    pub figures: FigureCache,
    /// Makes PDFs.
    pub printer: Printer,
    /// Changes for live pages.
    pub feed: Feed,
    /// Counts the requests of each caller against his limits; none where there are none.
    pub limiter: Option<Arc<Limiter>>,
    /// Counts requests; none where nobody asked for metrics.
    pub meter: Option<Arc<Meter>>,
    /// The description of the interface, once somebody asked for it.
    paper: Arc<OnceCell<Paper>>,
    /// Providers of single sign-on, in the order of the sign-in page.
    pub providers: Arc<Vec<Provider>>,
    /// Directories that people sign in by, in the order of the sign-in page.
    pub directories: Arc<Vec<Directory>>,
    /// The key by which checkpoints are verified, as text; none where the program was not told.
    pub verifier: Option<String>,
    /// Judges the addresses that other programs are told at; none where nothing is sent.
    pub reach: Option<Arc<Reach>>,
    /// Verifies passkeys; none where browsers offer none at this address.
    pub passkeys: Option<Arc<Passkeys>>,
}

impl AppState {
    /// Name of the organization, shown at sign-in and on prints: the operator's word, else what set-up was told.
    pub fn organization(&self) -> String {
        let said = self.said.read().unwrap_or_else(PoisonError::into_inner);
        said.organization_beside(&self.settings.organization, self.settings.is_named)
    }

    /// Zone in which times are shown and read: the operator's word, else what set-up was told.
    pub fn zone(&self) -> TimeZone {
        let said = self.said.read().unwrap_or_else(PoisonError::into_inner);
        said.zone_beside(&self.settings.zone, self.settings.is_zoned)
    }

    /// The description of the interface, made when somebody asks for it first, and not on the thread of requests.
    pub(crate) async fn paper(&self) -> &Paper {
        let registry = self.engine.registry().clone();
        let make = || async move {
            let made = tokio::task::spawn_blocking({
                let registry = registry.clone();
                move || Paper::of(&registry)
            });
            match made.await {
                Ok(paper) => paper,
                Err(_) => Paper::of(&registry),
            }
        };
        self.paper.get_or_init(make).await
    }

    /// Takes what set-up was told of the desk itself: it holds from the next request on.
    pub fn hear(&self, said: Said) {
        *self.said.write().unwrap_or_else(PoisonError::into_inner) = said;
        if let Some(mail) = &self.mail {
            mail.rename(&self.organization());
        }
    }

    /// Puts the state together.
    pub fn new(engine: Engine, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let passkeys = Passkeys::new(&settings.base(), &settings.organization).map(Arc::new);
        let open = Arc::new(menu::open_conditions(&engine));
        Self {
            engine,
            conformity: None,
            mail: None,
            doors: None,
            setup: None,
            automations: Arc::default(),
            begun: Arc::default(),
            said: Arc::default(),
            printer: Printer::new(settings.renderer.clone()),
            limiter: settings.limits.map(|limits| Arc::new(Limiter::new(limits))),
            settings,
            open,
            counts: Counts::default(),
            figures: FigureCache::default(),
            feed: Feed::default(),
            meter: None,
            paper: Arc::default(),
            providers: Arc::default(),
            directories: Arc::default(),
            reach: None,
            verifier: None,
            passkeys,
        }
    }

    /// Adds providers of single sign-on.
    #[must_use]
    pub fn with_providers(mut self, providers: Vec<Provider>) -> Self {
        self.providers = Arc::new(providers);
        self
    }

    /// Adds directories that people sign in by, here and to the engine.
    #[must_use]
    pub fn with_directories(mut self, directories: Vec<Directory>) -> Self {
        let known =
            |one: &Directory| Arc::new(Known::new(one.clone())) as Arc<dyn proofdesk_engine::Directory>;
        self.engine.use_directories(directories.iter().map(known).collect());
        self.directories = Arc::new(directories);
        self
    }

    /// Adds what judges addresses of webhooks when they are written.
    #[must_use]
    pub fn with_reach(mut self, reach: Arc<Reach>) -> Self {
        self.reach = Some(reach);
        self
    }

    /// Adds conformity: its pages, and what records owe.
    #[must_use]
    pub fn with_conformity(mut self, conformity: Conformity) -> Self {
        self.conformity = Some(conformity);
        self
    }

    /// Adds automations: their pages.
    #[must_use]
    pub fn with_automations(mut self, automations: Arc<Automations>) -> Self {
        self.automations = automations;
        self
    }

    /// Adds what other programs may tell.
    #[must_use]
    pub fn with_doors(mut self, doors: Arc<Doors>) -> Self {
        self.doors = Some(doors);
        self
    }

    /// Adds guided set-up.
    #[must_use]
    pub fn with_setup(mut self, guide: Guide) -> Self {
        self.setup = Some(Arc::new(guide));
        self
    }

    /// Adds what counts requests.
    #[must_use]
    pub fn with_meter(mut self, meter: Arc<Meter>) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Whether the desk is known to have records.
    pub(crate) fn is_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Keeps that the desk has records.
    pub(crate) fn set_begun(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }
}

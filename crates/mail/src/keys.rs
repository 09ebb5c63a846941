//! The keys that sign addresses for replies and links for decisions: made at the first start, kept in the database,
//! renewed by the operator. A key that was renewed is believed for some days more, and signs nothing.
//!
//! The log tells of a renewal: an entry of type `mail_out`, `MAI-0`, `renew_key`, with a mark of the new key and of each of
//! before that is still believed, with its end, and no key.
//! Invariant: every node signs with the key of the database, some seconds after it was renewed.

use std::sync::PoisonError;

use proofdesk_engine::verify::{FindingKind, Report};
use proofdesk_engine::{Act, Engine, Reference, Stamp};
use proofdesk_model::Permit;
use proofdesk_model::entry;
use proofdesk_model::format::write_instant;
use proofdesk_store::{Select, Statement};
use rand::Rng;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::address::{Key, ReplyTo};
use crate::desk::Mail;
use crate::error::Error;
use crate::queue::DAY;
use crate::sealed::TYPE;

/// Name of the setting that keeps the key.
pub(crate) const KEY: &str = "mail_key";
/// Name of the setting that keeps the keys of before: each with the instant until which it is believed.
pub(crate) const OLD: &str = "mail_keys_before";
/// What the log calls a renewal.
const RENEWED: &str = "renew_key";
/// How long a key of before is believed, unless the operator says otherwise, days.
pub const KEEP_DAYS: u16 = 30;
/// The longest that a key of before is believed, days.
pub const KEEP_DAYS_MAX: u16 = 365;

/// The key that signs, and those of before, each with its end in microseconds UTC.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    present: Key,
    before: Vec<(Key, i64)>,
}

impl Keys {
    /// Reads the values of the two settings.
    ///
    /// # Errors
    /// The one that holds no key.
    pub fn read(present: &str, before: &str) -> Result<Self, Error> {
        let key = |text: &str| {
            let bytes: Option<[u8; 32]> = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
            bytes.filter(|bytes| bytes.iter().any(|byte| *byte != 0)).map(Key::new)
        };
        let none = |name: &str| Error::Settings(format!("the setting `{name}` of the database holds no key"));
        let old = |pair: &str| {
            let (text, until) = pair.split_once(':')?;
            Some((key(text)?, until.parse().ok()?))
        };
        let before = before.split_whitespace().map(|pair| old(pair).ok_or_else(|| none(OLD)));
        Ok(Self {
            present: key(present).ok_or_else(|| none(KEY))?,
            before: before.collect::<Result<_, _>>()?,
        })
    }

    /// The keys in the database; the first is made where there is none. Two nodes that start at once keep the same one.
    pub async fn open(engine: &Engine, random: &mut (impl Rng + Send)) -> Result<Self, Error> {
        let row = Statement::insert_new("setting").set("name", KEY).set("value", fresh(random));
        engine.store().execute(vec![row.set("updated_at", engine.now())]).await?;
        let (present, before) = kept(engine).await?;
        Self::read(&present, &before)
    }

    /// The key that signs.
    pub fn present(&self) -> &Key {
        &self.present
    }

    /// Every key that is believed at an instant, the present one first.
    fn believed(&self, now: i64) -> impl Iterator<Item = &Key> {
        let before = self.before.iter().filter(move |(_, until)| *until > now);
        std::iter::once(&self.present).chain(before.map(|(key, _)| key))
    }
}

/// A new key, as it is kept.
fn fresh(random: &mut impl Rng) -> String {
    let mut made = [0_u8; 32];
    random.fill_bytes(&mut made);
    hex::encode(made)
}

/// The values of the two settings; empty where there is none.
async fn kept(engine: &Engine) -> Result<(String, String), Error> {
    let question = Select::from("setting", &["name", "value"]).when_in("name", [KEY, OLD]);
    let rows = engine.store().select(question).await?;
    let of = |name: &str| {
        rows.iter().find(|row| row.text(0) == name).map(|row| row.text(1).to_owned()).unwrap_or_default()
    };
    Ok((of(KEY), of(OLD)))
}

/// What the log has of a key: 128 bits of a hash of its 256 random bits.
fn mark(present: &str) -> String {
    hex::encode(&Sha256::new().chain_update(b"proofdesk mail key\n").chain_update(present).finalize()[..16])
}

/// What the log has of the keys of before: the mark of each, and until when it is believed.
fn marks<'a>(before: impl Iterator<Item = &'a str>) -> Json {
    let pair = |pair: &str| {
        let (key, end) = pair.split_once(':').unwrap_or((pair, ""));
        let until = end.parse().map_or_else(|_| end.to_owned(), write_instant);
        json!({"mark": mark(key), "until": until})
    };
    before.map(pair).collect()
}

impl Mail {
    /// The keys as this node knows them.
    pub(crate) fn keys(&self) -> Keys {
        self.keys_cell().read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What an address for replies stands for, by any key that is believed now.
    pub(crate) fn reply_of(&self, address: &str) -> Option<ReplyTo> {
        let keys = self.keys();
        keys.believed(self.engine().now()).find_map(|key| self.form().read(key, address))
    }

    /// The first that a key which is believed now reads of something.
    pub(crate) fn by_any_key<T>(&self, read: impl Fn(&Key) -> Option<T>) -> Option<T> {
        self.keys().believed(self.engine().now()).find_map(read)
    }

    /// Takes on keys that were renewed, here or by another program.
    ///
    /// # Errors
    /// A fault of the database; keys there that are none.
    pub async fn refresh_keys(&self) -> Result<(), Error> {
        let (present, before) = kept(self.engine()).await?;
        let keys = Keys::read(&present, &before)?;
        *self.keys_cell().write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Makes a new key. Those of before are believed for so many days more, or till their end where that is sooner; with
    /// none, every address for replies and every link for a decision of before stands for nothing from now on. Gives
    /// until when the last key is believed, microseconds UTC. Other nodes take all this on some seconds later.
    ///
    /// # Errors
    /// `Settings` for more than [`KEEP_DAYS_MAX`] days, or where somebody else renews it at the same time; a fault of the
    /// database.
    pub async fn renew_key(
        &self,
        act: &Act,
        keep_days: u16,
        random: &mut (impl Rng + Send),
    ) -> Result<i64, Error> {
        if keep_days > KEEP_DAYS_MAX {
            let says = format!("a key of before is believed for {KEEP_DAYS_MAX} days at most");
            return Err(Error::Settings(says));
        }
        let engine = self.engine();
        let (now, (was, before)) = (engine.now(), kept(engine).await?);
        let until = now + i64::from(keep_days) * DAY;
        let ends = |pair: &str| {
            let (key, end) = pair.split_once(':')?;
            let end = end.parse::<i64>().ok()?.min(until);
            (end > now).then(|| format!("{key}:{end}"))
        };
        let mut old: Vec<String> = before.split_whitespace().filter_map(ends).collect();
        old.extend((until > now).then(|| format!("{was}:{until}")));
        let new = fresh(random);
        let before = marks(old.iter().map(String::as_str));
        let told = json!({"mail_key": {"mark": mark(&new), "before": before}});
        let stamp = Stamp::now(now, act.door);
        let rest = Map::from_iter([("note".to_owned(), told)]);
        let entry = entry::of_other(Reference::new(TYPE, 0), "MAI-0", &act.caller, &stamp, RENEWED, &rest);
        let row = Statement::update("setting").set("value", new).set("updated_at", now);
        let rows = vec![
            row.when("name", KEY).when("value", was).must_hit(),
            Statement::upsert("setting").key("name", OLD).set("value", old.join(" ")).set("updated_at", now),
        ];
        let permit = Permit::of_mail(&act.caller).map_err(proofdesk_engine::Error::Forbidden)?;
        match engine.store().note(&permit, vec![entry], rows, Uuid::now_v7()).await {
            Ok(_) => {}
            Err(proofdesk_store::Error::NotFound(_)) => {
                let says = "the key was renewed by somebody else at the same time: nothing was changed";
                return Err(Error::Settings(says.to_owned()));
            }
            Err(other) => return Err(other.into()),
        }
        self.refresh_keys().await?;
        Ok(until)
    }
}

/// Compares the keys with what the log tells of their last renewal. One that was never renewed is in no entry; without a
/// renewal there is none of before.
pub(crate) async fn verify(engine: &Engine, told: Option<&Json>, report: &mut Report) -> Result<(), Error> {
    let (present, before) = kept(engine).await?;
    let mut add = |message| report.add(FindingKind::ChangedRow, None, Some("MAI-0".to_owned()), message);
    let is = mark(&present);
    if let Some(said) = told.and_then(|said| said["mark"].as_str()).filter(|said| *said != is) {
        add(format!(
            "The setting {KEY}, the key of addresses for replies, was changed past the log: the log has the mark {said}, the \
             row has that of {is}. `proofdesk mail renew-key --keep-days 0` makes a new one, and ends what was signed by it."
        ));
    }
    let is = marks(before.split_whitespace());
    let none = json!([]);
    let said = told.map_or(&none, |said| &said["before"]);
    if *said != is {
        add(format!(
            "The setting {OLD}, the keys of addresses for replies that are still believed, was changed past the log: the \
             log has {said}, the row has {is}. Whoever knows such a key can sign links for decisions: `proofdesk mail \
             renew-key --keep-days 0` ends all of them."
        ));
    }
    Ok(())
}

//! PostgreSQL: not in this build.

use tokio::sync::broadcast;

use crate::error::Error;
use crate::row::Row;
use crate::sql::Sql;
use crate::store::{Changed, Health, Options};
use crate::unit::{Done, Unit};

pub(crate) struct Postgres {}

impl Postgres {
    pub async fn open(_url: &str, _o: &Options, _c: broadcast::Sender<Changed>) -> Result<Self, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
    pub async fn rows(&self, _sql: Sql, _known: bool) -> Result<Vec<Row>, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
    pub async fn unit(&self, _unit: Unit) -> Result<Done, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
    pub async fn allocate(&self, _t: &str, _c: &str, _n: i64) -> Result<i64, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
    pub async fn health(&self) -> Result<Health, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
    pub async fn analyze(&self) -> Result<(), Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
    pub async fn script(&self, _s: Vec<String>) -> Result<(), Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
    pub async fn sequence_once(&self) -> Result<u64, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }
    pub fn close(&self) {}
}

//! A second framework: a part of the NIST Cybersecurity Framework 2.0, read from its OSCAL catalog, published by the SMS
//! manager, with tests of its own, tests that it shares, and mappings from ISO/IEC 20000-1.

use anyhow::{Context as _, anyhow};
use proofdesk_conformity::oscal::{CatalogOptions, read_catalog};
use proofdesk_conformity::{Conformity, Scope, Source};
use proofdesk_engine::{Door, FixedTime};

use crate::Login;
use crate::story::DAY;

/// The id of the framework.
pub(crate) const ID: &str = "nist-csf-2.0";

/// Imports and publishes it, and asks its tests for the first time.
///
/// # Errors
/// When the catalog or its links cannot be used.
pub(crate) async fn adopt(
    conformity: &Conformity,
    time: &FixedTime,
    logins: &[Login],
    end: i64,
) -> anyhow::Result<()> {
    let manager = logins.iter().find(|l| l.account.roles.iter().any(|r| r == "sms_manager"));
    let manager = manager.context("somebody manages the system")?.account.caller();
    let text = include_str!("../data/nist-csf-2.0.catalog.json");
    let catalog = Source::new("nist-csf-2.0.catalog.json", text);
    let read = read_catalog(&catalog, &CatalogOptions::default()).map_err(|m| anyhow!("{m}"))?;
    time.set(end - 12 * DAY);
    let origin = "OSCAL catalog nist-csf-2.0.catalog.json";
    conformity.import_framework(&manager, &read.framework, origin, Door::Demo).await?;
    time.set(end - 11 * DAY);
    conformity.publish_framework(&manager, ID, Door::Demo).await?;
    let links = Source::new("nist-csf-2.0.links.kdl", include_str!("../data/nist-csf-2.0.links.kdl"));
    conformity.import_links(&manager, ID, &links, Door::Demo).await?;
    time.set(end);
    conformity.run(&Scope::all(), "schedule", Door::Demo).await?;
    Ok(())
}

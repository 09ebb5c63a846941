//! What traces get to see of mails that go out and come in, on both databases: what belongs together, and nobody's data.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use proofdesk_engine::{Change, Target};
use proofdesk_mail::Settings;
use proofdesk_model::Door;
use proofdesk_testkit::{BOTH, Database};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::office::Office;
use crate::servers::Servers;
use crate::whole::with;

/// A span: its name, the one around it, its fields as text.
#[derive(Debug, Clone)]
struct Span {
    name: String,
    around: Option<u64>,
    fields: BTreeMap<String, String>,
}

/// Keeps the spans that go into traces, by their number.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(u64, Span)>>>);

struct Fields<'f>(&'f mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: tracing::Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Kept {
    fn on_new_span(&self, told: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if told.metadata().target() != "spans" {
            return;
        }
        let mut fields = BTreeMap::new();
        told.record(&mut Fields(&mut fields));
        let around = context.span(id).and_then(|span| span.parent()).map(|span| span.id().into_u64());
        let name = fields.get("otel.name").cloned().unwrap_or_else(|| told.metadata().name().to_owned());
        self.0.lock().unwrap().push((id.into_u64(), Span { name, around, fields }));
    }

    fn on_record(&self, id: &Id, told: &Record<'_>, _: Context<'_, S>) {
        // a number is given again when a span is over: the last one has it
        let mut kept = self.0.lock().unwrap();
        if let Some((_, span)) = kept.iter_mut().rev().find(|(of, _)| *of == id.into_u64()) {
            told.record(&mut Fields(&mut span.fields));
        }
    }
}

impl Kept {
    /// What was kept since the last time.
    fn take(&self) -> Vec<(u64, Span)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// The one span of a name, with the spans directly within it.
fn whole(all: &[(u64, Span)], name: &str) -> (Span, Vec<Span>) {
    let found: Vec<_> = all.iter().filter(|(_, span)| span.name == name).collect();
    let [(id, span)] = found[..] else { panic!("{name}: {found:?}") };
    let inside = all.iter().map(|(_, of)| of).filter(|of| of.around == Some(*id));
    (span.clone(), inside.cloned().collect())
}

#[tokio::test]
async fn a_mail_out_and_a_mail_in_are_traces_with_their_statements_and_nobodys_data() {
    let servers = Servers::start();
    let kept = Kept::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(kept.clone()));
    for database in BOTH {
        let system = if matches!(database, Database::Sqlite) { "sqlite" } else { "postgresql" };
        let office = Office::with(database, Settings { lmtp: None, imap: None, ..with(&servers) }).await;
        let change = Change::default().with_text("title", "Kumquat till");
        let target = Target::New("incident".to_owned());
        kept.take();
        office.desk.engine.apply(&office.ida, target, change, Door::Page).await.unwrap();
        let written = kept.take();
        let (write, inside) = whole(&written, "write");
        assert_eq!(write.fields["proofdesk.record_type"], "incident");
        assert!(inside.iter().any(|span| span.name == "commit"), "{inside:?}");

        office.follow().await;
        kept.take();
        assert_eq!(office.mail.send_due().await.unwrap(), 1);
        let sent = kept.take();
        let (out, read) = whole(&sent, "mail out");
        assert_eq!((out.fields["otel.kind"].as_str(), out.around), ("producer", None));
        assert_eq!(out.fields["proofdesk.mails"], "1");
        assert!(!out.fields.contains_key("otel.status_code"), "{out:?}");
        assert!(read.iter().any(|span| span.name == "read"), "{read:?}");

        office.write("desk@desk.example", "From: ida@customer.example\r\nSubject: Kumquat", "Kumquat").await;
        let came = kept.take();
        let (taken, _) = whole(&came, "mail in");
        assert_eq!(taken.fields["otel.kind"], "consumer");
        let all = [written, sent, came].concat();
        let stores: Vec<&Span> =
            all.iter().map(|(_, s)| s).filter(|s| s.fields.contains_key("db.system.name")).collect();
        assert!(stores.len() >= 3, "{stores:?}");
        for span in stores {
            assert_eq!((&*span.fields["db.system.name"], &*span.fields["otel.kind"]), (system, "client"));
            assert!(span.fields["db.operation.batch.size"].parse::<usize>().unwrap() >= 1);
        }
        let text = format!("{all:?}").to_lowercase();
        for secret in ["kumquat", "customer.example", "ida", "select ", "insert "] {
            assert!(!text.contains(secret), "{secret} is in a span: {text}");
        }
    }
    // what no server takes is told as a fault
    let mut servers = servers;
    let office = Office::with(Database::Sqlite, Settings { lmtp: None, imap: None, ..with(&servers) }).await;
    let (change, target) = (Change::default().with_text("title", "Till"), Target::New("incident".to_owned()));
    office.desk.engine.apply(&office.ida, target, change, Door::Page).await.unwrap();
    office.follow().await;
    servers.stop_smtpd();
    kept.take();
    assert!(office.mail.send_due().await.is_err());
    assert_eq!(whole(&kept.take(), "mail out").0.fields["otel.status_code"], "ERROR");
}

//! Every file is shown to the scanner: ClamAV's own daemon, with a signature of ours.

use proofdesk_engine::{Attachment, Audience, Change, Error, Reference, Scanner, Upload};
use proofdesk_model::Door;
use proofdesk_store::Select;
use proofdesk_testkit::clamd::{Clamd, HARM, MOST};
use proofdesk_testkit::{BOTH, Database, TestDesk};

struct Scanned {
    desk: TestDesk,
    on: Reference,
}

impl Scanned {
    async fn open(database: Database, scanner: Scanner) -> Self {
        let desk = TestDesk::open(database).await.unwrap();
        desk.engine.scan_files(scanner);
        let made = desk.create("incident", Change::default().with_text("title", "Till 3")).await.unwrap();
        Self { desk, on: Reference::new("incident", made.record.number) }
    }

    async fn begin(&self) -> Upload {
        let caller = self.desk.setup();
        let begun =
            self.desk.engine.attach(&caller, &self.on, "a.txt", Audience::Staff, 4 * MOST, Door::Page);
        begun.await.unwrap()
    }

    async fn send(&self, pieces: &[&[u8]]) -> Result<Attachment, Error> {
        let mut upload = self.begin().await;
        for piece in pieces {
            upload.write(piece).await?;
        }
        upload.finish().await
    }

    /// Files of the record, and contents that are kept whole.
    async fn kept(&self) -> (usize, usize) {
        let files = self.desk.engine.attachments(&self.desk.setup(), &self.on).await.unwrap().len();
        let contents = self.desk.engine.store().select(Select::from("blob", &["hash"])).await.unwrap();
        (files, contents.iter().filter(|row| !row.is_null(0)).count())
    }
}

#[tokio::test]
async fn a_harmful_file_is_refused_and_nothing_of_it_is_kept() {
    let clamd = Clamd::start().unwrap();
    let (begin, end) = HARM.as_bytes().split_at(9);
    for database in BOTH {
        for scanner in [Scanner::Socket(clamd.socket()), Scanner::parse(&clamd.address()).unwrap()] {
            let desk = Scanned::open(database, scanner).await;
            desk.send(&[b"paper", b" jam"]).await.unwrap();
            assert_eq!(desk.kept().await, (1, 1));
            let refused = desk.send(&[b"before ", begin, end, b" behind"]).await.unwrap_err();
            assert!(refused.is_harmful() && refused.to_string().contains("Proofdesk.Test"), "{refused}");
            assert_eq!(desk.kept().await, (1, 1));
            // of several files none is kept where one is harmful
            let (mut good, mut bad) = (desk.begin().await, desk.begin().await);
            good.write(b"also good").await.unwrap();
            bad.write(HARM.as_bytes()).await.unwrap();
            assert!(Upload::finish_all(vec![good, bad]).await.unwrap_err().is_harmful());
            assert_eq!(desk.kept().await.0, 1);
        }
    }
}

#[tokio::test]
async fn what_the_scanner_does_not_see_is_not_taken() {
    let mut clamd = Clamd::start().unwrap();
    let scanner = Scanner::Socket(clamd.socket());
    let desk = Scanned::open(Database::Sqlite, scanner.clone()).await;
    let large = vec![b'x'; 65_536];
    let pieces: Vec<&[u8]> = (0..48).map(|_| large.as_slice()).collect();
    assert!(matches!(desk.send(&pieces).await, Err(Error::NotScanned)), "larger than it takes");
    scanner.try_out(1).await.unwrap();
    assert!(scanner.try_out(3).await.is_err());
    clamd.stop();
    assert!(matches!(desk.send(&[b"paper jam"]).await, Err(Error::NotScanned)));
    assert!(!scanner.try_out(1).await.unwrap_err().is_empty());
    assert_eq!(desk.kept().await, (0, 0));
    clamd.go_on().unwrap();
    desk.send(&[b"paper jam"]).await.unwrap();
    assert_eq!(desk.kept().await, (1, 1));
}

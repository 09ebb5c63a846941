//! People who are known by their address, and what they may do then, on both databases.

use proofdesk_engine::{Act, Addressed, Caller, Change, Door, Reference, Target};
use proofdesk_testkit::{BOTH, TestDesk};

async fn person(desk: &TestDesk, name: &str, mail: &str) -> i64 {
    let change = Change::default().with_text("name", name).with_text("mail", mail);
    desk.create("person", change).await.unwrap().record.number
}

async fn who(desk: &TestDesk, address: &str) -> Result<i64, &'static str> {
    match desk.engine.person_by_address(address).await.unwrap() {
        Addressed::One(record) => Ok(record.number),
        Addressed::Nobody => Err("nobody"),
        Addressed::Several => Err("several"),
    }
}

#[tokio::test]
async fn an_address_is_one_persons_in_any_case_or_nobodys() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let ida = person(&desk, "Ida", "Ida.Kern@Customer.example").await;
        for address in
            ["ida.kern@customer.example", " IDA.KERN@CUSTOMER.EXAMPLE ", "Ida.Kern@Customer.example"]
        {
            assert_eq!(who(&desk, address).await, Ok(ida), "{address}");
        }
        // the sign of the kelvin is a small k to who compares more than A to Z
        for address in [
            "",
            "ida",
            "ida.\u{212a}ern@customer.example",
            "ida.kern@customer.example\" || \"\" == \"",
            "a\\",
            "%",
            "i\0da",
        ] {
            assert_eq!(who(&desk, address).await, Err("nobody"), "{address}");
        }
        let other = person(&desk, "Ida, too", "ida.kern@CUSTOMER.example").await;
        assert_eq!(who(&desk, "ida.kern@customer.example").await, Err("several"));
        let target = Target::Existing(Reference::new("person", ida), None);
        desk.engine.apply(&desk.setup(), target, Change::default().take("retire"), Door::Cli).await.unwrap();
        assert_eq!(who(&desk, "ida.kern@customer.example").await, Ok(other), "who has left has no address");
    }
}

#[tokio::test]
async fn who_was_shut_out_may_nothing_without_signing_in_either() {
    for database in BOTH {
        let desk = TestDesk::open(database).await.unwrap();
        let number = person(&desk, "Alex Kern", "alex@desk.example").await;
        let roles = async || {
            desk.engine.caller_of(number, "Alex Kern").await.unwrap().map(|caller| {
                ["agent", "requester"].into_iter().filter(|role| caller.roles.contains(*role)).collect()
            })
        };
        assert_eq!(roles().await, Some(vec!["requester"]), "without an account");
        let alex = Caller::person(number, "Alex Kern", ["agent"]);
        let first = desk.account(&alex, "alex", "correct horse battery").await.unwrap();
        let second = desk.account(&alex, "alex2", "correct horse battery").await.unwrap();
        assert_eq!(roles().await, Some(vec!["agent"]));
        desk.engine.set_active(&Act::operator(), first.id, false).await.unwrap();
        assert_eq!(roles().await, Some(vec!["agent"]), "the other account is open");
        desk.engine.set_active(&Act::operator(), second.id, false).await.unwrap();
        assert_eq!(roles().await, None);
        desk.engine.set_active(&Act::operator(), second.id, true).await.unwrap();
        assert_eq!(roles().await, Some(vec!["agent"]));
    }
}

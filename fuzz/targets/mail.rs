//! Mail that comes in: any bytes as a message, what is said without quotations, and addresses that only we can sign.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofdesk_mail::address::{Key, ReplyForm, masked, normal};
use proofdesk_mail::fold::fold;
use proofdesk_mail::message::Message;

fuzz_target!(|bytes: &[u8]| {
    let message = Message::read(bytes);
    assert!(
        !message.id.is_empty() && message.subject.chars().count() <= 500 && !message.subject.contains('\n')
    );
    assert!(!message.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
    let folded = fold(&message.text);
    assert!(folded.said.len() <= message.text.len(), "nothing is added");
    assert_eq!(fold(&message.text), folded);
    let form = ReplyForm::parse("desk+{tag}@example.com").expect("a form");
    let key = Key::new([7; 32]);
    for address in &message.recipients {
        assert_eq!(normal(address).as_ref(), Some(address), "addresses are in their normal form");
        assert!(form.read(&key, address).is_none(), "nobody else can sign: {address}");
    }
    drop((masked(&message.text), ReplyForm::parse(&message.subject)));
});

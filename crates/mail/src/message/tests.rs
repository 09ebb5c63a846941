//! The worst mails that could be found or made, and what is read of them.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::{Message, Nature};

fn read(name: &str) -> Message {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mime").join(name);
    Message::read(&std::fs::read(&path).unwrap_or_else(|e| panic_with(&path, &e)))
}

#[allow(clippy::panic, reason = "a test file that is not there")]
fn panic_with(path: &std::path::Path, error: &std::io::Error) -> Vec<u8> {
    panic!("{}: {error}", path.display())
}

fn names(message: &Message) -> Vec<&str> {
    message.files.iter().map(|f| f.name.as_str()).collect()
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

#[test]
fn nested_parts_give_one_text_and_all_files() {
    let message = read("nested.eml");
    assert_eq!(message.text, "The till does not print.\n\nNeither does the one beside it.");
    assert_eq!(names(&message), ["receipt.txt", "message-2.eml", "receipt-2.txt"]);
    assert_eq!(message.from.as_ref().unwrap().name, "Ida Voß");
    assert_eq!(message.from.unwrap().address, "ida@customer.example");
    assert_eq!(message.nature, Nature::Person);
}

#[test]
fn wrong_character_sets_are_read_as_what_they_are() {
    for charset in ["; charset=utf-8", "", "; charset=\"x-unknown-9\"", "; charset=us-ascii"] {
        let head = format!(
            "From: a@b.example\nContent-Type: text/plain{charset}\nContent-Transfer-Encoding: 8bit\n\n"
        );
        let raw = [&crlf(&head)[..], b"Der Drucker l\xe4uft nicht \x96 5 \x80 Geb\xfchr\r\n"].concat();
        assert_eq!(Message::read(&raw).text, "Der Drucker läuft nicht – 5 € Gebühr", "{charset}");
    }
    for (name, text) in
        [("says-nothing-is-1252.eml", "Der Drucker läuft nicht"), ("shift-jis.eml", "プリンター")]
    {
        assert_eq!(read(name).text, text, "{name}");
    }
}

#[test]
fn a_missing_boundary_loses_no_text() {
    for name in ["no-boundary.eml", "unclosed-boundary.eml", "boundary-in-no-part.eml"] {
        let message = read(name);
        let everywhere = format!(
            "{}{}",
            message.text,
            message.files.iter().map(|f| String::from_utf8_lossy(&f.bytes)).collect::<String>()
        );
        assert!(everywhere.contains("The till does not print."), "{name}: {message:?}");
    }
}

#[test]
fn eight_bit_headers_are_read() {
    let raw =
        b"From: J\xfcrgen Gro\xdf <j@customer.example>\r\nSubject: St\xf6rung in M\xfcnchen\r\n\r\nHallo\r\n";
    let message = Message::read(raw);
    assert_eq!(message.subject, "Störung in München");
    assert_eq!(message.from.unwrap().name, "Jürgen Groß");
    let message = read("eight-bit-utf8-headers.eml");
    assert_eq!(message.subject, "Störung in München 🔥");
}

#[test]
fn huge_headers_are_read_and_cut() {
    let ids: String = (0..4_000).map(|n| format!("<{n}@a.example>\n ")).collect();
    let raw = format!(
        "From: a@b.example\nSubject: {}\nReferences: {ids}\nX-Long: {}\n\nHello\n",
        "long ".repeat(20_000),
        "x".repeat(900_000)
    );
    let message = Message::read(&crlf(&raw));
    assert_eq!(message.subject.chars().count(), super::SUBJECT_MAX);
    assert_eq!(message.references.len(), super::REFERENCES_MAX);
    assert_eq!(message.references[0], "3999@a.example");
    assert_eq!(message.text, "Hello");
}

#[test]
fn names_of_files_by_rfc_2231_are_put_together() {
    let message = read("rfc2231.eml");
    assert_eq!(
        names(&message),
        ["Übersicht der Störungen 2026.txt", "passwd", "file-3.pdf", "name with spaces.txt"]
    );
}

#[test]
fn winmail_and_invitations_are_files() {
    let message = read("winmail.eml");
    assert_eq!(names(&message), ["winmail.dat"]);
    assert_eq!(message.text, "See the attached report.");
    let message = read("calendar.eml");
    assert!(message.text.starts_with("Meeting about the tills"), "{}", message.text);
    assert_eq!(names(&message).len(), 1, "{message:?}");
}

#[test]
fn html_becomes_text_without_scripts_and_quotations() {
    let message = read("html-only.eml");
    assert!(message.text.contains("The till does not print"), "{}", message.text);
    assert!(!message.text.contains("alert") && !message.text.contains('<'), "{}", message.text);
    let message = read("html-reply.eml");
    assert_eq!(message.text.trim(), "It works again, thank you.");
    assert_eq!(message.references, ["out-2@desk.example", "out-1@desk.example"]);
}

#[test]
fn an_empty_mail_is_a_mail() {
    let message = read("empty-body.eml");
    assert_eq!((message.text.as_str(), message.subject.as_str()), ("", "Please call me"));
    let message = Message::read(b"");
    assert_eq!((message.text.as_str(), message.from), ("", None));
    assert_eq!(message.id, Message::read(b"").id);
    assert!(message.id.ends_with("@no-message-id.invalid"));
}

#[test]
fn programs_are_known_by_their_headers() {
    let nature = |headers: &str| {
        Message::read(&crlf(&format!("From: a@b.example\nMessage-ID: <1@b.example>\n{headers}\n\nHello\n")))
            .nature
    };
    for (headers, is) in [
        ("Subject: Hello", Nature::Person),
        ("Auto-Submitted: no", Nature::Person),
        ("Auto-Submitted: auto-replied (vacation)", Nature::AutomaticReply),
        ("Auto-Submitted: auto-generated", Nature::Generated),
        ("Precedence: bulk", Nature::Generated),
        ("Precedence: auto_reply", Nature::AutomaticReply),
        ("List-Id: <all.b.example>", Nature::Generated),
        ("X-Autoreply: yes", Nature::AutomaticReply),
        ("Subject: Automatic reply: [INC-1] Till\nIn-Reply-To: <o@b.example>", Nature::AutomaticReply),
        ("Subject: Abwesenheitsnotiz: Ida Voss\nReferences: <o@b.example>", Nature::AutomaticReply),
        ("Subject: Automatische Antwort: Till\nX-Auto-Response-Suppress: All", Nature::AutomaticReply),
        ("Subject: Out of office hours the printer stops", Nature::Person),
        ("Subject: Abwesend: Otto, bitte Konto sperren", Nature::Person),
        ("Return-Path: <>", Nature::AutomaticReply),
        ("X-Proofdesk: desk.example", Nature::Desk),
        ("X-Loop: proofdesk", Nature::Desk),
    ] {
        assert_eq!(nature(headers), is, "{headers}");
    }
    let daemon = Message::read(&crlf("From: MAILER-DAEMON@b.example\nSubject: failed\n\nNo such user\n"));
    assert_eq!(daemon.nature, Nature::Bounce);
}

#[test]
fn a_report_of_delivery_names_the_mail_and_no_address() {
    for name in ["bounce-opensmtpd.eml", "bounce-headers-only.eml"] {
        let message = read(name);
        assert_eq!(message.nature, Nature::Bounce, "{name}");
        let report = message.report.unwrap();
        assert_eq!(report.about.as_deref(), Some("0199-out@desk.example"), "{name}");
        assert!(report.is_failed && report.says.starts_with("5.1.1"), "{report:?}");
        assert!(!report.says.contains("nobody@"), "{report:?}");
    }
    let late = read("bounce-delayed.eml").report.unwrap();
    assert!(!late.is_failed);
}

#[test]
fn recipients_are_those_of_the_delivery_and_of_the_headers() {
    let raw = "Delivered-To: Tills@Desk.example\nTo: \"All: of us\" <desk@desk.example>, Friends: a@b.example, c@d.example;\nCc: DESK@desk.example\nFrom: x@y.example\n\nHello\n";
    let message = Message::read(&crlf(raw));
    assert_eq!(message.recipients, ["tills@desk.example", "desk@desk.example", "a@b.example", "c@d.example"]);
}

#[test]
fn deep_nesting_ends() {
    let mut raw = String::from("From: a@b.example\nMIME-Version: 1.0\n");
    for n in 0..2_000 {
        raw.push_str(&format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"));
    }
    raw.push_str("Content-Type: text/plain\n\ndeep\n");
    assert!(Message::read(&crlf(&raw)).files.len() <= 50);
    let messages = "Content-Type: message/rfc822\n\n".repeat(40);
    let message = Message::read(&crlf(&format!("From: a@b.example\n{messages}deep")));
    assert_eq!((message.is_trap, message.files.len()), (false, 1));
    let html = format!(
        "From: a@b.example\nContent-Type: text/html\n\n{}",
        "<div><blockquote type=\"cite\">".repeat(20_000)
    );
    Message::read(&crlf(&html));
}

#[test]
fn who_wrote_is_one_address_in_one_header_or_nobody() {
    let writer = |headers: &str| {
        Message::read(&crlf(&format!("{headers}\nSubject: x\n\nHello\n"))).from.map(|from| from.address)
    };
    for (headers, is) in [
        ("From: Ida <Ida@a.example>", Some("ida@a.example")),
        ("From: ida@a.example", Some("ida@a.example")),
        ("From: \"ida@b.example\" <ida@a.example>", Some("ida@a.example")),
        ("From: 'ida@a.example' <ida@a.example>", Some("ida@a.example")),
        ("From: =?utf-8?q?ida=40b.example?= <ida@a.example>", Some("ida@a.example")),
        ("From: Ida\n <ida@a.example>", Some("ida@a.example")),
        ("From : ida@a.example", Some("ida@a.example")),
        ("Sender: ida@a.example", None),
        ("Sender: ida@a.example\nFrom: Ida", None),
        ("Sender: otto@b.example\nFrom: ida@a.example", Some("ida@a.example")),
        ("From:", None),
        ("From: <>", None),
        ("Reply-To: ida@a.example", None),
        ("From: ida@a.example, otto@b.example", None),
        ("From: nobody, ida@a.example", None),
        ("From: ida@a.example, ida@a.example", None),
        ("From: ida@a.example\nFrom: otto@b.example", None),
        ("From: ida@a.example\nX-Y: z\nFROM: ida@a.example", None),
        ("From: ida@a.example\nFrom : otto@b.example", None),
        ("From: Us: ida@a.example;", None),
        ("From: otto@b.example <ida@a.example>", None),
        ("From: <otto@b.example> <ida@a.example>", None),
        ("From: ida@a.example (otto@b.example)", None),
    ] {
        assert_eq!(writer(headers).as_deref(), is, "{headers}");
    }
}

#[test]
fn a_mail_that_is_a_trap_is_not_read() {
    use base64::Engine as _;
    let from = "From: a@b.example\nMIME-Version: 1.0\n";
    let deep = "Content-Type: message/rfc822\n\n";
    let folded = "Con tent-Type:\n Mess age/rfc822\n\n";
    let digest: String =
        (0..900).map(|n| format!("Content-Type: multipart/digest; boundary=d{n}\n\n--d{n}\n\n")).collect();
    for (what, raw) in [
        ("mails in mails", format!("{from}{}deep\n", deep.repeat(60_000))),
        ("in other words", format!("{from}{}deep\n", folded.repeat(60_000))),
        ("in digests", format!("{from}{digest}deep\n")),
        ("headers", format!("{from}{}\nHello\n", "a:\n".repeat(200_000))),
        (
            "parts",
            format!("{from}Content-Type: multipart/mixed; boundary=x\n\n{}", "--x\n\n".repeat(100_000)),
        ),
        ("addresses", format!("{from}To: {}a@b\n\nHello\n", "a@b,".repeat(1_100_000))),
    ] {
        let message = Message::read(raw.as_bytes());
        assert!(message.is_trap && message.from.is_none() && message.text.is_empty(), "{what}");
        assert_eq!(message.id, Message::read(raw.as_bytes()).id, "{what}");
        assert!(message.id != Message::read(b"").id, "{what}");
    }
    // encoded, where no look from outside finds it: it stays a file
    let inner = base64::engine::general_purpose::STANDARD.encode(deep.repeat(60_000));
    let lines: Vec<&str> =
        inner.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    for encoding in ["base64", "BASE64", "8bit\nContent-Transfer-Encoding: base64", "=?utf-8?q?base64?="] {
        let raw = format!(
            "{from}Content-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n--x\nContent-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n{}\n--x--\n",
            lines.join("\n")
        );
        let message = Message::read(&crlf(&raw));
        assert!(!message.is_trap, "{encoding}");
        assert_eq!((message.text.as_str(), message.files.len()), ("Hello", 1), "{encoding}");
    }
    let hidden = format!(
        "{from}Content-Type: multipart/digest; boundary=x\n\n--x\nContent-Transfer-Encoding: base64\n\n{}\n--x--\n",
        lines.join("\n")
    );
    assert!(Message::read(&crlf(&hidden)).is_trap);
    // a long file that is no encoded text, and a mail in a mail, are none
    let log: String = (0..60_000).map(|n| format!("12:00:{:02} --- till: paper {n}\n", n % 60)).collect();
    let raw = format!(
        "{from}Content-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n--x\nContent-Type: text/plain; name=till.log\n\n{log}\n--x\nContent-Type: message/rfc822\n\nSubject: inner\n\n{log}\n--x--\n"
    );
    let message = Message::read(&crlf(&raw));
    assert!(!message.is_trap);
    assert_eq!(names(&message), ["till.log", "message-2.eml"]);
}

/// Pieces of mails, put together in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        &b"From: a@b.example\r\n"[..],
        b"Subject: =?utf-8?B?w6Q=?= =?iso-8859-1?Q?=E4?=\r\n",
        b"Content-Type: multipart/mixed; boundary=\"x\"\r\n",
        b"Content-Type: text/html; charset=utf-16\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: message/delivery-status\r\n",
        b"Content-Type: multipart/report\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1=\xc3\r\n",
        b"\r\n",
        b"--x\r\n",
        b"--x--\r\n",
        b"\n\n",
        b"=C3=\r\n",
        b"/w==\r\n",
        b"<blockquote type=\"cite\">",
        b"On 1.1.2026 A wrote:\r\n",
        b"> x\r\n",
        b"-- \r\n",
        b"References: <a@b> <c@d\r\n",
        b"Action: failed\r\nStatus: 5\r\n",
        b"Message-ID: <\r\n",
        b"\xff\xfe\x00",
        b"\x00",
    ]);
    let piece =
        prop_oneof![4 => known.prop_map(<[u8]>::to_vec), 1 => prop::collection::vec(any::<u8>(), 0..40)];
    prop::collection::vec(piece, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_fail(raw in prop_oneof![prop::collection::vec(any::<u8>(), 0..2_000), pieces()]) {
        let message = Message::read(&raw);
        prop_assert!(!message.id.is_empty() && !message.id.contains(char::is_whitespace));
        prop_assert!(!message.text.contains('\0') && !message.subject.contains('\n'));
        prop_assert!(message.files.iter().all(|f| !f.name.is_empty() && !f.bytes.is_empty()));
        let folded = crate::fold::fold(&message.text);
        prop_assert!(folded.said.is_empty() <= message.text.trim().is_empty());
        if let Some(report) = message.report {
            prop_assert!(!report.says.contains('@'));
        }
    }
}

//! Replies as programs write them, and what of them is said.

use super::{CUT, fold};

fn said(text: &str) -> String {
    fold(text).said
}

#[test]
fn quotations_of_known_programs_are_folded() {
    for (program, text) in [
        (
            "Thunderbird",
            "It works again.\n\nOn 02/03/2026 09:00, Service Desk wrote:\n> Is it solved?\n> Yes or no\n",
        ),
        (
            "Gmail, broken line",
            "It works again.\n\nOn Mon, Mar 2, 2026 at 9:00 AM Service Desk <desk@example.com>\nwrote:\n\n> Is it solved?\n>\n",
        ),
        (
            "Thunderbird, German",
            "It works again.\n\nAm 02.03.26 um 09:00 schrieb Service Desk:\n> Ist es gelöst?\n",
        ),
        (
            "Gmail, German",
            "It works again.\n\nAm Mo., 2. März 2026 um 09:00 Uhr schrieb Service Desk <desk@example.com>:\n\n> Ist es gelöst?\n",
        ),
        (
            "GMX",
            "It works again.\n\nIda Voss <ida@example.com> schrieb am Mo., 2. März 2026, 09:00:\n\n> Ist es gelöst?\n",
        ),
        (
            "Outlook",
            "It works again.\n\n________________________________\nFrom: Service Desk <desk@example.com>\nSent: Monday, 2 March 2026 09:00\nTo: Ida Voss\nSubject: [INC-1] Printer\n\nIs it solved?\n",
        ),
        (
            "Outlook, German",
            "It works again.\n\nVon: Service Desk <desk@example.com>\nGesendet: Montag, 2. März 2026 09:00\nAn: Ida Voss\nBetreff: [INC-1] Drucker\n\nIst es gelöst?\n",
        ),
        (
            "Outlook, old",
            "It works again.\r\n\r\n-----Ursprüngliche Nachricht-----\r\nVon: Desk\r\n\r\nIst es gelöst?",
        ),
        (
            "Apple Mail, from HTML",
            "It works again.\n\nOn 2 Mar 2026, at 09:00, Service Desk <desk@example.com> wrote:\n\nIs it solved?\nPlease say.\n",
        ),
        ("only marks", "It works again.\n\n> Is it solved?\n> Please say.\n"),
    ] {
        let folded = fold(text);
        assert_eq!(folded.said, "It works again.", "{program}");
        assert!(folded.is_folded, "{program}");
    }
}

#[test]
fn the_line_of_this_desk_ends_what_is_said() {
    let quoted = format!(
        "Ja, danke dir.\n\nAm 2.3.2026 um 9:00 schrieb Desk:\n\n> {CUT}\n> Hallo Ida\n\n> noch etwas"
    );
    assert_eq!(said(&quoted), "Ja, danke dir.");
    let unmarked = format!("Ja, es geht.\n\n{CUT}\n\nHallo Ida,\nist es gelöst?");
    assert_eq!(said(&unmarked), "Ja, es geht.");
    let broken = "Yes.\n\n> --- Reply above this line / Antwort bitte über\n> dieser Zeile ---\n> Hello";
    assert_eq!(said(broken), "Yes.");
}

#[test]
fn signatures_are_folded() {
    for text in [
        "The screen is black.\n\n-- \nIda Voss\nFinance, room 12",
        "The screen is black.\n\nKind regards,\nIda Voss\n+49 30 1234",
        "The screen is black.\n\nMit freundlichen Grüßen\n\nIda Voss\nBuchhaltung",
        "The screen is black.\n\nViele Grüße\nIda\n\nVon meinem iPhone gesendet",
        "The screen is black.\n\nSent from my phone",
        "The screen is black.\n\nGesendet mit der WEB.DE Mail App\n\n",
    ] {
        assert_eq!(said(text), "The screen is black.", "{text}");
    }
}

#[test]
fn answers_between_the_lines_stay() {
    let text =
        "On 02/03/2026 09:00, Desk wrote:\n> Which printer?\nThe one in room 12.\n> Since when?\nMonday.";
    assert_eq!(said(text), text);
}

#[test]
fn what_only_looks_so_stays() {
    for text in [
        "From: is the field that shows wrongly.\nPlease look at it.",
        "Thanks\nto Ida the printer works, but the scanner does not, and this line is long enough to be no part of anybody's signature at all, is it?",
        "On Monday the server was slow.\nI wrote: nothing.",
        "> all of it is quoted\n> and nothing else is there",
        "Am Montag ging nichts.",
        "Danke",
    ] {
        assert_eq!(said(text), text);
        assert!(!fold(text).is_folded);
    }
    assert_eq!(said(""), "");
    assert_eq!(said("\n \r\n"), "");
}

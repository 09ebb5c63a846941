//! Lists what is shipped of `mail/`.

fn main() -> std::io::Result<()> {
    proofdesk_shipped::list("mail", &[".kdl", ".txt"], "mail.rs")
}

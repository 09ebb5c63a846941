//! Lists what is shipped of `records/` and `templates/`.

fn main() -> std::io::Result<()> {
    proofdesk_shipped::list("records", &[".kdl"], "records.rs")?;
    proofdesk_shipped::list("templates", &[".kdl", ".md"], "templates.rs")
}

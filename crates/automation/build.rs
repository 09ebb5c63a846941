//! Lists what is shipped of `automation/`.

fn main() -> std::io::Result<()> {
    proofdesk_shipped::list("automation", &[".kdl"], "automation.rs")
}

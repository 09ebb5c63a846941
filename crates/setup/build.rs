//! Lists what is shipped of `setup/`.

fn main() -> std::io::Result<()> {
    proofdesk_shipped::list("setup", &[".kdl"], "setup.rs")
}

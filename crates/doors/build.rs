//! Lists what is shipped of `doors/`.

fn main() -> std::io::Result<()> {
    proofdesk_shipped::list("doors", &[".kdl"], "doors.rs")
}

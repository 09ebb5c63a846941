//! Lists what is shipped of `standards/` and `controls/`.

fn main() -> std::io::Result<()> {
    proofdesk_shipped::list("standards/iso-20000-1-2018", &[".kdl"], "standard.rs")?;
    proofdesk_shipped::list("controls", &[".kdl"], "controls.rs")
}

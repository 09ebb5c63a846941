//! The scanner that looks at files.

use std::path::Path;

use proofdesk_engine::Scanner;

use super::Config;

/// What is written, of a socket beside the configuration its whole path.
pub(super) fn relative_to(folder: &Path, written: String) -> String {
    if written.contains('/') { folder.join(written).to_string_lossy().into_owned() } else { written }
}

impl Config {
    /// The scanner that looks at files, where one is named.
    ///
    /// # Errors
    /// An address that is none.
    pub fn scanner(&self) -> anyhow::Result<Option<Scanner>> {
        let read = |written: &String| {
            Scanner::parse(written).map_err(|said| anyhow::anyhow!("file_scanner: {said}"))
        };
        self.file_scanner.as_ref().map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proofdesk_engine::Scanner;

    use super::Config;

    #[test]
    fn a_socket_lies_beside_the_configuration_and_another_word_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.toml");
        let read = |written: &str| {
            std::fs::write(&file, format!("file_scanner = \"{written}\"")).unwrap();
            let config = Config::read(&file).unwrap();
            (config.scanner().ok().flatten(), config.check().err().map(|said| said.to_string()))
        };
        assert_eq!(read("run/clamd"), (Some(Scanner::Socket(folder.path().join("run/clamd"))), None));
        assert_eq!(read("/run/clamd").0, Some(Scanner::Socket("/run/clamd".into())));
        assert_eq!(read("127.0.0.1:3310"), (Some(Scanner::Tcp("127.0.0.1:3310".to_owned())), None));
        let (scanner, said) = read("clamd");
        assert!(scanner.is_none() && said.unwrap().contains("file_scanner: `clamd` is neither"));
    }
}

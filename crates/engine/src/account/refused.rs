//! What an operator refuses as a password beside what every desk refuses: words of the organization, and a list of
//! passwords that were lost in breaches, in a file.
//!
//! The list is the one that breaches are published in: SHA-1 in hexadecimal, one a line, sorted, with anything behind a
//! colon. It may be larger than the memory: it is searched where it lies. Nothing is asked of another machine.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};

use super::password::check_password;
use crate::Engine;
use crate::error::Error;

/// Letters of a hash.
const HASH: usize = 40;
/// Longest line of a list that is read.
const LINE: usize = 256;
/// Largest list that is read whole when it is checked, bytes: a second's work.
const WHOLE: u64 = 256 * 1_048_576;
/// Places at which a larger one is looked at.
const PROBES: u64 = 4_096;

/// What an operator refuses as a password.
#[derive(Debug, Default)]
pub struct Refused {
    words: Vec<String>,
    list: Option<PathBuf>,
}

impl Refused {
    /// Words of the organization, of which a password must not consist (those of less than three letters or digits count
    /// for nothing), and the file of a list. The file is read when a password is set, and by [`Refused::check`].
    pub fn new(words: &[String], list: Option<&Path>) -> Self {
        let plain = words.iter().map(|word| plain(word)).filter(|word| word.chars().count() > 2);
        let mut words: Vec<String> = plain.collect();
        // the longest first, so that a part of it leaves nothing of it
        words.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        words.dedup();
        Self { words, list: list.map(Path::to_owned) }
    }

    /// Reads the list: one of up to 256 MiB whole, of a larger one 4,096 places.
    ///
    /// # Errors
    /// A sentence that says why it is none: it cannot be read, has other lines, or is not sorted.
    pub fn check(&self) -> Result<(), String> {
        let Some(path) = &self.list else { return Ok(()) };
        opened(path)
            .and_then(|(file, size)| check(file, size))
            .map_err(|e| format!("{}: {e}", path.display()))
    }

    /// The words, as they are compared.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    fn lists(&self, password: &str) -> Result<bool, Error> {
        let Some(path) = &self.list else { return Ok(false) };
        let hash = hex::encode_upper(Sha1::digest(password.as_bytes()));
        opened(path).and_then(|(mut file, size)| is_in(&mut file, size, &hash)).map_err(|error| {
            tracing::error!(list = %path.display(), %error, "the list of passwords cannot be read: none is set");
            Error::NoPasswordList
        })
    }
}

/// A text as it is compared: its letters and digits, in lower case.
pub(super) fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

impl Engine {
    /// From now on this is refused, too; only once, at the program's start.
    pub fn refuse_passwords(&self, refused: Refused) {
        // whoever set it first has it: a matter of the start
        let _ = self.inner.refused.set(refused);
    }

    /// Says what is wrong with a new password.
    ///
    /// # Errors
    /// `Invalid`; `NoPasswordList` where the list cannot be read: then no password is set until it can.
    pub(crate) async fn check_password(&self, password: &str, sign_in: &str) -> Result<(), Error> {
        check_password(password, sign_in, self.inner.refused.get().map_or(&[], Refused::words))?;
        let (engine, looked_for) = (self.clone(), password.to_owned());
        let look = move || engine.inner.refused.get().map_or(Ok(false), |refused| refused.lists(&looked_for));
        let found = tokio::task::spawn_blocking(look).await.map_err(|e| Error::Internal(e.to_string()))??;
        if found {
            let message = "This password is known from a breach: choose another one.";
            return Err(Error::invalid("password", "common", message));
        }
        Ok(())
    }
}

fn wrong(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// A list, and its size in bytes. A pipe or a device might never end.
fn opened(path: &Path) -> io::Result<(File, u64)> {
    let found = std::fs::metadata(path)?;
    if !found.is_file() {
        return Err(wrong("this is no ordinary file"));
    }
    Ok((File::open(path)?, found.len()))
}

/// The hash that a line begins with, in upper case; the line has no end any more.
fn hash_of(line: &[u8]) -> Option<String> {
    let hash = line.get(..HASH).filter(|hash| hash.iter().all(u8::is_ascii_hexdigit))?;
    let ends = line.get(HASH).is_none_or(|next| matches!(next, b':' | b'\r'));
    ends.then(|| String::from_utf8_lossy(hash).to_ascii_uppercase())
}

/// The first line that begins at a place or after it: where it begins, and its hash; none behind the last one.
fn line_from(file: &mut File, at: u64) -> io::Result<Option<(u64, String)>> {
    let before = at.saturating_sub(1);
    file.seek(SeekFrom::Start(before))?;
    let mut read = Vec::with_capacity(LINE + HASH);
    file.take((LINE + HASH) as u64).read_to_end(&mut read)?;
    let begins = match at {
        0 => 0,
        _ => match read.iter().position(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if read.len() < LINE + HASH => return Ok(None),
            None => return Err(wrong(TOO_LONG)),
        },
    };
    let rest = &read[begins..];
    let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest, |end| &rest[..end]);
    if rest.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let hash = hash_of(line).ok_or_else(|| wrong(NO_HASH))?;
    Ok(Some((before + begins as u64, hash)))
}

/// What is wrong with a line that has no hash.
const NO_HASH: &str =
    "a line is not a SHA-1 hash of 40 hexadecimal digits, followed by nothing or by a colon and a count";
/// What is wrong with a line that has no end.
const TOO_LONG: &str = "a line is longer than a hash and a count";
/// What is wrong with lines that are in no order.
const UNSORTED: &str =
    "the lines are not sorted by their hashes: sort them by `LC_ALL=C sort`, all letters large or all small";

/// Looks at the lines of a list: each must have a hash, and they must be in order.
fn check(mut file: File, size: u64) -> io::Result<()> {
    if size <= WHOLE {
        return check_whole(file);
    }
    let mut last = String::new();
    for probe in 0..PROBES {
        let at = size / PROBES * probe;
        let near = |why: io::Error| wrong(&format!("near byte {at}: {why}"));
        let Some((_, hash)) = line_from(&mut file, at).map_err(near)? else { break };
        if hash < last {
            return Err(near(wrong(UNSORTED)));
        }
        last = hash;
    }
    Ok(())
}

fn check_whole(file: File) -> io::Result<()> {
    let (mut file, mut line, mut last) = (BufReader::new(file), Vec::new(), String::new());
    for number in 1_u64.. {
        line.clear();
        let read = (&mut file).take(LINE as u64).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let at = |why: &str| wrong(&format!("line {number}: {why}"));
        if text.len() == LINE {
            return Err(at(TOO_LONG));
        }
        let hash = hash_of(text).ok_or_else(|| at(NO_HASH))?;
        if hash < last {
            return Err(at(UNSORTED));
        }
        last = hash;
    }
    if last.is_empty() { Err(wrong("the list is empty")) } else { Ok(()) }
}

/// Whether a list of a size in bytes has a hash, in upper case.
fn is_in(file: &mut File, size: u64, hash: &str) -> io::Result<bool> {
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low.midpoint(high);
        let Some((at, found)) = line_from(file, middle)?.filter(|(at, _)| *at < high) else {
            high = middle;
            continue;
        };
        match found.as_str().cmp(hash) {
            Ordering::Equal => return Ok(true),
            Ordering::Less => low = at + HASH as u64,
            Ordering::Greater => high = middle,
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::path::PathBuf;

    use sha1::{Digest as _, Sha1};

    use super::{Error, Refused, check_password};

    fn list(folder: &tempfile::TempDir, lines: &[String], end: &str) -> PathBuf {
        let path = folder.path().join("breached.txt");
        std::fs::write(&path, lines.iter().map(|line| format!("{line}{end}")).collect::<String>()).unwrap();
        path
    }

    #[test]
    fn every_password_of_a_list_is_found_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let known = |n: u32| format!("the {n}th horse of the battery");
        let hash = |password: &str| hex::encode(Sha1::digest(password.as_bytes()));
        for (count, end) in [(1, "\n"), (2, "\r\n"), (500, "\r\n"), (500, ":17\n")] {
            let mut lines: Vec<String> = (0..count).map(|n| hash(&known(n)).to_uppercase()).collect();
            lines.sort();
            let refused = Refused::new(&[], Some(&list(&folder, &lines, end)));
            refused.check().unwrap();
            assert!((0..count).all(|n| refused.lists(&known(n)).unwrap()), "{count} {end:?}");
            assert!(!(count..count + 500).any(|n| refused.lists(&known(n)).unwrap()), "{count} {end:?}");
        }
        // in small letters, and with no line's end behind the last one
        let one = list(&folder, &[hash(&known(1))], "");
        assert!(Refused::new(&[], Some(&one)).lists(&known(1)).unwrap());
    }

    #[test]
    fn what_is_no_list_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let (low, high) = ("0".repeat(40), "F".repeat(40));
        for (lines, why) in [
            (vec![], "empty"),
            (vec!["password".to_owned()], "SHA-1"),
            (vec!["0".repeat(64)], "SHA-1"),
            (vec![high; 200].into_iter().chain(vec![low; 200]).collect(), "sorted"),
        ] {
            let said = Refused::new(&[], Some(&list(&folder, &lines, "\n"))).check().unwrap_err();
            assert!(said.contains(why) && said.contains("breached.txt"), "{said}");
        }
        // one line of thousands that lies elsewhere would not be found
        let mut lines: Vec<String> = (0..3_000).map(|n| format!("{n:040X}")).collect();
        let moved = lines.remove(700);
        lines.insert(2_200, moved);
        let said = Refused::new(&[], Some(&list(&folder, &lines, "\n"))).check().unwrap_err();
        assert!(said.contains("line 2201") && said.contains("sort"), "{said}");
        lines[1_000] = "x".repeat(1_000);
        let said = Refused::new(&[], Some(&list(&folder, &lines, "\n"))).check().unwrap_err();
        assert!(said.contains("line 1001") && said.contains("longer"), "{said}");
        assert!(Refused::new(&[], Some(&folder.path().join("away"))).check().is_err());
        // one that vanished later lets no password through
        let path = list(&folder, &["A".repeat(40)], "\n");
        let refused = Refused::new(&[], Some(&path));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(refused.lists("correct horse battery"), Err(Error::NoPasswordList)));
        // nobody waits for what never ends
        let pipe = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(pipe.success());
        assert!(refused.check().unwrap_err().contains("no ordinary file"));
        assert!(refused.lists("correct horse battery").is_err());
    }

    #[test]
    fn words_of_the_organization_make_no_password() {
        let words = ["Nordlicht IT".to_owned(), "Nordlicht".to_owned(), "IT".to_owned()];
        let refused = Refused::new(&words, None);
        assert_eq!(refused.words(), ["nordlichtit", "nordlicht"], "IT is part of too many words");
        for password in ["Nordlicht2026!", "nordlicht-it-26", "Ida.Nordlicht1"] {
            assert!(check_password(password, "ida", refused.words()).is_err(), "{password}");
            assert!(check_password(password, "ida", &[]).is_ok(), "{password}");
        }
        assert!(check_password("nordlicht over the harbour", "ida", refused.words()).is_ok());
    }
}

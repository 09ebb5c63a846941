//! Names of files: without folders and without what nobody sees, and with an extension that does not belie the bytes.
//!
//! Source: OWASP ASVS 5.0.0, 5.2.2.

use crate::error::Error;

/// Longest name, in characters.
const NAME_MAX: usize = 200;

/// Extensions that say what the bytes are, and the media types that bear them out. Office files are archives, and are told as such
/// where their parts lie in another order; what people call `doc` or `xls` is often text for a word processor.
const SAYS: &[(&[&str], &[&str])] = &[
    (&["png"], &["image/png"]),
    (&["jpg", "jpeg", "jpe", "jfif"], &["image/jpeg"]),
    (&["gif"], &["image/gif"]),
    (&["webp"], &["image/webp"]),
    (&["bmp"], &["image/bmp"]),
    (&["tif", "tiff"], &["image/tiff", "image/x-canon-cr2"]),
    (&["heic", "heif"], &["image/heif"]),
    (&["avif"], &["image/avif"]),
    (&["ico"], &["image/vnd.microsoft.icon"]),
    (&["pdf"], &["application/pdf"]),
    (&["rtf"], &["application/rtf", TEXT]),
    (
        &["docx", "docm"],
        &[ZIP, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", OLE],
    ),
    (&["xlsx", "xlsm"], &[ZIP, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", OLE]),
    (
        &["pptx", "pptm"],
        &[ZIP, "application/vnd.openxmlformats-officedocument.presentationml.presentation", OLE],
    ),
    (&["odt"], &[ZIP, "application/vnd.oasis.opendocument.text"]),
    (&["ods"], &[ZIP, "application/vnd.oasis.opendocument.spreadsheet"]),
    (&["odp"], &[ZIP, "application/vnd.oasis.opendocument.presentation"]),
    (&["zip"], &[ZIP]),
    (&["gz", "tgz"], &["application/gzip"]),
    (&["7z"], &["application/x-7z-compressed"]),
    (&["rar"], &["application/vnd.rar"]),
    (&["mp4"], &["video/mp4", "video/x-m4v", "video/quicktime"]),
    (&["mov"], &["video/quicktime", "video/mp4"]),
    (&["webm"], &["video/webm", "video/x-matroska"]),
    (&["wav"], &["audio/x-wav"]),
    (
        &[
            "txt", "log", "csv", "tsv", "md", "json", "yaml", "yml", "ini", "conf", "toml", "kdl", "xml",
            "svg",
        ],
        &[TEXT, BYTES],
    ),
    (&["html", "htm", "eml", "ics", "vcf", "sql"], &[TEXT, BYTES]),
];
const TEXT: &str = "text/plain";
const ZIP: &str = "application/zip";
const BYTES: &str = "application/octet-stream";
/// With a password they are kept so.
const OLE: &str = "application/x-ole-storage";
/// Kinds whose own extension a name gets; any other gets `bin`, so that no program is made of what was called a picture.
const HARMLESS: [&str; 4] = ["image/", "audio/", "video/", "application/pdf"];

/// The name, with an extension behind it where the one that it has contradicts the bytes: `photo.png.pdf`. `own` is the extension
/// of what the bytes are, where they tell it.
pub(super) fn fitting(name: &str, media_type: &str, own: Option<&'static str>) -> String {
    let extension = name.rsplit_once('.').map(|(_, last)| last.to_ascii_lowercase()).unwrap_or_default();
    let said = SAYS.iter().find(|(extensions, _)| extensions.contains(&extension.as_str()));
    if said.is_none_or(|(_, types)| types.contains(&media_type)) {
        return name.to_owned();
    }
    let more = match own {
        _ if media_type == TEXT => "txt",
        Some(own) if HARMLESS.iter().any(|kind| media_type.starts_with(kind)) => own,
        Some("zip") => "zip",
        _ => "bin",
    };
    let kept: String = name.chars().take(NAME_MAX - more.len() - 1).collect();
    format!("{kept}.{more}")
}

/// Characters that cannot be seen, or that make a name read otherwise than it is (`exe.gpj` as `jpg.exe`): controls,
/// marks of direction, separators of lines, joiners of nothing, tags.
fn is_unseen(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || matches!(code, 0xAD | 0x61C | 0x180E | 0x200B | 0x200E | 0x200F | 0xFEFF)
        || matches!(code, 0x2028..=0x202E | 0x2060..=0x206F | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
}

/// The last part of a path, without what cannot be seen.
///
/// # Errors
/// `Invalid` where nothing is left.
pub(super) fn clean_name(name: &str) -> Result<String, Error> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !is_unseen(*c)).take(NAME_MAX).collect();
    let clean = clean.trim().to_owned();
    if clean.trim_matches(['.', ' ']).is_empty() {
        return Err(Error::invalid("file", "format", "The file needs a name."));
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use super::{clean_name, fitting};

    #[test]
    fn a_name_that_contradicts_the_bytes_says_what_they_are() {
        let exe = "application/vnd.microsoft.portable-executable";
        for (name, media_type, own, kept) in [
            ("till.png", "image/png", Some("png"), "till.png"),
            ("till.PNG", "image/jpeg", Some("jpg"), "till.PNG.jpg"),
            ("invoice.pdf", exe, Some("exe"), "invoice.pdf.bin"),
            ("invoice.pdf", "text/plain", None, "invoice.pdf.txt"),
            ("invoice.pdf", "application/octet-stream", None, "invoice.pdf.bin"),
            ("list.xlsx", "application/zip", Some("zip"), "list.xlsx"),
            ("list.xlsx", "application/pdf", Some("pdf"), "list.xlsx.pdf"),
            ("notes.txt", "application/zip", Some("zip"), "notes.txt.zip"),
            ("notes.txt", "application/octet-stream", None, "notes.txt"),
            ("page.html", "text/plain", Some("html"), "page.html"),
            ("page.html", exe, Some("exe"), "page.html.bin"),
            ("setup.exe", exe, Some("exe"), "setup.exe"),
            ("dump.anything", "image/png", Some("png"), "dump.anything"),
            ("README", "text/plain", None, "README"),
        ] {
            assert_eq!(fitting(name, media_type, own), kept, "{name} with {media_type}");
        }
        let long = format!("{}.png", "n".repeat(196));
        let kept = fitting(&long, "application/pdf", Some("pdf"));
        assert!(kept.chars().count() == 200 && kept.ends_with(".pdf"), "{kept}");
    }

    #[test]
    fn folders_are_cut_from_names() {
        assert_eq!(clean_name("../../etc/passwd").ok().as_deref(), Some("passwd"));
        assert_eq!(clean_name("C:\\a\\b.txt").ok().as_deref(), Some("b.txt"));
        assert!(clean_name("..").is_err());
    }

    #[test]
    fn nothing_unseen_stays_in_a_name() {
        for (given, kept) in [
            ("photo_\u{202E}gpj.exe", "photo_gpj.exe"),
            ("a\u{2066}b\u{2069}\u{200F}.txt", "ab.txt"),
            ("line\u{2028}break\u{7}\r\n.log", "linebreak.log"),
            (" \u{FEFF}r\u{AD}eport\u{200B}.pdf ", "report.pdf"),
            ("\u{E0041}tag.txt", "tag.txt"),
            ("\u{0645}\u{0644}\u{0641}.txt", "\u{0645}\u{0644}\u{0641}.txt"),
            ("Überblick 日本.png", "Überblick 日本.png"),
        ] {
            assert_eq!(clean_name(given).ok().as_deref(), Some(kept), "{given:?}");
        }
        assert!(clean_name("\u{202E}\u{200F}").is_err());
    }
}

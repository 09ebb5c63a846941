//! What typst may see: one template, one paper, the embedded fonts. No file, no network, no clock.

use serde_json::Value;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};

use crate::error::Error;

const TEMPLATE: &str = include_str!("template.typ");

/// A paper on the typesetter's desk.
pub struct Desk {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    template: Source,
    paper: (FileId, Bytes),
}

impl Desk {
    /// Lays a paper on it, as the JSON that the template reads. A character that no embedded font has is written by
    /// its number, `[U+6F22]`: a file that is to be kept may not hold one that cannot be shown.
    pub fn new(mut paper: Value) -> Result<Self, Error> {
        let fonts: Vec<Font> = typst_assets::fonts().flat_map(|font| Font::iter(Bytes::new(font))).collect();
        make_legible(&mut paper, &fonts);
        let paper = serde_json::to_vec(&paper).map_err(Error::NotAPaper)?;
        Ok(Self {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            template: Source::new(id("/template.typ")?, TEMPLATE.to_owned()),
            paper: (id("/paper.json")?, Bytes::new(paper)),
        })
    }
}

fn make_legible(value: &mut Value, fonts: &[Font]) {
    match value {
        Value::String(text) if !text.chars().all(|c| is_legible(c, fonts)) => {
            let written = |c: char| {
                if is_legible(c, fonts) { c.to_string() } else { format!("[U+{:04X}]", u32::from(c)) }
            };
            *text = text.chars().map(written).collect();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| make_legible(item, fonts)),
        Value::Object(fields) => fields.values_mut().for_each(|field| make_legible(field, fonts)),
        _ => {}
    }
}

fn is_legible(c: char, fonts: &[Font]) -> bool {
    c.is_ascii_graphic()
        || [' ', '\n', '\t'].contains(&c)
        || (!c.is_control() && fonts.iter().any(|font| font.info().coverage.contains(u32::from(c))))
}

fn id(path: &str) -> Result<FileId, Error> {
    let path = VirtualPath::new(path).map_err(|_| Error::Layout(format!("{path} is no path")))?;
    Ok(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.paper.0 { Ok(self.paper.1.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

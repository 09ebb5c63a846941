//! From a paper to the bytes of a PDF.

use proofdesk_paper::Paper;
use typst::diag::SourceDiagnostic;
use typst::foundations::Smart;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::error::Error;
use crate::world::Desk;

/// Lays the paper out and gives the file.
pub fn pdf(paper: Paper) -> Result<Vec<u8>, Error> {
    let paper = paper.proofread()?;
    if !is_day(&paper.date) {
        return Err(Error::Day(paper.date));
    }
    let (language, region) = match paper.language.split_once('-') {
        Some((language, region)) => (language, Some(region)),
        None => (paper.language.as_str(), None),
    };
    let word = |text: &str, lengths: &[usize]| {
        lengths.contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphabetic())
    };
    if !word(language, &[2, 3]) || region.is_some_and(|region| !word(region, &[2])) {
        return Err(Error::Language(paper.language));
    }
    let desk = Desk::new(serde_json::to_value(&paper).map_err(Error::NotAPaper)?)?;
    let laid_out = typst::compile::<PagedDocument>(&desk).output.map_err(|found| said(&found))?;
    let standards = PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1])
        .map_err(|refused| Error::Layout(refused.message().to_string()))?;
    let ident = format!("{} {} {}", paper.organization, paper.reference.unwrap_or_default(), paper.title);
    let options = PdfOptions {
        ident: Smart::Custom(ident),
        creator: Smart::Custom(Some("Proofdesk".to_owned())),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&laid_out, &options).map_err(|found| said(&found))
}

fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |part: &str, digits: usize| {
        (part.len() == digits && part.chars().all(|c| c.is_ascii_digit()))
            .then(|| part.parse::<u8>().unwrap_or(0))
    };
    year.len() == 4
        && year.chars().all(|c| c.is_ascii_digit())
        && number(month, 2).is_some_and(|m| (1..=12).contains(&m))
        && number(day, 2).is_some_and(|d| (1..=31).contains(&d))
}

fn said(found: &[SourceDiagnostic]) -> Error {
    let words: Vec<String> = found
        .iter()
        .map(|one| {
            let hints: Vec<String> = one.hints.iter().map(|hint| hint.v.to_string()).collect();
            if hints.is_empty() {
                one.message.to_string()
            } else {
                format!("{} ({})", one.message, hints.join("; "))
            }
        })
        .collect();
    Error::Layout(words.join("; "))
}

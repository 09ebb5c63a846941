//! What somebody says in a reply, without the mail that he answers and without his signature, in English and German.
//!
//! Nothing is lost by it: the whole message stays an attachment of the record. What looks like an answer between the
//! lines of a quotation is left as it is.

/// The line under which the mails of this desk quote nothing: `{cut}` in the texts.
pub const CUT: &str = "--- Reply above this line / Antwort bitte über dieser Zeile ---";

/// Parts of [`CUT`] by which it is known again, however a program broke the line.
const CUTS: [&str; 2] = ["reply above this line", "antwort bitte über dieser zeile"];

/// Lines that begin the quotation of programs that mark no lines.
const HEADINGS: [&str; 8] = [
    "-----original message-----",
    "-----ursprüngliche nachricht-----",
    "----- original message -----",
    "----- ursprüngliche nachricht -----",
    "-------- original message --------",
    "-------- ursprüngliche nachricht --------",
    "begin forwarded message:",
    "anfang der weitergeleiteten nachricht:",
];

/// Words that end a letter, alone on their line.
const CLOSINGS: [&str; 27] = [
    "regards",
    "kind regards",
    "best regards",
    "warm regards",
    "with kind regards",
    "best wishes",
    "best",
    "cheers",
    "sincerely",
    "yours sincerely",
    "yours faithfully",
    "many thanks",
    "thanks",
    "thank you",
    "mit freundlichen grüßen",
    "mit freundlichen grüssen",
    "freundliche grüße",
    "freundliche grüsse",
    "mit freundlichem gruß",
    "beste grüße",
    "viele grüße",
    "liebe grüße",
    "herzliche grüße",
    "schöne grüße",
    "gruß",
    "grüße",
    "danke",
];

/// Beginnings of the lines that telephones add.
const SENT_BY: [&str; 9] = [
    "sent from my ",
    "sent from outlook",
    "get outlook for ",
    "sent with ",
    "von meinem ",
    "gesendet von ",
    "gesendet mit ",
    "diese nachricht wurde von meinem ",
    "holen sie sich outlook für ",
];

/// A signature has at most so many lines.
const SIGNATURE_LINES: usize = 20;

/// What was said, and whether something was folded away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    /// What the writer says himself; the whole text where nothing else would be left.
    pub said: String,
    /// A quotation or a signature was left out.
    pub is_folded: bool,
}

/// Folds a text.
pub fn fold(text: &str) -> Folded {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\u{a0}', " ");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let whole = lines.join("\n").trim().to_owned();
    let end = signature(&lines[..quotation(&lines)]);
    let said = lines[..end].join("\n").trim().to_owned();
    if said.is_empty() {
        return Folded { said: whole, is_folded: false };
    }
    Folded { is_folded: said != whole, said }
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// The lines before the quotation at the end; all where there is none.
fn quotation(lines: &[&str]) -> usize {
    let lower = |line: &str| line.trim().to_lowercase();
    let is_cut = |line: &&str| CUTS.iter().any(|cut| lower(line).contains(cut));
    if let Some(at) = lines.iter().position(is_cut) {
        return without_attribution(lines, at);
    }
    for (at, line) in lines.iter().enumerate() {
        let bare = lower(line);
        if HEADINGS.contains(&bare.as_str()) || is_header_block(&lines[at..]) {
            return without_attribution(lines, at);
        }
        if let Some(last) = attribution(&lines[at..]) {
            let rest = &lines[at + last + 1..];
            let marked = rest.iter().any(|l| is_quoted(l));
            let own = rest.iter().any(|l| !l.trim().is_empty() && !is_quoted(l));
            if !(marked && own) {
                return at;
            }
        }
    }
    let mut end = lines.len();
    while end > 0 && (lines[end - 1].trim().is_empty() || is_quoted(lines[end - 1])) {
        end -= 1;
    }
    without_attribution(lines, end)
}

/// Takes a line such as `On Monday Ida wrote:`, quotation marks and rules away that stand right before a quotation.
fn without_attribution(lines: &[&str], end: usize) -> usize {
    let mut end = end;
    while end > 0 {
        let line = lines[end - 1].trim();
        let is_rule = !line.is_empty() && line.chars().all(|c| "_-=*>".contains(c));
        if line.is_empty() || is_rule || is_quoted(line) {
            end -= 1;
            continue;
        }
        let from = end.saturating_sub(3);
        match (from..end).find(|at| attribution(&lines[*at..end]).is_some_and(|last| at + last + 1 == end)) {
            Some(at) => end = at,
            None => return end,
        }
    }
    end
}

/// Whether the lines begin by saying who wrote what follows; the last of these lines.
fn attribution(lines: &[&str]) -> Option<usize> {
    let first = lines.first()?.trim().trim_start_matches('>').trim().to_lowercase();
    let opens = ["on ", "am ", "le ", "op "].iter().any(|word| first.starts_with(word));
    let has_date = |text: &str| text.chars().filter(char::is_ascii_digit).count() >= 2;
    let mut said = String::new();
    for (at, line) in lines.iter().take(3).enumerate() {
        said.push(' ');
        said.push_str(&line.trim().to_lowercase());
        let ends = said.ends_with(':');
        let wrote =
            said.ends_with("wrote:") || (said.contains(" schrieb") && ends) || said.ends_with(" schrieb:");
        if opens && wrote && has_date(&said) {
            return Some(at);
        }
        // `Ida Voss <ida@desk.example> schrieb am Mo., 2. März 2026, 09:00:`
        if at < 2 && ends && said.contains(" schrieb am ") && has_date(&said) {
            return Some(at);
        }
        if at == 0 && !opens && !said.contains(" schrieb") {
            return None;
        }
    }
    None
}

/// Whether the lines are the headers that Outlook puts over a quotation.
fn is_header_block(lines: &[&str]) -> bool {
    let name = |line: &str| {
        let bare = line.trim().trim_matches('*').to_lowercase();
        bare.split_once(':').map(|(name, _)| name.trim_matches(['*', ' ']).to_owned())
    };
    let Some(first) = lines.first().and_then(|l| name(l)) else { return false };
    if first != "from" && first != "von" {
        return false;
    }
    let next: Vec<String> = lines.iter().skip(1).take(5).filter_map(|l| name(l)).collect();
    let has = |names: &[&str]| next.iter().any(|n| names.contains(&n.as_str()));
    has(&["sent", "date", "gesendet", "datum"]) && has(&["to", "an", "subject", "betreff"])
}

/// The lines before the signature.
fn signature(lines: &[&str]) -> usize {
    let mut end = lines.len();
    if let Some(at) = lines.iter().rposition(|line| *line == "--" || *line == "-- ")
        && end - at <= SIGNATURE_LINES
    {
        end = at;
    }
    end = without_blank(lines, end);
    while end > 0 && is_sent_by(lines[end - 1]) {
        end = without_blank(lines, end - 1);
    }
    let is_closing = |line: &&str| {
        let bare = line.trim().trim_end_matches([',', '.', '!']).to_lowercase();
        CLOSINGS.contains(&bare.as_str())
    };
    if let Some(at) = lines[..end].iter().rposition(is_closing) {
        let after = &lines[at + 1..end];
        let said = lines[..at].iter().any(|l| !l.trim().is_empty());
        let is_short = after.len() <= SIGNATURE_LINES && after.iter().all(|l| l.chars().count() <= 100);
        if said && is_short {
            end = at;
        }
    }
    without_blank(lines, end)
}

fn without_blank(lines: &[&str], end: usize) -> usize {
    let mut end = end;
    while end > 0 && lines[end - 1].trim().is_empty() {
        end -= 1;
    }
    end
}

fn is_sent_by(line: &str) -> bool {
    let bare = line.trim().to_lowercase();
    bare.chars().count() <= 100 && SENT_BY.iter().any(|begin| bare.starts_with(begin))
}

#[cfg(test)]
mod tests;

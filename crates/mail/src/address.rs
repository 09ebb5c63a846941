//! Addresses of mail, and the signed address that a reply comes back to.
//!
//! Source: RFC 5321 4.1.2 and 4.5.3.1, RFC 5233 (the detail after `+`).
//! Invariant: an address that this desk did not sign names no record.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Longest address (RFC 5321 4.5.3.1.3, without the angle brackets).
const LONGEST: usize = 254;
/// Bytes of a signature in an address: 80 bits, which nobody tries through a mail server.
const SIGNATURE: usize = 10;

/// Who may see what a reply says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearers {
    /// The customer and staff.
    Customer,
    /// Staff only.
    Staff,
}

/// What a signed address stands for: this person's reply on this record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// The record as people write it, such as `INC-12`.
    pub reference: String,
    /// Number of the person to whom the address was given.
    pub person: i64,
    /// Who sees the reply.
    pub hearers: Hearers,
}

/// The key that signs addresses; never shown.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A key of given bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The code of a text for one purpose.
    fn code(&self, purpose: &[u8], said: &str) -> [u8; 32] {
        // a key is filled up to a block with zeros (RFC 2104): given so, it cannot be of a wrong length
        let mut block = [0_u8; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(purpose);
        mac.update(said.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Signs what a link for a decision says, in lower-case hexadecimal.
    pub fn sign_decision(&self, said: &str) -> String {
        hex::encode(self.code(b"decide on a record of this desk\n", said))
    }

    /// Signs what an address says.
    fn sign(&self, said: &str) -> [u8; SIGNATURE] {
        let mut signature = [0; SIGNATURE];
        signature.copy_from_slice(&self.code(b"reply to a record of this desk\n", said)[..SIGNATURE]);
        signature
    }

    /// Whether a signature in hexadecimal is the whole one of what an address says, compared in constant time.
    fn signed(&self, said: &str, signature: &str) -> bool {
        let mut given = [0_u8; SIGNATURE];
        hex::decode_to_slice(signature, &mut given).is_ok() && bool::from(self.sign(said).ct_eq(&given))
    }
}

/// Where replies come in: an address with the place of the detail, such as `desk+{tag}@example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyForm {
    before: String,
    after: String,
}

impl ReplyForm {
    /// Reads an address with `{tag}` in its local part.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not an address with {{tag}} before the @, such as desk+{{tag}}@example.com")
        };
        let (before, after) = text.split_once("{tag}").ok_or_else(wrong)?;
        let whole = format!("{before}x{after}");
        if normal(&whole).is_none() || !after.contains('@') || before.contains('@') {
            return Err(wrong());
        }
        Ok(Self { before: before.to_ascii_lowercase(), after: after.to_ascii_lowercase() })
    }

    /// The form that plus addressing gives an address.
    pub fn plus(address: &str) -> Option<Self> {
        let (local, domain) = address.rsplit_once('@')?;
        Self::parse(&format!("{local}+{{tag}}@{domain}")).ok()
    }

    /// The address for a person's reply.
    pub fn address(&self, key: &Key, to: &ReplyTo) -> String {
        let said = said(to);
        format!("{}{said}.{}{}", self.before, hex::encode(key.sign(&said)), self.after)
    }

    /// What an address stands for, where this desk signed it.
    pub fn read(&self, key: &Key, address: &str) -> Option<ReplyTo> {
        let address = normal(address)?;
        let tag = address.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        let (said_text, signature) = tag.rsplit_once('.')?;
        if !key.signed(said_text, signature) {
            return None;
        }
        let (reference, who) = said_text.rsplit_once('.')?;
        let (person, hearers) = match who.strip_suffix('n') {
            Some(person) => (person, Hearers::Staff),
            None => (who.strip_suffix('c')?, Hearers::Customer),
        };
        Some(ReplyTo { reference: reference.to_uppercase(), person: person.parse().ok()?, hearers })
    }

    /// Whether an address looks like one for replies, signed or not.
    pub fn is_like(&self, address: &str) -> bool {
        let fits = |a: String| a.strip_prefix(&self.before)?.strip_suffix(&self.after).map(|t| !t.is_empty());
        normal(address).and_then(fits).unwrap_or(false)
    }
}

fn said(to: &ReplyTo) -> String {
    let hearers = if to.hearers == Hearers::Staff { 'n' } else { 'c' };
    format!("{}.{}{hearers}", to.reference.to_lowercase(), to.person)
}

/// An address as it is compared: without blanks and brackets, A to Z in lower case; none where it is no
/// address.
pub fn normal(address: &str) -> Option<String> {
    let bare = address.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let (local, domain) = bare.rsplit_once('@')?;
    let strange = |c: char| c.is_control() || c.is_whitespace() || "<>,;()\"\\".contains(c);
    let is_good = !local.is_empty()
        && !domain.is_empty()
        && bare.len() <= LONGEST
        && !bare.contains(strange)
        && !local.contains('@')
        && !domain.starts_with('.')
        && !domain.ends_with('.');
    is_good.then(|| bare.to_ascii_lowercase())
}

/// A text in which addresses are not readable any more: for logs and states.
pub fn masked(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || "@.+-_=".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(std::iter::once(' ')) {
        if is_part(c) {
            word.push(c);
            continue;
        }
        out.push_str(if word.contains('@') { "(address)" } else { &word });
        word.clear();
        out.push(c);
    }
    out.pop();
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Hearers, Key, ReplyForm, ReplyTo, masked, normal};

    fn to(person: i64) -> ReplyTo {
        ReplyTo { reference: "INC-12".to_owned(), person, hearers: Hearers::Customer }
    }

    #[test]
    fn a_signed_address_is_read_again_in_any_case() {
        let (form, key) = (ReplyForm::plus("desk@example.com").unwrap(), Key::new([7; 32]));
        for hearers in [Hearers::Customer, Hearers::Staff] {
            let given = ReplyTo { hearers, ..to(7) };
            let address = form.address(&key, &given);
            assert!(address.starts_with("desk+inc-12.7") && address.ends_with("@example.com"), "{address}");
            assert!(address.len() < 64 + 12);
            assert_eq!(form.read(&key, &address), Some(given.clone()));
            assert_eq!(form.read(&key, &format!("<{}>", address.to_uppercase())), Some(given));
        }
    }

    #[test]
    fn no_other_address_is_read() {
        let (form, key) = (ReplyForm::plus("desk@example.com").unwrap(), Key::new([7; 32]));
        let address = form.address(&key, &to(7));
        let other = ReplyForm::plus("desk@example.org").unwrap();
        assert_eq!(other.read(&key, &address), None);
        assert_eq!(form.read(&Key::new([8; 32]), &address), None);
        for forged in [
            address.replace("inc-12", "inc-13"),
            address.replace(".7c", ".8c"),
            address.replace(".7c", ".7n"),
            address.replace("desk+", "desk+x"),
            "desk+inc-12.7c.@example.com".to_owned(),
            "desk+inc-12.7c.00@example.com".to_owned(),
            "desk@example.com".to_owned(),
        ] {
            assert_eq!(form.read(&key, &forged), None, "{forged}");
        }
        // no part of the signature is enough, and none is too long
        let whole = address
            .rsplit_once('.')
            .map(|_| &address[address.find(".7c.").unwrap() + 4..address.find('@').unwrap()])
            .unwrap();
        assert_eq!(whole.len(), 2 * super::SIGNATURE);
        for length in 0..whole.len() {
            let forged = address.replace(whole, &whole[..length]);
            assert_eq!(form.read(&key, &forged), None, "{forged}");
        }
        assert_eq!(form.read(&key, &address.replace(whole, &format!("{whole}00"))), None);
        assert_eq!(form.read(&key, &address.replace(&format!(".{whole}"), "")), None);
        // every place of the signature counts
        let at = address.find(".7c.").unwrap() + 4;
        for i in at..address.find('@').unwrap() {
            let mut bytes = address.clone().into_bytes();
            bytes[i] = if bytes[i] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(bytes).unwrap();
            assert_eq!(form.read(&key, &forged), None, "{forged}");
        }
    }

    #[test]
    fn forms_name_the_place_of_the_tag() {
        assert!(ReplyForm::parse("{tag}@reply.example.com").is_ok());
        for wrong in ["desk@example.com", "desk@{tag}.example.com", "{tag}", "a b{tag}@x"] {
            assert!(ReplyForm::parse(wrong).is_err(), "{wrong}");
        }
        let form = ReplyForm::parse("Desk+{tag}@Example.com").unwrap();
        assert!(form.is_like("desk+anything@example.com") && !form.is_like("desk@example.com"));
    }

    #[test]
    fn addresses_are_compared_without_case() {
        assert_eq!(normal(" <Ida.Voss@Example.COM> ").as_deref(), Some("ida.voss@example.com"));
        for wrong in ["", "@", "a@", "@b", "a b@c", "a@b@c", "a@.b", "a\n@b", "a,b@c"] {
            assert_eq!(normal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn texts_lose_their_addresses() {
        assert_eq!(masked("550 <ida@desk.example>: no such user"), "550 <(address)>: no such user");
        assert_eq!(masked("to a+b@c.example"), "to (address)");
        assert_eq!(masked("4.2.2 full"), "4.2.2 full");
    }
}

//! Whether the answer of a device holds: passkeys by WebAuthn, for the one address that the desk has.
//!
//! Not here: who has which passkey (`engine`), pages and the script (`pages::passkey`, `static/passkey.js`). What a step needs
//! when it goes on is given to the caller, who keeps it and takes it once. Source: WebAuthn level 3.
//! Invariant: the device has asked for a finger, a face or its own code whenever an answer holds.

use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

/// The verifier of the desk's address.
pub struct Passkeys(Webauthn);

/// Why an answer does not hold, for the log; people are told to try again.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The device's counter went back: it, or the passkey, was copied.
    #[error("the counter of the device went back")]
    WentBack,
    /// Anything else.
    #[error("{0}")]
    Wrong(String),
}

fn refused(error: impl std::fmt::Display) -> Refused {
    Refused::Wrong(error.to_string())
}

/// Whom a new passkey is for.
pub struct Owner<'a> {
    /// What the device knows the account by.
    pub handle: [u8; 16],
    /// What is typed at sign-in.
    pub sign_in: &'a str,
    /// The person's name.
    pub name: &'a str,
}

impl Passkeys {
    /// The verifier for an address; none where browsers offer no passkeys there: without a name, or without TLS on
    /// another machine.
    pub fn new(base: &str, organization: &str) -> Option<Self> {
        let uri: Uri = base.parse().ok()?;
        let host = uri.host()?.to_ascii_lowercase();
        let is_name = host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[');
        let secure = uri.scheme_str() == Some("https") || host == "localhost";
        if !is_name || !secure {
            return None;
        }
        let origin: Url = base.parse().ok()?;
        WebauthnBuilder::new(&host, &origin).ok()?.rp_name(organization).build().ok().map(Self)
    }

    /// What the device is asked for a new passkey, and what is kept until it answers. `known` are those that the account
    /// has: the device makes no second one.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn begin_new(&self, owner: &Owner<'_>, known: &[String]) -> Result<(Json, Json), Refused> {
        let known = known.iter().filter_map(|kept| serde_json::from_str::<Passkey>(kept).ok());
        let known: Vec<_> = known.map(|key| key.cred_id().clone()).collect();
        let handle = Uuid::from_bytes(owner.handle);
        let (options, state) = self
            .0
            .start_passkey_registration(handle, owner.sign_in, owner.name, Some(known))
            .map_err(refused)?;
        let mut options = serde_json::to_value(options).map_err(refused)?["publicKey"].take();
        // found without a name at sign-in
        options["authenticatorSelection"]["residentKey"] = json!("required");
        options["authenticatorSelection"]["requireResidentKey"] = json!(true);
        Ok((options, serde_json::to_value(state).map_err(refused)?))
    }

    /// The id of a new passkey, and what is kept of it.
    ///
    /// # Errors
    /// [`Refused`] where the answer does not hold.
    pub fn finish_new(&self, kept: Json, answer: &str) -> Result<(Vec<u8>, String), Refused> {
        let state: PasskeyRegistration = serde_json::from_value(kept).map_err(refused)?;
        let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).map_err(refused)?;
        let key = self.0.finish_passkey_registration(&answer, &state).map_err(refused)?;
        let id = key.cred_id().to_vec();
        Ok((id, serde_json::to_string(&key).map_err(refused)?))
    }

    /// What the device is asked at sign-in, and what is kept until it answers. With `only` one of these, else any.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn begin_in(&self, only: &[String]) -> Result<(Json, Json), Refused> {
        let (options, state) = self.0.start_discoverable_authentication().map_err(refused)?;
        let mut options = serde_json::to_value(options).map_err(refused)?["publicKey"].take();
        let known = only.iter().filter_map(|kept| serde_json::from_str::<Passkey>(kept).ok());
        let id = |key: Passkey| json!({"type": "public-key", "id": URL_SAFE_NO_PAD.encode(key.cred_id())});
        options["allowCredentials"] = known.map(id).collect();
        Ok((options, serde_json::to_value(state).map_err(refused)?))
    }

    /// The id of the passkey that an answer is by. Nothing is proved by it.
    pub fn named(answer: &str) -> Option<Vec<u8>> {
        let answer: PublicKeyCredential = serde_json::from_str(answer).ok()?;
        Some(answer.get_credential_id().to_vec())
    }

    /// Proves that an answer is by a passkey; gives what is to be kept of it from now on, where that changed.
    ///
    /// # Errors
    /// [`Refused`] where the answer does not hold, or where the device's counter went back: it was copied.
    pub fn finish_in(&self, kept: Json, answer: &str, credential: &str) -> Result<Option<String>, Refused> {
        let state: DiscoverableAuthentication = serde_json::from_value(kept).map_err(refused)?;
        let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(refused)?;
        let mut key: Passkey = serde_json::from_str(credential).map_err(refused)?;
        let proved = self.0.finish_discoverable_authentication_v2(&answer, state, &key);
        let proved = proved.map_err(|error| match error {
            WebauthnError::CredentialPossibleCompromise => Refused::WentBack,
            other => refused(other),
        })?;
        if !proved.user_verified() {
            return Err(refused("the device did not ask who holds it"));
        }
        match key.update_credential(&proved) {
            Some(true) => Ok(Some(serde_json::to_string(&key).map_err(refused)?)),
            Some(false) => Ok(None),
            None => Err(refused("another passkey answered")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    mod device;

    use device::{BACKED_UP, Device, PRESENT, VERIFIED};
    use serde_json::Value as Json;

    use super::{Owner, Passkeys, Refused};

    const BASE: &str = "https://desk.example.com";

    fn verifier() -> Passkeys {
        Passkeys::new(BASE, "Example").unwrap()
    }

    fn registered(device: &Device, flags: u8) -> Result<String, Refused> {
        let (verifier, owner) = (verifier(), Owner { handle: [7; 16], sign_in: "mara", name: "Mara" });
        let (options, kept) = verifier.begin_new(&owner, &[]).unwrap();
        verifier.finish_new(kept, &device.make(BASE, &options, flags)).map(|(id, key)| {
            assert_eq!(id, device.id());
            key
        })
    }

    /// What is kept after an answer with these flags and this count; none where nothing changed.
    fn used(device: &Device, key: &str, flags: u8, count: u32) -> Result<Option<String>, Refused> {
        let verifier = verifier();
        let (options, kept) = verifier.begin_in(&[]).unwrap();
        let answer = device.answer(BASE, &options, flags, count);
        assert_eq!(Passkeys::named(&answer).unwrap(), device.id());
        verifier.finish_in(kept, &answer, key)
    }

    #[test]
    fn a_device_that_does_not_ask_who_holds_it_is_refused() {
        let device = Device::new();
        assert!(registered(&device, PRESENT).is_err(), "no passkey is made by it");
        assert!(registered(&device, 0).is_err());
        let key = registered(&device, PRESENT | VERIFIED).unwrap();
        let (options, _) = verifier().begin_in(&[]).unwrap();
        assert_eq!(options["userVerification"], "required");
        for flags in [PRESENT, VERIFIED, 0] {
            assert!(used(&device, &key, flags, 1).is_err(), "nor does it sign anybody in: {flags}");
        }
        assert!(used(&device, &key, PRESENT | VERIFIED, 1).is_ok());
    }

    #[test]
    fn a_counter_that_goes_back_is_said() {
        let device = Device::new();
        let key = registered(&device, PRESENT | VERIFIED).unwrap();
        let key = used(&device, &key, PRESENT | VERIFIED, 5).unwrap().unwrap();
        for count in [5, 4, 0] {
            let again = used(&device, &key, PRESENT | VERIFIED, count);
            assert!(matches!(again, Err(Refused::WentBack)), "{count}: {again:?}");
        }
        let key = used(&device, &key, PRESENT | VERIFIED, 6).unwrap().unwrap();
        let kept: Json = serde_json::from_str(&key).unwrap();
        assert_eq!(kept["cred"]["counter"], 6);
    }

    #[test]
    fn a_passkey_without_a_counter_and_one_that_is_copied_by_its_owner_are_taken() {
        let device = Device::new();
        let key = registered(&device, PRESENT | VERIFIED | BACKED_UP).unwrap();
        let kept: Json = serde_json::from_str(&key).unwrap();
        assert_eq!(
            (&kept["cred"]["backup_eligible"], &kept["cred"]["backup_state"]),
            (&true.into(), &true.into())
        );
        assert!(used(&device, &key, PRESENT | VERIFIED | BACKED_UP, 0).unwrap().is_none());
        assert!(used(&device, &key, PRESENT | VERIFIED | BACKED_UP, 0).unwrap().is_none());
    }

    #[test]
    fn an_answer_to_another_question_or_by_another_device_is_refused() {
        let (device, other, verifier) = (Device::new(), Device::new(), verifier());
        let key = registered(&device, PRESENT | VERIFIED).unwrap();
        let (options, kept) = verifier.begin_in(&[]).unwrap();
        let (elsewhere, _) = verifier.begin_in(&[]).unwrap();
        let flags = PRESENT | VERIFIED;
        assert!(verifier.finish_in(kept.clone(), &device.answer(BASE, &elsewhere, flags, 1), &key).is_err());
        let site = device.answer("https://evil.example", &options, flags, 1);
        assert!(verifier.finish_in(kept.clone(), &site, &key).is_err());
        assert!(verifier.finish_in(kept.clone(), &other.answer(BASE, &options, flags, 1), &key).is_err());
        assert!(verifier.finish_in(kept, &device.answer(BASE, &options, flags, 1), &key).is_ok());
    }

    #[test]
    fn passkeys_need_a_name_and_tls() {
        for (base, offered) in [
            ("https://desk.example.com", true),
            ("https://desk.example.com:8443", true),
            ("http://localhost:8080", true),
            ("http://desk.example.com", false),
            ("http://127.0.0.1:8080", false),
            ("https://10.1.2.3", false),
            ("https://[::1]:8443", false),
        ] {
            assert_eq!(Passkeys::new(base, "Example").is_some(), offered, "{base}");
        }
    }
}

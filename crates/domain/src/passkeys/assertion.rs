//! Whether a passkey was used by its user (section 7.2 of WebAuthn Level 3, "Verifying an Authentication Assertion").
//!
//! In two steps: [`Assertion::parse`] says which passkey it claims to be, so that the store can be asked for it, and
//! [`verify`] judges. [`Use::apply`] is the last step again, for the moment in which the use is written down.

use cognate_crypto::cose::PublicKey;
use cognate_crypto::digest::{constant_time_eq, sha256};
use serde::Deserialize;

use super::authenticator_data::{self, AuthenticatorData};
use super::client_data::{self, Kind};
use super::{Flaw, Passkey, RelyingParty, decode_id, encoding};
use crate::User;

/// The longest signature: RSA with 4,096 bits.
const LONGEST_SIGNATURE: usize = 512;
/// The longest user handle (section 5.4.3).
const LONGEST_HANDLE: usize = 64;

/// What a browser answers, decoded.
pub struct Assertion {
    /// The id of the passkey that it claims to be.
    pub id: Vec<u8>,
    client_data: Vec<u8>,
    auth_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

/// `AuthenticationResponseJSON`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    id: String,
    #[serde(default)]
    raw_id: Option<String>,
    r#type: String,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    authenticator_data: String,
    signature: String,
    #[serde(default)]
    user_handle: Option<String>,
}

impl Assertion {
    /// Reads the JSON text of a challenge response.
    pub fn parse(json: &str) -> Result<Self, Flaw> {
        let credential: Credential = serde_json::from_str(json).map_err(|_| Flaw::Malformed("members"))?;
        if credential.r#type != "public-key" {
            return Err(Flaw::Malformed("type"));
        }
        let id = decode_id(&credential.id).ok_or(Flaw::Malformed("id"))?;
        if credential.raw_id.as_deref().is_some_and(|raw| decode_id(raw).as_ref() != Some(&id)) {
            return Err(Flaw::Malformed("rawId"));
        }
        let response = credential.response;
        let read = |text: &str, longest, part| encoding::decode(text, longest).ok_or(Flaw::Malformed(part));
        // Some libraries write an empty text where the authenticator kept no handle.
        let user_handle = response.user_handle.filter(|handle| !handle.is_empty());
        Ok(Self {
            id,
            client_data: client_data::decode(&response.client_data_json)?,
            auth_data: read(&response.authenticator_data, authenticator_data::LONGEST, "authenticatorData")?,
            signature: read(&response.signature, LONGEST_SIGNATURE, "signature")?,
            user_handle: user_handle.map(|handle| read(&handle, LONGEST_HANDLE, "userHandle")).transpose()?,
        })
    }
}

/// A use of a passkey that was found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The passkey.
    pub id: Vec<u8>,
    /// Whether the authenticator verified its user, by PIN or biometrics.
    pub user_verified: bool,
    counter: u32,
    backed_up: bool,
}

/// Judges whether this user used this passkey of theirs, for this challenge.
pub fn verify(
    assertion: &Assertion,
    user: &User,
    passkey: &Passkey,
    challenge: &[u8],
    party: &RelyingParty,
) -> Result<Use, Flaw> {
    if passkey.user != user.id || passkey.id != assertion.id || passkey.details.relying_party != party.id {
        return Err(Flaw::UnknownCredential);
    }
    if assertion.user_handle.as_ref().is_some_and(|handle| !constant_time_eq(handle, user.sub().as_bytes())) {
        return Err(Flaw::OtherUser);
    }
    client_data::check(&assertion.client_data, Kind::Get, challenge, party)?;
    let data = AuthenticatorData::parse(&assertion.auth_data)?;
    data.check(party)?;
    // A sign-in makes no credential (section 6.1).
    if data.attested.is_some() {
        return Err(Flaw::Malformed("authenticatorData"));
    }
    if data.backup_eligible() != passkey.details.backup_eligible {
        return Err(Flaw::ChangedEligibility);
    }
    let key = PublicKey::parse(&passkey.public_key).map_err(|_| Flaw::UnsupportedKey)?;
    let signed = [assertion.auth_data.as_slice(), &sha256(&assertion.client_data)].concat();
    key.verify(&signed, &assertion.signature).map_err(|_| Flaw::BadSignature)?;
    let outcome = Use {
        id: passkey.id.clone(),
        user_verified: data.user_verified(),
        counter: data.counter,
        backed_up: data.backed_up(),
    };
    outcome.check_counter(passkey)?;
    Ok(outcome)
}

impl Use {
    /// Writes the use down on the passkey as it is now: of two uses with one count, the second is refused.
    pub fn apply(&self, passkey: &mut Passkey) -> Result<(), Flaw> {
        self.check_counter(passkey)?;
        (passkey.counter, passkey.backed_up) = (self.counter, self.backed_up);
        Ok(())
    }

    /// Authenticators that do not count say 0 for ever; what counted once, keeps counting.
    fn check_counter(&self, passkey: &Passkey) -> Result<(), Flaw> {
        if self.counter > passkey.counter || (self.counter == 0 && passkey.counter == 0) {
            return Ok(());
        }
        Err(Flaw::CounterWentBack)
    }
}

#[cfg(test)]
mod tests;

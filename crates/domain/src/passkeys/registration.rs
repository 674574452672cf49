//! Whether a new passkey holds (section 7.1 of WebAuthn Level 3, "Registering a New Credential").

use cognate_crypto::cose::{CoseError, PublicKey};
use cognate_crypto::digest::sha256;
use serde::Deserialize;
use serde_json::Value;

use super::attestation::{self, Attestation};
use super::authenticator_data::AuthenticatorData;
use super::client_data::{self, Kind};
use super::{Attachment, Details, Flaw, RelyingParty, decode_id, encoding};

/// The longest name of a transport, and how many are kept: browsers know six.
const LONGEST_TRANSPORT: usize = 32;
const MOST_TRANSPORTS: usize = 8;

/// A credential that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The id that the authenticator gave it.
    pub id: Vec<u8>,
    /// Its `COSE_Key`, which was found to be one that is supported.
    pub public_key: Vec<u8>,
    /// The signature counter.
    pub counter: u32,
    /// Whether it is backed up.
    pub backed_up: bool,
    /// What does not change.
    pub details: Details,
}

/// `RegistrationResponseJSON`. The browser repeats parts of the attestation beside it; those are not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    id: String,
    #[serde(default)]
    raw_id: Option<String>,
    r#type: String,
    response: Response,
    #[serde(default)]
    authenticator_attachment: Option<String>,
    #[serde(default)]
    client_extension_results: Extensions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    attestation_object: String,
    #[serde(default)]
    transports: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    #[serde(default)]
    cred_props: Option<CredProps>,
}

#[derive(Deserialize)]
struct CredProps {
    #[serde(default)]
    rk: Option<bool>,
}

/// Checks what a browser answers to [`super::creation_options`] with this challenge.
pub fn register(credential: &Value, challenge: &[u8], party: &RelyingParty) -> Result<Registered, Flaw> {
    let credential = Credential::deserialize(credential).map_err(|_| Flaw::Malformed("members"))?;
    if credential.r#type != "public-key" {
        return Err(Flaw::Malformed("type"));
    }
    let stated_id = decode_id(&credential.id).ok_or(Flaw::Malformed("id"))?;
    if credential.raw_id.as_deref().is_some_and(|raw| decode_id(raw).as_ref() != Some(&stated_id)) {
        return Err(Flaw::Malformed("rawId"));
    }
    let client_data = client_data::decode(&credential.response.client_data_json)?;
    client_data::check(&client_data, Kind::Create, challenge, party)?;

    let object = encoding::decode(&credential.response.attestation_object, attestation::LONGEST)
        .ok_or(Flaw::Malformed("attestationObject"))?;
    let attestation = Attestation::parse(&object)?;
    let data = AuthenticatorData::parse(attestation.auth_data)?;
    data.check(party)?;
    let attested = data.attested.as_ref().ok_or(Flaw::Malformed("authenticator data"))?;
    if attested.id != stated_id {
        return Err(Flaw::Malformed("id"));
    }
    let key = PublicKey::parse(attested.public_key).map_err(|error| match error {
        CoseError::Malformed => Flaw::Malformed("public key"),
        CoseError::Unsupported | CoseError::Invalid => Flaw::UnsupportedKey,
    })?;
    attestation.check(&key, &sha256(&client_data))?;
    // The options ask for a discoverable credential; a browser that says otherwise is believed.
    if credential.client_extension_results.cred_props.is_some_and(|props| props.rk == Some(false)) {
        return Err(Flaw::NotDiscoverable);
    }
    Ok(Registered {
        id: stated_id,
        public_key: attested.public_key.to_vec(),
        counter: data.counter,
        backed_up: data.backed_up(),
        details: Details {
            relying_party: party.id.clone(),
            attachment: attachment(credential.authenticator_attachment.as_deref()),
            transports: transports(credential.response.transports),
            backup_eligible: data.backup_eligible(),
        },
    })
}

/// A value that the standard does not know counts as none (section 5.1).
fn attachment(text: Option<&str>) -> Option<Attachment> {
    [Attachment::Platform, Attachment::CrossPlatform].into_iter().find(|known| text == Some(known.as_str()))
}

/// Hints for the next sign-in. Unknown ones are kept, as the standard asks for, as long as they look like hints.
fn transports(stated: Option<Vec<String>>) -> Vec<String> {
    let is_hint = |hint: &str| {
        (1..=LONGEST_TRANSPORT).contains(&hint.len())
            && hint.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let mut hints: Vec<String> = Vec::new();
    for hint in stated.unwrap_or_default() {
        if hints.len() < MOST_TRANSPORTS && is_hint(&hint) && !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    hints
}

#[cfg(test)]
mod tests;

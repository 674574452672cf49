//! What a browser is told (`StartWebAuthnRegistration` and the `WEB_AUTHN` challenge; forms from the developer guide).

use cognate_crypto::cose::Algorithm;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{Passkey, RelyingParty, encode_id};
use crate::User;

/// How long a browser waits for its user, in milliseconds, at a registration and at a sign-in.
const REGISTRATION_TIMEOUT: u32 = 60_000;
const SIGN_IN_TIMEOUT: u32 = 180_000;

/// `PublicKeyCredentialCreationOptionsJSON`: asks for a discoverable credential, on an authenticator that does not hold
/// one of the user's passkeys already.
pub fn creation_options(party: &RelyingParty, user: &User, passkeys: &[Passkey], challenge: &[u8]) -> Value {
    let algorithms: Vec<Value> =
        Algorithm::ALL.iter().map(|algorithm| json!({"type": "public-key", "alg": algorithm.id()})).collect();
    let exclude: Vec<Value> =
        good_for(party, passkeys).map(|passkey| json!({"type": "public-key", "id": encode_id(&passkey.id)})).collect();
    json!({
        "rp": {"id": party.id, "name": party.id},
        "user": {
            "id": BASE64URL_NOPAD.encode(user.sub().as_bytes()),
            "name": user.username,
            "displayName": user.username,
        },
        "challenge": BASE64URL_NOPAD.encode(challenge),
        "pubKeyCredParams": algorithms,
        "timeout": REGISTRATION_TIMEOUT,
        "excludeCredentials": exclude,
        "authenticatorSelection": {
            "requireResidentKey": true,
            "residentKey": "required",
            "userVerification": party.verification.as_str(),
        },
    })
}

/// `PublicKeyCredentialRequestOptionsJSON`: asks for one of the user's passkeys. None if the user has none that is good
/// for this relying party.
pub fn request_options(party: &RelyingParty, passkeys: &[Passkey], challenge: &[u8]) -> Option<Value> {
    let allow: Vec<Value> = good_for(party, passkeys).map(descriptor).collect();
    (!allow.is_empty()).then(|| {
        json!({
            "challenge": BASE64URL_NOPAD.encode(challenge),
            "timeout": SIGN_IN_TIMEOUT,
            "rpId": party.id,
            "allowCredentials": allow,
            "userVerification": party.verification.as_str(),
        })
    })
}

fn good_for<'a>(party: &'a RelyingParty, passkeys: &'a [Passkey]) -> impl Iterator<Item = &'a Passkey> {
    passkeys.iter().filter(|passkey| passkey.details.relying_party == party.id)
}

fn descriptor(passkey: &Passkey) -> Value {
    let (id, transports) = (encode_id(&passkey.id), &passkey.details.transports);
    if transports.is_empty() {
        return json!({"type": "public-key", "id": id});
    }
    json!({"type": "public-key", "id": id, "transports": transports})
}

#[cfg(test)]
mod tests {
    use cognate_crypto::testing::Authenticator;

    use super::super::fixtures::{CHALLENGE, challenge, party, passkey, strict_party, user};
    use super::*;

    #[test]
    fn a_registration_asks_for_a_discoverable_credential_on_another_authenticator() {
        let (kept, mut elsewhere) = (passkey(&Authenticator::es256()), passkey(&Authenticator::es256()));
        elsewhere.details.relying_party = "example.org".to_owned();
        let id = encode_id(&kept.id);
        let options = creation_options(&strict_party(), &user(), &[kept, elsewhere], &CHALLENGE);
        assert_eq!(
            options,
            json!({
                "rp": {"id": "example.com", "name": "example.com"},
                "user": {"id": "MDcwNzA3MDctMDcwNy0wNzA3LTA3MDctMDcwNzA3MDcwNzA3", "name": "maria",
                         "displayName": "maria"},
                "challenge": challenge(),
                "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}],
                "timeout": 60_000,
                "excludeCredentials": [{"type": "public-key", "id": id}],
                "authenticatorSelection": {"requireResidentKey": true, "residentKey": "required",
                                           "userVerification": "required"},
            })
        );
    }

    #[test]
    fn a_sign_in_asks_for_one_of_the_passkeys_of_the_relying_party() {
        let (kept, mut elsewhere) = (passkey(&Authenticator::es256()), passkey(&Authenticator::es256()));
        elsewhere.details.relying_party = "example.org".to_owned();
        let mut silent = passkey(&Authenticator::es256());
        silent.details.transports.clear();
        let allow = json!([
            {"type": "public-key", "id": encode_id(&kept.id), "transports": ["internal"]},
            {"type": "public-key", "id": encode_id(&silent.id)},
        ]);
        let options = request_options(&party(), &[kept, elsewhere.clone(), silent], &CHALLENGE);
        assert_eq!(
            options,
            Some(json!({"challenge": challenge(), "timeout": 180_000, "rpId": "example.com",
                        "allowCredentials": allow, "userVerification": "preferred"}))
        );
        assert_eq!(request_options(&party(), &[elsewhere], &CHALLENGE), None);
        assert_eq!(request_options(&party(), &[], &CHALLENGE), None);
    }
}

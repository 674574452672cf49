//! What the browser says: which ceremony, for which challenge, on which page.

use cognate_crypto::digest::constant_time_eq;
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use super::{Flaw, RelyingParty, encoding, origin};

/// The longest client data that is looked at; browsers write a few hundred bytes.
const LONGEST: usize = 16 * 1024;

/// Which ceremony it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A registration.
    Create,
    /// A sign-in.
    Get,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// `CollectedClientData`. Members that the standard adds later are skipped, as it asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: Option<bool>,
    #[serde(default)]
    top_origin: Option<String>,
}

/// The bytes of `clientDataJSON`, which the authenticator signed the hash of.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Flaw> {
    encoding::decode(text, LONGEST).ok_or(Flaw::Malformed("clientDataJSON"))
}

/// Steps 7 to 11 of section 7.1, steps 9 to 14 of section 7.2: type, challenge, origin, frame.
pub(super) fn check(bytes: &[u8], kind: Kind, challenge: &[u8], party: &RelyingParty) -> Result<(), Flaw> {
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| Flaw::Malformed("clientDataJSON"))?;
    if data.r#type != kind.as_str() {
        return Err(Flaw::Malformed("type of clientDataJSON"));
    }
    // Encoded rather than decoded, so that one challenge has one spelling.
    if !constant_time_eq(data.challenge.as_bytes(), BASE64URL_NOPAD.encode(challenge).as_bytes()) {
        return Err(Flaw::WrongChallenge);
    }
    if !origin::is_allowed(&data.origin, &party.id) {
        return Err(Flaw::ForeignOrigin);
    }
    if data.cross_origin == Some(true) || data.top_origin.is_some() {
        return Err(Flaw::Framed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fixtures::{CHALLENGE, challenge, party};
    use super::*;

    fn check_json(data: &Value) -> Result<(), Flaw> {
        check(data.to_string().as_bytes(), Kind::Create, &CHALLENGE, &party())
    }

    fn good() -> Value {
        json!({"type": "webauthn.create", "challenge": challenge(), "origin": "https://example.com",
               "crossOrigin": false, "other_keys_can_be_added_here": "do not compare clientDataJSON"})
    }

    fn with(member: &str, value: Value) -> Value {
        let mut data = good();
        data[member] = value;
        data
    }

    #[test]
    fn what_a_browser_writes_is_accepted() {
        assert_eq!(check_json(&good()), Ok(()));
        let mut bare = good();
        bare.as_object_mut().unwrap().remove("crossOrigin");
        assert_eq!(check_json(&bare), Ok(()));
    }

    #[test]
    fn each_part_is_checked() {
        let framed = with("topOrigin", json!("https://evil.org"));
        let cases = [
            (with("type", json!("webauthn.get")), Flaw::Malformed("type of clientDataJSON")),
            (with("type", json!("payment.get")), Flaw::Malformed("type of clientDataJSON")),
            (with("challenge", json!("")), Flaw::WrongChallenge),
            (with("challenge", json!(format!("{}=", challenge()))), Flaw::WrongChallenge),
            (with("challenge", json!(BASE64URL_NOPAD.encode(&[0; 32]))), Flaw::WrongChallenge),
            (with("origin", json!("https://evil.org")), Flaw::ForeignOrigin),
            (with("crossOrigin", json!(true)), Flaw::Framed),
            (framed, Flaw::Framed),
            (with("challenge", json!(5)), Flaw::Malformed("clientDataJSON")),
            (json!([]), Flaw::Malformed("clientDataJSON")),
            (json!({"type": "webauthn.create"}), Flaw::Malformed("clientDataJSON")),
        ];
        for (data, flaw) in cases {
            assert_eq!(check_json(&data), Err(flaw), "{data}");
        }
    }

    #[test]
    fn a_member_may_not_be_there_twice() {
        let twice = good().to_string().replacen('{', r#"{"origin":"https://evil.org","#, 1);
        let flaw = check(twice.as_bytes(), Kind::Create, &CHALLENGE, &party());
        assert_eq!(flaw, Err(Flaw::Malformed("clientDataJSON")));
    }
}

//! A software authenticator, for tests: it signs what it is told, right or wrong.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "in tests a panic is how a failure is told")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::cbor;
use crate::digest::sha256;
use crate::random;

enum Key {
    Es256(EcdsaKeyPair),
    Rs256(Box<RsaKeyPair>),
}

/// An authenticator with one credential.
pub struct Authenticator {
    key: Key,
    /// The id of its credential.
    pub id: Vec<u8>,
}

/// One use of an authenticator. Every part can be made wrong.
#[derive(Clone, Debug)]
pub struct Ceremony {
    /// What the browser says.
    pub client_data: Value,
    /// The relying party whose hash the authenticator signs.
    pub relying_party: String,
    /// The flags that are set: see the constants.
    pub flags: u8,
    /// The signature counter.
    pub counter: u32,
    /// The CBOR of the extensions; none leaves them out.
    pub extensions: Option<Vec<u8>>,
    /// The format of the attestation.
    pub format: String,
    /// The CBOR of the attestation statement; none lets the credential sign for itself.
    pub statement: Option<Vec<u8>>,
}

impl Ceremony {
    /// The user was there.
    pub const PRESENT: u8 = 0x01;
    /// The user was verified.
    pub const VERIFIED: u8 = 0x04;
    /// The credential may be backed up.
    pub const BACKUP_ELIGIBLE: u8 = 0x08;
    /// The credential is backed up.
    pub const BACKED_UP: u8 = 0x10;
    /// A credential follows.
    pub const ATTESTED: u8 = 0x40;
    /// Extensions follow.
    pub const EXTENDED: u8 = 0x80;

    /// A registration as a browser does it for this challenge (base64url) on the page of the relying party.
    pub fn registration(challenge: &str, relying_party: &str) -> Self {
        Self::new("webauthn.create", challenge, relying_party, Self::PRESENT | Self::VERIFIED | Self::ATTESTED)
    }

    /// A sign-in, likewise.
    pub fn assertion(challenge: &str, relying_party: &str) -> Self {
        Self::new("webauthn.get", challenge, relying_party, Self::PRESENT | Self::VERIFIED)
    }

    fn new(kind: &str, challenge: &str, relying_party: &str, flags: u8) -> Self {
        let scheme = if relying_party == "localhost" { "http" } else { "https" };
        let origin = format!("{scheme}://{relying_party}");
        Self {
            client_data: json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false}),
            relying_party: relying_party.to_owned(),
            flags,
            counter: 0,
            extensions: None,
            format: "none".to_owned(),
            statement: Some(cbor::map(&[])),
        }
    }
}

impl Authenticator {
    /// With a P-256 key.
    pub fn es256() -> Self {
        Self::new(Key::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key is made")))
    }

    /// With an RSA-2048 key. Takes a good part of a second.
    pub fn rs256() -> Self {
        Self::new(Key::Rs256(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key is made"))))
    }

    fn new(key: Key) -> Self {
        Self { key, id: random::bytes::<16>(&random::SystemRandom).to_vec() }
    }

    /// The `COSE_Key` of the credential.
    pub fn public_key(&self) -> Vec<u8> {
        let entries = match &self.key {
            Key::Es256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).and_then(|xy| xy.split_at_checked(32)).expect("an uncompressed point");
                vec![
                    (1, cbor::int(2)),
                    (3, cbor::int(-7)),
                    (-1, cbor::int(1)),
                    (-2, cbor::bytes(x)),
                    (-3, cbor::bytes(y)),
                ]
            }
            Key::Rs256(pair) => {
                // An RSAPublicKey ends with the modulus and the exponent 65537 in five bytes.
                let der = pair.public_key().as_ref();
                let n = der.len().checked_sub(261).and_then(|start| der.get(start..der.len() - 5)).expect("a modulus");
                vec![(1, cbor::int(3)), (3, cbor::int(-257)), (-1, cbor::bytes(n)), (-2, cbor::bytes(&[1, 0, 1]))]
            }
        };
        cbor::map(&entries.into_iter().map(|(label, value)| (cbor::int(label), value)).collect::<Vec<_>>())
    }

    /// A signature of the credential.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Es256(pair) => pair.sign(&random, message).expect("signed").as_ref().to_vec(),
            Key::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("signed");
                signature
            }
        }
    }

    /// A `RegistrationResponseJSON`.
    pub fn register(&self, ceremony: &Ceremony) -> Value {
        let client_data = ceremony.client_data.to_string();
        let auth_data = self.auth_data(ceremony);
        let statement = ceremony.statement.clone().unwrap_or_else(|| {
            let signature = self.sign(&[auth_data.as_slice(), &sha256(client_data.as_bytes())].concat());
            cbor::map(&[(cbor::text("alg"), cbor::int(self.algorithm())), (cbor::text("sig"), cbor::bytes(&signature))])
        });
        let attestation = cbor::map(&[
            (cbor::text("fmt"), cbor::text(&ceremony.format)),
            (cbor::text("attStmt"), statement),
            (cbor::text("authData"), cbor::bytes(&auth_data)),
        ]);
        let id = BASE64URL_NOPAD.encode(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data.as_bytes()),
                "attestationObject": BASE64URL_NOPAD.encode(&attestation),
                "transports": ["internal"],
            },
        })
    }

    /// An `AuthenticationResponseJSON`.
    pub fn assert(&self, ceremony: &Ceremony, user_handle: Option<&str>) -> Value {
        let client_data = ceremony.client_data.to_string();
        let auth_data = self.auth_data(ceremony);
        let signature = self.sign(&[auth_data.as_slice(), &sha256(client_data.as_bytes())].concat());
        let id = BASE64URL_NOPAD.encode(&self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64URL_NOPAD.encode(client_data.as_bytes()),
                "authenticatorData": BASE64URL_NOPAD.encode(&auth_data),
                "signature": BASE64URL_NOPAD.encode(&signature),
                "userHandle": user_handle.map(|handle| BASE64URL_NOPAD.encode(handle.as_bytes())),
            },
        })
    }

    const fn algorithm(&self) -> i64 {
        match &self.key {
            Key::Es256(_) => -7,
            Key::Rs256(_) => -257,
        }
    }

    /// Section 6.1 of WebAuthn Level 3.
    fn auth_data(&self, ceremony: &Ceremony) -> Vec<u8> {
        let mut out = sha256(ceremony.relying_party.as_bytes()).to_vec();
        let extended = if ceremony.extensions.is_some() { Ceremony::EXTENDED } else { 0 };
        out.push(ceremony.flags | extended);
        out.extend(ceremony.counter.to_be_bytes());
        if ceremony.flags & Ceremony::ATTESTED != 0 {
            out.extend([0; 16]);
            out.extend(u16::try_from(self.id.len()).unwrap_or(u16::MAX).to_be_bytes());
            out.extend(&self.id);
            out.extend(self.public_key());
        }
        out.extend(ceremony.extensions.iter().flatten());
        out
    }
}

//! The bare costs that ratios refer to.

use std::hint::black_box;
use std::sync::Arc;

use cognate_crypto::jwt::SigningKey;
use cognate_crypto::password::{HashCost, PasswordHash, PasswordHasher};
use cognate_crypto::random::SystemRandom;
use cognate_crypto::srp::client::SrpClient;
use cognate_crypto::srp::{ClientValue, Exchange, Exponent, Identity, ServerSecret, Verifier};
use serde_json::{Value, json};

use crate::connection::{Call, Turn};
use crate::load::Work;
use crate::{Failure, seed};

pub const ECHO: &str = "bare: axum echo of a JSON object";
pub const SIGNATURES: &str = "bare: two RSA-2048 signatures";
pub const SIGNATURES_TOGETHER: &str = "bare: the same on every core at once";
pub const POWERS: &str = "bare: the modular powers of SRP";
pub const SRP_SIGNATURES: &str = "bare: two RSA-2048 signatures, beside SRP";
pub const HASH: &str = "bare: one Argon2id hash (19 MiB, t=2, p=1)";
pub const HASH_TOGETHER: &str = "bare: one hash, on every core at once";

/// What the echo is asked.
pub fn echo() -> Work {
    Arc::new(|turn: Turn<'_>| {
        let username = seed::username(turn.random.below(seed::SMALL));
        let body = json!({ "UserPoolId": "us-east-1_AbCdEfGhI", "Username": username }).to_string();
        Call { operation: "AdminGetUser", expected: body.clone(), body }
    })
}

/// What a sign-in cannot do without.
pub struct Costs {
    key: SigningKey,
    claims: Value,
    hasher: PasswordHasher,
    stored: PasswordHash,
    verifier: Verifier,
    client: ClientValue,
}

impl Costs {
    pub fn new() -> Result<Self, Failure> {
        let key = SigningKey::generate().map_err(|e| e.to_string())?;
        let claims = json!({
            "sub": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
            "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
            "client_id": "1example23456789abcdefghij", "token_use": "access", "username": "user-0000001",
            "scope": "aws.cognito.signin.user.admin", "auth_time": 1_800_000_000, "iat": 1_800_000_000,
            "exp": 1_800_003_600, "jti": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        });
        let hasher = PasswordHasher::new(HashCost::SERVE);
        let stored = hasher.hash("Bench-Pass-1!", &SystemRandom);
        let verifier = Exponent::from_bytes([7; 32]).verifier();
        let client = SrpClient::new(&SystemRandom).public_value();
        let client = ClientValue::parse(&client).map_err(|e| e.to_string())?;
        Ok(Self { key, claims, hasher, stored, verifier, client })
    }

    /// Signs an access token and an ID token.
    pub fn sign(&self) {
        black_box(self.key.sign(&self.claims).is_ok() && self.key.sign(&self.claims).is_ok());
    }

    /// Challenges a client, and checks a proof: the powers of one generator and of two other bases.
    pub fn powers(&self) {
        let secret = ServerSecret::generate(&SystemRandom);
        let challenge = secret.challenge(&self.verifier, &self.client);
        let exchange = Exchange {
            identity: Identity { prefix: "AbCdEfGhI", name: "user" },
            verifier: &self.verifier,
            client: &self.client,
            secret: &secret,
            scrambling: &challenge.scrambling,
        };
        black_box(exchange.verify("AAAA", "Fri Feb 9 07:05:03 UTC 2024", "AAAA"));
    }

    /// Compares a password with its hash.
    pub fn hash(&self) {
        black_box(self.hasher.verify("Bench-Pass-1!", &self.stored));
    }
}

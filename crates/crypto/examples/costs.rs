//! Measures what the primitives cost on this machine: `cargo run --release -p cognate-crypto
//! --example costs`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program for the command line, run by hand")]

use std::hint::black_box;
use std::time::Instant;

use cognate_crypto::digest::sha256_hex;
use cognate_crypto::jwt::SigningKey;
use cognate_crypto::password::{HashCost, PasswordHasher};
use cognate_crypto::random::SystemRandom;
use cognate_crypto::seal::DataKey;
use cognate_crypto::sealed_token::{open_jwe, seal_jwe};
use cognate_crypto::sigv4;
use serde_json::{Value, json};

fn measure(name: &str, rounds: u32, mut work: impl FnMut()) {
    work();
    let start = Instant::now();
    for _ in 0..rounds {
        work();
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    println!("{name:<44} {micros:>12.1} µs");
}

fn main() {
    passwords();
    tokens();
    sealing();
    request_signatures();
}

fn passwords() {
    let random = SystemRandom;
    let hasher = PasswordHasher::new(HashCost::SERVE);
    let hash = hasher.hash("Correct horse 1!", &random);
    measure("Argon2id verify, memory used again", 50, || {
        black_box(hasher.verify("Correct horse 1!", &hash));
    });
    measure("Argon2id verify, fresh memory", 50, || {
        black_box(PasswordHasher::new(HashCost::SERVE).verify("Correct horse 1!", &hash));
    });
    let mut memory = vec![1_u8; 19 << 20];
    measure("wiping 19 MiB", 50, || black_box(&mut memory).fill(0));
    let hasher = PasswordHasher::new(HashCost::DEV);
    let hash = hasher.hash("Correct horse 1!", &random);
    measure("Argon2id verify, dev cost", 1000, || {
        black_box(hasher.verify("Correct horse 1!", &hash));
    });
}

fn tokens() {
    let start = Instant::now();
    let key = SigningKey::generate().unwrap();
    println!("RSA-2048 generation, once {:>32.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let claims = json!({
        "sub": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
        "client_id": "1example23456789abcdefghij",
        "origin_jti": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "event_id": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "token_use": "access", "username": "alice", "scope": "aws.cognito.signin.user.admin",
        "auth_time": 1_700_000_000, "exp": 1_700_003_600,
        "iat": 1_700_000_000, "jti": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    });
    let token = key.sign(&claims).unwrap();
    measure("RS256 sign", 500, || {
        black_box(key.sign(&claims).unwrap());
    });
    measure("RS256 verify, claims as Value", 5000, || {
        black_box(key.public().verify_as::<Value>(&token).unwrap());
    });
}

fn sealing() {
    let random = SystemRandom;
    let key = DataKey::generate(&random);
    let payload = [7; 400];
    let sealed = key.seal(&payload, b"context", &random);
    measure("seal 400 bytes", 100_000, || {
        black_box(key.seal(&payload, b"context", &random));
    });
    measure("open 400 bytes", 100_000, || {
        black_box(key.open(&sealed, b"context").unwrap());
    });
    measure("JWE seal and open 400 bytes", 50_000, || {
        black_box(open_jwe(&key, &seal_jwe(&key, &payload, &random)).unwrap());
    });
    measure("derive a sub-key", 50_000, || {
        black_box(key.derive("sessions"));
    });
}

fn request_signatures() {
    let header = "AWS4-HMAC-SHA256 \
                  Credential=AKIDEXAMPLE/20150830/us-east-1/cognito-idp/aws4_request, \
                  SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=abcd";
    let body = [b'x'; 500];
    measure("SigV4 check of a 500-byte request", 20_000, || {
        let authorization = sigv4::Authorization::parse(header).unwrap();
        let signed = &authorization.signed_headers;
        let canonical = sigv4::canonical_request("POST", "/", "", |_| ["value"], signed, &sha256_hex(&body));
        let text = sigv4::string_to_sign("20150830T123600Z", &authorization.credential, &canonical);
        let key = sigv4::signing_key("secret", "20150830", "us-east-1", "cognito-idp");
        black_box(sigv4::verify(&sigv4::signature(&key, &text), &authorization.signature));
    });
}

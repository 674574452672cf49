use crypto_bigint::U3072;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::testing::SeededRandom;

/// Known answers, reproduced by three independent clients.
fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

fn wide(hex: &str) -> [u8; PUBLIC_LEN] {
    let bytes = HEXLOWER_PERMISSIVE.decode(format!("{hex:0>768}").as_bytes()).unwrap();
    bytes.try_into().unwrap()
}

fn identity(vector: &Value) -> Identity<'_> {
    Identity { prefix: text(vector, "hash_prefix"), name: text(vector, "identity") }
}

fn exponent(vector: &Value) -> Exponent {
    let salt = HEXLOWER.decode(format!("{:0>32}", text(vector, "salt_hex")).as_bytes()).unwrap();
    Exponent::new(identity(vector), text(vector, "password"), &salt.try_into().unwrap())
}

#[test]
fn the_multiplier_is_the_hash_of_prime_and_generator() {
    let mut prime = group::to_bytes(&Element::ZERO.sub(&Element::ONE));
    prime[PUBLIC_LEN - 1] += 1;
    assert_eq!(sha256(&[padded(&prime), vec![2]].concat()), MULTIPLIER);
}

#[test]
fn exponents_and_verifiers_are_the_known_ones() {
    for vector in vectors() {
        let exponent = exponent(&vector);
        assert_eq!(hex(exponent.as_bytes()), text(&vector, "x_hex"), "{}", vector["name"]);
        assert_eq!(hex(&*exponent.verifier().to_bytes()), text(&vector, "v_hex"));
    }
}

#[test]
fn proofs_are_the_known_ones() {
    for vector in vectors() {
        let verifier = Verifier::from_bytes(&wide(text(&vector, "v_hex")));
        let client = ClientValue::parse(text(&vector, "A_hex")).unwrap();
        // The known server secrets are wider than ours.
        let secret = U3072::from_be_slice(&wide(text(&vector, "b_hex")));
        let public = group::element(&wide(&hex(&MULTIPLIER)))
            .mul(&verifier.0)
            .add(&Element::new(&U3072::from(2_u32)).pow(&secret));
        let public = group::to_bytes(&public);
        assert_eq!(hex(&public), text(&vector, "B_hex"), "{}", vector["name"]);
        let hashed = sha256(&[padded(client.as_bytes()), padded(&public)].concat());
        assert_eq!(hex(&hashed), text(&vector, "u_hex"));
        let base = group::element(client.as_bytes()).mul(&group::power_public(&verifier.0, &hashed));
        let shared = group::to_bytes(&base.pow(&secret));
        assert_eq!(hex(&shared), text(&vector, "S_hex"));
        let key = shared_key(&hashed, &shared);
        assert_eq!(HEXLOWER.encode(&*key), text(&vector, "hkdf_key_hex"));
        let block = BASE64.decode(text(&vector, "secret_block_base64").as_bytes()).unwrap();
        let signing = hmac::Key::new(hmac::HMAC_SHA256, &*key);
        let tag = proof(&signing, identity(&vector), &block, text(&vector, "timestamp"));
        assert_eq!(BASE64.encode(tag.as_ref()), text(&vector, "signature_base64"));
    }
}

/// The client's half, as the published clients calculate it.
fn client_proof(of: Identity<'_>, password: &str, salt: &[u8; 16], secret: [u8; 32], public: &[u8; 384]) -> String {
    let own = group::to_bytes(&group::power_of_generator(&secret));
    let hashed = sha256(&[padded(&own), padded(public)].concat());
    let exponent = Exponent::new(of, password, salt);
    let (a, u, x) = (U3072::from_be_slice(&wide(&hex(&secret))), wide(&hex(&hashed)), wide(&hex(exponent.as_bytes())));
    let sum = a.wrapping_add(&U3072::from_be_slice(&u).wrapping_mul(&U3072::from_be_slice(&x)));
    let masked = group::element(&wide(&hex(&MULTIPLIER))).mul(&exponent.verifier().0);
    let shared = group::to_bytes(&group::element(public).sub(&masked).pow(&sum));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &*shared_key(&hashed, &shared));
    BASE64.encode(proof(&key, of, b"block", "Fri Feb 9 07:05:03 UTC 2024").as_ref())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn the_right_password_alone_is_proved(seed: u64, password in "\\PC{1,20}", typed in "\\PC{1,20}") {
        let random = SeededRandom::new(seed);
        let of = Identity { prefix: "Ab1Cd2Ef3", name: "maria" };
        let salt = random::bytes(&random);
        let verifier = Exponent::new(of, &password, &salt).verifier();
        let (client_secret, secret) = (random::bytes(&random), ServerSecret::generate(&random));
        let own = group::to_bytes(&group::power_of_generator(&client_secret));
        let client = ClientValue::parse(&hex(&own)).unwrap();
        let public = secret.public_value(&verifier);
        let exchange = Exchange { identity: of, verifier: &verifier, client: &client, secret: &secret };
        let at = "Fri Feb 9 07:05:03 UTC 2024";
        let right = client_proof(of, &password, &salt, client_secret, &public);
        prop_assert!(exchange.verify(&BASE64.encode(b"block"), at, &right));
        prop_assert!(!exchange.verify(&BASE64.encode(b"other"), at, &right));
        prop_assert!(!exchange.verify(&BASE64.encode(b"block"), "Fri Feb 9 07:05:04 UTC 2024", &right));
        let other = client_proof(of, &typed, &salt, client_secret, &public);
        prop_assert_eq!(exchange.verify(&BASE64.encode(b"block"), at, &other), typed == password);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = ClientValue::parse(&text);
    }
}

#[test]
fn multiples_of_the_prime_are_refused() {
    let mut prime = group::to_bytes(&Element::ZERO.sub(&Element::ONE));
    prime[PUBLIC_LEN - 1] += 1;
    for zero in ["0".to_owned(), "00".repeat(384), hex(&prime), hex(&prime).to_uppercase()] {
        assert_eq!(ClientValue::parse(&zero).err(), Some(PublicValueError::Zero));
    }
    for malformed in ["", "-1", "0x12", "g", &"f".repeat(800), &"1".repeat(770)] {
        assert_eq!(ClientValue::parse(malformed).err(), Some(PublicValueError::Malformed), "{malformed}");
    }
    assert!(ClientValue::parse("ABCdef1").is_ok());
    assert!(Verifier::from_padded(&[0; 385]).is_err());
    assert!(Verifier::from_padded(&[1; 386]).is_err());
}

#[test]
fn a_proof_that_is_no_proof_is_refused() {
    let verifier = Exponent::from_bytes([3; 32]).verifier();
    let (client, secret) = (ClientValue::parse("5").unwrap(), ServerSecret::from_bytes([7; 32]));
    let identity = Identity { prefix: "p", name: "n" };
    let exchange = Exchange { identity, verifier: &verifier, client: &client, secret: &secret };
    for signature in ["", "AAAA", "!", &BASE64.encode(&[0; 32])] {
        assert!(!exchange.verify(&BASE64.encode(b"block"), "now", signature));
    }
    assert!(!exchange.verify("not base64", "now", ""));
}

#[test]
fn integers_are_padded_like_signed_ones_and_written_without_zeros() {
    assert_eq!(padded(&[0, 0, 0x7f, 1]), [0x7f, 1]);
    assert_eq!(padded(&[0, 0x80]), [0, 0x80]);
    assert_eq!(padded(&[0, 0]), [0]);
    assert_eq!(hex(&[0, 0x0a, 0xbc]), "abc");
    assert_eq!(hex(&[0]), "0");
}

use cognate_crypto::testing::{Authenticator, Ceremony, cbor};
use data_encoding::BASE64URL_NOPAD;
use serde_json::json;

use super::super::fixtures::{CHALLENGE, RP, challenge, party, registration, strict_party};
use super::*;

fn register_as(ceremony: &Ceremony) -> Result<Registered, Flaw> {
    register(&Authenticator::es256().register(ceremony), &CHALLENGE, &party())
}

/// What comes of a good credential in which the test changes something.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Registered, Flaw> {
    let mut credential = Authenticator::es256().register(&registration());
    change(&mut credential);
    register(&credential, &CHALLENGE, &party())
}

#[test]
fn a_new_passkey_is_known_by_id_key_and_circumstances() {
    for authenticator in [Authenticator::es256(), Authenticator::rs256()] {
        let flags = Ceremony::BACKUP_ELIGIBLE | Ceremony::BACKED_UP;
        let ceremony = Ceremony { counter: 9, flags: registration().flags | flags, ..registration() };
        let registered = register(&authenticator.register(&ceremony), &CHALLENGE, &strict_party()).unwrap();
        let details = Details {
            relying_party: RP.to_owned(),
            attachment: Some(Attachment::Platform),
            transports: vec!["internal".to_owned()],
            backup_eligible: true,
        };
        let public_key = authenticator.public_key();
        let expected = Registered { id: authenticator.id.clone(), public_key, counter: 9, backed_up: true, details };
        assert_eq!(registered, expected);
    }
}

#[test]
fn what_libraries_leave_out_or_add_does_no_harm() {
    let accepted = changed(|credential| {
        let members = credential.as_object_mut().unwrap();
        for optional in ["rawId", "authenticatorAttachment", "clientExtensionResults"] {
            members.remove(optional).unwrap();
        }
        credential["response"].as_object_mut().unwrap().remove("transports").unwrap();
        credential["response"]["publicKeyAlgorithm"] = json!(-7);
        credential["response"]["clientDataJSON"] =
            json!(format!("{}=", credential["response"]["clientDataJSON"].as_str().unwrap()).trim_end_matches("=="));
    })
    .unwrap();
    assert_eq!((accepted.details.attachment, accepted.details.transports), (None, vec![]));
    let accepted = changed(|credential| {
        credential["authenticatorAttachment"] = json!("implanted");
        credential["response"]["transports"] = json!(["usb", "nfc", "usb", "", "LOUD", "tele pathy", "smart-card"]);
        credential["clientExtensionResults"] = json!({"credProps": {"rk": true}, "largeBlob": {}});
    })
    .unwrap();
    assert_eq!(accepted.details.attachment, None);
    assert_eq!(accepted.details.transports, ["usb", "nfc", "smart-card"]);
}

#[test]
fn transports_are_bounded() {
    let many: Vec<String> = (0..100).map(|number| format!("t{number}")).chain(["x".repeat(33)]).collect();
    let accepted = changed(|credential| credential["response"]["transports"] = json!(many)).unwrap();
    assert_eq!(accepted.details.transports.len(), MOST_TRANSPORTS);
}

#[test]
fn extensions_of_the_authenticator_are_skipped() {
    let extensions = cbor::map(&[(cbor::text("credProtect"), cbor::int(2))]);
    assert!(register_as(&Ceremony { extensions: Some(extensions), ..registration() }).is_ok());
    let broken = Ceremony { extensions: Some(cbor::int(2)), ..registration() };
    assert_eq!(register_as(&broken), Err(Flaw::Malformed("authenticator data")));
}

#[test]
fn what_is_no_credential_is_malformed() {
    for credential in
        [json!(null), json!("{}"), json!(5), json!([]), json!({}), json!({"id": "AQ", "type": "public-key"})]
    {
        assert_eq!(register(&credential, &CHALLENGE, &party()), Err(Flaw::Malformed("members")), "{credential}");
    }
    let cases: [(&str, Value, &str); 9] = [
        ("/type", json!("password"), "type"),
        ("/id", json!(""), "id"),
        ("/id", json!("!"), "id"),
        ("/id", json!("AAAA"), "rawId"),
        ("/rawId", json!("AAAA"), "rawId"),
        ("/response/clientDataJSON", json!("!"), "clientDataJSON"),
        ("/response/clientDataJSON", json!(""), "clientDataJSON"),
        ("/response/attestationObject", json!("!"), "attestationObject"),
        ("/response/attestationObject", json!("AAAA"), "attestationObject"),
    ];
    for (place, value, part) in cases {
        let flaw = changed(|credential| *credential.pointer_mut(place).unwrap() = value.clone()).unwrap_err();
        assert_eq!(flaw, Flaw::Malformed(part), "{place} {value}");
    }
    let both = changed(|credential| (credential["id"], credential["rawId"]) = (json!("AAAA"), json!("AAAA")));
    assert_eq!(both, Err(Flaw::Malformed("id")));
    let long = BASE64URL_NOPAD.encode(&vec![0; attestation::LONGEST + 1]);
    let flaw = changed(|credential| credential["response"]["attestationObject"] = json!(long)).unwrap_err();
    assert_eq!(flaw, Flaw::Malformed("attestationObject"));
}

#[test]
fn another_challenge_page_or_relying_party_is_refused() {
    let mut foreign = registration();
    foreign.client_data["origin"] = json!("https://evil.org");
    assert_eq!(register_as(&foreign), Err(Flaw::ForeignOrigin));
    let mut framed = registration();
    framed.client_data["crossOrigin"] = json!(true);
    assert_eq!(register_as(&framed), Err(Flaw::Framed));
    let other = Ceremony { relying_party: "login.example.com".to_owned(), ..registration() };
    assert_eq!(register_as(&other), Err(Flaw::OtherRelyingParty));
    let stale = Ceremony::registration(&BASE64URL_NOPAD.encode(&[1; 32]), RP);
    assert_eq!(register_as(&stale), Err(Flaw::WrongChallenge));
    let sign_in = Ceremony { flags: registration().flags, ..Ceremony::assertion(&challenge(), RP) };
    assert_eq!(register_as(&sign_in), Err(Flaw::Malformed("type of clientDataJSON")));
}

#[test]
fn the_circumstances_are_checked() {
    let flags = |flags| Ceremony { flags: flags | Ceremony::ATTESTED, ..registration() };
    assert!(register_as(&flags(Ceremony::PRESENT)).is_ok());
    assert_eq!(register_as(&flags(Ceremony::VERIFIED)), Err(Flaw::UserAbsent));
    assert_eq!(register_as(&flags(Ceremony::PRESENT | Ceremony::BACKED_UP)), Err(Flaw::ImpossibleBackup));
    let unverified = Authenticator::es256().register(&flags(Ceremony::PRESENT));
    assert_eq!(register(&unverified, &CHALLENGE, &strict_party()), Err(Flaw::UserNotVerified));
    let bare = Ceremony { flags: Ceremony::PRESENT, ..registration() };
    assert_eq!(register_as(&bare), Err(Flaw::Malformed("authenticator data")));
}

#[test]
fn an_honest_but_not_discoverable_credential_is_refused() {
    let flaw = changed(|credential| credential["clientExtensionResults"] = json!({"credProps": {"rk": false}}));
    assert_eq!(flaw, Err(Flaw::NotDiscoverable));
}

#[test]
fn formats_of_the_standard_are_accepted_as_what_they_are_worth() {
    let with = |format: &str, statement: Option<Vec<u8>>| {
        register_as(&Ceremony { format: format.to_owned(), statement, ..registration() }).map(|_| ())
    };
    let empty = || Some(cbor::map(&[]));
    let chain = || Some(cbor::map(&[(cbor::text("x5c"), cbor::array(&[cbor::bytes(b"certificate")]))]));
    assert_eq!(with("none", empty()), Ok(()));
    assert_eq!(with("none", chain()), Err(Flaw::BrokenAttestation));
    assert_eq!(with("packed", None), Ok(()), "signed by the credential");
    assert_eq!(with("packed", empty()), Err(Flaw::BrokenAttestation));
    assert_eq!(with("packed", chain()), Ok(()));
    for format in UNCHECKED_FORMATS {
        assert_eq!(with(format, chain()), Ok(()), "{format}");
    }
    assert_eq!(with("compound", Some(cbor::array(&[]))), Ok(()));
    for format in ["", "None", "packed2", "self"] {
        assert_eq!(with(format, empty()), Err(Flaw::UnsupportedAttestation), "{format}");
    }
}

const UNCHECKED_FORMATS: [&str; 6] = ["tpm", "android-key", "android-safetynet", "fido-u2f", "apple", "compound"];

#[test]
fn a_credential_that_signs_for_itself_has_to_do_it_right() {
    let with = |algorithm: i64, signature: &[u8]| {
        let statement =
            cbor::map(&[(cbor::text("alg"), cbor::int(algorithm)), (cbor::text("sig"), cbor::bytes(signature))]);
        register_as(&Ceremony { format: "packed".to_owned(), statement: Some(statement), ..registration() })
    };
    let other = Authenticator::es256();
    for (algorithm, signature) in [(-7, other.sign(b"something else")), (-257, vec![]), (-7, vec![])] {
        assert_eq!(with(algorithm, &signature), Err(Flaw::BrokenAttestation), "{algorithm}");
    }
}

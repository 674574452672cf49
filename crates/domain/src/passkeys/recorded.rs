//! What Chromium's virtual authenticator answered to options as this server writes them (`chromium.json`: version 156,
//! `http://localhost`, backed up). It shares no code with the software authenticator of the other tests.

use cognate_model::{Timestamp, UserVerificationType};
use serde_json::Value;

use super::fixtures::{CHALLENGE, USER, user};
use super::{Assertion, Flaw, Passkey, RelyingParty, register, verify};

fn recorded(algorithm: &str) -> (Value, String) {
    let recorded: Value = serde_json::from_str(include_str!("chromium.json")).unwrap();
    let ceremonies = &recorded[algorithm];
    (ceremonies["registration"].clone(), ceremonies["assertion"].to_string())
}

fn this_machine() -> RelyingParty {
    RelyingParty { id: "localhost".to_owned(), verification: UserVerificationType::Required }
}

fn registered(algorithm: &str) -> Passkey {
    let registered = register(&recorded(algorithm).0, &CHALLENGE, &this_machine()).unwrap();
    Passkey {
        id: registered.id,
        user: USER,
        public_key: registered.public_key,
        counter: registered.counter,
        backed_up: registered.backed_up,
        created: Timestamp::default(),
        details: registered.details,
        version: 1,
    }
}

#[test]
fn a_registration_and_a_sign_in_of_chromium_hold() {
    for algorithm in ["es256", "rs256"] {
        let mut passkey = registered(algorithm);
        assert!(passkey.backed_up && passkey.details.backup_eligible);
        let assertion = Assertion::parse(&recorded(algorithm).1).unwrap();
        let used = verify(&assertion, &user(), &passkey, &CHALLENGE, &this_machine()).unwrap();
        assert!(used.user_verified);
        used.apply(&mut passkey).unwrap();
        assert_eq!(verify(&assertion, &user(), &passkey, &CHALLENGE, &this_machine()), Err(Flaw::CounterWentBack));
    }
}

#[test]
fn a_passkey_of_chromium_does_not_sign_for_another() {
    let assertion = Assertion::parse(&recorded("es256").1).unwrap();
    let passkey = Passkey { id: assertion.id.clone(), ..registered("rs256") };
    let judged = verify(&assertion, &user(), &passkey, &CHALLENGE, &this_machine());
    assert_eq!(judged, Err(Flaw::BadSignature));
}

use cognate_crypto::testing::{Authenticator, Ceremony};
use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::fixtures::{CHALLENGE, RP, assertion, challenge, party, passkey, registration, strict_party, user};
use super::*;

fn sub() -> String {
    user().sub()
}

fn judge(credential: &Value, passkey: &Passkey) -> Result<Use, Flaw> {
    verify(&Assertion::parse(&credential.to_string())?, &user(), passkey, &CHALLENGE, &party())
}

/// What comes of this use of a new authenticator, whose passkey the test may change.
fn used(ceremony: &Ceremony, change: impl FnOnce(&mut Passkey)) -> Result<Use, Flaw> {
    let authenticator = Authenticator::es256();
    let mut passkey = passkey(&authenticator);
    change(&mut passkey);
    judge(&authenticator.assert(ceremony, Some(&sub())), &passkey)
}

#[test]
fn a_user_is_known_by_their_passkey() {
    for authenticator in [Authenticator::es256(), Authenticator::rs256()] {
        let passkey = passkey(&authenticator);
        for handle in [Some(sub()), None, Some(String::new())] {
            let used = judge(&authenticator.assert(&assertion(), handle.as_deref()), &passkey).unwrap();
            assert_eq!((used.id, used.user_verified), (authenticator.id.clone(), true));
        }
        let unverified = Ceremony { flags: Ceremony::PRESENT, ..assertion() };
        assert!(!judge(&authenticator.assert(&unverified, None), &passkey).unwrap().user_verified);
    }
}

#[test]
fn a_passkey_is_good_for_its_user_and_relying_party_only() {
    assert_eq!(used(&assertion(), |passkey| passkey.user = [8; 16]), Err(Flaw::UnknownCredential));
    assert_eq!(used(&assertion(), |passkey| passkey.id = vec![1]), Err(Flaw::UnknownCredential));
    let moved = used(&assertion(), |passkey| passkey.details.relying_party = "example.org".to_owned());
    assert_eq!(moved, Err(Flaw::UnknownCredential));
    let authenticator = Authenticator::es256();
    for handle in [User { id: [8; 16], ..user() }.sub(), "maria".to_owned(), sub()[1..].to_owned()] {
        let credential = authenticator.assert(&assertion(), Some(&handle));
        assert_eq!(judge(&credential, &passkey(&authenticator)), Err(Flaw::OtherUser), "{handle}");
    }
}

#[test]
fn another_challenge_page_or_relying_party_is_refused() {
    let mut foreign = assertion();
    foreign.client_data["origin"] = json!("https://evil.org");
    assert_eq!(used(&foreign, |_| ()), Err(Flaw::ForeignOrigin));
    let mut framed = assertion();
    framed.client_data["crossOrigin"] = json!(true);
    assert_eq!(used(&framed, |_| ()), Err(Flaw::Framed));
    let other = Ceremony { relying_party: "login.example.com".to_owned(), ..assertion() };
    assert_eq!(used(&other, |_| ()), Err(Flaw::OtherRelyingParty));
    let stale = Ceremony::assertion(&BASE64URL_NOPAD.encode(&[1; 32]), RP);
    assert_eq!(used(&stale, |_| ()), Err(Flaw::WrongChallenge));
    let create = Ceremony { flags: assertion().flags, ..Ceremony::registration(&challenge(), RP) };
    assert_eq!(used(&create, |_| ()), Err(Flaw::Malformed("type of clientDataJSON")));
}

#[test]
fn the_circumstances_are_checked() {
    let flags = |flags| Ceremony { flags, ..assertion() };
    assert_eq!(used(&flags(Ceremony::VERIFIED), |_| ()), Err(Flaw::UserAbsent));
    assert_eq!(used(&flags(Ceremony::PRESENT | Ceremony::BACKED_UP), |_| ()), Err(Flaw::ImpossibleBackup));
    assert_eq!(used(&flags(registration().flags), |_| ()), Err(Flaw::Malformed("authenticatorData")));
    let authenticator = Authenticator::es256();
    let unverified = authenticator.assert(&flags(Ceremony::PRESENT), None).to_string();
    let unverified = Assertion::parse(&unverified).unwrap();
    let judged = verify(&unverified, &user(), &passkey(&authenticator), &CHALLENGE, &strict_party());
    assert_eq!(judged, Err(Flaw::UserNotVerified));
}

#[test]
fn the_eligibility_for_backup_never_changes_but_the_backup_may() {
    let eligible = Ceremony { flags: Ceremony::PRESENT | Ceremony::BACKUP_ELIGIBLE, ..assertion() };
    assert_eq!(used(&eligible, |_| ()), Err(Flaw::ChangedEligibility));
    assert_eq!(used(&assertion(), |passkey| passkey.details.backup_eligible = true), Err(Flaw::ChangedEligibility));
    let backed_up = Ceremony { flags: eligible.flags | Ceremony::BACKED_UP, ..assertion() };
    let used = used(&backed_up, |passkey| passkey.details.backup_eligible = true).unwrap();
    let mut kept = passkey(&Authenticator::es256());
    used.apply(&mut kept).unwrap();
    assert!(kept.backed_up);
}

#[test]
fn the_signature_is_over_every_byte_that_was_said() {
    let authenticator = Authenticator::es256();
    let passkey = passkey(&authenticator);
    let credential = authenticator.assert(&Ceremony { counter: 1, ..assertion() }, None);
    assert!(judge(&credential, &passkey).is_ok());
    // The counter and the flag for verification are the bytes that no other check would miss.
    for (place, flip) in [(36, 2), (32, Ceremony::VERIFIED)] {
        let mut data =
            BASE64URL_NOPAD.decode(credential["response"]["authenticatorData"].as_str().unwrap().as_bytes()).unwrap();
        data[place] ^= flip;
        let mut changed = credential.clone();
        changed["response"]["authenticatorData"] = json!(BASE64URL_NOPAD.encode(&data));
        assert_eq!(judge(&changed, &passkey), Err(Flaw::BadSignature), "byte {place}");
    }
    let mut respelt = credential.clone();
    let data = format!("{} ", assertion().client_data);
    respelt["response"]["clientDataJSON"] = json!(BASE64URL_NOPAD.encode(data.as_bytes()));
    assert_eq!(judge(&respelt, &passkey), Err(Flaw::BadSignature));
    let mut other = Authenticator::es256();
    other.id.clone_from(&authenticator.id);
    assert_eq!(judge(&other.assert(&assertion(), None), &passkey), Err(Flaw::BadSignature));
}

#[test]
fn the_counter_rises_or_is_not_there() {
    let with = |before: u32, now: u32| {
        used(&Ceremony { counter: now, ..assertion() }, |passkey| passkey.counter = before).map(|_| ())
    };
    for (before, now) in [(0, 0), (0, 1), (1, 2), (5, u32::MAX)] {
        assert_eq!(with(before, now), Ok(()), "{before} {now}");
    }
    for (before, now) in [(1, 0), (1, 1), (2, 1), (u32::MAX, 0), (u32::MAX, u32::MAX)] {
        assert_eq!(with(before, now), Err(Flaw::CounterWentBack), "{before} {now}");
    }
}

#[test]
fn of_two_uses_with_one_count_the_second_is_refused() {
    let authenticator = Authenticator::es256();
    let mut kept = passkey(&authenticator);
    let credential = authenticator.assert(&Ceremony { counter: 4, ..assertion() }, None);
    let used = judge(&credential, &kept).unwrap();
    assert_eq!(used.apply(&mut kept), Ok(()));
    assert_eq!(kept.counter, 4);
    assert_eq!(used.apply(&mut kept), Err(Flaw::CounterWentBack));
}

#[test]
fn what_is_no_assertion_is_malformed() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for text in ["", "null", "[]", "{}", "{\"id\": \"AQ\"", &deep] {
        assert_eq!(Assertion::parse(text).map(|_| ()), Err(Flaw::Malformed("members")));
    }
    let good = Authenticator::es256().assert(&assertion(), Some(&sub()));
    let cases: [(&str, Value, &str); 8] = [
        ("/type", json!("password"), "type"),
        ("/id", json!("!"), "id"),
        ("/rawId", json!("AAAA"), "rawId"),
        ("/response/clientDataJSON", json!("!"), "clientDataJSON"),
        ("/response/authenticatorData", json!("!"), "authenticatorData"),
        ("/response/signature", json!("!"), "signature"),
        ("/response/signature", json!(BASE64URL_NOPAD.encode(&[0; LONGEST_SIGNATURE + 1])), "signature"),
        ("/response/userHandle", json!(BASE64URL_NOPAD.encode(&[0; LONGEST_HANDLE + 1])), "userHandle"),
    ];
    for (place, value, part) in cases {
        let mut changed = good.clone();
        *changed.pointer_mut(place).unwrap() = value;
        assert_eq!(Assertion::parse(&changed.to_string()).map(|_| ()), Err(Flaw::Malformed(part)), "{place}");
    }
}

proptest! {
    #[test]
    fn no_change_of_a_byte_is_overlooked(part in 0_usize..3, place in any::<proptest::sample::Index>(), flip in 1_u8..) {
        let authenticator = Authenticator::es256();
        let mut credential = authenticator.assert(&assertion(), Some(&sub()));
        let member = &mut credential["response"][["clientDataJSON", "authenticatorData", "signature"][part]];
        let mut bytes = BASE64URL_NOPAD.decode(member.as_str().unwrap().as_bytes()).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        *member = json!(BASE64URL_NOPAD.encode(&bytes));
        prop_assert!(judge(&credential, &passkey(&authenticator)).is_err());
    }
}

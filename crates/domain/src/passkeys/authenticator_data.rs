//! What the authenticator says (section 6.1 of WebAuthn Level 3): for whom, under which circumstances, which key.

use cognate_crypto::cbor;
use cognate_crypto::digest::{constant_time_eq, sha256};
use cognate_model::UserVerificationType;

use super::{Flaw, RelyingParty, encoding};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENDED: u8 = 0x80;

/// The longest authenticator data that is looked at: a key of 4,096 bits, an id and extensions.
pub(super) const LONGEST: usize = 8 * 1024;

const MALFORMED: Flaw = Flaw::Malformed("authenticator data");

/// The parts, borrowed from the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AuthenticatorData<'a> {
    relying_party_hash: &'a [u8; 32],
    flags: u8,
    /// The signature counter.
    pub(super) counter: u32,
    /// The credential, in a registration.
    pub(super) attested: Option<Attested<'a>>,
}

/// A new credential.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attested<'a> {
    /// Its id.
    pub(super) id: &'a [u8],
    /// Its `COSE_Key`.
    pub(super) public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads all the bytes. Extensions have to be there if they are announced, but nothing here asks for any, so what
    /// they say is not looked at.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let (relying_party_hash, rest) = bytes.split_first_chunk().ok_or(MALFORMED)?;
        let (&[flags], rest) = rest.split_first_chunk().ok_or(MALFORMED)?;
        let (&counter, rest) = rest.split_first_chunk().ok_or(MALFORMED)?;
        let (attested, rest) = if flags & ATTESTED == 0 { (None, rest) } else { attested(rest)? };
        let rest = if flags & EXTENDED == 0 { rest } else { extensions(rest)? };
        if !rest.is_empty() {
            return Err(MALFORMED);
        }
        Ok(Self { relying_party_hash, flags, counter: u32::from_be_bytes(counter), attested })
    }

    /// Steps 14 to 18 of section 7.1, steps 15 to 19 of section 7.2: relying party, presence, verification, backup.
    pub(super) fn check(&self, party: &RelyingParty) -> Result<(), Flaw> {
        if !constant_time_eq(self.relying_party_hash, &sha256(party.id.as_bytes())) {
            return Err(Flaw::OtherRelyingParty);
        }
        if self.flags & USER_PRESENT == 0 {
            return Err(Flaw::UserAbsent);
        }
        if party.verification == UserVerificationType::Required && !self.user_verified() {
            return Err(Flaw::UserNotVerified);
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(Flaw::ImpossibleBackup);
        }
        Ok(())
    }

    /// By PIN or biometrics.
    pub(super) fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    /// Whether the credential may be copied to other devices.
    pub(super) fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    /// Whether it was.
    pub(super) fn backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

/// The credential behind the fixed part, and what follows it.
fn attested(bytes: &[u8]) -> Result<(Option<Attested<'_>>, &[u8]), Flaw> {
    let (_aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(MALFORMED)?;
    let (&length, rest) = rest.split_first_chunk().ok_or(MALFORMED)?;
    let length = usize::from(u16::from_be_bytes(length));
    if !(1..=encoding::LONGEST_ID).contains(&length) {
        return Err(MALFORMED);
    }
    let (id, key_and_rest) = rest.split_at_checked(length).ok_or(MALFORMED)?;
    // How long the key is, only its CBOR tells.
    let (_, rest) = cbor::read_prefix(key_and_rest).map_err(|_| MALFORMED)?;
    let key_length = key_and_rest.len() - rest.len();
    let public_key = key_and_rest.get(..key_length).ok_or(MALFORMED)?;
    Ok((Some(Attested { id, public_key }), rest))
}

fn extensions(bytes: &[u8]) -> Result<&[u8], Flaw> {
    match cbor::read_prefix(bytes) {
        Ok((cbor::Value::Map(_), rest)) => Ok(rest),
        _ => Err(MALFORMED),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{party, strict_party};
    use super::*;

    fn fixed(flags: u8) -> Vec<u8> {
        [&sha256(b"example.com")[..], &[flags], &7_u32.to_be_bytes()].concat()
    }

    fn credential(id: &[u8]) -> Vec<u8> {
        [&[0; 16][..], &u16::try_from(id.len()).unwrap().to_be_bytes(), id, &[0xa1, 0x01, 0x02]].concat()
    }

    #[test]
    fn the_parts_are_told_apart() {
        let bytes = fixed(USER_PRESENT);
        let data = AuthenticatorData::parse(&bytes).unwrap();
        assert_eq!((data.counter, &data.attested), (7, &None));
        let bytes = [fixed(ATTESTED | EXTENDED), credential(b"id"), vec![0xa0]].concat();
        let data = AuthenticatorData::parse(&bytes).unwrap();
        assert_eq!(data.attested, Some(Attested { id: b"id", public_key: &[0xa1, 0x01, 0x02] }));
    }

    #[test]
    fn what_is_announced_is_there_and_nothing_else() {
        let cases = [
            vec![],
            vec![0; 36],
            [fixed(0), vec![0]].concat(),
            fixed(ATTESTED),
            fixed(EXTENDED),
            [fixed(EXTENDED), vec![0x00]].concat(),
            [fixed(EXTENDED), vec![0xa0, 0xa0]].concat(),
            [fixed(0), credential(b"id")].concat(),
            [fixed(ATTESTED), credential(b"")].concat(),
            [fixed(ATTESTED), credential(&[1; 1_024])].concat(),
            [fixed(ATTESTED), credential(b"id"), vec![0xa0]].concat(),
            [fixed(ATTESTED | EXTENDED), credential(b"id")].concat(),
        ];
        for bytes in cases {
            assert_eq!(AuthenticatorData::parse(&bytes), Err(MALFORMED), "{bytes:?}");
        }
        let whole = [fixed(ATTESTED | EXTENDED), credential(b"id"), vec![0xa0]].concat();
        for length in 0..whole.len() {
            assert_eq!(AuthenticatorData::parse(&whole[..length]), Err(MALFORMED), "{length}");
        }
    }

    #[test]
    fn each_flag_is_checked() {
        let check = |flags, party: &RelyingParty| AuthenticatorData::parse(&fixed(flags)).unwrap().check(party);
        let other = RelyingParty { id: "example.org".to_owned(), ..party() };
        assert_eq!(check(USER_PRESENT, &party()), Ok(()));
        assert_eq!(check(USER_PRESENT, &other), Err(Flaw::OtherRelyingParty));
        assert_eq!(check(USER_VERIFIED, &party()), Err(Flaw::UserAbsent));
        assert_eq!(check(USER_PRESENT, &strict_party()), Err(Flaw::UserNotVerified));
        assert_eq!(check(USER_PRESENT | USER_VERIFIED, &strict_party()), Ok(()));
        assert_eq!(check(USER_PRESENT | BACKED_UP, &party()), Err(Flaw::ImpossibleBackup));
        assert_eq!(check(USER_PRESENT | BACKUP_ELIGIBLE, &party()), Ok(()));
        assert_eq!(check(USER_PRESENT | BACKUP_ELIGIBLE | BACKED_UP, &party()), Ok(()));
    }
}

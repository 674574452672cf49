//! A user as a line.

use cognate_domain::User;
use cognate_domain::passkeys::Passkey;
use cognate_model::{Timestamp, UserStatusType};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};

use super::export::Secrets;
use super::line::{Kind, MfaLine, PasskeyLine, PasswordLine, SrpLine, UserLine};
use super::moment::Moment;
use crate::verifier::Kept;
use crate::{Error, OpenPool, mfa};

/// What is stored of a user, in all its tables.
pub(super) struct Stored {
    pub(super) user: User,
    pub(super) groups: Vec<String>,
    pub(super) verifier: Option<Vec<u8>>,
    pub(super) passkeys: Vec<Passkey>,
}

/// The line of a user; without secrets somebody who has a password will have to choose a new one.
pub(super) fn line(pool: &OpenPool, stored: Stored, secrets: Secrets) -> Result<UserLine, Error> {
    let Stored { user, groups, verifier, passkeys } = stored;
    let factors = factors(pool, &user, secrets)?;
    let (password, status) = match secrets {
        Secrets::With => (password(pool, &user, verifier.as_deref())?, user.status),
        Secrets::Without if user.hidden.password.hash.is_some() => (None, UserStatusType::ResetRequired),
        Secrets::Without => (None, user.status),
    };
    Ok(UserLine {
        kind: Kind::User,
        pool: Some(pool.id().to_owned()),
        sub: Some(user.sub()),
        status: Some(status),
        enabled: Some(user.enabled),
        created: Some(Moment(user.created)),
        modified: Some(Moment(user.modified)),
        signed_out: (user.hidden.signed_out_at > 0).then(|| Moment(Timestamp::from_micros(user.hidden.signed_out_at))),
        groups,
        password,
        mfa: Some(factors).filter(|factors| *factors != MfaLine::default()),
        // They hold public keys, nothing that a thief could use.
        passkeys: passkeys.into_iter().map(passkey).collect(),
        username: user.username,
        attributes: user.attributes,
    })
}

fn password(pool: &OpenPool, user: &User, verifier: Option<&[u8]>) -> Result<Option<PasswordLine>, Error> {
    let password = &user.hidden.password;
    let Some(hash) = &password.hash else { return Ok(None) };
    let srp = verifier.map(|sealed| Kept::open(pool, &user.id, sealed)).transpose()?.map(|kept| SrpLine {
        salt: HEXLOWER.encode(&kept.salt),
        verifier: HEXLOWER.encode(kept.verifier().to_bytes().as_slice()),
    });
    Ok(Some(PasswordLine {
        hash: hash.clone(),
        temporary_until: password.temporary_until.map(|end| Moment(Timestamp::from_micros(end))),
        history: password.history.clone(),
        srp,
    }))
}

fn factors(pool: &OpenPool, user: &User, secrets: Secrets) -> Result<MfaLine, Error> {
    let factors = &user.hidden.mfa;
    let secret = match secrets {
        Secrets::With => mfa::token_secret(pool, user)?.map(|secret| BASE32_NOPAD.encode(&secret)),
        Secrets::Without => None,
    };
    let has_secret = secret.is_some();
    Ok(MfaLine {
        sms: factors.sms,
        software_token: factors.software_token,
        email: factors.email,
        web_authn: factors.web_authn,
        preferred: factors.preferred.clone(),
        options: factors.options.clone(),
        totp_secret: secret,
        totp_name: factors.totp_name.clone().filter(|_| has_secret),
        totp_last_step: factors.totp_last_step.filter(|_| has_secret),
    })
}

fn passkey(passkey: Passkey) -> PasskeyLine {
    PasskeyLine {
        id: BASE64URL_NOPAD.encode(&passkey.id),
        public_key: BASE64URL_NOPAD.encode(&passkey.public_key),
        counter: passkey.counter,
        backed_up: passkey.backed_up,
        created: Moment(passkey.created),
        details: passkey.details,
    }
}

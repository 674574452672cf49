//! A line as a user: checked against the pool it goes to, with secrets sealed for it.

use std::sync::Arc;

use cognate_crypto::password::PasswordHash;
use cognate_crypto::random;
use cognate_crypto::srp::{PUBLIC_LEN, SALT_LEN};
use cognate_domain::passkeys::Passkey;
use cognate_domain::user::{Hidden, Mfa, Password, UserId};
use cognate_domain::usernames::{self, Alias, AliasKind, NewName};
use cognate_domain::{User, attribute_rules, user_status};
use cognate_model::{AttributeType, Timestamp, UserStatusType};
use cognate_store::DbError;
use cognate_store::users::Texts;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};

use super::line::{MfaLine, PasskeyLine, PasswordLine, SrpLine, UserLine};
use super::target::Target;
use crate::verifier::Kept;
use crate::{Services, directory, mfa};

/// The most characters of a value ("Working with user attributes" in the developer guide).
const LONGEST_VALUE: usize = 2_048;
/// The most groups of a user that a line names.
const MOST_GROUPS: usize = 100;

/// A user to write, with everything of theirs.
pub(crate) struct Newcomer {
    pub(crate) target: Arc<Target>,
    pub(crate) user: User,
    pub(crate) texts: Texts,
    pub(crate) aliases: Vec<Alias>,
    /// Which of them the line called the user by.
    pub(crate) called: AliasKind,
    pub(crate) search_values: Vec<(&'static str, String)>,
    /// Whether the line said who it is, so that another of the name is somebody else.
    pub(crate) is_known_by_sub: bool,
    pub(crate) groups: Vec<String>,
    pub(crate) passkeys: Vec<Passkey>,
}

impl Newcomer {
    /// A user of this name with nothing but what stands in their row.
    pub(crate) fn new(target: Arc<Target>, name: &NewName, user: User) -> Result<Self, DbError> {
        Ok(Self {
            texts: Texts::of(&user)?,
            aliases: usernames::aliases(&target.pool, &user),
            called: match name {
                NewName::Given(_) => AliasKind::Username,
                NewName::FromAttribute { attribute: "email", .. } => AliasKind::Email,
                NewName::FromAttribute { .. } => AliasKind::PhoneNumber,
            },
            search_values: directory::search_values(&user),
            target,
            user,
            is_known_by_sub: false,
            groups: Vec::new(),
            passkeys: Vec::new(),
        })
    }
}

/// The user of a line, or what is wrong with it.
pub(super) fn newcomer(
    services: &Services,
    target: &Arc<Target>,
    line: UserLine,
    now: Timestamp,
) -> Result<Newcomer, String> {
    let pool = &target.pool;
    let (id, is_known_by_sub) = match &line.sub {
        Some(sub) => (usernames::parse_sub(sub).ok_or("sub is not a UUID in lower case")?, true),
        None => (random::uuid_v7(&*services.random, now.micros()), false),
    };
    let name = name(pool, &line, &id)?;
    let username = match &name {
        NewName::Given(username) => username.clone(),
        NewName::FromAttribute { .. } => random::format_uuid(&id),
    };
    let attributes = attributes(&line)?;
    let attributes = attribute_rules::for_create(pool, &name, &attributes).map_err(|refusal| refusal.message)?;
    let status = line.status.unwrap_or(match &line.password {
        Some(_) => UserStatusType::Confirmed,
        None => UserStatusType::ResetRequired,
    });
    let password = match line.password {
        Some(password) => {
            // A verifier holds for one name of a pool and one of a user.
            let keeps_verifier = target.keeps_verifiers_of(line.pool.as_deref()) && username == line.username;
            let password = PasswordLine { srp: password.srp.filter(|_| keeps_verifier), ..password };
            self::password(services, target, &id, status, password, now)?
        }
        None => Password::default(),
    };
    let hidden = Hidden {
        password,
        mfa: factors(services, target, &id, line.mfa.unwrap_or_default())?,
        signed_out_at: line.signed_out.map_or(0, |moment| moment.0.micros()),
        ..Hidden::default()
    };
    let created = line.created.map_or(now, |moment| moment.0);
    let user = User {
        id,
        username,
        status,
        enabled: line.enabled.unwrap_or(true),
        created,
        modified: line.modified.map_or(created, |moment| moment.0),
        attributes,
        hidden,
        version: 1,
    };
    if line.groups.len() > MOST_GROUPS {
        return Err(format!("a user is in at most {MOST_GROUPS} groups"));
    }
    let passkeys = line.passkeys.into_iter().map(|line| passkey(&id, line)).collect::<Result<Vec<_>, _>>()?;
    let mut ids: Vec<&[u8]> = passkeys.iter().map(|passkey| passkey.id.as_slice()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|two| matches!(two, [one, other] if one == other)) {
        return Err("two passkeys of the user have one id".to_owned());
    }
    Ok(Newcomer {
        is_known_by_sub,
        groups: line.groups,
        passkeys,
        ..Newcomer::new(Arc::clone(target), &name, user).map_err(|error| error.to_string())?
    })
}

/// What the user is called. In pools whose users sign in by an address the name is the `sub`, as it was exported, or an
/// address, as other systems know it.
fn name(pool: &cognate_domain::Pool, line: &UserLine, id: &UserId) -> Result<NewName, String> {
    if !usernames::is_well_formed(&line.username) {
        return Err("username has 1 to 128 characters, none of them a space or invisible".to_owned());
    }
    let is_external = line.status == Some(UserStatusType::ExternalProvider);
    if is_external || usernames::parse_sub(&line.username) == Some(*id) {
        return Ok(NewName::Given(line.username.clone()));
    }
    usernames::check_new(pool, &line.username).map_err(|refusal| refusal.message.into_owned())
}

fn attributes(line: &UserLine) -> Result<Vec<AttributeType>, String> {
    let mut list = Vec::with_capacity(line.attributes.len());
    // The sub stands beside the attributes, and may stand among them if it is the same.
    for (name, value) in
        line.attributes.iter().filter(|(name, value)| name.as_str() != "sub" || Some(*value) != line.sub.as_ref())
    {
        if value.chars().count() > LONGEST_VALUE {
            return Err(format!("{name} is longer than {LONGEST_VALUE} characters"));
        }
        list.push(AttributeType { name: name.clone(), value: Some(value.clone()) });
    }
    Ok(list)
}

fn password(
    services: &Services,
    target: &Target,
    id: &UserId,
    status: UserStatusType,
    line: PasswordLine,
    now: Timestamp,
) -> Result<Password, String> {
    for hash in std::iter::once(&line.hash).chain(&line.history) {
        PasswordHash::read(hash).map_err(|flaw| flaw.to_string())?;
    }
    let temporary_until = match (status, line.temporary_until) {
        (UserStatusType::ForceChangePassword, None) => Some(user_status::temporary_until(&target.pool, now)),
        (UserStatusType::ForceChangePassword, Some(end)) => Some(end.0),
        _ => None,
    };
    let verifier = line.srp.map(|srp| verifier(services, target, id, &srp)).transpose()?;
    Ok(Password {
        hash: Some(line.hash),
        temporary_until: temporary_until.map(Timestamp::micros),
        history: line.history,
        lacks_verifier: verifier.is_none(),
        fresh_verifier: verifier,
    })
}

fn verifier(services: &Services, target: &Target, id: &UserId, line: &SrpLine) -> Result<Vec<u8>, String> {
    let wrong = || "srp is a salt of 16 bytes and a verifier of 384, in lower-case hexadecimal".to_owned();
    let decode = |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(|_| wrong());
    let salt: [u8; SALT_LEN] = decode(&line.salt)?.try_into().map_err(|_| wrong())?;
    let verifier: [u8; PUBLIC_LEN] = decode(&line.verifier)?.try_into().map_err(|_| wrong())?;
    Ok(Kept::moved(salt, &verifier).seal(services, &target.pool, id))
}

/// The second factors. A software token without its secret, as a file without secrets has it, would lock its user out.
fn factors(services: &Services, target: &Target, id: &UserId, line: MfaLine) -> Result<Mfa, String> {
    let secret = line.totp_secret.as_ref().map(|text| {
        let secret = BASE32_NOPAD.decode(text.trim_end_matches('=').to_ascii_uppercase().as_bytes());
        let secret = secret.ok().filter(|secret| (10..=128).contains(&secret.len()));
        secret.ok_or_else(|| "totp_secret is not base32 of 10 to 128 bytes".to_owned())
    });
    let secret = secret.transpose()?;
    let preferred = line.preferred.filter(|factor| secret.is_some() || factor != "SOFTWARE_TOKEN_MFA");
    if let Some(factor) = preferred.as_deref().filter(|factor| !mfa::FACTORS.contains(factor)) {
        return Err(format!("preferred is {factor:?}, none of {}", mfa::FACTORS.join(", ")));
    }
    Ok(Mfa {
        sms: line.sms,
        software_token: line.software_token && secret.is_some(),
        email: line.email,
        web_authn: line.web_authn,
        preferred,
        options: line.options,
        totp_secret: secret.map(|secret| mfa::seal_token_secret(services, &target.pool, id, &secret)),
        totp_name: line.totp_name,
        totp_last_step: line.totp_last_step,
        ..Mfa::default()
    })
}

fn passkey(user: &UserId, line: PasskeyLine) -> Result<Passkey, String> {
    let decode = |name: &str, text: &str| {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().filter(|bytes| (1..=2_048).contains(&bytes.len()));
        bytes.ok_or_else(|| format!("{name} of a passkey is not base64url of 1 to 2048 bytes"))
    };
    let public_key = decode("public_key", &line.public_key)?;
    cognate_crypto::cose::PublicKey::parse(&public_key)
        .map_err(|_| "public_key of a passkey is no key that is supported".to_owned())?;
    Ok(Passkey {
        id: decode("id", &line.id)?,
        user: *user,
        public_key,
        counter: line.counter,
        backed_up: line.backed_up,
        created: line.created.0,
        details: line.details,
        version: 1,
    })
}

/// Reads a line. What is wrong with it is told without its values, which may be secret.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| {
        let said = error.to_string();
        // A line that was cut is no JSON, whatever it is about.
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
        let names_members_only = ["unknown field", "missing field", "duplicate field"];
        match error.classify() {
            _ if is_json && names_members_only.iter().any(|start| said.starts_with(start)) => said,
            serde_json::error::Category::Data if is_json => {
                format!("a member is not what it should be (column {})", error.column())
            }
            _ => format!("the line is not JSON (column {})", error.column()),
        }
    })
}

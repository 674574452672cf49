//! Who holds a token.

use std::sync::Arc;

use cognate_crypto::{jwt, random};
use cognate_domain::token_exchange::Kind;
use cognate_domain::{Client, User};
use cognate_model::Exception;
use cognate_store::{refresh_tokens, users};
use serde::Deserialize;
use serde_json::Value;

use crate::keys::{self, Ring, SigningKeys};
use crate::{Context, Error, OpenPool};

/// The scope that the user pools API asks for.
const SCOPE: &str = "aws.cognito.signin.user.admin";

/// A user with a valid access token.
pub struct SignedIn {
    /// The pool.
    pub pool: Arc<OpenPool>,
    /// The app client that the token was issued to.
    pub client: Arc<Client>,
    /// The user.
    pub user: User,
    /// `device_key` of the token, where the pool tracks devices.
    pub device_key: Option<String>,
    /// The event of the sign-in that the token came from.
    pub(crate) event: Option<[u8; 16]>,
    /// When the user signed in (seconds).
    pub auth_time: i64,
}

/// What a token says, as far as it is asked for here.
#[derive(Deserialize)]
pub(super) struct Claims {
    sub: String,
    token_use: String,
    /// Of access tokens.
    client_id: Option<String>,
    /// Of ID tokens the app client; of access tokens the service that one was derived for.
    aud: Option<String>,
    #[serde(default)]
    pub(super) scope: String,
    pub(super) exp: i64,
    pub(super) auth_time: i64,
    origin_jti: Option<String>,
    event_id: Option<String>,
    device_key: Option<String>,
    pub(super) act: Option<Value>,
}

/// A token whose signature, use and expiry were checked.
pub(super) struct Signed {
    pool: Arc<OpenPool>,
    kind: Kind,
    pub(super) claims: Claims,
}

pub(super) fn invalid(kind: Kind) -> Error {
    Error::not_authorized(match kind {
        Kind::Access => "Invalid Access Token",
        Kind::Id => "Invalid ID Token",
    })
}

fn expired(kind: Kind) -> Error {
    Error::not_authorized(match kind {
        Kind::Access => "Access Token has expired",
        Kind::Id => "ID Token has expired",
    })
}

fn revoked(kind: Kind) -> Error {
    Error::not_authorized(match kind {
        Kind::Access => "Access Token has been revoked",
        Kind::Id => "ID Token has been revoked",
    })
}

/// Checks an access token for an operation of the user pools API: signature, use, expiry, scope, revocation.
pub async fn authenticate(cx: &Context, token: &str) -> Result<SignedIn, Error> {
    let signed = signed(cx, token, Kind::Access).await?;
    // A token that was derived for another service is not meant for this API.
    if signed.claims.aud.is_some() {
        return Err(invalid(Kind::Access));
    }
    if !signed.claims.scope.split(' ').any(|scope| scope == SCOPE) {
        return Err(Error::not_authorized("Access Token does not have required scopes"));
    }
    signed.signed_in(cx).await
}

/// Checks signature, use and expiry of a token.
pub(super) async fn signed(cx: &Context, token: &str, kind: Kind) -> Result<Signed, Error> {
    let pool = issuing_pool(cx, token).await?.ok_or_else(|| invalid(kind))?;
    let key_id = jwt::peek_kid(token).ok_or_else(|| invalid(kind))?;
    let (ring, token_use): (fn(&SigningKeys) -> &Ring, _) = match kind {
        Kind::Access => (|keys| &keys.access, "access"),
        Kind::Id => (|keys| &keys.id, "id"),
    };
    let keys = keys::with_key(cx, &pool, ring, &key_id).await?;
    let key = ring(&keys).find(&key_id, cx.now()).ok_or_else(|| invalid(kind))?;
    let claims: Claims = key.verify_as(token).map_err(|_| invalid(kind))?;
    if claims.token_use != token_use {
        return Err(invalid(kind));
    }
    if claims.exp <= cx.now().seconds() {
        return Err(expired(kind));
    }
    Ok(Signed { pool, kind, claims })
}

impl Signed {
    /// The pool that signed it.
    pub(super) fn pool(&self) -> &OpenPool {
        &self.pool
    }

    /// `origin_jti`.
    pub(super) fn family(&self) -> Option<[u8; 16]> {
        self.claims.origin_jti.as_deref().and_then(random::parse_uuid)
    }

    /// Checks that the sign-in behind the token still stands.
    pub(super) async fn signed_in(&self, cx: &Context) -> Result<SignedIn, Error> {
        let (pool, claims, kind) = (&self.pool, &self.claims, self.kind);
        let client = match kind {
            Kind::Access => &claims.client_id,
            Kind::Id => &claims.aud,
        };
        let client = match cx.client_of(pool.id(), client.as_deref().unwrap_or_default()).await {
            Err(Error::Refused(_)) => return Err(invalid(kind)),
            other => other?,
        };
        let id = random::parse_uuid(&claims.sub).ok_or_else(|| invalid(kind))?;
        if claims.origin_jti.is_some() && self.family().is_none() {
            return Err(invalid(kind));
        }
        let (user, family) = cx
            .read(|tx| {
                let user = users::by_id(tx, pool.id(), &id)?;
                let family = match &self.family() {
                    Some(family) => Some(refresh_tokens::get(tx, pool.id(), &id, family)?),
                    None => None,
                };
                Ok((user, family))
            })
            .await?;
        let user = user.ok_or_else(Error::no_user)?;
        let event = claims.event_id.as_deref().and_then(random::parse_uuid);
        let ended = match family {
            Some(family) => family.is_none_or(|family| family.revoked),
            None => signed_in_before(claims, event.as_ref(), user.hidden.signed_out_at),
        };
        if ended {
            return Err(revoked(kind));
        }
        if !user.enabled {
            return Err(Error::not_authorized("User is disabled."));
        }
        let device_key = claims.device_key.clone();
        Ok(SignedIn { pool: Arc::clone(pool), client, user, device_key, event, auth_time: claims.auth_time })
    }
}

/// Whether a token without a family is older than the moment at which the user signed out everywhere. Claims have
/// seconds; within that second the event tells when the sign-in began.
fn signed_in_before(claims: &Claims, event: Option<&[u8; 16]>, signed_out_at: i64) -> bool {
    let second = signed_out_at.div_euclid(1_000_000);
    let began = event.map_or(i64::MIN, random::uuid_v7_micros);
    claims.auth_time < second || (claims.auth_time == second && began <= signed_out_at)
}

/// For operations that do not model `UserNotFoundException`: the token of a user who is gone is a revoked one.
pub(crate) fn gone_is_revoked(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.exception == Exception::UserNotFound => revoked(Kind::Access),
        other => other,
    }
}

/// The pool that a token says it comes from. What it says is believed only once the signature is checked.
async fn issuing_pool(cx: &Context, token: &str) -> Result<Option<Arc<OpenPool>>, Error> {
    let claims = jwt::peek_claims(token);
    let Some(issuer) = claims.as_ref().and_then(|claims| claims.get("iss")).and_then(Value::as_str) else {
        return Ok(None);
    };
    let id = issuer.rsplit('/').next().unwrap_or_default();
    if issuer != cx.settings.issuer_of(id) {
        return Ok(None);
    }
    match cx.pool(id).await {
        Ok(pool) => Ok(Some(pool)),
        Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

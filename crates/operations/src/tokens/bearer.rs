//! Who holds an access token.

use std::sync::Arc;

use cognate_crypto::{jwt, random};
use cognate_domain::{Client, User};
use cognate_model::Exception;
use cognate_store::{refresh_tokens, users};
use serde::Deserialize;

use crate::{Context, Error, OpenPool, keys};

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
    /// When the user signed in (seconds).
    pub auth_time: i64,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    client_id: String,
    token_use: String,
    scope: String,
    exp: i64,
    iat: i64,
    event_id: Option<String>,
    origin_jti: Option<String>,
    device_key: Option<String>,
    auth_time: i64,
}

impl Claims {
    /// When the token was issued, in microseconds. `iat` knows the second only; the event of a sign-in in that second
    /// knows more, so that who signs out and in again at once is in.
    fn issued_micros(&self) -> i64 {
        let event = self.event_id.as_deref().and_then(random::parse_uuid).map(|id| random::uuid_v7_micros(&id));
        let second = self.iat.saturating_mul(1_000_000);
        event.filter(|event| event.div_euclid(1_000_000) == self.iat).unwrap_or(second)
    }
}

fn invalid() -> Error {
    Error::not_authorized("Invalid Access Token")
}

/// What the token names is not there. A failure of ours says nothing about the token.
fn unless_ours(error: Error) -> Error {
    if matches!(error, Error::Refused(_)) { invalid() } else { error }
}

fn revoked() -> Error {
    Error::not_authorized("Access Token has been revoked")
}

/// Checks signature, use, scope, expiry and revocation, in this order.
pub async fn authenticate(cx: &Context, token: &str) -> Result<SignedIn, Error> {
    let pool = issuing_pool(cx, token).await?;
    let keys = keys::of_pool(cx, &pool).await?;
    let claims: Claims = keys.access.public().verify_as(token).map_err(|_| invalid())?;
    if claims.token_use != "access" {
        return Err(invalid());
    }
    if claims.exp <= cx.now().seconds() {
        return Err(Error::not_authorized("Access Token has expired"));
    }
    if !claims.scope.split(' ').any(|scope| scope == SCOPE) {
        return Err(Error::not_authorized("Access Token does not have required scopes"));
    }
    let client = cx.client_of(pool.id(), &claims.client_id).await.map_err(unless_ours)?;
    let id = random::parse_uuid(&claims.sub).ok_or_else(invalid)?;
    let family = claims.origin_jti.as_deref().map(|jti| random::parse_uuid(jti).ok_or_else(invalid)).transpose()?;
    let (user, family) = cx
        .read(|tx| {
            let user = users::by_id(tx, pool.id(), &id)?;
            let family = match &family {
                Some(family) => Some(refresh_tokens::get(tx, pool.id(), &id, family)?),
                None => None,
            };
            Ok((user, family))
        })
        .await?;
    let user = user.ok_or_else(Error::no_user)?;
    let ended = match family {
        Some(family) => family.is_none_or(|family| family.revoked),
        // Without a family the moment of signing out decides.
        None => claims.issued_micros() <= user.hidden.signed_out_at,
    };
    if ended {
        return Err(revoked());
    }
    if !user.enabled {
        return Err(Error::not_authorized("User is disabled."));
    }
    Ok(SignedIn { pool, client, user, device_key: claims.device_key, auth_time: claims.auth_time })
}

/// For operations that do not model `UserNotFoundException`: the token of a user who is gone is a revoked one.
pub(crate) fn gone_is_revoked(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.exception == Exception::UserNotFound => revoked(),
        other => other,
    }
}

/// The pool that a token says it comes from. What it says is believed only once the signature is checked.
async fn issuing_pool(cx: &Context, token: &str) -> Result<Arc<OpenPool>, Error> {
    let claims = jwt::peek_claims(token).ok_or_else(invalid)?;
    let issuer = claims.get("iss").and_then(|issuer| issuer.as_str()).ok_or_else(invalid)?;
    let id = issuer.rsplit('/').next().unwrap_or_default();
    if issuer != cx.settings.issuer_of(id) {
        return Err(invalid());
    }
    cx.pool(id).await.map_err(unless_ours)
}

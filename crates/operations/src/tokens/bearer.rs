//! Who holds an access token.

use std::sync::Arc;

use cognate_crypto::{jwt, random};
use cognate_domain::{Client, User};
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
    /// The event of the sign-in that the token came from.
    pub(crate) event: Option<[u8; 16]>,
    /// `device_key` of the token, where the pool tracks devices.
    pub device_key: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    client_id: String,
    token_use: String,
    scope: String,
    exp: i64,
    auth_time: i64,
    origin_jti: Option<String>,
    event_id: Option<String>,
    device_key: Option<String>,
}

fn invalid() -> Error {
    Error::not_authorized("Invalid Access Token")
}

fn revoked() -> Error {
    Error::not_authorized("Access Token has been revoked")
}

/// Checks signature, use, scope, expiry and revocation, in this order.
pub async fn authenticate(cx: &Context, token: &str) -> Result<SignedIn, Error> {
    let pool = issuing_pool(cx, token).await?;
    let keys = keys::of_pool(cx, &pool).await?;
    let key = jwt::peek_kid(token).and_then(|kid| keys.access.find(&kid, cx.now())).ok_or_else(invalid)?;
    let claims: Claims = key.verify_as(token).map_err(|_| invalid())?;
    if claims.token_use != "access" {
        return Err(invalid());
    }
    if claims.exp <= cx.now().seconds() {
        return Err(Error::not_authorized("Access Token has expired"));
    }
    if !claims.scope.split(' ').any(|scope| scope == SCOPE) {
        return Err(Error::not_authorized("Access Token does not have required scopes"));
    }
    let client = cx.client_of(pool.id(), &claims.client_id).await.map_err(|_| invalid())?;
    let id = random::parse_uuid(&claims.sub).ok_or_else(invalid)?;
    let event = claims.event_id.as_deref().and_then(random::parse_uuid);
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
        None => signed_in_before(&claims, event.as_ref(), user.hidden.signed_out_at),
    };
    if ended {
        return Err(revoked());
    }
    if !user.enabled {
        return Err(Error::not_authorized("User is disabled."));
    }
    Ok(SignedIn { pool, client, user, event, device_key: claims.device_key })
}

/// Whether a token without a family is older than the moment at which the user signed out everywhere. Claims have
/// seconds; within that second the event tells when the sign-in began.
fn signed_in_before(claims: &Claims, event: Option<&[u8; 16]>, signed_out_at: i64) -> bool {
    let second = signed_out_at.div_euclid(1_000_000);
    let began = event.map_or(i64::MIN, random::uuid_v7_micros);
    claims.auth_time < second || (claims.auth_time == second && began <= signed_out_at)
}

/// The pool that a token says it comes from. What it says is believed only once the signature is checked.
async fn issuing_pool(cx: &Context, token: &str) -> Result<Arc<OpenPool>, Error> {
    let claims = jwt::peek_claims(token).ok_or_else(invalid)?;
    let issuer = claims.get("iss").and_then(|issuer| issuer.as_str()).ok_or_else(invalid)?;
    let id = issuer.rsplit('/').next().unwrap_or_default();
    if issuer != cx.settings.issuer_of(id) {
        return Err(invalid());
    }
    cx.pool(id).await.map_err(|_| invalid())
}

//! `GetDerivedToken`: a narrower token for a service downstream, in exchange for a user's (RFC 8693). Needs no signature
//! where the app client proves its secret; the secret is asked for beside a signature too.
//!
//! Errors: `ResourceNotFound` (client, provider, resource server), `NotAuthorized` (client secret, subject or actor
//! token), `InvalidParameter` (flow, members that exclude each other, scopes), `UserNotFound` (subject, actor),
//! `OperationNotEnabled` (tier), `UnexpectedLambda` (trigger).

use std::sync::Arc;

use cognate_domain::token_exchange::{self, Exchange, Kind};
use cognate_model::{
    GetDerivedTokenRequest, GetDerivedTokenResponse, IssuedTokenTypeIdentifierType, OAuthTokenTypeType, Secret,
};
use serde_json::Value;

use super::bearer::{self, Signed, SignedIn};
use super::{Derived, client_secret, derive};
use crate::{Context, Error, OpenPool};

pub(crate) async fn handle(cx: &Context, request: GetDerivedTokenRequest) -> Result<GetDerivedTokenResponse, Error> {
    let client = cx.client(&request.client_id).await?;
    let pool = cx.pool(client.pool()).await?;
    client_secret::check(&pool, &client, request.client_secret.as_ref())?;
    let exchange = token_exchange::exchange(&pool, &client, &request)?;
    let (subject, signed_in) = present(cx, &pool, &request.subject_token, exchange.subject).await?;
    let act = act(cx, &pool, &request, &exchange, &subject).await?;
    let scopes = token_exchange::scopes(&client, request.scopes.as_deref(), &subject.claims.scope)?;
    let scope = scopes.join(" ");
    let derived = Derived {
        family: subject.family(),
        event: signed_in.event,
        auth_time: subject.claims.auth_time,
        not_after: subject.claims.exp,
        audience: exchange.audience,
        scope: &scope,
        act,
    };
    let (token, expires_in) = derive(cx, Arc::clone(&pool), &client, &signed_in.user, exchange.wanted, derived).await?;
    let (issued_token_type, token_type, scopes) = match exchange.wanted {
        Kind::Access => (IssuedTokenTypeIdentifierType::AccessToken, OAuthTokenTypeType::Bearer, Some(scopes)),
        // What is no access token has no way of use (RFC 8693, section 2.2.1).
        Kind::Id => (IssuedTokenTypeIdentifierType::IdToken, OAuthTokenTypeType::NA, None),
    };
    let expires_in = Some(i32::try_from(expires_in).unwrap_or(i32::MAX));
    Ok(GetDerivedTokenResponse { issued_token: token, issued_token_type, token_type, expires_in, scopes })
}

/// A token of this pool whose sign-in still stands.
async fn present(cx: &Context, pool: &OpenPool, token: &Secret, kind: Kind) -> Result<(Signed, SignedIn), Error> {
    let signed = bearer::signed(cx, token.expose(), kind).await?;
    if signed.pool().id() != pool.id() {
        return Err(bearer::invalid(kind));
    }
    let signed_in = signed.signed_in(cx).await?;
    Ok((signed, signed_in))
}

/// Who acts for the user: the actor of this exchange before those of earlier ones.
async fn act(
    cx: &Context,
    pool: &OpenPool,
    request: &GetDerivedTokenRequest,
    exchange: &Exchange<'_>,
    subject: &Signed,
) -> Result<Option<Value>, Error> {
    let earlier = subject.claims.act.clone();
    let (Some(token), Some(kind)) = (&request.actor_token, exchange.actor) else { return Ok(earlier) };
    let (_, actor) = present(cx, pool, token, kind).await?;
    Ok(Some(token_exchange::actor_claim(&actor.user.sub(), actor.client.id(), earlier)))
}

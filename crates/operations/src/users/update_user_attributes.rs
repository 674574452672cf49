//! `UpdateUserAttributes`: signed-in users set their attributes, as far as the app client may write; an empty value
//! deletes one. A changed address that the pool verifies gets a code, and waits for it where the pool says so.
//!
//! Errors: NotAuthorized (access token, unwritable attribute), UserNotFound, InvalidParameter (schema, immutable,
//! required, format), AliasExists (address or preferred name of another user), TooManyRequests (too many codes),
//! UnexpectedLambda.

use std::sync::Arc;

use cognate_domain::{attribute_rules, client_rules};
use cognate_model::{UpdateUserAttributesRequest, UpdateUserAttributesResponse};
use cognate_store::users;

use super::contact::ATTEMPTS;
use super::{change_own, verifications};
use crate::codes::{self, Issued};
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: UpdateUserAttributesRequest,
) -> Result<UpdateUserAttributesResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let (client, given) = (Arc::clone(&signed_in.client), Arc::new(request.user_attributes));
    let metadata = request.client_metadata.as_ref();
    for _ in 0..ATTEMPTS {
        let pool = &signed_in.pool;
        let read = cx.read(|tx| Ok(users::by_id(tx, pool.id(), &signed_in.user.id)?)).await?;
        let mut user = read.ok_or_else(Error::no_user)?;
        let is_writable = |name: &str| client_rules::writable(&client, pool, name);
        let change = attribute_rules::for_own_update(pool, &user, &is_writable, &given)?;
        change.apply(&mut user);
        let sent = Arc::new(verifications(cx, pool, &user, &change, Some(&client), metadata).await?);
        let (client, given, codes) = (Arc::clone(&client), Arc::clone(&given), Arc::clone(&sent));
        let is_written = change_own(cx, &signed_in, move |tx, pool, user| {
            let is_writable = |name: &str| client_rules::writable(&client, pool, name);
            let now_due = attribute_rules::for_own_update(pool, user, &is_writable, &given)?;
            if now_due.to_verify != change.to_verify {
                return Ok(false);
            }
            now_due.apply(user);
            codes.iter().try_for_each(|code| code.insert(tx, pool, &user.id))?;
            Ok(true)
        })
        .await
        .map_err(codes::as_too_many_requests)?;
        if is_written {
            sent.iter().for_each(Issued::announce);
            let details = sent.iter().map(Issued::details).collect();
            return Ok(UpdateUserAttributesResponse { code_delivery_details_list: Some(details) });
        }
    }
    Err(Error::Changed)
}

//! `UpdateUserAttributes`: signed-in users set their attributes, as far as the app client may write; an empty value
//! deletes one. A changed address that the pool verifies gets a code, and waits for it where the pool says so.
//!
//! Errors: NotAuthorized (access token, unwritable attribute), UserNotFound, InvalidParameter (schema, immutable,
//! required, format), AliasExists (address or preferred name of another user), TooManyRequests (too many codes),
//! UnexpectedLambda.

use std::sync::Arc;

use cognate_domain::{attribute_rules, client_rules};
use cognate_model::{UpdateUserAttributesRequest, UpdateUserAttributesResponse};

use super::{change_own, verifications};
use crate::codes::{self, Issued};
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: UpdateUserAttributesRequest,
) -> Result<UpdateUserAttributesResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let (client, given, surroundings) = (Arc::clone(&signed_in.client), request.user_attributes, cx.clone());
    let sent = change_own(cx, &signed_in, move |tx, pool, user| {
        let is_writable = |name: &str| client_rules::writable(&client, pool, name);
        let change = attribute_rules::for_own_update(pool, user, &is_writable, &given)?;
        change.apply(user);
        let sent = verifications(&surroundings, pool, user, &change)?;
        sent.iter().try_for_each(|code| code.insert(tx, pool, &user.id))?;
        Ok(sent)
    })
    .await
    .map_err(codes::as_too_many_requests)?;
    sent.iter().for_each(Issued::announce);
    let details = sent.iter().map(Issued::details).collect();
    Ok(UpdateUserAttributesResponse { code_delivery_details_list: Some(details) })
}

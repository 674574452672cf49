//! `DeleteUserAttributes`: signed-in users remove attributes by name, as far as the app client may write.
//!
//! Errors: NotAuthorized (access token, unwritable attribute), UserNotFound, InvalidParameter (required, unknown or
//! immutable attribute). An attribute that the user does not have is no error.

use std::sync::Arc;

use cognate_domain::{attribute_rules, client_rules};
use cognate_model::{DeleteUserAttributesRequest, DeleteUserAttributesResponse};

use super::change_own;
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: DeleteUserAttributesRequest,
) -> Result<DeleteUserAttributesResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let (client, names) = (Arc::clone(&signed_in.client), request.user_attribute_names);
    change_own(cx, &signed_in, move |_, pool, user| {
        let is_writable = |name: &str| client_rules::writable(&client, pool, name);
        attribute_rules::for_own_delete(pool, &is_writable, &names)?.apply(user);
        Ok(())
    })
    .await?;
    Ok(DeleteUserAttributesResponse::default())
}

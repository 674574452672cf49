//! `DeleteUser`: a signed-in user goes, with everything of theirs, tokens included.
//!
//! Errors: NotAuthorized (access token), UserNotFound.

use cognate_model::DeleteUserRequest;
use cognate_store::users;

use crate::{Context, Error, directory, tokens};

pub(crate) async fn handle(cx: &Context, request: DeleteUserRequest) -> Result<(), Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let (pool, id) = (signed_in.pool, signed_in.user.id);
    cx.write(move |tx| {
        let user = users::by_id_to_delete(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
        directory::delete(tx, &pool, &user)
    })
    .await
}

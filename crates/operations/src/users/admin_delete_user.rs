//! `AdminDeleteUser`: the user and everything of theirs is gone, tokens included.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`.

use std::sync::Arc;

use cognate_model::AdminDeleteUserRequest;

use crate::{Context, Error, directory};

pub(crate) async fn handle(cx: &Context, request: AdminDeleteUserRequest) -> Result<(), Error> {
    let pool = Arc::clone(&cx.pool(&request.user_pool_id).await?);
    cx.write(move |tx| {
        let user = directory::get_to_delete(tx, &pool, &request.username)?;
        directory::delete(tx, &pool, &user)
    })
    .await
}

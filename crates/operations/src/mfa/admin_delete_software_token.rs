//! `AdminDeleteSoftwareToken`: a user's software token is gone, and with it the preference for it.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`. Deleting what is not there is no error.

use cognate_domain::software_token;
use cognate_model::{AdminDeleteSoftwareTokenRequest, AdminDeleteSoftwareTokenResponse};

use crate::users::change_user;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminDeleteSoftwareTokenRequest,
) -> Result<AdminDeleteSoftwareTokenResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    change_user(cx, &pool, request.username, |_, _, user| {
        software_token::remove(user);
        Ok(())
    })
    .await?;
    Ok(AdminDeleteSoftwareTokenResponse::default())
}

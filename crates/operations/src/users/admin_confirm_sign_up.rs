//! `AdminConfirmSignUp`: confirms a user who signed up, without the code.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `NotAuthorized` (any status but UNCONFIRMED), `UserLambdaValidation`,
//! `UnexpectedLambda`, `InvalidLambdaResponse` (trigger; the user stays confirmed).

use cognate_domain::user_status;
use cognate_model::{AdminConfirmSignUpRequest, AdminConfirmSignUpResponse};

use super::change_user;
use crate::triggers::{Occasion, post_confirmation};
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminConfirmSignUpRequest,
) -> Result<AdminConfirmSignUpResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let user = change_user(cx, &pool, request.username, |_, _, user| {
        user_status::confirm_sign_up(user)?;
        Ok(user.clone())
    })
    .await?;
    let occasion = Occasion { pool: &pool, client: None, user_name: &user.username };
    post_confirmation::tell(cx, occasion, post_confirmation::SIGN_UP, &user, request.client_metadata.as_ref()).await?;
    Ok(AdminConfirmSignUpResponse::default())
}

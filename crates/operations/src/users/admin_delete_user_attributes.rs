//! `AdminDeleteUserAttributes`: removes attributes by name.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `InvalidParameter` (required, unknown or immutable attribute).
//! An attribute that the user does not have is no error.

use cognate_domain::attribute_rules;
use cognate_model::{AdminDeleteUserAttributesRequest, AdminDeleteUserAttributesResponse};

use super::change_user;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminDeleteUserAttributesRequest,
) -> Result<AdminDeleteUserAttributesResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let names = request.user_attribute_names;
    change_user(cx, &pool, request.username, move |_, pool, user| {
        attribute_rules::for_admin_delete(pool, &names)?.apply(user);
        Ok(())
    })
    .await?;
    Ok(AdminDeleteUserAttributesResponse::default())
}

//! `AdminUpdateUserAttributes`: sets attributes; an empty value deletes one.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `InvalidParameter` (schema, immutable, format), `AliasExists` (address
//! or preferred name of another user), `UnexpectedLambda` (a code is to be sent, and a custom message trigger is set).

use std::sync::Arc;

use cognate_domain::attribute_rules;
use cognate_model::{AdminUpdateUserAttributesRequest, AdminUpdateUserAttributesResponse};

use super::contact::ATTEMPTS;
use super::verifications;
use crate::codes::Issued;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminUpdateUserAttributesRequest,
) -> Result<AdminUpdateUserAttributesResponse, Error> {
    let pool = Arc::clone(&cx.pool(&request.user_pool_id).await?);
    let request = Arc::new(request);
    for _ in 0..ATTEMPTS {
        let mut user = cx.read(|tx| directory::get(tx, &pool, &request.username)).await?;
        let change = attribute_rules::for_admin_update(&pool, &user, &request.user_attributes)?;
        change.apply(&mut user);
        let metadata = request.client_metadata.as_ref();
        let sent = Arc::new(verifications(cx, &pool, &user, &change, None, metadata).await?);
        let (now, pool, request, codes) = (cx.now(), Arc::clone(&pool), Arc::clone(&request), Arc::clone(&sent));
        let is_written = cx
            .write(move |tx| {
                let before = directory::get(tx, &pool, &request.username)?;
                let mut after = before.clone();
                let now_due = attribute_rules::for_admin_update(&pool, &before, &request.user_attributes)?;
                if before.id != user.id || now_due.to_verify != change.to_verify {
                    return Ok(false);
                }
                now_due.apply(&mut after);
                after.modified = now;
                directory::update(tx, &pool, &before, &after)?;
                codes.iter().try_for_each(|code| code.insert_unasked(tx, &pool, &after.id))?;
                Ok(true)
            })
            .await?;
        if is_written {
            sent.iter().for_each(Issued::announce);
            return Ok(AdminUpdateUserAttributesResponse::default());
        }
    }
    Err(Error::Changed)
}

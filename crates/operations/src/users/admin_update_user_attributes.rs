//! `AdminUpdateUserAttributes`: sets attributes; an empty value deletes one.
//!
//! Errors: `ResourceNotFound` (pool), `UserNotFound`, `InvalidParameter` (schema, immutable, format), `AliasExists` (address
//! or preferred name of another user), `UnexpectedLambda` (a code is to be sent, and a custom message trigger is set).

use std::sync::Arc;

use cognate_domain::attribute_rules;
use cognate_model::{AdminUpdateUserAttributesRequest, AdminUpdateUserAttributesResponse};

use super::verifications;
use crate::codes::Issued;
use crate::{Context, Error, directory};

pub(crate) async fn handle(
    cx: &Context,
    request: AdminUpdateUserAttributesRequest,
) -> Result<AdminUpdateUserAttributesResponse, Error> {
    let pool = Arc::clone(&cx.pool(&request.user_pool_id).await?);
    let now = cx.now();
    let surroundings = cx.clone();
    let sent = cx
        .write(move |tx| {
            let before = directory::get(tx, &pool, &request.username)?;
            let mut after = before.clone();
            let change = attribute_rules::for_admin_update(&pool, &before, &request.user_attributes)?;
            change.apply(&mut after);
            after.modified = now;
            directory::update(tx, &pool, &before, &after)?;
            let sent = verifications(&surroundings, &pool, &after, &change)?;
            sent.iter().try_for_each(|code| code.insert_unasked(tx, &pool, &after.id))?;
            Ok(sent)
        })
        .await?;
    sent.iter().for_each(Issued::announce);
    Ok(AdminUpdateUserAttributesResponse::default())
}

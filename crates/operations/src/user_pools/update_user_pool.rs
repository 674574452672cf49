//! `UpdateUserPool`: replaces the configuration; what is left out goes back to its default, as the live service does.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter`, `FeatureUnavailableInTier`,
//! `UserImportInProgress`.

use cognate_domain::pool_rules;
use cognate_model::{UpdateUserPoolRequest, UpdateUserPoolResponse};

use super::change_pool;
use crate::{Context, Error, imports};

pub(crate) async fn handle(cx: &Context, request: UpdateUserPoolRequest) -> Result<UpdateUserPoolResponse, Error> {
    let now = cx.now();
    change_pool(cx, request.user_pool_id.clone(), move |tx, pool| {
        imports::check_none_runs(tx, pool.id())?;
        *pool = pool_rules::update_pool(pool, request.clone(), now)?;
        Ok(())
    })
    .await?;
    Ok(UpdateUserPoolResponse::default())
}

//! `AddCustomAttributes`: extends the schema of a pool. Attributes are never removed or renamed.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (name taken, too many, constraints),
//! `UserImportInProgress`.

use cognate_domain::schema_declaration;
use cognate_model::{AddCustomAttributesRequest, AddCustomAttributesResponse};

use super::change_pool;
use crate::{Context, Error, imports};

pub(crate) async fn handle(
    cx: &Context,
    request: AddCustomAttributesRequest,
) -> Result<AddCustomAttributesResponse, Error> {
    let now = cx.now();
    change_pool(cx, request.user_pool_id.clone(), move |tx, pool| {
        imports::check_none_runs(tx, pool.id())?;
        schema_declaration::add_custom_attributes(pool, request.custom_attributes.clone())?;
        pool.config.last_modified_date = Some(now);
        Ok(())
    })
    .await?;
    Ok(AddCustomAttributesResponse::default())
}

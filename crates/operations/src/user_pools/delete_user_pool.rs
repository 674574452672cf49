//! `DeleteUserPool`: the pool and everything in it.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (deletion protection, domain),
//! `UserImportInProgress`.

use std::sync::Arc;

use cognate_domain::pool_rules;
use cognate_model::DeleteUserPoolRequest;
use cognate_store::{Tx, user_pools};

use crate::{Context, Error, imports};

pub(crate) async fn handle(cx: &Context, request: DeleteUserPoolRequest) -> Result<(), Error> {
    let id: Arc<str> = request.user_pool_id.into();
    let delete = move |tx: &mut dyn Tx| {
        let pool = user_pools::get_to_delete(tx, &id)?.ok_or_else(|| Error::no_pool(&id))?.pool;
        pool_rules::check_delete(&pool)?;
        imports::check_none_runs(tx, &id)?;
        Ok(user_pools::delete(tx, &id)?)
    };
    cx.write_and_forget(delete, Context::pool_removed).await
}

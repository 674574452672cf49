//! `DeleteUserPoolClient`.
//!
//! Errors: `ResourceNotFound` (pool, client).

use std::sync::Arc;

use cognate_model::DeleteUserPoolClientRequest;
use cognate_store::{Tx, clients};

use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: DeleteUserPoolClientRequest) -> Result<(), Error> {
    let pool = Arc::clone(&cx.pool(&request.user_pool_id).await?);
    let id: Arc<str> = request.client_id.into();
    let key = Arc::clone(&id);
    let delete = move |tx: &mut dyn Tx| {
        if clients::delete(tx, pool.id(), &key)? { Ok(()) } else { Err(Error::no_client(&key)) }
    };
    cx.write_and_forget(delete, move |cx| cx.client_changed(&id)).await
}

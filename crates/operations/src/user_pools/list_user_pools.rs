//! `ListUserPools`: in the order of ids, page by page.
//!
//! Errors: `InvalidParameter` (token).

use cognate_crypto::sealed_token;
use cognate_domain::pool_rules;
use cognate_model::{ListUserPoolsRequest, ListUserPoolsResponse};
use cognate_store::user_pools;

use crate::{Context, Error, page};

pub(crate) async fn handle(cx: &Context, request: ListUserPoolsRequest) -> Result<ListUserPoolsResponse, Error> {
    // The list belongs to no pool, so its tokens are sealed with a key of the installation's own.
    let key = cx.master_key.derive("pagination token");
    let after = match &request.next_token {
        None => String::new(),
        Some(token) => {
            let invalid = || Error::invalid("Invalid pagination token given.");
            let opened = sealed_token::open_text(&key, "pools", token).map_err(|_| invalid())?;
            String::from_utf8(opened.to_vec()).map_err(|_| invalid())?
        }
    };
    let size = page::size(Some(request.max_results));
    let found = cx.read(|tx| Ok(user_pools::list(tx, &after, size + 1)?)).await?;
    let (found, more) = page::cut(found, size);
    let next_token = found
        .last()
        .filter(|_| more)
        .map(|last| sealed_token::seal_text(&key, "pools", last.pool.id().as_bytes(), cx.random()));
    let user_pools = found.iter().map(|stored| pool_rules::list_item(&stored.pool)).collect();
    Ok(ListUserPoolsResponse { user_pools: Some(user_pools), next_token })
}

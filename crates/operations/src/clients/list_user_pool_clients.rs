//! `ListUserPoolClients`: in the order of ids, page by page.
//!
//! Errors: `ResourceNotFound` (pool), `InvalidParameter` (token).

use cognate_domain::client_rules;
use cognate_model::{ClientTypeType, ListUserPoolClientsRequest, ListUserPoolClientsResponse};
use cognate_store::clients;

use crate::{Context, Error, page};

pub(crate) async fn handle(
    cx: &Context,
    request: ListUserPoolClientsRequest,
) -> Result<ListUserPoolClientsResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let question = ["ListUserPoolClients", pool.id()];
    let after: Option<String> = page::open(cx, &pool, &question, request.next_token.as_deref())?;
    // Dynamically registered clients do not exist yet, so asking for them finds none.
    if request.client_type == Some(ClientTypeType::Dcr) {
        return Ok(ListUserPoolClientsResponse { user_pool_clients: Some(Vec::new()), next_token: None });
    }
    let size = page::size(request.max_results);
    let after = after.unwrap_or_default();
    let found = cx.read(|tx| Ok(clients::list(tx, pool.id(), &after, size + 1)?)).await?;
    let (found, more) = page::cut(found, size);
    let last = found.last().filter(|_| more);
    let next_token = last.map(|last| page::seal(cx, &pool, &question, last.id())).transpose()?;
    let items = found.iter().map(client_rules::list_item).collect();
    Ok(ListUserPoolClientsResponse { user_pool_clients: Some(items), next_token })
}

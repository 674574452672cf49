//! `DeleteUserPoolClientSecret`: the last one stays, or the client would become a public one.
//!
//! Errors: `ResourceNotFound` (pool, client, secret), `InvalidParameter` (last secret).

use cognate_model::{DeleteUserPoolClientSecretRequest, DeleteUserPoolClientSecretResponse};

use super::change_client;
use crate::{Context, Error};

pub(crate) async fn handle(
    cx: &Context,
    request: DeleteUserPoolClientSecretRequest,
) -> Result<DeleteUserPoolClientSecretResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let id = request.client_secret_id;
    change_client(cx, &pool, request.client_id, move |_, _, client| {
        if !client.secrets.iter().any(|secret| secret.id == id) {
            return Err(Error::not_found(format!("Client secret {id} does not exist.")));
        }
        if client.secrets.len() == 1 {
            return Err(Error::invalid("The last secret of a client cannot be deleted."));
        }
        client.secrets.retain(|secret| secret.id != id);
        Ok(())
    })
    .await?;
    Ok(DeleteUserPoolClientSecretResponse::default())
}

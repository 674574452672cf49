//! `AddUserPoolClientSecret`: a second secret, so that one can replace the other without a pause.
//!
//! Errors: `ResourceNotFound` (pool, client), `LimitExceeded` (two already), `InvalidParameter` (public client).

use cognate_model::{AddUserPoolClientSecretRequest, AddUserPoolClientSecretResponse, Exception};

use super::{change_client, descriptor, new_secret, seal_secret};
use crate::{Context, Error};

/// The most secrets of a client ("Quotas in Amazon Cognito").
const MOST_SECRETS: usize = 2;

pub(crate) async fn handle(
    cx: &Context,
    request: AddUserPoolClientSecretRequest,
) -> Result<AddUserPoolClientSecretResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let generated = request.client_secret.is_none();
    let secret = request.client_secret.unwrap_or_else(|| new_secret(cx));
    let (surroundings, value) = (cx.clone(), secret.clone());
    let added = change_client(cx, &pool, request.client_id, move |_, pool, client| {
        if client.secrets.is_empty() {
            return Err(Error::invalid(format!("Client {} is not a confidential client.", client.id())));
        }
        if client.secrets.len() >= MOST_SECRETS {
            let message = format!("Client secrets cannot exceed limit of {MOST_SECRETS} secrets.");
            return Err(Error::refused(Exception::LimitExceeded, message));
        }
        let sealed = seal_secret(&surroundings, pool, client, &value);
        client.secrets.push(sealed.clone());
        Ok(sealed)
    })
    .await?;
    // A secret that the caller brought is not sent back.
    let descriptor = descriptor(&added, generated.then_some(secret));
    Ok(AddUserPoolClientSecretResponse { client_secret_descriptor: Some(descriptor) })
}

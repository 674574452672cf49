//! `GetUserAttributeVerificationCode`: sends a signed-in user a code with which they verify an address; the earlier
//! code for it stops working. An address that waits to take the place of another is the one that gets the code.
//!
//! Errors: NotAuthorized (access token), UserNotFound, InvalidParameter (another attribute, no value), LimitExceeded,
//! UserLambdaValidation, UnexpectedLambda, InvalidLambdaResponse (trigger).

use std::sync::Arc;

use cognate_domain::contact;
use cognate_model::{GetUserAttributeVerificationCodeRequest, GetUserAttributeVerificationCodeResponse};
use cognate_store::users;

use crate::messages::{Cause, Occasion};
use crate::{Context, Error, codes, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: GetUserAttributeVerificationCodeRequest,
) -> Result<GetUserAttributeVerificationCodeResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let (pool, user) = (signed_in.pool, signed_in.user);
    let attribute = contact::named(&request.attribute_name)?;
    let target = contact::to_verify(&user, attribute).ok_or_else(|| contact::none_registered(attribute))?;
    let (client, metadata) = (Some(&*signed_in.client), request.client_metadata.as_ref());
    let cause = Cause { occasion: Occasion::VerifyUserAttribute, client, metadata };
    let issued = Arc::new(codes::issue_to_verify(cx, &pool, &user, &target, cause).await?);
    let written = Arc::clone(&issued);
    cx.write(move |tx| {
        // A user who is gone by now leaves nothing behind.
        users::by_id(tx, pool.id(), &user.id)?.ok_or_else(Error::no_user)?;
        written.insert(tx, &pool, &user.id)
    })
    .await?;
    issued.announce();
    Ok(GetUserAttributeVerificationCodeResponse { code_delivery_details: Some(issued.details()) })
}

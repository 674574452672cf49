//! `VerifyUserAttribute`: a signed-in user proves an address with the code that was sent there. One that waited for its
//! code takes the place of the one before.
//!
//! Errors: NotAuthorized (access token), UserNotFound, InvalidParameter (another attribute), CodeMismatch, ExpiredCode
//! (none asked for, too old, for an address that the user no longer has), LimitExceeded (too many wrong codes),
//! AliasExists (the address is another user's).

use cognate_domain::contact;
use cognate_model::{VerifyUserAttributeRequest, VerifyUserAttributeResponse};

use super::change_own;
use crate::codes::{self, Answer};
use crate::{Context, Error, tokens};

pub(crate) async fn handle(
    cx: &Context,
    request: VerifyUserAttributeRequest,
) -> Result<VerifyUserAttributeResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let attribute = contact::named(&request.attribute_name)?;
    let target = contact::to_verify(&signed_in.user, attribute).ok_or_else(codes::expired)?;
    let answer = Answer::verifying(&signed_in.user.id, &target, &request.code);
    answer.check(cx, &signed_in.pool).await?;
    let now = cx.now().micros();
    change_own(cx, &signed_in, move |tx, pool, user| {
        answer.consume(tx, pool, now)?;
        if contact::to_verify(user, attribute).as_ref() != Some(&target) {
            return Err(codes::expired());
        }
        contact::verified(user, &target);
        Ok(())
    })
    .await?;
    Ok(VerifyUserAttributeResponse::default())
}

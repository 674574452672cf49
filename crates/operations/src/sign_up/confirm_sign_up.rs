//! `ConfirmSignUp`: confirms a user with the code that was sent, and with it the address. Needs no signature.
//!
//! Errors: ResourceNotFound (client), NotAuthorized (secret hash, status), UserNotFound, CodeMismatch, ExpiredCode,
//! LimitExceeded, AliasExists (the address is another user's verified one, and ForceAliasCreation is not set).

use std::sync::Arc;

use cognate_domain::{Client, client_rules, user_status};
use cognate_model::{ConfirmSignUpRequest, ConfirmSignUpResponse, DefaultEmailOptionType};
use cognate_store::users;

use crate::auth::sign_up_session::{self, Proved};
use crate::auth::{pretence, secret_hash, unknown_user};
use crate::codes::{Answer, SIGN_UP};
use crate::directory::{self, Claim};
use crate::triggers::{self, Occasion, post_confirmation};
use crate::{Context, Error, Handling, OpenPool};

pub(crate) async fn handle(cx: &Context, request: ConfirmSignUpRequest) -> Result<ConfirmSignUpResponse, Error> {
    let client = cx.client(&request.client_id).await?;
    let pool = cx.pool(client.pool()).await?;
    let given = request.secret_hash.as_deref();
    secret_hash::check(&pool, &client, &[&request.username], given, secret_hash::Wording::Member)?;
    confirm(cx, &pool, &client, request).await
}

/// The same by the link of a message, which a browser opens: it knows no client's secret.
pub fn confirm_by_link<'a>(cx: &'a Context, client: &'a str, username: String, code: String) -> Handling<'a, ()> {
    Box::pin(by_link(cx, client, username, code))
}

async fn by_link(cx: &Context, client: &str, username: String, code: String) -> Result<(), Error> {
    let client = cx.client(client).await?;
    let pool = cx.pool(client.pool()).await?;
    let template = pool.config.verification_message_template.as_ref();
    if template.and_then(|template| template.default_email_option) != Some(DefaultEmailOptionType::ConfirmWithLink) {
        return Err(Error::invalid("This pool sends no links."));
    }
    let request = ConfirmSignUpRequest {
        client_id: client.id().to_owned(),
        username,
        confirmation_code: code,
        ..ConfirmSignUpRequest::default()
    };
    match confirm(cx, &pool, &client, request).await {
        // The function is told of it once the user is confirmed, and whoever opened the link can do nothing about it.
        Err(error) if triggers::is_theirs(&error) => {
            tracing::warn!(pool = pool.id(), %error, "a user is confirmed, and the function that is told of it failed");
            Ok(())
        }
        other => other.map(|_| ()),
    }
}

async fn confirm(
    cx: &Context,
    pool: &Arc<OpenPool>,
    client: &Client,
    request: ConfirmSignUpRequest,
) -> Result<ConfirmSignUpResponse, Error> {
    let name = request.username.as_str();
    let discreet = client_rules::prevents_user_existence_errors(client);
    let Some(user) = cx.read(|tx| directory::find(tx, pool, name)).await? else {
        return Err(if discreet { pretence::answer(cx, pool, name, &SIGN_UP).await } else { unknown_user() });
    };
    user_status::confirm_sign_up(&mut user.clone())?;
    let answer = Answer::new(&user.id, &SIGN_UP, &request.confirmation_code);
    answer.check(cx, pool).await?;
    // After the code: else what is wrong with a session would tell strangers that there is a user.
    let hands_on = match &request.session {
        // A code is good for longer than a session: it confirms the user all the same.
        Some(session) => !sign_up_session::open(pool, client, &user, session)?.is_over(cx),
        None => false,
    };
    let claim = if request.force_alias_creation == Some(true) { Claim::Moved } else { Claim::Refused };
    let (now, id, written) = (cx.now(), user.id, Arc::clone(pool));
    let (user, proved) = cx
        .write(move |tx| {
            let pool = &written;
            let attribute = answer.consume(tx, pool, now.micros())?;
            let before = users::by_id(tx, pool.id(), &id)?.ok_or_else(Error::no_user)?;
            let mut after = before.clone();
            user_status::confirm_sign_up(&mut after)?;
            after.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
            after.modified = now;
            directory::update_claiming(tx, pool, &before, &after, claim)?;
            let address = after.attribute(&attribute).unwrap_or_default().to_owned();
            Ok((after, Proved { attribute, address }))
        })
        .await?;
    let occasion = Occasion { pool, client: Some(client), user_name: &user.username };
    post_confirmation::tell(cx, occasion, post_confirmation::SIGN_UP, &user, request.client_metadata.as_ref()).await?;
    let session = if hands_on { Some(sign_up_session::proved(cx, pool, client, &user, proved)?) } else { None };
    Ok(ConfirmSignUpResponse { session })
}

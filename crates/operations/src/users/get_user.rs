//! `GetUser`: a signed-in user reads their own attributes, as far as the app client may.
//!
//! Errors: `NotAuthorized` (access token), `UserNotFound`.

use cognate_domain::client_rules;
use cognate_model::{GetUserRequest, GetUserResponse};

use crate::{Context, Error, tokens};

pub(crate) async fn handle(cx: &Context, request: GetUserRequest) -> Result<GetUserResponse, Error> {
    let signed_in = tokens::authenticate(cx, request.access_token.expose()).await?;
    let (pool, client, user) = (&signed_in.pool, &signed_in.client, &signed_in.user);
    let mut attributes = user.attribute_list();
    attributes.retain(|attribute| {
        attribute.name == "sub"
            || (!attribute.name.starts_with("dev:") && client_rules::readable(client, pool, &attribute.name))
    });
    let mfa = &user.hidden.mfa;
    Ok(GetUserResponse {
        username: user.username.clone(),
        user_attributes: attributes,
        mfa_options: (!mfa.options.is_empty()).then(|| mfa.options.clone()),
        preferred_mfa_setting: mfa.preferred.clone(),
        user_mfa_setting_list: mfa.setting_list(),
    })
}

//! After a user signed in, before there are tokens: where the function fails, there are none.

use cognate_domain::User;
use cognate_domain::trigger::{Trigger, passed, user_attributes, with};
use serde_json::{Map, json};

use super::{Happening, Occasion, call};
use crate::auth::SignIn;
use crate::{Context, Error};

/// Tells the function.
pub(crate) async fn tell(cx: &Context, sign_in: &SignIn<'_>, user: &User, is_new_device: bool) -> Result<(), Error> {
    let request = Map::from_iter([
        ("userAttributes".to_owned(), json!(user_attributes(sign_in.pool, user))),
        ("newDeviceUsed".to_owned(), json!(is_new_device)),
    ]);
    let happening = Happening {
        trigger: Trigger::PostAuthentication,
        source: "PostAuthentication_Authentication",
        version: "1",
        request: with(request, "clientMetadata", passed(sign_in.metadata.as_ref())),
        response: json!({}),
    };
    let occasion = Occasion { pool: sign_in.pool, client: Some(sign_in.client), user_name: &user.username };
    call(cx, occasion, happening).await.map(|_| ())
}

//! Before a user signs in: the function may refuse.

use cognate_domain::trigger::{Trigger, passed, user_attributes, with};
use cognate_domain::{User, client_rules};
use serde_json::{Map, json};

use super::{Happening, Occasion, call};
use crate::auth::SignIn;
use crate::{Context, Error};

/// Whether there is anything to ask.
pub(crate) fn is_set(sign_in: &SignIn<'_>) -> bool {
    Trigger::PreAuthentication.function(sign_in.pool).is_some()
}

/// Asks. `name` is what was typed; `user` is none where nobody has the name and the app client hides that.
pub(crate) async fn ask(cx: &Context, sign_in: &SignIn<'_>, name: &str, user: Option<&User>) -> Result<(), Error> {
    let attributes = user.map(|user| user_attributes(sign_in.pool, user)).unwrap_or_default();
    let mut request = Map::from_iter([("userAttributes".to_owned(), json!(attributes))]);
    if client_rules::prevents_user_existence_errors(sign_in.client) {
        request.insert("userNotFound".to_owned(), json!(user.is_none()));
    }
    let user_name = user.map_or(name, |user| &user.username);
    let occasion = Occasion { pool: sign_in.pool, client: Some(sign_in.client), user_name };
    let happening = Happening {
        trigger: Trigger::PreAuthentication,
        source: "PreAuthentication_Authentication",
        version: "1",
        request: with(request, "validationData", passed(sign_in.validation.as_ref())),
        response: json!({}),
    };
    call(cx, occasion, happening).await.map(|_| ())
}

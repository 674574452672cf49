//! After a user was confirmed. What the function says of a failure is passed on, and the user stays confirmed (recorded
//! from the live service).

use cognate_domain::User;
use cognate_domain::trigger::{Trigger, passed, user_attributes, with};
use serde_json::{Map, json};

use super::{Happening, Occasion, Passed, call};
use crate::{Context, Error};

/// After a sign-up was confirmed, by whomever.
pub(crate) const SIGN_UP: &str = "PostConfirmation_ConfirmSignUp";
/// After a new password was set with a code.
pub(crate) const FORGOT_PASSWORD: &str = "PostConfirmation_ConfirmForgotPassword";

/// Tells the function; the change is committed.
pub(crate) async fn tell(
    cx: &Context,
    occasion: Occasion<'_>,
    source: &str,
    user: &User,
    metadata: Option<&Passed>,
) -> Result<(), Error> {
    let attributes = user_attributes(occasion.pool, user);
    let request = Map::from_iter([("userAttributes".to_owned(), json!(attributes))]);
    let happening = Happening {
        trigger: Trigger::PostConfirmation,
        source,
        version: "1",
        request: with(request, "clientMetadata", passed(metadata)),
        response: json!({}),
    };
    call(cx, occasion, happening).await.map(|_| ())
}

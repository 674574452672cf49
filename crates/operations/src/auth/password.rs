//! Signing in with user name and password in one step.

use cognate_domain::sign_in::{First, Flow, Input};
use cognate_model::EventType;

use super::course::Course;
use super::flow::SignIn;
use super::judgement::{ask_beforehand, find, judge, look_up};
use super::migration::find_or_move_in;
use super::{Outcome, Parameters, device, password_renewal, secret_hash};
use crate::events::Attempt;
use crate::{Context, Error, hashing};

/// Checks name and password, then answers tokens or the next challenge.
pub(super) async fn begin(cx: &Context, sign_in: &SignIn<'_>, parameters: &Parameters) -> Result<Outcome, Error> {
    let name = parameters.require("USERNAME")?;
    parameters.require("PASSWORD")?;
    let given = parameters.get("SECRET_HASH");
    secret_hash::check(sign_in.pool, sign_in.client, &[name], given, secret_hash::Wording::Flow)?;
    let course = prove(cx, sign_in, Flow::Password, parameters).await?;
    course.advance(cx, None, Input::First(First::Password)).await
}

/// Judges the password of the parameters.
pub(super) async fn prove<'a>(
    cx: &Context,
    sign_in: &'a SignIn<'a>,
    flow: Flow,
    parameters: &Parameters,
) -> Result<Course<'a>, Error> {
    let (name, password) = (parameters.require("USERNAME")?, parameters.require("PASSWORD")?);
    let found = match flow {
        Flow::Password => find_or_move_in(cx, sign_in, name, password).await?,
        // Only the flows that begin with a password ask for users who are elsewhere ("Migrate user Lambda trigger").
        Flow::Choice | Flow::Custom => find(cx, sign_in, name).await?,
    };
    if flow == Flow::Password {
        ask_beforehand(cx, sign_in, name, found.as_ref()).await?;
    }
    let attempt = Attempt::new(cx, sign_in, EventType::SignIn);
    let id = found.map(|user| user.id);
    device::check(cx, sign_in.pool, id.as_ref(), parameters).await?;
    let user = judge(cx, sign_in, name, id.as_ref(), &attempt, async |user| {
        hashing::verify(cx, password, user.and_then(|user| user.hidden.password.hash.as_deref())).await
    })
    .await?;
    let attempt = look_up(cx, sign_in, &user, password, attempt.password_right()).await?;
    let user = if password_renewal::is_due(cx, &user) {
        // Boxed, to keep what waits small: it comes once in the life of a user who moved.
        Box::pin(password_renewal::renewed(cx, sign_in.pool, user, password)).await
    } else {
        user
    };
    Ok(Course::begin(sign_in, user, flow, attempt, parameters))
}

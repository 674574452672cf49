//! The triggers of a pool. Cognate cannot invoke them yet, and a trigger that guards an operation is never skipped:
//! the operation answers what the live service answers when a function cannot be invoked.

use cognate_domain::Pool;
use cognate_model::{Exception, LambdaConfigType};

use crate::Error;

/// A trigger: its name in messages, and where the pool keeps its function.
pub(crate) type Trigger = (&'static str, fn(&LambdaConfigType) -> bool);

pub(crate) const PRE_SIGN_UP: Trigger = ("PreSignUp", |config| config.pre_sign_up.is_some());
pub(crate) const CUSTOM_MESSAGE: Trigger = ("CustomMessage", |config| config.custom_message.is_some());
pub(crate) const PRE_AUTHENTICATION: Trigger = ("PreAuthentication", |config| config.pre_authentication.is_some());
pub(crate) const POST_AUTHENTICATION: Trigger = ("PostAuthentication", |config| config.post_authentication.is_some());
pub(crate) const POST_CONFIRMATION: Trigger = ("PostConfirmation", |config| config.post_confirmation.is_some());
pub(crate) const PRE_TOKEN_GENERATION: Trigger = ("PreTokenGeneration", |config| {
    config.pre_token_generation.is_some() || config.pre_token_generation_config.is_some()
});

/// Refuses an operation whose trigger is configured.
pub(crate) fn require_reachable(pool: &Pool, (name, is_set): Trigger) -> Result<(), Error> {
    if pool.config.lambda_config.as_ref().is_some_and(is_set) {
        return Err(Error::refused(
            Exception::UnexpectedLambda,
            format!("{name} invocation failed due to error ResourceNotFoundException."),
        ));
    }
    Ok(())
}

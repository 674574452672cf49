//! What errors say.

use std::fmt::Debug;

use cognate_testkit::aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};

pub const NO_POOL: &str = "ResourceNotFoundException: User pool us-east-1_nosuchpool does not exist.";
pub const NO_CLIENT: &str = "ResourceNotFoundException: User pool client nosuchclient does not exist.";
pub const NO_USER: &str = "UserNotFoundException: User does not exist.";
pub const NO_GROUP: &str = "ResourceNotFoundException: Group not found.";
pub const BAD_TOKEN: &str = "InvalidParameterException: Invalid pagination token given.";
pub const WRONG_PASSWORD: &str = "NotAuthorizedException: Incorrect username or password.";
pub const LOCKED: &str = "NotAuthorizedException: Password attempts exceeded";
pub const DISABLED: &str = "NotAuthorizedException: User is disabled.";
pub const TOO_SHORT: &str = "InvalidPasswordException: Password did not conform with policy: Password not long enough";
pub const USED_BEFORE: &str = "PasswordHistoryPolicyViolationException: Password has previously been used";
pub const INVALID_ACCESS_TOKEN: &str = "NotAuthorizedException: Invalid Access Token";
pub const REVOKED_ACCESS_TOKEN: &str = "NotAuthorizedException: Access Token has been revoked";
pub const INVALID_REFRESH_TOKEN: &str = "NotAuthorizedException: Invalid Refresh Token";
pub const REVOKED_REFRESH_TOKEN: &str = "NotAuthorizedException: Refresh Token has been revoked";
pub const WRONG_CODE: &str = "CodeMismatchException: Invalid verification code provided, please try again.";
pub const NO_CODE: &str = "ExpiredCodeException: Invalid code provided, please request a code again.";

/// Exceptions of the front door, which the interface model does not name with the operations.
const OF_THE_FRONT_DOOR: [&str; 3] =
    ["AccessDeniedException", "InvalidSignatureException", "UnrecognizedClientException"];

/// `<Exception>: <message>` of a call that was refused with an exception that its operation models.
#[track_caller]
pub fn refusal<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(result: Result<T, SdkError<E, R>>) -> String {
    let error = result.expect_err("this should have been refused");
    let service_error = error.as_service_error().unwrap_or_else(|| panic!("no answer of the service: {error:?}"));
    let (exception, message) = (service_error.code().unwrap_or_default(), service_error.message().unwrap_or_default());
    // The operations' error enums have one variant for what they do not model, and no common way to ask for it.
    let is_modelled = !format!("{service_error:?}").starts_with("Unhandled");
    let is_of_the_front_door = OF_THE_FRONT_DOOR.contains(&exception);
    assert!(is_modelled || is_of_the_front_door, "the operation does not model this exception: {exception}: {message}");
    format!("{exception}: {message}")
}

/// Holds when the call was refused with this exception and message.
#[track_caller]
pub fn refused<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(result: Result<T, SdkError<E, R>>, expected: &str) {
    assert_eq!(refusal(result), expected);
}

/// Holds when the call was refused because one member violates one constraint.
#[track_caller]
pub fn violates<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(
    result: Result<T, SdkError<E, R>>,
    value_at_member: &str,
    constraint: &str,
) {
    let expected = format!(
        "InvalidParameterException: 1 validation error detected: Value {value_at_member} failed to satisfy \
         constraint: {constraint}"
    );
    assert_eq!(refusal(result), expected);
}

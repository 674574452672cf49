//! What an operation answers when it does not succeed.

use std::borrow::Cow;

use cognate_domain::Refusal;
use cognate_model::{Exception, Operation};
use cognate_store::{Conflict, DbError};

/// A modelled exception, or a failure of ours whose detail stays in the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The exception that the caller sees.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Too much waits; the caller should come back later.
    #[error("too many requests wait")]
    Busy,
    /// A transaction lost a race; the store runs it again.
    #[error("the row changed in the meantime")]
    Changed,
    /// Our failure. Logged with the request id, answered without detail.
    #[error("{0}")]
    Internal(Cow<'static, str>),
}

impl Error {
    /// A refusal.
    pub fn refused(exception: Exception, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(Refusal::new(exception, message))
    }

    /// `InvalidParameterException`.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(Refusal::invalid(message))
    }

    /// `NotAuthorizedException`.
    pub fn not_authorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(Exception::NotAuthorized, message)
    }

    /// `ResourceNotFoundException`.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(Exception::ResourceNotFound, message)
    }

    /// `UserNotFoundException`, with the live service's message.
    pub fn no_user() -> Self {
        Self::refused(Exception::UserNotFound, "User does not exist.")
    }

    /// `ResourceNotFoundException` for a pool.
    pub fn no_pool(id: &str) -> Self {
        Self::not_found(format!("User pool {id} does not exist."))
    }

    /// `ResourceNotFoundException` for an app client.
    pub fn no_client(id: &str) -> Self {
        Self::not_found(format!("User pool client {id} does not exist."))
    }

    /// `ResourceNotFoundException` for a group.
    pub fn no_group() -> Self {
        Self::not_found("Group not found.")
    }

    /// Our failure.
    pub fn internal(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Internal(detail.into())
    }

    /// The answer of an operation that has no handler yet.
    pub fn not_built(operation: Operation) -> Self {
        let message = format!("{} is not supported by this version of Cognate.", operation.name());
        if operation.info().errors.contains(&Exception::OperationNotEnabled) {
            Self::refused(Exception::OperationNotEnabled, message)
        } else {
            Self::invalid(message)
        }
    }

    /// A message that cannot be delivered, in the nearest words of an operation that does not model this failure.
    pub(crate) fn into_modelled_by(self, operation: Operation) -> Self {
        let models = |exception| operation.info().errors.contains(&exception);
        match self {
            Self::Refused(refusal) if refusal.exception == Exception::CodeDeliveryFailure => {
                let nearest = [Exception::CodeDeliveryFailure, Exception::InvalidUserPoolConfiguration]
                    .into_iter()
                    .find(|exception| models(*exception));
                Self::refused(nearest.unwrap_or(Exception::InvalidParameter), refusal.message)
            }
            other => other,
        }
    }

    /// The exception and the message for the caller of this operation.
    pub fn answer(&self, operation: Operation) -> (Exception, Cow<'static, str>) {
        match self {
            Self::Refused(refusal) => (refusal.exception, refusal.message.clone()),
            Self::Busy | Self::Changed => (Exception::TooManyRequests, Cow::Borrowed("Too many requests")),
            // The client-secret operations model InternalServerException where all others have InternalErrorException.
            Self::Internal(_) if operation.info().errors.contains(&Exception::InternalServer) => {
                (Exception::InternalServer, Cow::Borrowed("Internal server error."))
            }
            Self::Internal(_) => (Exception::InternalError, Cow::Borrowed("Internal server error.")),
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Changed => Self::Changed,
            DbError::Busy => Self::Busy,
            other => Self::Internal(other.to_string().into()),
        }
    }
}

impl Conflict for Error {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Changed)
    }
}

//! Why a rule says no.

use std::borrow::Cow;

use cognate_model::Exception;

/// A modelled exception with its exact message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The exception that the caller sees.
    pub exception: Exception,
    /// The exact message.
    pub message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with this exception and message.
    pub fn new(exception: Exception, message: impl Into<Cow<'static, str>>) -> Self {
        Self { exception, message: message.into() }
    }

    /// `InvalidParameterException` with this message, the commonest refusal.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Exception::InvalidParameter, message)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.exception.name(), self.message)
    }
}

impl std::error::Error for Refusal {}

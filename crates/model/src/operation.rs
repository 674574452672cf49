//! A row of the operation table.

use crate::generated::{Exception, OPERATIONS, Operation};
use crate::shape::Shape;

/// The service prefix of `X-Amz-Target`.
pub const TARGET_PREFIX: &str = "AWSCognitoIdentityProviderService";

/// Who may call an operation, and what proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// A caller whose request is signed (Signature Version 4) and whose policies allow it.
    Iam,
    /// The same, or without a signature an app client that names itself and its secret in the request.
    IamOrClient,
    /// Anyone; an app client's secret is asked for through `SecretHash`.
    Anyone,
    /// A signed-in user, by the `AccessToken` in the request.
    AccessToken,
    /// A signed-in user, or one on the way there, by `AccessToken` or `Session`.
    AccessTokenOrSession,
    /// The holder of the refresh token in the request.
    RefreshToken,
    /// The holder of a challenge session, or of what stands for one.
    Session,
}

/// What a successful answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The operation has no output shape: the body is empty.
    Empty,
    /// A JSON object, `{}` when the output structure has no members.
    Json,
}

/// What the interface model says of an operation.
#[derive(Debug)]
pub struct OperationInfo {
    /// The operation.
    pub operation: Operation,
    /// Its name, as `X-Amz-Target` carries it behind the prefix.
    pub name: &'static str,
    /// The constraints of its request.
    pub input: &'static Shape,
    /// What its success answers.
    pub answer: Answer,
    /// Who may call it.
    pub authorization: Authorization,
    /// Whether it answers page by page.
    pub paginated: bool,
    /// The exceptions that the model lists.
    pub errors: &'static [Exception],
}

impl Operation {
    /// The operation of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = OPERATIONS.binary_search_by(|info| info.name.cmp(name)).ok()?;
        OPERATIONS.get(found).map(|info| info.operation)
    }

    /// Its row in the operation table.
    #[expect(clippy::indexing_slicing, reason = "the table has one row an operation, in the order of the enum")]
    pub fn info(self) -> &'static OperationInfo {
        &OPERATIONS[self as usize]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.info().name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum_and_of_names() {
        assert_eq!(OPERATIONS.len(), 141);
        assert!(OPERATIONS.is_sorted_by_key(|info| info.name));
        for info in &OPERATIONS {
            assert_eq!(info.operation.info().name, info.name);
            assert_eq!(Operation::from_name(info.name), Some(info.operation));
        }
        assert_eq!(Operation::from_name("AdminGetuser"), None);
    }

    #[test]
    fn the_classes_of_callers_have_the_documented_sizes() {
        let count = |wanted| OPERATIONS.iter().filter(|info| info.authorization == wanted).count();
        assert_eq!(count(Authorization::Iam), 105);
        assert_eq!(count(Authorization::IamOrClient), 1);
        assert_eq!(count(Authorization::Anyone), 7);
    }
}

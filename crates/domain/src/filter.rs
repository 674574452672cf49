//! The `Filter` of `ListUsers`: one attribute, one comparison, one value.
//!
//! "Managing and searching for user accounts" in the developer guide gives the grammar:
//! `AttributeName Filter-Type "AttributeValue"`. The texts of the refusals were recorded from the live service.

mod parse;

use std::fmt;

use crate::usernames::fold;
use crate::{Refusal, User};

/// What a filter may look at. Custom attributes cannot be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterAttribute {
    /// `username`, the stored one.
    Username,
    /// `email`.
    Email,
    /// `phone_number`.
    PhoneNumber,
    /// `name`.
    Name,
    /// `given_name`.
    GivenName,
    /// `family_name`.
    FamilyName,
    /// `preferred_username`.
    PreferredUsername,
    /// `cognito:user_status`, such as `CONFIRMED`.
    UserStatus,
    /// `status`, which is `Enabled` or `Disabled`.
    Status,
    /// `sub`.
    Sub,
}

impl FilterAttribute {
    /// Every attribute that can be searched.
    pub const ALL: [Self; 10] = [
        Self::Username,
        Self::Email,
        Self::PhoneNumber,
        Self::Name,
        Self::GivenName,
        Self::FamilyName,
        Self::PreferredUsername,
        Self::UserStatus,
        Self::Status,
        Self::Sub,
    ];

    /// The name in a filter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::Name => "name",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::PreferredUsername => "preferred_username",
            Self::UserStatus => "cognito:user_status",
            Self::Status => "status",
            Self::Sub => "sub",
        }
    }

    /// The attribute of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.as_str() == name)
    }

    /// Whether values that differ by case differ: of user names and `status` only.
    pub const fn is_case_sensitive(self) -> bool {
        matches!(self, Self::Username | Self::Status)
    }

    fn value_of(self, user: &User) -> Option<String> {
        match self {
            Self::Username => Some(user.username.clone()),
            Self::UserStatus => Some(user.status.as_str().to_owned()),
            Self::Status => Some(if user.enabled { "Enabled" } else { "Disabled" }.to_owned()),
            Self::Sub => Some(user.sub()),
            attribute => user.attribute(attribute.as_str()).map(str::to_owned),
        }
    }
}

/// How the value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`: the value is this.
    Exact,
    /// `^=`: the value begins with this.
    Prefix,
}

/// A parsed filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter {
    /// What is looked at.
    pub attribute: FilterAttribute,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what, as it was typed.
    pub value: String,
}

/// Reads a filter; an empty one is none.
pub fn parse(text: &str) -> Result<Option<Filter>, Refusal> {
    parse::parse(text)
}

/// Whether the user passes the filter. The reference: a store answers the same from its indexes.
pub fn matches(filter: &Filter, user: &User) -> bool {
    let Some(value) = filter.attribute.value_of(user) else { return false };
    let (value, wanted) = if filter.attribute.is_case_sensitive() {
        (value, filter.value.clone())
    } else {
        (fold(&value), fold(&filter.value))
    };
    match filter.comparison {
        Comparison::Exact => value == wanted,
        Comparison::Prefix => value.starts_with(&wanted),
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.comparison {
            Comparison::Exact => "=",
            Comparison::Prefix => "^=",
        };
        let escaped = self.value.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "{} {operator} \"{escaped}\"", self.attribute.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::user_with;
    use cognate_model::UserStatusType;

    fn passes(filter: &str, user: &User) -> bool {
        matches(&parse(filter).unwrap().unwrap(), user)
    }

    #[test]
    fn addresses_and_names_are_compared_without_case() {
        let user = user_with("Maria", &[("email", "Maria@Example.com"), ("given_name", "MARÍA")]);
        assert!(passes(r#"email = "maria@example.COM""#, &user));
        assert!(passes(r#"given_name ^= "marí""#, &user));
        assert!(!passes(r#"email = "maria@example""#, &user));
    }

    #[test]
    fn user_names_and_status_are_compared_with_case() {
        let user = user_with("Maria", &[]);
        assert!(passes(r#"username ^= "Mar""#, &user));
        assert!(!passes(r#"username ^= "mar""#, &user));
        assert!(passes(r#"status = "Enabled""#, &user));
        assert!(!passes(r#"status = "enabled""#, &user));
        assert!(!passes(r#"status = "Disabled""#, &user));
    }

    #[test]
    fn the_status_of_the_account_is_compared_without_case() {
        let mut user = user_with("Maria", &[]);
        user.status = UserStatusType::ForceChangePassword;
        assert!(passes(r#"cognito:user_status = "force_change_password""#, &user));
        assert!(passes(r#"cognito:user_status ^= "FORCE""#, &user));
        assert!(!passes(r#"cognito:user_status = "CONFIRMED""#, &user));
    }

    #[test]
    fn a_user_is_found_by_sub() {
        let user = user_with("Maria", &[]);
        assert!(passes(&format!("sub = \"{}\"", user.sub()), &user));
    }

    #[test]
    fn a_user_without_the_attribute_does_not_pass() {
        let user = user_with("Maria", &[]);
        assert!(!passes(r#"email ^= """#, &user));
        assert!(!passes(r#"email = """#, &user));
    }
}

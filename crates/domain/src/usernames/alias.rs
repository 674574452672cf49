//! The handles of a user: each belongs to one user of a pool at a time.

use cognate_model::{AliasAttributeType, Exception, UserStatusType, UsernameAttributeType};

use super::{has_alias, is_email, is_phone_number, normalize};
use crate::{Pool, Refusal, User};

/// What kind of handle it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AliasKind {
    /// The user name itself.
    Username,
    /// An e-mail address.
    Email,
    /// A telephone number.
    PhoneNumber,
    /// A preferred user name.
    PreferredUsername,
}

impl AliasKind {
    /// `username`, or the name of the attribute.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::PreferredUsername => "preferred_username",
        }
    }
}

/// A handle under which a user is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alias {
    /// What kind of handle it is.
    pub kind: AliasKind,
    /// The form in which it is compared.
    pub value: String,
}

/// The unique handles of a user.
///
/// An address counts once it is verified where it is an alias, and at once where it is the user name; a preferred user
/// name counts at once, unless it looks like such an address: nobody proved that it is theirs. A profile that an
/// identity provider made has its own name only: its address may well be the address of a local user.
///
/// Where preferred user names are aliases, user names are taken among them too. Else a new user name could be somebody's
/// preferred one, and with it their sign-in.
pub fn aliases(pool: &Pool, user: &User) -> Vec<Alias> {
    let mut found = vec![Alias { kind: AliasKind::Username, value: normalize(pool, &user.username) }];
    if user.status == UserStatusType::ExternalProvider {
        return found;
    }
    for kind in [AliasKind::Email, AliasKind::PhoneNumber, AliasKind::PreferredUsername] {
        let attribute = kind.as_str();
        let counts = |value: &str| match kind {
            AliasKind::Username => false,
            AliasKind::PreferredUsername => is_alias(pool, kind) && !names_address(pool, value),
            AliasKind::Email | AliasKind::PhoneNumber => {
                is_username(pool, kind) || (is_alias(pool, kind) && user.is_verified(attribute))
            }
        };
        if let Some(value) = user.attribute(attribute).filter(|value| counts(value)) {
            found.push(Alias { kind, value: normalize(pool, value) });
        }
    }
    let kind = AliasKind::PreferredUsername;
    let reserved = Alias { kind, value: normalize(pool, &user.username) };
    if is_alias(pool, kind) && !found.contains(&reserved) {
        found.push(reserved);
    }
    found
}

/// The look-ups to try for a typed `Username`, in this order. A `sub` is looked up apart (see
/// [`parse_sub`](super::parse_sub)).
pub fn candidates(pool: &Pool, typed: &str) -> Vec<Alias> {
    let looks_like = |kind: &AliasKind| match kind {
        AliasKind::Username => true,
        AliasKind::Email => names_email(pool, typed),
        AliasKind::PhoneNumber => names_phone_number(pool, typed),
        AliasKind::PreferredUsername => is_alias(pool, *kind) && !names_address(pool, typed),
    };
    [AliasKind::Username, AliasKind::Email, AliasKind::PhoneNumber, AliasKind::PreferredUsername]
        .into_iter()
        .filter(looks_like)
        .map(|kind| Alias { kind, value: normalize(pool, typed) })
        .collect()
}

/// Whether an administrator who sets this handle takes it from its owner rather than be refused: verified addresses
/// in alias pools move (recorded from the live service), names and addresses that are user names do not.
pub fn moves_to_new_owner(pool: &Pool, kind: AliasKind) -> bool {
    matches!(kind, AliasKind::Email | AliasKind::PhoneNumber) && !is_username(pool, kind)
}

/// The refusal of `AdminCreateUser` when a handle belongs to another user.
pub fn taken(pool: &Pool, kind: AliasKind) -> Refusal {
    let message = match kind {
        AliasKind::Username => "User account already exists".to_owned(),
        kind => exists_text(pool, kind),
    };
    // Even for an alias the live service answers this one, although its documentation names AliasExistsException.
    Refusal::new(Exception::UsernameExists, message)
}

/// The refusal of `SignUp` when a name belongs to another user.
pub fn taken_at_sign_up(pool: &Pool, kind: AliasKind) -> Refusal {
    let message = match kind {
        AliasKind::Username => "User already exists".to_owned(),
        kind => exists_text(pool, kind),
    };
    Refusal::new(Exception::UsernameExists, message)
}

/// The refusal of `AdminUpdateUserAttributes` when a handle belongs to another user.
pub fn taken_by_update(pool: &Pool, kind: AliasKind) -> Refusal {
    Refusal::new(Exception::AliasExists, exists_text(pool, kind))
}

fn exists_text(pool: &Pool, kind: AliasKind) -> String {
    let given = if is_username(pool, kind) { "given " } else { "" };
    format!("An account with the {given}{} already exists.", kind.as_str())
}

/// Whether the text has the form of an address by which users of this pool sign in.
fn names_address(pool: &Pool, text: &str) -> bool {
    names_email(pool, text) || names_phone_number(pool, text)
}

fn names_email(pool: &Pool, text: &str) -> bool {
    (is_username(pool, AliasKind::Email) || is_alias(pool, AliasKind::Email)) && is_email(text)
}

fn names_phone_number(pool: &Pool, text: &str) -> bool {
    (is_username(pool, AliasKind::PhoneNumber) || is_alias(pool, AliasKind::PhoneNumber)) && is_phone_number(text)
}

fn is_username(pool: &Pool, kind: AliasKind) -> bool {
    match kind {
        AliasKind::Email => pool.has_username_attribute(UsernameAttributeType::Email),
        AliasKind::PhoneNumber => pool.has_username_attribute(UsernameAttributeType::PhoneNumber),
        AliasKind::Username | AliasKind::PreferredUsername => false,
    }
}

fn is_alias(pool: &Pool, kind: AliasKind) -> bool {
    match kind {
        AliasKind::Email => has_alias(pool, AliasAttributeType::Email),
        AliasKind::PhoneNumber => has_alias(pool, AliasAttributeType::PhoneNumber),
        AliasKind::PreferredUsername => has_alias(pool, AliasAttributeType::PreferredUsername),
        AliasKind::Username => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{alias_pool, case_insensitive, plain_pool, user_with, username_pool};

    fn texts(found: &[Alias]) -> Vec<String> {
        found.iter().map(|alias| format!("{}={}", alias.kind.as_str(), alias.value)).collect()
    }

    fn every_alias() -> Pool {
        use AliasAttributeType::{Email, PhoneNumber, PreferredUsername};
        alias_pool(&[Email, PhoneNumber, PreferredUsername])
    }

    fn address_aliases() -> Pool {
        alias_pool(&[AliasAttributeType::Email, AliasAttributeType::PhoneNumber])
    }

    #[test]
    fn a_user_of_a_plain_pool_has_only_a_name() {
        let user = user_with("maria", &[("email", "maria@example.com"), ("email_verified", "true")]);
        assert_eq!(texts(&aliases(&plain_pool(), &user)), ["username=maria"]);
    }

    #[test]
    fn an_address_is_an_alias_once_it_is_verified() {
        let unverified = user_with("maria", &[("email", "maria@example.com"), ("email_verified", "false")]);
        assert_eq!(texts(&aliases(&address_aliases(), &unverified)), ["username=maria"]);
        let verified = user_with("maria", &[("email", "maria@example.com"), ("email_verified", "true")]);
        assert_eq!(texts(&aliases(&address_aliases(), &verified)), ["username=maria", "email=maria@example.com"]);
    }

    #[test]
    fn a_preferred_username_is_an_alias_at_once() {
        let user = user_with("maria", &[("preferred_username", "Mia")]);
        assert!(texts(&aliases(&every_alias(), &user)).contains(&"preferred_username=Mia".to_owned()));
        let folded = case_insensitive(every_alias());
        assert!(texts(&aliases(&folded, &user)).contains(&"preferred_username=mia".to_owned()));
    }

    #[test]
    fn a_user_name_is_taken_among_the_preferred_ones() {
        let user = user_with("maria", &[("preferred_username", "mia")]);
        assert_eq!(
            texts(&aliases(&every_alias(), &user)),
            ["username=maria", "preferred_username=mia", "preferred_username=maria"]
        );
        let same = user_with("maria", &[("preferred_username", "maria")]);
        assert_eq!(texts(&aliases(&every_alias(), &same)), ["username=maria", "preferred_username=maria"]);
    }

    #[test]
    fn a_preferred_username_is_no_way_to_the_address_of_another() {
        for address in ["mia@example.com", "+12065550100"] {
            let user = user_with("maria", &[("preferred_username", address)]);
            let claimed = format!("preferred_username={address}");
            assert!(!texts(&aliases(&every_alias(), &user)).contains(&claimed));
            assert!(!texts(&candidates(&every_alias(), address)).contains(&claimed));
            let names_only = alias_pool(&[AliasAttributeType::PreferredUsername]);
            assert!(texts(&aliases(&names_only, &user)).contains(&claimed));
            assert!(texts(&candidates(&names_only, address)).contains(&claimed));
        }
    }

    #[test]
    fn an_address_that_is_the_user_name_counts_unverified() {
        let user = user_with("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", &[("email", "maria@example.com")]);
        let pool = username_pool(&[UsernameAttributeType::Email]);
        assert!(texts(&aliases(&pool, &user)).contains(&"email=maria@example.com".to_owned()));
    }

    #[test]
    fn a_federated_profile_claims_no_address() {
        let mut user = user_with("Google_1", &[("email", "maria@example.com")]);
        user.status = UserStatusType::ExternalProvider;
        let pool = username_pool(&[UsernameAttributeType::Email]);
        assert_eq!(texts(&aliases(&pool, &user)), ["username=Google_1"]);
    }

    #[test]
    fn a_typed_name_is_tried_as_user_name_first() {
        let pool = every_alias();
        assert_eq!(texts(&candidates(&pool, "mia")), ["username=mia", "preferred_username=mia"]);
        assert_eq!(texts(&candidates(&pool, "mia@example.com")), ["username=mia@example.com", "email=mia@example.com"]);
        assert_eq!(texts(&candidates(&plain_pool(), "+12065550100")), ["username=+12065550100"]);
        let phones = username_pool(&[UsernameAttributeType::PhoneNumber]);
        assert_eq!(texts(&candidates(&phones, "+12065550100")), ["username=+12065550100", "phone_number=+12065550100"]);
    }

    #[test]
    fn every_alias_of_a_user_is_among_the_candidates_of_its_text() {
        let pool = case_insensitive(every_alias());
        let user = user_with(
            "Maria",
            &[
                ("email", "Maria@Example.com"),
                ("email_verified", "true"),
                ("phone_number", "+12065550100"),
                ("phone_number_verified", "true"),
                ("preferred_username", "MIA"),
            ],
        );
        let found = aliases(&pool, &user);
        assert_eq!(found.len(), 5);
        for alias in found {
            assert!(candidates(&pool, &alias.value.to_uppercase()).contains(&alias));
        }
    }

    #[test]
    fn a_taken_handle_is_refused_with_the_text_of_its_pool() {
        let emails = username_pool(&[UsernameAttributeType::Email]);
        assert_eq!(
            taken(&plain_pool(), AliasKind::Username).to_string(),
            "UsernameExistsException: User account already exists"
        );
        assert_eq!(
            taken(&emails, AliasKind::Email).to_string(),
            "UsernameExistsException: An account with the given email already exists."
        );
        assert_eq!(
            taken(&every_alias(), AliasKind::Email).to_string(),
            "UsernameExistsException: An account with the email already exists."
        );
        assert_eq!(
            taken_by_update(&emails, AliasKind::Email).to_string(),
            "AliasExistsException: An account with the given email already exists."
        );
        assert!(moves_to_new_owner(&every_alias(), AliasKind::Email));
        assert!(!moves_to_new_owner(&emails, AliasKind::Email));
        assert!(!moves_to_new_owner(&every_alias(), AliasKind::PreferredUsername));
    }
}

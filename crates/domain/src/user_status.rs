//! What becomes of an account: the steps between creation, confirmation, passwords and resets.
//!
//! "Signing up and confirming user accounts" in the developer guide shows the states. Whether a user is enabled is
//! independent of them. The texts were recorded from the live service.

mod recovery;

use cognate_model::{Exception, PasswordPolicyType, Timestamp, UserStatusType};

use crate::user::NewPassword;
use crate::{Pool, Refusal, User};

pub use recovery::{Destination, check_self_service, recovery_destination};

/// What a pool says about temporary passwords when nobody set it.
const DEFAULT_VALIDITY_DAYS: i32 = 7;

/// How long a new password serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordLife {
    /// Until it is changed.
    Permanent,
    /// For one sign-in, which must come before this moment.
    TemporaryUntil(Timestamp),
}

/// `AdminConfirmSignUp` and `ConfirmSignUp`: an unconfirmed user becomes a confirmed one.
pub fn confirm_sign_up(user: &mut User) -> Result<(), Refusal> {
    if user.status != UserStatusType::Unconfirmed {
        return Err(not_authorized(format!("User cannot be confirmed. Current status is {}", user.status)));
    }
    user.status = UserStatusType::Confirmed;
    Ok(())
}

/// `AdminCreateUser` and `AdminSetUserPassword`: any user gets this password, whatever their status. A permanent one
/// confirms the account, a temporary one asks for a password of the user's own.
pub fn set_password(user: &mut User, policy: &PasswordPolicyType, new: NewPassword, life: PasswordLife) {
    replace(user, policy, new);
    (user.status, user.hidden.password.temporary_until) = match life {
        PasswordLife::Permanent => (UserStatusType::Confirmed, None),
        PasswordLife::TemporaryUntil(end) => (UserStatusType::ForceChangePassword, Some(end.micros())),
    };
}

/// The end of a temporary password that is set now.
pub fn temporary_until(pool: &Pool, now: Timestamp) -> Timestamp {
    let older_setting = || pool.config.admin_create_user_config.as_ref()?.unused_account_validity_days;
    let days = pool.password_policy().temporary_password_validity_days.or_else(older_setting);
    now.plus_seconds(i64::from(days.unwrap_or(DEFAULT_VALIDITY_DAYS)) * 86_400)
}

/// Refuses a temporary password whose time is over. Comes after the password was found right.
pub fn check_temporary_password(user: &User, now: Timestamp) -> Result<(), Refusal> {
    if user.hidden.password.temporary_until.is_some_and(|end| end <= now.micros()) {
        return Err(not_authorized("Temporary password has expired and must be reset by an administrator."));
    }
    Ok(())
}

/// The answer to `NEW_PASSWORD_REQUIRED`: the user's own password takes the place of the temporary one.
pub fn answer_new_password(user: &mut User, policy: &PasswordPolicyType, new: NewPassword) -> Result<(), Refusal> {
    if user.status != UserStatusType::ForceChangePassword {
        // An administrator was faster than the user: the challenge asks for what is no longer needed.
        return Err(not_authorized("Invalid session for the user."));
    }
    set_password(user, policy, new, PasswordLife::Permanent);
    Ok(())
}

/// `AdminResetUserPassword`: the user must choose a new password; gives the address to which the code goes.
///
/// The old password stays, because the live service tells the state only to who knows it; the state keeps it from
/// signing anyone in.
pub fn reset_password(pool: &Pool, user: &mut User) -> Result<Destination, Refusal> {
    check_enabled(user)?;
    if !matches!(user.status, UserStatusType::Confirmed | UserStatusType::ResetRequired) {
        return Err(wrong_state());
    }
    let destination = recovery_destination(pool, user)?;
    user.status = UserStatusType::ResetRequired;
    Ok(destination)
}

/// `ForgotPassword`: gives the address to which the code goes. The password works until the code is confirmed.
pub fn forgot_password(pool: &Pool, user: &User) -> Result<Destination, Refusal> {
    check_recoverable(user)?;
    recovery_destination(pool, user)
}

/// `ConfirmForgotPassword` with the right code: the user has a new password, and is confirmed by the code.
pub fn confirm_forgot_password(user: &mut User, policy: &PasswordPolicyType, new: NewPassword) -> Result<(), Refusal> {
    check_recoverable(user)?;
    set_password(user, policy, new, PasswordLife::Permanent);
    Ok(())
}

/// `ChangePassword` with the right previous password: whether this account may get another one in that way.
pub fn check_password_change(user: &User, now: Timestamp) -> Result<(), Refusal> {
    match user.status {
        UserStatusType::Unconfirmed => Err(Refusal::new(Exception::UserNotConfirmed, "User is not confirmed.")),
        // An administrator asked for a reset: the code decides, not the old password.
        UserStatusType::ResetRequired => {
            Err(Refusal::new(Exception::PasswordResetRequired, "Password reset required for the user"))
        }
        // The password is kept elsewhere. The text is not recorded.
        UserStatusType::ExternalProvider => {
            Err(not_authorized("User password cannot be changed in the current state."))
        }
        _ => check_temporary_password(user, now),
    }
}

/// `AdminCreateUser` with `RESEND`: only who never signed in can be invited again.
pub fn check_resend(user: &User) -> Result<(), Refusal> {
    if user.status == UserStatusType::ForceChangePassword {
        return Ok(());
    }
    let message = format!("Resend not possible. {} status is not FORCE_CHANGE_PASSWORD", user.username);
    Err(Refusal::new(Exception::UnsupportedUserState, message))
}

/// Keeps as many earlier hashes as the policy looks back on, the current one included.
fn replace(user: &mut User, policy: &PasswordPolicyType, new: NewPassword) {
    let password = &mut user.hidden.password;
    let looked_at = usize::try_from(policy.password_history_size.unwrap_or(0)).unwrap_or(0);
    if let Some(old) = password.hash.replace(new.hash) {
        password.history.insert(0, old);
    }
    password.history.truncate(looked_at.saturating_sub(1));
    password.lacks_verifier = false;
    password.fresh_verifier = Some(new.verifier);
}

/// Self-service reaches users who never confirmed their sign-up as well, if an address of theirs is verified.
fn check_recoverable(user: &User) -> Result<(), Refusal> {
    use UserStatusType::{Confirmed, ResetRequired, Unconfirmed};
    check_enabled(user)?;
    if matches!(user.status, Confirmed | ResetRequired | Unconfirmed) { Ok(()) } else { Err(wrong_state()) }
}

fn check_enabled(user: &User) -> Result<(), Refusal> {
    if user.enabled { Ok(()) } else { Err(not_authorized("User is disabled.")) }
}

fn wrong_state() -> Refusal {
    not_authorized("User password cannot be reset in the current state.")
}

fn not_authorized(message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(Exception::NotAuthorized, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{plain_pool, user_with};
    use cognate_model::AdminCreateUserConfigType;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn user(status: UserStatusType) -> User {
        let mut user = user_with("maria", &[("email", "maria@example.com"), ("email_verified", "true")]);
        user.status = status;
        user
    }

    fn password(hash: &str) -> NewPassword {
        NewPassword { hash: hash.to_owned(), verifier: hash.as_bytes().to_vec() }
    }

    fn policy(history: i32) -> PasswordPolicyType {
        PasswordPolicyType { password_history_size: Some(history), ..Default::default() }
    }

    const ALL: [UserStatusType; 8] = [
        UserStatusType::Unconfirmed,
        UserStatusType::Confirmed,
        UserStatusType::Archived,
        UserStatusType::Compromised,
        UserStatusType::Unknown,
        UserStatusType::ResetRequired,
        UserStatusType::ForceChangePassword,
        UserStatusType::ExternalProvider,
    ];

    #[test]
    fn only_an_unconfirmed_user_can_be_confirmed() {
        let mut unconfirmed = user(UserStatusType::Unconfirmed);
        assert_eq!(confirm_sign_up(&mut unconfirmed), Ok(()));
        assert_eq!(
            confirm_sign_up(&mut unconfirmed).unwrap_err().to_string(),
            "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED"
        );
        assert_eq!(
            confirm_sign_up(&mut user(UserStatusType::ForceChangePassword)).unwrap_err().message,
            "User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD"
        );
    }

    #[test]
    fn a_permanent_password_confirms_from_any_status() {
        for status in ALL {
            let mut user = user(status);
            user.hidden.password.temporary_until = Some(1);
            set_password(&mut user, &policy(0), password("new"), PasswordLife::Permanent);
            assert_eq!(user.status, UserStatusType::Confirmed);
            assert_eq!(user.hidden.password.temporary_until, None);
        }
    }

    #[test]
    fn a_temporary_password_forces_a_change_and_ends() {
        let mut user = user(UserStatusType::Confirmed);
        let end = temporary_until(&plain_pool(), NOW);
        set_password(&mut user, &policy(0), password("new"), PasswordLife::TemporaryUntil(end));
        assert_eq!(user.status, UserStatusType::ForceChangePassword);
        assert_eq!(end, NOW.plus_seconds(7 * 86_400));
        assert_eq!(check_temporary_password(&user, Timestamp::from_micros(end.micros() - 1)), Ok(()));
        assert_eq!(
            check_temporary_password(&user, end).unwrap_err().to_string(),
            "NotAuthorizedException: Temporary password has expired and must be reset by an administrator."
        );
    }

    #[test]
    fn the_older_setting_for_unused_accounts_still_counts() {
        let mut pool = plain_pool();
        pool.config.admin_create_user_config =
            Some(AdminCreateUserConfigType { unused_account_validity_days: Some(3), ..Default::default() });
        assert_eq!(temporary_until(&pool, NOW), NOW.plus_seconds(3 * 86_400));
    }

    #[test]
    fn as_many_passwords_are_remembered_as_the_policy_looks_back_on() {
        let mut user = user(UserStatusType::Confirmed);
        for hash in ["a", "b", "c", "d"] {
            set_password(&mut user, &policy(3), password(hash), PasswordLife::Permanent);
        }
        assert_eq!(user.hidden.password.hash.as_deref(), Some("d"));
        assert_eq!(user.hidden.password.history, ["c", "b"]);
        set_password(&mut user, &policy(0), password("e"), PasswordLife::Permanent);
        assert!(user.hidden.password.history.is_empty());
    }

    #[test]
    fn a_new_password_is_taken_only_where_one_is_asked_for() {
        let mut invited = user(UserStatusType::ForceChangePassword);
        assert_eq!(answer_new_password(&mut invited, &policy(0), password("new")), Ok(()));
        assert_eq!(invited.status, UserStatusType::Confirmed);
        assert!(answer_new_password(&mut invited, &policy(0), password("newer")).is_err());
    }

    #[test]
    fn a_password_is_changed_by_whom_it_signs_in() {
        for status in ALL {
            let refusal = check_password_change(&user(status), NOW).map_err(|refusal| refusal.exception);
            let expected = match status {
                UserStatusType::Unconfirmed => Err(Exception::UserNotConfirmed),
                UserStatusType::ResetRequired => Err(Exception::PasswordResetRequired),
                UserStatusType::ExternalProvider => Err(Exception::NotAuthorized),
                _ => Ok(()),
            };
            assert_eq!(refusal, expected, "{status}");
        }
        let mut invited = user(UserStatusType::ForceChangePassword);
        invited.hidden.password.temporary_until = Some(NOW.micros());
        assert!(
            check_password_change(&invited, NOW).unwrap_err().message.starts_with("Temporary password has expired")
        );
    }

    #[test]
    fn a_reset_asks_for_a_new_password_and_keeps_the_old_one_out() {
        let mut user = user(UserStatusType::Confirmed);
        let destination = reset_password(&plain_pool(), &mut user).unwrap();
        assert_eq!(destination.value, "maria@example.com");
        assert_eq!(user.status, UserStatusType::ResetRequired);
        assert!(reset_password(&plain_pool(), &mut user).is_ok(), "a second code may be asked for");
        assert_eq!(confirm_forgot_password(&mut user, &policy(0), password("new")), Ok(()));
        assert_eq!(user.status, UserStatusType::Confirmed);
    }

    #[test]
    fn a_reset_is_refused_in_other_states() {
        for status in ALL {
            let refused = reset_password(&plain_pool(), &mut user(status)).is_err();
            assert_eq!(refused, !matches!(status, UserStatusType::Confirmed | UserStatusType::ResetRequired));
        }
        assert_eq!(
            reset_password(&plain_pool(), &mut user(UserStatusType::ForceChangePassword)).unwrap_err().to_string(),
            "NotAuthorizedException: User password cannot be reset in the current state."
        );
    }

    #[test]
    fn a_disabled_user_is_told_so_first() {
        let mut user = user(UserStatusType::ForceChangePassword);
        user.enabled = false;
        for refusal in [
            reset_password(&plain_pool(), &mut user.clone()).unwrap_err(),
            forgot_password(&plain_pool(), &user).unwrap_err(),
            confirm_forgot_password(&mut user, &policy(0), password("new")).unwrap_err(),
        ] {
            assert_eq!(refusal.to_string(), "NotAuthorizedException: User is disabled.");
        }
    }

    #[test]
    fn a_refused_reset_changes_nothing() {
        let mut user = user(UserStatusType::Confirmed);
        user.attributes.clear();
        assert!(reset_password(&plain_pool(), &mut user).is_err());
        assert_eq!(user.status, UserStatusType::Confirmed);
    }

    #[test]
    fn only_an_invited_user_can_be_invited_again() {
        assert_eq!(check_resend(&user(UserStatusType::ForceChangePassword)), Ok(()));
        assert_eq!(
            check_resend(&user(UserStatusType::Confirmed)).unwrap_err().to_string(),
            "UnsupportedUserStateException: Resend not possible. maria status is not FORCE_CHANGE_PASSWORD"
        );
    }
}

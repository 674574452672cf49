//! Users as answers show them.

use cognate_domain::User;
use cognate_model::UserType;

/// A user in a list or as just created. `MFAOptions` appears only for the legacy setting.
pub(crate) fn user_type(user: &User) -> UserType {
    let options = &user.hidden.mfa.options;
    UserType {
        username: Some(user.username.clone()),
        attributes: Some(user.attribute_list()),
        user_create_date: Some(user.created),
        user_last_modified_date: Some(user.modified),
        enabled: Some(user.enabled),
        user_status: Some(user.status),
        mfa_options: (!options.is_empty()).then(|| options.clone()),
    }
}

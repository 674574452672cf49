//! Groups and their members.

pub mod admin_add_user_to_group;
pub mod admin_list_groups_for_user;
pub mod admin_remove_user_from_group;
pub mod create_group;
pub mod delete_group;
pub mod get_group;
pub mod list_groups;
pub mod list_users_in_group;
pub mod update_group;

use crate::{Context, Error};

/// Refuses a role that the pool's account could not hand on (text recorded from the live service for the role of a
/// pool's text messages).
fn check_role(cx: &Context, role_arn: Option<&str>) -> Result<(), Error> {
    let account = role_arn.and_then(|arn| arn.split(':').nth(4));
    if account.is_some_and(|account| account != cx.settings.account) {
        return Err(Error::invalid("Cross-account pass role is not allowed."));
    }
    Ok(())
}

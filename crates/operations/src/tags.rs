//! Tags of user pools.

pub mod list_tags_for_resource;
pub mod tag_resource;
pub mod untag_resource;

use crate::{Context, Error};

/// The most tags that a pool may have ("Quotas in Amazon Cognito").
pub(crate) const MOST_TAGS: usize = 50;

/// The id of the pool that an ARN names. An ARN has one spelling: policies compare it as text, so that another one of the
/// same pool would slip past a denial.
pub(crate) fn pool_of(cx: &Context, arn: &str) -> Result<String, Error> {
    let mut parts = arn.splitn(6, ':');
    let is_arn = parts.next() == Some("arn");
    let (partition, service, region) = (parts.next(), parts.next(), parts.next());
    let (account, resource) = (parts.next(), parts.next());
    let is_ours = is_arn && service == Some("cognito-idp");
    let id = resource.and_then(|resource| resource.strip_prefix("userpool/"));
    match id {
        Some(id)
            if is_ours
                && partition == Some(cx.settings.partition())
                && region == Some(cx.settings.region.as_str())
                && account == Some(cx.settings.account.as_str()) =>
        {
            Ok(id.to_owned())
        }
        Some(id) if is_ours => Err(Error::no_pool(id)),
        _ => Err(Error::invalid(format!("{arn} is not the ARN of a user pool."))),
    }
}

//! Codes that verify a changed address.

use cognate_domain::attribute_rules::Change;
use cognate_domain::{Client, User, contact};

use crate::codes::{self, Issued};
use crate::messages::{Cause, Occasion};
use crate::triggers::Passed;
use crate::{Context, Error, OpenPool};

/// How often a change is prepared anew, because the user changed meanwhile.
pub(crate) const ATTEMPTS: usize = 8;

/// The codes that a change of attributes asks for. Their messages are written by a function, maybe, and so before the
/// transaction that writes them.
pub(crate) async fn verifications(
    cx: &Context,
    pool: &OpenPool,
    user: &User,
    change: &Change,
    client: Option<&Client>,
    metadata: Option<&Passed>,
) -> Result<Vec<Issued>, Error> {
    let mut codes = Vec::new();
    for (attribute, address) in &change.to_verify {
        let target = contact::destination(contact::named(attribute)?, address);
        let cause = Cause { occasion: Occasion::UpdateUserAttribute, client, metadata };
        codes.push(codes::issue_to_verify(cx, pool, user, &target, cause).await?);
    }
    Ok(codes)
}

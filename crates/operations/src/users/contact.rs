//! Codes that verify a changed address.

use cognate_domain::attribute_rules::Change;
use cognate_domain::{User, contact};

use crate::codes::{self, Issued};
use crate::{Context, Error, OpenPool, triggers};

/// The codes that a change of attributes asks for.
pub(crate) fn verifications(cx: &Context, pool: &OpenPool, user: &User, change: &Change) -> Result<Vec<Issued>, Error> {
    if !change.to_verify.is_empty() {
        triggers::require_reachable(pool, triggers::CUSTOM_MESSAGE)?;
    }
    let issue = |(attribute, address): (&String, &String)| {
        let target = contact::destination(contact::named(attribute)?, address);
        codes::issue_to_verify(cx, pool, user, "UpdateUserAttribute", &target)
    };
    change.to_verify.iter().map(issue).collect()
}

//! A change of attributes, and what it means for addresses and their verification.

use std::collections::{BTreeMap, BTreeSet};

use cognate_model::VerifiedAttributeType;

use super::{CONTACTS, is_true, nothing_to_verify};
use crate::{Pool, Refusal, User};

/// What an update does to a user's attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Values to store.
    pub set: BTreeMap<String, String>,
    /// Attributes to delete; the user may lack them.
    pub remove: BTreeSet<String>,
    /// Addresses that wait for their code; until it comes the old value stays in force.
    pub pending: BTreeMap<String, String>,
    /// Addresses to which a verification code goes: those that wait, and changed ones that the pool verifies.
    pub to_verify: BTreeMap<String, String>,
}

impl Change {
    /// Makes the change. An address that waited for its code is forgotten once the attribute changes otherwise.
    pub fn apply(&self, user: &mut User) {
        for name in self.set.keys().chain(&self.remove) {
            user.hidden.pending_attributes.remove(name);
        }
        for name in &self.remove {
            user.attributes.remove(name);
        }
        user.attributes.extend(self.set.clone());
        user.hidden.pending_attributes.extend(self.pending.clone());
    }
}

/// The change that makes `values` (in their stored form, empty to delete) true of the user.
pub(super) fn of(pool: &Pool, user: &User, mut values: BTreeMap<String, String>) -> Result<Change, Refusal> {
    let mut change = Change::default();
    for (attribute, flag) in CONTACTS {
        follow_contact(pool, user, (attribute, flag), &mut values, &mut change)?;
    }
    for (name, value) in values {
        if value.is_empty() {
            change.remove.insert(name);
        } else {
            change.set.insert(name, value);
        }
    }
    Ok(change)
}

/// A new address is unverified unless the administrator vouches for it, and one that is gone has no flag.
fn follow_contact(
    pool: &Pool,
    user: &User,
    (attribute, flag): (&str, &str),
    values: &mut BTreeMap<String, String>,
    change: &mut Change,
) -> Result<(), Refusal> {
    let is_vouched_for = is_true(values, flag);
    let new = values.get(attribute).cloned();
    let remains = new.as_deref().or(user.attribute(attribute)).is_some_and(|value| !value.is_empty());
    if is_vouched_for && !remains {
        return Err(nothing_to_verify(attribute));
    }
    match new {
        Some(value) if value.is_empty() => {
            values.insert(flag.to_owned(), String::new());
        }
        Some(value) if !is_vouched_for && user.attribute(attribute) != Some(&value) => {
            if must_verify_first(pool, attribute) {
                // The flag speaks of the old value, which stays.
                values.remove(attribute);
                values.remove(flag);
                change.pending.insert(attribute.to_owned(), value.clone());
                change.to_verify.insert(attribute.to_owned(), value);
            } else {
                values.insert(flag.to_owned(), "false".to_owned());
                if is_auto_verified(pool, attribute) {
                    change.to_verify.insert(attribute.to_owned(), value);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn must_verify_first(pool: &Pool, attribute: &str) -> bool {
    let settings = pool.config.user_attribute_update_settings.as_ref();
    names(settings.and_then(|settings| settings.attributes_require_verification_before_update.as_ref()), attribute)
}

fn is_auto_verified(pool: &Pool, attribute: &str) -> bool {
    names(pool.config.auto_verified_attributes.as_ref(), attribute)
}

fn names(list: Option<&Vec<VerifiedAttributeType>>, attribute: &str) -> bool {
    list.is_some_and(|list| list.iter().any(|listed| listed.as_str() == attribute))
}

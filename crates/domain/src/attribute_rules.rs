//! What may be written into a user's attributes, by whom, and what follows from it.
//!
//! "Working with user attributes" in the developer guide gives the rules; the texts were recorded from the live
//! service, save where a comment says otherwise. An empty value means "no value" throughout, as it does there.

mod change;
mod new_password;
mod own;
mod schema;
mod sign_up;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use cognate_model::AttributeType;

use crate::usernames::NewName;
use crate::{Pool, Refusal, User};
use schema::Declaration;
use value::{Fault, stored_form};

pub use change::Change;
pub use new_password::{for_new_password, missing_required};
pub use own::{for_own_delete, for_own_update};
pub use sign_up::for_sign_up;

/// The addresses and the flags that say whether they are verified.
const CONTACTS: [(&str, &str); 2] = [("email", "email_verified"), ("phone_number", "phone_number_verified")];

/// The attributes of a user that an administrator creates. Immutable and developer-only ones may be set now; required
/// ones may be missing, the first sign-in asks for them. An address that is the user name goes before one that is
/// given.
pub fn for_create(pool: &Pool, name: &NewName, given: &[AttributeType]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut values = read(pool, given)?;
    if let NewName::FromAttribute { attribute, value } = name {
        values.insert((*attribute).to_owned(), value.clone());
    }
    values.retain(|_, value| !value.is_empty());
    for (attribute, flag) in CONTACTS {
        if is_true(&values, flag) && !values.contains_key(attribute) {
            return Err(nothing_to_verify(attribute));
        }
    }
    Ok(values)
}

/// An address that a user gives to receive codes at.
pub fn check_email(address: &str) -> Result<(), Refusal> {
    if crate::usernames::is_email(address) { Ok(()) } else { Err(Refusal::invalid("Invalid email address format.")) }
}

/// What an administrator's update changes.
pub fn for_admin_update(pool: &Pool, user: &User, given: &[AttributeType]) -> Result<Change, Refusal> {
    let values = read(pool, given)?;
    check_mutable(pool, values.keys())?;
    check_kept(pool, &values)?;
    change::of(pool, user, values)
}

/// What an administrator's deletion changes. Deleting an address deletes its flag; deleting what is not there is fine.
pub fn for_admin_delete(pool: &Pool, names: &[String]) -> Result<Change, Refusal> {
    deletion(pool, names, &|declaration| if declaration.name() == "sub" { Err(non_mutable("sub")) } else { Ok(()) })
}

/// The deletion of these attributes, each of which `check` lets pass.
fn deletion(
    pool: &Pool,
    names: &[String],
    check: &dyn Fn(&Declaration<'_>) -> Result<(), Refusal>,
) -> Result<Change, Refusal> {
    let mut found = BTreeSet::new();
    let mut unknown = Vec::new();
    for typed in names {
        let Some(declaration) = Declaration::find(pool, typed) else {
            unknown.push(format!("user.{typed}: Attribute does not exist in the schema.\n"));
            continue;
        };
        check(&declaration)?;
        if declaration.is_required() {
            return Err(required(declaration.name()));
        }
        found.insert(declaration.name().to_owned());
    }
    if !unknown.is_empty() {
        return Err(Refusal::invalid(format!("Invalid user attributes: {}", unknown.concat())));
    }
    check_mutable(pool, found.iter())?;
    for (attribute, flag) in CONTACTS {
        if found.contains(attribute) {
            found.insert(flag.to_owned());
        }
    }
    Ok(Change { remove: found, ..Change::default() })
}

/// The full names of the attributes that `ListUsers` shall return; none for an empty list. That a user has no value for
/// one is no error.
pub fn requested_names(pool: &Pool, names: &[String]) -> Result<BTreeSet<String>, Refusal> {
    names
        .iter()
        .map(|typed| Declaration::find(pool, typed).map(|declaration| declaration.name().to_owned()))
        .collect::<Option<_>>()
        .ok_or_else(|| Refusal::invalid("One or more requested attributes do not exist."))
}

/// The attributes of a request by their full names, with the values as they are stored; of duplicates the last wins.
fn read(pool: &Pool, given: &[AttributeType]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut declared = Vec::with_capacity(given.len());
    for attribute in given {
        let declaration = Declaration::find(pool, &attribute.name).ok_or_else(|| unknown(&attribute.name))?;
        if declaration.name() == "sub" {
            return Err(non_mutable("sub"));
        }
        declared.push((declaration, attribute.value.as_deref().unwrap_or_default()));
    }
    checked(declared)
}

/// The values in their stored form, or everything that does not fit the schema in one message.
fn checked(declared: Vec<(Declaration<'_>, &str)>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut values = BTreeMap::new();
    let mut unfit = BTreeMap::new();
    for (declaration, value) in declared {
        let name = declaration.name().to_owned();
        let stored = if value.is_empty() { Ok(String::new()) } else { stored_form(&declaration, value) };
        match stored {
            Ok(stored) => {
                unfit.remove(&name);
                values.insert(name, stored);
            }
            Err(Fault::Refused(refusal)) => return Err(refusal),
            Err(Fault::Unfit(reason)) => {
                unfit.insert(name, reason);
            }
        }
    }
    if unfit.is_empty() {
        return Ok(values);
    }
    let lines: Vec<String> = unfit.iter().map(|(name, reason)| format!("{name}: {reason}\n")).collect();
    Err(Refusal::invalid(format!("Attributes did not conform to the schema: {}", lines.concat())))
}

/// Refuses attributes that only the creation of a user may set, even where the user has no value yet.
fn check_mutable<'a>(pool: &Pool, names: impl Iterator<Item = &'a String>) -> Result<(), Refusal> {
    let is_immutable =
        |name: &&String| Declaration::find(pool, name).is_some_and(|declaration| !declaration.is_mutable());
    let lines: Vec<String> =
        names.filter(is_immutable).map(|name| format!("user.{name}: Attribute cannot be updated.\n")).collect();
    if lines.is_empty() { Ok(()) } else { Err(Refusal::invalid(lines.concat())) }
}

/// Refuses an empty value, which would delete it, for an attribute that every user must have.
fn check_kept(pool: &Pool, values: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let is_required = |name: &str| Declaration::find(pool, name).is_some_and(|declaration| declaration.is_required());
    match values.iter().find(|(name, value)| value.is_empty() && is_required(name)) {
        Some((name, _)) => Err(required(name)),
        None => Ok(()),
    }
}

fn is_true(values: &BTreeMap<String, String>, flag: &str) -> bool {
    values.get(flag).is_some_and(|value| value == "true")
}

fn unknown(name: &str) -> Refusal {
    Refusal::invalid(format!(
        "Attributes did not conform to the schema: Type for attribute {{{name}}} could not be determined"
    ))
}

fn non_mutable(name: &str) -> Refusal {
    Refusal::invalid(format!("Cannot modify the non-mutable attribute {name}"))
}

fn required(name: &str) -> Refusal {
    Refusal::invalid(format!("Invalid user attributes: {name}: Required attribute cannot be deleted."))
}

/// The rule is documented (`AdminUpdateUserAttributes`, API Reference), the text is not recorded from the live service.
fn nothing_to_verify(attribute: &str) -> Refusal {
    Refusal::invalid(match attribute {
        "email" => "Email is required to verify/un-verify an email",
        _ => "Phone Number is required to verify/un-verify a phone number",
    })
}

#[cfg(test)]
mod tests;

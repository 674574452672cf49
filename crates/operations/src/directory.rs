//! Finding users, and writing them together with the handles and search values that belong to them.

use std::collections::BTreeSet;

use cognate_domain::user::UserId;
use cognate_domain::usernames::{self, Alias, AliasKind};
use cognate_domain::{Pool, Refusal, User};
use cognate_model::UserStatusType;
use cognate_store::{DbError, Tx, counters, user_index, user_pools, users};

use crate::Error;

/// The user behind a `Username` of a request: a `sub`, a user name, or an alias that is in force.
///
/// The `sub` comes first: else whoever took another's as a name of their own would be taken for them.
pub fn find(tx: &mut dyn Tx, pool: &Pool, typed: &str) -> Result<Option<User>, Error> {
    find_by(tx, pool, typed, (users::by_id, users::by_alias))
}

/// How a user is read by `sub` and by a handle.
type Reading = (
    fn(&mut dyn Tx, &str, &UserId) -> Result<Option<User>, DbError>,
    fn(&mut dyn Tx, &str, &str, &str) -> Result<Option<User>, DbError>,
);

fn find_by(tx: &mut dyn Tx, pool: &Pool, typed: &str, (by_id, by_alias): Reading) -> Result<Option<User>, Error> {
    if let Some(id) = usernames::parse_sub(typed)
        && let Some(user) = by_id(tx, pool.id(), &id)?
    {
        return Ok(Some(user));
    }
    for Alias { kind, value } in usernames::candidates(pool, typed) {
        if let Some(user) = by_alias(tx, pool.id(), kind.as_str(), &value)? {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// The same for administrators: `UserNotFoundException` when there is none.
pub(crate) fn get(tx: &mut dyn Tx, pool: &Pool, typed: &str) -> Result<User, Error> {
    find(tx, pool, typed)?.ok_or_else(Error::no_user)
}

/// The same for whoever goes on to [`delete`] the user.
pub(crate) fn get_to_delete(tx: &mut dyn Tx, pool: &Pool, typed: &str) -> Result<User, Error> {
    let reading: Reading = (users::by_id_to_delete, users::by_alias_to_delete);
    find_by(tx, pool, typed, reading)?.ok_or_else(Error::no_user)
}

/// What happens to a verified address that belongs to somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The change is refused.
    Refused,
    /// The address moves, and its former owner's is no longer verified.
    Moved,
}

/// How a taken handle is refused: every operation has words of its own.
pub(crate) type Taken = fn(&Pool, AliasKind) -> Refusal;

/// Writes a new user.
pub(crate) fn insert(tx: &mut dyn Tx, pool: &Pool, user: &User, claim: Claim, taken: Taken) -> Result<(), Error> {
    if !user_pools::exists(tx, pool.id())? {
        return Err(Error::no_pool(pool.id()));
    }
    for alias in usernames::aliases(pool, user) {
        take(tx, pool, user, &alias, claim, taken)?;
    }
    for (name, value) in search_values(user) {
        user_index::insert_value(tx, pool.id(), name, &value, &user.id)?;
    }
    // Under the sub of another, that other would be found in their place.
    if let Some(other) = usernames::parse_sub(&user.username).filter(|id| *id != user.id)
        && users::by_id(tx, pool.id(), &other)?.is_some()
    {
        return Err(taken(pool, AliasKind::Username).into());
    }
    users::insert(tx, pool.id(), user)?;
    Ok(counters::add(tx, pool.id(), &user.id, 1)?)
}

/// Writes a changed user, with whatever of its handles and search values changed. An address that an administrator
/// verifies moves to this user (recorded from the live service).
pub(crate) fn update(tx: &mut dyn Tx, pool: &Pool, before: &User, after: &User) -> Result<(), Error> {
    update_claiming(tx, pool, before, after, Claim::Moved)
}

/// The same, with a say in what happens to an address that is somebody else's.
pub(crate) fn update_claiming(
    tx: &mut dyn Tx,
    pool: &Pool,
    before: &User,
    after: &User,
    claim: Claim,
) -> Result<(), Error> {
    let (old, new) = (set(usernames::aliases(pool, before)), set(usernames::aliases(pool, after)));
    for alias in old.difference(&new) {
        user_index::delete_alias(tx, pool.id(), alias.kind.as_str(), &alias.value, &after.id)?;
    }
    for alias in new.difference(&old) {
        take(tx, pool, after, alias, claim, usernames::taken_by_update)?;
    }
    let (old, new) = (set(search_values(before)), set(search_values(after)));
    for (name, value) in old.difference(&new) {
        user_index::delete_value(tx, pool.id(), name, value, &after.id)?;
    }
    for (name, value) in new.difference(&old) {
        user_index::insert_value(tx, pool.id(), name, value, &after.id)?;
    }
    Ok(users::update(tx, pool.id(), after)?)
}

/// Removes a user and everything of theirs. The user goes first: whoever removes or changes them at the same moment waits
/// there, and nobody holds a handle of theirs meanwhile that another waits for.
pub(crate) fn delete(tx: &mut dyn Tx, pool: &Pool, user: &User) -> Result<(), Error> {
    users::delete(tx, pool.id(), user)?;
    for alias in usernames::aliases(pool, user) {
        user_index::delete_alias(tx, pool.id(), alias.kind.as_str(), &alias.value, &user.id)?;
    }
    for (name, value) in search_values(user) {
        user_index::delete_value(tx, pool.id(), name, &value, &user.id)?;
    }
    Ok(counters::add(tx, pool.id(), &user.id, -1)?)
}

fn take(tx: &mut dyn Tx, pool: &Pool, user: &User, alias: &Alias, claim: Claim, taken: Taken) -> Result<(), Error> {
    let kind = alias.kind.as_str();
    let moves = claim == Claim::Moved && usernames::moves_to_new_owner(pool, alias.kind);
    if moves {
        dispossess(tx, pool, user, alias)?;
    }
    match user_index::insert_alias(tx, pool.id(), kind, &alias.value, &user.id) {
        // Somebody claimed it a moment ago; run again, it moves on from them.
        Err(DbError::Exists) if moves && user_index::owner(tx, pool.id(), kind, &alias.value)? != Some(user.id) => {
            Err(Error::Changed)
        }
        Err(DbError::Exists) => Err(taken(pool, alias.kind).into()),
        other => Ok(other?),
    }
}

/// Ends the former owner's claim to an address: it stays theirs to read, but is no longer verified.
fn dispossess(tx: &mut dyn Tx, pool: &Pool, user: &User, alias: &Alias) -> Result<(), Error> {
    let kind = alias.kind.as_str();
    let Some(owner) = user_index::owner(tx, pool.id(), kind, &alias.value)? else { return Ok(()) };
    if owner == user.id {
        return Ok(());
    }
    user_index::delete_alias(tx, pool.id(), kind, &alias.value, &owner)?;
    if let Some(mut former) = users::by_id(tx, pool.id(), &owner)? {
        former.attributes.insert(format!("{kind}_verified"), "false".to_owned());
        former.modified = user.modified;
        users::update(tx, pool.id(), &former)?;
    }
    Ok(())
}

fn set<T: Ord>(items: Vec<T>) -> BTreeSet<T> {
    items.into_iter().collect()
}

/// Attributes by which `ListUsers` searches without regard to case.
pub(crate) const SEARCHED: [&str; 6] =
    ["email", "phone_number", "name", "given_name", "family_name", "preferred_username"];

/// The longest indexed value in bytes. A filter has at most 256 characters, so longer values need no longer entry;
/// what is found is compared again with the whole value.
const LONGEST: usize = 256;

/// The form in which a value is indexed and searched.
pub(crate) fn search_form(value: &str) -> String {
    let mut folded = usernames::fold(value);
    if folded.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| folded.is_char_boundary(*end)).unwrap_or(0);
        folded.truncate(end);
    }
    folded
}

/// The values under which a user is listed. What nearly every user has (`CONFIRMED`, enabled) is left out.
pub(crate) fn search_values(user: &User) -> Vec<(&'static str, String)> {
    let attributes = SEARCHED.into_iter().filter_map(|name| Some((name, search_form(user.attribute(name)?))));
    let status = (user.status != UserStatusType::Confirmed).then(|| ("cognito:user_status", user.status.to_string()));
    let disabled = (!user.enabled).then(|| ("status", "Disabled".to_owned()));
    attributes.chain(status).chain(disabled).collect()
}
